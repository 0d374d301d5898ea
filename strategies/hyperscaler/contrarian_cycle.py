"""Contrarian cycle: buy when others do not."""

from dataclasses import dataclass, replace

import numpy as np

from agentsim.strategy import (
    Array,
    HyperscalerChoice,
    HyperscalerView,
    MarginalQ,
    Memory,
    clip,
    param,
    power,
    safe_divide,
)

COLDEST, HOTTEST = 1e-3, 1e3


@dataclass(frozen=True)
class ContrarianCycle(MarginalQ):
    """Buy more when chips are slack and rivals hold back, and less when all want them.

    The usual order is what best response asks for, averaged through the cycle. It is divided by
    the heat of the market to a power: how tight foundries or memory are, whichever is tighter,
    times what rivals spend over what they usually do.

    Source: Greenwood & Hanson 2015, "Waves in ship prices and investment", Quarterly Journal of
    Economics 130 (owners take high earnings for lasting and forget that rivals build too, so who
    buys in the slump earns more); Ghemawat 1993, "The risk of not investing in a recession", Sloan
    Management Review 34.
    """

    contrariness: float = param(
        1.0, "1", "relative cut of orders per relative heat of the market", 0.0, 10.0
    )
    most: float = param(3.0, "1", "largest order over the usual one, and inverse of the least", 1.0, 20.0)
    persistence: float = param(
        0.85, "1", "weight of a quarter over the next one's in what is usual", 0.0, 0.99
    )

    def remember(self) -> Memory:
        """Return what marginal q remembers, and sums of past needs, rivals' rates and weights."""
        return {**super().remember(), "needs": 0.0, "rivals": 0.0, "weights": 0.0}

    def serving_value(self, sees: HyperscalerView) -> Array:
        """Return what one more H100e adds to the firm's own revenue."""
        return sees.own_marginal_revenue

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Order the usual, and more in the cold and less in the heat."""
        plan, kept = self.plan(sees), self.persistence
        needs = kept * sees.memory["needs"] + plan.capex_rate
        rivals = kept * sees.memory["rivals"] + sees.rivals_capex_rate
        weights = kept * sees.memory["weights"] + 1.0
        crowd = safe_divide(sees.rivals_capex_rate, rivals / weights, 1.0)
        tight = np.maximum(sees.foundry_tightness, sees.memory_tightness)
        heat = clip(crowd, COLDEST, HOTTEST) * clip(tight, COLDEST, HOTTEST)
        factor = clip(power(heat, -1.0 * self.contrariness), 1.0 / self.most, self.most)
        rate = clip(factor * (needs / weights), 0.0, 2.0)
        memory = {**plan.memory, "needs": needs, "rivals": rivals, "weights": weights}
        return replace(plan.choice(), capex_rate=rate), memory
