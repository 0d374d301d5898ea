"""Loss chaser: raise the stake to win back what was lost."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerStrategy,
    HyperscalerView,
    Memory,
    clip,
    param,
    safe_divide,
)


@dataclass(frozen=True)
class LossChaser(HyperscalerStrategy):
    """Raise spending after losses, the more the more was lost, until the losses are won back.

    A quarter's result is operating cash less wear of what stands in the books and less interest.
    Losses add up, later profits are set against them, and profits beyond that are not kept in
    mind. The stake grows with open losses over the books, up to a multiple of the usual stake.

    Source: Lee, Shin, Lee & Kim 2025, "Can large language models develop gambling addiction?",
    arXiv:2509.22818 (models that set their own stakes raise them after losses and go bankrupt more
    often); Thaler & Johnson 1990, "Gambling with the house money and trying to break even",
    Management Science 36; Staw 1976, "Knee-deep in the big muddy", Organizational Behavior and
    Human Performance 16 (escalation of commitment).
    """

    growth: float = param(0.05, "1/quarter", "growth of the fleet without open losses", 0.0, 2.0)
    chase: float = param(
        5.0, "1", "relative rise of the stake per open losses over book value", 0.0, 100.0
    )
    limit: float = param(4.0, "1", "largest stake over the usual one", 1.0, 40.0)

    def remember(self) -> Memory:
        """Return the losses not yet won back, $bn: none."""
        return {"lost": 0.0}

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Stake the usual and more by what is to be won back."""
        result = sees.operating_cash - sees.wear * sees.book_value - sees.interest
        lost = clip(sees.memory["lost"] - result, 0.0, 1e9)
        open_losses = safe_divide(lost, sees.book_value, 0.0)
        raised = np.minimum(1.0 + self.chase * open_losses, self.limit)
        usual = sees.wear + self.growth
        return HyperscalerChoice(capex_rate=clip(raised * usual, 0.0, 2.0)), {"lost": lost}
