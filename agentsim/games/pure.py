"""Pure equilibria: all of them, by looking at every profile.

A profile is an equilibrium if nobody gains by another strategy, alone; who gains nothing either way is
no reason against it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agentsim.games.game import Game

ROUNDING = 1e-12
"""Gain, in units of the reach of a role's payoffs, that is taken for rounding."""

EPSILON = float(np.finfo(float).eps)
"""A unit in the last place of one."""


def pure_equilibria(game: Game) -> NDArray[np.int64]:
    """Return the places of all profiles that are equilibria, `(found,)`.

    A gain is one if it is more than rounding: 1e-12 of the reach of a role's payoffs, and eight units
    in the last place of its largest.
    """
    gains = game.pure_gains
    refused = np.zeros(game.layout.count, bool)
    for role, slack in enumerate(rounding(game)):
        part = game.layout.slice(role)
        with np.errstate(invalid="ignore"):
            refused |= (gains[:, part, part] > slack).any(axis=(1, 2))
    return np.flatnonzero(~refused)


def rounding(game: Game) -> list[float]:
    """Return what gain of each role is taken for rounding, in the unit of its payoffs."""
    found = []
    for role in range(len(game.roles)):
        payoffs = game.payoffs[:, game.layout.slice(role)]
        low, high = float(np.nanmin(payoffs)), float(np.nanmax(payoffs))
        found.append(ROUNDING * (high - low) + 8 * EPSILON * max(abs(low), abs(high)))
    return found
