"""Two players: all extreme equilibria, from the corners of the best-response polytopes.

With payoffs A and B made positive, row mixtures x and column mixtures y correspond to points of

    P = {x >= 0 : B'x <= 1}        Q = {y >= 0 : A y <= 1}

A point of P bears the label of each row that it does not play and of each column that is a best reply to
it, a point of Q the other way round. A pair of corners is an equilibrium, scaled to add up to one, if it
bears all labels between them: whatever is not a best reply is not played. These are the extreme
equilibria; all others are mixtures of such, within sets where each row mixture goes with each column
mixture (maximal Nash subsets).

A game is degenerate if some mixture has more pure best replies than it plays strategies. This shows in a
corner with too many labels. If there is none, the extreme equilibria are all, an odd number of them.

Sources: Mangasarian (1964), Equilibrium points of bimatrix games, Journal of the Society for Industrial
and Applied Mathematics 12; von Stengel (2007), Equilibrium computation for two-player games in strategic
and extensive form, in Nisan, Roughgarden, Tardos and Vazirani (eds), Algorithmic Game Theory; Avis,
Rosenberg, Savani and von Stengel (2010), Enumeration of Nash equilibria for two-player games, Economic
Theory 42.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from agentsim.games.game import Game
from agentsim.laws.numerics import Array

Flags = NDArray[np.bool_]

MOST_BASES = 200_000
"""Bases of a polytope that are gone through: up to 10 strategies against 10."""

TIGHT = 1e-9
"""Distance from a bound, payoffs running from 1 to 2, at which a point is on it."""

WORST = 1e11
"""Condition of a basis above which it is taken for singular."""

BATCH = 20_000


@dataclass(frozen=True, eq=False)
class TwoPlayers:
    """The extreme equilibria of a game of two players."""

    mixtures: tuple[Array, ...]
    """`(rows + columns,)` each."""
    degenerate: bool
    """Whether some mixture has more pure best replies than it plays strategies."""
    sets: tuple[tuple[int, ...], ...]
    """The maximal Nash subsets of more than one equilibrium: which extreme equilibria span each."""


def applies(game: Game) -> bool:
    """Say whether a game is one of two players, and small enough."""
    widths, sizes = game.layout.widths, game.layout.sizes
    return sizes in ((1, 1), (2,)) and comb(widths[0] + widths[-1], widths[0]) <= MOST_BASES


def matrices(game: Game) -> tuple[Array, Array]:
    """Return what the row player and the column player earn, `(rows, columns)` each.

    Two players of one role are told apart.
    """
    layout = game.layout
    if layout.sizes == (2,):
        earned = game.payoffs[layout.others(0).place, np.arange(layout.columns)]
        return earned.T, earned  # those met are one player, in the order of strategies
    m, n = layout.widths
    places = np.arange(m * n).reshape(m, n)
    rows, columns = np.arange(m)[:, None], m + np.arange(n)
    return game.payoffs[places, rows], game.payoffs[places, columns]


def extreme_equilibria(A: Array, B: Array) -> TwoPlayers:
    """Return all extreme equilibria of the game in which row i and column j earn A[i, j] and B[i, j]."""
    m, n = A.shape
    x, x_labels = _corners(_scaled(B))
    y, swapped = _corners(_scaled(A).T)
    y_labels = np.hstack([swapped[:, n:], swapped[:, :n]])  # rows first, as in P
    degenerate = bool((x_labels.sum(axis=1) > m).any() or (y_labels.sum(axis=1) > n).any())
    lacking = (~x_labels).astype(np.float32) @ (~y_labels).astype(np.float32).T
    pairs = np.argwhere(lacking == 0.0)
    found = tuple(np.concatenate([x[i], y[j]]) for i, j in pairs)
    return TwoPlayers(found, degenerate, _nash_subsets(pairs) if degenerate else ())


def _scaled(payoffs: Array) -> Array:
    """Return payoffs between 1 and 2, or 1 where all are the same."""
    low, reach = payoffs.min(), payoffs.max() - payoffs.min()
    scaled: Array = 1.0 + (payoffs - low) / (reach if reach > 0.0 else 1.0)
    return scaled


def _corners(payoffs: Array) -> tuple[Array, Flags]:
    """Return the corners but zero of {x >= 0 : payoffs'x <= 1}, each scaled to add up to one.

    payoffs: `(own, other)`, what the other player earns. Returns corners `(corners, own)` and labels
    `(corners, own + other)`. A corner that plays k strategies solves k of the other's inequalities as
    equations, so all ways to choose k of each are gone through.
    """
    own, other = payoffs.shape
    points, labels = [np.zeros((0, own))], [np.zeros((0, own + other), bool)]
    for k in range(1, min(own, other) + 1):
        rows = np.array(list(combinations(range(own), k)))
        columns = np.array(list(combinations(range(other), k)))
        at = np.arange(len(rows) * len(columns))
        for some in np.array_split(at, max(1, len(at) // BATCH)):
            i, j = rows[some // len(columns)], columns[some % len(columns)]
            solved = _ones_by(payoffs[i[:, :, None], j[:, None, :]].swapaxes(1, 2))
            x = np.zeros((len(some), own))
            np.put_along_axis(x, i, solved, axis=1)
            slack = 1.0 - x @ payoffs
            with np.errstate(invalid="ignore"):
                good = (x >= -TIGHT).all(axis=1) & (slack >= -TIGHT).all(axis=1)
            points.append(x[good])
            labels.append(np.hstack([x[good] <= TIGHT, slack[good] <= TIGHT]))
    # A corner is where its labels' bounds meet: those with the same labels are one.
    marks, first = np.unique(np.concatenate(labels), axis=0, return_index=True)
    x = np.where(marks[:, :own], 0.0, np.concatenate(points)[first])
    return x / x.sum(axis=1, keepdims=True), marks


def _ones_by(matrices: Array) -> Array:
    """Return the solutions of M z = 1, `(matrices, k)`; NaN where M is as good as singular."""
    found = np.full(matrices.shape[:2], np.nan)
    regular = np.abs(np.linalg.det(matrices)) > 1e-200
    if regular.any():
        M = matrices[regular]
        inverse = np.linalg.inv(M)
        z = inverse.sum(axis=2)
        z += (inverse @ (1.0 - M @ z[..., None]))[..., 0]
        condition = np.abs(M).sum(axis=2).max(axis=1) * np.abs(inverse).sum(axis=2).max(axis=1)
        z[condition > WORST] = np.nan
        found[regular] = z
    return found


MOST_SETS = 1000
"""Maximal Nash subsets that are told."""


def _nash_subsets(pairs: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """Return the maximal sets of row corners and column corners of which each pair is an equilibrium.

    pairs: `(equilibria, 2)`. Only sets of more than one equilibrium are told. Column corners that go with
    all of some row corners are intersections of those that go with each.
    """
    number = {(int(i), int(j)): at for at, (i, j) in enumerate(pairs)}
    partners: dict[int, frozenset[int]] = {}
    for i, j in number:
        partners[i] = partners.get(i, frozenset()) | {j}
    closed: set[frozenset[int]] = set()
    for these in partners.values():
        closed |= {these} | {these & each for each in closed}
        if len(closed) > MOST_SETS:
            break
    sets = []
    for columns in closed - {frozenset()}:
        rows = [i for i, these in partners.items() if columns <= these]
        if len(rows) * len(columns) > 1:
            sets.append(tuple(sorted(number[i, j] for i in rows for j in columns)))
    return tuple(sorted(sets))
