"""What may be set: every parameter with its unit, meaning and bounds, declared once.

Values, marked ranges and sources are not here: they belong to a calibration (`agentsim.calibration`).
A market-level parameter is one number a run; a firm's parameter is one number a firm and run, and
is named with the firm in front (`oracle.debt`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from agentsim.laws.numerics import Array

ROLES = ("hyperscaler", "chip_vendor", "memory_maker", "lender")


def parameter(unit: str, meaning: str, low: float, high: float, *, whole: bool = False) -> Any:
    """Declare a parameter: `low` and `high` are the bounds outside which it makes no sense."""
    return field(
        metadata={"unit": unit, "meaning": meaning, "low": low, "high": high, "whole": whole}
    )


@dataclass(frozen=True)
class Declaration:
    """One declared parameter, as tables, checks and error messages see it."""

    name: str
    role: str  # "market" or one of ROLES
    unit: str
    meaning: str
    low: float
    high: float
    whole: bool


@dataclass(frozen=True, eq=False)
class MarketParameters:
    """One number a run: a float where all runs share it, otherwise an array `(runs,)`."""

    # money
    funding_rate_per_year: Array = parameter(
        "1/year", "rate at which lenders are funded and the ledger discounts", 0.001, 0.3
    )
    required_return_per_year: Array = parameter(
        "1/year", "return on capital that hyperscalers ask of AI", 0.001, 0.6
    )
    # technology
    hardware_progress_per_year: Array = parameter(
        "1/year", "share of the making cost of one H100e that a year takes away", 0.0, 0.7
    )
    energy_progress_per_year: Array = parameter(
        "1/year", "share of the power of a new H100e that a year takes away", 0.0, 0.7
    )
    algorithmic_progress_per_year: Array = parameter(
        "1/year", "growth of frontier efficiency, net of longer reasoning", -0.3, 5.0
    )
    diffusion: Array = parameter(
        "1/quarter", "share of the log gap to the frontier that a firm closes", 0.0, 1.0
    )
    # services and demand
    service_revenue: Array = parameter(
        "$bn/quarter", "AI service revenue of the hyperscalers at the base date", 0.01, 1e4
    )
    demand_elasticity: Array = parameter(
        "1", "price elasticity of total demand (epsilon)", 0.2, 10.0
    )
    saturated_elasticity: Array = parameter(
        "1", "elasticity once addressable spending is reached (epsilon_s)", 0.01, 0.99
    )
    addressable_spending: Array = parameter(
        "$bn/quarter", "spending that AI services could reach at base prices", 0.1, 1e6
    )
    choke_price_ratio: Array = parameter(
        "1", "price of the same work without AI over the base price", 1.05, 1e4
    )
    substitution: Array = parameter(
        "1", "elasticity of substitution between firms' services (sigma)", 1.05, 200.0
    )
    adoption_saturation: Array = parameter(
        "1", "users at saturation over users at the base date", 1.0, 100.0
    )
    adoption_growth_per_year: Array = parameter(
        "1/year", "growth rate of the adoption curve at its start", 0.0, 5.0
    )
    new_uses: Array = parameter(
        "1", "elasticity of willingness to pay to frontier quality (omega)", 0.0, 5.0
    )
    demand_noise: Array = parameter(
        "1", "standard deviation of a quarter's shock to log demand", 0.0, 1.0
    )
    demand_persistence: Array = parameter(
        "1/quarter", "share of a demand shock left after a quarter", 0.0, 0.99
    )
    # quality
    quality_exponent: Array = parameter(
        "1", "weight of quality in demand (beta); 0 is a commodity", 0.0, 5.0
    )
    quality_decay: Array = parameter(
        "1/quarter", "share of quality that a quarter wears off (delta_q)", 0.001, 1.0
    )
    training_exponent: Array = parameter(
        "1", "returns to training compute in quality (gamma)", 0.05, 0.95
    )
    quality_noise: Array = parameter(
        "1", "standard deviation of a quarter's luck in training, in logs", 0.0, 1.0
    )
    # chips
    economic_life: Array = parameter("years", "mean time a chip works", 0.5, 20.0)
    delivery_quarters: Array = parameter("quarters", "from shipment to work", 0, 8, whole=True)
    system_cost: Array = parameter(
        "$k/H100e", "server, rack and network around one H100e at the base date", 0.0, 1e3
    )
    vendor_elasticity: Array = parameter(
        "1", "elasticity of merchant spending shares to price (eta)", 0.0, 100.0
    )
    outside_option: Array = parameter(
        "1", "merchant price ceiling over the custom price per unit of fit", 0.5, 1e6
    )
    custom_shift: Array = parameter(
        "1/quarter",
        "growth of log odds of custom silicon per log of what a dollar of it buys (mu)",
        0.0,
        5.0,
    )
    foundry_capacity: Array = parameter(
        "M H100e/quarter", "chips that can be made and packaged at the base date", 1e-6, 1e6
    )
    foundry_pipeline_growth: Array = parameter(
        "1/quarter", "growth of wafer capacity already under way at the base date", 0.0, 1.0
    )
    foundry_growth_limit: Array = parameter(
        "1/quarter", "fastest growth of wafer capacity", 0.0, 1.0
    )
    foundry_adaptation: Array = parameter(
        "1/quarter", "share of its error that the foundry's belief about growth corrects", 0.0, 1.0
    )
    foundry_growth_response: Array = parameter(
        "1/quarter", "extra capacity growth per unit of log orders over capacity (b)", 0.0, 5.0
    )
    foundry_quarters: Array = parameter(
        "quarters", "from ordering wafer capacity to having it", 0, 12, whole=True
    )
    foundry_cost: Array = parameter(
        "$bn per M H100e/quarter", "cost of one unit of chip-making capacity", 0.0, 1e3
    )
    foundry_density_growth: Array = parameter(
        "1", "growth of H100e a wafer over the fall of making cost", 0.0, 2.0
    )
    other_buyers_budget: Array = parameter(
        "$bn/quarter", "chip budget of labs, sovereigns and enterprises at the base date", 0.0, 1e4
    )
    other_buyers_purchases: Array = parameter(
        "$bn/quarter", "chips that they got of it in the quarter of the base date", 0.0, 1e4
    )
    other_buyers_growth_per_year: Array = parameter("1/year", "growth of that budget", -0.5, 3.0)
    # memory
    memory_price: Array = parameter(
        "$k/unit", "price of the memory of one standard H100e at the base date", 1e-6, 1e3
    )
    memory_margin: Array = parameter("1", "gross margin of memory at the base date", -0.9, 0.95)
    memory_margin_slack: Array = parameter(
        "1", "gross margin of memory when capacity is idle", -2.0, 0.9
    )
    memory_margin_balanced: Array = parameter(
        "1", "gross margin of memory when orders equal capacity", -0.9, 0.95
    )
    memory_steepness: Array = parameter(
        "1", "elasticity of memory's spot price to orders over capacity", 0.0, 5.0
    )
    memory_contracts: Array = parameter(
        "1/quarter", "weight of last quarter's price in this quarter's", 0.0, 0.99
    )
    memory_capacity: Array = parameter(
        "M units/quarter", "memory that can be made at the base date", 1e-6, 1e6
    )
    memory_pipeline_growth: Array = parameter(
        "1/quarter", "growth of memory that can be made, as under way at the base date", 0.0, 1.0
    )
    memory_growth_limit: Array = parameter(
        "1/quarter", "fastest growth of a maker's capacity", 0.0, 1.0
    )
    memory_quarters: Array = parameter(
        "quarters", "from ordering memory capacity to having it", 0, 12, whole=True
    )
    memory_expansion_cost: Array = parameter(
        "$bn per M units/quarter", "cost of one unit of memory capacity", 0.0, 1e3
    )
    memory_progress_per_year: Array = parameter(
        "1/year", "share of memory's unit cost that a year takes away", 0.0, 0.7
    )
    # power and shells
    merchant_power: Array = parameter(
        "kW/H100e", "facility power of a new merchant H100e at the base date", 1e-3, 100.0
    )
    custom_power: Array = parameter(
        "kW/H100e", "facility power of a new custom H100e at the base date", 1e-3, 100.0
    )
    running_cost: Array = parameter(
        "$bn/GW/quarter", "electricity and upkeep of running capacity", 0.0, 100.0
    )
    shell_cost: Array = parameter("$bn/GW", "powered shell", 0.0, 1e3)
    shell_quarters: Array = parameter(
        "quarters", "from ordering a shell to powering it", 0, 16, whole=True
    )
    shell_life: Array = parameter("years", "mean life of a shell", 1.0, 1e3)
    shell_growth_limit: Array = parameter(
        "1/quarter", "fastest growth of power needed that firms build shells for", 0.0, 2.0
    )
    power_limit: Array = parameter(
        "GW/quarter", "most new shells that can be ordered in a quarter", 0.0, 1e6
    )
    # credit
    coverage_multiple: Array = parameter(
        "years", "most debt over a year's operating cash", 0.0, 50.0
    )
    loan_tenor: Array = parameter("years", "mean life of a loan", 0.25, 50.0)
    collateral_life: Array = parameter("years", "chip life that lenders assume", 0.25, 50.0)
    restructuring_quarters: Array = parameter(
        "quarters", "without credit and orders after a default", 0, 40, whole=True
    )
    loss_persistence: Array = parameter(
        "1/quarter", "weight of the past in the loss rate that lenders go by", 0.0, 0.99
    )
    # the core businesses
    core_growth_per_year: Array = parameter(
        "1/year", "growth of the core businesses' cash", -0.5, 1.0
    )
    other_capex_growth_per_year: Array = parameter(
        "1/year", "growth of capex outside AI", -0.9, 1.0
    )
    dividend_share: Array = parameter(
        "1", "share of the payout that is dividends, the rest buybacks", 0.0, 1.0
    )


@dataclass(frozen=True, eq=False)
class HyperscalerParameters:
    """Books and traits of each hyperscaler at the base date, `(firms, 1)` or `(firms, runs)`."""

    cash: Array = parameter("$bn", "cash and equivalents", 0.0, 1e5)
    debt: Array = parameter("$bn", "debt on AI assets owed to the model's lenders", 0.0, 1e5)
    old_debt: Array = parameter("$bn", "older debt, served by the core business", 0.0, 1e5)
    core_cash: Array = parameter("$bn/quarter", "operating cash of the core business", 0.0, 1e4)
    other_capex: Array = parameter("$bn/quarter", "capex outside AI", 0.0, 1e4)
    payout: Array = parameter(
        "1", "share of core cash after other capex planned for dividends and buybacks", 0.0, 1.0
    )
    merchant_fleet: Array = parameter("M H100e", "merchant chips delivered", 0.0, 1e5)
    custom_fleet: Array = parameter("M H100e", "custom chips delivered", 0.0, 1e5)
    merchant_on_order: Array = parameter(
        "M H100e", "merchant chips shipped and not yet at work", 0.0, 1e5
    )
    custom_on_order: Array = parameter(
        "M H100e", "custom chips shipped and not yet at work", 0.0, 1e5
    )
    merchant_fleet_power: Array = parameter(
        "kW/H100e", "mean facility power of the merchant fleet", 1e-3, 100.0
    )
    custom_fleet_power: Array = parameter(
        "kW/H100e", "mean facility power of the custom fleet", 1e-3, 100.0
    )
    shell_coverage: Array = parameter("1", "powered shells over the power of the fleet", 0.0, 10.0)
    shells_building: Array = parameter(
        "1", "shells under construction over powered shells", 0.0, 10.0
    )
    fleet_age: Array = parameter("years", "mean age of the fleet", 0.0, 20.0)
    custom_program: Array = parameter(
        "1", "1 if the firm can order its own chips, 0 if not", 0, 1, whole=True
    )
    custom_share: Array = parameter(
        "1", "share of chip and system spending that goes to custom silicon", 0.0, 1.0
    )
    custom_fit: Array = parameter(
        "1", "service from a custom H100e over that of a merchant one (f)", 0.01, 1.0
    )
    codesign: Array = parameter(
        "1", "how well custom chips train, over how well they serve (v)", 0.0, 1.0
    )
    design_cost: Array = parameter("$bn/quarter", "fixed cost of a custom programme", 0.0, 1e3)
    training_share: Array = parameter("1", "share of the fleet that trains", 0.0, 0.95)
    quality: Array = parameter("1", "quality of the firm's models, relative", 1e-6, 1e6)
    efficiency_gap: Array = parameter("log", "log distance to the algorithmic frontier", 0.0, 10.0)
    book_life: Array = parameter("years", "life over which the books depreciate chips", 0.5, 50.0)
    credit_premium: Array = parameter(
        "1/year", "what lenders ask of this borrower over their spread", -0.1, 0.5
    )


@dataclass(frozen=True, eq=False)
class ChipVendorParameters:
    """Traits of each chip vendor at the base date."""

    price: Array = parameter("$k/H100e", "chip price", 1e-3, 1e4)
    spending_share: Array = parameter(
        "1", "share of spending on vendors of its kind (sets the moat)", 0.0, 1.0
    )
    making_cost: Array = parameter("$k/H100e", "unit cost besides memory", 0.0, 1e4)
    memory_content: Array = parameter(
        "units/H100e", "memory in one H100e, standard accelerator = 1", 0.0, 100.0
    )
    own_cost_share: Array = parameter("1", "research, sales and overhead over sales", 0.0, 0.95)
    reach: Array = parameter(
        "1", "share of merchant workloads that its chips suit; 1 for a general vendor", 0.001, 1.0
    )
    designer: Array = parameter(
        "1", "1 if it makes customers' own designs, 0 if it sells merchant chips", 0, 1, whole=True
    )


@dataclass(frozen=True, eq=False)
class MemoryMakerParameters:
    """Traits of each memory maker at the base date."""

    capacity_share: Array = parameter("1", "share of memory capacity", 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class LenderParameters:
    """Traits of each lender at the base date."""

    funds: Array = parameter("$bn", "funds ready to lend", 0.0, 1e5)
    inflow: Array = parameter("$bn/quarter", "new money from savers", 0.0, 1e4)
    spread: Array = parameter("1/year", "spread over the funding rate", 0.0, 0.5)
    advance_rate: Array = parameter("1", "loan over collateral value", 0.0, 1.0)
    deployed: Array = parameter("1/quarter", "share of ready funds lent in a quarter", 0.0, 1.0)
    loan_share: Array = parameter("1", "share of the loans outstanding", 0.0, 1.0)


GROUPS: dict[str, type[Any]] = {
    "market": MarketParameters,
    "hyperscaler": HyperscalerParameters,
    "chip_vendor": ChipVendorParameters,
    "memory_maker": MemoryMakerParameters,
    "lender": LenderParameters,
}


def declarations() -> dict[tuple[str, str], Declaration]:
    """Return every declared parameter by (role, name), market first, in the order declared."""
    found = {}
    for role, group in GROUPS.items():
        for item in fields(group):
            found[role, item.name] = Declaration(name=item.name, role=role, **item.metadata)
    return found


DECLARATIONS = declarations()
