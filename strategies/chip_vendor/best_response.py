"""Best response: the markup that the elasticity of demand allows."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorStrategy,
    ChipVendorView,
    best_price,
    clip,
)


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
        answer = best_price(sees.price, sees.share, cost, sees.vendor_elasticity)
        price = np.where(sees.share < 1.0, answer, sees.price_ceiling)
        price = np.where(sees.vendor_elasticity > 0.0, price, sees.price_ceiling)
        habit = sees.unit_cost / (1.0 - sees.base_margin)
        price = np.where(sees.designer > 0.0, habit, price)
        price = np.maximum(np.minimum(price, sees.price_ceiling), sees.unit_cost)
        return ChipVendorChoice(price=clip(price, 1e-3, 1e4))
