"""Checking: whether what an experiment sets and varies makes sense, before anything is simulated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from agentsim.batch.cells import Cells, Column
from agentsim.batch.complaints import Level, level
from agentsim.batch.design import Deviation, Experiment, Variant
from agentsim.batch.factors import Factor, Levels
from agentsim.batch.names import Dimension, Names, parameters_of, strategy_id
from agentsim.batch.points import Points
from agentsim.calibration.checks import checked
from agentsim.errors import AgentsimError, shown, unknown
from agentsim.parameters import ROLES
from agentsim.scenario import LISTED
from agentsim.shocks import KINDS
from agentsim.strategy.params import Declared
from agentsim.strategy.registry import followed, ids

MOST_CELLS = 1_000_000
MOST_ROWS = 100_000_000


def check(names: Names) -> None:
    """Refuse what makes no sense on its own, whatever it is combined with."""
    e = names.experiment
    for shock in e.shocks:
        for name, value in shock.items() if isinstance(shock, Mapping) else ():
            level(f"shocks.{name}", value)
    _check_names_once(e)
    names.group(names.needed)
    for name, value in e.set.items():
        _check_setting(names, name, value)
    names.lineup({f"lineup.{who}": strategy for who, strategy in e.lineup.items()})
    for name, each in names.factors.items():
        _check_factor(names, name, each)
    if e.sampling.kind != "factorial" and (e.deviations or e.variants):
        what = "deviations" if e.deviations else "variants"
        raise AgentsimError(
            f"{what} cross levels, and sampler {e.sampling.kind} has none; take one of them out"
        )
    _check_lineups(names)
    for deviation in e.deviations:
        _check_deviation(names, deviation)
    for variant in e.variants:
        _check_variant(names, variant)
    _check_size(names)


def check_columns(names: Names, points: Points) -> None:
    """Refuse columns of a table that nothing answers to, and values that make no sense."""
    e = names.experiment
    set_or_followed = {**e.set, **{f"lineup.{who}": each for who, each in e.lineup.items()}}
    for name, given in points.columns.items():
        if name in set_or_followed:
            where = "set" if name in e.set else "lineup"
            raise AgentsimError(
                f"{name} is in the table and in {where}; take it out of one of them"
            )
        _check_column(names, points, name, given)
    with _told_where(points):  # what must hold between parameters
        names.values({**e.set, **points.columns}, len(points))


def _check_column(names: Names, points: Points, name: str, given: Column) -> None:
    """Refuse a column of a table, or the first of its values that makes no sense."""
    if name in names.declared and given.dtype != object:
        with _told_where(points):
            checked(name, given, names.declared[name])
        return
    having: list[Declared] = []
    with _told_where(points, points.heading):
        if names.is_tuning(name):
            having = _called(names, name)
        elif name not in names.declared and not name.startswith(("lineup.", "shock.")):
            raise _unknown(names, name)
    values = given.tolist()
    for row in _telling(name, given):
        with _told_where(points, points.places[row]):
            if having:
                _check_tuning(name, values[row], having)
            else:
                _check_setting(names, name, values[row])


def _telling(name: str, given: Column) -> list[int]:
    """Return the rows of a column that show whether all of it makes sense: one of each value.

    Of a shock's number, which may be another in every row, the least and the greatest.
    """
    if name.startswith("shock.") and given.dtype != object:
        _, kind, field = [*name.split("."), "", ""][:3]
        declared = KINDS[kind].__dataclass_fields__ if kind in KINDS else {}
        if field in declared and "low" in declared[field].metadata:
            return [int(np.argmin(given)), int(np.argmax(given))]
    first: dict[Any, int] = {}
    for row, value in enumerate(given.tolist()):
        first.setdefault(value, row)
    return list(first.values())


@contextmanager
def _told_where(points: Points, place: str = "") -> Iterator[None]:
    """Put file and line of a table before a complaint, by default those of the point it names."""
    try:
        yield
    except AgentsimError as error:
        text = str(error)
        named = re.search(r" \((?:run|cell) (\d+)\)", text)
        if not place and named:
            place = points.places[int(named[1])]
            text = text.replace(named[0], "", 1)
        raise AgentsimError(f"{place}: {text}" if place else text) from None


def check_used(names: Names, cells: Cells) -> None:
    """Refuse a strategy's parameter that no strategy in any cell has."""
    given = {name for name in (*names.experiment.set, *names.factors) if names.is_tuning(name)}
    for name in sorted(given):
        _, who, parameter = name.split(".")
        played = {
            (names.role_of[firm], strategy_id(group.lineup[firm]))
            for group in cells.groups
            for firm in names.firms(who)
        }
        if not any(parameter in parameters_of(role, id) for role, id in played):
            raise AgentsimError(
                f"{name} is a parameter of none of the strategies that {who} follows "
                f"({', '.join(sorted({id for _, id in played}))}); "
                "take it out, or name one that has it in lineup"
            )


