"""What players earn under many mixtures at once: the polynomials of a game, scaled role by role.

What a player of a role earns by a strategy while all others mix is a polynomial in the mixture. Its
terms are what a player may meet, and these are a product over roles: so many ways in which the others of
each role may be spread over its strategies. Hence payoffs are an array with an axis a role, and a
mixture is put in by taking one axis after the other; many mixtures go side by side.

Payoffs of each role are scaled to run from 0 to 1, which changes no equilibrium.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from agentsim.games.game import Game
from agentsim.games.profiles import Counts, Layout, orders
from agentsim.laws.numerics import Array


@dataclass(frozen=True, eq=False)
class Polynomials:
    """The scaled payoffs of a game, for evaluation at mixtures `(mixtures, columns)`."""

    layout: Layout
    earned: tuple[Array, ...]
    """For each role, by how the others of each role are spread and by own strategy, `(spreads of
    role 1, ..., of the last role, own)`."""

    @staticmethod
    def of(game: Game) -> Polynomials:
        """Return the polynomials of a game."""
        layout, found = game.layout, []
        for role in range(len(layout.sizes)):
            part = layout.slice(role)
            payoffs = game.payoffs[layout.others(role).place, np.arange(part.start, part.stop)]
            reach = payoffs.max() - payoffs.min()
            scaled = (payoffs - payoffs.min()) / (reach if reach > 0.0 else 1.0)
            shape = [
                len(_spreads(n, m)) for n, m in zip(_met(layout, role), layout.widths, strict=True)
            ]
            found.append(scaled.reshape(*shape, layout.widths[role]))
        return Polynomials(layout, tuple(found))

    def at(self, mixtures: Array) -> tuple[Array, Array]:
        """Return what each strategy earns, and its slopes in the mixture.

        mixtures: `(mixtures, columns)`, not necessarily distributions. Returns `(mixtures, columns)`
        and `(mixtures, columns, by column)`.
        """
        layout, (B, C) = self.layout, mixtures.shape
        values, slopes = np.empty((B, C)), np.zeros((B, C, C))
        parts = [mixtures[:, layout.slice(q)] for q in range(len(layout.sizes))]
        for role, payoffs in enumerate(self.earned):
            own, met = layout.slice(role), _met(layout, role)
            there = [q for q, n in enumerate(met) if n]
            if not there:
                values[:, own] = payoffs.ravel()
                continue
            chances = [_chances(parts[q], met[q]) for q in there]
            shape = [payoffs.shape[q] for q in there]
            for at, left in _all_but_one(payoffs.reshape(1, *shape, -1), chances, 0):
                q = there[at]
                if at == 0:
                    values[:, own] = np.einsum("bk,bko->bo", chances[0], left)
                slopes[:, own, layout.slice(q)] = _chained(left, parts[q], met[q])
        return values, slopes

    def gains(self, mixture: Array) -> Array:
        """Return what a player would gain by each strategy alone, `(columns,)`, in units of its reach."""
        values = self.at(mixture[None])[0][0]
        mean = np.add.reduceat(mixture * values, self.starts)
        gained: Array = values - mean[self.layout.role_of]
        return gained

    @property
    def cost(self) -> float:
        """About how many times longer an evaluation takes than with 4 players of 4 strategies."""
        return max(1.0, sum(each.size for each in self.earned) / 1024)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """The first column of each role, `(roles,)`."""
        return np.array(self.layout.starts, np.int64)


def inside(
    layout: Layout, role: int, subsets: Sequence[NDArray[np.bool_]]
) -> list[NDArray[np.bool_]]:
    """Return which spreads lie in which subsets of strategies, for what a player of a role meets.

    subsets: for each role `(subsets, its strategies)`. Returns for each role `(subsets, spreads)`.
    """
    return [
        ~((_spreads(n, m)[None] > 0) & ~each[:, None, :]).any(axis=2)
        for n, m, each in zip(_met(layout, role), layout.widths, subsets, strict=True)
    ]


def _met(layout: Layout, role: int) -> list[int]:
    """Return how many of each role a player of one role meets."""
    return [n - (q == role) for q, n in enumerate(layout.sizes)]


def _spreads(players: int, strategies: int) -> Counts:
    """Return all ways to spread players over strategies, `(spreads, strategies)`, as profiles have them."""
    return Layout((players,), (strategies,)).profiles


def _chances(x: Array, players: int) -> Array:
    """Return how likely each spread of so many players is who all mix by x, `(mixtures, spreads)`."""
    if players == 0:
        return np.ones((len(x), 1))
    if players == 1:
        return x
    terms = _terms(players, x.shape[1])
    powers = np.ones((players + 1, *x.shape))
    for k in range(players):
        powers[k + 1] = powers[k] * x
    found = np.repeat(terms.orders[None], len(x), axis=0)
    for column in range(x.shape[1]):
        found *= powers[terms.counts[:, column], :, column].T
    return found


def _chained(left: Array, x: Array, players: int) -> Array:
    """Return slopes in one role's mixture, `(mixtures, own, its strategies)`.

    left: what is earned by how that role is spread, `(mixtures, spreads, own)`. A spread's chance has the
    slope: players times the chance that all but one of them are spread so with one fewer there.
    """
    if players == 1:
        return left.swapaxes(1, 2)
    above = _terms(players - 1, x.shape[1]).one_more  # (spreads of one fewer, strategies)
    slopes = np.zeros((len(x), left.shape[1], x.shape[1]))
    slopes[:, above, np.arange(x.shape[1])] = players * _chances(x, players - 1)[:, :, None]
    found: Array = left.swapaxes(1, 2) @ slopes
    return found


def _all_but_one(payoffs: Array, chances: list[Array], first: int) -> Iterator[tuple[int, Array]]:
    """Yield which role is left, and payoffs with all others' mixtures put in, `(mixtures, spreads, own)`.

    payoffs: `(mixtures or 1, spreads of each role, own)`. chances: `(mixtures, spreads)` of each role.
    What the first half of the roles have in common, that the second half is put in, is done once.
    """
    if len(chances) == 1:
        B = len(chances[0])
        yield first, np.broadcast_to(payoffs, (B, *payoffs.shape[1:]))
        return
    half = len(chances) // 2
    yield from _all_but_one(_put_in(payoffs, chances[half:], half), chances[:half], first)
    yield from _all_but_one(_put_in(payoffs, chances[:half], 0), chances[half:], first + half)


def _put_in(payoffs: Array, chances: list[Array], axis: int) -> Array:
    """Return payoffs with mixtures put in along some axes after the mixtures', from `axis` on."""
    for each in chances:
        K, before, after = each.shape[1], payoffs.shape[1 : axis + 1], payoffs.shape[axis + 2 :]
        if len(payoffs) == 1:
            flat = np.moveaxis(payoffs[0], axis, 0).reshape(K, -1)
            payoffs = (each @ flat).reshape(len(each), *before, *after)
        else:
            flat = payoffs.reshape(len(each), prod(before), K, prod(after))
            payoffs = np.einsum("bk,bikj->bij", each, flat).reshape(len(each), *before, *after)
    return payoffs


@dataclass(frozen=True)
class _Terms:
    counts: Counts
    orders: Array
    one_more: Counts
    """Which spread of one player more it is with one more at each strategy, `(spreads, strategies)`."""


_known: dict[tuple[int, int], _Terms] = {}


def _terms(players: int, strategies: int) -> _Terms:
    """Return the spreads, how many ways lead to each, and what each is with one player more."""
    key = (players, strategies)
    if key not in _known:
        layout, more = Layout((players,), (strategies,)), Layout((players + 1,), (strategies,))
        steps = np.eye(strategies, dtype=np.int64)
        above = np.array([[more.place(row + step) for step in steps] for row in layout.profiles])
        _known[key] = _Terms(layout.profiles, orders(layout), above)
    return _known[key]
