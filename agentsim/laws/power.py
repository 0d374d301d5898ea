"""Power and shells: where chips can work, and how many shells are ordered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentsim.laws.numerics import Array, at_least, at_most, ordered_sum, safe_divide, whole_power


def working_share(shells: Array, need: Array) -> Array:
    """Return the share of a fleet that has a powered shell, min(1, shells / need)."""
    return at_most(safe_divide(shells, need, 1.0), 1.0)


def shells_wanted(
    need_committed: Array,
    growth: Array,
    lag_gap: NDArray[np.int64],
    shells: Array,
    building: Array,
    survival: Array,
) -> Array:
    """Return the shells to order, GW: the need when they are ready less what will stand by then.

    `need_committed` is the power of chips delivered and on order; `growth` the expected growth of
    that need a quarter, over the quarters `lag_gap` by which a shell takes longer than a chip;
    `survival` the share of today's shells that stands when new ones are ready.
    """
    wanted = whole_power(1.0 + growth, lag_gap)
    wanted *= need_committed
    wanted -= survival * shells
    wanted -= building
    return at_least(wanted, 0.0, out=wanted)


def within_limit(wanted: Array, limit: Array) -> Array:
    """Cut all firms' orders by the same share where together they exceed the limit."""
    total = ordered_sum(wanted)
    if (total <= limit).all():
        return wanted
    return wanted * np.minimum(1.0, safe_divide(np.broadcast_to(limit, total.shape), total, 1.0))
