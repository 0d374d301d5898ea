"""Imitate the best: spend as the firm that earns the most."""

from dataclasses import dataclass, replace

import numpy as np

from agentsim.strategy import (
    HyperscalerChoice,
    HyperscalerView,
    MarginalQ,
    Memory,
    at,
    best_of,
    capex_rates,
    chance,
    clip,
    fleet_cost,
    param,
    power,
    safe_divide,
    tried,
)


@dataclass(frozen=True)
class ImitateBest(MarginalQ):
    """Spend, relative to the fleet, what the most profitable firm spent last quarter.

    Profit is economic: revenue less the user and running cost of the fleet, all of which is
    public. It counts in dollars, or, at `per_cost` 1, over that cost. Now and then one of the
    learners' postures is tried instead: to restrain, answer marginal q, match or escalate. There
    is nothing to train.

    Source: Vega-Redondo 1997, "The evolution of Walrasian behavior", Econometrica 65; Alchian 1950,
    "Uncertainty, evolution, and economic theory", Journal of Political Economy 58.
    """

    per_cost: float = param(0.0, "1", "0 counts profit in dollars, 1 over cost", 0.0, 1.0)
    exploration: float = param(0.02, "1", "probability of trying any posture", 0.0, 1.0)
    escalation: float = param(
        0.05, "1/quarter", "capex rate above the rivals' of who escalates", 0.0, 1.0
    )

    def choose(self, sees: HyperscalerView) -> tuple[HyperscalerChoice, Memory]:
        """Follow marginal q in all but the rate."""
        plan = self.plan(sees)
        cost = fleet_cost(sees, public=True)
        menu = capex_rates(sees.wear, plan.capex_rate, sees.rivals_capex_rate, self.escalation)
        # Firms and runs may differ in how profit counts, so each has its own list of all firms.
        profit = (sees.industry.revenue - cost)[:, None]
        worth = safe_divide(profit, power(cost[:, None], self.per_cost), 0.0)
        worth = np.broadcast_to(worth, (len(cost), *menu.shape[1:]))
        spent = np.broadcast_to(sees.industry.capex_rate[:, None], worth.shape)
        usual = np.full(menu.shape[1:], len(menu))
        which = tried(usual, len(menu), self.exploration, chance(sees, "posture"))
        rate = at(np.concatenate([menu, at(spent, best_of(worth))[None]]), which)
        return replace(plan.choice(), capex_rate=clip(rate, 0.0, 2.0)), plan.memory
