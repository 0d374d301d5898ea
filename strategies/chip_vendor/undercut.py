"""Undercut: sell for less than the rivals do."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorStrategy,
    ChipVendorView,
    clip,
    param,
)


@dataclass(frozen=True)
class Undercut(ChipVendorStrategy):
    """Price below what rivals are paid on average, by a margin, but never below cost.

    Rivals are vendors of its kind, each counting by its sales. Whoever is cheaper than that at the
    gross margin of the base date, or has no rivals, asks this margin. Cost is unit cost over one
    less own costs, which grow with sales: below it every chip sold is a loss. Where all follow it
    the price falls quarter by quarter, until the vendor with the lowest cost is just below the
    cost of the next.

    Source: Bertrand 1883, review of Théorie mathématique de la richesse sociale and of Recherches
    sur les principes mathématiques de la théorie des richesses, Journal des Savants 67.
    """

    margin: float = param(
        0.05, "1", "share of the rivals' average price to stay below it", 0.0, 0.9
    )
    least_margin: float = param(0.0, "1", "least margin after own costs", 0.0, 0.9)

    def choose(self, sees: ChipVendorView) -> ChipVendorChoice:
        """Undercut, within cost and the price at which buyers leave."""
        cost = sees.unit_cost / (1.0 - sees.own_cost_share)
        habit = sees.unit_cost / (1.0 - sees.base_margin)
        price = np.minimum(habit, (1.0 - self.margin) * sees.rivals_price)
        price = np.maximum(price, cost / (1.0 - self.least_margin))
        price = np.maximum(np.minimum(price, sees.price_ceiling), sees.unit_cost)
        return ChipVendorChoice(price=clip(price, 1e-3, 1e4))
