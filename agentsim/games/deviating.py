"""Deviations: what a player of a candidate gains by another strategy, alone, run by run.

With the mixture held fixed a gain is a linear function of the payoffs, so that each run gives its own
and luck that all profiles share falls out of it. Only few profiles matter: those that the candidate
may bring about, and those that one player more, deviating, would (`needed`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.games.equilibria import Equilibrium
from agentsim.games.game import SMALL, Game
from agentsim.games.profiles import Counts
from agentsim.laws.numerics import Array


@dataclass(frozen=True)
class Deviation:
    """One player who does something else."""

    role: str
    own: str | None
    """What it does in the candidate; None where its role mixes."""
    other: str
    """What it would do instead."""

    def __str__(self) -> str:
        """Return it in words."""
        what = f"{self.role}: {self.other}"
        return what if self.own is None else f"{what} instead of {self.own}"


@dataclass(frozen=True, eq=False)
class Gains:
    """What each deviation gains."""

    deviations: tuple[Deviation, ...]
    by_run: Array
    """`(deviations, runs)`; NaN where a run failed in a profile that the gain depends on."""


def needed(candidate: Equilibrium) -> Counts:
    """Return the places of the profiles that the regret of a candidate depends on, in order."""
    places = [np.empty(0, np.int64)]
    if candidate.counts is not None:
        places += [np.array([before, after]) for *_, before, after in _moves(candidate)]
    else:
        places += [met.ravel() for _, _, met in _met(candidate)]
    return np.unique(np.concatenate(places))


def gains(candidate: Equilibrium, runs: Array | None = None, places: Counts | None = None) -> Gains:
    """Return what each deviation from a candidate gains, run by run.

    runs: payoffs `(profiles, columns, runs)`; those of the candidate's game where not given. places:
    which profile each row is where not all are there. A pure candidate's deviations are by what the
    player does, s to t, "s to s" left out; in a mixture they are by t, over what the mixture earns.
    Raises AgentsimError, one line, if the game has no runs, or profiles are missing.
    """
    game = candidate.game
    given = runs_of(game) if runs is None else runs
    row = _rows(game, candidate, given, places)
    if candidate.counts is not None:
        found = [
            (Deviation(game.roles[role].name, game.strategies[s], game.strategies[t]),
             given[row[after], t] - given[row[before], s])
            for role, s, t, before, after in _moves(candidate)
        ]  # fmt: skip
    else:
        found = []
        for role, weights, met in _met(candidate):
            part = game.layout.slice(role)
            columns = np.arange(part.start, part.stop)
            earned = np.einsum("m,mtr->tr", weights, given[row[met], columns])
            assert candidate.mixture is not None
            gained = earned - candidate.mixture[part] @ earned
            name = game.roles[role].name
            found += [
                (Deviation(name, None, game.strategies[t]), gained[t - part.start]) for t in columns
            ]
    return Gains(tuple(each for each, _ in found), np.stack([each for _, each in found]))


def whole(by_run: Array) -> Array:
    """Return gains `(deviations, runs)` at the runs that have all. Raises AgentsimError if none has."""
    there = np.isfinite(by_run).all(axis=0)
    if not there.any():
        raise AgentsimError(
            f"none of {len(there)} runs has a payoff in all profiles that the regret depends on; "
            "run the profiles that failed again"
        )
    return by_run[:, there]


def runs_of(game: Game) -> Array:
    """Return payoffs by run. Raises AgentsimError, one line, if the game has none."""
    if game.runs is None or game.runs.shape[-1] < 2:
        raise AgentsimError(
            f"game {game.name or 'of payoffs'} has one payoff a profile, so nothing says how sure it is; "
            "give payoffs by run (a column run in the table)"
        )
    return game.runs


def _moves(candidate: Equilibrium) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield role, s, t and the places before and after, for every deviation from a pure profile."""
    layout = candidate.game.layout
    assert candidate.counts is not None
    counts = np.asarray(candidate.counts, dtype=np.int64)
    before = layout.place(counts)
    for s in np.flatnonzero(counts).tolist():
        role = int(layout.role_of[s])
        part = layout.slice(role)
        for t in range(part.start, part.stop):
            if t != s:
                after = counts.copy()
                after[s] -= 1
                after[t] += 1
                yield role, s, t, before, layout.place(after)


def _met(candidate: Equilibrium) -> Iterator[tuple[int, Array, Counts]]:
    """Yield each role, how likely it is to meet what `(met,)`, and the places then `(met, own)`."""
    layout, x = candidate.game.layout, candidate.mixture
    assert x is not None
    for role in range(len(layout.sizes)):
        others = layout.others(role)
        met = (others.counts[:, x <= SMALL] == 0).all(axis=1)
        weights = others.orders[met] * np.prod(x ** others.counts[met], axis=1)
        yield role, weights, others.place[met]


def _rows(game: Game, candidate: Equilibrium, given: Array, places: Counts | None) -> Counts:
    """Return the row of each profile in what is given, -1 where it is not there."""
    if places is None:
        places = np.arange(game.layout.count)
    if given.ndim != 3 or given.shape[:2] != (len(places), game.layout.columns):
        raise AgentsimError(
            f"runs have shape {given.shape}; give ({len(places)}, {game.layout.columns}, runs): "
            "profiles, strategies, runs"
        )
    row = np.full(game.layout.count, -1)
    row[places] = np.arange(len(places))
    missing = [place for place in needed(candidate).tolist() if row[place] < 0]
    if missing:
        raise AgentsimError(
            f"{len(missing)} profiles that the candidate's regret depends on are missing, the first "
            f"{game.words(missing[0])}; give runs of each (`needed` lists them)"
        )
    return row
