"""The chip market: spending shares, orders, foundry capacity and rationing."""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array, ordered_sum, safe_divide


def spending_shares(p: Array, base_price: Array, a: Array, eta: Array, reach: Array) -> Array:
    """Return m_v, the share of spending that goes to each vendor, `(vendors, runs)`.

    With omega_v = a_v p_v^-eta / sum a_w p_w^-eta, a vendor whose chips suit the share `reach` of
    workloads gets reach_v omega_v; what niche vendors cannot reach is spent on general vendors
    (reach 1), in proportion to omega. Among general vendors alone m = omega, and a vendor faces
    the elasticity 1 + eta (1 - m_v).

    Prices are taken relative to `base_price`, so that no power overflows. Where no vendor has a
    moat `a`, every share is zero; where all are niches, they share the rest among themselves.
    """
    with np.errstate(divide="ignore"):
        log_weight = np.log(a) - eta * np.log(p / base_price)
    top = log_weight.max(axis=0)
    weight = np.exp(log_weight - np.where(np.isfinite(top), top, 0.0))
    omega = safe_divide(weight, np.broadcast_to(ordered_sum(weight), weight.shape), 0.0)
    if np.all(np.asarray(reach) == 1.0):
        return omega  # the same as below, where nothing is out of reach
    reached = reach * omega
    general = np.where(np.asarray(reach) == 1.0, omega, 0.0)
    among = ordered_sum(general)
    general = np.where(among > 0.0, general, omega)
    rest = ordered_sum(omega) - ordered_sum(reached)
    return reached + rest * safe_divide(general, np.where(among > 0.0, among, ordered_sum(omega)), 0.0)


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


def fill_ratio(supply: Array, orders: Array) -> Array:
    """Return min(1, supply / orders): the share of orders that can be served."""
    return np.minimum(1.0, safe_divide(supply, orders, 1.0))


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


def capacity_growth(orders: Array, capacity: Array, a: Array, b: Array, limit: Array) -> Array:
    """Return the wafer capacity ordered over capacity: min(limit, a + b log(orders/capacity)) >= 0."""
    tightness = np.log(np.maximum(orders / capacity, 1e-12))
    return np.clip(a + b * tightness, 0.0, limit)
