"""Step 7: training and serving, the market for services, running cost, quality."""

import math
from types import SimpleNamespace as Record

from slow_quarter import demand
from slow_quarter.state import ratio


def place(h, merchant, custom, tau, withheld):
    """Split working chips: training T, and serving capacity of the two kinds."""
    f, v = h.p.custom_fit, h.p.codesign
    training = tau * (merchant + custom)
    merchant_training = min(training, merchant)
    custom_training = training - merchant_training
    return Record(
        merchant_training=merchant_training,
        custom_training=custom_training,
        T=merchant_training + v * f * custom_training,
        C_merchant=h.A * (1.0 - withheld) * (merchant - merchant_training),
        C_custom=h.A * (1.0 - withheld) * f * (custom - custom_training),
    )


def weights(m):
    """The weight theta of each firm in the aggregate, from qualities."""
    beta, sigma = m.p.quality_exponent, m.p.substitution
    whole = sum(h.q**beta for h in m.hyperscalers)
    for h in m.hyperscalers:
        h.psi = h.q**beta / whole
    scale = sum(h.psi**sigma for h in m.hyperscalers) ** (1.0 / sigma)
    return [h.psi / scale for h in m.hyperscalers]


def aggregate(theta, x, sigma):
    """Q, from what each firm sells."""
    e = (sigma - 1.0) / sigma
    return sum(t * x_h**e for t, x_h in zip(theta, x, strict=True)) ** (1.0 / e)


def supplied(Y, theta, offers, sigma):
    """What each firm sells when Q P^sigma is Y: nothing below avoidable cost."""
    sold = []
    for t, (cheap, dear) in zip(theta, offers, strict=True):
        (k_1, C_1), (k_2, C_2) = cheap, dear
        d_1 = Y * (t / k_1) ** sigma if k_1 > 0.0 else math.inf
        d_2 = Y * (t / k_2) ** sigma if k_2 > 0.0 else math.inf
        sold.append(max(min(d_2, C_1 + C_2), min(d_1, C_1)))
    return sold


def clear(m, offers):
    """Sales of each firm, Q and P. `offers` are two (cost, capacity) for each firm, cheap first."""
    sigma = m.p.substitution
    theta = weights(m)
    full = [C_1 + C_2 for (_, C_1), (_, C_2) in offers]
    Q = aggregate(theta, full, sigma)
    P = demand.price(m, Q)
    if supplied(Q * P**sigma, theta, offers, sigma) == full:
        return full, Q, P, theta
    # At small Y the price at which Y is supplied is below what buyers pay, at large Y above.
    low, high = math.log(Q * P**sigma) - 1.0, math.log(Q * P**sigma) + 1.0
    while not excess(m, low, theta, offers, sigma) < 0.0:
        low -= high - low
    while not excess(m, high, theta, offers, sigma) > 0.0:
        high += high - low
    while low < (middle := (low + high) / 2.0) < high:
        if excess(m, middle, theta, offers, sigma) > 0.0:
            high = middle
        else:
            low = middle
    x = supplied(math.exp(low), theta, offers, sigma)
    Q = aggregate(theta, x, sigma)
    return x, Q, demand.price(m, Q), theta


def excess(m, log_Y, theta, offers, sigma):
    """Log of the price at which Y is supplied over the price that buyers pay for it."""
    Q = aggregate(theta, supplied(math.exp(log_Y), theta, offers, sigma), sigma)
    return (log_Y - math.log(Q)) / sigma - math.log(demand.price(m, Q))


def sell(m, withheld):
    """Clear the market; every firm's sales, revenue, running cost and training."""
    p = m.p
    offers = []
    for h, held in zip(m.hyperscalers, withheld, strict=True):
        h.working = h.merchant_fleet * h.working_share, h.custom_fleet * h.working_share
        h.placed = place(h, *h.working, h.training_share, held)
        # what a chip of each kind costs to run, and a service from it
        h.run_merchant = p.running_cost * ratio(h.merchant_power, h.merchant_fleet, 0.0)
        h.run_custom = p.running_cost * ratio(h.custom_power, h.custom_fleet, 0.0)
        kinds = [
            (h.run_merchant / h.A, h.placed.C_merchant),
            (h.run_custom / (h.A * h.p.custom_fit), h.placed.C_custom),
        ]
        h.offer = sorted(kinds, key=lambda kind: kind[0])
        offers.append(h.offer)
    x, m.Q, m.P, theta = clear(m, offers)
    sigma = p.substitution
    for h, t, x_h in zip(m.hyperscalers, theta, x, strict=True):
        (k_1, C_1), (k_2, C_2) = h.offer
        h.x = x_h
        h.p_h = m.P * t * (m.Q / x_h) ** (1.0 / sigma) if x_h > 0.0 else 0.0
        h.revenue = h.p_h * x_h
        h.serving_cost = k_1 * min(x_h, C_1) + k_2 * max(x_h - C_1, 0.0)
        h.training_cost = (
            h.run_merchant * h.placed.merchant_training + h.run_custom * h.placed.custom_training
        )
        h.capacity = C_1 + C_2
        h.switched_off = 1.0 - ratio(x_h, h.capacity, 1.0)
        h.T = h.placed.T
    m.spending = m.P * m.Q
    m.surplus = demand.surplus(m, m.P)
    m.gross_value = m.surplus + m.spending
    m.E = demand.elasticity(m, m.Q)
    for h in m.hyperscalers:
        h.s = h.revenue / m.spending


def step(m, withheld, z):
    """Services clear, running cost is paid, models improve."""
    sell(m, withheld)
    p = m.p
    for h, z_h in zip(m.hyperscalers, z, strict=True):
        h.cash += h.revenue - h.serving_cost
        if h.training_cost > h.cash:
            h.T = h.training_cost = 0.0
        h.cash -= h.training_cost
        h.running = h.serving_cost + h.training_cost
        made = (h.A * h.T) ** p.training_exponent * math.exp(p.quality_noise * z_h)
        h.q = (1.0 - p.quality_decay) * h.q + made
    weights(m)  # the state psi is that of the quality left
