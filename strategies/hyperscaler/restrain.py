"""Restrain: replace what wears out, and no more."""

from dataclasses import dataclass

from agentsim.strategy import HyperscalerChoice, HyperscalerStrategy, HyperscalerView, clip


@dataclass(frozen=True)
class Restrain(HyperscalerStrategy):
    """Order what wears out, chips and systems at replacement value, in last quarter's mix.

    The firm that does not install the escalator: its fleet neither grows nor shrinks.

    Source: Jorgenson 1963, "Capital theory and investment behavior", American Economic Review 53;
    Feldstein & Rothschild 1974, "Towards an economic theory of replacement investment",
    Econometrica 42.
    """

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        """Spend the share of the fleet's value that wears out."""
        return HyperscalerChoice(capex_rate=clip(sees.wear, 0.0, 2.0))
