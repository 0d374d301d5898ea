"""Making the cells of an experiment, and checking every name and level in it on the way.

Cells come in sections: the main ones, those of each deviation, those of each variant. In a section
all cells set the same names: some to one value, some to a column of values. Later settings hold
over earlier ones: what the experiment sets, what the variant or deviation sets, the factors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agentsim.batch.cells import LABELS, Cells, Column, Group, Numbers
from agentsim.batch.checking import check, check_columns, check_used
from agentsim.batch.design import Deviation, Experiment
from agentsim.batch.factors import Levels
from agentsim.batch.names import Dimension, Names, parameters_of, strategy_id
from agentsim.batch.points import Points
from agentsim.batch.samplers import Sampler
from agentsim.batch.sampling import sample
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array

Columns = Mapping[str, Column]
FACTORIAL = Sampler("factorial")
SHARED, BLOCK, INDEPENDENT, LINEUPS = "shared", "block", "independent", "lineups"


@dataclass(frozen=True)
class Section:
    """Cells that set the same names."""

    kind: str
    labels: Mapping[str, str]
    """Those that are the same in all of its cells."""
    fixed: Mapping[str, Any]
    """Settings that are the same in all of its cells."""
    columns: Columns
    """Settings that differ, `(cells,)` each: text or numbers."""
    told: Columns
    """What the tables say that differs, by label."""
    count: int

    def settings(self) -> dict[str, Any]:
        """Return all settings: values, and columns of values."""
        return {**self.fixed, **self.columns}


def cells_of(experiment: Experiment) -> Cells:
    """Return the cells in order: main ones, deviations, variants.

    Raises AgentsimError: one line with the field, the value and the remedy.
    """
    names = Names(experiment)
    check(names)
    points = _points(experiment, names)
    sections = list(_sections(experiment, names, points))
    groups: dict[Any, int] = {}
    made: list[Group] = []
    parts = [
        _cells(names, section, _blocks(experiment, points, section), points.columns, groups, made)
        for section in sections
    ]
    parts[0] = replace(parts[0], unit=points.unit, base=_bases(experiment, points))
    whole = Cells.together([replace(part, groups=tuple(made)) for part in parts])
    check_used(names, whole)
    return whole


def _points(experiment: Experiment, names: Names) -> Points:
    """Return the points of the main cells."""
    points = sample(experiment.sampling, names.dimensions, experiment.entropy)
    if experiment.sampling.kind == "table":
        check_columns(names, points)
    return points


def _sections(experiment: Experiment, names: Names, points: Points) -> Iterator[Section]:
    e = experiment
    base: dict[str, Any] = {f"lineup.{who}": each for who, each in e.lineup.items()} | e.set
    yield Section("main", {}, base, points.columns, points.columns, len(points.block))
    for deviation in e.deviations:
        role = names.role_of[deviation.firm]
        rest = {name: each for name, each in base.items() if not names.is_lineup_of(role, name)}
        played = {"own": deviation.own, "others": deviation.others}
        dimensions: dict[str, Dimension] = {
            name: {name: Levels(tuple(each))} for name, each in played.items()
        }
        grid = sample(FACTORIAL, dimensions | names.crossed(deviation.factors, role), 0)
        columns = {name: each for name, each in grid.columns.items() if name not in played}
        columns |= _followed(names, deviation, grid.columns)
        labels = {"firm": deviation.firm}
        yield Section("deviation", labels, rest, columns, grid.columns, len(grid.block))
    for variant in e.variants:
        grid = sample(FACTORIAL, names.crossed(variant.factors), 0)
        fixed, labels = base | names.changes(variant), {"variant": variant.name}
        yield Section("variant", labels, fixed, grid.columns, grid.columns, len(grid.block))


def _followed(names: Names, deviation: Deviation, played: Columns) -> dict[str, Column]:
    """Return what a role's firms follow where one deviates: what the others do may be a lineup."""
    role, own, others = names.role_of[deviation.firm], played["own"], played["others"]
    lineups = names.experiment.lineups
    if not any(each in lineups for each in deviation.others):
        return {f"lineup.{role}": others, f"lineup.{deviation.firm}": own}
    found = {}
    for firm in names.firms(role):
        follows = {
            each: lineups[each].get(firm, lineups[each].get(role, "calibrated"))
            if each in lineups
            else each
            for each in deviation.others
        }
        told = [follows[each] for each in others.tolist()]
        found[f"lineup.{firm}"] = own if firm == deviation.firm else np.array(told, dtype=object)
    return found


