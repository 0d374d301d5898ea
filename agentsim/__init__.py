"""agentsim: who ends up with the value in the market for AI compute?

from agentsim import Market, Scenario
market = Market("2025Q4", lineup="escalate", runs=1000, rng=7)
market.run().outcomes()

results = agentsim.run("escalator_war")     # a batch of experiments
results.summary(by="lineup.hyperscaler", outcomes="customer_share", kind="main")
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

__version__ = version("agentsim")

if TYPE_CHECKING:
    from agentsim.agents import ChipVendor, Hyperscaler, Lender, MemoryMaker
    from agentsim.batch import run
    from agentsim.batch.design import Experiment
    from agentsim.batch.results import Results
    from agentsim.errors import AgentsimError
    from agentsim.market import Market
    from agentsim.scenario import Scenario
    from agentsim.shocks import Efficiency
    from agentsim.strategy.registry import add_strategies

# Loaded when first asked for: Mesa takes a second to import, and `agentsim --help` should not.
_HOMES = {
    "Market": "agentsim.market",
    "Scenario": "agentsim.scenario",
    "Experiment": "agentsim.batch.design",
    "Results": "agentsim.batch.results",
    "run": "agentsim.batch",
    "add_strategies": "agentsim.strategy.registry",
    "AgentsimError": "agentsim.errors",
    "Efficiency": "agentsim.shocks",
    "Hyperscaler": "agentsim.agents",
    "ChipVendor": "agentsim.agents",
    "MemoryMaker": "agentsim.agents",
    "Lender": "agentsim.agents",
}

__all__ = [
    "AgentsimError",
    "ChipVendor",
    "Efficiency",
    "Experiment",
    "Hyperscaler",
    "Lender",
    "Market",
    "MemoryMaker",
    "Results",
    "Scenario",
    "__version__",
    "add_strategies",
    "run",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'agentsim' has no attribute {name!r}")
