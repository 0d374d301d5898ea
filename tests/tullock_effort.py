"""A strategy for tests: hold the fleet at a multiple of the effort that a Tullock contest rests at."""

from dataclasses import dataclass

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    at_least,
    param,
)


@dataclass(frozen=True)
class TullockEffort(HyperscalerStrategy):
    """Order what wears out, and at first what is lacking to a multiple of one H100e (M).

    Source: Tullock 1980, "Efficient rent seeking", in Buchanan, Tollison and Tullock (eds.), Toward a
    theory of the rent-seeking society.
    """

    multiple: float = param(1.0, "1", "fleet over the effort of the contest", 0.0, 10.0)

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        """Spend what takes the fleet, worn since, to where it is to be."""
        left = sees.merchant_fleet * (1.0 - sees.wear)
        spending = at_least(self.multiple - left, 0.0) * sees.merchant_price
        return HyperscalerChoice(capex_rate=spending / sees.fleet_value)
