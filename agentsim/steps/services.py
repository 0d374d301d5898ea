"""Step 7: services clear. Working capacity becomes AI services, customers pay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws import demand, services, technology
from agentsim.laws.numerics import Array, ordered_sum, safe_divide
from agentsim.sectors.world import World
from agentsim.steps.choices import Chosen


@dataclass(frozen=True)
class Serving:
    """Working capacity by use, `(firms, runs)`."""

    merchant: Array  # M H100e that serve
    custom: Array
    T: Array  # training, merchant equivalents
    merchant_kw: Array  # kW per H100e, mean of the fleet
    custom_kw: Array
    training_bill: Array  # $bn of electricity and upkeep


def split_fleet(w: World) -> Serving:
    """Put working chips to training and serving."""
    h, p = w.hyperscalers, w.p.hyperscaler
    merchant, custom = h.merchant_fleet * h.working_share, h.custom_fleet * h.working_share
    to_serve = technology.place_training(h.training_share, merchant, custom, p.custom_fit, p.codesign)
    merchant_serving, custom_serving, T = to_serve
    merchant_kw = safe_divide(h.merchant_power, h.merchant_fleet, 0.0)
    custom_kw = safe_divide(h.custom_power, h.custom_fleet, 0.0)
    training_power = (merchant - merchant_serving) * merchant_kw
    training_power = training_power + (custom - custom_serving) * custom_kw
    bill = w.p.market.running_cost * training_power
    return Serving(merchant_serving, custom_serving, T, merchant_kw, custom_kw, bill)


def services_clear(w: World, chosen: Chosen, cash: Array) -> None:
    """Sell services and train, as `training_share` and `withheld` were chosen.

    `cash` is what each firm has in hand, $bn: training stops where its power cannot be paid.
    """
    h, c, p, m = w.hyperscalers, w.customers, w.p.hyperscaler, w.p.market
    h.training_share = chosen["training_share"]
    use = split_fleet(w)
    offered = h.efficiency * (1.0 - chosen["withheld"])
    custom_efficiency = h.efficiency * p.custom_fit
    capacity_m = offered * use.merchant
    capacity_c = offered * p.custom_fit * use.custom
    theta = services.weights(
        technology.quality_shares(h.quality, m.quality_exponent), m.substitution
    )
    total_demand = w.demand()
    sold = services.clear(
        capacity_m,
        m.running_cost * use.merchant_kw / h.efficiency,
        capacity_c,
        m.running_cost * use.custom_kw / custom_efficiency,
        theta,
        m.substitution,
        total_demand,
    )
    h.services, h.own_price, h.revenue, h.revenue_share = sold.x, sold.p_h, sold.revenue_h, sold.s_h
    capacity = capacity_m + capacity_c
    h.switched_off = 1.0 - safe_divide(sold.x, capacity, 1.0)
    serving_bill = m.running_cost * (
        sold.used_cheap / h.efficiency * use.merchant_kw
        + sold.used_dear / custom_efficiency * use.custom_kw
    )
    affordable = np.maximum(cash + h.revenue - serving_bill, 0.0)
    trained = np.minimum(1.0, safe_divide(affordable, use.training_bill, 1.0))
    h.training = use.T * trained
    h.running = serving_bill + use.training_bill * trained

    c.quantity[0], c.service_price[0], c.elasticity[0] = sold.Q, sold.P, sold.E
    c.spending[0] = ordered_sum(h.revenue)
    c.surplus[0] = demand.surplus(total_demand, sold.P)
    c.gross_value[0] = demand.gross_value(total_demand, sold.Q)


def models_improve(w: World, luck: Array) -> None:
    """Training of this quarter raises quality for the next; `luck` is standard normal."""
    h, m = w.hyperscalers, w.p.market
    h.quality = technology.next_quality(
        h.quality,
        m.quality_decay,
        h.efficiency,
        h.training,
        m.training_exponent,
        m.quality_noise * luck,
    )
    h.quality_share = technology.quality_shares(h.quality, m.quality_exponent)
