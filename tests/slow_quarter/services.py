"""Step 7: training and serving, the market for services, running cost, quality."""

import math
from types import SimpleNamespace as Record

from slow_quarter import demand
from slow_quarter.state import exact, ratio

A_BILLIONTH = 1e-9


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
    top = max(h.psi for h in m.hyperscalers)  # taken out, as psi^sigma may be too small to hold
    scale = top * sum((h.psi / top) ** sigma for h in m.hyperscalers) ** (1.0 / sigma)
    return [h.psi / scale for h in m.hyperscalers]


def aggregate(theta, x, sigma):
    """Q, from what each firm sells."""
    e = (sigma - 1.0) / sigma
    return sum(t * x_h**e for t, x_h in zip(theta, x, strict=True)) ** (1.0 / e)


def wanted(log_Y, theta_h, k, sigma):
    """d_h(k) when Q P^sigma is Y: what is bought of a firm's services at the price k."""
    if k == 0.0:
        return math.inf
    return math.exp(min(log_Y + sigma * math.log(theta_h / k), 700.0))


def supplied(log_Y, theta, offers, sigma):
    """What each firm sells when Q P^sigma is Y: nothing below avoidable cost."""
    sold = []
    for theta_h, ((k_1, C_1), (k_2, C_2)) in zip(theta, offers, strict=True):
        d_1, d_2 = wanted(log_Y, theta_h, k_1, sigma), wanted(log_Y, theta_h, k_2, sigma)
        sold.append(max(min(d_2, C_1 + C_2), min(d_1, C_1)))
    return sold


def excess(m, log_Y, theta, offers):
    """Log of the price at which Y is supplied over the price that buyers pay for it."""
    sigma = m.p.substitution
    Q = aggregate(theta, supplied(log_Y, theta, offers, sigma), sigma)
    return (log_Y - math.log(Q)) / sigma - math.log(demand.price(m, Q))


def clear(m, offers):
    """Sales of each firm, Q, P and weights; an offer is two (cost, capacity), the cheap one first.

    By bisection in log Y: at small Y the price at which Y is supplied is below what buyers pay
    for it, at large Y above.
    """
    sigma, theta = m.p.substitution, weights(m)
    full = [C_1 + C_2 for (_, C_1), (_, C_2) in offers]
    Q = aggregate(theta, full, sigma)
    P = demand.price(m, Q)
    log_Y = math.log(Q) + sigma * math.log(P)
    if supplied(log_Y, theta, offers, sigma) == full:
        return full, Q, P, theta
    low, high = log_Y - 1.0, log_Y + 1.0
    while not excess(m, low, theta, offers) < 0.0:
        low -= high - low
    while not excess(m, high, theta, offers) > 0.0:
        high += high - low
    while low < (middle := (low + high) / 2.0) < high:
        if excess(m, middle, theta, offers) > 0.0:
            high = middle
        else:
            low = middle
    x = supplied(low, theta, offers, sigma)
    Q = aggregate(theta, x, sigma)
    return x, Q, demand.price(m, Q), theta


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
        h.cash = exact(h.cash + h.revenue - h.serving_cost, h.cash + h.revenue)
        trained = min(1.0, ratio(max(h.cash, 0.0), h.training_cost, 1.0))
        if trained < A_BILLIONTH:
            trained = 0.0
        h.T *= trained
        h.training_cost *= trained
        h.cash = exact(h.cash - h.training_cost, h.cash)
        h.running = h.serving_cost + h.training_cost
        made = (h.A * h.T) ** p.training_exponent * math.exp(p.quality_noise * z_h)
        h.q = (1.0 - p.quality_decay) * h.q + made
    weights(m)  # the state psi is that of the quality left
