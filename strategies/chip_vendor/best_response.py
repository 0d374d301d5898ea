"""Best response: the markup that the elasticity of demand allows."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorStrategy,
    ChipVendorView,
    clip,
    safe_divide,
)


@dataclass(frozen=True)
class BestResponse(ChipVendorStrategy):
    """Price at cost times e/(e-1), e = 1 + eta (1 - share), rivals' prices and budgets given.

    Cost is unit cost over one less own costs, which grow with sales. Where e leaves no bound, the
    price is the one at which buyers leave. A designer has customers of its own and no such
    demand: it keeps the gross margin of the base date. No price is below unit cost.

    Source: Lerner 1934, "The concept of monopoly and the measurement of monopoly power", Review of
    Economic Studies 1; Anderson, de Palma & Thisse 1992, Discrete Choice Theory of Product
    Differentiation (constant elasticity of substitution).
    """

    def choose(self, sees: ChipVendorView) -> ChipVendorChoice:
        """Set the markup."""
        beyond_one = sees.vendor_elasticity * (1.0 - sees.share)  # e - 1
        cost = sees.unit_cost / (1.0 - sees.own_cost_share)
        markup = safe_divide(1.0 + beyond_one, beyond_one, 1.0)
        unbound = np.where(beyond_one > 0.0, cost * markup, sees.price_ceiling)
        habit = sees.unit_cost / (1.0 - sees.base_margin)
        price = np.where(sees.designer > 0.0, habit, unbound)
        price = np.maximum(np.minimum(price, sees.price_ceiling), sees.unit_cost)
        return ChipVendorChoice(price=clip(price, 1e-3, 1e4))
