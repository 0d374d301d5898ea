"""What Mesa's data collector holds of a market unless its user gives another.

Reporters are functions of modules and not lambdas, so that a market pickles.
"""

from __future__ import annotations

from functools import partial
from operator import attrgetter
from typing import Any

from mesa import DataCollector

from agentsim.agents import AGENTS
from agentsim.laws.numerics import Array, ordered_sum

# Mesa's batch_run puts a model's and its agents' reporters in one row: no name may be both.
STATES = {
    "service_price": "customers.service_price",
    "spending": "customers.spending",
    "consumer_surplus": "customers.surplus",
    "memory_price": "inputs.memory_price",
}
BOOKS = {
    "hyperscaler": ("cash", "debt", "capex", "revenue"),
    "chip_vendor": ("price", "revenue", "share"),
    "memory_maker": ("capacity", "revenue"),
    "lender": ("funds", "outstanding", "losses"),
}


def default_datacollector(runs: int) -> DataCollector:
    """Return a collector of the main series and, in a market of one run, of the firms' books.

    Floats in a market of one run; with more, the main series only, as arrays `(runs,)`.
    """
    model = {"industry_capex": industry_capex}
    model |= {name: partial(state, path) for name, path in STATES.items()}
    if runs != 1:
        return DataCollector(model_reporters=model)
    by_type = {
        AGENTS[role]: {name: attrgetter(name) for name in ("name", *books)}
        for role, books in BOOKS.items()
    }
    return DataCollector(model_reporters=model, agenttype_reporters=by_type)


def industry_capex(market: Any) -> Array | float:
    """Return the AI capex of all hyperscalers in the quarter, $bn."""
    return _plain(ordered_sum(market.simulation.world.hyperscalers.capex))


def state(path: str, market: Any) -> Array | float:
    """Return a state of the market itself."""
    return _plain(attrgetter(path)(market.simulation.world)[0])


def _plain(numbers: Array) -> Array | float:
    """Return the number of the one run as a float, or those of many `(runs,)`."""
    return float(numbers[0]) if len(numbers) == 1 else numbers.copy()
