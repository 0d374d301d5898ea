"""Differences: what an experiment sets and varies, beside what the calibration has, and what is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agentsim.batch.cells import LABELS
from agentsim.batch.design import Experiment
from agentsim.batch.factors import Levels, plain
from agentsim.batch.manifest import luck_of
from agentsim.batch.names import Names
from agentsim.batch.plan import Plan
from agentsim.batch.spreads import Marked, Spread
from agentsim.calibration import targets
from agentsim.lineup import BY_ROLE, CALIBRATED
from agentsim.printing import short
from agentsim.strategy.params import declared
from agentsim.strategy.registry import find, followed

MOST_LEVELS = 24
FACTOR, SET = "varied as a factor", "set"
"""Why a marked range is not drawn."""


@dataclass(frozen=True)
class Change:
    """What an experiment has that the calibration has not."""

    name: str
    where: str
    """The table of the experiment that says so."""
    unit: str
    calibrated: str
    """What holds if it is not changed."""
    given: tuple[str, ...]
    """What holds instead: one value, the levels, or a range in words."""


def why_luck(experiment: Experiment, plan: Plan) -> str:
    """Return which cells meet the same luck, and what that is good for, in a sentence."""
    kind, run = experiment.sampling.kind, min(plan.runs - 1, 17)
    match luck_of(plan):
        case _ if len(plan.cells.own) == 1:
            return "one cell is simulated, and nothing shares its luck"
        case "shared":
            return (
                f"shared by all cells: run {run} meets the same luck in every cell, so differences "
                "are paired"
            )
        case "block" if kind == "morris":
            return (
                f"shared within each of {plan.blocks:,} trajectories, along which one factor moves "
                "at a time, so its effects are paired"
            )
        case "block" if experiment.luck == "lineups":
            return (
                f"of its own for each of {plan.blocks - 1:,} lineups, and shared by all cells without "
                "one: what a firm does against the same others is compared run by run"
            )
        case "block":
            return (
                f"shared within each of {plan.blocks:,} blocks of points that are compared with "
                "one another"
            )
        case _:
            return (
                "of its own in every cell: cells differ by luck too, and their differences are "
                "not paired"
            )


def not_drawn(experiment: Experiment, plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the marked ranges that are not drawn, and why."""
    factors = {
        target
        for name in plan.cells.labels
        if name not in LABELS
        for target in (name, *targets_of(plan, name))
    }
    for name, marked in plan.base.ranges.items():
        if name in plan.drawn_ranges:
            continue
        if experiment.uncertainty == "none":
            yield name, 'uncertainty is "none"'
        elif {name, *marked.names} & factors:
            yield name, FACTOR
        else:
            yield name, SET


def targets_of(plan: Plan, name: str) -> tuple[str, ...]:
    """Return the single values that a parameter's name stands for; none of other names."""
    return () if name.startswith(("lineup.", "shock.")) else tuple(targets(name, plan.base.firms))


def changes(experiment: Experiment, plan: Plan) -> Iterator[Change]:
    """Yield all that an experiment sets or varies, beside what the calibration has."""
    names = Names(experiment)
    e = experiment

    def change(name: str, where: str, given: Sequence[str]) -> Change:
        unit = names.declared[name].unit if name in names.declared else ""
        return Change(name, where, unit, _calibrated(names, name), tuple(given))

    for name, value in e.set.items():
        yield change(name, "set", [short(value)])
    for who, strategy in e.lineup.items():
        yield change(f"lineup.{who}", "lineup", [strategy])
    for shock in e.shocks:
        fields = [f"{name} {short(x)}" for name, x in shock.items() if name != "kind"]
        yield Change(f"shock.{shock['kind']}", "shocks", "", "none", (", ".join(fields),))
    for dimension, factors in names.dimensions.items():
        for name, factor in factors.items():
            where = "factors" if name == dimension else f"linked.{dimension}"
            yield change(name, where, _levels(factor))
    if e.sampling.kind == "table":
        for name, column in plan.cells.labels.items():
            if name not in LABELS:
                yield change(name, "table", _of_column(column))
    for each in e.deviations:
        own, others = f"lineup.{each.firm}", f"lineup.{names.role_of[each.firm]}"
        yield change(own, "deviations", each.own)
        yield change(others, "deviations", each.others)
    for variant in e.variants:
        for name, value in names.changes(variant).items():
            yield change(name, f"variant {variant.name!r}", [short(value)])


def _levels(factor: Levels | Spread) -> list[str]:
    """Return a factor's levels, or its range in words."""
    if isinstance(factor, Levels):
        return [short(each) for each in factor.values]
    low, high = factor.bounds
    text = f"{short(low)} to {short(high)}"
    if isinstance(factor, Marked):
        return [f"{text}, its marked range"]
    table = plain(factor)
    assert isinstance(table, dict)  # what is no list and not marked
    if "distribution" in table:
        return [f"{text}, {table['distribution']}"]
    more = [", equal ratios"] if table.get("scale") == "log" else []
    return [text + "".join([*more, *([", whole numbers"] if table.get("whole") else [])])]


def _of_column(column: Any) -> list[str]:
    """Return what a column of a table of points has."""
    distinct = list(dict.fromkeys(column.tolist()))
    if len(distinct) <= MOST_LEVELS or column.dtype == object:
        return [short(each) for each in distinct]
    return [f"{short(min(distinct))} to {short(max(distinct))}, {len(distinct):,} values"]


def _calibrated(names: Names, name: str) -> str:
    """Return what holds if a name is not set."""
    if name.startswith("shock."):
        return "none"
    if names.is_tuning(name):
        _, who, parameter = name.split(".")
        role = names.role_of.get(who, who)
        having = [declared(find(role, id)) for id in followed(role)]
        found = [str(known[parameter].default) for known in having if parameter in known]
        return " or ".join(dict.fromkeys(found))
    if name.startswith("lineup."):
        firms = names.firms(name.partition(".")[2])
        played = [CALIBRATED.get(firm, BY_ROLE[names.role_of[firm]]) for firm in firms]
        return " or ".join(dict.fromkeys(played))
    values = [names.base[each] for each in targets(name, names.base.firms)]
    low, high = float(np.min(values)), float(np.max(values))
    return short(low) if low == high else f"{short(low)} to {short(high)}"
