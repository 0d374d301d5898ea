"""Chip vendors: merchants post prices; designers make the hyperscalers' own chips."""

from __future__ import annotations

from agentsim.laws.numerics import Array
from agentsim.sectors.base import Sector, state


class ChipVendors(Sector):
    """State of the chip vendors. Flows are those of the quarter that closed last."""

    role = "chip_vendor"

    price: Array = state("$k/H100e", "posted price", "all")
    unit_cost: Array = state("$k/H100e", "making cost and memory of one H100e")
    share: Array = state("1", "share of spending on vendors of its kind (m)", "all")
    moat: Array = state("1", "strength in the spending shares (a)")
    orders: Array = state("M H100e", "orders received", "all")
    sales: Array = state("M H100e", "chips shipped to hyperscalers", "all")
    other_sales: Array = state("M H100e", "chips shipped to other buyers", "all")
    fill: Array = state("1", "share of orders shipped", "all")
    revenue: Array = state("$bn", "sales to hyperscalers", "all")
    other_revenue: Array = state("$bn", "sales to other buyers", "all")
    memory_spend: Array = state("$bn", "memory bought")
    making: Array = state("$bn", "paid for making chips, besides memory")
    own_cost: Array = state("$bn", "research, sales and overhead")
    foundry_spend: Array = state("$bn", "paid towards new chip-making capacity")
