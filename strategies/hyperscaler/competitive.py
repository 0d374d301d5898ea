"""Competitive: invest by marginal q at the market price."""

from dataclasses import dataclass

from agentsim.strategy import Array, HyperscalerView, MarginalQ


@dataclass(frozen=True)
class Competitive(MarginalQ):
    """Order chips while their services sell for more than they cost, as if the price were given.

    The yardstick of a market without market power: capacity grows until price equals cost.

    Source: Lucas & Prescott 1971, "Investment under uncertainty", Econometrica 39.
    """

    def serving_value(self, sees: HyperscalerView) -> Array:
        """Return what the services of one H100e sell for."""
        return sees.price_value
