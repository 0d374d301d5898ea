"""Polishing: from a mixture that is nearly an equilibrium to one that is, to the last digits.

Whoever mixes earns the same by all that it plays. With the strategies that are played known, these are as
many equations as unknowns, and Newton's method solves them from nearby.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agentsim.games.equilibria import Equilibrium
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.games.game import Game

Flags = NDArray[np.bool_]

STEPS = 12
SINGULAR = 1e-10
"""Share of the largest singular value up to which one is zero."""


def polished(game: Game, mixture: Array, there: float, found_by: str) -> Equilibrium:
    """Return the equilibrium near a mixture `(columns,)`, or the mixture if none less regretted is near.

    there: the probability up to which a strategy counts as not played. The regret of what is returned
    is never larger than that of the mixture.
    """
    plays = mixture > there
    x = _scaled(game, np.where(plays, mixture, 0.0))
    best = min((mixture, x), key=lambda each: game.gains(each).max())
    for _ in range(STEPS):
        x = x + _step(game, x, plays)
        if not (x >= 0.0).all():
            break
        x = _scaled(game, x)
        if game.gains(x).max() <= game.gains(best).max():
            best = x
    return _equilibrium(game, best, found_by)


def stands_alone(game: Game, x: Array) -> bool:
    """Say whether no other mixtures near one make what it plays earn alike; else it is of a continuum."""
    matrix, _ = _equations(game, x, x > 0.0)
    sizes = np.linalg.svd(matrix, compute_uv=False)
    return bool(sizes[-1] > SINGULAR * sizes[0])


def _step(game: Game, x: Array, plays: Flags) -> Array:
    """Return the Newton step that makes what is played earn alike, role by role.

    Where equilibria are no single points the shortest step is taken.
    """
    matrix, lacking = _equations(game, x, plays)
    found = np.zeros_like(x)
    found[plays] = np.linalg.lstsq(matrix, lacking, rcond=SINGULAR)[0][: int(plays.sum())]
    return found


def _equations(game: Game, x: Array, plays: Flags) -> tuple[Array, Array]:
    """Return the slopes of what must be zero, and what is lacking.

    Unknown are the probabilities of what is played, and then what each role earns.
    """
    layout, at = game.layout, np.flatnonzero(plays)
    roles = layout.role_of[at]
    earned, slopes = game.deviations(x)[at], game.slopes(x)[np.ix_(at, at)]
    unit = game.spread or 1.0
    of_role = (roles[:, None] == np.arange(len(layout.sizes))).astype(np.float64)
    values = (x[at] * earned) @ of_role
    k, r = len(at), len(layout.sizes)
    matrix = np.zeros((k + r, k + r))
    matrix[:k, :k], matrix[:k, k:], matrix[k:, :k] = slopes / unit, -of_role, of_role.T
    return matrix, np.concatenate([(values[roles] - earned) / unit, 1.0 - x[at] @ of_role])


def _scaled(game: Game, x: Array) -> Array:
    """Return probabilities that add up to one in each role."""
    role = game.layout.role_of
    found: Array = x / np.bincount(role, x)[role]
    return found


def _equilibrium(game: Game, x: Array, found_by: str) -> Equilibrium:
    sizes = np.asarray(game.layout.sizes)[game.layout.role_of]
    counts = (x * sizes).astype(np.int64) if np.isin(x, (0.0, 1.0)).all() else None
    return Equilibrium(game, counts, x, (found_by,))
