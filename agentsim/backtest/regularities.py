"""Regularities: fourteen things that the market did from 2023 to 2025, as figures of each run.

A function for each returns its figures by name, one number a run. Facts beside them, and the rules
by which a figure is met, are in regularity_facts.csv; `agentsim.backtest.verdicts` puts the two
together. One shock needs a second batch: the same market with and without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from agentsim.backtest.history import number_of
from agentsim.backtest.measures import (
    FOUR,
    MEASURES,
    SERIES,
    Tables,
    accumulated,
    company_capex,
    cumulative_compute,
    data_center_revenue,
    share_of_compute,
)

if TYPE_CHECKING:
    import pandas as pd

    Figures = dict[str, pd.Series[float]]

BASE, LAST = "2023Q1", "2025Q4"
FIVE = (*FOUR, "oracle")
NEOCLOUD = "coreweave"
LEADER, SECOND, DESIGNER = "nvidia", "amd", "broadcom"
NEEDED = (
    *SERIES,
    *("idle_share", "service_price", "willingness", "adoption", "elasticity", "gpu_rent"),
    *("foundry_tightness", "memory_tightness"),
    *("hyperscaler.core_cash", "hyperscaler.revenue", "hyperscaler.running"),
    *("hyperscaler.borrowing", "hyperscaler.interest", "hyperscaler.book_value"),
    *("chip_vendor.memory_spend", "chip_vendor.making"),
)
"""What the batch must keep for the regularities."""
NEEDED_OF_SHOCK = ("service_price", "hyperscaler.capex", "hyperscaler.other_capex")
"""What the batch with and without a shock must keep."""


@dataclass(frozen=True)
class Evidence:
    """What the figures are worked out from."""

    plain: Tables
    calm: Tables
    shocked: Tables
    parameter: Callable[[str], pd.Series[float]]
    """Values of a parameter by run, by its dotted name."""


def at(quarter: str) -> int:
    """Return how many quarters after the base one is."""
    return number_of(quarter) - number_of(BASE)


def span(first: str, last: str) -> list[int]:
    """Return the quarters from one to another, both included, counted from the base."""
    return list(range(at(first), at(last) + 1))


def year(number: int) -> list[int]:
    """Return the quarters of a year, counted from the base."""
    return span(f"{number}Q1", f"{number}Q4")


def wide(x: pd.Series[float]) -> pd.DataFrame:
    """Return a series as a row a run and a column a quarter."""
    return x.unstack("quarter")


def capex_grows_unevenly(e: Evidence) -> Figures:
    """1: flat at first, then fast and uneven growth of the four largest firms' capex."""
    capex = wide(company_capex(e.plain, "four largest"))
    growth = capex.pct_change(axis=1)[span("2023Q3", LAST)]
    quarters = at(LAST) - at("2023Q2")
    return {
        "flat_start": capex[at("2023Q2")] / capex[at(BASE)] - 1.0,
        "mean_growth": (capex[at(LAST)] / capex[at("2023Q2")]) ** (1.0 / quarters) - 1.0,
        "unevenness": growth.max(axis=1) - growth.min(axis=1),
    }


def leader_takes_a_part_of_capex(e: Evidence) -> Figures:
    """2: the leading vendor's revenue over that capex jumped once and then stood."""
    revenue = wide(data_center_revenue(e.plain, LEADER))
    part = revenue / wide(company_capex(e.plain, "four largest"))
    after = part[span("2024Q1", "2025Q3")]
    return {
        "rise_in_2023": part[at("2023Q4")] / part[at(BASE)],
        "level_after": after.mean(axis=1),
        "largest_over_smallest_after": after.max(axis=1) / after.min(axis=1),
    }


def margin_has_a_ceiling(e: Evidence) -> Figures:
    """3: the leader's gross margin rose, then held while sales went on to double."""
    margin = wide(MEASURES["gross_margin"](e.plain, LEADER))
    revenue = wide(data_center_revenue(e.plain, LEADER))
    after = margin[span("2024Q2", "2025Q3")]
    return {
        "highest_margin": margin[span(BASE, "2025Q3")].max(axis=1),
        "margin_after": after.mean(axis=1),
        "highest_less_lowest_after": after.max(axis=1) - after.min(axis=1),
        "sales_growth_meanwhile": revenue[at("2025Q3")] / revenue[at("2024Q1")],
    }


def leader_loses_share_slowly(e: Evidence) -> Figures:
    """4: the leader's share of compute fell slowly, though custom chips are far cheaper."""
    share = wide(share_of_compute(e.plain, LEADER))
    price = e.plain.chip_vendor["price"]
    return {
        "share_end_of_2023": share[at("2023Q4")],
        "fall_in_2024": share[at("2023Q4")] - share[at("2024Q4")],
        "fall_in_2025": share[at("2024Q4")] - share[at(LAST)],
        "custom_over_merchant_price": wide(price[DESIGNER] / price[LEADER])[at(LAST)],
    }


