"""Dominance: strategies that another, or a mixture of others, beats whatever everybody else does.

A strictly dominated strategy is played in no equilibrium; with it gone, others may become dominated. The
order in which they go does not matter. What is left is a smaller game with the same equilibria.

Sources: Gale (1953), A theory of n-person games with perfect information, Proceedings of the National
Academy of Sciences 39; Pearce (1984), Rationalizable strategic behavior and the problem of perfection,
Econometrica 52, for domination by mixtures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from agentsim.games.game import Game
from agentsim.games.profiles import Counts, Layout, Role
from agentsim.laws.numerics import Array

Flags = NDArray[np.bool_]

STRICT = 1e-9
"""By how much, in units of the reach of payoffs, a strategy must be beaten: well above rounding."""


def undominated(game: Game) -> Flags:
    """Return which strategies survive iterated elimination of strictly dominated ones, `(columns,)`.

    Mixtures may dominate, as well as strategies. At least one of each role survives.
    """
    left = np.ones(game.layout.columns, bool)
    while True:
        found = _beaten(game, left, by_mixtures=False)
        if found is None:
            found = _beaten(game, left, by_mixtures=True)
        if found is None:
            return left
        left[found] = False


def _beaten(game: Game, left: Flags, by_mixtures: bool) -> int | None:
    """Return the first strategy that is dominated among those left, or None."""
    for role in range(len(game.roles)):
        part = game.layout.slice(role)
        own = np.flatnonzero(left[part])
        if len(own) < (3 if by_mixtures else 2):
            continue
        others = game.layout.others(role)
        met = (others.counts[:, ~left] == 0).all(axis=1)
        payoffs = game.payoffs[others.place[met], np.arange(part.start, part.stop)][:, own]
        reach = float(np.nanmax(game.payoffs[:, part]) - np.nanmin(game.payoffs[:, part]))
        for at, strategy in enumerate(own):
            more = np.delete(payoffs, at, axis=1) - payoffs[:, [at]]
            if (_by_mixture if by_mixtures else _by_another)(more, STRICT * reach):
                return int(part.start + strategy)
    return None


def _by_another(more: Array, margin: float) -> bool:
    return bool((more > margin).all(axis=0).any())


def _by_mixture(more: Array, margin: float) -> bool:
    """Say whether some mixture of the others earns more whatever is met: a linear programme.

    more: what each of the others earns more, `(met, others)`. Its value is how much the best mixture
    earns more at least.
    """
    if (more <= margin).all(axis=1).any():
        return False  # against that, it is a best reply
    from scipy.optimize import linprog

    met, others = more.shape
    scale = float(np.abs(more).max())
    solved = linprog(
        np.append(np.zeros(others), -1.0),
        A_ub=np.hstack([-more / scale, np.ones((met, 1))]),
        b_ub=np.zeros(met),
        A_eq=np.append(np.ones(others), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0.0, None)] * others + [(None, None)],
    )
    return bool(solved.status == 0 and -solved.fun * scale > margin)


@dataclass(frozen=True, eq=False)
class Reduced:
    """A game with some strategies taken out."""

    full: Game
    left: Flags
    """Which strategies of the full game are left, `(columns,)`; one of each role at least."""

    @cached_property
    def kept(self) -> list[int]:
        """The roles that still have something to choose."""
        layout = self.full.layout
        return [q for q in range(len(layout.sizes)) if self.left[layout.slice(q)].sum() > 1]

    @cached_property
    def columns(self) -> Counts:
        """Where each column of the smaller game is in the full one."""
        return np.flatnonzero(self.left & np.isin(self.full.layout.role_of, self.kept))

    @cached_property
    def game(self) -> Game | None:
        """The smaller game; None if nobody has anything left to choose."""
        if not self.kept:
            return None
        roles, layout = [], self.full.layout
        for q in self.kept:
            role, left = self.full.roles[q], self.left[layout.slice(q)]
            names = tuple(s for s, keep in zip(role.strategies, left, strict=True) if keep)
            roles.append(Role(role.name, role.players, names))
        small = Layout.of(tuple(roles))
        places = [layout.place(self.full_counts(row)) for row in small.profiles]
        return Game(tuple(roles), self.full.payoffs[np.ix_(places, self.columns)])

    def full_counts(self, counts: Counts) -> Counts:
        """Return a profile of the smaller game as one of the full game."""
        found = self._settled(np.array(self.full.layout.sizes))
        found[self.columns] = counts
        return found

    def full_mixture(self, mixture: Array) -> Array:
        """Return a mixture of the smaller game as one of the full game."""
        found = self._settled(np.ones(len(self.full.layout.sizes)))
        found[self.columns] = mixture
        return found

    def _settled(self, amounts: np.ndarray) -> np.ndarray:
        """Return the full game's columns with an amount on the only strategy of roles with one."""
        layout = self.full.layout
        found = np.zeros(layout.columns, amounts.dtype)
        for q in range(len(layout.sizes)):
            if q not in self.kept:
                found[layout.starts[q] + int(self.left[layout.slice(q)].argmax())] = amounts[q]
        return found
