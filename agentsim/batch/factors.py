"""Factors: what an experiment varies, as a file or Python gives it, and what it means.

    >>> parse("demand_elasticity", [0.8, 1.1, 1.4])
    Levels(values=(0.8, 1.1, 1.4))
    >>> parse("demand_elasticity", {"from": 1, "to": 2, "count": 3})
    Levels(values=(1.0, 1.5, 2.0))
    >>> parse("demand_elasticity", {"low": 0.8, "high": 2.0})
    Between(low=0.8, high=2.0, scale='linear', whole=False)

A factor is a few levels, or a spread: a range or distribution, read at places `u` from 0 to 1, its
share of probability below the value. A factor is frozen, and `parse(name, plain(factor))` is equal
to it again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar, NamedTuple

import numpy as np

from agentsim.batch.complaints import Level, levels
from agentsim.calibration.draws import Range
from agentsim.errors import AgentsimError, check_known, shown, unknown
from agentsim.laws.numerics import Array

MARKED = "marked"
"""The text that stands for the range which the calibration marks."""

SCALES = ("linear", "log")

TAIL = 0.0005
"""Share of probability cut off an end without a bound, so that u = 0 and u = 1 are finite."""

LEAST_MASS = 1e-6
"""Least probability that bounds may leave of a distribution; below it quantiles lose digits."""

MOST = 1e100
"""Largest number in a factor: what is computed from it stays finite."""

MOST_SIGMA = 20.0
MOST_LEVELS = 1000
LEAST_SHAPE, MOST_SHAPE = 0.01, 1e4


@dataclass(frozen=True)
class Levels:
    """The values that a factor takes, one after the other."""

    values: tuple[Level, ...]


class Spread(ABC):
    """A range or distribution, by its quantiles.

    Whatever is wrong with one is an AgentsimError when it is made, one line without the factor's
    name, which `parse` puts in front.
    """

    kind: ClassVar[str] = ""
    """What `distribution` calls it; a range has no need of that."""

    @property
    def marked(self) -> bool:
        """Whether it is the calibration's marked range."""
        return False

    @property
    def bounds(self) -> tuple[float, float]:
        """The values at u = 0 and u = 1."""
        low, high = self.at(np.array([0.0, 1.0]))
        return float(low), float(high)

    @abstractmethod
    def at(self, u: Array) -> Array:
        """Return the values at `u`, from 0 to 1 with both ends; they rise with it."""

    @abstractmethod
    def below(self, u: Array, ceiling: Array) -> Array:
        """Return the values at `u` where each is cut from above by its ceiling, keeping the rank.

        Where nothing is left below a ceiling the value is the ceiling.
        """


@dataclass(frozen=True)
class Between(Spread):
    """A range: equal parts of it, or with scale "log" equal ratios, are equally likely.

    whole: only whole numbers, each with its part; of a linear scale all parts are equal.
    """

    low: float
    high: float
    scale: str = "linear"
    whole: bool = False

    def __post_init__(self) -> None:
        """Refuse a range that is none."""
        _take_numbers(self, "low", "high")
        check_known("scale", self.scale, SCALES)
        _check_order(low=self.low, high=self.high)
        if self.scale == "log":
            _check_above("low", self.low, 0.0, "raise it, or use the linear scale")
        _check_whole(self.whole, low=self.low, high=self.high)

    def at(self, u: Array) -> Array:
        """Return the values at `u`."""
        return self._until(u, np.full(np.shape(u), self.high))

    def below(self, u: Array, ceiling: Array) -> Array:
        """Return the values at `u`, the range cut at the ceiling."""
        top = np.floor(ceiling) if self.whole else np.asarray(ceiling)
        return np.minimum(self._until(u, np.clip(top, self.low, self.high)), top)

    def _until(self, u: Array, high: Array) -> Array:
        """Return the values at `u` in the range from low to `high`."""
        # As in Range.at: the last whole number too has a part that begins with it.
        end = high + 1.0 if self.whole else high
        if self.scale == "log":
            values = self.low * np.exp(u * (np.log(end) - np.log(self.low)))
        else:
            values = self.low + u * (end - self.low)
        if self.whole:
            values = np.floor(values)
        # Rounding must not keep the end of the range from being met.
        return np.where(np.asarray(u) >= 1.0, high, np.clip(values, self.low, high))


@dataclass(frozen=True)
class Marked(Spread):
    """The calibration's marked range; which one, `resolve_marked` says.

    It is written as "marked" before and after that: the calibration keeps the numbers.
    """

    range: Range | None = None

    @property
    def marked(self) -> bool:
        """Whether it is the calibration's marked range."""
        return True

    def at(self, u: Array) -> Array:
        """Return the values at `u`, those of the calibration's own draws."""
        return self._range().at(np.asarray(u, dtype=np.float64))

    def below(self, u: Array, ceiling: Array) -> Array:
        """Return the values at `u`, the range cut at the ceiling."""
        marked = self._range()
        high = np.minimum(marked.high, ceiling)
        return marked.at(u, low=np.minimum(marked.low, high), high=high)

    def _range(self) -> Range:
        if self.range is None:
            raise AgentsimError(
                f"{MARKED} has no numbers of its own; look its range up in a calibration first"
            )
        return self.range


