"""Contract first: build what customers order, whatever today's margin."""

from dataclasses import dataclass

import numpy as np

from agentsim.strategy import (
    Memory,
    MemoryMakerChoice,
    MemoryMakerStrategy,
    MemoryMakerView,
    capacity_growth,
    clip,
    expected_growth,
    param,
    power,
    safe_divide,
)

LEAST = 1e-300
"""Capacity to divide by: a maker without any orders none."""


@dataclass(frozen=True)
class ContractFirst(MemoryMakerStrategy):
    """Keep capacity in step with orders: expand as they grow, and more where they will exceed it.

    Memory for accelerators is sold by the year and ahead of being made, so that a maker knows its
    customers' plans before it builds. It begins with the growth that it has under way; then its
    belief about the growth of orders moves towards what it sees, a quarter counting as no more than
    doubling or halving. It offers all that can be made.

    Source: Clark 1917, "Business acceleration and the law of demand", Journal of Political Economy
    25; Chenery 1952, "Overcapacity and the acceleration principle", Econometrica 20; SK hynix,
    which raised its capacity for such memory through its losses of 2023 and in 2025 had sold that
    of the year to come.
    """

    adaptation: float = param(0.25, "1/quarter", "share of its error that it corrects", 0.0, 1.0)
    response: float = param(
        0.2, "1/quarter", "expansion per log of orders expected over capacity to come", 0.0, 5.0
    )

    def remember(self) -> Memory:
        """Return last quarter's orders and the belief about their growth: none yet."""
        return {"orders": 0.0, "growth": np.nan}

    def choose(self, sees: MemoryMakerView) -> tuple[MemoryMakerChoice, Memory]:
        """Expand by the growth that is expected and by what will be short."""
        # At cost, which falls as a line makes more: what counts is lines, not what they make.
        orders = sees.memory_tightness * sees.capacity * (1.0 - sees.withheld) * sees.memory_cost
        before = sees.memory["orders"]
        lag = np.maximum(sees.memory_quarters, 1.0)
        under_way = power(1.0 + safe_divide(sees.building, sees.capacity, 0.0), 1.0 / lag) - 1.0
        growth = sees.memory["growth"]
        growth = np.where(np.isnan(growth), under_way, growth)
        # Before the first quarter nothing is known of orders, and a law learns nothing from that.
        growth = expected_growth(growth, orders, before, self.adaptation)
        committed = np.maximum((sees.capacity + sees.building) * sees.memory_cost, LEAST)
        limit = sees.growth_limit
        wanted = capacity_growth(orders, committed, growth, lag - 1.0, self.response, limit)
        choice = MemoryMakerChoice(expansion=clip(wanted, 0.0, 1.0))
        return choice, {"orders": orders, "growth": growth}
