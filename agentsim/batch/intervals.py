"""Bootstrap intervals over runs: how far luck and the marked ranges leave a mean open.

Each resample draws as many runs as there are, with replacement. The draws follow from the number
of runs alone, so that a figure has the same interval each time it is made, and two cells of one
experiment, whose runs are paired by number, are resampled together.

Everything is a ratio of sums over runs, which takes care of runs without a value, and of many
runs: beyond `MOST_GROUPS` they are added up in that many groups first, and groups are resampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from agentsim.laws.numerics import Array

RESAMPLES = 2000
MOST_GROUPS = 2000
KEY = 20251231
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95% interval: numbers, or one a column `(columns,)`.

    All NaN where no run has a value; the bounds NaN where only one has.
    """

    value: Any
    low: Any
    high: Any
    n: Any
    """Runs that had a value."""

    @property
    def excludes_zero(self) -> Any:
        """Whether all of the interval lies on one side of zero."""
        return (np.asarray(self.low) > 0.0) | (np.asarray(self.high) < 0.0)


def bootstrap_mean(x: Any) -> Interval:
    """Return the mean over runs of x `(runs,)` or `(runs, columns)`, NaN left out."""
    x, one = _columns(x)
    there = np.isfinite(x)
    sums = _Sums(there)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _interval(sums(x) / sums.count(), one, there)


def ratio_of_means(num: Any, den: Any) -> Interval:
    """Return mean(num) / mean(den) over the runs that have both; shapes as in `bootstrap_mean`.

    A share is a ratio of means: the mean of ratios would be ruled by runs with little to share.
    """
    (num, one), (den, _) = _columns(num), _columns(den)
    there = np.isfinite(num) & np.isfinite(den)
    sums = _Sums(there)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _interval(sums(num) / sums(den), one, there)


def paired_difference(a: Any, b: Any) -> Interval:
    """Return mean(a - b), run i of a beside run i of b."""
    return bootstrap_mean(np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64))


def ratio_of_differences(
    num_after: Any, num_before: Any, den_after: Any, den_before: Any
) -> Interval:
    """Return the share of a gain: mean(num_after - num_before) / mean(den_after - den_before).

    NaN where the interval of the gain itself, the denominator, does not exclude zero: a share of
    nothing in particular says nothing.
    """
    num = np.asarray(num_after, dtype=np.float64) - np.asarray(num_before, dtype=np.float64)
    den = np.asarray(den_after, dtype=np.float64) - np.asarray(den_before, dtype=np.float64)
    gain, share = bootstrap_mean(den), ratio_of_means(num, den)
    told = gain.excludes_zero
    value, low, high = (
        np.where(told, each, np.nan)[()] for each in (share.value, share.low, share.high)
    )
    return Interval(value, low, high, share.n)


def resampled_means(x: Any) -> Array:
    """Return means over runs of x `(runs, columns)`: over all in row 0, then over each resample.

    For what is worked out from several means together: columns are resampled jointly, and a run
    without a value in one of them is left out of all.
    """
    x = np.asarray(x, dtype=np.float64)
    there = np.isfinite(x).all(axis=1, keepdims=True)
    sums = _Sums(there)
    with np.errstate(divide="ignore", invalid="ignore"):
        means: Array = sums(x) / sums.count()
    return means


def ordered_bounds(estimates: Array) -> tuple[float, float]:
    """Return the ends of the middle 95% of numbers `(n,)`, each one of them; they may be infinite."""
    x = np.sort(estimates)
    last, tail = len(x) - 1, (1.0 - LEVEL) / 2.0
    return float(x[int(np.floor(tail * last))]), float(x[int(np.ceil((1.0 - tail) * last))])


def share_of_draws(holds: Any) -> float:
    """Return the share of runs in which something holds: `share_of_draws(x > 0)`."""
    return float(np.mean(np.asarray(holds, dtype=np.float64)))


def quantiles(x: Array, levels: Sequence[float]) -> Array:
    """Return quantiles of x `(..., n)` along its last axis, `(levels, ...)`, NaN left out.

    As NumPy's, linear between neighbours, but by a sort, several times faster on short axes.
    """
    x = np.sort(x, axis=-1)  # NaN comes last
    last = np.maximum(np.isfinite(x).sum(axis=-1) - 1, 0)
    found = []
    for level in levels:
        place = level * last
        below = place.astype(np.int64)
        low, high = (
            np.take_along_axis(x, at[..., None], axis=-1)[..., 0]
            for at in (below, np.minimum(below + 1, last))
        )
        found.append(low + (place - below) * (high - low))
    return np.stack(found)


class _Sums:
    """Sums over the runs that count: over all of them in row 0, then over each resample."""

    def __init__(self, there: Array) -> None:
        self.there = there
        runs = len(there)
        self.starts = None
        if runs > MOST_GROUPS:
            self.starts = np.arange(MOST_GROUPS) * runs // MOST_GROUPS
        self.weights = resamples(min(runs, MOST_GROUPS))

    def __call__(self, x: Array) -> Array:
        """Return sums `(1 + RESAMPLES, columns)` of x `(runs, columns)`."""
        x = np.where(self.there, x, 0.0)
        if self.starts is not None:
            x = np.add.reduceat(x, self.starts, axis=0)
        return np.concatenate([x.sum(axis=0, keepdims=True), self.weights @ x])

    def count(self) -> Array:
        """Return how many runs counted, by resample too."""
        if self.starts is None and self.there.all():  # resamples are as large as the whole
            return np.full((1, 1), float(len(self.there)))
        return self(np.ones_like(self.there))


@lru_cache(maxsize=4)
def resamples(runs: int) -> Array:
    """Return how often each resample draws each run, `(RESAMPLES, runs)`."""
    rng = np.random.Generator(np.random.Philox(key=[KEY, runs]))
    picked = rng.integers(0, runs, (RESAMPLES, runs)) + np.arange(RESAMPLES)[:, None] * runs
    counts = np.bincount(picked.ravel(), minlength=RESAMPLES * runs)
    weights = counts.reshape(RESAMPLES, runs).astype(np.float64)
    weights.setflags(write=False)
    return weights


def _columns(x: Any) -> tuple[Array, bool]:
    """Return x as `(runs, columns)`, and whether it was one column."""
    array = np.asarray(x, dtype=np.float64)
    return (array[:, None], True) if array.ndim == 1 else (array, False)


def _interval(estimates: Array, one: bool, there: Array) -> Interval:
    """Return the estimate in row 0 with the percentiles of the resampled ones below it."""
    tails = [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0]
    n = there.sum(axis=0)
    bounds = quantiles(estimates[1:].T, tails)
    low, high = np.where(n > 1, bounds, np.nan)  # a single run tells nothing of the spread
    parts = (estimates[0], low, high, n)
    if one:
        value, low, high, n = (part[0] for part in parts)
        return Interval(float(value), float(low), float(high), int(n))
    return Interval(*parts)
