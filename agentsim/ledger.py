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

from agentsim.laws.numerics import Array, ordered_sum
from agentsim.sectors.world import World

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
    Flow("electricity_and_upkeep", HYPERSCALERS, RESOURCES, HYPERSCALERS, lambda w: w.hyperscalers.running),
    Flow("merchant_chips", HYPERSCALERS, VENDORS, HYPERSCALERS, lambda w: w.hyperscalers.merchant_spend),
    Flow("custom_chips", HYPERSCALERS, VENDORS, HYPERSCALERS, lambda w: w.hyperscalers.custom_spend),
    Flow("systems", HYPERSCALERS, RESOURCES, HYPERSCALERS, lambda w: w.hyperscalers.system_spend),
    Flow("shells", HYPERSCALERS, RESOURCES, HYPERSCALERS, lambda w: w.hyperscalers.shell_spend),
    Flow("design", HYPERSCALERS, RESOURCES, HYPERSCALERS, lambda w: w.hyperscalers.design_spend),
    Flow("lending", LENDERS, HYPERSCALERS, HYPERSCALERS, lambda w: w.hyperscalers.borrowing),
    Flow("interest", HYPERSCALERS, LENDERS, HYPERSCALERS, lambda w: w.hyperscalers.interest),
    Flow("principal", HYPERSCALERS, LENDERS, HYPERSCALERS, lambda w: w.hyperscalers.principal),
    Flow("sweep", HYPERSCALERS, LENDERS, HYPERSCALERS, lambda w: w.hyperscalers.sweep),
    Flow("chips_to_other_buyers", OTHERS, VENDORS, VENDORS, lambda w: w.chip_vendors.other_revenue),
    Flow("memory", VENDORS, MEMORY, VENDORS, lambda w: w.chip_vendors.memory_spend),
    Flow("chip_making", VENDORS, RESOURCES, VENDORS, lambda w: w.chip_vendors.making),
    Flow("vendor_overhead", VENDORS, RESOURCES, VENDORS, lambda w: w.chip_vendors.own_cost),
    Flow("foundry_expansion", VENDORS, RESOURCES, VENDORS, lambda w: w.chip_vendors.foundry_spend),
    Flow("memory_making", MEMORY, RESOURCES, MEMORY, lambda w: w.memory_makers.making),
    Flow("memory_expansion", MEMORY, RESOURCES, MEMORY, lambda w: w.memory_makers.expansion_spend),
    Flow("core_cash", CORE, HYPERSCALERS, HYPERSCALERS, lambda w: w.core_paid_in, in_value=False),
    Flow("dividends", HYPERSCALERS, SHAREHOLDERS, HYPERSCALERS, lambda w: w.hyperscalers.dividends, in_value=False),
    Flow("buybacks", HYPERSCALERS, SHAREHOLDERS, HYPERSCALERS, lambda w: w.hyperscalers.buybacks, in_value=False),
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
    spent = h.merchant_spend + h.custom_spend + h.system_spend + h.shell_spend + h.design_spend
    hyperscalers = (h.revenue - h.running - spent) + (
        h.borrowing - h.interest - h.principal - h.sweep
    )
    # Costs that vendors and memory makers do not book by buyer are split by quantity.
    shipped = v.sales + v.other_sales
    own_part = np.where(shipped > 0.0, v.sales / np.where(shipped > 0.0, shipped, 1.0), 1.0)
    making = v.memory_spend + v.making + v.foundry_spend
    vendor_profit = v.revenue - own_part * (making + v.own_cost)
    other_vendor_profit = v.other_revenue - (1.0 - own_part) * (making + v.own_cost)
    memory_total = ordered_sum(v.memory_spend)
    memory_own = ordered_sum(own_part * v.memory_spend)
    memory_part = np.where(
        memory_total > 0.0, memory_own / np.where(memory_total > 0.0, memory_total, 1.0), 1.0
    )
    memory_profit = k.revenue - k.making - k.expansion_spend
    lenders = b.interest + b.principal + b.sweep - b.lending
    vendor_cost = v.making + v.own_cost + v.foundry_spend
    memory_cost = k.making + k.expansion_spend
    running = ordered_sum(h.running)
    resources = (
        running
        + ordered_sum(h.system_spend + h.shell_spend + h.design_spend)
        + ordered_sum(own_part * vendor_cost)
        + memory_part * ordered_sum(memory_cost)
    )
    return NetCash(
        hyperscalers=hyperscalers,
        vendors=vendor_profit,
        memory=memory_part * memory_profit,
        lenders=lenders,
        other_profit=ordered_sum(other_vendor_profit)
        + (1.0 - memory_part) * ordered_sum(memory_profit),
        resources=resources,
        other_resources=ordered_sum((1.0 - own_part) * vendor_cost)
        + (1.0 - memory_part) * ordered_sum(memory_cost),
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
    scale = np.maximum(np.abs(given), 1e-9)
    value_identity = np.abs(got - given) / scale
    h = w.hyperscalers
    moved = net.hyperscalers + w.core_paid_in - h.dividends - h.buybacks
    turnover = np.maximum(np.abs(cash_before) + np.abs(h.cash) + h.revenue + h.capex, 1e-9)
    cash_identity = np.abs(h.cash - cash_before - moved) / turnover
    return np.maximum(value_identity, cash_identity.max(axis=0))


class Ledger:
    """Discounted sums of every firm's cash, and on request the flows quarter by quarter."""

    def __init__(self, w: World, keep_flows: bool) -> None:
        self.keep_flows = keep_flows
        self.kept: list[dict[str, Array]] = []
        self.kept_net: list[NetCash] = []
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
        for name in vars(self):
            setattr(self, name, getattr(self, name) + weight * getattr(net, name))

    def copy(self) -> Values:
        """Return a copy that later additions leave alone."""
        twin = object.__new__(Values)
        for name, value in vars(self).items():
            setattr(twin, name, value.copy())
        return twin
