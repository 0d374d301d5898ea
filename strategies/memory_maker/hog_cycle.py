"""Hog cycle: build what today's margin would pay for, if it lasted."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    Memory,
    MemoryMakerChoice,
    MemoryMakerStrategy,
    MemoryMakerView,
    at_least,
    clip,
    log,
    param,
    power,
)

LEAST, MOST = 1e-12, 1e12
"""Values of capacity over its cost beyond which they count as that."""


@dataclass(frozen=True)
class HogCycle(MemoryMakerStrategy):
    """Value capacity as if today's margin lasted all its life, and expand while it is worth its cost.

    Where `expand_on_margin` has a rule of thumb, this is an investor who errs in one thing alone:
    the price. A unit of capacity is worth today's margin in dollars from the day that it stands,
    discounted and as it wears; it expands by `response` times the log of that over what the unit
    costs, so interest, lag and life decide what margin is enough. What is under construction, its
    own and its rivals', it leaves out of account; by the time that all of it stands the margin is
    another. It offers all that can be made. With `adaptation` below 1 it learns slowly from
    margins (adaptive expectations), and the swings are smaller.

    Source: Ezekiel 1938, "The cobweb theorem", Quarterly Journal of Economics 52 (naive
    expectations); Nerlove 1958, "Adaptive expectations and cobweb phenomena", Quarterly Journal of
    Economics 72.
    """

    response: float = param(0.4, "1/quarter", "expansion per log of value over cost", 0.0, 5.0)
    return_per_year: float = param(0.12, "1/year", "return that it asks of capacity", 0.0, 1.0)
    life: float = param(6.0, "years", "mean life of capacity, as it reckons", 0.5, 50.0)
    adaptation: float = param(
        1.0, "1/quarter", "share of its error about the margin that it corrects", 0.0, 1.0
    )

    def remember(self) -> Memory:
        """Return the margin expected, a quarter, over the cost of capacity: none yet."""
        return {"expected": np.nan}

    def choose(self, sees: MemoryMakerView) -> tuple[MemoryMakerChoice, Memory]:
        """Expand by what capacity is worth over what it costs."""
        # Per dollar of capacity: a line makes more for the same money as memory's cost falls.
        cost = np.maximum(sees.expansion_cost, LEAST)
        earns = clip((sees.memory_price - sees.memory_cost) / cost, -MOST, MOST)
        before = sees.memory["expected"]
        before = np.where(np.isnan(before), earns, before)
        expected = before + self.adaptation * (earns - before)
        required = 0.25 * self.return_per_year
        # A flow of one a quarter from the day that it stands, of which 1 / life wears off in a year.
        worth = power(1.0 + required, -sees.memory_quarters) / (required + 0.25 / self.life)
        q = clip(at_least(expected, 0.0) * worth, LEAST, MOST)
        wanted = clip(self.response * log(q), 0.0, sees.growth_limit)
        return MemoryMakerChoice(expansion=clip(wanted, 0.0, 1.0)), {"expected": expected}
