"""Screening: which marked ranges move any of the targets, so that the facts can tell about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agentsim.calibration.draws import stratified
from agentsim.errors import AgentsimError
from agentsim.fitting.proposals import Question
from agentsim.fitting.targets import distance, weights
from agentsim.laws.numerics import Array

BEST = 0.05
"""Share of points whose place in each range is compared with that of all points."""
CORRELATED = 0.2
"""Least rank correlation with some target that is worth fitting a range for."""
PINNED = 0.1
"""Least Kolmogorov-Smirnov distance of the best points from all that is worth fitting it for."""
CHANCE = 0.05
"""Of finding, by either measure, any range at all where none matters."""


@dataclass(frozen=True)
class Screened:
    """What a first wave over all marked ranges shows."""

    correlation: dict[str, float]
    """The largest rank correlation of each range with any target, by label, without sign."""
    pinned: dict[str, float]
    """How far the best points lie from all on each range, from 0 to 1, by label."""
    least_correlation: float
    """From which on a range is fitted: see `thresholds`."""
    least_pinned: float
    """The same of `pinned`; a range is fitted that reaches either."""
    distance: Array
    """The distance of every point, `(points,)`."""

    @property
    def kept(self) -> tuple[str, ...]:
        """The ranges that are fitted, in the order of the calibration."""
        return tuple(
            label
            for label in self.correlation
            if self.correlation[label] >= self.least_correlation
            or self.pinned[label] >= self.least_pinned
        )


def screen(question: Question, count: int, entropy: int, folder: Path) -> Screened:
    """Simulate a Latin hypercube of all marked ranges, and see which of them matter.

    Raises AgentsimError, one line, where none of them is seen to, or no market came through.
    """
    from scipy.stats import kstest, rankdata

    ranges = question.scenario.ranges
    points = {label: stratified(count, (entropy, 1), label) for label in ranges}
    found = question.answer(points, folder, entropy)
    apart = distance(found, weights(question.targets))
    fine = np.isfinite(apart)
    if not fine.any():
        raise AgentsimError(f"screened = {count}: every market failed; agentsim run says why")
    ranks = np.column_stack([rankdata(column) for column in found[fine].T])
    ranks = _standard(ranks)
    best = apart <= np.quantile(apart[fine], BEST)
    correlation, pinned = {}, {}
    for label, u in points.items():
        place = _standard(rankdata(u[fine])[:, np.newaxis])
        correlation[label] = float(np.abs((place * ranks).mean(axis=0)).max())
        pinned[label] = float(kstest(u[best], "uniform").statistic)
    least = thresholds(int(fine.sum()), int(best.sum()), len(ranges), found.shape[1])
    screened = Screened(correlation, pinned, *least, apart)
    if not screened.kept:
        raise AgentsimError(
            f"screened = {count} points do not tell any range that moves a target from chance; "
            f"give more, such as {10 * count}"
        )
    return screened


def thresholds(points: int, best: int, ranges: int, targets: int) -> tuple[float, float]:
    """Return the rank correlation and the Kolmogorov-Smirnov distance from which on a range is fitted.

    Both are the least that is worth it, or what luck alone may show if that is more. All `ranges`
    are tried, each with all `targets`, and the largest counts: each single trial has its share of
    CHANCE (Bonferroni). The distance is that of one sample, of `best` points, from the uniform
    distribution that a hypercube of `points` has by design.
    """
    from scipy.stats import kstwo, norm

    correlation = norm.isf(CHANCE / (2 * ranges * targets)) / np.sqrt(max(points - 1, 1))
    pinned = kstwo.isf(CHANCE / ranges, best)
    return max(CORRELATED, float(correlation)), max(PINNED, float(pinned))


def _standard(x: Array) -> Array:
    """Return columns with mean 0 and standard deviation 1."""
    spread = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0))
