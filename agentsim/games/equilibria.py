"""Equilibria: those found, how far each is one by the game's own regret, and whether they are all."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from agentsim.games.profiles import Counts
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.games.game import Game


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """A profile from which nobody gains by another strategy, alone; pure, or a mixture a role."""

    game: Game
    counts: Counts | None = None
    """How many follow what, `(columns,)`, where it is pure."""
    mixture: Array | None = None
    """Probabilities by column, `(columns,)`; None where players of one role do different things."""
    found_by: tuple[str, ...] = field(default=())
    """The solvers that found it."""

    @property
    def pure(self) -> bool:
        """Whether nobody mixes."""
        return self.counts is not None

    @cached_property
    def weights(self) -> Array:
        """How likely each profile is, `(profiles,)`."""
        if self.counts is not None:
            found = np.zeros(self.game.layout.count)
            found[self.game.layout.place(self.counts)] = 1.0
            return found
        assert self.mixture is not None
        return self.game.weights(self.mixture)

    @cached_property
    def regret(self) -> float:
        """The most that a player would gain by another strategy, alone."""
        return self.game.regret(self.counts if self.counts is not None else self.mixture)


@dataclass(frozen=True, eq=False)
class Equilibria:
    """The equilibria that were found."""

    game: Game
    found: tuple[Equilibrium, ...]
    complete: bool
    """Whether there are no others."""
    why: str
    """Why that may be said, or what may be missing."""
