"""Step 5: memory and chips clear. Orders meet capacity; what is shipped is paid."""

from __future__ import annotations

import numpy as np

from agentsim.laws import chips, memory
from agentsim.laws.numerics import Array, ordered_sum, safe_divide
from agentsim.sectors.world import CUSTOM, MERCHANT, World
from agentsim.steps.choices import Choices
from agentsim.steps.credit import Purse


def memory_and_chips_clear(w: World, chosen: Choices, purse: Purse) -> Array:
    """Orders meet foundry and memory capacity; what is shipped is paid, the rest lapses.

    Returns the power that the chips shipped to each hyperscaler will need, GW, `(firms, runs)`.
    Arrays `(vendors, kinds, runs)` have a row for merchant chips and one for custom ones.
    """
    h, v, i = w.hyperscalers, w.chip_vendors, w.inputs
    p, m = w.p.chip_vendor, w.p.market
    v.price = chosen.chip_vendor["price"]
    by_kind = v.price[:, np.newaxis]

    # spending shares within each kind, and what a dollar buys
    share = chips.spending_shares(
        by_kind,
        w.base_vendor_price[:, np.newaxis],
        w.log_moats,
        m.vendor_elasticity,
        p.reach[:, np.newaxis],
    )
    v.share = share[:, MERCHANT] + share[:, CUSTOM]
    units = share / by_kind
    merchant_units, custom_units = ordered_sum(units)
    merchant_chips = chips.chip_part(purse.merchant_budget, i.system_cost, merchant_units)
    custom_chips = chips.chip_part(purse.custom_budget, i.system_cost, custom_units)

    # orders against capacity
    from_hyperscalers = units[:, MERCHANT] * ordered_sum(merchant_chips)
    from_hyperscalers += units[:, CUSTOM] * ordered_sum(custom_chips)
    from_others = units[:, MERCHANT] * i.other_budget
    v.orders = from_hyperscalers + from_others
    orders = ordered_sum(v.orders)
    _foundry_expands_and_delivers(w, orders)
    foundry_fill = chips.fill_ratio(i.foundry_capacity[0], orders)
    wanted = p.memory_content * v.orders * foundry_fill
    memory_fill = _memory_clears(w, chosen, wanted)
    v.fill = np.where(p.memory_content > 0.0, foundry_fill * memory_fill, foundry_fill)
    fill, other_fill = v.fill, v.fill
    if chosen.chip_vendor["priority"].any():
        fill, other_fill = chips.allocate(
            v.fill, chosen.chip_vendor["priority"], from_hyperscalers, from_others
        )

    # shipments and payments
    v.sales = from_hyperscalers * fill
    v.other_sales = from_others * other_fill
    v.revenue = v.price * v.sales
    v.other_revenue = v.price * v.other_sales
    shipped = v.sales + v.other_sales
    making_cost = p.making_cost * i.cost_index
    memory_cost = p.memory_content * i.memory_price
    v.unit_cost = making_cost + memory_cost
    v.memory_spend = memory_cost * shipped
    v.making = making_cost * shipped
    v.own_cost = p.own_cost_share * (v.revenue + v.other_revenue)
    i.other_purchases[0] = ordered_sum(v.other_revenue)

    merchant_filled, custom_filled = ordered_sum(units * fill[:, np.newaxis])
    merchant_paid, custom_paid = ordered_sum(share * fill[:, np.newaxis])
    bought_merchant, bought_custom = merchant_chips * merchant_filled, custom_chips * custom_filled
    h.merchant_spend, h.custom_spend = merchant_chips * merchant_paid, custom_chips * custom_paid
    h.system_spend = i.system_cost * (bought_merchant + bought_custom)
    spent = h.merchant_spend + h.custom_spend
    spent += h.system_spend
    h.fill = safe_divide(spent, purse.budget, 1.0)
    h.capex_rate = safe_divide(purse.budget, purse.fleet_value, 0.0)
    h.capex = spent + h.shell_spend
    purse.spent = spent
    purse.cash = np.maximum(purse.cash - spent, 0.0)

    i.merchant_price[0] = safe_divide(1.0, merchant_units, i.merchant_price[0])
    i.custom_price[0] = safe_divide(1.0, custom_units, i.custom_price[0])
    merchant_power = bought_merchant * (m.merchant_power * i.energy_index)
    custom_power = bought_custom * (m.custom_power * i.energy_index)
    w.merchant_pipeline.order(bought_merchant, w.delivery_lags)
    w.custom_pipeline.order(bought_custom, w.delivery_lags)
    w.merchant_power_pipeline.order(merchant_power, w.delivery_lags)
    w.custom_power_pipeline.order(custom_power, w.delivery_lags)
    return np.asarray(merchant_power + custom_power)


def _foundry_expands_and_delivers(w: World, orders: Array) -> None:
    """Chip-making capacity under way arrives; more is ordered as orders press on it."""
    v, i, m = w.chip_vendors, w.inputs, w.p.market
    w.wafers = w.wafers + w.wafer_pipeline.arrive()
    capacity = w.wafers * w.density
    i.foundry_capacity[0] = capacity
    i.foundry_tightness[0] = orders / capacity
    growth = chips.capacity_growth(
        i.foundry_tightness[0],
        m.foundry_growth_base,
        m.foundry_growth_response,
        m.foundry_growth_limit,
    )
    w.wafer_pipeline.order(w.wafers * growth, w.foundry_slots)
    cost = m.foundry_cost * i.cost_index[0] * growth * capacity
    v.foundry_spend = v.orders * safe_divide(cost, orders, 0.0)


def _memory_clears(w: World, chosen: Choices, wanted: Array) -> Array:
    """Memory makers sell what they offer; returns the share of vendors' orders they can serve."""
    k, i, m = w.memory_makers, w.inputs, w.p.market
    k.capacity = k.capacity + w.memory_pipeline.arrive()
    k.withheld = chosen.memory_maker["withheld"]
    offered = k.capacity * (1.0 - k.withheld)
    supply, orders = ordered_sum(offered), ordered_sum(wanted)
    i.memory_tightness[0] = safe_divide(orders, supply, 1.0)
    spot = memory.margin(
        i.memory_tightness,
        m.memory_margin_slack,
        m.memory_margin_short,
        m.memory_margin,
        m.memory_steepness,
    )
    i.memory_price = memory.price(i.memory_price, i.memory_cost, spot, m.memory_contracts)
    k.sales = offered * np.minimum(1.0, i.memory_tightness)
    k.revenue = k.sales * i.memory_price
    k.making = k.sales * i.memory_cost

    added = k.capacity * np.minimum(chosen.memory_maker["expansion"], m.memory_growth_limit)
    w.memory_pipeline.order(added, w.memory_slots)
    k.building = w.memory_pipeline.total()
    base_cost = m.memory_price * (1.0 - m.memory_margin)
    k.expansion_spend = m.memory_expansion_cost * (i.memory_cost / base_cost) * added
    return chips.fill_ratio(supply, orders)
