"""Restrain: replace what wears out, and no more."""

from dataclasses import dataclass

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    replacement,
)


@dataclass(frozen=True)
class Restrain(HyperscalerStrategy):
    """Order the merchant and custom chips that wear out, at last quarter's prices.

    The firm that does not install the escalator. But for what is on its way, for what cannot be
    funded or is not shipped, and for prices that move meanwhile, its fleet stays as it is.

    Source: Jorgenson 1963, "Capital theory and investment behavior", American Economic Review 53;
    Feldstein & Rothschild 1974, "Towards an economic theory of replacement investment",
    Econometrica 42.
    """

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        """Spend the share of the fleet's value that wears out, on either kind by its value."""
        rate, custom_share = replacement(sees)
        return HyperscalerChoice(capex_rate=rate, custom_share=custom_share)
