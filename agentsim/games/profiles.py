"""Profiles: who plays what, counted, for players of whom some may be interchangeable.

A role is a group of players with the same strategies whose payoffs depend on how many of the others
follow what, not on who they are. A player who is like no other is a role of one. A profile counts, for
every role, how many of its players follow each strategy: six players of four strategies have 84 profiles
as one role and 4,096 as six. Columns are the strategies of all roles one after the other.

With one player a role, profiles come in the order in which an array of payoffs holds them, the last
player's strategy moving fastest.

Sources: Cheng, Reeves, Vorobeychik and Wellman (2004), Notes on equilibria in symmetric games;
Wellman (2006), Methods for empirical game-theoretic analysis, AAAI.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement, product
from math import comb, factorial, prod

import numpy as np
from numpy.typing import NDArray

from agentsim.errors import AgentsimError, shown
from agentsim.laws.numerics import Array

Counts = NDArray[np.int64]

MOST_PROFILES = 20_000
"""Profiles of the largest game that is taken on."""


@dataclass(frozen=True)
class Role:
    """Players who are interchangeable, and what each of them may follow."""

    name: str
    players: tuple[str, ...]
    strategies: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a role of nobody, or one with nothing to choose."""
        if not self.players:
            raise AgentsimError(f"{self.name} has no players; give at least one")
        if len(self.strategies) < 2:
            raise AgentsimError(
                f"{self.name} has {len(self.strategies)} strategy; give it two or more, "
                "or take it out of the players"
            )
        if len(set(self.strategies)) < len(self.strategies):
            raise AgentsimError(
                f"strategies of {self.name} = {shown(list(self.strategies))} name one twice; take it out"
            )


@dataclass(frozen=True)
class Layout:
    """All profiles of some roles: `sizes` players each, with `widths` strategies each."""

    sizes: tuple[int, ...]
    widths: tuple[int, ...]

    @staticmethod
    def of(roles: tuple[Role, ...]) -> Layout:
        """Return the layout of roles. Raises AgentsimError, one line, if there are too many profiles."""
        found = Layout(
            tuple(len(each.players) for each in roles), tuple(len(e.strategies) for e in roles)
        )
        if found.count > MOST_PROFILES:
            raise AgentsimError(_too_large(roles, found))
        return found

    @property
    def count(self) -> int:
        """How many profiles there are."""
        return prod(comb(n + m - 1, n) for n, m in zip(self.sizes, self.widths, strict=True))

    @property
    def starts(self) -> tuple[int, ...]:
        """The first column of each role."""
        return tuple(sum(self.widths[:role]) for role in range(len(self.widths)))

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return sum(self.widths)

    def slice(self, role: int) -> slice:
        """Return the columns of a role."""
        return slice(self.starts[role], self.starts[role] + self.widths[role])

    @cached_property
    def role_of(self) -> Counts:
        """Which role each column is of, `(columns,)`."""
        return np.repeat(np.arange(len(self.sizes)), self.widths)

    @cached_property
    def profiles(self) -> Counts:
        """How many follow what in each profile, `(profiles, columns)`."""
        return _all_counts(self.sizes, self.widths)

    @cached_property
    def places(self) -> dict[bytes, int]:
        """The place of each profile, by its counts as bytes."""
        return {row.tobytes(): place for place, row in enumerate(self.profiles)}

    def place(self, counts: Counts) -> int:
        """Return the place of a profile. Raises KeyError if it is none."""
        return self.places[np.ascontiguousarray(counts, dtype=np.int64).tobytes()]

    @cached_property
    def moved(self) -> Counts:
        """Where a profile is after one player who follows s takes up t, `(profiles, s, t)`.

        s and t are columns of one role, s followed by somebody; everywhere else -1.
        """
        P, S = self.profiles.shape
        found = np.full((P, S, S), -1, np.int64)
        numbers = self._number(self.profiles)
        order = np.argsort(numbers)
        for s in range(S):
            part = self.slice(int(self.role_of[s]))
            there = np.flatnonzero(self.profiles[:, s])
            for t in range(part.start, part.stop):
                after = self.profiles[there].copy()
                after[:, s] -= 1
                after[:, t] += 1
                found[there, s, t] = order[np.searchsorted(numbers[order], self._number(after))]
        return found

    @cached_property
    def ways(self) -> tuple[tuple[Ways, Ways], ...]:
        """For each role: how its players may be spread, and how the others of it for one of them."""
        return tuple(
            (_spread(n, m), _spread(n - 1, m)) for n, m in zip(self.sizes, self.widths, strict=True)
        )

    def likely(self, mixture: Array, but: int | None = None) -> Array:
        """Return how likely each profile is, or what one player of role `but` meets: `(..., profiles)`.

        mixture: probabilities by column, `(..., columns)`; they need not add up to one.
        """
        found = np.ones((*mixture.shape[:-1], 1))
        for role, (all_of_it, but_one) in enumerate(self.ways):
            spread = (but_one if role == but else all_of_it).likely(mixture[..., self.slice(role)])
            joint = found[..., :, None] * spread[..., None, :]
            found = joint.reshape(*mixture.shape[:-1], -1)
        return found

    def _number(self, counts: Counts) -> Counts:
        """Return a number for each row of counts that no other profile has: its digits are counts."""
        digits = np.array([self.sizes[role] + 1 for role in self.role_of], dtype=object)
        weights = np.concatenate([[1], np.cumprod(digits[:-1])])
        if int(weights[-1]) * int(digits[-1]) < 2**62:
            found: Counts = counts @ weights.astype(np.int64)
            return found
        known = {row.tobytes(): at for at, row in enumerate(self.profiles)}
        return np.array([known[row.tobytes()] for row in counts], dtype=np.int64)

    def others(self, role: int) -> Others:
        """Return what a player of a role may meet."""
        return self._others[role]

    @cached_property
    def _others(self) -> tuple[Others, ...]:
        return tuple(self._met(role) for role in range(len(self.sizes)))

    def _met(self, role: int) -> Others:
        sizes = tuple(n - (at == role) for at, n in enumerate(self.sizes))
        counts = _all_counts(sizes, self.widths)
        part = self.slice(role)
        place = np.empty((len(counts), self.widths[role]), np.int64)
        for own in range(self.widths[role]):
            with_own = counts.copy()
            with_own[:, part.start + own] += 1
            place[:, own] = [self.places[row.tobytes()] for row in with_own]
        return Others(counts, _orders(counts, self), place)


