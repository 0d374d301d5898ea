"""Disciplined: expand little and late, and hold back what is not ordered."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    MemoryMakerChoice,
    MemoryMakerStrategy,
    MemoryMakerView,
    clip,
    param,
)


@dataclass(frozen=True)
class Disciplined(MemoryMakerStrategy):
    """Expand modestly, only at good margins and when memory is short; in a slump offer less.

    It offers what was ordered last quarter, and so holds back what would only lower the price, up
    to a limit.

    Source: Kreps & Scheinkman 1983, "Quantity precommitment and Bertrand competition yield Cournot
    outcomes", Bell Journal of Economics 14; SK hynix, which on 26 October 2022 answered the glut by
    halving next year's investment and cutting output.
    """

    target_margin: float = param(0.4, "1", "gross margin at which expansion begins", -1.0, 0.95)
    growth: float = param(0.12, "1/quarter", "expansion when short", 0.0, 1.0)
    most_withheld: float = param(0.2, "1", "largest share of capacity held back", 0.0, 0.95)

    def choose(self, sees: MemoryMakerView) -> MemoryMakerChoice:
        """Expand if short and profitable; offer what was ordered."""
        short = (sees.memory_margin > self.target_margin) & (sees.memory_tightness >= 1.0)
        expansion = np.where(short, np.minimum(self.growth, sees.growth_limit), 0.0)
        ordered = sees.memory_tightness * (1.0 - sees.withheld)
        return MemoryMakerChoice(
            expansion=clip(expansion, 0.0, 1.0),
            withheld=clip(1.0 - ordered, 0.0, self.most_withheld),
        )
