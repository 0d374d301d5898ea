"""Contrarian cycle: buy when others do not."""

from dataclasses import dataclass, replace

import numpy as np

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerView,
    MarginalQ,
    Memory,
    clip,
    exp,
    log,
    param,
    safe_divide,
)

COLDEST, HOTTEST = 1e-3, 1e3


@dataclass(frozen=True)
class ContrarianCycle(MarginalQ):
    """Buy more when chips are slack and rivals hold back, and less when all want them.

    The usual order is what best response asks for, averaged through the cycle. It is divided by
    the heat of the market to a power: how tight foundries or memory are, whichever is tighter,
    times what rivals spend over what they usually do. Heat is read over more than a quarter, for
    contrarians who all answered the last one would take turns at flooding the market and leaving.

    Source: Greenwood & Hanson 2015, "Waves in ship prices and investment", Quarterly Journal of
    Economics 130 (owners take high earnings for lasting and forget that rivals build too, so who
    buys in the slump earns more); Ghemawat 1993, "The risk of not investing in a recession", Sloan
    Management Review 34.
    """

    contrariness: float = param(
        1.0, "1", "relative cut of orders per relative heat of the market", 0.0, 10.0
    )
    most: float = param(
        3.0, "1", "largest order over the usual one, and inverse of the least", 1.0, 20.0
    )
    persistence: float = param(
        0.85, "1", "weight of a quarter over the next one's in what is usual", 0.0, 0.99
    )
    patience: float = param(
        0.5, "1", "weight of a quarter over the next one's in what is hot", 0.0, 0.99
    )

    def remember(self) -> Memory:
        """Return what marginal q remembers, and sums of needs, rivals' rates, logs of heat, weights."""
        sums = ("needs", "rivals", "weights", "heat", "heat_weights")
        return {**super().remember(), **dict.fromkeys(sums, 0.0)}

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Order the usual, and more in the cold and less in the heat."""
        plan, before, kept = self.plan(sees), sees.memory, self.persistence
        needs = kept * before["needs"] + plan.capex_rate
        rivals = kept * before["rivals"] + sees.rivals_capex_rate
        weights = kept * before["weights"] + 1.0
        crowd = safe_divide(sees.rivals_capex_rate, rivals / weights, 1.0)
        tight = np.maximum(sees.foundry_tightness, sees.memory_tightness)
        now = log(clip(crowd, COLDEST, HOTTEST) * clip(tight, COLDEST, HOTTEST))
        heat = self.patience * before["heat"] + now
        heat_weights = self.patience * before["heat_weights"] + 1.0
        factor = exp(-1.0 * self.contrariness * (heat / heat_weights))
        rate = clip(clip(factor, 1.0 / self.most, self.most) * (needs / weights), 0.0, 2.0)
        return replace(plan.choice(), capex_rate=rate), {
            **plan.memory,
            "needs": needs,
            "rivals": rivals,
            "weights": weights,
            "heat": heat,
            "heat_weights": heat_weights,
        }
