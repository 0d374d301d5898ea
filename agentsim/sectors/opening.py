"""Opening books: the state of every sector at the base date, from the scenario's parameters."""

from __future__ import annotations

import numpy as np

from agentsim.laws import chips, credit, technology
from agentsim.laws.numerics import Array, at_least, at_most, ordered_sum, safe_divide
from agentsim.sectors.base import Pipeline
from agentsim.sectors.world import EfficiencyGap, World

HIGHEST_MARGIN = 0.999
"""That a price can be set from: a chip that costs nothing to make has no price by its margin."""


def open_books(w: World) -> None:
    """Fill the state that stands at the base date. Services of that quarter are cleared after."""
    _open_inputs(w)
    _open_vendors(w)
    _open_fleets(w)
    _open_shells(w)
    _open_sales(w)
    _open_credit(w)


def _open_inputs(w: World) -> None:
    m, i, c = w.p.market, w.inputs, w.customers
    i.frontier[:] = 1.0
    i.cost_index[:] = 1.0
    i.energy_index[:] = 1.0
    i.system_cost[:] = m.system_cost
    i.memory_price[:] = m.memory_price
    i.memory_cost[:] = m.memory_price * (1.0 - m.memory_margin)
    i.foundry_capacity[:] = m.foundry_capacity
    i.other_budget[:] = m.other_buyers_budget
    i.loan_rate[:] = m.funding_rate_per_year
    i.credit_demand[:] = 1.0
    c.adoption[:] = 1.0
    c.willingness[:] = 1.0
    w.wafers[:] = m.foundry_capacity
    w.foundry_expects[:] = m.foundry_pipeline_growth
    _steady_growth(w.wafer_pipeline, w.foundry_lags, w.wafers, m.foundry_pipeline_growth)
    k = w.memory_makers
    k.capacity[:] = m.memory_capacity * w.p.memory_maker.capacity_share
    # A line makes more every quarter, so that lines need not grow as fast as what they make.
    lines = at_least((1.0 + m.memory_pipeline_growth) / w.rates.memory_density_growth - 1.0, 0.0)
    _steady_growth(w.memory_pipeline, w.memory_lags, k.capacity, lines)
    k.building = w.memory_pipeline.total()


def _steady_growth(
    pipeline: Pipeline, lags: list[tuple[int, Array | None]], stock: Array, growth: Array
) -> None:
    """Put under way what keeps a stock growing at a steady rate until new orders arrive."""
    for lag, has_it in lags:
        step = stock * growth
        for ahead in range(lag):
            added = step if has_it is None else step * has_it
            pipeline.add(ahead, added)
            step = step * (1.0 + growth)


def _open_vendors(w: World) -> None:
    v, p, i = w.chip_vendors, w.p.chip_vendor, w.inputs
    v.price[:] = p.price
    moat = np.zeros_like(v.price)
    for kind in (1.0 - w.designer, w.designer):
        reach = np.where(kind > 0.0, p.reach, 1.0)
        moat = moat + kind * chips.moats(kind * p.spending_share, reach)
    w.base_vendor_price[:] = v.price
    w.set_moats(moat)
    v.share[:] = p.spending_share
    v.fill[:] = 1.0
    v.unit_cost[:] = p.making_cost + p.memory_content * i.memory_price
    w.base_margin[:] = np.minimum(1.0 - v.unit_cost / v.price, HIGHEST_MARGIN)
    for price, kind in ((i.merchant_price, 1.0 - w.designer), (i.custom_price, w.designer)):
        units = ordered_sum(kind * v.share / v.price)
        spend = ordered_sum(kind * v.share)
        highest = (kind * v.price).max(axis=0)
        price[0] = safe_divide(spend, units, np.where(highest > 0.0, highest, 1.0))


def _open_fleets(w: World) -> None:
    h, p, m = w.hyperscalers, w.p.hyperscaler, w.p.market
    h.merchant_fleet[:] = p.merchant_fleet
    h.custom_fleet[:] = p.custom_fleet
    h.merchant_power[:] = p.merchant_fleet * p.merchant_fleet_power
    h.custom_power[:] = p.custom_fleet * p.custom_fleet_power
    h.fleet_age[:] = 4.0 * p.fleet_age
    growth = (1.0 + m.foundry_pipeline_growth) * w.rates.density_growth
    last_merchant = _under_way(w, w.merchant_pipeline, p.merchant_on_order, growth)
    last_custom = _under_way(w, w.custom_pipeline, p.custom_on_order, growth)
    _under_way(w, w.merchant_power_pipeline, p.merchant_on_order * m.merchant_power, growth)
    _under_way(w, w.custom_power_pipeline, p.custom_on_order * m.custom_power, growth)
    h.merchant_on_order = w.merchant_pipeline.total()
    h.custom_on_order = w.custom_pipeline.total()
    merchant_unit = w.inputs.merchant_price + w.inputs.system_cost
    custom_unit = w.inputs.custom_price + w.inputs.system_cost
    value = h.merchant_fleet * merchant_unit + h.custom_fleet * custom_unit
    spent = last_merchant * merchant_unit + last_custom * custom_unit
    h.merchant_spend = last_merchant * w.inputs.merchant_price
    h.custom_spend = last_custom * w.inputs.custom_price
    h.system_spend = w.inputs.system_cost * (last_merchant + last_custom)
    h.capex[:] = spent
    h.capex_rate[:] = np.where(spent > 0.0, safe_divide(spent, value, 0.0), w.rates.wear)
    on_order = h.merchant_on_order * merchant_unit + h.custom_on_order * custom_unit
    age_share = np.maximum(1.0 - h.fleet_age * w.rates.wear, 0.0)
    h.book_value[:] = value * age_share + on_order
    h.economic_value[:] = h.book_value
    h.training_share[:] = p.training_share
    h.custom_share[:] = p.custom_share * p.custom_program
    h.funded[:] = 1.0
    h.fill[:] = 1.0
    h.cash[:] = p.cash
    h.core_cash[:] = np.maximum(p.core_cash - p.other_capex, 0.0)
    h.other_capex[:] = np.minimum(p.other_capex, p.core_cash)
    w.gaps = [EfficiencyGap(w.full(p.efficiency_gap, h.size), m.diffusion)]
    h.efficiency[:] = np.exp(-w.gaps[0].gap)


