"""Grim: hold the peace until somebody breaks it, and never after."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    Array,
    HyperscalerChoice,
    HyperscalerView,
    MarginalQ,
    Memory,
    param,
    replacement,
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

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Restrain, or follow the plan where the peace is or was broken."""
        plan = self.plan(sees)
        seen = sees.memory["quarters"] >= self.grace
        breach = highest_rival_rate(sees) > (1.0 + self.tolerance) * sees.wear
        broken = (sees.memory["broken"] > 0.0) | (seen & breach)
        rate, custom_share = replacement(sees)
        choice = HyperscalerChoice(
            capex_rate=np.where(broken, plan.capex_rate, rate),
            custom_share=np.where(broken, plan.custom_share, custom_share),
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