class _Distribution(Spread):
    """A distribution of scipy.stats, cut to its bounds, or to all but its tails."""

    # Fields of the classes below.
    low: float | None
    high: float | None
    whole: bool  # whether values are rounded to the nearest whole numbers

    @abstractmethod
    def _frozen(self) -> Any:
        """Return scipy's distribution, before it is cut."""

    def at(self, u: Array) -> Array:
        """Return the values at `u`."""
        frozen = self._frozen()
        first, last = self._probabilities(frozen)
        return self._quantiles(frozen, u, first, np.full(np.shape(u), last))

    def below(self, u: Array, ceiling: Array) -> Array:
        """Return the values at `u`, what is above the ceiling cut off."""
        frozen = self._frozen()
        first, last = self._probabilities(frozen)
        top = np.floor(ceiling) if self.whole else np.asarray(ceiling)
        until = np.clip(frozen.cdf(top), first, last)
        return np.minimum(self._quantiles(frozen, u, first, until), top)

    def _quantiles(self, frozen: Any, u: Array, first: float, last: Array) -> Array:
        """Return the values at `u` between two probabilities."""
        values = np.asarray(frozen.ppf(np.minimum(first + u * (last - first), last)))
        if self.whole:
            values = np.floor(values + 0.5)
        low, high = self.low, self.high
        return np.clip(values, -np.inf if low is None else low, np.inf if high is None else high)

    def _probabilities(self, frozen: Any) -> tuple[float, float]:
        """Return the probabilities of the values at u = 0 and u = 1."""
        low, high = self.low, self.high
        first = 0.0 if low is None else float(frozen.cdf(low))
        last = 1.0 if high is None else float(frozen.cdf(high))
        tail = TAIL * (last - first)
        return first + tail * (low is None), last - tail * (high is None)

    def _check_mass(self) -> None:
        """Refuse bounds that leave next to nothing."""
        low, high = self.low, self.high
        if low is None and high is None:
            return
        first, last = self._probabilities(self._frozen())
        if last - first < LEAST_MASS:
            bounds = {"low": low, "high": high}
            given = ", ".join(f"{n} = {b:g}" for n, b in bounds.items() if b is not None)
            raise AgentsimError(
                f"{given} leaves nearly nothing of the {self.kind} distribution; widen the bounds"
            )


@dataclass(frozen=True)
class Normal(_Distribution):
    """A normal distribution, cut at low and high if given, otherwise to its central 99.9%."""

    kind: ClassVar[str] = "normal"
    mean: float
    sd: float
    low: float | None = None
    high: float | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        """Refuse one that is none."""
        _take_numbers(self, "mean", "sd", "low", "high")
        _check_above("sd", self.sd, 0.0, "raise it")
        _check_order(low=self.low, high=self.high)
        _check_whole(self.whole, low=self.low, high=self.high)
        self._check_mass()

    def _frozen(self) -> Any:
        return _stats().norm(loc=self.mean, scale=self.sd)


@dataclass(frozen=True)
class Lognormal(_Distribution):
    """A lognormal distribution: the log of the value is normal with standard deviation sigma.

    It is cut at low and high if given, otherwise to its central 99.9%.
    """

    kind: ClassVar[str] = "lognormal"
    median: float
    sigma: float
    low: float | None = None
    high: float | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        """Refuse one that is none."""
        _take_numbers(self, "median", "sigma", "low", "high")
        _check_above("median", self.median, 0.0, "raise it")
        _check_above("sigma", self.sigma, 0.0, "raise it")
        if self.sigma > MOST_SIGMA:
            raise AgentsimError(
                f"sigma = {self.sigma:g} is above {MOST_SIGMA:g}; it is that of the natural log, "
                "lower it"
            )
        if self.low is not None:
            _check_above("low", self.low, 0.0, "raise it, or take it out")
        _check_order(low=self.low, high=self.high)
        _check_whole(self.whole, low=self.low, high=self.high)
        self._check_mass()

    def _frozen(self) -> Any:
        return _stats().lognorm(s=self.sigma, scale=self.median)


@dataclass(frozen=True)
class Triangular(_Distribution):
    """A triangular distribution, most likely at its mode."""

    kind: ClassVar[str] = "triangular"
    low: float
    mode: float
    high: float
    whole: bool = False

    def __post_init__(self) -> None:
        """Refuse one that is none."""
        _take_numbers(self, "low", "mode", "high")
        _check_order(low=self.low, high=self.high)
        if not self.low <= self.mode <= self.high:
            raise AgentsimError(
                f"mode = {self.mode:g} is outside low = {self.low:g} to high = {self.high:g}; "
                "move it between them"
            )
        _check_whole(self.whole, low=self.low, high=self.high)

    def _frozen(self) -> Any:
        width = self.high - self.low
        return _stats().triang(c=(self.mode - self.low) / width, loc=self.low, scale=width)


