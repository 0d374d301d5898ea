"""Match: do as the others did."""

from dataclasses import dataclass

from agentsim.strategy import HyperscalerChoice, HyperscalerStrategy, HyperscalerView, clip


@dataclass(frozen=True)
class Match(HyperscalerStrategy):
    """Spend, relative to the fleet, what the rivals spent on average last quarter.

    Source: Knickerbocker 1973, Oligopolistic Reaction and Multinational Enterprise (follow the
    leader in investment); Axelrod 1984, The Evolution of Cooperation (tit for tat).
    """

    def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
        """Spend at the rivals' rate."""
        return HyperscalerChoice(capex_rate=clip(sees.rivals_capex_rate, 0.0, 2.0))
