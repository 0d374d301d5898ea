"""Books: wear, depreciation, payout and what a default leaves."""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array, safe_divide


def wear_rate(life_years: Array) -> Array:
    """Return the share that a quarter takes of something with this mean life, at most all of it."""
    return np.minimum(0.25 / life_years, 1.0)


def mean_age(age: Array, kept: Array, total: Array) -> Array:
    """Return the mean age, in quarters, of `total` units of which those `kept` are older ones.

    `age` is that of the older ones a quarter ago; the others are new.
    """
    return safe_divide((age + 1.0) * kept, total, 0.0)


def pay_out(planned: Array, available: Array, dividend_share: Array) -> tuple[Array, Array]:
    """Return (dividends, buybacks): when cash falls short dividends are cut first, then buybacks.

    `available` cash is not negative.
    """
    paid = np.minimum(planned, available)
    buybacks = np.minimum((1.0 - dividend_share) * planned, paid)
    return paid - buybacks, buybacks


def haircut(debt: Array, collateral: Array) -> Array:
    """Return the share of debt that survives a default: min(debt, collateral) over debt."""
    return safe_divide(np.minimum(debt, collateral), debt, 1.0)
