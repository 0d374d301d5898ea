"""Levels: the opening sentences of an experiment in which no postures are compared."""

from __future__ import annotations

from agentsim.report.claims import HORIZON
from agentsim.report.measures import (
    CUSTOMERS,
    HYPERSCALERS,
    customers_share,
    share_change,
    sign,
    value,
)
from agentsim.report.study import BURNT, LAYERS, TOTAL, Study
from agentsim.report.words import (
    capital,
    listed,
    money,
    money_interval,
    percent,
    percent_interval,
    points_interval,
)


def where(study: Study) -> str:
    """Say where the answer is told: reference level of demand, and shock."""
    parts = [study.setting()]
    if study.shock.column is not None:
        parts.append(f"with {study.shock.words(study.calm)}")
    return " and ".join(part for part in parts if part) or "in these runs"


def customers(study: Study) -> str:
    """Say what customers get."""
    key = (study.fierce, study.calm, study.reference)
    return (
        f"{capital(where(study))}, customers get "
        f"{percent_interval(customers_share(study, key))} of total surplus: "
        f"{money_interval(value(study, CUSTOMERS, key))} in present value."
    )


def the_others(study: Study) -> str:
    """Say what all others get, and hyperscalers also without the run-off."""
    key = (study.fierce, study.calm, study.reference)
    verbs = {1: "make money", -1: "lose money", 0: "do not clearly make or lose money"}
    kept, later = (value(study, HYPERSCALERS + suffix, key) for suffix in ("", HORIZON))
    if sign(kept) == sign(later):
        standing = f"{verbs[sign(kept)]} either way"
    else:
        standing = f"{verbs[sign(kept)]} counting the run-off but {verbs[sign(later)]} without it"
    rest = [
        f"{name} get {money(value(study, outcome, key).value)}"
        for outcome, name in LAYERS.items()
        if outcome not in (CUSTOMERS, HYPERSCALERS)
    ]
    return (
        f"Hyperscalers {standing}: {money_interval(kept)} with the run-off, in which fleets serve "
        f"on after quarter {study.experiment.horizon} until they are worn out, and "
        f"{money_interval(later)} to the horizon; {listed(rest)}; "
        f"{money(value(study, BURNT, key).value)} of real resources are burnt."
    )


def the_other_factor(study: Study) -> str:
    """Say what another factor does to customers' share; what there is, where there is none."""
    what = f"when {study.doing(study.fierce)}" if len(study.posture) > 1 else "here"
    for axis, at in (
        (study.shock, lambda level: (study.fierce, level, study.reference)),
        (study.demand, lambda level: (study.fierce, study.calm, level)),
    ):
        if len(axis) > 1:
            ends = [(axis.words(each), at(each)) for each in (axis.levels[0], axis.levels[-1])]
            moved = share_change(study, ends[0][1], ends[1][1])
            shares = [customers_share(study, key).value for _, key in ends]
            return (
                f"Customers' share {what} is {percent(shares[0])} at {ends[0][0]} and "
                f"{percent(shares[1])} at {ends[1][0]} ({points_interval(moved)})."
            )
    total = value(study, TOTAL, (study.fierce, study.calm, study.reference))
    return f"Total surplus {what} is {money_interval(total)} in present value."