def _under_way(w: World, pipeline: Pipeline, amount: Array, growth: Array) -> Array:
    """Spread what is on order over the quarters before delivery; return the last quarter's part."""
    total = w.full(amount, w.hyperscalers.size)
    last = np.zeros_like(total)
    for lag, has_it in w.delivery_lags:
        weights = [np.ones(w.runs)]
        for _ in range(1, lag):
            weights.append(weights[-1] * growth)
        whole = ordered_sum(np.array(weights))
        for ahead in range(lag):
            part = total * (weights[ahead] / whole)
            part = part if has_it is None else part * has_it
            pipeline.add(ahead, part)
            if ahead == lag - 1:
                last = last + part
    return last


def _open_shells(w: World) -> None:
    h, p = w.hyperscalers, w.p.hyperscaler
    h.shells[:] = p.shell_coverage * (h.merchant_power + h.custom_power)
    building = p.shells_building * h.shells
    for lag, has_it in w.shell_lags:
        for ahead in range(lag):
            part = building / lag if has_it is None else building / lag * has_it
            w.shell_pipeline.add(ahead, part)
    h.shells_building = w.shell_pipeline.total()
    w.shells_in_payment = h.shells_building
    h.shell_spend = w.shells_in_payment * w.rates.shell_instalment
    h.capex += h.shell_spend


def _open_sales(w: World) -> None:
    """Set the flows of the base quarter's chip market: they are shown, and no part of any value.

    Hyperscalers' part is what they have on order. Other buyers ordered for all of their budget, and
    got `other_buyers_purchases` of it, where the foundry left them so much.
    """
    h, v, k, i, p = w.hyperscalers, w.chip_vendors, w.memory_makers, w.inputs, w.p.chip_vendor
    v.revenue = v.share * w.merchant * ordered_sum(h.merchant_spend)
    v.revenue += v.share * w.designer * ordered_sum(h.custom_spend)
    v.sales = v.revenue / v.price
    others = v.share * w.merchant * i.other_budget / v.price
    v.orders = v.sales + others
    w.wafers_ordered = ordered_sum(v.orders)
    i.foundry_tightness[0] = safe_divide(w.wafers_ordered, i.foundry_capacity[0], 1.0)
    left = at_least(i.foundry_capacity[0] - ordered_sum(v.sales), 0.0)
    could = others * chips.fill_ratio(left, ordered_sum(others))
    got = chips.fill_ratio(w.p.market.other_buyers_purchases, ordered_sum(v.price * could))
    v.other_sales = could * got
    v.other_revenue = v.price * v.other_sales
    i.other_purchases[0] = ordered_sum(v.other_revenue)
    shipped = v.sales + v.other_sales
    v.making = p.making_cost * shipped
    v.memory_spend = p.memory_content * i.memory_price * shipped
    v.own_cost = p.own_cost_share * (v.revenue + v.other_revenue)
    wanted, made = ordered_sum(p.memory_content * (v.sales + could)), ordered_sum(k.capacity)
    i.memory_tightness[0] = safe_divide(wanted, made, 1.0)
    used = ordered_sum(p.memory_content * shipped)
    k.sales = k.capacity * at_most(safe_divide(used, made, 1.0), 1.0)
    k.revenue, k.making = k.sales * i.memory_price, k.sales * i.memory_cost


def _open_credit(w: World) -> None:
    h, b, p = w.hyperscalers, w.lenders, w.p.lender
    debt = w.full(w.p.hyperscaler.debt, h.size)
    share = w.full(p.loan_share, b.size)
    b.loans[:] = share[:, np.newaxis] * debt
    b.spread[:] = p.spread
    b.advance_rate[:] = p.advance_rate
    b.deployed[:] = p.deployed
    b.funds[:] = p.funds
    rate = credit.loan_rate(
        w.p.market.funding_rate_per_year, b.spread, w.p.hyperscaler.credit_premium
    )
    b.coupons[:] = b.loans * rate
    h.debt[:] = ordered_sum(b.loans)
    b.outstanding[:] = ordered_sum(np.swapaxes(b.loans, 0, 1))


def open_quality(w: World) -> None:
    """Scale the firms' relative quality to what training of the base date's size sustains."""
    h, p, m = w.hyperscalers, w.p.hyperscaler, w.p.market
    relative = w.full(p.quality, h.size)
    working = h.merchant_fleet * h.working_share, h.custom_fleet * h.working_share
    _, _, T = technology.place_training(h.training_share, *working, w.training_fit)
    sustained = technology.next_quality(
        np.zeros_like(relative), m.quality_decay, h.efficiency, T, m.training_exponent, np.zeros(1)
    )
    scale = safe_divide(ordered_sum(sustained), ordered_sum(relative) * m.quality_decay, 1.0)
    w.set_quality(relative * np.where(scale > 0.0, scale, 1.0))
    w.base_quality = h.quality.max(axis=0)
