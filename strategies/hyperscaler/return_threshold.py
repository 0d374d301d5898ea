"""Return threshold: grow while the return on AI capital holds, shrink when it does not."""

from dataclasses import dataclass

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
class ReturnThreshold(HyperscalerStrategy):
    """Grow the fleet while its smoothed return on the books beats a hurdle; below it, shrink.

    The return is operating cash less wear over book value, what boards and investors are shown.
    Replacement value would flatter it: as chips get cheaper the capital sunk in old ones would
    drop out of the reckoning, and chips paid for but not delivered are in the books alone. It is
    an average and looks back: it says what the fleet earned, and not what one more chip would.

    Source: Gavin Baker with David George, "Is there an AI bubble?", a16z Podcast, October 2025
    (the largest spenders' returns on invested capital have risen with their spending, and that is
    the test of the next wave); Fazzari, Hubbard & Petersen 1988, "Financing constraints and
    corporate investment", Brookings Papers on Economic Activity 1988(1) (realised cash drives
    investment).
    """

    hurdle: float = param(
        0.03, "1/quarter", "return after wear at which the fleet is just replaced", -1.0, 1.0
    )
    response: float = param(2.0, "1", "growth of the fleet per return above the hurdle", 0.0, 50.0)
    most: float = param(0.4, "1/quarter", "largest growth of the fleet", 0.0, 2.0)
    persistence: float = param(
        0.5, "1", "weight of a quarter's return over the next one's; 0 is no smoothing", 0.0, 0.99
    )

    def remember(self) -> Memory:
        """Return the weighted sum of returns so far, and the sum of weights: none yet."""
        return {"returns": 0.0, "weights": 0.0}

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Replace wear, and more or less by how far the return is from the hurdle."""
        # With nothing in the books there is no return to judge by, and the fleet is kept.
        gross = safe_divide(sees.operating_cash, sees.book_value, self.hurdle + sees.wear)
        returns = self.persistence * sees.memory["returns"] + clip(gross - sees.wear, -1.0, 1.0)
        weights = self.persistence * sees.memory["weights"] + 1.0
        growth = self.response * (returns / weights - self.hurdle)
        rate = sees.wear + clip(growth, -2.0, self.most)
        choice = HyperscalerChoice(capex_rate=clip(rate, 0.0, 2.0))
        return choice, {"returns": returns, "weights": weights}
