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

from agentsim.laws.demand import Demand, elasticity, log_price_and_slope, price, quantity
from agentsim.laws.numerics import Array, log, newton_bracketed, ordered_sum, safe_divide

COST_ROUNDING = 1e-12
"""A price this little below cost, relatively, covers it: rounding must not shut a firm down."""

NOTHING = 1e-280
"""Less service than this is none; what lies below would lose its digits to underflow."""

TINY = float(np.finfo(np.float64).tiny)
LOG_TINY = float(np.log(TINY))
BOUNDLESS = 1e6  # stands for the log of infinity where a difference is taken


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
    off: Array | None
    """Share of capacity that is switched off, (firms, runs); None where no firm in any run does."""


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
    return np.maximum(log_psi - _log_norm(log_psi, sigma), LOG_TINY)


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
    cost of just P_bar the law may hold over a stretch of Q; any point of it may come out.

    A firm that sells nothing has the price at which it would begin to: infinite if it has no
    capacity while others sell, its avoidable cost if it has. In a run where nothing is sold it is
    P_bar theta^(sigma/(sigma-1)), what its service would fetch alone.

    Raises ValueError if sigma is not above 1 and finite.
    """
    if not np.all(np.greater(sigma, 1.0) & np.less(sigma, np.inf)):
        raise ValueError("clear: sigma must be above 1 and finite")
    return settle(
        capacity_cheap, cost_cheap, capacity_dear, cost_dear, _log_theta(theta), sigma, demand
    )


def settle(
    capacity_cheap: Array,
    cost_cheap: Array,
    capacity_dear: Array,
    cost_dear: Array,
    log_theta: Array,
    sigma: Array | float,
    demand: Demand,
) -> Services:
    """`clear` for every quarter: the weights given in logs, and sigma taken on trust."""
    x = capacity_cheap + capacity_dear
    sold = _sell(x, log_theta, sigma, demand)
    used_cheap, used_dear, off = capacity_cheap, capacity_dear, None
    uncovered = _uncovered(sold.p_h, capacity_cheap, cost_cheap, capacity_dear, cost_dear)
    if uncovered.any():
        used_cheap, used_dear = np.array(capacity_cheap), np.array(capacity_dear)
        # At full capacity the other runs are cleared; only these are solved.
        runs = np.flatnonzero(uncovered)
        cheap, k_cheap, dear, k_dear, log_theta = (
            _take(each, runs)
            for each in (capacity_cheap, cost_cheap, capacity_dear, cost_dear, log_theta)
        )
        # First the kind that a firm uses first, which it must have if it has any.
        swap = (dear > 0.0) & ((k_dear < k_cheap) | (cheap == 0.0))
        stack = _Stack(
            np.where(swap, dear, cheap),
            np.where(swap, k_dear, k_cheap),
            np.where(swap, cheap, dear),
            np.where(swap, k_cheap, k_dear),
        )
        sigma = _take(sigma, runs)
        demand_there = demand.take(runs)
        used_1, used_2 = _switch_off(stack, log_theta, sigma, demand_there)
        less = used_1 + used_2
        resold = _sell(less, log_theta, sigma, demand_there)
        idle = (less == 0.0) & (stack.first > 0.0) & (resold.Q > 0.0)
        np.copyto(resold.p_h, stack.cost_1, where=idle)
        x[:, runs] = less
        for whole, part in zip(sold, resold, strict=True):
            whole[..., runs] = part
        used_cheap[:, runs] = np.where(swap, used_2, used_1)
        used_dear[:, runs] = np.where(swap, used_1, used_2)
        off = 1.0 - safe_divide(x, capacity_cheap + capacity_dear, 1.0)
    E = elasticity(demand, sold.Q)
    return Services(x, *sold, E=E, used_cheap=used_cheap, used_dear=used_dear, off=off)


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
    limit = 1.0 - COST_ROUNDING
    if (p_h >= np.maximum(cost_cheap, cost_dear) * limit).all():
        return np.zeros(p_h.shape[-1], np.bool_)  # most quarters: not even of a kind it has not
    cost = np.maximum(
        np.where(capacity_cheap > 0.0, cost_cheap, 0.0),
        np.where(capacity_dear > 0.0, cost_dear, 0.0),
    )
    return (p_h < cost * limit).any(axis=0)


class _Sold(NamedTuple):
    """What given services fetch; fields as in Services."""

    Q: Array
    P: Array
    p_h: Array
    revenue_h: Array
    s_h: Array


class _Stack(NamedTuple):
    """Capacities in the order in which firms use them, with their costs, cost_1 <= cost_2."""

    first: Array
    cost_1: Array
    second: Array
    cost_2: Array


def _sell(x: Array, log_theta: Array, sigma: Array | float, demand: Demand) -> _Sold:
    """Sell x, all of it, whatever it costs."""
    r = np.asarray(1.0 - np.divide(1.0, sigma))
    s_h = _terms(x, log_theta, r)
    total = ordered_sum(s_h)
    something = total > 0.0
    s_h /= np.where(something, total, 1.0)
    Q = _index(total, r)
    P = price(demand, Q)
    revenue_h = P * Q * s_h
    some = x > 0.0
    if some.all():
        p_h = revenue_h / x
    else:
        at_zero = np.where(something, np.inf, P * np.exp(log_theta / r))
        p_h = np.where(some, revenue_h / np.where(some, x, 1.0), at_zero)
    return _Sold(Q, P, p_h, revenue_h, s_h)


def _switch_off(
    stack: _Stack, log_theta: Array, sigma: Array, demand: Demand
) -> tuple[Array, Array]:
    """What each firm uses of its first and its second kind, (firms, runs), costs considered.

    The unknown is a = log P + log Q / sigma. It is all that a firm sees of the market: its price
    is exp(a) theta x^(-1/sigma), so what it supplies rises in a and does not depend on where
    total demand stands. With Q(a) the aggregate of these supplies the market clears where

        log P(Q(a)) + log Q(a) / sigma - a = 0,

    which falls in a with a slope between -1 and -sigma/E, or 0 and -1 on the choke segment.
    (The same in log Q alone has corners where firms meet total demand, and steeper ones.)
    """
    first, cost_1, second, cost_2 = stack
    r = np.asarray(1.0 - 1.0 / sigma)
    has = first > 0.0
    log_P_bar = log(demand.P_bar)
    log_first, log_all = log(np.where(has, first, 1.0)), log(np.where(has, first + second, 1.0))
    log_cost_1, log_cost_2 = log(cost_1), log(cost_2)
    # The first kind is in full use from a = full_1 up. The second is switched on at on_2, and
    # is in full use when a has risen by rise_2 from there. Zero costs put them at -inf.
    full_1 = log_first / sigma + log_cost_1 - log_theta
    on_2 = np.where(second > 0.0, log_first / sigma + log_cost_2 - log_theta, full_1)
    rise_2 = (log_all - log_first) / sigma
    log_term_1 = np.where(has, log_theta + r * log_first, -np.inf)

    def use(a: Array) -> tuple[Array, Array]:
        """log of the first kind's use less log first; and how far the second is on, over sigma."""
        below = a - full_1
        np.minimum(below, 0.0, out=below)
        above = a - on_2
        np.maximum(above, 0.0, out=above)
        np.minimum(above, rise_2, out=above)
        return below, above

    def log_Q_and_slope(a: Array) -> tuple[Array, Array]:
        below, above = use(a)
        at_cost = (below < 0.0) | ((above > 0.0) & (above < rise_2))
        below += above
        below *= sigma - 1.0
        below += log_term_1
        terms = np.exp(below, out=below)
        total = np.maximum(ordered_sum(terms), TINY)
        terms *= at_cost
        return np.log(total) / r, sigma * ordered_sum(terms) / total

    def excess(a: Array) -> tuple[Array, Array]:
        log_Q, slope = log_Q_and_slope(a)
        log_P, log_P_slope = log_price_and_slope(demand, log_Q)
        return log_P + log_Q / sigma - a, (log_P_slope + 1.0 / sigma) * slope - 1.0

    # Were capacity no limit, the aggregate would cost c to make. Above the choke price it is not
    # made at all. Otherwise a would settle at a_free, which is the solution if no first kind is
    # in full use there; if some are, the left side is not negative where the first of them is.
    parts = np.where(has, log_theta + (sigma - 1.0) * (log_theta - log_cost_1), -np.inf)
    np.minimum(parts, BOUNDLESS, out=parts)
    largest = parts.max(axis=0)
    log_c = (largest + np.log(ordered_sum(np.exp(parts - largest)))) / (1.0 - sigma)
    made = log_c <= log_P_bar + COST_ROUNDING
    log_c = np.minimum(log_c, log_P_bar)
    a_free = log_c + log(quantity(demand, np.minimum(np.exp(log_c), demand.P_bar))) / sigma

    # Firms whose first kind costs nothing keep Q, whatever else, between log_Q_free and
    # log_Q_full; log P + log Q / sigma is concave in log Q, hence least at one of the two.
    def shifter(log_Q: Array) -> Array:
        return np.asarray(log_price_and_slope(demand, log_Q)[0] + log_Q / sigma)

    terms_1 = np.exp(log_term_1)
    free = has & (cost_1 == 0.0)
    log_Q_free = np.log(np.maximum(ordered_sum(terms_1 * free), TINY)) / r
    log_Q_full = np.log(ordered_sum(np.exp(log_theta + r * log_all) * has)) / r
    a_full = shifter(log_Q_full)

    low = np.maximum(
        np.minimum(np.where(has, full_1, np.inf).min(axis=0), a_free),
        np.minimum(shifter(log_Q_free), a_full),
    )
    high = np.where(has, np.maximum(full_1, on_2 + rise_2), -np.inf).max(axis=0)
    start = np.maximum(a_full, np.where(free.any(axis=0), a_full, a_free))
    a = newton_bracketed(excess, np.minimum(low, high), high, start=start)

    below, above = use(a)
    used_1 = first * np.exp(sigma * below)
    used_2 = np.where(above < rise_2, np.minimum(first * np.expm1(sigma * above), second), second)
    sells = made & (used_1 >= NOTHING)
    return np.where(sells, used_1, 0.0), np.where(sells, used_2, 0.0)


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


def _take(a: Array | float, runs: NDArray[np.intp]) -> Array:
    """Some of the runs; what is common to all runs stays as it is."""
    a = np.asarray(a)
    common = a.ndim == 0 or a.shape[-1] == 1
    return a if common else np.take(a, runs, axis=-1)
