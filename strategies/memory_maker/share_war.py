"""Share war: build for a share of all capacity, whatever it earns."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    Memory,
    MemoryMakerChoice,
    MemoryMakerStrategy,
    MemoryMakerView,
    clip,
    ordered_sum,
    param,
    safe_divide,
)


@dataclass(frozen=True)
class ShareWar(MemoryMakerStrategy):
    """Order what takes its share of all capacity to a target, whatever the margin.

    Capacity counts with what is under construction, which rivals can see: it is what commits a
    maker. The target is the share when first seen, and `gain` more. It answers a rival's expansion
    a quarter later in kind, rests when it has what it wants, and offers all that can be made. Where
    several want more together, nobody can have it and all go on.

    Source: Spence 1977, "Entry, capacity, investment and oligopolistic pricing", Bell Journal of
    Economics 8; Dixit 1980, "The role of investment in entry-deterrence", Economic Journal 90.
    """

    gain: float = param(0.02, "1", "share of all capacity to gain over that first seen", -1.0, 1.0)
    most: float = param(0.9, "1", "largest share that it aims at", 0.0, 0.95)

    def remember(self) -> Memory:
        """Return the share of all capacity when first seen: not seen yet."""
        return {"at_first": np.nan}

    def choose(self, sees: MemoryMakerView) -> tuple[MemoryMakerChoice, Memory]:
        """Expand to the target share, rivals' capacity given."""
        own = sees.capacity + sees.building
        industry = ordered_sum(sees.industry.capacity + sees.industry.building)
        rivals = np.maximum(industry - own, 0.0)
        at_first = sees.memory["at_first"]
        at_first = np.where(np.isnan(at_first), safe_divide(own, industry, 0.0), at_first)
        target = np.minimum(clip(at_first + self.gain, 0.0, 1.0), self.most)
        wanted = safe_divide(target / (1.0 - target) * rivals, own, 0.0) - 1.0
        choice = MemoryMakerChoice(expansion=clip(clip(wanted, 0.0, sees.growth_limit), 0.0, 1.0))
        return choice, {"at_first": at_first}
