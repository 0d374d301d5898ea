"""Step 5: memory and chips clear. Orders meet capacity; what is shipped is paid."""

from __future__ import annotations

import numpy as np

from agentsim.laws import chips, memory
from agentsim.laws.numerics import Array, ordered_sum, safe_divide
from agentsim.sectors.world import World
from agentsim.steps.choices import Choices
from agentsim.steps.credit import Purse, fleet_value


def memory_and_chips_clear(w: World, chosen: Choices, purse: Purse) -> Array:
    """Orders meet foundry and memory capacity; what is shipped is paid, the rest lapses.

    Returns the power that the chips shipped to each hyperscaler will need, GW, `(firms, runs)`.
    """
    h, v, i = w.hyperscalers, w.chip_vendors, w.inputs
    p, m = w.p.chip_vendor, w.p.market
    v.price = chosen.chip_vendor["price"]
    merchant = 1.0 - w.designer

    # spending shares within each kind, and what a dollar buys
    merchant_share = chips.spending_shares(
        v.price, w.base_vendor_price, v.moat * merchant, m.vendor_elasticity, p.reach
    )
    custom_share = chips.spending_shares(
        v.price, w.base_vendor_price, v.moat * w.designer, m.vendor_elasticity, p.reach
    )
    v.share = merchant_share + custom_share
    merchant_units = ordered_sum(merchant_share / v.price)
    custom_units = ordered_sum(custom_share / v.price)
    merchant_chips = chips.chip_part(purse.merchant_budget, i.system_cost, merchant_units)
    custom_chips = chips.chip_part(purse.custom_budget, i.system_cost, custom_units)

    # orders against capacity
    from_hyperscalers = (
        merchant_share * ordered_sum(merchant_chips) + custom_share * ordered_sum(custom_chips)
    ) / v.price
    from_others = merchant_share * i.other_budget / v.price
    v.orders = from_hyperscalers + from_others
    _foundry_expands_and_delivers(w)
    foundry_fill = chips.fill_ratio(i.foundry_capacity[0], ordered_sum(v.orders))
    wanted = p.memory_content * v.orders * foundry_fill
    memory_fill = _memory_clears(w, chosen, wanted)
    v.fill = np.where(np.asarray(p.memory_content) > 0.0, foundry_fill * memory_fill, foundry_fill)
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
    v.unit_cost = p.making_cost * i.cost_index + p.memory_content * i.memory_price
    v.memory_spend = p.memory_content * i.memory_price * shipped
    v.making = p.making_cost * i.cost_index * shipped
    v.own_cost = p.own_cost_share * (v.revenue + v.other_revenue)
    i.other_purchases[0] = ordered_sum(v.other_revenue)

    bought_merchant = merchant_chips * ordered_sum(merchant_share * fill / v.price)
    bought_custom = custom_chips * ordered_sum(custom_share * fill / v.price)
    h.merchant_spend = merchant_chips * ordered_sum(merchant_share * fill)
    h.custom_spend = custom_chips * ordered_sum(custom_share * fill)
    h.system_spend = i.system_cost * (bought_merchant + bought_custom)
    spent = h.merchant_spend + h.custom_spend + h.system_spend
    budget = purse.merchant_budget + purse.custom_budget
    h.fill = safe_divide(spent, budget, 1.0)
    h.capex_rate = safe_divide(budget, fleet_value(w), 0.0)
    h.capex = spent + h.shell_spend
    purse.cash = np.maximum(purse.cash - spent, 0.0)

    i.merchant_price[0] = safe_divide(1.0, merchant_units, i.merchant_price[0])
    i.custom_price[0] = safe_divide(1.0, custom_units, i.custom_price[0])
    w.merchant_pipeline.order(bought_merchant, w.delivery_lags)
    w.custom_pipeline.order(bought_custom, w.delivery_lags)
    merchant_kw, custom_kw = m.merchant_power * i.energy_index, m.custom_power * i.energy_index
    merchant_power, custom_power = bought_merchant * merchant_kw, bought_custom * custom_kw
    w.merchant_power_pipeline.order(merchant_power, w.delivery_lags)
    w.custom_power_pipeline.order(custom_power, w.delivery_lags)
    return merchant_power + custom_power


def _foundry_expands_and_delivers(w: World) -> None:
    """Chip-making capacity under way arrives; more is ordered as orders press on it."""
    v, i, m = w.chip_vendors, w.inputs, w.p.market
    orders = ordered_sum(v.orders)
    w.wafers = w.wafers + w.wafer_pipeline.arrive()
    i.foundry_capacity[0] = w.wafers * w.density
    i.foundry_tightness[0] = orders / i.foundry_capacity[0]
    growth = chips.capacity_growth(
        orders,
        i.foundry_capacity[0],
        m.foundry_growth_base,
        m.foundry_growth_response,
        m.foundry_growth_limit,
    )
    # this quarter's slot is gone, so a lag of n quarters is n - 1 slots ahead, at least the next
    w.wafer_pipeline.order(w.wafers * growth, [(max(n - 1, 0), mask) for n, mask in w.foundry_lags])
    cost = m.foundry_cost * i.cost_index[0] * growth * i.foundry_capacity[0]
    v.foundry_spend = safe_divide(v.orders, orders, 0.0) * cost


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
    w.memory_pipeline.order(added, [(max(n - 1, 0), mask) for n, mask in w.memory_lags])
    k.building = w.memory_pipeline.total()
    base_cost = np.asarray(m.memory_price * (1.0 - m.memory_margin))
    k.expansion_spend = m.memory_expansion_cost * (i.memory_cost / base_cost) * added
    return chips.fill_ratio(supply, orders)