def _bases(experiment: Experiment, points: Points) -> Numbers:
    """Return which points were placed together."""
    if experiment.sampling.kind in ("sobol", "morris"):
        return points.block.astype(np.int64)
    return np.arange(len(points.block), dtype=np.int64)


def _blocks(experiment: Experiment, points: Points, section: Section) -> Numbers:
    """Return the block of luck of every cell of a section."""
    luck: str = experiment.luck
    kind = experiment.sampling.kind
    if luck == "auto":
        luck = {"factorial": "shared", "sobol": "block", "morris": "block"}.get(kind, INDEPENDENT)
    if luck == SHARED:
        return np.zeros(section.count, np.int64)
    if luck == LINEUPS:
        return _by_lineups(experiment, section)
    if luck == BLOCK:
        if kind not in ("sobol", "morris"):
            raise AgentsimError(
                f'luck = "block" needs blocks, and sampler {kind} has none; '
                'give "shared" or "independent"'
            )
        return points.block.astype(np.int64)
    if section.kind != "main":
        raise AgentsimError(
            f'luck = "independent" leaves nothing to compare a {section.kind} with; '
            'give "shared", or take it out'
        )
    return np.arange(section.count, dtype=np.int64)


def _by_lineups(experiment: Experiment, section: Section) -> Numbers:
    """Return blocks of luck: one of its own for each of the named lineups, one for all the rest."""
    if not experiment.lineups:
        raise AgentsimError(
            'luck = "lineups" gives each of the lineups luck of its own, and there are none; '
            'give "shared", or [lineups.NAME]'
        )
    if section.kind != "deviation":
        return np.zeros(section.count, np.int64)
    number = {name: 1 + place for place, name in enumerate(experiment.lineups)}
    return np.array([number.get(each, 0) for each in section.told["others"].tolist()], np.int64)


def _cells(
    names: Names,
    section: Section,
    block: Numbers,
    factors: Columns,
    groups: dict[Any, int],
    made: list[Group],
) -> Cells:
    """Return the cells of a section; new groups are appended to those made."""
    settings = section.settings()
    text, numeric = names.split(settings)
    group, shocks = _groups(names, section, text, groups, made)
    values, drawn = names.values(numeric, section.count)
    for name, given in numeric.items():
        if name.startswith("shock."):
            _, kind, field = name.split(".")
            for place, shock in enumerate(made[int(group[0])].shocks):
                if shock["kind"] == kind:
                    shocks[place, field] = np.broadcast_to(
                        np.asarray(given, np.float64), section.count
                    )
    return Cells(
        labels=_labels(section, factors),
        groups=tuple(made),
        group=group,
        block=block,
        base=np.arange(section.count, dtype=np.int64),
        values=values,
        drawn=drawn,
        shocks={name: np.array(each) for name, each in shocks.items()},
        tuning=_tuning(names, numeric, group, made),
    )


def _labels(section: Section, factors: Columns) -> dict[str, Column]:
    """Return the columns that say what the cells of a section are."""
    fixed = {"kind": section.kind, **section.labels}
    found: dict[str, Column] = {}
    for name in (*LABELS, *factors):
        if name in section.told:
            found[name] = section.told[name]
        elif name in factors and factors[name].dtype != object:
            found[name] = np.full(section.count, np.nan)
        else:  # one value, seen from every row
            one = np.array(fixed.get(name), dtype=object)
            found[name] = np.broadcast_to(one, section.count)
    return found


