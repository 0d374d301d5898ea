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

EFFORT = 60_000
"""Newton steps after which no further starts are made: a third of a second or so."""

QUIET = 6
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
    found = _searched(game, supports.masks, pure, effort) if len(supports.masks) else []
    by = ["supports"] * len(found)
    if not supports.all_looked_at or not (found or pure):
        last = one_equilibrium(game)
        if last is not None and _added(game, found, last[None]):
            by.append("logit path")
    known = list(found)
    _added(game, known, given)
    return Mixed(
        tuple(found),
        tuple(by),
        supports.all_looked_at and supports.none_unlikely and not len(supports.masks),
        supports.all_looked_at,
        _indices(game, [*pure, *known]),
        all(nature(game, each).alone for each in known),
    )


def _searched(game: Polynomials, masks: Flags, pure: Sequence[Array], effort: int) -> list[Array]:
    """Return what rounds of starts find, until they find nothing new or the effort is spent."""
    rng = np.random.default_rng((20_000_301, game.layout.columns))
    repeats = -(-ROUND // len(masks))
    found: list[Array] = []
    steps = quiet = rounds = 0
    while quiet < QUIET and (steps < effort or not rounds):
        starts = np.tile(masks, (repeats, 1))
        draws = starts * rng.exponential(size=starts.shape)
        if not rounds:
            draws[: len(masks)] = masks
        draws /= np.add.reduceat(draws, game.starts, axis=1)[:, game.layout.role_of]
        solved, taken = solve(game, starts, draws)
        new = _added(game, found, solved)
        steps, rounds = steps + taken, rounds + 1
        complete = _indices(game, [*pure, *found]) in (1, None)
        quiet = quiet + 1 if not new and complete else 0
    return found


def _added(game: Polynomials, found: list[Array], solved: Iterable[Array]) -> bool:
    """Add to those found what is new among solutions; say whether anything is.

    Of equilibria of one support that are not isolated, one is kept: there is no end of others.
    """
    new = False
    for x in solved:
        if any(np.abs(x - each).max() < APART for each in found):
            continue
        if not (np.add.reduceat(x > ZERO, game.starts) > 1).any():
            continue  # pure
        same = [each for each in found if ((each > ZERO) == (x > ZERO)).all()]
        if same and not nature(game, x).alone:
            continue
        found.append(x)
        new = True
    return new


def _indices(game: Polynomials, found: list[Array]) -> int | None:
    """Return the sum of indices; None if some equilibrium is not regular."""
    each = [nature(game, x).index for x in found]
    return None if 0 in each else sum(each)
