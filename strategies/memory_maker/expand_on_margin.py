"""Expand on margin: build when it pays, as everybody does."""

from dataclasses import dataclass

from agentsim.strategy import (
    MemoryMakerChoice,
    MemoryMakerStrategy,
    MemoryMakerView,
    clip,
    param,
)


@dataclass(frozen=True)
class ExpandOnMargin(MemoryMakerStrategy):
    """Expand in proportion to today's margin above a threshold, and offer all that can be made.

    What is ordered at today's margin arrives when the margin is another: the hog cycle.

    Source: Coase & Fowler 1935, "Bacon production and the pig-cycle in Great Britain", Economica 2;
    Ezekiel 1938, "The cobweb theorem", Quarterly Journal of Economics 52.
    """

    threshold: float = param(0.3, "1", "gross margin above which it expands", -1.0, 0.95)
    response: float = param(0.5, "1/quarter", "expansion per unit of margin above it", 0.0, 5.0)

    def choose(self, sees: MemoryMakerView) -> MemoryMakerChoice:
        """Expand by the margin above the threshold, as fast as it can be done at most."""
        wanted = self.response * (sees.memory_margin - self.threshold)
        return MemoryMakerChoice(expansion=clip(clip(wanted, 0.0, sees.growth_limit), 0.0, 1.0))
