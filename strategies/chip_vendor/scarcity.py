"""Scarcity: the price follows orders over supply."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorStrategy,
    ChipVendorView,
    Memory,
    clip,
    param,
    power,
    safe_divide,
)


@dataclass(frozen=True)
class Scarcity(ChipVendorStrategy):
    """Raise the price while orders exceed supply and lower it while they fall short.

    Supply is what foundry and memory allow, whichever is tighter. The price also follows unit
    cost, keeps a least margin, and stops where buyers would leave; it is never below unit cost.

    Source: Samuelson 1941, "The stability of equilibrium: comparative statics and dynamics",
    Econometrica 9 (price adjustment by excess demand); the leading vendor's gross margin, which
    rose from 43% in the 2022 glut to 78% in the 2024 shortage and then stood still.
    """

    response: float = param(0.5, "1/quarter", "log price per log orders over supply", 0.0, 4.0)
    floor_margin: float = param(0.4, "1", "least gross margin", 0.0, 0.95)
    most: float = param(2.0, "1", "orders over supply that count, and their inverse", 1.0, 100.0)

    def remember(self) -> Memory:
        """Return last quarter's unit cost: none yet."""
        return {"unit_cost": 0.0}

    def choose(self, sees: ChipVendorView) -> tuple[ChipVendorChoice, Memory]:
        """Move the price with tightness and cost."""
        tightness = np.maximum(sees.foundry_tightness, sees.memory_tightness)
        tightness = clip(tightness, 1.0 / self.most, self.most)
        before = sees.memory["unit_cost"]
        trend = np.where(before > 0.0, safe_divide(sees.unit_cost, before, 1.0), 1.0)
        price = sees.price * power(tightness, self.response) * trend
        price = np.maximum(price, sees.unit_cost / (1.0 - self.floor_margin))
        price = np.maximum(np.minimum(price, sees.price_ceiling), sees.unit_cost)
        return ChipVendorChoice(price=clip(price, 1e-3, 1e4)), {"unit_cost": sees.unit_cost}
