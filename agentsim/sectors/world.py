"""The whole market as arrays: all sectors, what is under way, and the parameters of each run."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from agentsim.laws import books, demand, technology
from agentsim.laws.numerics import Array, power
from agentsim.parameters import (
    ChipVendorParameters,
    HyperscalerParameters,
    LenderParameters,
    MarketParameters,
    MemoryMakerParameters,
)
from agentsim.sectors.base import Pipeline, Sector, lag_masks
from agentsim.sectors.chip_vendors import ChipVendors
from agentsim.sectors.customers import Customers, Inputs
from agentsim.sectors.hyperscalers import Hyperscalers
from agentsim.sectors.lenders import Lenders
from agentsim.sectors.memory_makers import MemoryMakers


class ParameterSet(Protocol):
    """Parameters of all groups, as arrays that broadcast to `(firms, runs)` or `(runs,)`."""

    market: MarketParameters
    hyperscaler: HyperscalerParameters
    chip_vendor: ChipVendorParameters
    memory_maker: MemoryMakerParameters
    lender: LenderParameters


@dataclass
class EfficiencyGap:
    """How far each firm is behind the frontier, in logs, for one cause, and how fast it catches up."""

    gap: Array
    diffusion: Array


class Rates:
    """Quarterly factors that follow from the parameters and do not change in a run."""

    def __init__(self, p: MarketParameters) -> None:
        self.funding = p.funding_rate_per_year / 4.0
        self.required_return = p.required_return_per_year / 4.0
        self.hardware_fall = technology.quarterly_fall(p.hardware_progress_per_year)
        self.energy_fall = technology.quarterly_fall(p.energy_progress_per_year)
        self.memory_fall = technology.quarterly_fall(p.memory_progress_per_year)
        self.frontier_growth = technology.quarterly_growth(p.algorithmic_progress_per_year)
        self.density_growth = power(self.hardware_fall, -np.asarray(p.foundry_density_growth))
        self.other_buyers_growth = technology.quarterly_growth(p.other_buyers_growth_per_year)
        self.core_growth = technology.quarterly_growth(p.core_growth_per_year)
        self.other_capex_growth = technology.quarterly_growth(p.other_capex_growth_per_year)
        self.wear = books.wear_rate(p.economic_life)
        self.shell_wear = books.wear_rate(p.shell_life)
        self.repayment = books.wear_rate(p.loan_tenor)
        self.shell_survival = power(1.0 - self.shell_wear, p.shell_quarters)
        self.shell_lag_gap = np.maximum(np.asarray(p.shell_quarters) - p.delivery_quarters, 0.0)
        self.price_decline = 1.0 - self.hardware_fall


class World:
    """State of `runs` markets side by side. `agentsim.sectors.opening` fills it."""

    def __init__(self, p: ParameterSet, firms: dict[str, tuple[str, ...]], runs: int) -> None:
        self.p = p
        self.runs = runs
        self.quarter = 0
        self.rates = Rates(p.market)
        self.hyperscalers = Hyperscalers(firms["hyperscaler"], runs)
        self.chip_vendors = ChipVendors(firms["chip_vendor"], runs)
        self.memory_makers = MemoryMakers(firms["memory_maker"], runs)
        self.lenders = Lenders(firms["lender"], len(firms["hyperscaler"]), runs)
        self.customers = Customers(("customers",), runs)
        self.inputs = Inputs(("inputs",), runs)

        self.delivery_lags = lag_masks(p.market.delivery_quarters)
        self.shell_lags = lag_masks(p.market.shell_quarters)
        self.foundry_lags = lag_masks(p.market.foundry_quarters)
        self.memory_lags = lag_masks(p.market.memory_quarters)
        delivery = self.delivery_lags[-1][0]
        shells = self.shell_lags[-1][0]
        buyers = (self.hyperscalers.size, runs)
        self.merchant_pipeline = Pipeline(buyers, delivery)
        self.custom_pipeline = Pipeline(buyers, delivery)
        self.merchant_power_pipeline = Pipeline(buyers, delivery)
        self.custom_power_pipeline = Pipeline(buyers, delivery)
        self.shell_pipeline = Pipeline(buyers, shells)
        self.shell_instalments = Pipeline(buyers, max(shells, 1))
        self.wafer_pipeline = Pipeline((runs,), self.foundry_lags[-1][0])
        self.memory_pipeline = Pipeline((self.memory_makers.size, runs), self.memory_lags[-1][0])

        self.wafers = np.zeros(runs)  # chip-making capacity at the base date's H100e a wafer
        self.density = np.ones(runs)  # H100e a wafer over the base date
        self.core_paid_in = np.zeros(buyers)  # core cash that came in this quarter, $bn
        self.other_capex_path = np.ones(runs)  # capex outside AI over the base date
        self.gaps: list[EfficiencyGap] = []
        self.base_quality = np.ones(runs)  # frontier quality at the base date
        self.base_vendor_price = np.ones((self.chip_vendors.size, runs))
        self.base_margin = np.zeros((self.chip_vendors.size, runs))
        # demand at the base date: what an efficiency unit of services cost, and how many were sold
        self.base_price = np.ones(runs)
        self.base_quantity = np.ones(runs)
        designer = np.broadcast_to(p.chip_vendor.designer, (self.chip_vendors.size, runs))
        self.designer = np.ascontiguousarray(designer)

    def copy(self) -> World:
        """Return a world that can go on without touching this one."""
        twin = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, Sector | Pipeline) or isinstance(value, np.ndarray):
                setattr(twin, name, value.copy())
        twin.gaps = [EfficiencyGap(cause.gap.copy(), cause.diffusion) for cause in self.gaps]
        return twin

    @property
    def longest_lag(self) -> int:
        """Quarters after which nothing that is ordered today is still under way."""
        return max(self.delivery_lags[-1][0], self.shell_lags[-1][0]) + 1

    def full(self, value: Array, firms: int) -> Array:
        """Return a parameter as a writable array `(firms, runs)`."""
        return np.array(np.broadcast_to(value, (firms, self.runs)), dtype=np.float64)

    def demand(self) -> demand.Demand:
        """Return total demand as it stands this quarter."""
        m, c = self.p.market, self.customers
        return demand.Demand(
            Q0=self.base_quantity,
            P0=self.base_price,
            M=c.adoption[0] * np.exp(c.noise[0]),
            W=c.willingness[0],
            B=m.addressable_spending / m.service_revenue,
            epsilon=m.demand_elasticity,
            epsilon_s=m.saturated_elasticity,
            P_bar=m.choke_price_ratio * self.base_price,
        )
