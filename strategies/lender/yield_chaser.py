"""Yield chaser: take whatever risk the promised return needs."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    LenderChoice,
    LenderStrategy,
    LenderView,
    Memory,
    clip,
    param,
    safe_divide,
)


@dataclass(frozen=True)
class YieldChaser(LenderStrategy):
    """Promise savers a return, and lend more and deeper into collateral while it is not earned.

    What is promised is the funding rate and a part of the spread of the base date, on all the
    money, lent or not; what is earned is the interest on its loans, before losses, which do not
    count. While that falls short, because loans pay less or funds lie idle, it moves from the
    terms of the base date towards offering all its funds and advancing the most on collateral; while
    it is earned it moves back. It does not cut its spread, as `yield_seeking` does: a lender that
    needs the yield looks for it where others will not lend.

    Source: Rajan 2006, "Has finance made the world riskier?", European Financial Management 12
    (fixed promises and low rates); Becker & Ivashina 2015, "Reaching for yield in the bond market",
    Journal of Finance 70.
    """

    promise: float = param(
        0.25, "1", "share of the base date's spread that savers are promised", 0.0, 2.0
    )
    pace: float = param(
        5.0,
        "years/quarter",
        "change of the risk taken per unit of yearly return missed",
        0.0,
        100.0,
    )
    most_advanced: float = param(0.95, "1", "highest advance rate", 0.0, 1.0)

    def remember(self) -> Memory:
        """Return the risk taken, from 0 at the base date's terms to 1: none yet."""
        return {"risk": 0.0}

    def choose(self, sees: LenderView) -> tuple[LenderChoice, Memory]:
        """Set the risk by the return that is missed."""
        promised = sees.funding_rate + self.promise * sees.base_spread
        earned = safe_divide(sees.coupons, sees.funds + sees.outstanding, promised)
        risk = clip(sees.memory["risk"] + self.pace * (promised - earned), 0.0, 1.0)
        highest = np.maximum(self.most_advanced, sees.base_advance_rate)
        advance = sees.base_advance_rate + risk * (highest - sees.base_advance_rate)
        choice = LenderChoice(
            spread=clip(sees.base_spread, 0.0, 1.0),
            advance_rate=clip(advance, 0.0, 1.0),
            deployed=clip(sees.base_deployed + risk * (1.0 - sees.base_deployed), 0.0, 1.0),
        )
        return choice, {"risk": risk}
