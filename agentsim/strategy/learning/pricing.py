"""The postures between which a learning chip vendor chooses, and what it sees of its rivals.

The same functions serve the market and the price game in which the tables are trained.
"""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array, clip, log, safe_divide
from agentsim.strategy.choices import Number
from agentsim.strategy.learning.rule import Index

POSTURES = ("undercut", "best_response", "hold", "raise")
MOVES = ("cut", "held", "raised")
"""Rivals' prices beside a spell ago, relative to cost."""

STEP = 0.1
"""How far below or above the best response who undercuts or raises is, unless told otherwise; half
of it is no change."""
FARTHEST = 10.0
"""Rivals' price over one's own, or the inverse, beyond which it makes no difference."""


def prices(answer: Array, habit: Array, step: Number) -> Array:
    """Return the price of each posture, `(postures, firms, runs)`.

    answer: best response to rivals' prices; habit: cost and the margin of the base date.
    """
    shape = np.broadcast_shapes(answer.shape, habit.shape)
    each = (answer * (1.0 - np.asarray(step)), answer, habit, answer * (1.0 + np.asarray(step)))
    return np.stack([np.broadcast_to(price, shape) for price in each])


def rivals_price(price: Array, share: Array, average: Array) -> Array:
    """Return rivals' average price over one's own, from one's share and the average of all.

    Averages are of H100e: the average is spending over H100e bought. Alone, it is one's own.
    """
    units = safe_divide(price, average, 1.0) - share
    return clip(safe_divide(1.0 - share, units, 1.0), 1.0 / FARTHEST, FARTHEST)


def move_of(rivals: Array, before: Array, step: Number) -> Index:
    """Return the number of rivals' move: prices over cost cut, held or raised."""
    change = log(np.where((rivals > 0.0) & (before > 0.0), safe_divide(rivals, before, 1.0), 1.0))
    half = 0.5 * np.asarray(step)
    return (change >= -half).astype(np.intp) + (change > half)
