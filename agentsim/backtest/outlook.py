"""Outlook: the series that a forecast tells, and what in the model answers to each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentsim.backtest.history import Known
from agentsim.backtest.kinds import KINDS
from agentsim.backtest.measures import MEASURES, SERIES, Tables

if TYPE_CHECKING:
    import pandas as pd

OF_MARKET = {
    "ai_capex": "capex",
    "installed_compute": "compute",
    "service_price": "service_price",
    "rent_per_h100e": "gpu_rent",
    "write_downs": "write_downs",
    "defaulted_so_far": "write_downs",
}
"""Which series of the market is asked, of what is measured beside what shipped facts are of."""

NEEDED = (*SERIES, *dict.fromkeys(OF_MARKET.values()))
"""What a batch must keep for a forecast."""

Measure = Callable[[Tables, str], "pd.Series[float]"]
"""From tables and a firm to a number a run and quarter."""


@dataclass(frozen=True)
class Line:
    """A series of one firm, or of all together."""

    series: str
    firm: str
    facts_of: str = ""
    """The firm whose facts stand beside it, where it is another."""

    @property
    def unit(self) -> str:
        """What it is in."""
        return KINDS[self.series].unit

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


WHOLE: dict[str, Measure] = {name: of_market(state) for name, state in OF_MARKET.items()} | {
    "defaulted_so_far": defaulted_so_far
}
"""What is measured beside what shipped facts are of: of all firms together, of none alone."""

ANSWERS: dict[str, Measure] = MEASURES | WHOLE

SHARES = ("defaulted_so_far",)
"""Series that are yes or no in a run: told by their mean alone, a share of runs."""

DEFAULTS = """\
A default is counted where the cash of a hyperscaler, CoreWeave as any other, does not cover the interest
and repayments due on its AI debt: what exceeds the collateral is written down, and lenders take it over."""
"""What is counted as a default, for tables and pictures."""

COUNTS = ("write_downs",)
"""Series that are whole numbers in a run: their percentiles are such too."""

LINES = (
    Line("company_capex", "four largest"),
    Line("ai_capex", "hyperscalers"),
    Line("data_center_revenue", "nvidia"),
    Line("data_center_revenue", "all vendors"),
    Line("gross_margin", "nvidia"),
    Line("memory_margin", "all makers", facts_of="micron"),
    Line("installed_compute", "hyperscalers"),
    Line("cumulative_compute", "world"),
    Line("service_revenue", "hyperscalers"),
    Line("service_price", "market"),
    Line("rent_per_h100e", "market"),
    Line("price_per_h100e", "nvidia"),
    Line("ai_debt", "hyperscalers"),
    Line("write_downs", "hyperscalers"),
    Line("defaulted_so_far", "hyperscalers"),
)
"""What a forecast tells, in the order in which it is printed."""
