"""Memory makers: they expand, or withhold, and sell at a price that swings with scarcity."""

from __future__ import annotations

from agentsim.laws.numerics import Array
from agentsim.sectors.base import Sector, state


class MemoryMakers(Sector):
    """State of the memory makers. Flows are those of the quarter that closed last."""

    role = "memory_maker"

    capacity: Array = state("M units/quarter", "memory that it can make", "all")
    building: Array = state("M units/quarter", "capacity under construction", "all")
    withheld: Array = state("1", "share of capacity not offered")
    sales: Array = state("M units", "memory sold", "all")
    revenue: Array = state("$bn", "memory revenue", "all")
    making: Array = state("$bn", "cost of the memory sold")
    expansion_spend: Array = state("$bn", "paid for new capacity")
