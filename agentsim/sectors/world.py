"""The whole market as arrays: all sectors, what is under way, and the parameters of each run."""

from __future__ import annotations

import copy
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from agentsim.laws import books, demand, services, technology
from agentsim.laws.numerics import Array, log, power
from agentsim.parameters import (
    ChipVendorParameters,
    HyperscalerParameters,
    LenderParameters,
    MarketParameters,
    MemoryMakerParameters,
)
from agentsim.sectors.base import Pipeline, Sector, constant, is_writeable, lag_masks
from agentsim.sectors.chip_vendors import ChipVendors
from agentsim.sectors.customers import Customers, Inputs
from agentsim.sectors.hyperscalers import Hyperscalers
from agentsim.sectors.lenders import Lenders
from agentsim.sectors.memory_makers import MemoryMakers

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class ParameterSet(Protocol):
    """Parameters of all groups, as arrays that broadcast to `(firms, runs)` or `(runs,)`."""

    market: MarketParameters
    hyperscaler: HyperscalerParameters
    chip_vendor: ChipVendorParameters
    memory_maker: MemoryMakerParameters
    lender: LenderParameters


MERCHANT, CUSTOM = 0, 1
"""Rows of arrays that hold both kinds of chip."""


@dataclass(eq=False)
class FullParameters:
    """The same, but firms' parameters as contiguous arrays `(firms, runs)`, read-only.

    Arrays of one shape are combined two to three times as fast as those that must be stretched.
    """

    market: MarketParameters
    hyperscaler: HyperscalerParameters
    chip_vendor: ChipVendorParameters
    memory_maker: MemoryMakerParameters
    lender: LenderParameters


def in_full(p: ParameterSet, firms: dict[str, tuple[str, ...]], runs: int) -> FullParameters:
    """Return the parameters with a number for each firm and run."""

    def full[G: DataclassInstance](group: G, role: str) -> G:
        shape = (len(firms[role]), runs)
        values = {each.name: constant(getattr(group, each.name), shape) for each in fields(group)}
        return replace(group, **values)

    return FullParameters(
        p.market,
        full(p.hyperscaler, "hyperscaler"),
        full(p.chip_vendor, "chip_vendor"),
        full(p.memory_maker, "memory_maker"),
        full(p.lender, "lender"),
    )


Rows = slice | NDArray[np.intp]


def _as_slice(rows: NDArray[np.intp]) -> Rows:
    """Return neighbouring rows as a slice, which is read without a copy."""
    if rows[-1] - rows[0] == len(rows) - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


@dataclass
class EfficiencyGap:
    """How far each firm is behind the frontier, in logs, for one cause, and how fast it catches up."""

    gap: Array
    diffusion: Array


class Rates:
    """Quarterly factors that follow from the parameters and do not change in a run."""

    def __init__(self, p: MarketParameters, book_life: Array) -> None:
        self.funding = p.funding_rate_per_year / 4.0
        self.required_return = p.required_return_per_year / 4.0
        self.hardware_fall = technology.quarterly_fall(p.hardware_progress_per_year)
        self.energy_fall = technology.quarterly_fall(p.energy_progress_per_year)
        self.memory_fall = technology.quarterly_fall(p.memory_progress_per_year)
        self.memory_density_growth = 1.0 / self.memory_fall  # memory that a line makes
        self.frontier_growth = technology.quarterly_growth(p.algorithmic_progress_per_year)
        self.log_frontier_growth = log(self.frontier_growth)
        self.density_growth = power(self.hardware_fall, -np.asarray(p.foundry_density_growth))
        self.other_buyers_growth = technology.quarterly_growth(p.other_buyers_growth_per_year)
        self.core_growth = technology.quarterly_growth(p.core_growth_per_year)
        self.other_capex_growth = technology.quarterly_growth(p.other_capex_growth_per_year)
        self.wear = books.wear_rate(p.economic_life)
        self.book_wear = books.wear_rate(book_life)
        self.shell_wear = books.wear_rate(p.shell_life)
        self.repayment = books.wear_rate(p.loan_tenor)
        self.shell_survival = power(1.0 - self.shell_wear, p.shell_quarters)
        self.shell_lag_gap = np.maximum(
            np.asarray(p.shell_quarters) - p.delivery_quarters, 0.0
        ).astype(np.int64)
        self.shell_instalment = p.shell_cost / np.maximum(p.shell_quarters, 1.0)  # $bn/GW
        # User cost of capital over price (Jorgenson 1963): return, wear and price decline until it
        # works. A shell is paid for evenly while it is built.
        rho = self.required_return
        self.chip_user_cost = (rho + self.wear + 1.0 - self.hardware_fall) * power(
            1.0 + rho, p.delivery_quarters
        )
        self.shell_user_cost = (rho + self.shell_wear) * power(
            1.0 + rho, 0.5 * np.asarray(p.shell_quarters)
        )


