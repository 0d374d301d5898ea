"""Spreads: ranges, and what distributions have in common with them.

    >>> Between(low=0.8, high=2.0).bounds
    (0.8, 2.0)

A spread is read at places `u` from 0 to 1, its share of probability below the value.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agentsim.calibration.draws import Range
from agentsim.errors import AgentsimError, check_known, shown
from agentsim.laws.numerics import Array

MARKED = "marked"
"""The text that stands for the range which the calibration marks."""

SCALES = ("linear", "log")

MOST = 1e100
"""Largest number in a factor: what is computed from it stays finite."""


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
        take_numbers(self, "low", "high")
        check_known("scale", self.scale, SCALES)
        check_order(low=self.low, high=self.high)
        if self.scale == "log":
            check_above("low", self.low, 0.0, "raise it, or use the linear scale")
        check_whole(self.whole, low=self.low, high=self.high)

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


# Checking


def take_numbers(spread: Spread, *names: str) -> None:
    """Turn fields of a spread into floats, or refuse them; None stays."""
    for name in names:
        given = getattr(spread, name)
        if given is not None:
            object.__setattr__(spread, name, number(name, given))
        elif name not in ("low", "high"):
            raise AgentsimError(f"{name} is missing; add it")


def number(name: str, given: Any) -> float:
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


def check_order(**ends: float | None) -> None:
    """Refuse two ends in the wrong order, and one level given as a range."""
    (low_name, low), (high_name, high) = ends.items()
    if low is None or high is None or low < high:
        return
    remedy = "swap them" if low > high else "a single value is a list, [in brackets]"
    raise AgentsimError(f"{low_name} = {low:g} is not below {high_name} = {high:g}; {remedy}")


def check_above(name: str, given: float, least: float, remedy: str) -> None:
    """Refuse what is not above a number."""
    if given <= least:
        raise AgentsimError(f"{name} = {given:g} is not above {least:g}; {remedy}")


def check_whole(whole: Any, **ends: float | None) -> None:
    """Refuse what is not true or false, and ends between whole numbers if it is true."""
    if not isinstance(whole, bool):
        raise AgentsimError(f"whole = {shown(whole)} is neither true nor false; give one")
    for name, end in ends.items():
        if whole and end is not None and not end.is_integer():
            raise AgentsimError(
                f"{name} = {end:g} is not a whole number; round it, or take out whole"
            )
