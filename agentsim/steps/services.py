"""Step 7: services clear. Working capacity becomes AI services, customers pay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws import demand, services, technology
from agentsim.laws.numerics import Array, ordered_sum, safe_divide
from agentsim.sectors.world import World
from agentsim.steps.choices import Chosen

NEXT_TO_NOTHING = 1e-9  # a share of training that rounding alone may leave


@dataclass(frozen=True)
class Serving:
    """Working capacity by use, `(firms, runs)`."""

    merchant: Array  # M H100e that serve
    custom: Array
    T: Array  # training, merchant equivalents
    merchant_cost: Array  # $k of electricity and upkeep per H100e, mean of the fleet
    custom_cost: Array
    training_bill: Array  # $bn of electricity and upkeep


def split_fleet(w: World) -> Serving:
    """Put working chips to training and serving."""
    h, m = w.hyperscalers, w.p.market
    merchant, custom = h.merchant_fleet * h.working_share, h.custom_fleet * h.working_share
    trains_m, trains_c, T = technology.place_training(
        h.training_share, merchant, custom, w.training_fit
    )
    merchant -= trains_m
    custom -= trains_c
    merchant_cost = safe_divide(h.merchant_power, h.merchant_fleet, 0.0)
    merchant_cost *= m.running_cost
    custom_cost = safe_divide(h.custom_power, h.custom_fleet, 0.0)
    custom_cost *= m.running_cost
    bill = trains_m * merchant_cost
    bill += trains_c * custom_cost
    return Serving(merchant, custom, T, merchant_cost, custom_cost, bill)


def services_clear(w: World, chosen: Chosen, cash: Array) -> None:
    """Sell services and train, as `training_share` and `withheld` were chosen.

    `cash` is what each firm has in hand, $bn: training stops where its power cannot be paid.
    """
    h, c, p = w.hyperscalers, w.customers, w.p.hyperscaler
    h.training_share = chosen["training_share"]
    use = split_fleet(w)
    offered = 1.0 - chosen["withheld"]
    custom_efficiency = h.efficiency * p.custom_fit
    capacity_m, capacity_c = h.efficiency * use.merchant, custom_efficiency * use.custom
    capacity_m *= offered
    capacity_c *= offered
    cost_m = use.merchant_cost / h.efficiency  # $k of electricity and upkeep per service
    cost_c = use.custom_cost / custom_efficiency
    sold = services.settle(
        capacity_m,
        cost_m,
        capacity_c,
        cost_c,
        w.log_theta,
        w.p.market.substitution,
        w.demand,
    )
    h.services, h.own_price, h.revenue, h.revenue_share = sold.x, sold.p_h, sold.revenue_h, sold.s_h
    h.switched_off = w.none
    if sold.used_cheap is not capacity_m:
        h.switched_off = 1.0 - safe_divide(sold.x, capacity_m + capacity_c, 1.0)
    h.training, h.running = use.T, sold.used_cheap * cost_m
    h.running += sold.used_dear * cost_c
    affordable = cash + h.revenue
    affordable -= h.running
    if (affordable >= use.training_bill).all():
        h.running += use.training_bill
    else:
        affordable = np.maximum(affordable, 0.0)
        trained = np.minimum(1.0, safe_divide(affordable, use.training_bill, 1.0))
        # Quality rises with a low power of training, and would make much of a rounding error.
        trained = np.where(trained < NEXT_TO_NOTHING, 0.0, trained)
        h.training = use.T * trained
        h.running += use.training_bill * trained
    w.operating_cash = h.revenue - h.running

    c.quantity[0], c.service_price[0], c.elasticity[0] = sold.Q, sold.P, sold.E
    c.spending[0] = ordered_sum(h.revenue)
    c.surplus[0] = demand.surplus(w.demand, sold.P)
    c.gross_value[0] = demand.gross_value(w.demand, sold.Q)


def models_improve(w: World, luck: Array) -> None:
    """Training of this quarter raises quality for the next; `luck` is standard normal."""
    h, m = w.hyperscalers, w.p.market
    w.set_quality(
        technology.next_quality(
            h.quality,
            m.quality_decay,
            h.efficiency,
            h.training,
            m.training_exponent,
            m.quality_noise * luck,
        )
    )
