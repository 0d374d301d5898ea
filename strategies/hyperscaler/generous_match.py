"""Generous match: do as the others did, but forgive part of it."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    clip,
    param,
)


@dataclass(frozen=True)
class GenerousMatch(HyperscalerStrategy):
    """Spend what the rivals spent, but leave out a share of what they spent above replacement.

    Less than replacement is matched in full. Among its like a race dies away, each quarter by the
    share forgiven; against one who goes on, it follows at a distance. Where moves are yes or no
    the best rate of forgiveness is one third at the usual payoffs of the prisoner's dilemma (5, 3,
    1, 0), and that is the default; how much to spend is a matter of degree, so here it is a share
    of the excess and not a chance of forgiving it all.

    Source: Nowak & Sigmund 1992, "Tit for tat in heterogeneous populations", Nature 355 (generous
    tit for tat); Wahl & Nowak 1999, "The continuous prisoner's dilemma: I. Linear reactive
    strategies", Journal of Theoretical Biology 200 (the same in degrees).
    """

    generosity: float = param(
        1.0 / 3.0, "1", "share of rivals' spending above replacement that is not followed", 0.0, 1.0
    )

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        """Spend at the rivals' rate, less what is forgiven."""
        excess = np.maximum(sees.rivals_capex_rate - sees.wear, 0.0)
        rate = sees.rivals_capex_rate - self.generosity * excess
        return HyperscalerChoice(capex_rate=clip(rate, 0.0, 2.0))
