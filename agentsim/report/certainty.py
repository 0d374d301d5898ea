"""Certainty: what stands behind the numbers of the answer, and how often their signs hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch.intervals import ratio_of_means
from agentsim.report.axes import Level
from agentsim.report.measures import CUSTOMERS, HYPERSCALERS, escalation, holds, value
from agentsim.report.study import TOTAL, Key, Study
from agentsim.report.words import money_interval, percent, percent_interval

if TYPE_CHECKING:
    from agentsim.batch.results import Results
    from agentsim.laws.numerics import Array


def run_off(study: Study) -> str:
    """Say what of the answer rests on the run-off after the last quarter."""
    before, after = escalation(study, study.calm)
    name = f"{CUSTOMERS}_to_horizon"
    later = 1.0 - ratio_of_means(study.x(name, *after), study.x(CUSTOMERS, *after)).value
    if not np.isfinite(later):
        return ""
    end = study.experiment.horizon
    text = (
        f"{percent(later, 0)} of customers' surplus{_when(study)} comes after quarter {end}, while "
        "the fleets that are there then wear out."
    )
    shares = [
        ratio_of_means(study.x(name, *key), study.x(f"{TOTAL}_to_horizon", *key))
        for key in (before, after)
    ]
    kept = value(study, f"{HYPERSCALERS}_to_horizon", after)
    head = "Without that,"
    if len(study.posture) > 1:
        moved = f"from {percent_interval(shares[0])} to {percent_interval(shares[1])}"
        head += f" {study.move} moves customers' share {moved}, and"
    else:
        head += f" customers' share is {percent_interval(shares[1])}, and"
    return f"{text} {head} hyperscalers are left with {money_interval(kept)}."


def _when(study: Study) -> str:
    return f" when {study.doing(study.fierce)}" if len(study.posture) > 1 else ""


def coverage(study: Study) -> str:
    """Say what the intervals cover and what they do not."""
    drawn = len(study.results.draws.columns.drop("run"))
    runs = f"{study.count} simulated market" + ("s" if study.count != 1 else "")
    if drawn:
        luck = (
            f"each with luck of its own (swings of demand, luck in training) and assumptions of its "
            f"own, drawn from the {drawn} marked ranges of the calibration"
        )
    else:
        luck = (
            "each with luck of its own (swings of demand, luck in training); assumptions are at "
            "their central values and are not part of the intervals"
        )
    return (
        f"Brackets are 95% bootstrap intervals of a mean over {runs}, {luck}. Run by run all cells "
        "meet the same luck and assumptions, so that differences are sharper than levels. More runs "
        "narrow an interval; they do not make an assumption any surer. How often a sign holds from "
        "one draw to the next is the share of draws in the table below. What is set and not drawn "
        "(the factors of the experiment), and the form of the model itself, no interval covers."
    )


def signs(given: Results | Study) -> tuple[list[Level], list[tuple[str, list[float]]]]:
    """Return the shocks, and for each statement the share of draws in which it holds under them."""
    study = Study.of(given)
    shocks = list(study.shock.levels)

    def x(outcome: str, key: Key) -> Array:
        return study.x(outcome, *key)

    rows: list[tuple[str, list[float]]] = []
    when = f" when {study.doing(study.fierce)}" if study.posture.column is not None else ""
    if len(study.posture) > 1:
        pairs = [escalation(study, shock) for shock in shocks]

        def moved(text: str, outcome: str, direction: float = 1.0) -> None:
            shares = [holds(direction * (x(outcome, b) - x(outcome, a))) for a, b in pairs]
            rows.append((text, shares))

        moved(f"customers gain by {study.move}", CUSTOMERS)
        moved("customers' share of total surplus rises", "customer_share")
        moved(f"hyperscalers lose by {study.move}", HYPERSCALERS, -1.0)
        moved(f"chip vendors gain by {study.move}", "chip_vendor_value")
        moved(f"memory makers gain by {study.move}", "memory_maker_value")
        moved(f"lenders gain by {study.move}", "lender_value")
        moved(f"total surplus rises by {study.move}", TOTAL)
    ends = [(study.fierce, shock, study.reference) for shock in shocks]
    for text, outcome in (
        (f"hyperscalers lose money{when}", HYPERSCALERS),
        (f"lenders lose money{when}", "lender_value"),
    ):
        rows.append((text, [holds(-x(outcome, key)) for key in ends]))
    return shocks, rows
