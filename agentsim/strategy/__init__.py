"""All that a strategy needs: bases, parameters, views, choices and safe arithmetic.

The library under `strategies/` imports from here and from NumPy, and from nothing deeper. How to
write one is told in `agentsim.strategy.base`, or, in plain numbers, `agentsim.strategy.rules`.
"""

from agentsim.laws.chips import capacity_growth, expected_growth
from agentsim.laws.numerics import (
    Array,
    at_least,
    at_most,
    clip,
    exp,
    log,
    ordered_sum,
    power,
    safe_divide,
)
from agentsim.strategy.base import (
    ChipVendorStrategy,
    HyperscalerStrategy,
    LenderStrategy,
    Memory,
    MemoryMakerStrategy,
    Strategy,
)
from agentsim.strategy.choices import (
    ChipVendorChoice,
    HyperscalerChoice,
    LenderChoice,
    MemoryMakerChoice,
    Number,
)
from agentsim.strategy.learning.chip_vendor import PricingLearner
from agentsim.strategy.learning.hyperscaler import SpendingLearner, fleet_cost
from agentsim.strategy.learning.learner import (
    AttractionLearner,
    FictitiousLearner,
    QLearner,
    RegretLearner,
    chance,
)
from agentsim.strategy.learning.rule import at, best_of, tried
from agentsim.strategy.learning.spending import rates as capex_rates
from agentsim.strategy.marginal_q import MarginalQ
from agentsim.strategy.markup import best_price
from agentsim.strategy.params import option, param, with_values
from agentsim.strategy.replacing import replacement
from agentsim.strategy.rules import (
    ChipVendorRule,
    FirmView,
    HyperscalerRule,
    LenderRule,
    MemoryMakerRule,
)
from agentsim.strategy.views import (
    ChipVendorView,
    HyperscalerView,
    LenderView,
    MemoryMakerView,
)

__all__ = [
    "Array",
    "AttractionLearner",
    "ChipVendorChoice",
    "ChipVendorRule",
    "ChipVendorStrategy",
    "ChipVendorView",
    "FictitiousLearner",
    "FirmView",
    "HyperscalerChoice",
    "HyperscalerRule",
    "HyperscalerStrategy",
    "HyperscalerView",
    "LenderChoice",
    "LenderRule",
    "LenderStrategy",
    "LenderView",
    "MarginalQ",
    "Memory",
    "MemoryMakerChoice",
    "MemoryMakerRule",
    "MemoryMakerStrategy",
    "MemoryMakerView",
    "Number",
    "PricingLearner",
    "QLearner",
    "RegretLearner",
    "SpendingLearner",
    "Strategy",
    "at",
    "at_least",
    "at_most",
    "best_of",
    "best_price",
    "capacity_growth",
    "capex_rates",
    "chance",
    "clip",
    "exp",
    "expected_growth",
    "fleet_cost",
    "log",
    "option",
    "ordered_sum",
    "param",
    "power",
    "replacement",
    "safe_divide",
    "tried",
    "with_values",
]
