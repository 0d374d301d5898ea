"""The ledger: every flow once, with payer and payee, and who got the value.

Each quarter and run, to 1e-9 of gross value:

    consumer surplus + net AI cash of hyperscalers + vendors + memory makers + lenders + resources
        = gross customer value + other buyers' payments

The flows below give each sector's net cash; gross value and surplus come from two separate
integrals of the demand curve; and each hyperscaler's cash in hand must have moved by its flows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from agentsim.laws.numerics import Array, at_least, ordered_sum, safe_divide
from agentsim.sectors.world import World
from agentsim.steps.books import ai_cash

HYPERSCALERS, VENDORS, MEMORY, LENDERS = "hyperscalers", "chip_vendors", "memory_makers", "lenders"
CUSTOMERS, OTHERS, RESOURCES = "customers", "other_buyers", "resources"
SHAREHOLDERS, SAVERS, CORE = "shareholders", "savers", "core_business"


@dataclass(frozen=True)
class Flow:
    """One kind of payment: who pays whom for what, and where its amounts stand.

    `amount` gives the flow by firm of `firms_of` (the payer's or payee's role), `(firms, runs)`.
    `in_value` is False for financing lines, which move value between owners and firms only.
    """

    kind: str
    payer: str
    payee: str
    firms_of: str
    amount: Callable[[World], Array]
    in_value: bool = True


FLOWS: tuple[Flow, ...] = (
    Flow("services", CUSTOMERS, HYPERSCALERS, HYPERSCALERS, lambda w: w.hyperscalers.revenue),
    Flow(
        "electricity_and_upkeep",
        HYPERSCALERS,
        RESOURCES,
        HYPERSCALERS,
        lambda w: w.hyperscalers.running,
    ),
    Flow(
        "merchant_chips",
        HYPERSCALERS,
        VENDORS,
        HYPERSCALERS,
        lambda w: w.hyperscalers.merchant_spend,
    ),
    Flow(
        "custom_chips", HYPERSCALERS, VENDORS, HYPERSCALERS, lambda w: w.hyperscalers.custom_spend
    ),
    Flow("systems", HYPERSCALERS, RESOURCES, HYPERSCALERS, lambda w: w.hyperscalers.system_spend),
    Flow("shells", HYPERSCALERS, RESOURCES, HYPERSCALERS, lambda w: w.hyperscalers.shell_spend),
    Flow("design", HYPERSCALERS, RESOURCES, HYPERSCALERS, lambda w: w.hyperscalers.design_spend),
    Flow("lending", LENDERS, HYPERSCALERS, HYPERSCALERS, lambda w: w.hyperscalers.borrowing),
    Flow("interest", HYPERSCALERS, LENDERS, HYPERSCALERS, lambda w: w.hyperscalers.interest),
    Flow("principal", HYPERSCALERS, LENDERS, HYPERSCALERS, lambda w: w.hyperscalers.principal),
    Flow("sweep", HYPERSCALERS, LENDERS, HYPERSCALERS, lambda w: w.hyperscalers.sweep),
    Flow("support", LENDERS, HYPERSCALERS, HYPERSCALERS, lambda w: w.hyperscalers.support),
    Flow("chips_to_other_buyers", OTHERS, VENDORS, VENDORS, lambda w: w.chip_vendors.other_revenue),
    Flow("memory", VENDORS, MEMORY, VENDORS, lambda w: w.chip_vendors.memory_spend),
    Flow("chip_making", VENDORS, RESOURCES, VENDORS, lambda w: w.chip_vendors.making),
    Flow("vendor_overhead", VENDORS, RESOURCES, VENDORS, lambda w: w.chip_vendors.own_cost),
    Flow("foundry_expansion", VENDORS, RESOURCES, VENDORS, lambda w: w.chip_vendors.foundry_spend),
    Flow("memory_making", MEMORY, RESOURCES, MEMORY, lambda w: w.memory_makers.making),
    Flow("memory_expansion", MEMORY, RESOURCES, MEMORY, lambda w: w.memory_makers.expansion_spend),
    Flow("core_cash", CORE, HYPERSCALERS, HYPERSCALERS, lambda w: w.core_paid_in, in_value=False),
    Flow(
        "dividends",
        HYPERSCALERS,
        SHAREHOLDERS,
        HYPERSCALERS,
        lambda w: w.hyperscalers.dividends,
        in_value=False,
    ),
    Flow(
        "buybacks",
        HYPERSCALERS,
        SHAREHOLDERS,
        HYPERSCALERS,
        lambda w: w.hyperscalers.buybacks,
        in_value=False,
    ),
    Flow("saving", SAVERS, LENDERS, LENDERS, lambda w: w.lenders.inflow, in_value=False),
    Flow("lenders_payout", LENDERS, SAVERS, LENDERS, lambda w: w.lenders.payout, in_value=False),
)


@dataclass(frozen=True)
class NetCash:
    """What the AI market brought each firm in a quarter, $bn, `(firms, runs)`, and the totals."""

    hyperscalers: Array
    vendors: Array  # on sales to hyperscalers
    memory: Array  # on memory in chips for hyperscalers
    lenders: Array
    other_profit: Array  # (runs,) vendors' and memory makers' profit on other buyers
    resources: Array  # (runs,) used for the hyperscalers' market
    other_resources: Array  # (runs,) used for other buyers
    surplus: Array  # (runs,)
    gross_value: Array  # (runs,)
    revenue: Array  # (runs,)
    running: Array  # (runs,)


def net_cash(w: World) -> NetCash:
    """Add up what each firm got and paid in the quarter that just closed."""
    h, v, k, b, c = w.hyperscalers, w.chip_vendors, w.memory_makers, w.lenders, w.customers
    hyperscalers = ai_cash(w)
    lenders = b.interest + b.principal - b.lending
    if h.sweep is not w.none:
        hyperscalers += h.support - h.sweep
        lenders += b.sweep - b.support
    # Costs that vendors and memory makers do not book by buyer are split by quantity.
    own_part = safe_divide(v.sales, v.sales + v.other_sales, 1.0)
    vendor_cost = v.making + v.own_cost
    vendor_cost += v.foundry_spend
    vendor_own_cost = own_part * vendor_cost
    vendor_other_cost = ordered_sum(vendor_cost - vendor_own_cost)
    memory_bought = own_part * v.memory_spend
    memory_own, memory_total = ordered_sum(memory_bought), ordered_sum(v.memory_spend)
    memory_part = safe_divide(memory_own, memory_total, 1.0)
    memory_cost = k.making + k.expansion_spend
    memory_profit = k.revenue - memory_cost
    memory_cost_sum = ordered_sum(memory_cost)
    memory_own_cost = memory_part * memory_cost_sum
    memory_own_profit = memory_part * memory_profit
    other_vendor_profit = ordered_sum(v.other_revenue) - (memory_total - memory_own)
    other_memory_profit = ordered_sum(memory_profit - memory_own_profit)
    running = ordered_sum(h.running)
    built = h.system_spend + h.shell_spend
    built += h.design_spend
    return NetCash(
        hyperscalers=hyperscalers,
        vendors=v.revenue - (vendor_own_cost + memory_bought),
        memory=memory_own_profit,
        lenders=lenders,
        other_profit=other_vendor_profit - vendor_other_cost + other_memory_profit,
        resources=running + ordered_sum(built) + ordered_sum(vendor_own_cost) + memory_own_cost,
        other_resources=vendor_other_cost + (memory_cost_sum - memory_own_cost),
        surplus=c.surplus[0],
        gross_value=c.gross_value[0],
        revenue=c.spending[0],
        running=running,
    )


def violation(w: World, cash_before: Array, net: NetCash) -> Array:
    """Return the largest relative violation of the quarter's identities, one number a run."""
    got = net.surplus + ordered_sum(net.hyperscalers) + ordered_sum(net.vendors)
    got = got + ordered_sum(net.memory) + ordered_sum(net.lenders)
    got = got + net.other_profit + net.resources + net.other_resources
    given = net.gross_value + w.inputs.other_purchases[0]
    # Where customers value next to nothing, what is spent sets the size of rounding.
    scale = np.maximum(np.abs(given) + net.resources + net.other_resources, 1e-9)
    value_identity = np.abs(got - given) / scale
    h = w.hyperscalers
    missing = cash_before + net.hyperscalers
    missing += w.core_paid_in
    missing -= h.dividends
    missing -= h.buybacks
    missing -= h.cash
    turnover = cash_before + h.cash  # neither is ever below zero, nor is any flow
    turnover += w.core_paid_in
    turnover += h.revenue
    turnover += h.borrowing
    cash_identity = np.abs(missing, out=missing)
    cash_identity /= at_least(turnover, 1e-9, out=turnover)
    return np.asarray(np.maximum(value_identity, cash_identity.max(axis=0)))


