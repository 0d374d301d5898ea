"""Distributions: spreads by the quantiles of scipy.stats, cut to bounds or to all but their tails."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from agentsim.batch.spreads import Spread, check_above, check_order, check_whole, take_numbers
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array

TAIL = 0.0005
"""Share of probability cut off an end without a bound, so that u = 0 and u = 1 are finite."""

LEAST_MASS = 1e-6
"""Least probability that bounds may leave of a distribution; below it quantiles lose digits."""

MOST_SIGMA = 20.0
LEAST_SHAPE, MOST_SHAPE = 0.01, 1e4


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
        take_numbers(self, "mean", "sd", "low", "high")
        check_above("sd", self.sd, 0.0, "raise it")
        check_order(low=self.low, high=self.high)
        check_whole(self.whole, low=self.low, high=self.high)
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
        take_numbers(self, "median", "sigma", "low", "high")
        check_above("median", self.median, 0.0, "raise it")
        check_above("sigma", self.sigma, 0.0, "raise it")
        if self.sigma > MOST_SIGMA:
            raise AgentsimError(
                f"sigma = {self.sigma:g} is above {MOST_SIGMA:g}; it is that of the natural log, "
                "lower it"
            )
        if self.low is not None:
            check_above("low", self.low, 0.0, "raise it, or take it out")
        check_order(low=self.low, high=self.high)
        check_whole(self.whole, low=self.low, high=self.high)
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
        take_numbers(self, "low", "mode", "high")
        check_order(low=self.low, high=self.high)
        if not self.low <= self.mode <= self.high:
            raise AgentsimError(
                f"mode = {self.mode:g} is outside low = {self.low:g} to high = {self.high:g}; "
                "move it between them"
            )
        check_whole(self.whole, low=self.low, high=self.high)

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
        take_numbers(self, "a", "b", "low", "high")
        for name, shape in (("a", self.a), ("b", self.b)):
            if not LEAST_SHAPE <= shape <= MOST_SHAPE:
                raise AgentsimError(
                    f"{name} = {shape:g} is out of bounds; "
                    f"it must lie between {LEAST_SHAPE:g} and {MOST_SHAPE:g}"
                )
        check_order(low=self.low, high=self.high)
        check_whole(self.whole, low=self.low, high=self.high)

    def _frozen(self) -> Any:
        return _stats().beta(self.a, self.b, loc=self.low, scale=self.high - self.low)


def _stats() -> Any:
    """Return scipy.stats, which takes long to import and few experiments need."""
    from scipy import stats

    return stats
