"""Grim: hold the peace until somebody breaks it, and never after."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    Array,
    HyperscalerChoice,
    HyperscalerView,
    MarginalQ,
    Memory,
    clip,
    param,
    safe_divide,
)


@dataclass(frozen=True)
class Grim(MarginalQ):
    """Replace wear until any rival spends clearly more than that; then best respond for ever.

    The punishment is reversion to the one-shot game, which is credible: no firm would do better
    by leaving it alone. Outspending them all would punish harder, and the punisher as well. What
    rivals spent before the first quarter of the peace is not held against them.

    Source: Friedman 1971, "A non-cooperative equilibrium for supergames", Review of Economic
    Studies 38 (trigger strategies that revert to the one-shot equilibrium).
    """

    tolerance: float = param(
        0.5, "1", "spending above replacement, over replacement, that is overlooked", 0.0, 50.0
    )
    grace: float = param(
        1.0, "quarters", "time at the start in which nothing is held against rivals", 0.0, 1000.0
    )

    def remember(self) -> Memory:
        """Return what marginal q remembers, quarters so far, and whether the peace is broken."""
        return {**super().remember(), "quarters": 0.0, "broken": 0.0}

    def serving_value(self, sees: HyperscalerView) -> Array:
        """Return what one more H100e adds to the firm's own revenue."""
        return sees.own_marginal_revenue

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Restrain, or follow the plan where the peace is or was broken."""
        plan = self.plan(sees)
        seen = sees.memory["quarters"] >= self.grace
        breach = highest_rival_rate(sees) > (1.0 + self.tolerance) * sees.wear
        broken = (sees.memory["broken"] > 0.0) | (seen & breach)
        custom_value = sees.custom_fleet * (sees.custom_price + sees.system_cost)
        custom_share = safe_divide(custom_value, sees.fleet_value, 0.0)
        choice = HyperscalerChoice(
            capex_rate=np.where(broken, plan.capex_rate, clip(sees.wear, 0.0, 2.0)),
            custom_share=np.where(broken, plan.custom_share, clip(custom_share, 0.0, 1.0)),
            training_share=np.where(broken, plan.training_share, sees.training_share),
        )
        return choice, {
            **plan.memory,
            "quarters": sees.memory["quarters"] + 1.0,
            "broken": np.where(broken, 1.0, 0.0),
        }


def highest_rival_rate(sees: HyperscalerView) -> Array:
    """Return the highest capex rate among rivals last quarter, `(firms, runs)`."""
    rates = sees.industry.capex_rate
    everyone = np.arange(len(rates))
    itself = everyone == everyone[sees.rows][:, np.newaxis]
    return np.asarray(np.where(itself[..., np.newaxis], 0.0, rates).max(axis=1))
