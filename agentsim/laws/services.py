"""The services market: imperfect substitutes, one price index, shut-down at avoidable cost.

    Q = (sum theta_h x_h^((sigma-1)/sigma))^(sigma/(sigma-1)),   p_h = P theta_h (Q/x_h)^(1/sigma),

theta_h = psi_h / (sum psi^sigma)^(1/sigma). With this normalisation the most that a given sum of
x can yield is that sum, whatever the qualities psi: quality redistributes, it creates nothing.

Nobody sells below avoidable cost: capacity is switched off, the dearer kind of a firm first,
until the firm's price covers it. With d_h(k) = Q (P theta_h / k)^sigma, what buyers take of
variety h at price k, a firm supplies

    x_h = max( min(d_h(k_dear), C_cheap + C_dear), min(d_h(k_cheap), C_cheap) ).

Units: services in M H100e, prices and costs in $k per service-unit, revenue in $bn. Arrays are
(firms, runs); Q, P and E are (runs,). sigma, above 1 and finite, is a scalar or (runs,). Below,
r = (sigma-1)/sigma.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agentsim.laws.demand import Demand, elasticity, price, take
from agentsim.laws.numerics import Array, at_least, log, ordered_sum
from agentsim.laws.shutdown import COST_ROUNDING, TINY, Stack, switch_off

LOG_TINY = float(np.log(TINY))


@dataclass(frozen=True, eq=False)
class Services:
    """One quarter's services market, cleared."""

    x: Array
    """Services sold, M H100e, (firms, runs)."""
    Q: Array
    """The aggregate of services, M H100e, (runs,)."""
    P: Array
    """Price of the aggregate, $k per service-unit, (runs,)."""
    p_h: Array
    """Own price, $k per service-unit, (firms, runs); see `clear` for firms that sell nothing."""
    revenue_h: Array
    """Own revenue, $bn, (firms, runs); sums to P Q."""
    s_h: Array
    """Share of revenue, (firms, runs); zero in a run where nothing is sold."""
    E: Array
    """Elasticity of total demand for the next unit sold, (runs,); infinite at the choke price."""
    used_cheap: Array
    """Services from the kind given first, M H100e, (firms, runs)."""
    used_dear: Array
    """Services from the kind given second, M H100e, (firms, runs)."""


def weights(psi: Array, sigma: Array | float) -> Array:
    """theta_h = psi_h / (sum psi^sigma)^(1/sigma), (firms, runs), for quality shares psi >= 0.

    The scale of psi does not matter. Raises ValueError unless every run has a positive psi.
    """
    log_psi = log(psi)
    best = log_psi.max(axis=0)
    if not np.isfinite(best).all():
        raise ValueError("weights: every run needs a positive, finite quality")
    # The best now has 0, so that psi^sigma neither overflows nor all vanishes.
    log_psi -= best
    return np.exp(log_psi - _log_norm(log_psi, sigma))


def log_weights(log_psi: Array, sigma: Array | float) -> Array:
    """log theta_h, (firms, runs), from log psi_h less that of the best, whose scale cancels out.

    A weight of zero counts as next to nothing, so that no inf - inf comes of it.
    """
    return at_least(log_psi - _log_norm(log_psi, sigma), LOG_TINY)


def _log_norm(log_psi: Array, sigma: Array | float) -> Array:
    """log (sum psi^sigma)^(1/sigma), (runs,), where the best psi is 1."""
    return np.asarray(np.log(ordered_sum(np.exp(sigma * log_psi))) / sigma)


def aggregate(x: Array, theta: Array, sigma: Array | float) -> Array:
    """Q, M H100e, (runs,), from services x >= 0 and weights theta, both (firms, runs)."""
    r = np.asarray(1.0 - np.divide(1.0, sigma))
    return _index(ordered_sum(_terms(x, _log_theta(theta), r)), r)


def clear(
    capacity_cheap: Array,
    cost_cheap: Array,
    capacity_dear: Array,
    cost_dear: Array,
    theta: Array,
    sigma: Array | float,
    demand: Demand,
) -> Services:
    """Clear the services market of one quarter.

    Capacities are (firms, runs), in M H100e of service; avoidable costs, in $k per service-unit,
    finite and not negative, and theta broadcast to that. Which of its two kinds is dearer is
    found here, by firm and run; at equal costs the first runs first. A kind a firm does not have
    is a capacity of zero, and its cost does not matter. A cost of zero never shuts down. At a
    cost of just P_bar, where buyers and sellers may be indifferent, it runs as far as it can.

    A firm that sells nothing has the price at which it would begin to: infinite if it has no
    capacity while others sell, its avoidable cost if it has. In a run where nothing is sold it is
    P_bar theta^(sigma/(sigma-1)), what its service would fetch alone.

    Raises ValueError if sigma is not above 1 and finite.
    """
    if not np.all(np.greater(sigma, 1.0) & np.less(sigma, np.inf)):
        raise ValueError("clear: sigma must be above 1 and finite")
    cheap, dear = np.array(capacity_cheap), np.array(capacity_dear)
    return settle(cheap, cost_cheap, dear, cost_dear, _log_theta(theta), sigma, demand)


