"""Scaled: best response, times a number."""

from dataclasses import dataclass, replace

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerView,
    MarginalQ,
    Memory,
    clip,
    param,
)


@dataclass(frozen=True)
class Scaled(MarginalQ):
    """Spend a multiple of what best response would: one dial from restraint to escalation.

    Source: a probe and no theory; a one-dimensional family of strategies for empirical games, as in
    Wellman 2006, "Methods for empirical game-theoretic analysis", Proceedings of AAAI 21.
    """

    multiple: float = param(1.0, "1", "spending over that of best response", 0.0, 20.0)

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Follow the plan, but for the rate."""
        plan = self.plan(sees)
        rate = clip(self.multiple * plan.capex_rate, 0.0, 2.0)
        return replace(plan.choice(), capex_rate=rate), plan.memory
