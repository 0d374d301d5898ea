"""The chip market: spending shares, orders, foundry capacity and rationing."""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import (
    Array,
    at_least,
    at_most,
    clip,
    log,
    ordered_sum,
    power,
    safe_divide,
)


def spending_shares(p: Array, base_price: Array, log_a: Array, eta: Array, reach: Array) -> Array:
    """Return m_v, the share of spending that goes to each vendor, vendors on the first axis.

    With omega_v = a_v p_v^-eta / sum a_w p_w^-eta, a vendor whose chips suit the share `reach` of
    workloads gets reach_v omega_v min(1, its price over the general vendors'), both prices relative
    to the base date: workloads are counted in compute, and those that cost less to serve bring
    fewer dollars. What niche vendors cannot reach is spent on general vendors (reach 1), in
    proportion to omega. Among general vendors alone m = omega, and a vendor faces the elasticity
    1 + eta (1 - m_v).

    Prices are taken relative to `base_price`, so that no power overflows. Where no vendor has a
    moat `a`, every share is zero; where all are niches, they share the rest among themselves.
    """
    if len(p) == 1:
        return np.where(np.isfinite(log_a), 1.0, 0.0)  # who is alone gets all
    log_weight = log_a - eta * log(p / base_price)
    omega = _shares_of(log_weight)
    whole = reach == 1.0
    if whole.all():
        return omega  # the same as below, where nothing is out of reach
    # By their own largest, as beside a niche that is far ahead they may all be next to nothing.
    general = _shares_of(np.where(whole, log_weight, -np.inf))
    some = whole.any(axis=0)
    if not some.all():
        general = np.where(some, general, omega)
    relative = p / base_price
    others = ordered_sum(general * relative)
    dollars = np.minimum(1.0, safe_divide(relative, others, 1.0))
    reached = np.where(whole, 0.0, reach * dollars * omega)
    general *= ordered_sum(omega) - ordered_sum(reached)
    general += reached
    return general


def _shares_of(log_weight: Array) -> Array:
    """Return weights over their sum, from their logs; all zero where all logs are -inf."""
    top = log_weight.max(axis=0)
    weight = np.exp(log_weight - np.where(np.isfinite(top), top, 0.0))
    weight /= at_least(ordered_sum(weight), 1e-300)
    return weight


def moats(share: Array, reach: Array) -> Array:
    """Return the moats `a` with which `spending_shares` at base prices gives these shares.

    A niche vendor's share must be below its reach.
    """
    niche = np.asarray(reach) < 1.0
    inside = np.where(niche, share / reach, 0.0)
    general = np.where(niche, 0.0, share)
    left = np.maximum(1.0 - ordered_sum(inside), 0.0)
    return inside + general * safe_divide(left, ordered_sum(general), 0.0)


def chip_part(budget: Array, system_cost: Array, units_per_dollar: Array) -> Array:
    """Return what is left for chips of a budget that must also buy each chip its system."""
    return budget / (1.0 + system_cost * units_per_dollar)


def shifted_share(share: Array, advantage: Array, mu: Array) -> Array:
    """Return the share of spending on one of two kinds after a quarter of gradual switching.

    The odds of the kind are multiplied by advantage^mu, `advantage` being what a dollar of it buys
    over what a dollar of the other buys: the replicator equation in discrete time. A kind that
    nobody has begun with stays at nothing.
    """
    odds = share * power(advantage, mu)
    return safe_divide(odds, odds + (1.0 - share), share)


def fill_ratio(supply: Array, orders: Array) -> Array:
    """Return min(1, supply / orders): the share of orders that can be served."""
    return at_most(safe_divide(supply, orders, 1.0), 1.0)


def allocate(fill: Array, priority: Array, first: Array, second: Array) -> tuple[Array, Array]:
    """Split a vendor's rationed supply between two classes of buyers, `(vendors, runs)` each.

    `priority` 0 is pro rata, 1 serves the first class before the second, -1 the reverse. What is
    shipped in all stays `fill` times all orders.
    """
    supply = fill * (first + second)
    best_first = fill_ratio(supply, first)
    best_second = fill_ratio(supply, second)
    rest_second = np.maximum(supply - best_first * first, 0.0)
    rest_first = np.maximum(supply - best_second * second, 0.0)
    toward_first = np.maximum(priority, 0.0)
    toward_second = np.maximum(-priority, 0.0)
    pro_rata = 1.0 - toward_first - toward_second
    first_fill = (
        pro_rata * fill
        + toward_first * best_first
        + toward_second * safe_divide(rest_first, first, 0.0)
    )
    second_fill = (
        pro_rata * fill
        + toward_second * best_second
        + toward_first * safe_divide(rest_second, second, 0.0)
    )
    return np.minimum(first_fill, 1.0), np.minimum(second_fill, 1.0)


def expected_growth(g: Array, orders: Array, before: Array, adaptation: Array | float) -> Array:
    """Return the growth of orders that a maker expects, 1/quarter, after another quarter.

    Its belief `g` moves towards what it sees by the share `adaptation` of its error (adaptive
    expectations); a quarter counts as no more than doubling or halving. Where nothing was ordered
    it learns nothing. `orders` and those of the quarter `before` are in wafers, or in lines of memory.
    """
    seen = clip(safe_divide(orders, before, 1.0 + g), 0.5, 2.0) - 1.0
    return np.asarray(g + adaptation * (seen - g))


def capacity_growth(
    orders: Array, committed: Array, g: Array, ahead: Array, b: Array | float, limit: Array
) -> Array:
    """Return the capacity ordered over that committed: g + b log gap, from 0 to limit.

    `committed` is capacity with what is under construction, all of which stands after `ahead`
    quarters; the gap is what orders will be then, if they grow at `g`, over it. Where orders and
    capacity have grown at g all along, both go on to.
    """
    gap = orders * power(1.0 + np.minimum(g, limit), ahead) / committed
    return clip(g + b * np.log(np.maximum(gap, 1e-12)), 0.0, limit)
