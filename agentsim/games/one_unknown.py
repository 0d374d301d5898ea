"""Interchangeable players with two strategies: all equilibria in which they mix alike.

One number, the probability p of the second strategy, says it all. With n players, what the second earns
more than the first is a polynomial in p whose coefficients in Bernstein's basis are what it earns more
where k of the others follow it:

    d(p) = sum_k C(n-1, k) p^k (1 - p)^(n-1-k) (u_2(k) - u_1(k))

Players mix in equilibrium where d is zero. Within an interval a polynomial has no more zeros than its
coefficients there change sign, so halving the interval until they change it once, or never, finds all.

Sources: Peña, Lehmann and Nöldeke (2014), Gains from switching and evolutionary stability in
multi-player matrix games, Journal of Theoretical Biology 346, for the game; Lane and Riesenfeld (1981),
Bounds on a polynomial, BIT 21, for the method.
"""

from __future__ import annotations

import numpy as np

from agentsim.games.game import Game
from agentsim.laws.numerics import Array

ZERO = 1e-13
"""Coefficient, in units of the largest, that is taken for rounding."""

NARROW = 1e-9
"""Width at which an interval that may hold two zeros is taken for a zero of even order."""

APART = 1e-6
"""Distance of zeros that are told apart. Of even order, one is not known to more digits than this."""


FLAT = 1e-11
"""Value between two zeros, in units of the largest coefficient, below which they are one of high order."""


def applies(game: Game) -> bool:
    """Say whether a game is of interchangeable players with two strategies."""
    return game.layout.widths == (2,) and game.layout.sizes[0] > 1


def mixtures(game: Game) -> list[Array] | None:
    """Return all mixtures that are equilibria, but the pure ones, `(columns,)` each.

    None if every mixture is one: nothing is ever gained by either strategy.
    """
    n = game.layout.sizes[0]
    others = game.layout.others(0)
    gain = np.empty(n)
    earned = game.payoffs[others.place, np.arange(2)]
    gain[others.counts[:, 1]] = earned[:, 1] - earned[:, 0]
    largest = np.abs(earned).max()
    if np.abs(gain).max() <= ZERO * max(largest, 1e-300):
        return None
    roots = zeros(gain / np.abs(gain).max())
    return [np.array([1.0 - p, p]) for p in roots if 0.0 < p < 1.0]


def zeros(coefficients: Array) -> list[float]:
    """Return all zeros within (0, 1) of a polynomial in Bernstein's basis, in order.

    coefficients: `(degree + 1,)`, of order one. A zero of even order comes once. Zeros nearer than 1e-6
    to an end are taken for the end.
    """
    near: list[list[float]] = [[0.0]]
    for p in [*sorted(_within(coefficients, 0.0, 1.0)), 1.0]:
        between = abs(_value(coefficients, 0.5 * (p + near[-1][-1])))
        if p - near[-1][-1] < APART or between < FLAT:
            near[-1].append(p)
        else:
            near.append([p])
    return [float(np.mean(each)) for each in near[1:-1]]


def _within(c: Array, low: float, high: float) -> list[float]:
    signs = np.sign(np.where(np.abs(c) <= ZERO, 0.0, c))
    there = signs[signs != 0.0]
    if not len(there):  # about a zero of even order
        return [0.5 * (low + high)]
    changes = int((np.diff(there) != 0.0).sum())
    ends = [at for at, sign in ((low, signs[0]), (high, signs[-1])) if sign == 0.0]
    touching = bool((signs[1:-1] == 0.0).any())
    if changes == 0 and not touching:
        return ends
    if changes == 1 and not ends and not touching:
        return [_only(c, low, high)]
    middle = 0.5 * (low + high)
    if high - low <= NARROW:
        return [middle]
    left, right = _halves(c)
    return ends + _within(left, low, middle) + _within(right, middle, high)


def _halves(c: Array) -> tuple[Array, Array]:
    """Return the coefficients on each half of the interval: de Casteljau's algorithm."""
    left, right, row = [c[0]], [c[-1]], c
    while len(row) > 1:
        row = 0.5 * (row[:-1] + row[1:])
        left.append(row[0])
        right.append(row[-1])
    return np.array(left), np.array(right[::-1])


def _only(c: Array, low: float, high: float) -> float:
    """Return the only zero in an interval, to the last digit, by Brent's method."""
    from scipy.optimize import brentq

    t = brentq(lambda t: _value(c, t), 0.0, 1.0, xtol=1e-15, rtol=4 * np.finfo(float).eps)
    return float(low + (high - low) * t)


def _value(c: Array, t: float) -> float:
    """Return the polynomial at t, by de Casteljau's algorithm."""
    while len(c) > 1:
        c = (1.0 - t) * c[:-1] + t * c[1:]
    return float(c[0])