@dataclass(frozen=True)
class Ways:
    """The ways to spread some players over strategies."""

    counts: Counts
    """How many follow what, `(ways, strategies)`."""
    orders: Array
    """In how many ways players can be told off to these counts, `(ways,)`."""

    def likely(self, mixture: Array) -> Array:
        """Return how likely each way is, `(..., ways)`, of a mixture `(..., strategies)`."""
        players = int(self.counts[0].sum())
        if players == 1:
            return mixture
        powers = mixture[..., None, :] ** np.arange(players + 1)[:, None]
        found = np.broadcast_to(self.orders, (*mixture.shape[:-1], len(self.orders)))
        for at in range(mixture.shape[-1]):
            found = found * powers[..., self.counts[:, at], at]
        return found


def _spread(players: int, strategies: int) -> Ways:
    layout = Layout((players,), (strategies,))
    return Ways(layout.profiles, _orders(layout.profiles, layout))


@dataclass(frozen=True)
class Others:
    """What a player of a role may meet: how the others of its role and the other roles play."""

    counts: Counts
    """How many of them follow what, `(met, columns)`."""
    orders: Array
    """In how many ways players can be told off to these counts, `(met,)`."""
    place: Counts
    """The place of the profile when the player follows each of its own strategies, `(met, own)`."""


def _all_counts(sizes: tuple[int, ...], widths: tuple[int, ...]) -> Counts:
    """Return all ways to spread so many players of each role over its strategies."""
    parts = [
        np.array(
            [np.bincount(chosen, minlength=m) for chosen in _choices(n, m)], dtype=np.int64
        ).reshape(-1, m)
        for n, m in zip(sizes, widths, strict=True)
    ]
    rows = product(*(range(len(part)) for part in parts))
    picked = np.array(list(rows), dtype=np.int64)
    return np.hstack([part[picked[:, at]] for at, part in enumerate(parts)])


def _choices(players: int, strategies: int) -> list[list[int]]:
    return [list(each) for each in combinations_with_replacement(range(strategies), players)]


def _orders(counts: Counts, layout: Layout) -> Array:
    """Return the product over roles of multinomial coefficients, `(rows,)`."""
    most = max(layout.sizes)
    factorials = np.array([float(factorial(n)) for n in range(most + 1)])
    found = np.ones(len(counts))
    for role in range(len(layout.sizes)):
        part = counts[:, layout.slice(role)]
        found *= factorials[part.sum(axis=1)] / factorials[part].prod(axis=1)
    return found


def orders(layout: Layout) -> Array:
    """Return in how many ways the players can be told off to each profile, `(profiles,)`."""
    return _orders(layout.profiles, layout)


def _too_large(roles: tuple[Role, ...], layout: Layout) -> str:
    """Return the line that says how large a game is, and what would make it smaller."""
    sizes = ", ".join(
        f"{role.name} {len(role.players)} x {len(role.strategies)}" for role in roles[:6]
    )
    alike = len(roles) > 1 and len({each.strategies for each in roles}) == 1
    if alike:
        n, m = len(roles), len(roles[0].strategies)
        remedy = f"as one role of {n} interchangeable players it has {comb(n + m - 1, n):,}"
    elif max(layout.sizes) > 2:
        remedy = "let fewer players stand for many (player reduction), or give fewer strategies"
    else:
        remedy = "declare players interchangeable, or give fewer strategies"
    return (
        f"the game is too large: {layout.count:,} profiles ({sizes} strategies), and at most "
        f"{MOST_PROFILES:,} are taken on; {remedy}"
    )
