"""Screening: which marked ranges move any of the targets, so that the facts can tell about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agentsim.calibration.draws import stratified
from agentsim.fitting.proposals import Question
from agentsim.fitting.targets import distance, weights
from agentsim.laws.numerics import Array

BEST = 0.05
"""Share of points whose place in each range is compared with that of all points."""
CORRELATED = 0.2
"""Rank correlation with some target from which on a range is fitted."""
PINNED = 0.1
"""Kolmogorov-Smirnov distance between the best points and all from which on it is fitted."""


@dataclass(frozen=True)
class Screened:
    """What a first wave over all marked ranges shows."""

    correlation: dict[str, float]
    """The largest rank correlation of each range with any target, by label, without sign."""
    pinned: dict[str, float]
    """How far the best points lie from all on each range, from 0 to 1, by label."""
    distance: Array
    """The distance of every point, `(points,)`."""

    @property
    def kept(self) -> tuple[str, ...]:
        """The ranges that are fitted, in the order of the calibration."""
        return tuple(
            label
            for label in self.correlation
            if self.correlation[label] >= CORRELATED or self.pinned[label] >= PINNED
        )


def screen(question: Question, count: int, entropy: int, folder: Path) -> Screened:
    """Simulate a Latin hypercube of all marked ranges, and see which of them matter."""
    from scipy.stats import kstest, rankdata

    ranges = question.scenario.ranges
    points = {label: stratified(count, (entropy, 1), label) for label in ranges}
    found = question.answer(points, folder, entropy)
    apart = distance(found, weights(question.targets))
    fine = np.isfinite(apart)
    ranks = np.column_stack([rankdata(column) for column in found[fine].T])
    ranks = _standard(ranks)
    best = apart <= np.quantile(apart[fine], BEST)
    correlation, pinned = {}, {}
    for label, u in points.items():
        place = _standard(rankdata(u[fine])[:, np.newaxis])
        correlation[label] = float(np.abs((place * ranks).mean(axis=0)).max())
        pinned[label] = float(kstest(u[best], "uniform").statistic)
    return Screened(correlation, pinned, apart)


def _standard(x: Array) -> Array:
    """Return columns with mean 0 and standard deviation 1."""
    spread = x.std(axis=0)
    return np.asarray((x - x.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0))