def memory_swings_most(e: Evidence) -> Figures:
    """5: memory's margin swung far more than that of logic, and memory weighs more and more."""
    swings = []
    for series, last in (("memory_margin", LAST), ("gross_margin", "2025Q3")):
        margin = wide(MEASURES[series](e.plain, LEADER))[span(BASE, last)]
        swings.append(margin.max(axis=1) - margin.min(axis=1))
    memory, making = (e.plain.chip_vendor[name].sum(axis=1) for name in ("memory_spend", "making"))
    part = wide(memory / (memory + making))
    return {
        "swing_of_memory_margin": swings[0],
        "swing_over_that_of_logic": swings[0] / swings[1],
        "memory_in_component_cost": part[at(LAST)],
        "rise_of_memory_in_cost": part[at(LAST)] - part[at("2024Q1")],
    }


def compute_grows_and_gets_cheaper(e: Evidence) -> Figures:
    """6: compute more than tripled a year; its price, and the rent of it, fell."""
    compute = wide(cumulative_compute(e.plain, "world"))
    price = wide(e.plain.chip_vendor["price"][LEADER])
    rent = wide(e.plain.market["gpu_rent"])
    years = (at("2025Q3") - at("2023Q4")) / 4.0
    return {
        "compute_growth": (compute[at(LAST)] / compute[at("2023Q4")]) ** 0.5,
        "price_fall": 1.0 - (price[at("2025Q3")] / price[at("2023Q4")]) ** (1.0 / years),
        "rent_fall": 1.0 - rent[year(2025)].mean(axis=1) / rent[year(2023)].max(axis=1),
    }


def the_bottleneck_moves(e: Evidence) -> Figures:
    """7: chips were short in 2023, powered shells in 2025, memory at its end."""
    foundry, memory = (wide(e.plain.market[f"{who}_tightness"]) for who in ("foundry", "memory"))
    idle = wide(e.plain.market["idle_share"])
    return {
        "foundry_tightness_2023": foundry[span("2023Q3", "2023Q4")].mean(axis=1),
        "foundry_tightness_2023_over_2025": foundry[span("2023Q3", "2023Q4")].mean(axis=1)
        / foundry[year(2025)].mean(axis=1),
        "idle_share_rise": idle[year(2025)].mean(axis=1) - idle[year(2023)].mean(axis=1),
        "memory_over_foundry_2025": memory[at(LAST)] / foundry[at(LAST)],
    }


def a_shock_moves_prices_not_capex(e: Evidence) -> Figures:
    """8: the efficiency shock of early 2025 moved prices of services, and not capex."""
    prices = [wide(t.market["service_price"])[at(LAST)] for t in (e.shocked, e.calm)]
    with_it, without = (wide(company_capex(t, "four largest")) for t in (e.shocked, e.calm))
    after = span("2025Q2", LAST)
    return {
        "price_with_shock": prices[0] / prices[1],
        "capex_with_shock": with_it[after].sum(axis=1) / without[after].sum(axis=1),
        "capex_growth_with_shock": (
            with_it[year(2025)].sum(axis=1) / with_it[year(2024)].sum(axis=1)
        ),
    }


def users_trade_up(e: Evidence) -> Figures:
    """9: a given quality got cheaper by the month, the average price did not; users came."""
    price = wide(e.plain.market["service_price"])
    given = price / wide(e.plain.market["willingness"])
    adoption = wide(e.plain.market["adoption"])
    return {
        "fall_at_given_quality": (given[at("2023Q4")] / given[at(LAST)]) ** 0.5,
        "average_price": (price[at(LAST)] / price[at("2023Q4")]) ** 0.5,
        "elasticity": wide(e.plain.market["elasticity"])[year(2025)].mean(axis=1),
        "users": adoption[at(LAST)] / adoption[at(BASE)],
    }


def a_discount_does_not_take_the_market(e: Evidence) -> Figures:
    """10: neither open models at a tenth of the price nor the cheaper merchant chip took over."""
    times = 10.0 ** e.parameter(
        "substitution"
    )  # sales over a rival's, from x = Q (P theta / p)^sigma
    rivals = e.plain.hyperscaler["capex"].shape[1]
    price = e.plain.chip_vendor["price"]
    made = accumulated(e.plain, SECOND, ("sales", "other_sales"))  # it had none at the base
    return {
        "newcomer_at_a_tenth": times / (times + rivals),
        "second_vendor_share": wide(made / cumulative_compute(e.plain, "world"))[at(LAST)],
        "second_over_leader_price": wide(price[SECOND] / price[LEADER])[year(2025)].mean(axis=1),
    }


