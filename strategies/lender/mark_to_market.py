"""Mark to market: lend on collateral at the life that it is seen to have."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    LenderChoice,
    LenderStrategy,
    LenderView,
    Memory,
    at_least,
    clip,
    param,
    safe_divide,
)

LEAST_WEAR = 1e-9
"""Wear a quarter below which chips may as well last for ever."""


@dataclass(frozen=True)
class MarkToMarket(LenderStrategy):
    """Reset the margin each quarter to what collateral is worth at the life that chips really have.

    Loan contracts value a fleet at today's prices, less the part of an assumed life that it has
    behind it. This lender watches how fast fleets wear, puts that life in the place of the assumed
    one, and scales its advance rate so that it lends what the base date's rate would on the value
    so marked; the spread widens with the value found missing. Where chips outlive the assumption
    it lends more, for less. What it believes begins with the assumption and moves towards what it
    sees. The older the fleets, the more the life matters.

    Source: Brunnermeier & Pedersen 2009, "Market liquidity and funding liquidity", Review of
    Financial Studies 22; Geanakoplos 2010, "The leverage cycle", NBER Macroeconomics Annual 24.
    """

    adaptation: float = param(
        0.25, "1/quarter", "share of its error about wear that it corrects", 0.0, 1.0
    )
    loading: float = param(
        0.1, "1/year", "spread added per share of the assumed value found missing", 0.0, 1.0
    )

    def remember(self) -> Memory:
        """Return the wear that it believes in: not seen yet."""
        return {"wear": np.nan}

    def choose(self, sees: LenderView) -> tuple[LenderChoice, Memory]:
        """Mark the collateral, and set the terms by it."""
        assumed = 0.25 / at_least(sees.collateral_life, LEAST_WEAR)
        before = sees.memory["wear"]
        before = np.where(np.isnan(before), assumed, before)
        wear = before + self.adaptation * (sees.wear - before)
        left = at_least(1.0 - sees.collateral_age * assumed, 0.0)
        found = at_least(1.0 - sees.collateral_age * wear, 0.0)
        marked = safe_divide(found, left, 1.0)
        choice = LenderChoice(
            spread=clip(sees.base_spread + self.loading * (1.0 - marked), 0.0, 1.0),
            advance_rate=clip(sees.base_advance_rate * marked, 0.0, 1.0),
            deployed=clip(sees.base_deployed, 0.0, 1.0),
        )
        return choice, {"wear": wear}
