"""Player reduction: few players who stand for many, each deviation kept that of a single one.

A role of n players is reduced to one of k. In a profile of the reduced game a player takes itself for
one player of the full game, and each of the other k - 1 of its role for (n - 1) / (k - 1) of those; a
player of another role, of N players reduced to K, counts as N / K. What one gains by deviating is
then what one player of the full game does, with everybody else where they are in proportion. 84 count
profiles of six players with four strategies become 20 with three; thirty players need no more.

Where the numbers do not divide, the others are rounded up or down such that each strategy has as many
as it should on the average: over u between 0 and 1, strategy t gets floor(C_t + u) - floor(C_(t-1) + u),
C the sums of the exact numbers so far, and payoffs are averages over u (a few profiles, each with the
share of u that leads to it). So the reduction is exact wherever payoffs are linear in how many others
of each role follow what, divisible or not; with others' counts squared it is off by

    (n - 1) x_t (1 - x_t) ((n - 1) / (k - 1) - 1)

times the coefficient, as few players who mix vary more than many do.

Source: Wiedenbeck and Wellman (2012), Scaling simulation-based game analysis through
deviation-preserving reduction, AAMAS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from agentsim.errors import AgentsimError, check_known
from agentsim.games.game import Game
from agentsim.games.profiles import Counts, Layout, Role
from agentsim.laws.numerics import Array

Lookup = Callable[[Counts], Array]
"""Payoffs of a profile of the full game: counts `(columns,)` to `(columns,)`, or `(columns, runs)`."""
Players = Mapping[str, int] | Sequence[int] | int
"""How many players each role is reduced to: by its name (others keep theirs), in order, or all alike."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """Which profiles of the full game stand for which of the reduced one."""

    full: tuple[Role, ...]
    reduced: tuple[Role, ...]

    @cached_property
    def layout(self) -> Layout:
        """The profiles of the reduced game."""
        return Layout.of(self.reduced)

    @cached_property
    def _terms(self) -> list[tuple[int, int, float, Counts]]:
        """What each payoff is an average of: the reduced place and column, weight, full counts."""
        found = []
        for place, counts in enumerate(self.layout.profiles):
            for own in np.flatnonzero(counts).tolist():
                for weight, full in self._met(counts, own):
                    found.append((place, own, weight, full))
        return found

    def _met(self, counts: Counts, own: int) -> list[tuple[float, Counts]]:
        """Return the full profiles that a player of a reduced one stands in, with their weights."""
        parts = []
        for at in range(len(self.full)):
            part, n = self.layout.slice(at), len(self.full[at].players)
            others = counts[part].copy()
            if part.start <= own < part.stop:
                others[own - part.start] -= 1
                n -= 1
            parts.append(scaled(others, n))
        found = []
        for chosen in product(*parts):
            full = np.concatenate([each for _, each in chosen])
            full[own] += 1
            found.append((float(np.prod([weight for weight, _ in chosen])), full))
        return found

    @cached_property
    def profiles(self) -> Counts:
        """The profiles of the full game that are needed, `(needed, columns)`, each once."""
        return np.unique(np.array([full for *_, full in self._terms]), axis=0)

    def game(self, payoffs: Array, others: Mapping[str, Array] | None = None, name: str = "",
             unit: str = "") -> Game:  # fmt: skip
        """Return the reduced game.

        payoffs: of the profiles needed, in their order, `(needed, columns)` or `(needed, columns,
        runs)`, of which payoffs are then the means. others: what else came of these, `(needed, runs)`;
        in a reduced profile it is the mean over players of what came of the profiles they stand in.
        Raises AgentsimError, one line, for another shape.
        """
        shape = (len(self.profiles), self.layout.columns)
        if payoffs.shape[:2] != shape:
            raise AgentsimError(
                f"payoffs have shape {payoffs.shape}; give {shape}, or with runs last: "
                "one row for each of the profiles needed"
            )
        row = {each.tobytes(): at for at, each in enumerate(self.profiles)}
        found = np.full((*self.layout.profiles.shape, *payoffs.shape[2:]), np.nan)
        found[self.layout.profiles > 0] = 0.0
        riding = {
            key: np.zeros((self.layout.count, x.shape[1])) for key, x in (others or {}).items()
        }
        n = sum(len(role.players) for role in self.full)
        for place, own, weight, full in self._terms:
            at = row[full.tobytes()]
            found[place, own] += weight * payoffs[at, own]
            role = int(self.layout.role_of[own])
            stands = len(self.full[role].players) / len(self.reduced[role].players)
            share = self.layout.profiles[place, own] * stands / n
            for key, x in riding.items():
                x[place] += weight * share * (others or {})[key][at]
        if payoffs.ndim == 2:
            return Game(self.reduced, found, None, riding, unit, name)
        return Game(self.reduced, found.mean(axis=-1), found, riding, unit, name)


def reduction(roles: tuple[Role, ...], players: Players) -> Reduction:
    """Return the reduction of roles to fewer players. Raises AgentsimError, one line.

    A role of one stays as it is; any other keeps two players or more: a single one would have nobody
    to stand for the others.
    """
    reduced = []
    for role, k in zip(roles, _asked(roles, players), strict=True):
        n = len(role.players)
        if not 1 <= k <= n or (k == 1 < n):
            raise AgentsimError(
                f"players of {role.name} = {k}; give {'2' if n > 1 else '1'} to {n}: of a single one "
                "there would be no others"
            )
        reduced.append(Role(role.name, role.players[:k], role.strategies))
    return Reduction(tuple(roles), tuple(reduced))


def reduce(full: Game | Lookup, players: Players, roles: tuple[Role, ...] | None = None) -> Game:
    """Return the reduced game of a full one, or of a lookup of its payoffs.

    roles: of the full game, for a lookup, which is asked once for each of `Reduction.profiles`; the
    full game may then be too large to be laid out. Raises AgentsimError, one line, see `reduction`.
    """
    if isinstance(full, Game):
        asked = reduction(full.roles, players)
        at = [full.layout.place(each) for each in asked.profiles]
        payoffs = full.payoffs if full.runs is None else full.runs
        others = {key: x[at] for key, x in full.others.items()}
        return asked.game(payoffs[at], others, full.name, full.unit)
    if roles is None:
        raise AgentsimError("a lookup does not say who plays; give roles as well")
    asked = reduction(roles, players)
    return asked.game(np.stack([full(each) for each in asked.profiles]))


def scaled(counts: Counts, total: int) -> list[tuple[float, Counts]]:
    """Return counts in proportion that add up to total, `(weight, counts)`, right on the average.

    Each is the exact number rounded up or down; weights add up to one. One alone where it divides.
    """
    size = int(counts.sum())
    if size == 0 or total == 0:
        return [(1.0, np.zeros_like(counts))]
    sums = np.concatenate([[0], np.cumsum(counts)]) * total  # in units of 1 / size: no rounding
    starts = np.unique(-sums % size)
    found: dict[bytes, tuple[float, Counts]] = {}
    for start, end in zip(starts, np.append(starts[1:], size), strict=True):
        each = np.diff((sums + start) // size)
        weight = found[each.tobytes()][0] if each.tobytes() in found else 0.0
        found[each.tobytes()] = (weight + float(end - start) / size, each)
    return list(found.values())


def _asked(roles: tuple[Role, ...], players: Players) -> list[int]:
    names = [role.name for role in roles]
    if isinstance(players, Mapping):
        for name in players:
            check_known("role", name, names)
        return [int(players.get(role.name, len(role.players))) for role in roles]
    if isinstance(players, int):
        return [min(players, len(role.players)) for role in roles]
    given: list[Any] = list(players)
    if len(given) != len(roles):
        raise AgentsimError(f"players = {given} for {len(roles)} roles; give one for each: {names}")
    return [int(each) for each in given]
