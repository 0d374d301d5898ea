"""Indifference: mixtures over given supports at which all that is played earns the same.

With the strategies of a support played and no others, each role's earn alike and its probabilities add
up to one: as many equations as unknowns,

    u_a(x) = u_b(x)  for a, b played by one role,     x_a = 0 for all others,     sum over a role = 1

which Newton's method solves for many supports and starts side by side. A solution is an equilibrium if
none is below zero and no other strategy earns more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.games.polynomials import Polynomials
from agentsim.games.supports import Flags
from agentsim.laws.numerics import Array

STEPS = 12
"""Newton steps within which a start must lead to a solution."""

ASTRAY = -1.0
"""A probability below which, from the third step on, a start is given up: its root lies elsewhere."""

FAR = 20.0

BATCH = 1000
"""Starts that go side by side; fewer in larger games, so that memory is not what takes the time."""

SOLVED = 1e-12
"""Largest difference of payoffs, in units of their reach, at a solution."""

GAIN = 1e-10
"""What may be gained at an equilibrium, in units of the reach of payoffs."""

ZERO = 1e-9
"""Probability that is taken for none."""


def solve(game: Polynomials, masks: Flags, starts: Array) -> tuple[Array, int]:
    """Return the equilibria to which starts lead, `(found, columns)`, and how many steps were taken.

    masks: the support of each start, `(starts, columns)`. starts: mixtures, `(starts, columns)`.
    """
    found, steps = [np.zeros((0, game.layout.columns))], 0
    size = max(50, int(BATCH / game.cost))
    for at in range(0, len(masks), size):
        solved, taken = _batch(game, masks[at : at + size], starts[at : at + size])
        steps += taken
        found.append(equilibria_among(game, solved))
    return np.concatenate(found), steps


def polished(game: Polynomials, support: Flags, start: Array) -> Array | None:
    """Return the equilibrium of a support near a mixture, `(columns,)`, or None."""
    solved, _ = _batch(game, support[None], start[None], steps=40)
    found = equilibria_among(game, solved)
    return found[0] if len(found) else None


def equilibria_among(game: Polynomials, solved: Array) -> Array:
    """Return those of some solutions that are equilibria, as distributions."""
    inside = solved[(solved > -ZERO).all(axis=1)]
    if not len(inside):
        return inside
    x = np.where(inside > ZERO, inside, 0.0)
    x /= np.add.reduceat(x, game.starts, axis=1)[:, game.layout.role_of]
    values = game.at(x)[0]
    mean = np.add.reduceat(x * values, game.starts, axis=1)
    found: Array = x[((values - mean[:, game.layout.role_of]) <= GAIN).all(axis=1)]
    return found


def _batch(game: Polynomials, masks: Flags, starts: Array, steps: int = STEPS) -> tuple[Array, int]:
    """Return the solutions, of whatever sign, to which Newton's method leads, and the steps taken."""
    x, played, found, taken = starts.copy(), masks, [starts[:0]], 0
    first = _first_played(game, masks)
    for step in range(steps + 1):
        values, slopes = game.at(x)
        short, by = _equations(game, played, first, x, values, slopes)
        solved = np.abs(short).max(axis=1) <= SOLVED
        found.append(x[solved])
        if step == steps:
            break
        keep = ~solved & (np.abs(x).max(axis=1) < FAR)
        if step > 2:
            keep &= x.min(axis=1) > ASTRAY
        if not keep.any():
            break
        played, first, taken = played[keep], first[keep], taken + int(keep.sum())
        x = x[keep] - _solved(by[keep], short[keep])
    return np.concatenate(found), taken


def _first_played(game: Polynomials, masks: Flags) -> np.ndarray:
    """Return the first column that each role plays, `(supports, roles)`."""
    layout = game.layout
    return np.stack(
        [masks[:, layout.slice(q)].argmax(axis=1) + start for q, start in enumerate(layout.starts)],
        axis=1,
    )


def _equations(
    game: Polynomials, played: Flags, first: np.ndarray, x: Array, values: Array, slopes: Array
) -> tuple[Array, Array]:
    """Return by how much each equation fails, `(starts, columns)`, and its slopes.

    A column that is played stands for its earning what the first one of its role does; the first one
    itself for probabilities adding up to one; all others for being zero.
    """
    rows, role = np.arange(len(x))[:, None], game.layout.role_of
    against = first[:, role]
    short = values - values[rows, against]
    by = slopes - slopes[rows, against]
    start, column = np.nonzero(~played)
    short[start, column] = x[start, column]
    by[start, column] = 0.0
    by[start, column, column] = 1.0
    short[rows, first] = np.add.reduceat(x, game.starts, axis=1) - 1.0
    by[rows, first] = role == np.arange(first.shape[1])[:, None]
    return short, by


def _solved(matrices: Array, right: Array) -> Array:
    """Return the solutions of many linear systems; the shortest one where a matrix is singular."""
    try:
        found: Array = np.linalg.solve(matrices, right[..., None])[..., 0]
        return found
    except np.linalg.LinAlgError:  # one of them is singular
        singular = ~np.isfinite(np.linalg.slogdet(matrices)[1])
    found = np.empty_like(right)
    found[~singular] = np.linalg.solve(matrices[~singular], right[~singular][..., None])[..., 0]
    found[singular] = (np.linalg.pinv(matrices[singular]) @ right[singular][..., None])[..., 0]
    return found


@dataclass(frozen=True)
class Nature:
    """How an equilibrium stands among its neighbours."""

    index: int
    """+1 or -1 where it is regular; 0 where it is not."""
    alone: bool
    """Whether no other one is near it with the same support."""


def nature(game: Polynomials, mixture: Array) -> Nature:
    """Return the index of an equilibrium, and whether it is isolated within its support.

    It is regular if all that is not played earns less and the equations of its support are not
    singular. Its index is then the sign of det(-D), D being how the differences of payoffs move within
    the support. Those of all equilibria add up to one if all are regular; so do those of all in which
    players of a role mix alike, which are the rest points of a field on fewer simplices.

    Source: Ritzberger (1994), The theory of normal form games from the differentiable viewpoint,
    International Journal of Game Theory 23.
    """
    layout, played = game.layout, mixture > ZERO
    values, slopes = (each[0] for each in game.at(mixture[None]))
    first = _first_played(game, played[None])[0]
    against = first[layout.role_of]
    free = np.flatnonzero(played & (np.arange(layout.columns) != against))
    moved = slopes - slopes[against]
    within = moved[np.ix_(free, free)] - moved[np.ix_(free, against[free])]
    gap = (values - values[against])[~played]
    if len(free):
        sizes = np.linalg.svd(within, compute_uv=False)
        if sizes[-1] <= 1e-9 * max(1.0, sizes[0]):
            return Nature(0, False)
    if len(gap) and gap.max() > -GAIN:
        return Nature(0, True)
    sign = int(np.sign(np.linalg.det(-within))) if len(free) else 1
    return Nature(sign, True)
