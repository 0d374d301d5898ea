"""The hyperscaler's part of a learner: postures from restraint to escalation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agentsim.laws.numerics import Array
from agentsim.strategy.base import Memory
from agentsim.strategy.choices import HyperscalerChoice
from agentsim.strategy.learning.learner import Learner, Look
from agentsim.strategy.learning.payoffs import rise
from agentsim.strategy.learning.spending import MOVES, POSTURES, STEP, move_of, rates
from agentsim.strategy.marginal_q import MarginalQ
from agentsim.strategy.params import param
from agentsim.strategy.views import HyperscalerView


@dataclass(frozen=True)
class SpendingLearner(Learner, MarginalQ):
    """Base of hyperscalers that learn how much to spend; the rest follows marginal q."""

    escalation: float = param(
        STEP, "1/quarter", "capex rate above the rivals' of who escalates", 0.0, 1.0
    )

    postures = POSTURES
    moves = MOVES

    def remember_role(self) -> Memory:
        """Return what marginal q remembers, and no economic profit."""
        return {**MarginalQ.remember(self), "profit": 0.0, "revenue": 0.0}

    def look(self, sees: HyperscalerView) -> Look:
        """Return the postures' capex rates, and what is earned above the cost of the fleet."""
        plan = self.plan(sees)

        def choice(rate: Array) -> HyperscalerChoice:
            return replace(plan.choice(), capex_rate=rate)

        return Look(
            menu=rates(sees.wear, plan.capex_rate, sees.rivals_capex_rate, self.escalation),
            move=move_of(sees.rivals_capex_rate, plan.capex_rate, self.escalation),
            marks={"profit": sees.revenue - fleet_cost(sees), "revenue": sees.revenue},
            choice=choice,
            memory=plan.memory,
        )

    def payoff(self, look: Look, memory: Memory) -> Array:
        """Return what economic profit rose by, over revenue."""
        before, revenue = (np.asarray(memory[name]) for name in ("profit", "revenue"))
        return rise(look.marks["profit"], before, revenue)


def fleet_cost(sees: HyperscalerView, public: bool = False) -> Array:
    """Return the user and running cost of fleets, $bn a quarter; of all firms' where `public`."""
    whose: Any = sees.industry if public else sees
    merchant: Array = whose.merchant_fleet * (sees.merchant_user_cost + sees.merchant_running_cost)
    custom: Array = whose.custom_fleet * (sees.custom_user_cost + sees.custom_running_cost)
    return merchant + custom
