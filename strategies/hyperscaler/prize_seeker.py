"""Prize seeker: race for a prize that one firm will take."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    Array,
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    at_least,
    clip,
    ordered_sum,
    param,
    safe_divide,
)


@dataclass(frozen=True)
class PrizeSeeker(HyperscalerStrategy):
    """Spend as a contestant for a prize that one firm takes, whatever the market pays meanwhile.

    It believes that its chance to win is its share of all capex of the race (a Tullock contest of
    decisiveness r = 1). Against rivals who spend E a quarter the best effort is sqrt(V E) - E, V
    being the prize over the quarters of the race: rivals' spending spurs it on up to V / 4, and
    discourages it beyond. It goes part of the way there each quarter, as n > 3 firms that all
    jumped would overshoot for ever. Who has nothing to gain by racing still replaces wear.

    Source: Tullock 1980, "Efficient rent seeking", in Buchanan, Tollison & Tullock (eds.), Toward a
    Theory of the Rent-Seeking Society; Dixit 1987, "Strategic behavior in contests", American
    Economic Review 77 (when effort spurs on and when it discourages).
    """

    prize: float = param(5000.0, "$bn", "what the winner is believed to get", 0.0, 1e6)
    race: float = param(40.0, "quarters", "how long the race is believed to last", 1.0, 1000.0)
    adjustment: float = param(
        0.25, "1/quarter", "part of the way to the best effort that is gone", 0.0, 1.0
    )

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        """Move effort towards the best one against what rivals spent; shells are part of it."""
        effort = sees.capex + self.adjustment * (self.best_effort(sees) - sees.capex)
        chips = at_least(effort - sees.shells_due, 0.0)
        rate = safe_divide(chips, sees.fleet_value, 0.0)
        return HyperscalerChoice(capex_rate=clip(np.maximum(rate, sees.wear), 0.0, 2.0))

    def best_effort(self, sees: HyperscalerView) -> Array:
        """Return the capex that maximises the chance of the prize less what it costs, $bn."""
        rivals = at_least(ordered_sum(sees.industry.capex) - sees.capex, 0.0)
        return at_least(np.sqrt(self.prize / self.race * rivals) - rivals, 0.0)