def check_rows(cells: int, runs: int) -> None:
    """Refuse more runs than can be handled."""
    if cells * runs > MOST_ROWS:
        raise AgentsimError(
            f"runs = {runs} in {cells} cells make {cells * runs} runs; "
            f"give at most {MOST_ROWS} in all"
        )


def _check_names_once(e: Experiment) -> None:
    """Refuse a name that is set or varied in two places."""
    seen: dict[str, str] = {}
    for bundle in e.linked:
        if bundle in e.factors:
            raise AgentsimError(f"linked.{bundle} has the name of a factor; rename it")
    places: list[tuple[str, Mapping[str, Any]]] = [("factors", e.factors)]
    places += [(f"linked.{bundle}", linked) for bundle, linked in e.linked.items()]
    for place, factors in places:
        for name in factors:
            if name in seen:
                raise AgentsimError(f"{name} is in {seen[name]} and in {place}; name it once")
            seen[name] = place
    for name in e.set:
        if name in seen:
            raise AgentsimError(f"{name} is a factor and in set; take it out of one of them")
    for who in e.lineup:
        if f"lineup.{who}" in seen:
            raise AgentsimError(f"lineup.{who} is a factor and in lineup; take it out of one")
    if e.sampling.kind == "table" and seen:
        raise AgentsimError(
            f"{next(iter(seen))} is a factor, but the table of the sampler names the factors; "
            "take one of them out"
        )


def _check_factor(names: Names, name: str, factor: Factor) -> None:
    """Refuse a factor that nothing answers to, or one level of it that is out of bounds."""
    if isinstance(factor, Levels):
        for value in factor.values:
            _check_setting(names, name, value)
        return
    if name.startswith("lineup.") and not names.is_tuning(name):
        raise AgentsimError(f"{name} is a strategy and has no range; give a list of strategies")
    for value in factor.bounds:
        _check_setting(names, name, value)


def _check_setting(names: Names, name: str, value: Any) -> None:
    """Refuse a dotted name that nothing answers to, or a value out of its bounds."""
    if names.is_tuning(name):
        _check_tuning(name, value, _called(names, name))
    elif name.startswith("lineup."):
        names.lineup({name: value})
    elif name.startswith("shock."):
        names.collected(names.needed | {name: value})
    elif name in names.declared:
        checked(name, value, names.declared[name])
    else:
        raise _unknown(names, name)


def _unknown(names: Names, name: str) -> AgentsimError:
    """Return the error for a name that nothing answers to."""
    who = [f"lineup.{who}" for who in (*ROLES, *names.role_of)]
    meanings = {each: declared.meaning for each, declared in names.declared.items()}
    return unknown("parameter", name, [*names.declared, *who], LISTED, meanings)


def _called(names: Names, name: str) -> list[Declared]:
    """Return what the strategies of a role declare under a name; refuse one that none has."""
    _, who, parameter = name.split(".")
    if who not in (*ROLES, *names.role_of):
        raise unknown("lineup", who, [*ROLES, *names.role_of], "name a role or a firm")
    role = who if who in ROLES else names.role_of[who]
    having = {id: parameters_of(role, id) for id in followed(role)}
    named = [known[parameter] for known in having.values() if parameter in known]
    if not named:
        every = {each for known in having.values() for each in known}
        what = f"{name}: parameter of a {role} strategy"
        raise unknown(what, parameter, every, f"`agentsim strategies list {role}` lists them")
    return named


def _check_tuning(name: str, value: Any, having: Sequence[Declared]) -> None:
    """Refuse a value of a strategy's parameter that no strategy with this parameter can have."""
    problems = [_complaint(name, value, each) for each in having]
    if all(problems):
        raise AgentsimError(str(problems[0]))


