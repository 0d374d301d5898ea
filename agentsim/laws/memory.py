"""The memory market: a price that swings with scarcity."""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array, power


def margin(u: Array, slack: Array, short: Array, at_balance: Array, k: Array) -> Array:
    """Return memory's gross margin at tightness `u`, orders over capacity offered.

    A logistic curve in log u from `slack` to `short` that passes through `at_balance` at u = 1.
    """
    odds = (short - at_balance) / (at_balance - slack)
    return slack + (short - slack) / (1.0 + odds * power(u, -k))


def price(last: Array, cost: Array, spot_margin: Array, contracts: Array) -> Array:
    """Return the price, a geometric mean of last quarter's and the spot price cost/(1 - margin)."""
    spot = cost / (1.0 - spot_margin)
    return np.exp(contracts * np.log(last) + (1.0 - contracts) * np.log(spot))
