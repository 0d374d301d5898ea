"""Measures: what the report says of a study, each number with its 95% interval.

Differences are paired: run i of two cells met the same luck and drew the same assumptions. Shares
are ratios of means. Nothing here draws or writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agentsim.batch.intervals import (
    KEY,
    MOST_GROUPS,
    Interval,
    bootstrap_mean,
    paired_difference,
    ratio_of_differences,
    ratio_of_means,
    resamples,
    share_of_draws,
)
from agentsim.laws.numerics import Array
from agentsim.report.axes import Level
from agentsim.report.study import TOTAL, Key, Study

CUSTOMERS, HYPERSCALERS, SHARE = "customer_surplus", "hyperscaler_value", "customer_share"


def value(study: Study, outcome: str, key: Key, variant: str | None = None) -> Interval:
    """Return the mean of an outcome in a cell."""
    return bootstrap_mean(study.x(outcome, *key, variant))


def customers_share(
    study: Study, key: Key, variant: str | None = None, suffix: str = ""
) -> Interval:
    """Return customers' share of total surplus in a cell; with a suffix, of that to the horizon."""
    return ratio_of_means(
        study.x(CUSTOMERS + suffix, *key, variant), study.x(TOTAL + suffix, *key, variant)
    )


def change(study: Study, outcome: str, before: Key, after: Key) -> Interval:
    """Return how an outcome changes from one cell to another."""
    return paired_difference(study.x(outcome, *after), study.x(outcome, *before))


def share_change(
    study: Study,
    before: Key,
    after: Key,
    variants: tuple[str | None, str | None] = (None, None),
    suffix: str = "",
) -> Interval:
    """Return how customers' share changes from one cell to another, 1 being all of it."""
    earlier, later = variants
    return difference_of_ratios(
        study.x(CUSTOMERS + suffix, *after, later),
        study.x(TOTAL + suffix, *after, later),
        study.x(CUSTOMERS + suffix, *before, earlier),
        study.x(TOTAL + suffix, *before, earlier),
    )


def gain(study: Study, key: Key, suffix: str = "") -> Interval:
    """Return what a shock adds to total surplus, against none."""
    return change(study, TOTAL + suffix, calm(study, key), key)


def share_of_gain(study: Study, key: Key) -> Interval:
    """Return customers' share of what a shock adds; NaN where that is not told from nothing."""
    before = calm(study, key)
    return ratio_of_differences(
        study.x(CUSTOMERS, *key),
        study.x(CUSTOMERS, *before),
        study.x(TOTAL, *key),
        study.x(TOTAL, *before),
    )


def from_base(study: Study, outcome: str, key: Key, variant: str) -> Interval:
    """Return how an outcome differs in a variant from the main design."""
    return paired_difference(study.x(outcome, *key, variant), study.x(outcome, *key))


def calm(study: Study, key: Key) -> Key:
    """Return the same cell with nothing striking."""
    return key[0], study.calm, key[2]


def escalation(study: Study, shock: Level, demand: Level | None = None) -> tuple[Key, Key]:
    """Return the cells that escalation leads from and to."""
    where = study.reference if demand is None else demand
    return (study.mild, shock, where), (study.fierce, shock, where)


def holds(x: Array) -> float:
    """Return the share of draws in which a number is above zero, of those that have one."""
    there = np.isfinite(x)
    return share_of_draws(x[there] > 0.0) if there.any() else float("nan")


