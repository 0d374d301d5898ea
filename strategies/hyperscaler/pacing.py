"""Pacing: spread purchases over the generations of chips, and wait for powered shells."""

from dataclasses import dataclass, replace

import numpy as np

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerView,
    MarginalQ,
    Memory,
    clip,
    param,
    safe_divide,
)


@dataclass(frozen=True)
class Pacing(MarginalQ):
    """Buy at an even pace; wait while shells are not ready or chips get cheaper fast, then catch up.

    The pace is what best response asks for, averaged over past quarters, so that no generation of
    chips gets a burst of orders. Waiting takes the whole order where too many chips idle without
    power, and where the price of merchant chips fell fast in a quarter, as it does when a better
    generation comes. What was skipped is bought in equal parts over the next generation, and no
    more of it than a generation's purchases at the pace of the day, so that it lapses in a slump.

    Source: Satya Nadella with Dwarkesh Patel and Dylan Patel, "How Microsoft is preparing for AGI",
    Dwarkesh Podcast, November 2025 (not to be stuck with one generation at massive scale), and on
    the Bg2 podcast, November 2025 (chips that wait for powered shells); McDonald & Siegel 1986,
    "The value of waiting to invest", Quarterly Journal of Economics 101.
    """

    evenness: float = param(
        0.75, "1", "weight of a quarter's need over the next one's; 0 buys as needed", 0.0, 0.99
    )
    idle_limit: float = param(
        0.1, "1", "share of the fleet without power at which nothing is bought", 1e-3, 1.0
    )
    fast_fall: float = param(
        0.12, "1/quarter", "relative fall of the merchant price at which it waits", 0.0, 1.0
    )
    generation: float = param(
        4.0, "quarters", "life of a generation of chips, over which it catches up", 1.0, 40.0
    )

    def remember(self) -> Memory:
        """Return what marginal q remembers, past needs and weights, what was skipped, the price."""
        return {**super().remember(), "needs": 0.0, "weights": 0.0, "skipped": 0.0, "price": 0.0}

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Buy at the pace and catch up as far as it is time to buy."""
        plan, before = self.plan(sees), sees.memory
        needs = self.evenness * before["needs"] + plan.capex_rate
        weights = self.evenness * before["weights"] + 1.0
        pace = needs / weights
        ready = clip(1.0 - (1.0 - sees.working_share) / self.idle_limit, 0.0, 1.0)
        fall = 1.0 - safe_divide(sees.merchant_price, before["price"], 1.0)
        go = np.where(fall > self.fast_fall, 0.0, ready)
        skipped = np.minimum(before["skipped"], self.generation * pace)
        rate = clip(go * (pace + skipped / self.generation), 0.0, 2.0)
        return replace(plan.choice(), capex_rate=rate), {
            **plan.memory,
            "needs": needs,
            "weights": weights,
            "skipped": np.maximum(skipped + pace - rate, 0.0),
            "price": sees.merchant_price,
        }