def settle(
    capacity_cheap: Array,
    cost_cheap: Array,
    capacity_dear: Array,
    cost_dear: Array,
    log_theta: Array,
    sigma: Array | float,
    demand: Demand,
) -> Services:
    """`clear` for every quarter: the weights given in logs, and sigma taken on trust.

    Where all capacity in all runs is in use, `used_cheap` and `used_dear` are the very arrays of
    capacity that were given.
    """
    x = capacity_cheap + capacity_dear
    sold = sell(x, log_theta, sigma, demand)
    used_cheap, used_dear = capacity_cheap, capacity_dear
    uncovered = _uncovered(sold.p_h, capacity_cheap, cost_cheap, capacity_dear, cost_dear)
    if uncovered.any():
        used_cheap, used_dear = np.array(capacity_cheap), np.array(capacity_dear)
        # At full capacity the other runs are cleared; only these are solved.
        runs = slice(None) if uncovered.all() else np.flatnonzero(uncovered)
        cheap, k_cheap, dear, k_dear, log_theta = (
            take(each, runs)
            for each in (capacity_cheap, cost_cheap, capacity_dear, cost_dear, log_theta)
        )
        # First the kind that a firm uses first, which it must have if it has any.
        swap = (dear > 0.0) & ((k_dear < k_cheap) | (cheap == 0.0))
        stack = Stack(
            np.where(swap, dear, cheap),
            np.where(swap, k_dear, k_cheap),
            np.where(swap, cheap, dear),
            np.where(swap, k_cheap, k_dear),
        )
        sigma = take(sigma, runs)
        demand_there = demand.take(runs)
        used_1, used_2 = switch_off(stack, log_theta, sigma, demand_there)
        less = used_1 + used_2
        resold = sell(less, log_theta, sigma, demand_there)
        idle = (less == 0.0) & (stack.first > 0.0) & (resold.Q > 0.0)
        np.copyto(resold.p_h, stack.cost_1, where=idle)
        x[:, runs] = less
        for whole, part in zip(sold, resold, strict=True):
            whole[..., runs] = part
        used_cheap[:, runs] = np.where(swap, used_2, used_1)
        used_dear[:, runs] = np.where(swap, used_1, used_2)
    E = elasticity(demand, sold.Q)
    return Services(x, *sold, E=E, used_cheap=used_cheap, used_dear=used_dear)


def marginal_revenue(p_h: Array, s_h: Array, sigma: Array | float, E: Array | float) -> Array:
    """What one more unit of its services adds to a firm's own revenue, $k, (firms, runs).

    p_h (1 - 1/eta_h) with 1/eta_h = (1 - s_h)/sigma + s_h/E: quantity competition with nested
    CES demand, as in Atkeson & Burstein, "Pricing-to-Market, Trade Costs, and International
    Relative Prices", American Economic Review 98(5), 2008. E may be infinite.
    """
    return p_h * (1.0 - ((1.0 - s_h) / sigma + s_h / E))


def industry_marginal_revenue(p_h: Array, E: Array | float) -> Array:
    """What one more unit of a firm's services adds to all firms' revenue together, $k."""
    return p_h * (1.0 - np.divide(1.0, E))


def _uncovered(
    p_h: Array, capacity_cheap: Array, cost_cheap: Array, capacity_dear: Array, cost_dear: Array
) -> NDArray[np.bool_]:
    """The runs, (runs,), in which some price does not cover the cost of a kind that the firm has."""
    if (p_h >= np.maximum(cost_cheap, cost_dear)).all():
        return np.zeros(p_h.shape[-1], np.bool_)  # as in most quarters, whatever it has
    cost = np.maximum(
        np.where(capacity_cheap > 0.0, cost_cheap, 0.0),
        np.where(capacity_dear > 0.0, cost_dear, 0.0),
    )
    return (p_h < cost * (1.0 - COST_ROUNDING)).any(axis=0)


class Sold(NamedTuple):
    """What given services fetch; fields as in Services."""

    Q: Array
    P: Array
    p_h: Array
    revenue_h: Array
    s_h: Array


def sell(x: Array, log_theta: Array, sigma: Array | float, demand: Demand) -> Sold:
    """Sell x, all of it, whatever it costs."""
    r = np.asarray(1.0 - np.divide(1.0, sigma))
    s_h = _terms(x, log_theta, r)
    total = ordered_sum(s_h)
    something = total > 0.0
    s_h /= total if something.all() else np.where(something, total, 1.0)
    Q = _index(total, r)
    P = price(demand, Q)
    revenue_h = P * Q * s_h
    some = x > 0.0
    if some.all():
        p_h = revenue_h / x
    else:
        at_zero = np.where(something, np.inf, P * np.exp(log_theta / r))
        p_h = np.where(some, revenue_h / np.where(some, x, 1.0), at_zero)
    return Sold(Q, P, p_h, revenue_h, s_h)


def _log_theta(theta: Array) -> Array:
    """log theta; a weight of zero counts as next to nothing, so that no inf - inf comes of it."""
    return np.asarray(np.log(np.maximum(theta, TINY)))


def _terms(x: Array, log_theta: Array, r: Array) -> Array:
    """theta x^r, zero where x is."""
    terms = r * log(x)
    terms += log_theta
    return np.asarray(np.exp(terms, out=terms))


def _index(total: Array, r: Array) -> Array:
    """total^(1/r), zero where total is."""
    return np.asarray(np.exp(log(total) / r))