def cash_comes_first(e: Evidence) -> Figures:
    """11: firms spent their cash first and borrowed when it ran short, the weak ones most."""
    h = e.plain.hyperscaler
    cash = h["core_cash"] + h["other_capex"] + h["revenue"] - h["running"] - h["interest"]
    over_cash = [
        wide(company_capex(e.plain, "meta"))[year(each)].sum(axis=1)
        / wide(cash["meta"])[year(each)].sum(axis=1)
        for each in (2023, 2025)
    ]
    before, after = (
        _new_debt(e.plain, FIVE, quarters, h["capex"] + h["other_capex"])
        for quarters in (span("2023Q2", "2024Q4"), year(2025))
    )
    weak, strong = (
        _new_debt(e.plain, firms, year(2025), h["capex"]) for firms in ((NEOCLOUD,), FOUR)
    )
    return {
        "capex_over_cash_2023": over_cash[0],
        "capex_over_cash_2025": over_cash[1],
        "new_debt_over_capex_2025": after,
        "rise_of_new_debt": after - before,
        "weak_less_strong": weak - strong,
    }


def credit_looks_at_the_customer(e: Evidence) -> Figures:
    """12: what a borrower pays depends on who its customers are, and fell as these got better."""
    h = e.plain.hyperscaler
    rate = wide(4.0 * h["interest"][NEOCLOUD] / h["debt"][NEOCLOUD].groupby("run").shift())
    premium = e.parameter(f"{NEOCLOUD}.credit_premium") - e.parameter("microsoft.credit_premium")
    return {
        "rate_over_that_of_the_strong": premium,
        "gap_by_customer": 0.0 * premium,  # a loan knows its borrower, and no customer behind it
        "fall_of_its_rate": rate[at("2024Q4")] - rate[at(LAST)],
    }


def capex_outruns_depreciation(e: Evidence) -> Figures:
    """13: books write chips off over five or six years, and capex is far above what they do."""
    h = e.plain.hyperscaler
    wear = [
        h["book_value"][firm]
        .groupby("run")
        .shift()
        .div(4.0 * e.parameter(f"{firm}.book_life"), level="run")
        for firm in FIVE
    ]
    capex = h["capex"][list(FIVE)].sum(axis=1)
    spent, written_off = (wide(x)[year(2025)].sum(axis=1) for x in (capex, reduce(add, wear)))
    return {"capex_over_depreciation": spent / written_off}


def users_keep_the_surplus(e: Evidence) -> Figures:
    """14: what services are worth to users is many times what they pay."""
    ratio = wide(MEASURES["consumer_surplus_ratio"](e.plain, "users"))
    return {f"surplus_over_revenue_{each}": ratio[at(f"{each}Q4")] for each in (2024, 2025)}


def _new_debt(
    t: Tables, firms: tuple[str, ...], quarters: list[int], spent: pd.DataFrame
) -> pd.Series[float]:
    """Return new debt of firms over what they spent, in some quarters together."""
    new, whole = (
        wide(x[list(firms)].sum(axis=1))[quarters].sum(axis=1)
        for x in (t.hyperscaler["borrowing"], spent)
    )
    return new / whole


REGULARITIES: dict[int, tuple[str, Callable[[Evidence], Figures]]] = {
    1: ("Capex of the four largest stood still, then grew fast and unevenly", capex_grows_unevenly),
    2: ("The leader's revenue over that capex jumped once", leader_takes_a_part_of_capex),
    3: ("The leader's margin rose to a ceiling and held", margin_has_a_ceiling),
    4: ("The leader lost share slowly to far cheaper chips", leader_loses_share_slowly),
    5: ("Memory swung more than logic and weighs more", memory_swings_most),
    6: ("Compute tripled a year; its price and rent fell", compute_grows_and_gets_cheaper),
    7: ("The bottleneck moved: chips, powered shells, memory", the_bottleneck_moves),
    8: ("An efficiency shock moved prices and not capex", a_shock_moves_prices_not_capex),
    9: ("A given quality got cheaper, the average price did not", users_trade_up),
    10: ("A large discount did not take the market", a_discount_does_not_take_the_market),
    11: ("Cash came first, then debt, most for the weak", cash_comes_first),
    12: ("Credit looks at the customer", credit_looks_at_the_customer),
    13: ("Capex ran far above depreciation", capex_outruns_depreciation),
    14: ("Surplus goes mostly to users", users_keep_the_surplus),
}
"""By number: what it says, and the function of its figures."""
