"""Solving: all solvers put to work on a game, and every answer held against the game's own regret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentsim.games.equilibria import Equilibria, Equilibrium
from agentsim.games.game import Game

if TYPE_CHECKING:
    pass


def equilibria(game: Game) -> Equilibria:
    """Return the pure equilibria of a game."""
    import numpy as np

    at = np.flatnonzero(game.pure_regrets <= 0.0)
    found = [Equilibrium(game, game.layout.profiles[p], game.mixture_of(game.layout.profiles[p]),
                         ("pure",)) for p in at]  # fmt: skip
    return Equilibria(game, tuple(found), False, "mixed equilibria were not looked for")
