"""The memory market: a price that swings with scarcity."""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array, at_most, power

MOST_TIGHT = 100.0
"""Tightness that counts: beyond it nothing is known, and no power of it overflows."""


def spot_price(u: Array, cost: Array, slack: Array, balanced: Array, k: Array) -> Array:
    """Return the price that clears what is offered, $k/unit, at tightness `u`.

    `u` is orders over capacity offered. Price over unit cost is 1 / (1 - balanced) times u^k, so
    that `balanced` is the gross margin at u = 1, and never less than 1 / (1 - slack). Scarcity has
    no ceiling: the margin nears 1 as orders pile up.
    """
    scarce = power(at_most(u, MOST_TIGHT), k) / (1.0 - balanced)
    return np.asarray(cost * np.maximum(scarce, 1.0 / (1.0 - slack)))


def price(last: Array, spot: Array, contracts: Array) -> Array:
    """Return the price, a geometric mean of last quarter's and the spot price."""
    return np.exp(contracts * np.log(last) + (1.0 - contracts) * np.log(spot))
