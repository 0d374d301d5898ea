"""Outcomes: one row a run, from the ledger and a few counts kept as the quarters go by."""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array, ordered_sum, safe_divide
from agentsim.ledger import Values
from agentsim.sectors.world import World
from agentsim.steps.credit import fleet_value

# Name, unit and meaning of every outcome, in the order of the table. Those marked with * have a
# twin `..._to_horizon` without the run-off.
OUTCOMES: dict[str, tuple[str, str]] = {
    "customer_surplus": ("$bn*", "consumer surplus, discounted to the base date"),
    "hyperscaler_value": ("$bn*", "hyperscalers' AI cash, opening debt given back, discounted"),
    "chip_vendor_value": ("$bn*", "chip vendors' cash on sales to hyperscalers, discounted"),
    "memory_maker_value": ("$bn*", "memory makers' cash on chips for hyperscalers, discounted"),
    "lender_value": ("$bn*", "lenders' cash less the loans outstanding at the start, discounted"),
    "other_buyer_profit": (
        "$bn*",
        "vendors' and memory makers' profit on other buyers, discounted",
    ),
    "resource_cost": ("$bn*", "real resources used for the hyperscalers' market, discounted"),
    "total_surplus": (
        "$bn*",
        "surplus of customers, hyperscalers, vendors, memory makers, lenders",
    ),
    "customer_share": ("1*", "consumer surplus over total surplus"),
    "revenue": ("$bn*", "AI service revenue, discounted"),
    "rent_dissipation": ("1*", "real resources over the prize"),
    "rent_transferred": ("1*", "value of vendors, memory makers and lenders over the prize"),
    "capex": ("$bn", "AI capex to the horizon, undiscounted"),
    "chip_spend": ("$bn", "hyperscalers' chip purchases to the horizon, undiscounted"),
    "defaults": ("1", "hyperscalers that defaulted, each counted once"),
    "lender_losses": ("$bn", "loans written off, undiscounted"),
    "idle_share": ("1", "H100e-quarters without a powered shell over all delivered"),
    "switched_off_share": ("1", "serving capacity that did not cover its running cost"),
    "hhi": ("1", "sum of squared revenue shares at the horizon"),
    "service_price": ("1", "service price at the horizon over that at the base date"),
    "compute": ("M H100e", "hyperscalers' fleet at the horizon"),
    "chip_margin": ("1", "vendors' gross margin over all sales to hyperscalers"),
    "memory_margin": ("1", "memory's mean gross margin"),
    "fleet_at_cost": ("$bn", "fleets at the horizon at what they would cost then, discounted"),
    "overstatement": ("$bn", "book value over economic value at the horizon, earlier than it wore"),
}

BY_FIRM: dict[str, tuple[str, str]] = {
    "value": ("$bn", "value of the firm, opening debt given back, discounted, with the run-off"),
    "value_to_horizon": ("$bn", "the same without the run-off: its cash alone"),
    "market_share": (
        "1",
        "of its role: of revenue in the last quarter; of sales to the horizon (chip vendors, memory "
        "makers); of loans at the horizon (lenders)",
    ),
}
"""Outcomes of each firm, `NAME.<firm>`: name, unit and meaning. Unless others are asked for, batches
keep the first."""


class Counts:
    """What outcomes need besides the ledger: sums over the quarters, firm by firm."""

    def __init__(self, w: World) -> None:
        buyers, sellers = (w.hyperscalers.size, w.runs), (w.chip_vendors.size, w.runs)
        makers = (w.memory_makers.size, w.runs)
        self.capex = np.zeros(buyers)
        self.chips = np.zeros(buyers)
        self.fleet = np.zeros(buyers)
        self.working = np.zeros(buyers)
        self.off = np.zeros(buyers)
        self.written_off = np.zeros(buyers)
        self.vendor_sales = np.zeros(sellers)
        self.vendor_costs = np.zeros(sellers)
        self.memory_sales = np.zeros(makers)
        self.memory_costs = np.zeros(makers)

    def add(self, w: World) -> None:
        """Count the quarter that just closed. What did not happen in any run need not be added."""
        h, v, k = w.hyperscalers, w.chip_vendors, w.memory_makers
        fleet = h.merchant_fleet + h.custom_fleet
        self.fleet += fleet
        fleet *= h.working_share
        self.working += fleet
        if h.switched_off is not w.none:
            self.off += fleet * h.switched_off
        self.capex += h.capex
        self.chips += h.merchant_spend
        self.chips += h.custom_spend
        if h.defaulted is not w.none:
            self.written_off += h.written_off
        self.vendor_sales += v.revenue
        self.vendor_costs += v.unit_cost * v.sales
        self.memory_sales += k.revenue
        self.memory_costs += k.making


