"""Spread: how far a number differs from draw to draw, beside its mean and how well that is known.

An interval of a mean narrows with the number of draws; the range of the draws does not. Both are
needed: the one tells whether a mean has a sign, the other what a single future may bring.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from agentsim.batch.intervals import Interval, bootstrap_mean, quantiles
from agentsim.laws.numerics import Array
from agentsim.report.measures import TINY

APART = 2.0
"""Mean and median that differ by more than this factor are said to be apart."""


@dataclass(frozen=True)
class Spread:
    """A mean with its 95% interval, and the draws that it is the mean of."""

    mean: Interval
    median: float
    low: float
    """The number that 5% of the draws stay below."""
    high: float
    """The number that 95% of the draws stay below."""
    above: float
    """The share of draws above zero."""
    below: float
    """The share of draws below zero."""
    unchanged: float
    """The share of draws at zero, to the dollar."""

    @property
    def apart(self) -> bool:
        """Whether mean and median differ in sign or by a factor, as when few draws rule the mean.

        A median within the interval of the mean cannot be told from it.
        """
        mean, median = float(self.mean.value), self.median
        if not math.isfinite(self.mean.low) or self.mean.low <= median <= self.mean.high:
            return False
        if mean * median <= 0.0:
            return True
        return not 1.0 / APART <= mean / median <= APART

    def on_side(self, sign: int) -> float:
        """Return the share of draws on one side of zero."""
        return self.above if sign > 0 else self.below


def spread(x: Array, mean: Interval | None = None) -> Spread:
    """Return the spread of a number over its draws; `mean` where that is no mean of x, as a share."""
    there = x[np.isfinite(x)]
    if mean is None:
        mean = bootstrap_mean(x)
    if not len(there):
        return Spread(mean, *(math.nan,) * 6)
    low, median, high = (float(each) for each in quantiles(there, [0.05, 0.5, 0.95]))
    sides = (float(np.mean(each)) for each in (there > TINY, there < -TINY, abs(there) <= TINY))
    return Spread(mean, median, low, high, *sides)
