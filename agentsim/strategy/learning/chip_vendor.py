"""The chip vendor's part of a learner: postures from price war to skimming."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws.numerics import Array, clip, safe_divide
from agentsim.strategy.base import ChipVendorStrategy, Memory
from agentsim.strategy.choices import ChipVendorChoice
from agentsim.strategy.learning.learner import Learner, Look
from agentsim.strategy.learning.payoffs import rise
from agentsim.strategy.learning.pricing import (
    MOVES,
    POSTURES,
    STEP,
    move_of,
    prices,
    rivals_price,
)
from agentsim.strategy.markup import best_price
from agentsim.strategy.params import param
from agentsim.strategy.views import ChipVendorView


@dataclass(frozen=True)
class PricingLearner(Learner, ChipVendorStrategy):
    """Base of chip vendors that learn what to ask. A designer keeps the margin of the base date."""

    price_step: float = param(
        STEP, "1", "how far undercutting and raising leave the answer", 0.0, 0.9
    )

    postures = POSTURES
    moves = MOVES

    def remember_role(self) -> Memory:
        """Return no profit, and no price of rivals'."""
        return {"profit": 0.0, "revenue": 0.0, "rivals": 0.0}

    def look(self, sees: ChipVendorView) -> Look:
        """Return the postures' prices, and gross profit less own costs."""
        cost = sees.unit_cost / (1.0 - sees.own_cost_share)
        alone = (sees.share >= 1.0) | (sees.vendor_elasticity <= 0.0)
        answer = best_price(sees.price, sees.share, cost, sees.vendor_elasticity)
        habit = sees.unit_cost / (1.0 - sees.base_margin)
        menu = prices(np.where(alone, sees.price_ceiling, answer), habit, self.price_step)
        menu = np.where(sees.designer > 0.0, habit, menu)
        menu = np.maximum(np.minimum(menu, sees.price_ceiling), sees.unit_cost)
        sold = sees.sales + sees.other_sales
        revenue = sees.price * sold
        rivals = sees.price * rivals_price(sees.price, sees.share, sees.merchant_price)
        over_cost = safe_divide(rivals, sees.unit_cost, 1.0)
        return Look(
            menu=clip(menu, 1e-3, 1e4),
            move=move_of(over_cost, np.asarray(sees.memory["rivals"]), self.price_step),
            marks={
                "profit": revenue * (1.0 - sees.own_cost_share) - sees.unit_cost * sold,
                "revenue": revenue,
                "rivals": over_cost,
            },
            choice=_priced,
            memory={},
        )

    def payoff(self, look: Look, memory: Memory) -> Array:
        """Return what profit rose by, over revenue."""
        before, revenue = (np.asarray(memory[name]) for name in ("profit", "revenue"))
        return rise(look.marks["profit"], before, revenue)


def _priced(price: Array) -> ChipVendorChoice:
    return ChipVendorChoice(price=price)
