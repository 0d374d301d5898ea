"""Best response: the markup that the elasticity of demand allows."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    Array,
    ChipVendorChoice,
    ChipVendorStrategy,
    ChipVendorView,
    clip,
    exp,
    log,
    safe_divide,
)

STEPS = 10
"""Newton steps; the function is concave and rising, so they close in from the left, doubling digits."""

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

        With y = log p / p_last the right side's logarithm is convex and falls in y.
        """
        eta = np.where(sees.vendor_elasticity > 0.0, sees.vendor_elasticity, 1.0)
        odds = safe_divide(sees.share, 1.0 - sees.share, 0.0)
        relative = log(np.maximum(safe_divide(cost, sees.price, 1.0), LEAST))
        y = relative + log(1.0 + 1.0 / eta)  # the answer of a vendor without a share, a lower bound
        for _ in range(STEPS):
            pull = odds * exp(np.minimum(-eta * y, MOST_LOG))
            inside = eta + 1.0 + pull
            gap = y - relative - log(inside / eta)
            y = y - gap / (1.0 + eta * pull / inside)
        return sees.price * exp(y)
