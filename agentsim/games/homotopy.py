"""The logit path: from any mixture to an equilibrium, when all else fails.

At precision λ, with prior p, each player follows a strategy with a probability in proportion to
p exp(λ u(x)). At λ = 0 all follow the prior; for almost every prior a path leads from there to an
equilibrium as λ grows without bound. It is followed by its length, since λ may fall on the way, in
logarithms of probabilities, which keep their sign. Once little can be gained, Newton's method on what is
still played finishes the job; where that is singular, the path goes on until next to nothing can be.

Sources: McKelvey and Palfrey (1995), Quantal response equilibria for normal form games, Games and
Economic Behavior 10; Turocy (2005), A dynamic homotopy interpretation of the logistic quantal response
equilibrium correspondence, Games and Economic Behavior 51.
"""

from __future__ import annotations

import numpy as np

from agentsim.games.indifference import equilibria_among, polished
from agentsim.games.polynomials import Polynomials
from agentsim.laws.numerics import Array

PRIORS = 12
"""Priors that are tried, the even one first."""

LONGEST = 3000
"""Steps along one path."""

CLOSE = 0.03
"""Gain, in units of the reach of payoffs, from which on Newton's method is tried."""

NEAR = 0.1
"""How far Newton's method may move a probability."""


def one_equilibrium(game: Polynomials, priors: int = PRIORS) -> Array | None:
    """Return an equilibrium, `(columns,)`; None if no path from the priors came to one."""
    rng = np.random.default_rng((20_000_303, game.layout.columns))
    even = 1.0 / np.array(game.layout.widths)[game.layout.role_of]
    for attempt in range(priors):
        prior = even
        if attempt:
            draws = rng.exponential(size=game.layout.columns) + 0.05
            prior = draws / np.add.reduceat(draws, game.starts)[game.layout.role_of]
        found = follow(game, prior)
        if found is not None:
            return found
    return None


def follow(game: Polynomials, prior: Array) -> Array | None:
    """Return the equilibrium to which the path from a prior leads, or None if it was lost."""
    logs = np.log(prior)
    point, tangent = np.append(logs, 0.0), np.append(np.zeros(len(prior)), 1.0)
    length, tried = 0.05, np.inf
    for _ in range(LONGEST):
        tangent = _tangent(_slopes(game, point)[1], tangent)
        after = _corrected(game, logs, point + length * tangent, tangent)
        if after is None:
            length *= 0.5
            if length < 1e-9:
                return None
            continue
        moved, steps = after
        point, length = moved, length * (1.5 if steps <= 3 else 0.8 if steps > 5 else 1.0)
        x = _mixture(game, point)
        gain = float(game.gains(x).max())
        if gain < min(CLOSE, 0.5 * tried):
            tried = gain
            found = finished(game, x)
            if found is not None:
                return found
    return None


def finished(game: Polynomials, x: Array) -> Array | None:
    """Return the equilibrium that a mixture is near, or is, taking for played what is not rare.

    x: `(columns,)`. None if there is none by it.
    """
    for rare in (1e-6, 1e-4, 1e-2, 0.05):
        played = x > rare
        if not np.logical_or.reduceat(played, game.starts).all():
            continue
        found = polished(game, played, np.where(played, x, 0.0))
        if found is not None and np.abs(found - x).max() < NEAR:
            return found
    near = equilibria_among(game, x[None])
    return near[0] if len(near) else None


def _mixture(game: Polynomials, point: Array) -> Array:
    x = np.exp(point[:-1])
    found: Array = x / np.add.reduceat(x, game.starts)[game.layout.role_of]
    return found


def _slopes(game: Polynomials, point: Array, logs: Array | None = None) -> tuple[Array, Array]:
    """Return by how much the equations of the path fail, `(columns,)`, and slopes `(columns, + 1)`.

    For each role: probabilities add up to one; and for every strategy but its first, the logarithm of
    its odds against the first is that of the prior plus λ times what it earns more.
    """
    layout, x, precision = game.layout, np.exp(point[:-1]), point[-1]
    values, moved = (each[0] for each in game.at(x[None]))
    first = game.starts[layout.role_of]
    base = point[:-1] - (logs if logs is not None else 0.0)
    short = base - base[first] - precision * (values - values[first])
    eye = np.eye(layout.columns)
    by_logs = eye - eye[first] - precision * (moved - moved[first]) * x
    by = np.hstack([by_logs, -(values - values[first])[:, None]])
    short[game.starts] = np.add.reduceat(x, game.starts) - 1.0
    by[game.starts, :-1] = np.where(layout.role_of == np.arange(len(game.starts))[:, None], x, 0.0)
    by[game.starts, -1] = 0.0
    return short, by


def _tangent(by: Array, before: Array) -> Array:
    """Return the direction of the path that goes on from `before`, of length one."""
    square = np.vstack([by, before])
    right = np.append(np.zeros(len(by)), 1.0)
    found: Array = np.linalg.lstsq(square, right)[0]
    found /= np.linalg.norm(found)
    return found


def _corrected(
    game: Polynomials, logs: Array, point: Array, tangent: Array
) -> tuple[Array, int] | None:
    """Return the point of the path at right angles to its direction, and the steps it took."""
    at = point
    for step in range(1, 9):
        with np.errstate(over="ignore", invalid="ignore"):
            short, by = _slopes(game, at, logs)
        if not (np.isfinite(short).all() and np.isfinite(by).all()):
            return None
        full = np.append(short, tangent @ (at - point))
        change = np.linalg.lstsq(np.vstack([by, tangent]), full)[0]
        at = at - change
        if np.abs(change).max() > 5.0:
            return None
        if np.abs(change).max() < 1e-9 * max(1.0, float(np.abs(at).max())):
            return at, step
    return None
