"""Follow the leader: spend as the largest firm did."""

from dataclasses import dataclass, replace

import numpy as np

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerView,
    MarginalQ,
    Memory,
    clip,
)


@dataclass(frozen=True)
class FollowTheLeader(MarginalQ):
    """Spend, relative to the fleet, what the leader spent last quarter; the leader best responds.

    The leader is the firm with the largest share of AI service revenue, which is what customers
    and investors see; it changes hands as the share does. Nobody is there for it to copy, so it
    spends by marginal q, as do all that share the lead. Only the amount is copied: each firm mixes
    its own chips and work.

    Source: Knickerbocker 1973, Oligopolistic Reaction and Multinational Enterprise; Lieberman &
    Asaba 2006, "Why do firms imitate each other?", Academy of Management Review 31.
    """

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Follow the plan where it leads, and the leader's rate where it does not."""
        plan = self.plan(sees)
        shares, rates = sees.industry.revenue_share, sees.industry.capex_rate
        leader = shares.argmax(axis=0)[np.newaxis]
        leads = sees.revenue_share >= shares.max(axis=0)
        rate = np.where(leads, plan.capex_rate, np.take_along_axis(rates, leader, axis=0))
        return replace(plan.choice(), capex_rate=clip(rate, 0.0, 2.0)), plan.memory
