"""Cartel: invest by marginal q, counting all firms' revenue."""

from dataclasses import dataclass, replace

import numpy as np

from agentsim.strategy import (
    Array,
    HyperscalerChoice,
    HyperscalerView,
    MarginalQ,
    Memory,
    clip,
    safe_divide,
)


@dataclass(frozen=True)
class Cartel(MarginalQ):
    """Order chips while one more adds to all firms' revenue together, and hold back what does not.

    Capacity is held back where all firms would earn more by selling less than committed fleets
    can make. Quality stays a contest: training is valued at what it brings the firm itself, so
    this is collusion on quantity and rivalry in quality (semicollusion).

    Source: Cournot 1838, Recherches sur les principes mathématiques de la théorie des richesses
    (monopoly); d'Aspremont, Jacquemin, Gabszewicz & Weymark 1983, "On the stability of collusive
    price leadership", Canadian Journal of Economics 16; Fershtman & Gandal 1994, "Disadvantageous
    semicollusion", International Journal of Industrial Organization 12.
    """

    def serving_value(self, sees: HyperscalerView) -> Array:
        """Return what one more H100e adds to the revenue of all firms."""
        return sees.industry_marginal_revenue

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Follow the plan, and hold back what would only depress the price."""
        plan = self.plan(sees)
        withheld = clip(1.0 - np.minimum(sees.cartel_quantity, 1.0), 0.0, 0.999)
        # Marginal revenue drops at the end of the choke segment and at the kink: a step sized by
        # the value on the near side would leap over the corner at which the cartel rests.
        fleet = sees.merchant_fleet + sees.custom_fleet
        committed = sees.merchant_committed + sees.custom_committed
        room = np.maximum(sees.cartel_quantity - 1.0, 0.0)
        most = (sees.wear + room) * safe_divide(committed, fleet, 1.0)
        rate = np.minimum(plan.capex_rate, most)
        return replace(plan.choice(), capex_rate=rate, withheld=withheld), plan.memory
