"""Step 5: memory and chips clear. Orders meet capacity; what is shipped is paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws import chips, memory
from agentsim.laws.numerics import Array, at_least, at_most, ordered_sum, safe_divide
from agentsim.sectors.world import World
from agentsim.steps.choices import Choices
from agentsim.steps.credit import Purse

NO_CEILING = 1e4  # $k per H100e, the highest price that can be chosen


@dataclass(frozen=True)
class Kind:
    """The market for merchant chips or for custom ones."""

    sells: Array  # 1 for a vendor of this kind, `(vendors, runs)`
    units: Array  # H100e that a budget of one buys of each vendor, `(vendors, runs)`
    bought: Array  # H100e that it buys of all vendors, `(runs,)`
    paid: Array  # what each hyperscaler has for chips of this kind, systems paid, `(firms, runs)`


def memory_and_chips_clear(w: World, chosen: Choices, purse: Purse) -> Array:
    """Orders meet foundry and memory capacity; what is shipped is paid, the rest lapses.

    Returns the power that the chips shipped to each hyperscaler will need, GW, `(firms, runs)`.
    """
    v, i = w.chip_vendors, w.inputs
    # Buyers pay no more than their outside option; nobody need sell below unit cost.
    highest = np.maximum(price_ceiling(w), known_unit_cost(w))
    v.price = np.minimum(chosen.chip_vendor["price"], highest)
    v.share = _spending_shares(w)
    units = v.share / v.price
    merchant = _kind(w, w.merchant, units, purse.merchant_budget)
    custom = _kind(w, w.designer, units, purse.custom_budget)
    from_hyperscalers = merchant.units * ordered_sum(merchant.paid)
    from_hyperscalers += custom.units * ordered_sum(custom.paid)
    from_others = merchant.units * i.other_budget
    fill = _vendors_ship(w, chosen, from_hyperscalers, from_others)
    return _hyperscalers_pay(w, purse, merchant, custom, fill)


def price_ceiling(w: World) -> Array:
    """Return the price at which buyers turn to custom silicon, `(vendors, runs)`, $k/H100e.

    That is last quarter's price of custom chips, per unit of the best fit there is, times
    `outside_option`. There is no ceiling for designers, and none where nobody designs or can order.
    """
    ceiling = at_most(w.inputs.custom_price * w.outside_option, NO_CEILING)
    return np.where(w.designer > 0.0, NO_CEILING, ceiling)


def custom_habit(w: World) -> Array:
    """Return the custom share of spending of firms that choose none, `(firms, runs)`.

    It drifts from last quarter's towards the kind that gives more for a dollar, system included,
    at last quarter's prices.
    """
    h, i = w.hyperscalers, w.inputs
    merchant, custom = i.merchant_price + i.system_cost, i.custom_price + i.system_cost
    advantage = w.p.hyperscaler.custom_fit * (merchant / custom)
    return chips.shifted_share(h.custom_share, advantage, w.p.market.custom_shift)


def known_unit_cost(w: World) -> Array:
    """Return making cost and memory of one H100e at last quarter's memory price, $k/H100e."""
    p, i = w.p.chip_vendor, w.inputs
    return p.making_cost * i.cost_index + p.memory_content * i.memory_price


def memory_expansion_cost(w: World) -> Array:
    """Return the cost of a unit of memory capacity, `(1, runs)`, $bn per M units/quarter."""
    m = w.p.market
    base_cost = m.memory_price * (1.0 - m.memory_margin)
    return np.asarray(m.memory_expansion_cost * (w.inputs.memory_cost / base_cost))


def _spending_shares(w: World) -> Array:
    """Return each vendor's share of spending on its kind, `(vendors, runs)`."""
    price, eta = w.chip_vendors.price, w.p.market.vendor_elasticity
    share = np.zeros_like(price)
    for rows, log_moat, base_price, reach in w.rivals:
        share[rows] += chips.spending_shares(price[rows], base_price, log_moat, eta, reach)
    return share


def _kind(w: World, sells: Array, units: Array, budget: Array) -> Kind:
    """Return what budgets buy of vendors of one kind, each chip with its system."""
    of_kind = units * sells
    bought = ordered_sum(of_kind)
    return Kind(sells, of_kind, bought, chips.chip_part(budget, w.inputs.system_cost, bought))


