"""Hold margin: cost plus a habitual margin."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorStrategy,
    ChipVendorView,
    Memory,
    clip,
    param,
)


@dataclass(frozen=True)
class HoldMargin(ChipVendorStrategy):
    """Pass cost on at the gross margin of the base date, or one on the way to another.

    Up to the price at which buyers leave, and never below unit cost.

    Source: Hall & Hitch 1939, "Price theory and business behaviour", Oxford Economic Papers 2.
    """

    margin_change: float = param(0.0, "1", "gross margin above that of the base date", -0.9, 0.9)
    pace: float = param(1.0, "1/quarter", "share of the way there that a quarter goes", 0.0, 1.0)

    def remember(self) -> Memory:
        """Return the margin asked last quarter above that of the base date: none."""
        return {"above": 0.0}

    def choose(self, sees: ChipVendorView) -> tuple[ChipVendorChoice, Memory]:
        """Price at cost over one less the margin."""
        last = sees.memory["above"]
        above = last + self.pace * (self.margin_change - last)
        margin = clip(sees.base_margin + above, 0.0, 0.95)
        price = np.minimum(sees.unit_cost / (1.0 - margin), sees.price_ceiling)
        choice = ChipVendorChoice(price=clip(np.maximum(price, sees.unit_cost), 1e-3, 1e4))
        return choice, {"above": above}
