"""Replicator dynamics: shares of a large population grow by how much better than the mean they do.

    dx_i/dt = x_i (f_i - sum_k x_k f_k),    f_i = sum_j A_ij x_j

A share that is zero stays zero, shares add up to one, and adding a number to a column of A changes
nothing. Source: Taylor and Jonker (1978), Evolutionary stable strategies and game dynamics,
Mathematical Biosciences; Hofbauer and Sigmund (1998), Evolutionary Games and Population Dynamics.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agentsim.laws.numerics import Array

Flags = NDArray[np.bool_]

STEP = 0.2
"""Time of a step, in units of the payoffs' spread: far below what curves a path."""
THERE = 1e-3
"""Share from which on a type counts as there."""
STILL = 1e-4
"""Speed of the fastest share, per unit of time, below which a mix counts as at rest."""
EQUAL = 1e-3
"""What a type that is there may earn less than the mean at rest; one that earns less yet dies out."""


@dataclass(frozen=True, eq=False)
class Reached:
    """Where mixes ended."""

    shares: Array
    """`(starts, types)`."""
    still: Flags
    """Whether each is at rest, `(starts,)`; one that is not goes on moving, in a circle perhaps."""

    def support(self, start: int) -> tuple[int, ...]:
        """Return the types that are there in the end."""
        return tuple(np.flatnonzero(self.shares[start] > THERE).tolist())


def fitness(payoffs: Array, shares: Array) -> Array:
    """Return what each type earns in a mix: `(..., types)`, as the shares.

    Payoffs of several games, `(games, types, types)`, go with shares `(games, mixes, types)`.
    """
    earned: Array = shares @ payoffs.swapaxes(-1, -2)
    return earned


def speed(payoffs: Array, shares: Array) -> Array:
    """Return dx/dt, `(..., types)`."""
    earned = fitness(payoffs, shares)
    mean = (shares * earned).sum(axis=-1, keepdims=True)
    moved: Array = shares * (earned - mean)
    return moved


def path(payoffs: Array, shares: Array, times: Sequence[float], step: float = STEP) -> Array:
    """Return shares at times from 0 on, `(times, ..., types)`, from the mixes `shares`.

    Fourth-order Runge-Kutta steps in the logarithms of shares, where a share that is zero stays so
    and none can fall below; `step` is short where payoffs differ by about one.
    """
    x = np.asarray(shares, dtype=np.float64)
    found, now = [], 0.0
    for time in times:
        count = int(np.ceil((time - now) / step - 1e-9))
        for _ in range(count):
            h = (time - now) / count
            k1, k2, k3, k4 = slopes(lambda x: fitness(payoffs, x), _grown, x, h)
            x = _grown(x, h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4))
        found.append(x)
        now = time
    return np.stack(found)


def rest(
    payoffs: Array, shares: Array, longest: float = 2000.0, step: float = STEP, look: float = 25.0
) -> Reached:
    """Return where mixes `(starts, types)` come to rest, or are after the longest time.

    Mixes at rest are looked for every `look` units of time and followed no further.
    """
    return rest_each(payoffs[None], shares, longest, step, look)[0]


def rest_each(
    payoffs: Array, shares: Array, longest: float = 2000.0, step: float = STEP, look: float = 25.0
) -> list[Reached]:
    """Return where the same mixes come to rest with each of several payoffs `(games, types, types)`.

    They are followed side by side, which takes far less time than one after the other.
    """
    games, (starts, types) = len(payoffs), shares.shape
    x = np.tile(np.asarray(shares, dtype=np.float64), (games, 1))
    game = np.repeat(np.arange(games), starts)
    still = np.zeros(len(x), dtype=bool)
    for _ in range(int(np.ceil(longest / look))):
        moving = np.flatnonzero(~still)
        if not len(moving):
            break
        x[moving], still[moving] = _followed(payoffs, game[moving], x[moving], look, step)
    ends, at_rest = x.reshape(games, starts, types), still.reshape(games, starts)
    return [Reached(*each) for each in zip(ends, at_rest, strict=True)]


def _followed(
    payoffs: Array, game: NDArray[np.int64], x: Array, time: float, step: float
) -> tuple[Array, Flags]:
    """Return mixes `(mixes, types)` of some games after some time, and whether they are at rest."""
    there, first, row, count = np.unique(
        game, return_index=True, return_inverse=True, return_counts=True
    )
    # A game's mixes stand in a row of their own; a row with fewer repeats its last.
    places = first[:, None] + np.minimum(np.arange(count.max()), count[:, None] - 1)
    wide = path(payoffs[there], x[places], [time], step)[0]
    at = (row, np.arange(len(game)) - first[row])
    return wide[at], _at_rest(payoffs[there], wide)[at]


def starting_mixes(count: int, types: int, rng: np.random.Generator) -> Array:
    """Return mixes drawn evenly from all there are, `(count, types)`: a flat Dirichlet."""
    return rng.dirichlet(np.ones(types), count)


def _at_rest(payoffs: Array, x: Array) -> Flags:
    earned = fitness(payoffs, x)
    return at_rest(x, earned - (x * earned).sum(axis=-1, keepdims=True))


def at_rest(x: Array, above: Array) -> Flags:
    """Say which mixes move no more, and are not merely near a rest point, where all is slow.

    above: what each type earns more than the mean, as x. A rare type that earns more will come back,
    however slowly; one that is still there and earns less will go.
    """
    slow = np.abs(x * above).max(axis=-1) < STILL
    invaded = ((x > 0.0) & (x <= THERE) & (above > STILL)).any(axis=-1)
    fading = ((x > THERE) & (above < -EQUAL)).any(axis=-1)
    found: Flags = slow & ~invaded & ~fading
    return found


def slopes(
    earned: Callable[[Array], Array],
    grown: Callable[[Array, Array], Array],
    x: Array,
    h: float | Array,
) -> tuple[Array, Array, Array, Array]:
    """Return how fast logarithms of shares grow at the four places of a Runge-Kutta step of time h.

    earned: what each type earns; grown: shares whose logarithms grew by so much.
    """
    k1 = earned(x)
    k2 = earned(grown(x, 0.5 * h * k1))
    k3 = earned(grown(x, 0.5 * h * k2))
    return k1, k2, k3, earned(grown(x, h * k3))


def _grown(x: Array, logs: Array) -> Array:
    """Return shares whose logarithms grew by so much, put back to a sum of one."""
    grown = x * np.exp(logs - logs.max(axis=-1, keepdims=True))
    total: Array = grown / grown.sum(axis=-1, keepdims=True)
    return total
