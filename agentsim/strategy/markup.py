"""The markup that answers rivals' prices, the machinery that several vendors' strategies share.

Where buyers divide a given spending by constant elasticity of substitution, a vendor with the share
m of it faces the elasticity e = 1 + eta (1 - m), and earns the most at cost times e / (e - 1). The
share is the one that the new price would bring: answering last quarter's would swing from quarter
to quarter.

Sources: Lerner 1934, "The concept of monopoly and the measurement of monopoly power", Review of
Economic Studies 1; Anderson, de Palma & Thisse 1992, Discrete Choice Theory of Product
Differentiation.
"""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array, at_least, at_most, exp, log, safe_divide

STEPS = 4
"""Steps of Halley's method. The function is an elbow between two straight lines, and the first guess
is the higher of their zeros: four reach the last digit for eta from 0.01 to 100 and any share."""

LEAST, MOST_LOG = 1e-12, 500.0
"""A cost over the price below which it makes no difference; a logarithm still far from overflow."""


def best_price(price: Array, share: Array, cost: Array, vendor_elasticity: Array) -> Array:
    """Solve p = cost (1 + (1 + o (p / p_last)^-eta) / eta), o the odds m/(1-m) at p_last.

    price: last quarter's, $k/H100e, and `share` at it; cost: of one H100e, own costs in it. With
    y = log p / p_last and the pull of rivals' buyers o exp(-eta y), this is
    y = log(cost / p_last) - log eta + log(eta + 1 + pull): a rising, concave gap.
    """
    eta = np.where(vendor_elasticity > 0.0, vendor_elasticity, 1.0)
    log_odds = log(safe_divide(share, 1.0 - share, 0.0))
    floor = log(at_least(safe_divide(cost, price, 1.0), LEAST)) - log(eta)
    alone = eta + 1.0
    # The answers of a vendor without a share, and of one whose share is all that counts.
    y = np.maximum(floor + log(alone), (floor + log_odds) / alone)
    for _ in range(STEPS):
        pull = exp(at_most(log_odds - eta * y, MOST_LOG))
        inside = alone + pull
        gap = y - floor - log(inside)
        bend = pull / inside
        slope = 1.0 + eta * bend
        curvature = eta * (slope - 1.0) * (bend - 1.0)
        y = y - 2.0 * gap * slope / (2.0 * slope * slope - gap * curvature)
    return np.asarray(price * exp(y))
