"""Measures: what in the model answers to each series of facts, run by run and quarter by quarter.

Three kinds of facts have no measure. The operating margin of memory makers: the model's have no
overheads, so that it has gross margins alone. Chips without a powered shell: nothing but words is
published. Bonds issued in a year: for all purposes, and not the model's loans for AI alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.results import Results

FOUR = ("microsoft", "alphabet", "amazon", "meta")
YEAR = 4
"""Quarters."""
WEEKS = 13.0
"""In a quarter."""
SERIES = (
    *("memory_margin", "spending", "surplus"),
    *("hyperscaler.capex", "hyperscaler.other_capex", "hyperscaler.debt"),
    *("chip_vendor.price", "chip_vendor.unit_cost", "chip_vendor.sales"),
    *("chip_vendor.other_sales", "chip_vendor.revenue", "chip_vendor.other_revenue"),
    "chip_vendor.fill",
    *("memory_maker.revenue", "memory_maker.making"),
)
"""What a batch must keep for the measures."""


@dataclass(frozen=True)
class Tables:
    """The series that were kept, of all runs: indexed by run and quarter, a column a firm."""

    market: pd.DataFrame
    hyperscaler: dict[str, pd.DataFrame]
    chip_vendor: dict[str, pd.DataFrame]
    memory_maker: dict[str, pd.DataFrame]
    stood: Mapping[str, float] = field(default_factory=dict)
    """M H100e shipped until the base quarter, by vendor and of the `world`: facts."""


def tables_of(results: Results, wanted: Sequence[str] = SERIES, **labels: Any) -> Tables:
    """Return series of the one cell with these labels, without the runs that failed.

    Raises AgentsimError, one line, where there is more than one cell, or no run that is sound.
    """
    cells = results.cells
    for name, level in labels.items():
        cells = cells[cells[name] == level]
    if len(cells) != 1:
        raise AgentsimError(
            f"{results.folder} has {len(cells)} cells, and history happened once; "
            "take factors, variants and deviations out of the experiment"
        )
    runs = results.runs(**labels)
    sound = runs.loc[runs["status"] == "ok", "run"]  # sums would take the others for zeros
    if sound.empty:
        raise AgentsimError(
            f"{results.folder}: every run failed, the first one {runs['status'].iloc[0]!r}"
        )
    keys = ["run", "quarter"]
    alone = [each for each in wanted if "." not in each]
    market = results.series(alone, **labels).set_index(keys)[alone].sort_index()
    market = market[market.index.isin(sound, level="run")]

    def by_firm(role: str) -> dict[str, pd.DataFrame]:
        names = [each.partition(".")[2] for each in wanted if each.startswith(f"{role}.")]
        if not names:
            return {}
        frame = results.series(names, role=role, **labels).set_index([*keys, "firm"])
        frame = frame[frame.index.isin(sound, level="run")]
        return {name: frame[name].unstack("firm").sort_index() for name in names}

    return Tables(market, by_firm("hyperscaler"), by_firm("chip_vendor"), by_firm("memory_maker"))


def company_capex(t: Tables, firm: str) -> pd.Series[float]:
    """AI capex and other capex, $bn a quarter."""
    whole = t.hyperscaler["capex"] + t.hyperscaler["other_capex"]
    return whole[list(FOUR)].sum(axis=1) if firm == "four largest" else whole[firm]


def data_center_revenue(t: Tables, firm: str) -> pd.Series[float]:
    """Sales of a vendor, or of all, to all buyers, $bn a quarter."""
    whole = t.chip_vendor["revenue"] + t.chip_vendor["other_revenue"]
    return whole.sum(axis=1) if firm == "all vendors" else whole[firm]


def gross_margin(t: Tables, firm: str) -> pd.Series[float]:
    """One less unit cost over price."""
    return 1.0 - t.chip_vendor["unit_cost"][firm] / t.chip_vendor["price"][firm]


def price_per_h100e(t: Tables, firm: str) -> pd.Series[float]:
    """What a vendor's H100e cost, $k."""
    return t.chip_vendor["price"][firm]


def delivery_weeks(t: Tables, firm: str) -> pd.Series[float]:
    """Weeks that a buyer waits for a vendor's chips.

    Where a share of orders is filled, all alike, and what is not is ordered again, an order waits
    one over that share quarters.
    """
    return WEEKS / t.chip_vendor["fill"][firm]


def memory_margin(t: Tables, firm: str) -> pd.Series[float]:
    """Gross margin of memory; the makers' are alike in the model."""
    return t.market["memory_margin"]


def memory_margin_year(t: Tables, firm: str) -> pd.Series[float]:
    """Gross margin of the memory that was sold in a year, all makers' together."""
    cost, sales = (over_a_year(t.memory_maker[name].sum(axis=1)) for name in ("making", "revenue"))
    return 1.0 - cost / sales


def cumulative_compute(t: Tables, firm: str) -> pd.Series[float]:
    """M H100e shipped: what stood at the base quarter and all since."""
    return accumulated(t, firm, ("sales", "other_sales")) + t.stood.get(firm, float("nan"))


def share_of_compute(t: Tables, firm: str) -> pd.Series[float]:
    """A vendor's part of all compute shipped."""
    return cumulative_compute(t, firm) / cumulative_compute(t, "world")


def service_revenue(t: Tables, firm: str) -> pd.Series[float]:
    """What customers pay all hyperscalers for AI services, $bn a quarter."""
    return t.market["spending"]


def consumer_surplus_ratio(t: Tables, firm: str) -> pd.Series[float]:
    """Consumer surplus of a year over what customers paid in it."""
    return over_a_year(t.market["surplus"]) / over_a_year(t.market["spending"])


def ai_debt(t: Tables, firm: str) -> pd.Series[float]:
    """Debt on AI assets at the quarter's end, of a firm or of all hyperscalers, $bn."""
    debt = t.hyperscaler["debt"]
    return debt.sum(axis=1) if firm == "hyperscalers" else debt[firm]


def accumulated(t: Tables, firm: str, states: Sequence[str]) -> pd.Series[float]:
    """Return the sum of vendors' states since the base quarter, which is not counted itself."""
    made = sum(t.chip_vendor[name] for name in states[1:]) + t.chip_vendor[states[0]]
    after = made[made.index.get_level_values("quarter") > 0]
    whole = after.sum(axis=1) if firm == "world" else after[firm]
    return whole.groupby("run").cumsum()


def over_a_year(x: pd.Series[float]) -> pd.Series[float]:
    """Return sums over four quarters, by the last of them; quarters with fewer before are NaN."""
    return x.groupby("run").rolling(YEAR).sum().droplevel(0)


MEASURES: dict[str, Callable[[Tables, str], pd.Series[float]]] = {
    "company_capex": company_capex,
    "data_center_revenue": data_center_revenue,
    "gross_margin": gross_margin,
    "price_per_h100e": price_per_h100e,
    "delivery_weeks": delivery_weeks,
    "memory_margin": memory_margin,
    "memory_margin_year": memory_margin_year,
    "cumulative_compute": cumulative_compute,
    "share_of_compute": share_of_compute,
    "service_revenue": service_revenue,
    "consumer_surplus_ratio": consumer_surplus_ratio,
    "ai_debt": ai_debt,
}