class Ledger:
    """Discounted sums of every firm's cash, and on request the flows quarter by quarter."""

    def __init__(self, w: World, keep_flows: bool) -> None:
        self.keep_flows = keep_flows
        self.kept: list[dict[str, Array]] = []
        self.worst = np.zeros(w.runs)
        self.discount = np.ones(w.runs)
        self.values = Values(w)
        self.opening_debt = w.hyperscalers.debt.copy()
        self.opening_loans = w.lenders.outstanding.copy()
        self.cash_before = w.hyperscalers.cash

    def __call__(self, w: World) -> None:
        """Record the quarter that just closed."""
        net = net_cash(w)
        self.worst = np.maximum(self.worst, violation(w, self.cash_before, net))
        self.cash_before = w.hyperscalers.cash
        self.discount = self.discount / (1.0 + w.rates.funding)
        self.values.add(net, self.discount)
        if self.keep_flows:
            self.kept.append({flow.kind: ordered_sum(flow.amount(w)) for flow in FLOWS})


class Values:
    """Present value of each firm's cash and of the customers' surplus, at the base date, $bn."""

    def __init__(self, w: World) -> None:
        self.hyperscalers = np.zeros((w.hyperscalers.size, w.runs))
        self.vendors = np.zeros((w.chip_vendors.size, w.runs))
        self.memory = np.zeros((w.memory_makers.size, w.runs))
        self.lenders = np.zeros((w.lenders.size, w.runs))
        for name in ("other_profit", "resources", "surplus", "gross_value", "revenue", "running"):
            setattr(self, name, np.zeros(w.runs))

    other_profit: Array
    resources: Array
    surplus: Array
    gross_value: Array
    revenue: Array
    running: Array

    def add(self, net: NetCash, weight: Array) -> None:
        """Add a quarter's cash, each run times its `weight` (discount, and length in run-off)."""
        for name, total in vars(self).items():
            total += weight * getattr(net, name)

    def copy(self) -> Values:
        """Return a copy that later additions leave alone."""
        twin = object.__new__(Values)
        for name, value in vars(self).items():
            setattr(twin, name, value.copy())
        return twin
