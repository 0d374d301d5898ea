"""The postures between which a learning hyperscaler chooses, and what it sees of its rivals.

The same functions serve the market and the race in which the tables are trained.
"""

from __future__ import annotations

import numpy as np

from agentsim.laws.numerics import Array, clip
from agentsim.strategy.choices import Number
from agentsim.strategy.learning.rule import Index

POSTURES = ("restrain", "best_response", "match", "escalate")
MOVES = ("below", "near", "above")
"""Rivals' capex rate beside the one that marginal q bears out."""

SPELL = 4
"""Quarters for which a posture is kept, unless told otherwise: capex is planned by the year."""
STEP = 0.05
"""Capex rate above the rivals' of who escalates; half of it is near, unless told otherwise."""
MOST = 2.0


def rates(wear: Array, worth: Array, rivals: Array, step: Number) -> Array:
    """Return the capex rate of each posture, `(postures, firms, runs)`.

    wear: what it takes to replace; worth: what marginal q bears out; rivals: what rivals spent.
    """
    shape = np.broadcast_shapes(wear.shape, worth.shape, rivals.shape)
    each = (wear, worth, rivals, rivals + step)
    return clip(np.stack([np.broadcast_to(rate, shape) for rate in each]), 0.0, MOST)


def move_of(rivals: Array, worth: Array, step: Number) -> Index:
    """Return the number of rivals' move: their rate below, near or above what is worth it."""
    gap = rivals - worth
    return (gap >= -0.5 * step).astype(np.intp) + (gap > 0.5 * step)
