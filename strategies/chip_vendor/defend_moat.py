"""Defend moat: give up margin where custom silicon gains ground."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    ChipVendorChoice,
    ChipVendorStrategy,
    ChipVendorView,
    Memory,
    at_least,
    clip,
    param,
)


@dataclass(frozen=True)
class DefendMoat(ChipVendorStrategy):
    """Cut the margin as custom silicon's share of spending grows, and restore it as that shrinks.

    A limit price: one at which entry does not pay, though more could be had for a while. The share
    is compared with the one first seen; what it has grown by, times `response`, comes off the gross
    margin of the base date. A designer has nothing to defend and keeps that margin. Price stays
    between unit cost and what makes buyers leave.

    Source: Bain 1949, "A note on pricing in monopoly and oligopoly", American Economic Review 39;
    Milgrom & Roberts 1982, "Limit pricing and entry under incomplete information: an equilibrium
    analysis", Econometrica 50.
    """

    response: float = param(
        1.0, "1", "gross margin given up per share of spending that custom silicon gains", 0.0, 10.0
    )
    tolerated: float = param(0.0, "1", "gain of custom silicon that is let pass", 0.0, 1.0)
    floor_margin: float = param(0.4, "1", "gross margin that is not given up", 0.0, 0.95)

    def remember(self) -> Memory:
        """Return custom silicon's share when first seen, not seen yet, and its gain since."""
        return {"at_first": np.nan, "gained": 0.0}

    def choose(self, sees: ChipVendorView) -> tuple[ChipVendorChoice, Memory]:
        """Price at cost over one less the margin that is left."""
        at_first = sees.memory["at_first"]
        at_first = np.where(np.isnan(at_first), sees.custom_share, at_first)
        # Where nobody bought chips of either kind there is no share to go by.
        bought = (sees.sales > 0.0) | (sees.custom_share > 0.0)
        gained = np.where(bought, sees.custom_share - at_first, sees.memory["gained"])
        given_up = self.response * at_least(gained - self.tolerated, 0.0)
        given_up = np.where(sees.designer > 0.0, 0.0, given_up)
        # A vendor whose margin is below the floor has none to give up.
        floor = np.minimum(self.floor_margin, sees.base_margin)
        margin = np.maximum(sees.base_margin - given_up, floor)
        price = np.minimum(sees.unit_cost / (1.0 - margin), sees.price_ceiling)
        choice = ChipVendorChoice(price=clip(np.maximum(price, sees.unit_cost), 1e-3, 1e4))
        return choice, {"at_first": at_first, "gained": gained}
