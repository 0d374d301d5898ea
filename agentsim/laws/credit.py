"""Credit: how much may be borrowed, from whom, at what rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentsim.laws.numerics import Array, at_least, ordered_sum, safe_divide


def collateral_value(replacement: Array, age: Array, assumed_life: Array) -> Array:
    """Return what lenders think a fleet is worth: replacement value x (1 - age / assumed life)."""
    left = 1.0 - age / assumed_life
    at_least(left, 0.0, out=left)
    left *= replacement
    return left


def coverage_room(multiple: Array, cash_per_year: Array, all_debt: Array) -> Array:
    """Return the debt that a year's operating cash still supports."""
    room = multiple * cash_per_year
    room -= all_debt
    return at_least(room, 0.0, out=room)


def loan_rate(funding: Array, spread: Array, premium: Array) -> Array:
    """Return what lenders ask of borrowers a year, `(lenders, firms, runs)`; nobody pays to lend.

    `spread` is the lenders', `(lenders, runs)`, `premium` the borrowers', `(firms, runs)`.
    """
    return at_least(funding + spread[:, np.newaxis] + premium, 0.0)


def clear(
    ask: Array,
    coverage: Array,
    collateral: Array,
    debt: Array,
    funds: Array,
    spread: Array,
    advance: Array,
) -> Array:
    """Match asks with offers, cheapest offers first, pro rata at ties and where funds run short.

    `ask`, `coverage`, `collateral`, `debt` are `(firms, runs)`: debt asked for, the most that
    coverage allows, collateral value, debt on that collateral. `funds`, `spread`, `advance` are
    `(lenders, runs)`. Returns new loans `(lenders, firms, runs)`. With any one lender a firm's
    debt stays within that lender's advance rate times its collateral.
    """
    order = np.argsort(spread[:, 0], kind="stable")
    shared = _is_order(order, spread)
    if not shared:
        by_run = np.argsort(spread, axis=0, kind="stable")
        funds, spread, advance = (
            np.take_along_axis(each, by_run, axis=0) for each in (funds, spread, advance)
        )
        order = np.arange(len(funds))
    remaining = np.minimum(ask, coverage)
    owed = debt
    granted = np.zeros((len(funds), *ask.shape))
    for place, k in enumerate(order):
        # the funds of this lender and of those after it that ask the same: a tie is shared so
        tied = funds[k]
        for j in order[place + 1 :]:
            tied = tied + np.where(spread[j] == spread[k], funds[j], 0.0)
        wanted = remaining * safe_divide(funds[k], tied, 0.0)
        room = advance[k] * collateral
        room -= owed
        at_least(room, 0.0, out=room)
        np.minimum(wanted, room, out=wanted)
        filled = np.minimum(1.0, safe_divide(funds[k], ordered_sum(wanted), 1.0))
        loans = np.multiply(wanted, filled, out=granted[k])
        remaining = remaining - loans
        if not remaining.any():
            break  # the others lend nothing
        owed = owed + loans
    if not shared:
        # Back to the lenders' own order: each has one place in every run.
        result = np.zeros_like(granted)
        for place, lender in np.ndindex(len(funds), len(funds)):
            result[lender] += granted[place] * (by_run[place] == lender).astype(np.float64)
        return result
    return granted


def _is_order(order: NDArray[np.intp], spread: Array) -> bool:
    """Whether a stable sort by spread would bring every run into this order."""
    sorted_spread = spread[order]
    before, behind = sorted_spread[:-1], sorted_spread[1:]
    tie_in_order = (order[1:] > order[:-1])[:, np.newaxis]
    return bool(((before < behind) | (tie_in_order & (before == behind))).all())
