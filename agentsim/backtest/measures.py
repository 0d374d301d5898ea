"""Measures: what in the model answers to each series of facts, run by run and quarter by quarter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.results import Results

FOUR = ("microsoft", "alphabet", "amazon", "meta")
SERIES = (
    *("memory_margin", "hyperscaler.capex", "hyperscaler.other_capex"),
    *("chip_vendor.price", "chip_vendor.unit_cost", "chip_vendor.sales"),
    *("chip_vendor.other_sales", "chip_vendor.revenue", "chip_vendor.other_revenue"),
)
"""What a batch must keep for the measures."""


@dataclass(frozen=True)
class Tables:
    """The series that were kept, of all runs: indexed by run and quarter, a column a firm."""

    market: pd.DataFrame
    hyperscaler: dict[str, pd.DataFrame]
    chip_vendor: dict[str, pd.DataFrame]


def tables_of(results: Results) -> Tables:
    """Return the series of a batch of one cell. Raises AgentsimError, one line, for more."""
    if len(results.cells) != 1:
        raise AgentsimError(
            f"{results.folder} has {len(results.cells)} cells, and history happened once; "
            "take factors, variants and deviations out of the experiment"
        )
    if not results.runs().status.eq("ok").any():
        raise AgentsimError(
            f"{results.folder} has no run that came to its end; `agentsim show` says why"
        )
    # Failed runs have no numbers: they are left out, as sums would take them for zeros.
    market = results.series().dropna(how="all", subset=list(results.series_names))
    return Tables(
        market.set_index(["run", "quarter"]).sort_index(),
        _by_firm(results, "hyperscaler"),
        _by_firm(results, "chip_vendor"),
    )


def _by_firm(results: Results, role: str) -> dict[str, pd.DataFrame]:
    frame = results.series(role=role).set_index(["run", "quarter", "firm"])
    names = [each.partition(".")[2] for each in SERIES if each.startswith(f"{role}.")]
    return {name: frame[name].unstack("firm").dropna(how="all") for name in names}


def company_capex(t: Tables, firm: str) -> pd.Series[float]:
    """AI capex and other capex, $bn a quarter."""
    whole = t.hyperscaler["capex"] + t.hyperscaler["other_capex"]
    return whole[list(FOUR)].sum(axis=1) if firm == "four largest" else whole[firm]


def data_center_revenue(t: Tables, firm: str) -> pd.Series[float]:
    """Sales of a vendor to all buyers, $bn a quarter."""
    whole = t.chip_vendor["revenue"] + t.chip_vendor["other_revenue"]
    return whole.sum(axis=1) if firm == "all vendors" else whole[firm]


def gross_margin(t: Tables, firm: str) -> pd.Series[float]:
    """One less unit cost over price."""
    return 1.0 - t.chip_vendor["unit_cost"][firm] / t.chip_vendor["price"][firm]


def shipments(t: Tables) -> pd.DataFrame:
    """H100e shipped in the quarter by vendor, M."""
    return t.chip_vendor["sales"] + t.chip_vendor["other_sales"]


def price_per_h100e(t: Tables, firm: str) -> pd.Series[float]:
    """What a vendor's H100e cost, $k."""
    return t.chip_vendor["price"][firm]


def memory_margin(t: Tables, firm: str) -> pd.Series[float]:
    """Gross margin of memory; the makers' are alike in the model."""
    return t.market["memory_margin"]


def cumulative_compute(t: Tables, firm: str) -> pd.Series[float]:
    """H100e shipped since the base quarter, which adds to what was there before, M."""
    made = shipments(t)
    after = made[made.index.get_level_values("quarter") > 0]
    whole = after.sum(axis=1) if firm == "world" else after[firm]
    return whole.groupby("run").cumsum()


MEASURES: dict[str, Callable[[Tables, str], pd.Series[float]]] = {
    "company_capex": company_capex,
    "data_center_revenue": data_center_revenue,
    "gross_margin": gross_margin,
    "price_per_h100e": price_per_h100e,
    "memory_margin": memory_margin,
    "cumulative_compute": cumulative_compute,
}
ACCUMULATING = ("cumulative_compute",)
"""Measures that count from the base quarter: what there was before is to be added."""
