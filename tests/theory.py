"""Markets on `theory`, which has no progress, growth, luck, training or lags.

There a chip's user cost is its price x (required return + wear), per quarter, and nothing else
costs anything, so that textbook equilibria can be compared to the last digits.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from agentsim import Market, Scenario
from agentsim.strategy import Array, HyperscalerStrategy
from agentsim.strategy.registry import make

THEORY = Scenario.load("theory")
CHIP_PRICE = 4.0
CLOSE = 1e-6
EXACT = 1e-12


def rational(name: str, phi: float = 0.7) -> HyperscalerStrategy:
    """A strategy of the library that expects things to stay as they are, and moves fast."""
    parameters = {"belief": 0.0, "adaptation": 0.0, "reallocation": 0.0, "phi": phi}
    strategy = make("hyperscaler", name, parameters)
    assert isinstance(strategy, HyperscalerStrategy)
    return strategy


def user_cost(price: Any = CHIP_PRICE, required_return: Any = 0.04, life: Any = 5.0) -> Any:
    """What holding a chip costs in a quarter."""
    return price * (required_return / 4 + 1 / (4 * life))


def market_of(
    firms: int, lineup: Any, quarters: int, values: Mapping[str, Any] | None = None, **more: Any
) -> Market:
    """A market on `theory`, run; values that are arrays have one number a run."""
    overrides = dict(values or {})
    runs = max((np.size(value) for value in overrides.values()), default=1)
    scenario = THEORY.with_hyperscalers(firms)
    market = Market(scenario, lineup, runs, 1, horizon=quarters, **more, **overrides)
    return market.run()


def firms_of(market: Market) -> Any:
    return market.simulation.world.hyperscalers


def by_quarter(market: Market, column: str) -> Array:
    """A series of the market as `(quarters, runs)`, the base date first."""
    table = market.series().pivot(index="quarter", columns="run", values=column)
    return np.asarray(table[market.runs])
