"""Best response: the markup that the elasticity of demand allows."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    Array,
    ChipVendorChoice,
    ChipVendorStrategy,
    ChipVendorView,
    at_least,
    at_most,
    clip,
    exp,
    log,
    safe_divide,
)

STEPS = 4
"""Steps of Halley's method. The function is an elbow between two straight lines, and the first guess
is the higher of their zeros: four reach the last digit for eta from 0.01 to 100 and any share."""

LEAST, MOST_LOG = 1e-12, 500.0
"""A cost over the price below which it makes no difference; a logarithm still far from overflow."""


@dataclass(frozen=True)
class BestResponse(ChipVendorStrategy):
    """Price at cost times e/(e-1), e = 1 + eta (1 - m), rivals' prices and budgets given.

    The share m is the one that the new price would bring: answering last quarter's share alone
    would swing from quarter to quarter. Cost is unit cost over one less own costs, which grow with
    sales. Where e leaves no bound, the price is the one at which buyers leave. A designer has
    customers of its own and no such demand: it keeps the gross margin of the base date. No price
    is below unit cost.

    Source: Lerner 1934, "The concept of monopoly and the measurement of monopoly power", Review of
    Economic Studies 1; Anderson, de Palma & Thisse 1992, Discrete Choice Theory of Product
    Differentiation (constant elasticity of substitution).
    """

    def choose(self, sees: ChipVendorView) -> ChipVendorChoice:
        """Set the markup."""
        cost = sees.unit_cost / (1.0 - sees.own_cost_share)
        price = np.where(sees.share < 1.0, self.answer(sees, cost), sees.price_ceiling)
        price = np.where(sees.vendor_elasticity > 0.0, price, sees.price_ceiling)
        habit = sees.unit_cost / (1.0 - sees.base_margin)
        price = np.where(sees.designer > 0.0, habit, price)
        price = np.maximum(np.minimum(price, sees.price_ceiling), sees.unit_cost)
        return ChipVendorChoice(price=clip(price, 1e-3, 1e4))

    def answer(self, sees: ChipVendorView, cost: Array) -> Array:
        """Solve p = cost (1 + (1 + o (p / p_last)^-eta) / eta), o the odds m/(1-m) at p_last.

        With y = log p / p_last and the pull of rivals' buyers o exp(-eta y), this is
        y = log(cost / p_last) - log eta + log(eta + 1 + pull): a rising, concave gap.
        """
        eta = np.where(sees.vendor_elasticity > 0.0, sees.vendor_elasticity, 1.0)
        log_odds = log(safe_divide(sees.share, 1.0 - sees.share, 0.0))
        floor = log(at_least(safe_divide(cost, sees.price, 1.0), LEAST)) - log(eta)
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
        return sees.price * exp(y)
