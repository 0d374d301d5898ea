"""How sure it is: regrets of candidates with intervals, from payoffs that are means over runs.

    >>> sure = confidence(game.equilibria().found[0])
    >>> sure.regret, sure.tempting, sure.probability(epsilon=2.0)

The candidate is held fixed and the runs are what is uncertain; all profiles meet the same luck in the
same run, and are resampled together. An interval says nothing of how the candidate was chosen: one
that was picked from many because it looked like an equilibrium on these very runs has a regret that
lies higher than it looks. `agentsim.games.confirming` holds it against fresh ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from agentsim.batch.intervals import RESAMPLES, Interval, resamples
from agentsim.errors import AgentsimError
from agentsim.games.deviating import Deviation, gains, runs_of, whole
from agentsim.games.equilibria import Equilibrium
from agentsim.games.game import Game
from agentsim.games.largest import difference_of_largest, largest
from agentsim.games.profiles import Counts
from agentsim.games.studentised import grouped, mean_interval
from agentsim.laws.numerics import Array

BLOCK = 500
"""Profiles that are resampled at a time: what is held in memory."""


@dataclass(frozen=True, eq=False)
class Tempting:
    """The deviation that gains most."""

    deviation: Deviation
    gain: Interval
    """What it gains; the interval is of this deviation, not of the largest gain."""
    share: float
    """In which share of resamples it is the one that gains most."""


@dataclass(frozen=True, eq=False)
class Confidence:
    """How sure the regret of a candidate is."""

    candidate: Equilibrium
    deviations: tuple[Deviation, ...]
    by_run: Array
    """What each deviation gains in each run, `(deviations, runs)`."""

    @property
    def runs(self) -> int:
        """How many runs it rests on."""
        return int(self.by_run.shape[1])

    @cached_property
    def gains(self) -> Interval:
        """What each deviation gains, one by one, `(deviations,)`."""
        return mean_interval(self.by_run.T)

    @cached_property
    def largest(self) -> Interval:
        """The largest gain of any deviation; below zero where all of them lose."""
        return largest(self.by_run.T)

    @cached_property
    def regret(self) -> Interval:
        """The most that a player would gain, staying put included: `largest`, but never below 0."""
        found = self.largest
        value, low, high = (
            float(np.maximum(each, 0.0)) for each in (found.value, found.low, found.high)
        )
        return Interval(value, low, high, found.n)

    @cached_property
    def resampled(self) -> Array:
        """The regret on each resample, `(RESAMPLES,)`."""
        return np.maximum(self._resampled_gains.max(axis=1), 0.0)

    def probability(self, epsilon: float = 0.0) -> float:
        """Return how likely it is that nobody gains more than epsilon: a share of resamples.

        It leans to the low side: a resample scatters about what was found, which scatters itself. Of
        an equilibrium in which one is indifferent it is about a half at epsilon = 0, and a mixed one
        never passes it; give an epsilon that matters.
        """
        return float(np.mean(self.resampled <= epsilon + self._rounding))

    def curve(self, epsilons: Any) -> Array:
        """Return `probability` for each of several epsilons, `(epsilons,)`."""
        below = np.sort(self.resampled)
        given = np.asarray(epsilons, dtype=np.float64)
        found: Array = np.searchsorted(below, given + self._rounding, side="right") / RESAMPLES
        return found

    @cached_property
    def tempting(self) -> Tempting:
        """The deviation that gains most on all runs."""
        at = int(self.by_run.mean(axis=1).argmax())
        found = mean_interval(self.by_run[at])
        share = float(np.mean(self._resampled_gains.argmax(axis=1) == at))
        return Tempting(self.deviations[at], found, share)

    @cached_property
    def _resampled_gains(self) -> Array:
        return _resampled(self.by_run.T)

    @property
    def _rounding(self) -> float:
        """What a gain may differ from zero by rounding alone."""
        return 1e-12 * self.candidate.game.spread


def confidence(
    candidate: Equilibrium, runs: Array | None = None, places: Counts | None = None
) -> Confidence:
    """Return how sure the regret of a candidate is.

    candidate: pure or mixed, an equilibrium or not. runs, places: other payoffs than those of its
    game, see `deviating.gains`. Raises AgentsimError, one line, where there are no runs.
    """
    found = gains(candidate, runs, places)
    return Confidence(candidate, found.deviations, whole(found.by_run))


def candidate(game: Game, profile: Any) -> Equilibrium:
    """Return any profile, as `Game.read` takes it, as a candidate, equilibrium or not."""
    counts, mixture = game.read(profile)
    if counts is not None:
        mixture = game.mixture_of(counts)
    return Equilibrium(game, counts, mixture)


def regret_difference(after: Equilibrium, before: Equilibrium) -> Interval:
    """Return by how much the regret of a candidate exceeds that of another, with its interval.

    They may be of two games, such as two conditions, whose runs are paired by number; the interval
    is `largest.difference_of_largest` with staying put, a gain of 0, on both sides. Raises
    AgentsimError, one line, if the games have not the same number of runs.
    """
    a, b = (_with_staying(each) for each in (after, before))
    if a.shape[1] != b.shape[1]:
        raise AgentsimError(
            f"games have {a.shape[1]} and {b.shape[1]} runs; give the same runs of both, paired"
        )
    both = whole(np.concatenate([a, b]))
    return difference_of_largest(both[: len(a)].T, both[len(a) :].T)


def _with_staying(candidate: Equilibrium) -> Array:
    by_run = gains(candidate).by_run
    return np.concatenate([np.zeros((1, by_run.shape[1])), by_run])


def share_pure(game: Game, epsilon: float = 0.0) -> Array:
    """Return how often each pure profile is an epsilon-equilibrium over resamples, `(profiles,)`.

    Profiles are resampled together, so that the shares belong to one another: what is lost by one
    is won by its neighbour. Runs that failed in any profile are left out. Raises AgentsimError, one
    line, if the game has no runs.
    """
    runs, layout = runs_of(game), game.layout
    x = runs[:, :, np.isfinite(runs[layout.profiles > 0]).all(axis=0)]
    found = game.pure_gains.copy()
    found[:, range(layout.columns), range(layout.columns)] = np.nan  # staying put
    found = found.reshape(layout.count, -1)
    count = np.isfinite(found).sum(axis=1)
    # The deviation that gains most first: it rules out most profiles in every resample, alone.
    order = np.argsort(-found, axis=1)[:, : count.max()]
    held = np.ones((layout.count, RESAMPLES), dtype=bool)
    for rank in range(order.shape[1]):
        left = np.flatnonzero(held.any(axis=1) & (count > rank))
        for part in np.array_split(left, -(-len(left) // BLOCK)) if len(left) else ():
            s, t = np.divmod(order[part, rank], layout.columns)
            by_run = x[layout.moved[part, s, t], t] - x[part, s]
            held[part] &= epsilon + 1e-12 * game.spread >= _resampled(by_run.T).T
    share: Array = held.mean(axis=1)
    return share


def _resampled(x: Array) -> Array:
    """Return means of x `(runs, columns)` on each resample, `(RESAMPLES, columns)`."""
    x = grouped(x)
    found: Array = resamples(len(x)) @ x / len(x)
    return found