def difference_of_ratios(num_a: Any, den_a: Any, num_b: Any, den_b: Any) -> Interval:
    """Return mean(num_a)/mean(den_a) - mean(num_b)/mean(den_b) over the runs that have all."""
    columns = np.stack(
        [np.asarray(each, dtype=np.float64) for each in (num_a, den_a, num_b, den_b)]
    )
    columns = columns[:, np.isfinite(columns).all(axis=0)]
    n = columns.shape[1]
    if n == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    sums = columns
    if n > MOST_GROUPS:
        sums = np.add.reduceat(columns, np.arange(MOST_GROUPS) * n // MOST_GROUPS, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b, c, d = columns.sum(axis=1)
        estimate = float(a / b - c / d)
        if n == 1:
            return Interval(estimate, np.nan, np.nan, 1)
        e, f, g, h = (resamples(sums.shape[1]) @ sums.T).T
        low, high = np.nanquantile(e / f - g / h, [0.025, 0.975])
    return Interval(estimate, float(low), float(high), n)


PERMUTATIONS = 1000
TINY = 1e-9
"""A dollar, or a billionth of a share: what rounding leaves of a difference that is none."""


def sign(interval: Interval) -> int:
    """Return 1 or -1 where the interval lies on that side of zero, 0 where it does not tell."""
    if interval.low > TINY:
        return 1
    return -1 if interval.high < -TINY else 0


@dataclass(frozen=True)
class Driver:
    """A marked range, and how outcomes rank with what is drawn from it."""

    name: str
    low: float
    high: float
    correlations: dict[str, float]
    """Spearman's rank correlation over the draws, by outcome."""

    @property
    def strength(self) -> float:
        """The largest correlation, whatever its sign."""
        found = [abs(each) for each in self.correlations.values() if np.isfinite(each)]
        return max(found, default=0.0)


def drivers(study: Study, outcomes: dict[str, Array], most: int = 10) -> list[Driver]:
    """Return the marked ranges that outcomes rank with most, strongest first."""
    from agentsim.scenario import Scenario

    ranges = Scenario.load(study.experiment.scenario).ranges
    draws = study.results.draws.sort_values("run")
    found = []
    for name in draws.columns.drop("run"):
        drawn = draws[name].to_numpy(dtype=np.float64)
        correlations = {each: rank_correlation(drawn, x) for each, x in outcomes.items()}
        marked = ranges.get(str(name))
        low, high = (drawn.min(), drawn.max()) if marked is None else (marked.low, marked.high)
        found.append(Driver(str(name), float(low), float(high), correlations))
    return sorted(found, key=lambda each: -each.strength)[:most]


def rank_correlation(x: Array, y: Array) -> float:
    """Return Spearman's correlation over the runs that have both; NaN where one is constant."""
    import pandas as pd

    if len(x) != len(y):
        return float("nan")
    there = np.isfinite(x) & np.isfinite(y)
    if there.sum() < 3:
        return float("nan")
    a, b = (pd.Series(each[there]).rank().to_numpy() for each in (x, y))
    spread = float(a.std() * b.std())
    if spread == 0.0:
        return float("nan")
    return float(np.mean((a - a.mean()) * (b - b.mean())) / spread)


def null_bound(study: Study) -> float:
    """Return what the largest rank correlation of a column with chance stays below, 19 times in 20.

    The more ranges are drawn the larger the largest of their correlations with nothing at all.
    Outcomes are permuted, which leaves what the drawn columns have to do with each other.
    """
    draws = study.results.draws.sort_values("run").drop(columns="run")
    n = min(len(draws), MOST_GROUPS)
    ranks = draws.iloc[:n].rank().to_numpy(dtype=np.float64)
    spread = ranks.std(axis=0)
    ranks = (ranks[:, spread > 0.0] - ranks[:, spread > 0.0].mean(axis=0)) / spread[spread > 0.0]
    if n < 3 or ranks.shape[1] == 0:
        return float("nan")
    rng = np.random.Generator(np.random.Philox(key=[KEY, n]))
    rising = (np.arange(n) - (n - 1) / 2.0) / np.arange(n).std()
    largest = [np.abs(rng.permutation(rising) @ ranks).max() / n for _ in range(PERMUTATIONS)]
    # With more runs than are permuted here, the bound is narrower by the root of their number.
    return float(np.quantile(largest, 0.95) * np.sqrt((n - 1) / (len(draws) - 1)))
