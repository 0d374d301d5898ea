"""Credit: how much may be borrowed, from whom, at what rate."""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array, ordered_sum, safe_divide


def collateral_value(replacement: Array, age: Array, assumed_life: Array) -> Array:
    """Return what lenders think a fleet is worth: replacement value x (1 - age / assumed life)."""
    return replacement * np.maximum(1.0 - age / assumed_life, 0.0)


def coverage_room(multiple: Array, cash_per_year: Array, all_debt: Array) -> Array:
    """Return the debt that a year's operating cash still supports."""
    return np.maximum(multiple * cash_per_year - all_debt, 0.0)


def clear(
    ask: Array, coverage: Array, collateral: Array, debt: Array, funds: Array, spread: Array, advance: Array
) -> Array:
    """Match asks with offers, cheapest offers first, pro rata at ties and where funds run short.

    `ask`, `coverage`, `collateral`, `debt` are `(firms, runs)`: debt asked for, the most that
    coverage allows, collateral value, debt on that collateral. `funds`, `spread`, `advance` are
    `(lenders, runs)`. Returns new loans `(lenders, firms, runs)`. With any one lender a firm's
    debt stays within that lender's advance rate times its collateral.
    """
    order = np.argsort(spread, axis=0, kind="stable")
    funds_sorted = np.take_along_axis(funds, order, axis=0)
    spread_sorted = np.take_along_axis(spread, order, axis=0)
    advance_sorted = np.take_along_axis(advance, order, axis=0)
    remaining = np.minimum(ask, coverage)
    owed = debt
    granted = np.empty((len(funds), *ask.shape))
    for k in range(len(funds)):
        # the funds of this lender and of those after it that ask the same: a tie is shared so
        tied = funds_sorted[k]
        for j in range(k + 1, len(funds)):
            tied = tied + np.where(spread_sorted[j] == spread_sorted[k], funds_sorted[j], 0.0)
        part = safe_divide(funds_sorted[k], tied, 0.0)
        room = np.maximum(advance_sorted[k] * collateral - owed, 0.0)
        wanted = np.minimum(remaining * part, room)
        loans = wanted * np.minimum(1.0, safe_divide(funds_sorted[k], ordered_sum(wanted), 1.0))
        granted[k] = loans
        remaining = remaining - loans
        owed = owed + loans
    result = np.empty_like(granted)
    np.put_along_axis(result, order[:, np.newaxis, :], granted, axis=0)
    return result
