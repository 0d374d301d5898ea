"""Yield seeking: lend everything, on whatever terms that takes."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import LenderChoice, LenderStrategy, LenderView, Memory, clip, param


@dataclass(frozen=True)
class YieldSeeking(LenderStrategy):
    """Offer all funds, and loosen the terms while funds lie idle; losses do not count.

    How loose the terms are moves from 0, those of the base date, to 1, the narrowest spread and the
    highest advance rate; it rises while less is asked for than offered and falls while more is.

    Source: Rajan 2006, "Has finance made the world riskier?", European Financial Management 12;
    Becker & Ivashina 2015, "Reaching for yield in the bond market", Journal of Finance 70.
    """

    pace: float = param(0.2, "1/quarter", "loosening when nothing at all is asked for", 0.0, 1.0)
    least_spread: float = param(0.01, "1/year", "narrowest spread", 0.0, 1.0)
    most_advanced: float = param(0.95, "1", "highest advance rate", 0.0, 1.0)

    def remember(self) -> Memory:
        """Return how loose the terms are: not yet."""
        return {"looseness": 0.0}

    def choose(self, sees: LenderView) -> tuple[LenderChoice, Memory]:
        """Set the terms by idle funds."""
        idle = clip(1.0 - sees.credit_demand, -1.0, 1.0)
        looseness = clip(sees.memory["looseness"] + self.pace * idle, 0.0, 1.0)
        narrowest = np.minimum(self.least_spread, sees.base_spread)
        highest = np.maximum(self.most_advanced, sees.base_advance_rate)
        choice = LenderChoice(
            spread=clip(sees.base_spread + looseness * (narrowest - sees.base_spread), 0.0, 1.0),
            advance_rate=clip(
                sees.base_advance_rate + looseness * (highest - sees.base_advance_rate), 0.0, 1.0
            ),
            deployed=1.0,
        )
        return choice, {"looseness": looseness}
