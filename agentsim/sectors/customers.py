"""Customers and the markets themselves: one row of state that everybody may see."""

from __future__ import annotations

from agentsim.laws.numerics import Array
from agentsim.sectors.base import Sector, state


class Customers(Sector):
    """Demand for AI services, `(1, runs)`: how many use it, how much they value it."""

    role = "customer"

    adoption: Array = state("1", "users over users at the base date (M)", "all")
    willingness: Array = state("1", "willingness to pay over that at the base date (W)", "all")
    noise: Array = state("1", "log demand shock", "all")
    quantity: Array = state("services", "AI services bought (Q)", "all")
    service_price: Array = state("$k/service", "price index of AI services (P)", "all")
    elasticity: Array = state("1", "elasticity of demand where it stands (E)", "all")
    spending: Array = state("$bn", "paid for AI services", "all")
    surplus: Array = state("$bn", "consumer surplus")
    gross_value: Array = state("$bn", "value of the services to customers")


class Inputs(Sector):
    """What the market pays for inputs and how scarce they are, `(1, runs)`."""

    role = "input"

    frontier: Array = state("1", "frontier of algorithmic efficiency (A*)", "all")
    cost_index: Array = state("1", "making cost of an H100e over the base date", "all")
    energy_index: Array = state("1", "power of a new H100e over the base date", "all")
    system_cost: Array = state("$k/H100e", "server, rack and network around one H100e", "all")
    merchant_price: Array = state("$k/H100e", "average price of a merchant chip", "all")
    custom_price: Array = state("$k/H100e", "average price of a custom chip", "all")
    memory_price: Array = state("$k/unit", "memory price", "all")
    memory_cost: Array = state("$k/unit", "memory cost", "all")
    memory_tightness: Array = state("1", "memory orders over capacity offered", "all")
    foundry_capacity: Array = state("M H100e/quarter", "chips that can be made and packaged", "all")
    foundry_tightness: Array = state("1", "chip orders over foundry capacity", "all")
    other_budget: Array = state("$bn", "chip budget of other buyers", "all")
    other_purchases: Array = state("$bn", "chips bought by other buyers", "all")
    power_ordered: Array = state("GW", "new shells ordered", "all")
    loan_rate: Array = state("1/year", "average rate on new loans", "all")
    credit_demand: Array = state("1", "debt asked for over funds offered", "all")