def _groups(
    names: Names,
    section: Section,
    text: Mapping[str, Any],
    groups: dict[Any, int],
    made: list[Group],
) -> tuple[Numbers, dict[tuple[int, str], Array]]:
    """Return the group of every cell, and the number fields of shocks as the experiment has them."""
    columns = {name: each for name, each in text.items() if isinstance(each, np.ndarray)}
    fixed = {name: each for name, each in text.items() if name not in columns}
    codes, combinations = _combinations(columns, section.count)
    place = np.empty(len(combinations), np.int64)
    numbers: dict[tuple[int, str], list[float]] = {}
    for at, levels in enumerate(combinations):
        ordered = {name: {**fixed, **levels}[name] for name in text}
        group, fields = names.group(ordered)
        if group.key not in groups:
            groups[group.key] = len(made)
            made.append(group)
        place[at] = groups[group.key]
        for name, value in fields.items():
            numbers.setdefault(name, []).append(value)
    return place[codes], {name: np.array(each)[codes] for name, each in numbers.items()}


def _combinations(columns: Columns, count: int) -> tuple[Numbers, list[dict[str, Any]]]:
    """Return for every row which combination of levels it has, and the combinations."""
    codes = np.zeros(count, np.int64)
    for given in columns.values():
        seen: dict[Any, int] = {}
        own = np.array([seen.setdefault(each, len(seen)) for each in given.tolist()], np.int64)
        _, codes = np.unique(codes * len(seen) + own, return_inverse=True)
    _, first = np.unique(codes, return_index=True)
    # In the order in which they first appear, so that groups are numbered as cells come.
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    rows = first[order]
    return rank[codes].astype(np.int64), [
        {name: _plain(given[row]) for name, given in columns.items()} for row in rows
    ]


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _tuning(
    names: Names, numeric: Mapping[str, Any], group: Numbers, made: list[Group]
) -> dict[tuple[str, str], Array]:
    """Return the parameters of strategies that are set, where the strategy has them."""
    found: dict[tuple[str, str], Array] = {}
    tuned = [name for name in numeric if names.is_tuning(name)]
    # A role's value first, so that a firm's own holds over it.
    for name in sorted(tuned, key=lambda each: each.split(".")[1] in names.role_of):
        _, who, parameter = name.split(".")
        given = np.broadcast_to(np.asarray(numeric[name], np.float64), len(group))
        for firm in names.firms(who):
            has = np.array([names.has_parameter(each, firm, parameter) for each in made])[group]
            if has.any():
                _check_tuned(names, name, firm, given, group, made)
                before = found.get((firm, parameter), np.full(len(group), np.nan))
                found[firm, parameter] = np.where(has, given, before)
    return found


def _check_tuned(
    names: Names, name: str, firm: str, given: Array, group: Numbers, made: list[Group]
) -> None:
    """Refuse a value that is out of the bounds of the strategy that the firm follows there."""
    parameter = name.split(".")[2]
    for number, each in enumerate(made):
        values = given[group == number]
        if values.size and names.has_parameter(each, firm, parameter):
            strategy = strategy_id(each.lineup[firm])
            known = parameters_of(names.role_of[firm], strategy)[parameter]
            for value in (float(values.min()), float(values.max())):
                if not known.low <= value <= known.high:
                    raise AgentsimError(
                        f"{name} = {value:g} is out of bounds of {strategy}, which {firm} follows; "
                        f"it must be {known.bounds}"
                    )


def levels_of(experiment: Experiment) -> dict[str, tuple[Any, ...]]:
    """Return the levels of every factor that has them; of linked ones the first stands for all."""
    found = {}
    for factors in experiment.dimensions.values():
        name, first = next(iter(factors.items()))
        if isinstance(first, Levels):
            found[name] = first.values
    return found
