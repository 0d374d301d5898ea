"""What a spell brought, in numbers that fit firms of every size."""

from __future__ import annotations

from agentsim.laws.numerics import Array, clip, safe_divide

BOUND = 1.0
"""Payoffs beyond this, up or down, count as this."""


def rise(profit: Array, before: Array, revenue: Array) -> Array:
    """Return what profit rose by over a spell, over revenue at its start.

    It is zero in a market at rest whatever the firm's size and margin, so that tables fit firms and
    markets that they were not trained on; and rises add up to profit.
    """
    return clip(safe_divide(profit - before, revenue, 0.0), -BOUND, BOUND)
