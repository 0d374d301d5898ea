"""Certainty: what stands behind the numbers of the answer, and how often their signs hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agentsim.batch.intervals import ratio_of_means
from agentsim.report.axes import Level
from agentsim.report.claims import HORIZON, Claim, Place, changes, home, standings, told
from agentsim.report.measures import (
    CUSTOMERS,
    HYPERSCALERS,
    SHARE,
    customers_share,
    escalation,
    sign,
)
from agentsim.report.robustness import exceptions
from agentsim.report.study import LAYERS, Study
from agentsim.report.words import UNCONDITIONAL, listed, money, percent, points_interval

if TYPE_CHECKING:
    from agentsim.batch.results import Results


WIDEST = ("addressable_spending", "choke_price_ratio")
WORLD_OUTPUT = 1e5
"""$bn a year, roughly: the calibration takes three trillion dollars for three per cent of it."""


class Note(NamedTuple):
    """A few sentences that belong to the answer, and the section that holds their numbers."""

    title: str
    text: str
    section: str = ""


def notes(study: Study) -> tuple[Note, ...]:
    """Return what would mislead if it were left out of the answer."""
    found = [
        Note("Run-off", _run_off(study), "headline"),
        Note("Robustness", exceptions(study), "robustness"),
        Note("Brackets", _draws(study), "headline"),
        Note("Postures", _by_construction(study), "headline"),
        Note("Levels", _levels(study), "uncertain"),
    ]
    return tuple(each for each in found if each.text)


def _run_off(study: Study) -> str:
    """Say what of the answer rests on the run-off after the last quarter."""
    before, after = escalation(study, study.calm)
    name = CUSTOMERS + HORIZON
    later = 1.0 - ratio_of_means(study.x(name, *after), study.x(CUSTOMERS, *after)).value
    if not np.isfinite(later):
        return ""
    several = len(study.posture) > 1
    when = f" when {study.doing(study.fierce)}" if several else ""
    text = f"{percent(later, 0)} of customers' surplus{when} comes from the run-off. "
    end = customers_share(study, after, None, HORIZON)
    if several:
        start = customers_share(study, before, None, HORIZON)
        moved = Claim(SHARE, to_horizon=True).interval(study, home(study))
        text += (
            f"To the horizon {study.move} takes their share from {percent(start.value)} to "
            f"{percent(end.value)} ({points_interval(moved)})"
        )
    else:
        text += f"To the horizon their share is {percent(end.value)}"
    return (
        f"{text}{_turned(study)}; no debt is settled at the horizon, so that loans outstanding "
        "then count as the borrowers'."
    )


def _turned(study: Study) -> str:
    """Say which lenders and makers gain with the run-off and lose without, or the reverse."""
    parts = []
    for outcome, name in LAYERS.items():
        claim = Claim(outcome)
        if outcome in (CUSTOMERS, HYPERSCALERS) or len(study.posture) < 2:
            continue
        counted, alone = (each.interval(study, home(study)) for each in (claim, claim.twin))
        if sign(counted) * sign(alone) < 0:
            verbs = [claim.verbs[0 if sign(each) > 0 else 1] for each in (counted, alone)]
            parts.append(
                f"{name} {verbs[1]} {money(abs(alone.value))}, where counting the run-off they "
                f"{verbs[0]} {money(abs(counted.value))}"
            )
    return "".join(f", and {each}" for each in parts)


def _draws(study: Study) -> str:
    """Say that brackets are no ranges of draws, and which means few draws rule."""
    place = home(study)
    kept = Claim(HYPERSCALERS, change=False).spread(study, place)
    if not np.isfinite(kept.mean.low):
        return ""
    text = (
        "These are 95% confidence intervals of a mean over draws; single draws differ far more. "
        "In the middle 90% of them hyperscalers are left with anything from "
        f"{money(kept.low)} to {money(kept.high)}"
    )
    if len(study.posture) > 1:
        gained = Claim(CUSTOMERS).spread(study, place)
        text += (
            f", and the change of customers' surplus runs from {money(gained.low, plus=True)} to "
            f"{money(gained.high, plus=True)}"
        )
    ruled = []
    for claim in told(study) or standings(study):
        x = claim.spread(study, place)
        if claim.outcome != SHARE and x.apart and (not claim.to_horizon or claim.matters(study)):
            # A change is called a gain or a loss, which tells its sign; a final value shows its own.
            way = -1 if claim.change and x.mean.value < 0 else 1
            name = claim.noun(way) if claim.change else claim.final
            name += claim.counted(study)
            ruled.append(
                f"{name} has mean {money(way * x.mean.value)} and median {money(way * x.median)}"
            )
    if ruled:
        text += f". Few draws rule some means: {', '.join(ruled)}"
    return text + "."


def _levels(study: Study) -> str:
    """Say what dollars of surplus rest on where that is drawn from wide ranges."""
    if not set(WIDEST) <= set(study.results.draws.columns):
        return ""
    kept = Claim(CUSTOMERS, change=False).spread(study, home(study)).mean.value
    text = (
        "Dollars of customers' surplus rest on two assumptions that nothing measures well, what could "
        f"be spent on AI (`{WIDEST[0]}`) and what the same work costs without it (`{WIDEST[1]}`). "
    )
    if kept > WORLD_OUTPUT / 2.0:
        text += f"{money(kept)} is of the order of a year of world output. "
    return text + "Believe shares and signs before levels."


def _by_construction(study: Study) -> str:
    """Say so where a larger share for customers is what the postures themselves bring about."""
    if study.posture.column != "lineup.hyperscaler" or len(study.posture) < 2:
        return ""
    if not {study.mild, study.fierce} <= UNCONDITIONAL:
        return ""
    if Claim(SHARE).sign(study, home(study)) <= 0:
        return ""
    names = [study.posture.words(each) for each in study.posture.levels if each in UNCONDITIONAL]
    return (
        f"A posture is the rule by which hyperscalers spend, and {listed(names)} are "
        "unconditional: none tapers when revenue falls. "
        f"To {study.posture.words(study.fierce)} adds capacity whatever it earns, and capacity "
        "lowers prices, so that a larger share for customers follows nearly by construction: the "
        "finding is the size of the change, not its sign."
    )


def _from_table(study: Study) -> str:
    """Say how many of the drawn ranges come from a table, and of what."""
    from agentsim.batch.uncertainty import fitted_draws
    from agentsim.scenario import Scenario

    design = study.experiment
    if design.uncertainty == "marked":
        return ""
    if design.uncertainty != "calibrated":
        return ", or from a table of draws"
    table = fitted_draws(design.uncertainty, Scenario.load(design.scenario))
    count = len(set(table.columns) & set(study.results.draws.columns)) if table else 0
    return f", {count} of them as fitted to history"


def reading(study: Study) -> str:
    """Say where the headline is told, and what it is the mean of."""
    drawn = len(study.results.draws.columns.drop("run"))
    text = ""
    name = study.demand.column
    if name is not None and len(study.demand) > 1 and (usual := study.usual(name)) is not None:
        text = (
            f"The headline is told at {study.demand.words(study.reference)}, the level of the "
            f"experiment nearest to the calibration's {usual:g}. "
        )
    luck = "luck (swings of demand, luck in training)"
    if drawn:
        what = (
            f"{luck} and a set of assumptions from the {drawn} marked ranges of the calibration"
            f"{_from_table(study)}"
        )
    else:
        what = f"{luck}; assumptions are at their central values and in no bracket"
    return (
        f"{text}Means are over {study.count} draw{'s' if study.count != 1 else ''}; a draw is {what}. "
        "Whatever is compared meets the same draws, so that differences are sharper than levels. "
        "More draws narrow a bracket; they do not make an assumption any surer."
    )


def limits(study: Study) -> str:
    """Say what no bracket covers."""
    what = "the factors and variants" if study.variants else "the factors"
    return (
        f"What is set and not drawn ({what} of the experiment, the strategies' own parameters), and "
        "the form of the model itself, "
        "no bracket covers."
    )


class Holds(NamedTuple):
    """How often a statement holds, and how often the draw is exactly unchanged."""

    share: float
    unchanged: float


Column = tuple[Level, bool]
"""A shock, and whether values are counted to the horizon alone."""


def signs(given: Results | Study) -> tuple[list[Column], list[tuple[str, list[Holds]]]]:
    """Return columns, and for each statement how often it holds in them, among the draws.

    A statement is what the answer says: the sign of its mean with the run-off and nothing striking.
    """
    study = Study.of(given)
    columns = [(shock, to_horizon) for shock in study.shock.levels for to_horizon in (False, True)]
    rows = []
    for claim in changes(study) + standings(study):
        way = claim.sign(study, home(study)) or 1
        found = []
        for shock, to_horizon in columns:
            x = (claim.twin if to_horizon else claim).spread(study, Place(shock, study.reference))
            found.append(Holds(x.on_side(way), x.unchanged))
        rows.append((claim.statement(study, way), found))
    return columns, rows