def _complaint(name: str, value: Any, parameter: Declared) -> str | None:
    """Return what is wrong with a value of a strategy's parameter, in one line; None if nothing."""
    if parameter.choices is not None:
        if value in parameter.choices:
            return None
        known = ", ".join(map(repr, parameter.choices))
        return f"{name} = {shown(value)} is not an option; choose one of {known}"
    if isinstance(value, str):
        return f"{name} = {shown(value)} must be a number, {parameter.bounds}"
    if not parameter.low <= value <= parameter.high:
        return f"{name} = {value:g} is out of bounds; it must be {parameter.bounds}"
    return None


def _check_lineups(names: Names) -> None:
    """Refuse a lineup that is called as a strategy is, or that no deviation names, or nonsense."""
    used = {each for deviation in names.experiment.deviations for each in deviation.others}
    for name, lineup in names.experiment.lineups.items():
        if any(name in ids(role) for role in ROLES):
            raise AgentsimError(f"lineups.{name} has the name of a strategy; rename it")
        if name not in used:
            raise AgentsimError(
                f"lineups.{name} is not among the others of a deviation; name it there, or take it out"
            )
        try:
            names.lineup({f"lineup.{who}": strategy for who, strategy in lineup.items()})
        except AgentsimError as error:
            raise AgentsimError(f"lineups.{name}: {error}") from None


def _check_deviation(names: Names, deviation: Deviation) -> None:
    """Refuse a deviation by nobody, to nothing, or from a factor level that is not there."""
    if deviation.firm not in names.role_of:
        raise unknown("deviations: firm", deviation.firm, names.role_of)
    lineups = names.experiment.lineups
    for strategy in (*deviation.own, *(each for each in deviation.others if each not in lineups)):
        names.lineup({f"lineup.{deviation.firm}": strategy})
    role = names.role_of[deviation.firm]
    for name in (each for each in deviation.others if each in lineups):
        for who in lineups[name]:
            if not names.is_lineup_of(role, f"lineup.{who}"):
                raise AgentsimError(
                    f"lineups.{name}.{who} is no {role} as {deviation.firm} is, whose others follow "
                    f"{name}; take it out"
                )
    _check_restriction(names, "deviations", deviation.factors)


def _check_variant(names: Names, variant: Variant) -> None:
    """Refuse a variant that changes nothing, or a factor."""
    where = f"variant {variant.name!r}"
    changes = names.changes(variant)
    if not changes:
        raise AgentsimError(f"{where} changes nothing; give it a set or a lineup")
    for name, value in changes.items():
        if name in names.factors:
            raise AgentsimError(f"{where} sets {name}, a factor; restrict it in its factors")
        try:
            _check_setting(names, name, value)
        except AgentsimError as error:
            raise AgentsimError(f"{where}: {error}") from None
    _check_restriction(names, where, variant.factors)


def _check_restriction(names: Names, where: str, restricted: Mapping[str, list[Level]]) -> None:
    """Ask that factors are restricted to levels that they have."""
    for name, found in restricted.items():
        factor = names.factors.get(name)
        if not isinstance(factor, Levels):
            raise unknown(f"{where}: factor", name, names.factors)
        for value in found:
            if value not in factor.values:
                raise AgentsimError(
                    f"{where}: {name} = {value!r} is not among its levels; "
                    f"take from {list(factor.values)}"
                )


def _check_size(names: Names) -> None:
    """Refuse more cells or runs than can be handled."""
    e = names.experiment
    if e.sampling.kind != "factorial":
        return
    count = _size(names.dimensions)
    for deviation in e.deviations:
        crossed = _size(names.crossed(deviation.factors, names.role_of[deviation.firm]))
        count += len(deviation.own) * len(deviation.others) * crossed
    count += sum(_size(names.crossed(variant.factors)) for variant in e.variants)
    if count > MOST_CELLS:
        raise AgentsimError(
            f"factors make {count} cells; give fewer levels, at most {MOST_CELLS} cells"
        )
    check_rows(count, e.runs)


def _size(dimensions: Mapping[str, Dimension]) -> int:
    """Return how many combinations of levels there are."""
    size = 1
    for dimension in dimensions.values():
        first = next(iter(dimension.values()))
        size *= len(first.values) if isinstance(first, Levels) else 1
    return size
