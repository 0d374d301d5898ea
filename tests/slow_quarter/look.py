"""What firms see that is no state: marginal revenue and user cost at committed fleets, and more."""

import math

from slow_quarter import chips, demand, services
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
                "cartel_quantity": cartel_quantity(m, x, Q),
                "borrowing_room": borrowing_room(m, h),
                "planned_custom_share": drifted(m, h),
            }
        )
    return seen


def cartel_quantity(m, x, Q):
    """Services that would earn all firms the most, over the Q that committed fleets can make.

    Where cost can be marked up to a price on the steep piece, and at the kink or the choke price
    where it cannot: less never earns more beyond the one, nor more beyond the other.
    """
    bill = 0.0
    for h, x_h in zip(m.hyperscalers, x, strict=True):
        power, fleet = h.merchant_power + h.custom_power, h.merchant_fleet + h.custom_fleet
        bill += x_h / h.A * power / fleet * m.p.running_cost
    epsilon = m.p.demand_elasticity
    wanted = bill / Q * epsilon / (epsilon - 1.0) if epsilon > 1.0 else math.inf
    P_bar = m.p.choke_price_ratio * m.P0
    # the kink is where both pieces ask the same quantity
    on_1 = m.M * m.W**epsilon * math.exp(m.n)
    on_2 = m.p.addressable_spending / m.p.service_revenue
    kink = m.P0 * (on_1 / on_2) ** (1.0 / (epsilon - m.p.saturated_elasticity))
    price = min(max(wanted, min(kink, P_bar)), P_bar)
    u = price / m.P0
    return m.Q0 * min(on_1 * u**-epsilon, on_2 * u**-m.p.saturated_elasticity) / Q


def drifted(m, h):
    """Custom share of who chooses none: its odds times what a dollar buys more, to the mu."""
    if h.custom_share in (0.0, 1.0):
        return h.custom_share
    better = h.p.custom_fit * (m.merchant_price + m.system_cost) / (m.custom_price + m.system_cost)
    odds = h.custom_share / (1.0 - h.custom_share) * better**m.p.custom_shift
    return odds / (1.0 + odds)


def borrowing_room(m, h):
    """What coverage and the most generous lender's last terms leave to borrow."""
    by_cash = m.p.coverage_multiple * h.trailing_cash - h.debt - h.p.old_debt
    kept = max(1.0 - h.age / (4.0 * m.p.collateral_life), 0.0)
    pledged = chips.replacement_value(m, h) * kept + chips.on_order_at_price(m, h)
    on_fleet = max(b.advance_rate for b in m.lenders) * pledged - h.debt
    return max(min(by_cash, on_fleet), 0.0)


def look_of_others(m):
    """Fields of the memory makers' and the lenders' views that are the same for all of them."""
    outstanding = sum(sum(b.loans) for b in m.lenders)
    lost = sum(b.loss_rate * sum(b.loans) for b in m.lenders)
    return {
        "memory_margin": 1.0 - m.memory_cost / m.memory_price,
        "industry_loss_rate": lost / outstanding if outstanding > 0.0 else 0.0,
    }


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
