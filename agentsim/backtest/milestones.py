"""Milestones: the few figures that say whether a market of 2023 became that of 2025.

Each is a number a run, beside the same worked out from facts: growth, levels, falls and swings over
the years, where a table of quarters says only whether each of them is inside its band.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.history import Known, number_of
from agentsim.backtest.measures import MEASURES, Tables
from agentsim.backtest.regularities import LEADER
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

FOUR_LARGEST = "four largest"
PRICED = (
    *(("2023Q4", "2024Q4"), ("2024Q4", "2025Q3"), ("2023Q4", "2025Q3")),
    *(("2024Q4", "2025Q4"), ("2023Q4", "2025Q4")),
)
"""Between which quarters a fall of price is told; that of the last is not known."""


@dataclass(frozen=True)
class Milestone:
    """A figure of each run, and of the facts."""

    name: str
    unit: str
    runs: Array
    """`(runs,)`."""
    fact: float
    """NaN where none is published as a number."""


@dataclass(frozen=True)
class Told:
    """What is known of a market: facts and runs, both by series and quarter."""

    facts: dict[tuple[str, str, str], float]
    tables: Tables
    base: int

    def runs(self, series: str, firm: str, quarter: str) -> Array:
        """Return a series in a quarter, `(runs,)`."""
        found: pd.DataFrame = MEASURES[series](self.tables, firm).unstack("quarter")
        return found[number_of(quarter) - self.base].to_numpy(np.float64)

    def fact(self, series: str, firm: str, quarter: str) -> float:
        """Return the same as it was; NaN where it is not known."""
        return self.facts.get((series, firm, quarter), float("nan"))

    def change(self, name: str, series: str, firm: str, first: str, last: str) -> Milestone:
        """Return growth a year from one quarter to another, %."""
        then, now = (self.runs(series, firm, each) for each in (first, last))
        known = self.fact(series, firm, last) / self.fact(series, firm, first)
        years = (number_of(last) - number_of(first)) / 4.0
        runs = 100.0 * ((now / then) ** (1.0 / years) - 1.0)
        return Milestone(name, "% a year", runs, 100.0 * (known ** (1.0 / years) - 1.0))

    def level(
        self, name: str, unit: str, series: str, firm: str, quarter: str, scale: float = 1.0
    ) -> Milestone:
        """Return a series in a quarter."""
        found, known = self.runs(series, firm, quarter), self.fact(series, firm, quarter)
        return Milestone(name, unit, scale * found, scale * known)


def milestones(facts: Sequence[Known], tables: Tables, base: str) -> Iterator[Milestone]:
    """Yield the figures, in the order in which they are told. `tables` know what stood at `base`."""
    t = Told({each.key: each.value for each in facts}, tables, number_of(base))
    compute = t.change("world compute, ends of 2023 to 2025", "cumulative_compute", "world",
                       "2023Q4", "2025Q4")  # fmt: skip
    yield Milestone(
        f"{compute.name}", "times a year", 1.0 + compute.runs / 100.0, 1.0 + compute.fact / 100.0
    )
    yield t.level(
        "capex of the four largest, 2025Q4", "$bn", "company_capex", FOUR_LARGEST, "2025Q4"
    )
    for quarter in ("2024Q1", "2025Q3"):
        yield t.level(
            f"leader's gross margin, {quarter}", "%", "gross_margin", LEADER, quarter, 100.0
        )
    for quarter in ("2025Q1", "2025Q2", "2025Q3"):
        yield t.level(
            f"leader's data-centre revenue, {quarter}",
            "$bn",
            "data_center_revenue",
            LEADER,
            quarter,
        )
    for quarter in ("2023Q4", "2025Q4"):
        yield t.level(
            f"leader's share of compute, {quarter}", "%", "share_of_compute", LEADER, quarter, 100.0
        )
    for first, last in PRICED:
        name = f"price per H100e, {first} to {last}"
        yield t.change(name, "price_per_h100e", LEADER, first, last)
    yield _swing(t)
    for quarter in ("2025Q1", "2025Q4"):
        idle = tables.market["idle_share"].unstack("quarter")[number_of(quarter) - t.base]
        yield Milestone(f"idle chips, {quarter}", "%", 100.0 * idle.to_numpy(), float("nan"))
    yield t.level(
        "consumer surplus over revenue, 2025", "1", "consumer_surplus_ratio", "users", "2025Q4"
    )


def _swing(t: Told) -> Milestone:
    """Return memory's gross margin from its lowest to its highest quarter since the base, in points."""
    found = MEASURES["memory_margin"](t.tables, "").unstack("quarter")
    known = [value for (series, _, _), value in t.facts.items() if series == "memory_margin"]
    swing = 100.0 * (found.max(axis=1) - found.min(axis=1)).to_numpy()
    return Milestone(
        "memory's gross margin, trough to peak", "points", swing, 100.0 * (max(known) - min(known))
    )


def growing(tables: Tables, base: str, first: str) -> tuple[int, int]:
    """Return in how many quarters after `first` the median capex of the four largest grows, of how many."""
    found = MEASURES["company_capex"](tables, FOUR_LARGEST).unstack("quarter").median()
    steps = np.diff(found.to_numpy()[number_of(first) - number_of(base) :])
    return int((steps > 0.0).sum()), len(steps)
