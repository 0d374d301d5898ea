"""Total demand for AI services: quantity, price, elasticity and areas."""

import math


def quantity(m, P):
    """Q(P), without the choke price."""
    p = m.p
    main = m.M * math.exp(m.n) * (P / (m.P0 * m.W)) ** -p.demand_elasticity
    return m.Q0 * min(main, saturation(m) * (P / m.P0) ** -p.saturated_elasticity)


def saturation(m):
    """B: addressable spending over that of the base date."""
    return m.p.addressable_spending / m.p.service_revenue


def choke_price(m):
    """P_bar."""
    return m.p.choke_price_ratio * m.P0


def price(m, Q):
    """The price at which Q is bought."""
    p = m.p
    main = m.P0 * m.W * (Q / (m.Q0 * m.M * math.exp(m.n))) ** (-1.0 / p.demand_elasticity)
    saturated = m.P0 * (Q / (m.Q0 * saturation(m))) ** (-1.0 / p.saturated_elasticity)
    return min(main, saturated, choke_price(m))


def kink(m):
    """The price below which spending is saturated."""
    p = m.p
    main = m.M * math.exp(m.n) * m.W**p.demand_elasticity
    return m.P0 * (main / saturation(m)) ** (1.0 / (p.demand_elasticity - p.saturated_elasticity))


def elasticity(m, Q):
    """E, for the next unit after Q; at the choke price any number is bought."""
    P_bar = choke_price(m)
    if quantity(m, P_bar) > Q:
        return math.inf
    return m.p.saturated_elasticity if price(m, Q) <= kink(m) else m.p.demand_elasticity


def surplus(m, P):
    """Area of demand between P and the choke price."""
    p, P_bar, K = m.p, choke_price(m), kink(m)
    area = 0.0
    if min(K, P_bar) > P:
        area += saturation(m) * power_area(P, min(K, P_bar), m.P0, p.saturated_elasticity)
    if max(P, K) < P_bar:
        main = m.M * math.exp(m.n) * m.W**p.demand_elasticity
        area += main * power_area(max(P, K), P_bar, m.P0, p.demand_elasticity)
    return m.Q0 * area


def power_area(low, high, P0, e):
    """Integral of (P/P0)^-e from low to high."""
    d = 1.0 - e
    log = math.log(high / low)
    return P0 * (low / P0) ** d * (math.expm1(d * log) / d if d else log)
