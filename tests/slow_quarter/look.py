"""What best_response looks at: marginal revenue and user cost at committed fleets."""

from slow_quarter import demand, services
from slow_quarter.state import fall, wear


def look(m):
    """Own fields of the hyperscalers' view, firm by firm."""
    p, sigma = m.p, m.p.substitution
    placed = []
    for h in m.hyperscalers:
        committed = (
            at_delivery(m, h.merchant_fleet, h.merchant_coming),
            at_delivery(m, h.custom_fleet, h.custom_coming),
        )
        placed.append(services.place(h, *committed, h.training_share, 0.0))
    x = [each.C_merchant + each.C_custom for each in placed]
    theta = services.weights(m)
    Q = services.aggregate(theta, x, sigma)
    P = demand.price(m, Q)
    E = demand.elasticity(m, Q)
    r = p.required_return_per_year / 4.0
    seen = []
    for h, x_h, t, each in zip(m.hyperscalers, x, theta, placed, strict=True):
        p_h = P * t * (Q / x_h) ** (1.0 / sigma)
        s_h = p_h * x_h / (P * Q)
        inverse_eta = (1.0 - s_h) / sigma + s_h / E
        training = p_h * x_h * p.quality_exponent * (1.0 - s_h) * p.training_exponent
        seen.append(
            {
                "own_marginal_revenue": h.A * p_h * (1.0 - inverse_eta),
                "price_value": h.A * p_h,
                "industry_marginal_revenue": h.A * p_h * (1.0 - 1.0 / E),
                "training_value": training / each.T if each.T > 0.0 else 0.0,
                "merchant_user_cost": user_cost(m, m.merchant_price, p.merchant_power * m.e, r),
                "custom_user_cost": user_cost(m, m.custom_price, p.custom_power * m.e, r),
                "merchant_running_cost": p.running_cost * p.merchant_power * m.e,
                "custom_running_cost": p.running_cost * p.custom_power * m.e,
            }
        )
    return seen


def at_delivery(m, fleet, coming):
    """What there will be when an order of today arrives, that order left out."""
    for arriving in coming[: int(m.p.delivery_quarters)]:
        fleet = fleet * (1.0 - wear(m.p.economic_life)) + arriving
    return fleet


def user_cost(m, price, kW, r):
    """Return, wear and price decline on a chip with its system, return and wear on its shell."""
    p = m.p
    d = 1.0 - fall(p.hardware_progress_per_year)
    bought = (price + m.system_cost) * (r + wear(p.economic_life) + d)
    shell = p.shell_cost * kW * (r + wear(p.shell_life))
    return bought * (1.0 + r) ** p.delivery_quarters + shell * (1.0 + r) ** (p.shell_quarters / 2)