def table(
    w: World,
    counts: Counts,
    to_horizon: Values,
    with_runoff: Values,
    opening_debt: Array,
    opening_loans: Array,
    discount: Array,
) -> dict[str, Array]:
    """Return every outcome by name, `(runs,)`, and those of each firm as `NAME.<firm>`.

    `discount` is the discount factor at the horizon, `(runs,)`.
    """
    h = w.hyperscalers
    result: dict[str, Array] = {}
    for suffix, values in (("", with_runoff), ("_to_horizon", to_horizon)):
        for name, amount in _values(w, values, opening_debt, opening_loans).items():
            result[name + suffix] = amount
    fleet = ordered_sum(h.merchant_fleet + h.custom_fleet)
    counted = {name: ordered_sum(each) for name, each in vars(counts).items()}
    idle = counted["fleet"] - counted["working"]
    result |= {
        "capex": counted["capex"],
        "chip_spend": counted["chips"],
        "defaults": ordered_sum(h.lender_owned),
        "lender_losses": counted["written_off"],
        "idle_share": safe_divide(idle, counted["fleet"], 0.0),
        "switched_off_share": safe_divide(counted["off"], counted["working"], 0.0),
        "hhi": ordered_sum(h.revenue_share * h.revenue_share),
        "service_price": w.customers.service_price[0] / w.base_price,
        "compute": fleet,
        "chip_margin": 1.0 - safe_divide(counted["vendor_costs"], counted["vendor_sales"], 1.0),
        "memory_margin": 1.0 - safe_divide(counted["memory_costs"], counted["memory_sales"], 1.0),
        "fleet_at_cost": ordered_sum(discount * fleet_value(w)),
        "overstatement": ordered_sum(h.book_value - h.economic_value),
    }
    ordered = [name for name in OUTCOMES] + [n for n in result if n not in OUTCOMES]
    result = {name: result[name] for name in ordered}
    by_firm = (
        (h, with_runoff.hyperscalers, to_horizon.hyperscalers, opening_debt, h.revenue),
        (w.chip_vendors, with_runoff.vendors, to_horizon.vendors, 0.0, counts.vendor_sales),
        (w.memory_makers, with_runoff.memory, to_horizon.memory, 0.0, counts.memory_sales),
        (w.lenders, with_runoff.lenders, to_horizon.lenders, -opening_loans, w.lenders.outstanding),
    )
    for place, name in enumerate(("value", "value_to_horizon")):
        for sector, *owned, opening, _ in by_firm:
            for firm, row in zip(sector.firms, owned[place] + opening, strict=True):
                result[f"{name}.{firm}"] = row
    for sector, *_, sold in by_firm:
        for firm, row in zip(sector.firms, safe_divide(sold, ordered_sum(sold), 0.0), strict=True):
            result[f"market_share.{firm}"] = row
    return result


def _values(
    w: World, values: Values, opening_debt: Array, opening_loans: Array
) -> dict[str, Array]:
    """Return the value of each layer and what follows from it."""
    hyperscalers = ordered_sum(values.hyperscalers + opening_debt)
    vendors = ordered_sum(values.vendors)
    memory = ordered_sum(values.memory)
    lenders = ordered_sum(values.lenders - opening_loans)
    total = values.surplus + hyperscalers + vendors + memory + lenders
    # The prize is service revenue at unit elasticity, where capacity does not move it; elsewhere
    # what is left of revenue after running cost, and running cost is then no part of the race.
    unit = np.broadcast_to(w.p.market.demand_elasticity, (w.runs,)) == 1.0
    spent = np.where(unit, values.resources, values.resources - values.running)
    prize = np.where(unit, values.revenue, values.revenue - values.running)
    return {
        "customer_surplus": values.surplus,
        "hyperscaler_value": hyperscalers,
        "chip_vendor_value": vendors,
        "memory_maker_value": memory,
        "lender_value": lenders,
        "other_buyer_profit": values.other_profit,
        "resource_cost": values.resources,
        "total_surplus": total,
        "customer_share": safe_divide(values.surplus, total, np.nan),
        "revenue": values.revenue,
        "rent_dissipation": safe_divide(spent, prize, np.nan),
        "rent_transferred": safe_divide(vendors + memory + lenders, prize, np.nan),
    }