def _outside_option(p: FullParameters) -> Array:
    """Return the ceiling of merchant prices over the price of custom chips, `(runs,)`.

    Infinite where nobody designs chips or nobody can order any.
    """
    fit = (p.hyperscaler.custom_fit * p.hyperscaler.custom_program).max(axis=0)
    some = (fit > 0.0) & (p.chip_vendor.designer > 0.0).any(axis=0)
    return np.where(some, p.market.outside_option / np.where(some, fit, 1.0), np.inf)


class World:
    """State of `runs` markets side by side. `agentsim.sectors.opening` fills it."""

    def __init__(self, p: ParameterSet, firms: dict[str, tuple[str, ...]], runs: int) -> None:
        self.p = p = in_full(p, firms, runs)
        self.runs = runs
        self.quarter = 0
        self.rates = Rates(p.market, p.hyperscaler.book_life)
        self.hyperscalers = Hyperscalers(firms["hyperscaler"], runs)
        self.chip_vendors = ChipVendors(firms["chip_vendor"], runs)
        self.memory_makers = MemoryMakers(firms["memory_maker"], runs)
        self.lenders = Lenders(firms["lender"], len(firms["hyperscaler"]), runs)
        self.customers = Customers(("customers",), runs)
        self.inputs = Inputs(("inputs",), runs)
        buyers = (self.hyperscalers.size, runs)
        self._lay_pipelines()

        self.wafers = np.zeros(runs)  # chip-making capacity at the base date's H100e a wafer
        self.wafers_ordered = np.zeros(runs)  # orders of last quarter, counted likewise
        self.foundry_expects = np.zeros(runs)  # growth of orders that it expects, 1/quarter
        self.density = np.ones(runs)  # H100e a wafer over the base date
        self.training_fit = p.hyperscaler.codesign * p.hyperscaler.custom_fit
        self.none = constant(0.0, buyers)  # for flows that did not flow
        self.no_lending = constant(0.0, (self.lenders.size, runs))  # the same of lenders
        self.core_paid_in = self.none  # core cash that came in this quarter, $bn
        self.operating_cash = self.none  # service revenue less running cost, $bn
        self.design_due = p.hyperscaler.design_cost * p.hyperscaler.custom_program  # $bn a quarter
        self.shells_in_payment = self.none  # GW for which an instalment is due next quarter
        self.other_capex_path = np.ones(runs)  # capex outside AI over the base date
        self.gaps: list[EfficiencyGap] = []
        self.base_quality = np.ones(runs)  # frontier quality at the base date
        self.base_vendor_price = np.ones((self.chip_vendors.size, runs))
        self.base_margin = np.zeros((self.chip_vendors.size, runs))
        # demand at the base date: what an efficiency unit of services cost, and how many were sold
        self.base_price = np.ones(runs)
        self.base_quantity = np.ones(runs)
        self.demand: demand.Demand  # total demand as it stands this quarter
        self.log_theta = np.zeros(buyers)  # log of the firms' weights in the services aggregate
        self.designer = p.chip_vendor.designer
        self.merchant = constant(1.0 - self.designer, self.designer.shape)
        self.outside_option = _outside_option(p)  # ceiling of merchant over custom prices
        # For each kind that somebody sells: the rows of its vendors, the logs of their moats, their
        # prices at the base date and their reach.
        self.rivals: list[tuple[Rows, Array, Array, Array]] = []

    def _lay_pipelines(self) -> None:
        """Lay empty pipelines for what is ordered now and comes later, each as long as its lag."""
        market = self.p.market
        self.delivery_lags = lag_masks(market.delivery_quarters)
        self.shell_lags = lag_masks(market.shell_quarters)
        self.foundry_lags = lag_masks(market.foundry_quarters)
        self.memory_lags = lag_masks(market.memory_quarters)
        # Capacity arrives before it is ordered: a lag of n quarters is n - 1 slots ahead, at least
        # the next.
        self.foundry_slots = [(max(n - 1, 0), has_it) for n, has_it in self.foundry_lags]
        self.memory_slots = [(max(n - 1, 0), has_it) for n, has_it in self.memory_lags]
        shells_at_once = np.equal(market.shell_quarters, 0.0)
        self.shells_at_once = shells_at_once if shells_at_once.any() else None
        delivery = self.delivery_lags[-1][0]
        shells = self.shell_lags[-1][0]
        buyers = (self.hyperscalers.size, self.runs)
        self.merchant_pipeline = Pipeline(buyers, delivery)
        self.custom_pipeline = Pipeline(buyers, delivery)
        self.merchant_power_pipeline = Pipeline(buyers, delivery)
        self.custom_power_pipeline = Pipeline(buyers, delivery)
        self.shell_pipeline = Pipeline(buyers, shells)
        self.wafer_pipeline = Pipeline((self.runs,), self.foundry_lags[-1][0])
        self.memory_pipeline = Pipeline(
            (self.memory_makers.size, self.runs), self.memory_lags[-1][0]
        )

    def copy(self) -> World:
        """Return a world that can go on without touching this one."""
        twin = copy.copy(self)
        for name, value in vars(self).items():
            if isinstance(value, Sector | Pipeline) or is_writeable(value):
                setattr(twin, name, value.copy())
        twin.gaps = [EfficiencyGap(cause.gap.copy(), cause.diffusion) for cause in self.gaps]
        return twin

    @property
    def last_arrival(self) -> Array:
        """Quarters after which nothing that is ordered today is still under way, by run."""
        m = self.p.market
        return np.maximum(m.delivery_quarters, m.shell_quarters) + 1.0

    def at_delivery(self, fleet: Array, pipeline: Pipeline) -> Array:
        """Return the fleet that an order of today will join: worn by then, with what comes first."""
        kept = 1.0 - self.rates.wear
        for ahead in range(self.delivery_lags[-1][0]):
            later = fleet * kept + pipeline.slots[ahead]
            if len(self.delivery_lags) > 1:
                later = np.where(ahead < self.p.market.delivery_quarters, later, fleet)
            fleet = later
        return fleet

    def full(self, value: Array, firms: int) -> Array:
        """Return a parameter as a writable array `(firms, runs)`."""
        return np.array(np.broadcast_to(value, (firms, self.runs)), dtype=np.float64)

    def rebase_demand(self) -> None:
        """Set total demand so that it meets the base date's quantity at the base date's price."""
        m = self.p.market
        self.demand = demand.Demand(
            Q0=self.base_quantity,
            P0=self.base_price,
            M=np.ones(self.runs),
            W=np.ones(self.runs),
            B=m.addressable_spending / m.service_revenue,
            epsilon=m.demand_elasticity,
            epsilon_s=m.saturated_elasticity,
            P_bar=m.choke_price_ratio * self.base_price,
        )

    def set_moats(self, moat: Array) -> None:
        """Set the vendors' moats, and their logs for the vendors of each kind.

        A vendor that is of this kind in some runs only has no moat in the others.
        """
        self.chip_vendors.moat = moat
        self.rivals = []
        for sells in (self.merchant, self.designer):
            found = np.flatnonzero(sells.any(axis=1))
            if len(found):
                rows = _as_slice(found)
                log_moat = log(moat[rows] * sells[rows])
                base_price, reach = self.base_vendor_price[rows], self.p.chip_vendor.reach[rows]
                self.rivals.append((rows, log_moat, base_price, reach))

    def set_quality(self, quality: Array) -> None:
        """Set the firms' quality and what follows from it alone."""
        m = self.p.market
        self.hyperscalers.quality = quality
        relative = technology.log_relative_quality(quality, m.quality_exponent)
        self.hyperscalers.quality_share = technology.quality_shares(relative)
        self.log_theta = services.log_weights(relative, m.substitution)
