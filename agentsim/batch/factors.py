"""Factors: what an experiment varies, as a file or Python gives it, and what it means.

    >>> parse("demand_elasticity", [0.8, 1.1, 1.4])
    Levels(values=(0.8, 1.1, 1.4))
    >>> parse("demand_elasticity", {"from": 1, "to": 2, "count": 3})
    Levels(values=(1.0, 1.5, 2.0))
    >>> parse("demand_elasticity", {"low": 0.8, "high": 2.0})
    Between(low=0.8, high=2.0, scale='linear', whole=False)

A factor is a few levels, or a spread: a range (`spreads`) or distribution (`distributions`). A
factor is frozen, and `parse(name, plain(factor))` is equal to it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from agentsim.batch.complaints import Level, levels
from agentsim.batch.distributions import Beta, Lognormal, Normal, Triangular
from agentsim.batch.spreads import (
    MARKED,
    SCALES,
    Between,
    Marked,
    Spread,
    check_above,
    check_order,
    number,
)
from agentsim.calibration.draws import Range
from agentsim.errors import AgentsimError, check_known, shown, unknown

MOST_LEVELS = 1000


@dataclass(frozen=True)
class Levels:
    """The values that a factor takes, one after the other."""

    values: tuple[Level, ...]


Factor = Levels | Spread


class _Form(NamedTuple):
    """A form that a table may have: what is made of it, and its keys."""

    make: Callable[..., Spread]
    needed: tuple[str, ...]
    optional: tuple[str, ...]


RANGE = _Form(Between, ("low", "high"), ("scale", "whole"))
GRID = (("from", "to", "count"), ("scale",))
DISTRIBUTIONS = {
    "normal": _Form(Normal, ("mean", "sd"), ("low", "high", "whole")),
    "lognormal": _Form(Lognormal, ("median", "sigma"), ("low", "high", "whole")),
    "triangular": _Form(Triangular, ("low", "mode", "high"), ("whole",)),
    "beta": _Form(Beta, ("a", "b", "low", "high"), ("whole",)),
    "uniform": _Form(Between, ("low", "high"), ("whole",)),
    "loguniform": _Form(partial(Between, scale="log"), ("low", "high"), ("whole",)),
}


# Reading and writing


def parse(name: str, given: Any, distinct: bool = True) -> Factor:
    """Return the factor that a file or Python gives: a list, a table, "marked", or a factor.

    distinct: whether levels must differ; those of linked factors need not, as others do beside them.
    Raises AgentsimError: one line with the factor, the field, the value and the remedy.
    """
    if isinstance(given, Spread):
        return given
    if isinstance(given, Levels):
        return _levels(name, given.values, distinct)
    if isinstance(given, str) and given == MARKED:
        return Marked()
    if isinstance(given, Mapping):
        return _table(name, given)
    if isinstance(given, str):
        raise AgentsimError(
            f"{name} = {shown(given)} is not a list; write its levels in [brackets], "
            f'or "{MARKED}" for the range of the calibration'
        )
    return _levels(name, given, distinct)


def plain(factor: Factor) -> list[Level] | dict[str, Any] | str:
    """Return the list, table or text that `parse` reads as an equal factor."""
    if isinstance(factor, Levels):
        return list(factor.values)
    if isinstance(factor, Marked):
        return MARKED
    table: dict[str, Any] = {"distribution": factor.kind} if factor.kind else {}
    for item in fields(factor):  # type: ignore[arg-type]  # every spread is a dataclass
        value = getattr(factor, item.name)
        if value != item.default:
            table[item.name] = value
    return table


def resolve_marked(name: str, ranges: Mapping[str, Range]) -> Spread:
    """Return the marked range of a name, that of a role or of a single firm.

    Raises AgentsimError, one line, if none is marked.
    """
    if name in ranges:
        return Marked(ranges[name])
    for marked in ranges.values():
        if name in marked.names:
            return Marked(marked)
    known = {*ranges, *(each for marked in ranges.values() for each in marked.names)}
    raise unknown("marked range", name, known, 'give low and high instead of "marked"')


def _levels(name: str, given: Iterable[Any], distinct: bool) -> Levels:
    """Return levels that are finite numbers or text."""
    found = levels(name, given, distinct)
    for each in found:
        if not isinstance(each, str):
            number(name, each)
    return Levels(tuple(str(each) if isinstance(each, str) else each for each in found))


def _table(name: str, given: Mapping[str, Any]) -> Factor:
    """Return the factor of a table."""
    rest = {key: value for key, value in given.items() if key != "distribution"}
    form = RANGE
    if "distribution" in given:
        check_known(f"{name}: distribution", given["distribution"], DISTRIBUTIONS)
        form = DISTRIBUTIONS[given["distribution"]]
    elif not rest.keys().isdisjoint(GRID[0]):
        _check_keys(name, rest, *GRID)
        return _named(name, lambda: _grid(rest["from"], rest["to"], rest["count"], rest))
    _check_keys(name, rest, form.needed, form.optional)
    return _named(name, lambda: form.make(**rest))


def _named(name: str, make: Callable[[], Factor]) -> Factor:
    """Return what is made, or its complaint with the factor's name in front."""
    try:
        return make()
    except AgentsimError as error:
        raise AgentsimError(f"{name}: {error}") from None


def _grid(first: Any, last: Any, count: Any, rest: Mapping[str, Any]) -> Levels:
    """Return levels at equal distances, or equal ratios, with both ends."""
    low, high = number("from", first), number("to", last)
    scale = rest.get("scale", "linear")
    check_known("scale", scale, SCALES)
    check_order(**{"from": low, "to": high})
    if scale == "log":
        check_above("from", low, 0.0, "raise it, or use the linear scale")
    size = number("count", count)
    if not size.is_integer() or not 2 <= size <= MOST_LEVELS:
        raise AgentsimError(
            f"count = {shown(count)} is not a whole number from 2 to {MOST_LEVELS}; give one"
        )
    space = np.geomspace if scale == "log" else np.linspace
    values = tuple(space(low, high, int(size)).tolist())
    if len(set(values)) < len(values):
        raise AgentsimError(
            f"count = {int(size)} levels do not fit between from and to; give fewer"
        )
    return Levels(values)


def _check_keys(
    name: str, given: Mapping[str, Any], needed: tuple[str, ...], optional: tuple[str, ...]
) -> None:
    """Refuse a key that is not known, then one that is missing."""
    for key in given:
        check_known(f"{name}: key", key, (*needed, *optional), "take it out or rename it")
    for key in needed:
        if key not in given:
            raise AgentsimError(f"{name}: {key} is missing; add it")