@dataclass(frozen=True)
class Beta(_Distribution):
    """A beta distribution with shapes a and b, stretched from low to high."""

    kind: ClassVar[str] = "beta"
    a: float
    b: float
    low: float
    high: float
    whole: bool = False

    def __post_init__(self) -> None:
        """Refuse one that is none."""
        _take_numbers(self, "a", "b", "low", "high")
        for name, shape in (("a", self.a), ("b", self.b)):
            if not LEAST_SHAPE <= shape <= MOST_SHAPE:
                raise AgentsimError(
                    f"{name} = {shape:g} is out of bounds; "
                    f"it must lie between {LEAST_SHAPE:g} and {MOST_SHAPE:g}"
                )
        _check_order(low=self.low, high=self.high)
        _check_whole(self.whole, low=self.low, high=self.high)

    def _frozen(self) -> Any:
        return _stats().beta(self.a, self.b, loc=self.low, scale=self.high - self.low)


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


def parse(name: str, given: Any) -> Factor:
    """Return the factor that a file or Python gives: a list, a table, "marked", or a factor.

    Raises AgentsimError: one line with the factor, the field, the value and the remedy.
    """
    if isinstance(given, Spread):
        return given
    if isinstance(given, Levels):
        return _levels(name, given.values)
    if isinstance(given, str) and given == MARKED:
        return Marked()
    if isinstance(given, Mapping):
        return _table(name, given)
    if isinstance(given, str):
        raise AgentsimError(
            f"{name} = {shown(given)} is not a list; write its levels in [brackets], "
            f'or "{MARKED}" for the range of the calibration'
        )
    return _levels(name, given)


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


def _levels(name: str, given: Iterable[Any]) -> Levels:
    """Return levels that are distinct, finite numbers or text."""
    found = levels(name, given)
    for each in found:
        if not isinstance(each, str):
            _number(name, each)
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
    low, high = _number("from", first), _number("to", last)
    scale = rest.get("scale", "linear")
    check_known("scale", scale, SCALES)
    _check_order(**{"from": low, "to": high})
    if scale == "log":
        _check_above("from", low, 0.0, "raise it, or use the linear scale")
    size = _number("count", count)
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


# Checking


def _check_keys(
    name: str, given: Mapping[str, Any], needed: tuple[str, ...], optional: tuple[str, ...]
) -> None:
    """Refuse a key that is not known, then one that is missing."""
    for key in given:
        check_known(f"{name}: key", key, (*needed, *optional), "take it out or rename it")
    for key in needed:
        if key not in given:
            raise AgentsimError(f"{name}: {key} is missing; add it")


def _take_numbers(spread: Spread, *names: str) -> None:
    """Turn fields of a spread into floats, or refuse them; None stays."""
    for name in names:
        given = getattr(spread, name)
        if given is not None:
            object.__setattr__(spread, name, _number(name, given))
        elif name not in ("low", "high"):
            raise AgentsimError(f"{name} is missing; add it")


def _number(name: str, given: Any) -> float:
    """Return a number, Python's or NumPy's, as a float; anything else is refused."""
    if hasattr(given, "item") and getattr(given, "ndim", 1) == 0:
        given = given.item()
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise AgentsimError(f"{name} = {shown(given)} is not a number; give one")
    if not -MOST <= given <= MOST:
        raise AgentsimError(
            f"{name} = {shown(given)} is not a finite number, or too large; "
            f"give one from {-MOST:g} to {MOST:g}"
        )
    return float(given)


def _check_order(**ends: float | None) -> None:
    """Refuse two ends in the wrong order, and one level given as a range."""
    (low_name, low), (high_name, high) = ends.items()
    if low is None or high is None or low < high:
        return
    remedy = "swap them" if low > high else "a single value is a list, [in brackets]"
    raise AgentsimError(f"{low_name} = {low:g} is not below {high_name} = {high:g}; {remedy}")


def _check_above(name: str, given: float, least: float, remedy: str) -> None:
    """Refuse what is not above a number."""
    if given <= least:
        raise AgentsimError(f"{name} = {given:g} is not above {least:g}; {remedy}")


def _check_whole(whole: Any, **ends: float | None) -> None:
    """Refuse what is not true or false, and ends between whole numbers if it is true."""
    if not isinstance(whole, bool):
        raise AgentsimError(f"whole = {shown(whole)} is neither true nor false; give one")
    for name, end in ends.items():
        if whole and end is not None and not end.is_integer():
            raise AgentsimError(
                f"{name} = {end:g} is not a whole number; round it, or take out whole"
            )


def _stats() -> Any:
    """Return scipy.stats, which takes long to import and few experiments need."""
    from scipy import stats

    return stats
