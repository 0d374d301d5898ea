"""Targets: the facts that calibrated markets must resemble, and how far a market lies from them.

A market is compared with each fact in units of a standard deviation: what is not known about the
fact, where its source gives a range, and what the model cannot be expected to meet, together. The
distance is the root mean square over series, and within each over its quarters, so that a series
that is reported often does not count for more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.history import Known, number_of
from agentsim.backtest.measures import MEASURES, Tables
from agentsim.backtest.testing import FITTED_UNTIL, standing
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

RANGE_SDS = 3.29
"""Standard deviations in a range that holds 90 per cent of a normal distribution."""


@dataclass(frozen=True)
class Tolerance:
    """How far a market may lie from the facts of a series."""

    sd: float
    """Standard deviation of what the model cannot be expected to meet."""
    in_logs: bool
    """Whether it is one of logarithms, that is, of ratios."""
    why: str


TOLERANCES: dict[tuple[str, str], Tolerance] = {
    ("company_capex", "four largest"): Tolerance(
        0.10, True, "capex is lumpy: quarters stray from their trend by about a tenth"
    ),
    ("data_center_revenue", "nvidia"): Tolerance(
        0.15, True, "fiscal quarters end a month late, and networks are counted in"
    ),
    ("gross_margin", "nvidia"): Tolerance(0.04, False, "mix and charges of single quarters"),
    ("price_per_h100e", "nvidia"): Tolerance(
        0.15, True, "sales over an estimate of shipments, for a mix of chips"
    ),
    ("cumulative_compute", "world"): Tolerance(0.10, True, "estimates of shipments"),
    ("share_of_compute", "nvidia"): Tolerance(0.03, False, "estimates of shipments"),
    ("memory_margin_year", "micron"): Tolerance(
        0.06, False, "one maker, and all of its memory, for the whole market of one kind"
    ),
    ("service_revenue", "hyperscalers"): Tolerance(
        0.40, True, "one lab's sales over its compute, taken for all"
    ),
    ("delivery_weeks", "nvidia"): Tolerance(
        0.50, True, "what is not filled lapses and is ordered anew; a queue would remember it"
    ),
}
"""Series and firms whose facts are fitted, with what is granted to the model.

Not fitted though there are facts: the capex of single firms, by which postures are chosen; the
leader's compute, which follows from the world's and its share; and consumer surplus, which total
demand as it is modelled cannot reach (see docs/findings.md).
"""


@dataclass(frozen=True)
class Target:
    """One fact that is fitted, and the standard deviation that it counts with."""

    fact: Known
    sd: float
    in_logs: bool

    @property
    def name(self) -> str:
        """Series, firm and quarter."""
        return ".".join(self.fact.key).replace(" ", "_")

    def apart(self, simulated: Array) -> Array:
        """Return how far simulated values lie from the fact, in standard deviations."""
        if self.in_logs:
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.asarray(np.log(simulated / self.fact.value) / self.sd)
        return np.asarray((simulated - self.fact.value) / self.sd)


def targets(facts: Sequence[Known], base: str) -> list[Target]:
    """Return the facts that are fitted: after the base quarter, and until FITTED_UNTIL."""
    first, last = number_of(base), number_of(FITTED_UNTIL)
    found = []
    for each in facts:
        tolerance = TOLERANCES.get((each.series, each.firm))
        if tolerance is None or not first < number_of(each.quarter) <= last:
            continue
        sd = float(np.hypot(tolerance.sd, _of_the_fact(each, tolerance.in_logs)))
        found.append(Target(each, sd, tolerance.in_logs))
    return found


def _of_the_fact(fact: Known, in_logs: bool) -> float:
    """Return the standard deviation that the range of a fact stands for; 0 where it has none."""
    if fact.low is None or fact.high is None:
        return 0.0
    width = np.log(fact.high / fact.low) if in_logs else fact.high - fact.low
    return float(width / RANGE_SDS)


def residuals(
    wanted: Sequence[Target], facts: Sequence[Known], tables: Tables, base: str
) -> pd.DataFrame:
    """Return how far every run lies from every target, a row a run and a column a target.

    Runs that failed have no values there.
    """
    import pandas as pd

    tables = standing(facts, tables, base)
    measured: dict[tuple[str, str], pd.DataFrame] = {}
    columns = {}
    for each in wanted:
        series, firm = each.fact.series, each.fact.firm
        if (series, firm) not in measured:
            measured[series, firm] = MEASURES[series](tables, firm).unstack("quarter").sort_index()
        quarter = number_of(each.fact.quarter) - number_of(base)
        columns[each.name] = each.apart(measured[series, firm][quarter].to_numpy(np.float64))
    index = next(iter(measured.values())).index
    return pd.DataFrame(columns, index=index)


def weights(wanted: Sequence[Target]) -> Array:
    """Return the weight of each target's square in that of the distance; they add up to one."""
    series = [(each.fact.series, each.fact.firm) for each in wanted]
    share = 1.0 / len(set(series))
    return np.array([share / series.count(each) for each in series])


def distance(found: Array, weight: Array) -> Array:
    """Return the distance of each run, `(runs,)`, from its residuals, `(runs, targets)`."""
    return np.asarray(np.sqrt((np.square(found) * weight).sum(axis=-1)))
