"""Outlook: the series that a forecast tells, their units, and what in the model answers to each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentsim.backtest.history import Known
from agentsim.backtest.measures import MEASURES, SERIES, Tables

if TYPE_CHECKING:
    import pandas as pd

NEEDED = (
    *SERIES,
    *("capex", "compute", "service_price", "gpu_rent", "write_downs"),
)
"""What a batch must keep for a forecast."""

Measure = Callable[[Tables, str], "pd.Series[float]"]
"""From tables and a firm to a number a run and quarter."""


@dataclass(frozen=True)
class Line:
    """A series of one firm, or of all together, with its unit."""

    series: str
    firm: str
    unit: str
    facts_of: str = ""
    """The firm whose facts stand beside it, where it is another."""

    def facts(self, known: Iterable[Known]) -> dict[str, float]:
        """Return the facts that stand beside this line, by quarter: its own before another firm's."""
        found: dict[str, float] = {}
        for firm in (self.facts_of, self.firm):
            found |= {
                each.quarter: each.value
                for each in known
                if (each.series, each.firm) == (self.series, firm)
            }
        return found


def of_market(name: str) -> Measure:
    """Return the measure that is a series of the market, whatever the firm."""
    return lambda t, firm: t.market[name]


def defaulted_so_far(t: Tables, firm: str) -> pd.Series[float]:
    """Return 1 from the first write-down of a run on, 0 before; its mean is a share of runs."""
    return t.market["write_downs"].groupby("run").cumsum().gt(0.0).astype(float)


WHOLE: dict[str, Measure] = {
    "ai_capex": of_market("capex"),
    "installed_compute": of_market("compute"),
    "service_price": of_market("service_price"),
    "rent_per_h100e": of_market("gpu_rent"),
    "write_downs": of_market("write_downs"),
    "defaulted_so_far": defaulted_so_far,
}
"""What is measured beside what facts are compared with: of all firms together, of none alone."""

TOGETHER = (*WHOLE, "service_revenue")
"""Series that there are no firms' own of."""

ANSWERS: dict[str, Measure] = MEASURES | WHOLE

SHARES = ("defaulted_so_far",)
"""Series that are yes or no in a run: told by their mean alone, a share of runs."""

COUNTS = ("write_downs",)
"""Series that are whole numbers in a run: their percentiles are such too."""

LINES = (
    Line("company_capex", "four largest", "$bn/quarter"),
    Line("ai_capex", "hyperscalers", "$bn/quarter"),
    Line("data_center_revenue", "nvidia", "$bn/quarter"),
    Line("data_center_revenue", "all vendors", "$bn/quarter"),
    Line("gross_margin", "nvidia", "1"),
    Line("memory_margin", "all makers", "1", facts_of="micron"),
    Line("installed_compute", "hyperscalers", "M H100e"),
    Line("cumulative_compute", "world", "M H100e"),
    Line("service_revenue", "hyperscalers", "$bn/quarter"),
    Line("service_price", "market", "base date = 1"),
    Line("rent_per_h100e", "market", "$/H100e-hour"),
    Line("price_per_h100e", "nvidia", "$k/H100e"),
    Line("ai_debt", "hyperscalers", "$bn"),
    Line("write_downs", "hyperscalers", "firms/quarter"),
    Line("defaulted_so_far", "hyperscalers", "share of runs"),
)
"""What a forecast tells, in the order in which it is printed."""
