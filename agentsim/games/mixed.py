"""Mixed equilibria of any game: supports gone through, indifference solved on each from many starts.

Players of a role mix alike; where a role is one player, that is no restriction. What is found are
equilibria; that none is missed is not certain, since Newton's method may not come upon every root. Two
things tell: that further starts found nothing new, and that the indices of regular equilibria add up to
one, as those of all of them must (Ritzberger 1994). While they do not, more starts are tried.

Source: Porter, Nudelman and Shoham (2008), Simple search methods for finding a Nash equilibrium, Games
and Economic Behavior 63.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from agentsim.games.homotopy import one_equilibrium
from agentsim.games.indifference import ZERO, nature, solve
from agentsim.games.polynomials import Polynomials
from agentsim.games.supports import Flags, mixed_supports
from agentsim.laws.numerics import Array

EFFORT = 120_000
"""Newton steps for which starts are made, about a second's; fewer in games where a step takes longer."""

A_SUPPORT = 4
"""Steps that a support takes at least: so many fewer supports are gone through."""

QUIET = 8
"""Rounds of starts in a row that find nothing new before no more are made."""

ROUND = 500
"""Starts in a round, at least, and one a support."""

APART = 1e-6
"""Difference of probabilities below which two mixtures are taken for one."""


@dataclass(frozen=True, eq=False)
class Mixed:
    """The mixed equilibria that were found."""

    mixtures: tuple[Array, ...]
    """`(columns,)` each."""
    by: tuple[str, ...]
    """What found each."""
    none_left: bool
    """Whether there is proof that no support but pure ones has an equilibrium."""
    all_supports: bool
    """Whether supports of all sizes were gone through."""
    indices: int | None
    """What the indices of these and of symmetric pure equilibria add up to; None if some have none."""
    alone: bool
    """Whether each is the only one near it with its support."""


def mixed(
    game: Polynomials, pure: Sequence[Array] = (), effort: int = EFFORT, given: Sequence[Array] = ()
) -> Mixed:
    """Return mixed equilibria.

    pure: all pure equilibria in which players of a role do the same, `(columns,)` each. effort: Newton
    steps after which no more starts are made. given: equilibria that other solvers found; they are told
    once more only if they are found here too, but have their place in the sum of indices. If there is no
    equilibrium by then, or not all supports were gone through, the logit path is followed as well
    (`agentsim.games.homotopy`): at least one is always found.
    """
    supports = mixed_supports(game)
    effort = int(effort / game.cost)
    masks = supports.masks[: max(ROUND, effort // A_SUPPORT)]
    all_looked_at = supports.all_looked_at and len(masks) == len(supports.masks)
    found = _Collected(game, pure)
    if len(masks):
        _search(game, masks, effort, found)
    by = ["supports"] * len(found.mixtures)
    if not all_looked_at or not (by or pure):
        last = one_equilibrium(game)
        if last is not None and found.add([last]):
            by.append("logit path")
    own = tuple(found.mixtures)
    found.add(given)
    return Mixed(
        own,
        tuple(by),
        all_looked_at and supports.none_unlikely and not len(masks),
        all_looked_at,
        found.indices,
        not found.continua,
    )


class _Collected:
    """Distinct mixed equilibria, and what is known of them together with the pure ones."""

    def __init__(self, game: Polynomials, pure: Sequence[Array]) -> None:
        self.game = game
        self.mixtures: list[Array] = []
        self.continua: set[bytes] = set()
        """Supports of which some equilibrium does not stand alone."""
        self._indices = [nature(game, each).index for each in pure]

    @property
    def indices(self) -> int | None:
        """The sum of indices; None if some equilibrium is not regular."""
        return None if 0 in self._indices else sum(self._indices)

    def add(self, solved: Iterable[Array]) -> bool:
        """Add what is new among solutions; say whether anything is.

        Of equilibria of one support that do not stand alone one is kept: there is no end of others.
        """
        new = False
        for x in solved:
            played = x > ZERO
            support = played.tobytes()
            if support in self.continua or played.sum() == len(self.game.starts):
                continue  # or pure
            if self.mixtures and (np.abs(np.array(self.mixtures) - x).max(axis=1) < APART).any():
                continue
            kind = nature(self.game, x)
            if not kind.alone:
                self.continua.add(support)
            self.mixtures.append(x)
            self._indices.append(kind.index)
            new = True
        return new


def _search(game: Polynomials, masks: Flags, effort: int, found: _Collected) -> None:
    """Add what rounds of starts find, until they find nothing new or the effort is spent."""
    rng = np.random.default_rng((20_000_301, game.layout.columns))
    repeats = -(-ROUND // len(masks))
    steps = taken = quiet = 0
    while quiet < QUIET and steps + taken <= effort:
        starts = np.tile(masks, (repeats, 1))
        # Half of the starts even, half with some strategies rare: there are equilibria like that.
        draws = rng.exponential(size=starts.shape) ** rng.choice([1.0, 3.0], size=(len(starts), 1))
        draws *= starts
        if not steps:
            draws[: len(masks)] = masks
        draws /= np.add.reduceat(draws, game.starts, axis=1)[:, game.layout.role_of]
        solved, taken = solve(game, starts, draws)
        new, steps = found.add(solved), steps + taken
        quiet = quiet + 1 if not new and found.indices in (1, None) else 0
