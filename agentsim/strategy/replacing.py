"""What it takes to keep a fleet as it is, shared by strategies that replace wear."""

from __future__ import annotations

from agentsim.laws.numerics import Array, clip, safe_divide
from agentsim.strategy.views import HyperscalerView


def replacement(sees: HyperscalerView) -> tuple[Array, Array]:
    """Return the capex rate, and the custom share of it, that order the chips that wear out."""
    custom_value = sees.custom_fleet * (sees.custom_price + sees.system_cost)
    custom_share = safe_divide(custom_value, sees.fleet_value, 0.0)
    return clip(sees.wear, 0.0, 2.0), clip(custom_share, 0.0, 1.0)