def _vendors_ship(w: World, chosen: Choices, from_hyperscalers: Array, from_others: Array) -> Array:
    """Vendors make what capacity allows; returns the share of hyperscalers' orders they ship."""
    v, i, p = w.chip_vendors, w.inputs, w.p.chip_vendor
    v.orders = from_hyperscalers + from_others
    orders = ordered_sum(v.orders)
    _foundry_expands_and_delivers(w, orders)
    foundry_fill = chips.fill_ratio(i.foundry_capacity[0], orders)
    memory_fill = _memory_clears(w, chosen, p.memory_content * v.orders * foundry_fill)
    v.fill = np.where(p.memory_content > 0.0, foundry_fill * memory_fill, foundry_fill)
    fill, other_fill = v.fill, v.fill
    if chosen.chip_vendor["priority"].any():
        fill, other_fill = chips.allocate(
            v.fill, chosen.chip_vendor["priority"], from_hyperscalers, from_others
        )
    v.sales = from_hyperscalers * fill
    v.other_sales = from_others * other_fill
    v.revenue = v.price * v.sales
    v.other_revenue = v.price * v.other_sales
    i.other_purchases[0] = ordered_sum(v.other_revenue)

    shipped = v.sales + v.other_sales
    making_cost = p.making_cost * i.cost_index
    memory_cost = p.memory_content * i.memory_price
    v.unit_cost = making_cost + memory_cost
    v.memory_spend = memory_cost * shipped
    v.making = making_cost * shipped
    v.own_cost = p.own_cost_share * (v.revenue + v.other_revenue)
    return fill


def _hyperscalers_pay(w: World, purse: Purse, merchant: Kind, custom: Kind, fill: Array) -> Array:
    """Hyperscalers pay what is shipped to them; returns the power that it will need."""
    h, v, i, m = w.hyperscalers, w.chip_vendors, w.inputs, w.p.market
    paid = v.share * fill  # of a dollar spent on a kind, and what that buys
    units = paid / v.price
    h.merchant_spend = merchant.paid * ordered_sum(paid * merchant.sells)
    h.custom_spend = custom.paid * ordered_sum(paid * custom.sells)
    bought_merchant = merchant.paid * ordered_sum(units * merchant.sells)
    bought_custom = custom.paid * ordered_sum(units * custom.sells)
    h.system_spend = i.system_cost * (bought_merchant + bought_custom)
    spent = h.merchant_spend + h.custom_spend
    spent += h.system_spend
    h.fill = safe_divide(spent, purse.budget, 1.0)
    h.capex_rate = safe_divide(purse.budget, purse.fleet_value, 0.0)
    h.capex = spent + h.shell_spend
    purse.spent = spent
    purse.cash = at_least(purse.cash - spent, 0.0)

    i.merchant_price[0] = safe_divide(1.0, merchant.bought, i.merchant_price[0])
    i.custom_price[0] = safe_divide(1.0, custom.bought, i.custom_price[0])
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
    wafers = orders / w.density
    w.foundry_expects = chips.expected_growth(
        w.foundry_expects, wafers, w.wafers_ordered, m.foundry_adaptation
    )
    w.wafers_ordered = wafers
    committed = w.wafers + w.wafer_pipeline.total()
    growth = chips.capacity_growth(
        wafers,
        committed,
        w.foundry_expects,
        at_least(m.foundry_quarters - 1.0, 0.0),
        m.foundry_growth_response,
        m.foundry_growth_limit,
    )
    added = committed * growth
    w.wafer_pipeline.order(added, w.foundry_slots)
    cost = m.foundry_cost * i.cost_index[0] * added * w.density
    v.foundry_spend = v.orders * safe_divide(cost, orders, 0.0)


def _memory_clears(w: World, chosen: Choices, wanted: Array) -> Array:
    """Memory makers sell what they offer; returns the share of vendors' orders they can serve."""
    k, i, m = w.memory_makers, w.inputs, w.p.market
    # Memory gets cheaper as a line makes more of it, also one that is being built.
    w.memory_pipeline.scale(w.rates.memory_density_growth)
    k.capacity = k.capacity * w.rates.memory_density_growth + w.memory_pipeline.arrive()
    k.withheld = chosen.memory_maker["withheld"]
    offered = k.capacity * (1.0 - k.withheld)
    supply, orders = ordered_sum(offered), ordered_sum(wanted)
    i.memory_tightness[0] = safe_divide(orders, supply, 1.0)
    spot = memory.spot_price(
        i.memory_tightness,
        i.memory_cost,
        m.memory_margin_slack,
        m.memory_margin_balanced,
        m.memory_steepness,
    )
    i.memory_price = memory.price(i.memory_price, spot, m.memory_contracts)
    k.sales = offered * at_most(i.memory_tightness, 1.0)
    k.revenue = k.sales * i.memory_price
    k.making = k.sales * i.memory_cost

    under_way = w.memory_pipeline.total()
    growth = np.minimum(chosen.memory_maker["expansion"], m.memory_growth_limit)
    added = (k.capacity + under_way) * growth
    w.memory_pipeline.order(added, w.memory_slots)
    k.building = under_way + added
    k.expansion_spend = memory_expansion_cost(w) * added
    return chips.fill_ratio(supply, orders)
