"""Sampling: candidates held against fresh runs, and more of them where they matter, until it is enough.

What looks like an equilibrium on the runs that it was found on looks better than it is. So a candidate's
profiles, and those one deviation away, are simulated again with other luck and other draws of the marked
ranges, and only these runs say what its regret is. A candidate is left once the interval of its regret is
as narrow as asked. Where fresh runs refute one, the condition is solved again on all runs together, and
what turns up then is held against runs that are fresh to it. The output says which of all that ended it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from agentsim.games.confirming import Confirmation, confirm
from agentsim.games.deviating import needed
from agentsim.games.empirical.design import EmpiricalGame
from agentsim.games.empirical.payoffs import Conditioned, Payoffs, in_game, tabled
from agentsim.games.equilibria import Equilibria, Equilibrium
from agentsim.games.game import Game
from agentsim.games.profiles import Counts
from agentsim.laws.numerics import Array

Rows = Sequence[tuple[int, int]]
Simulate = Callable[[Rows, int, int], Payoffs]
"""Simulate profiles and conditions (places), so many runs, in the round of a number from 1 on."""

EPSILON, NARROW = 0.002, 0.004
"""Of how far payoffs reach: a gain that is no reason to deviate, and an interval that is narrow."""

ENOUGH = "every candidate's regret is known as closely as asked"
ROUNDS = "the rounds that were asked for are over"
BUDGET = "the budget of runs is used up"
NONE = "no fresh runs were asked for"


@dataclass(frozen=True, eq=False)
class Candidate:
    """What may be an equilibrium under a condition, and what fresh runs say of it."""

    condition: int
    equilibrium: Equilibrium
    since: int = 0
    """The round on whose runs, and earlier ones, it was found; 0 for the batch of all profiles."""
    places: Counts = field(default_factory=lambda: np.empty(0, np.int64))
    fresh: Array | None = None
    """Payoffs of its profiles on runs that are fresh to it, `(places, columns, runs)`."""
    confirmation: Confirmation | None = None

    @property
    def verdict(self) -> str:
        """Confirmed, refuted, open, or not sampled."""
        return self.confirmation.verdict if self.confirmation is not None else "not sampled"


@dataclass(frozen=True, eq=False)
class Sampled:
    """Candidates with what fresh runs say, and why sampling ended."""

    candidates: tuple[Candidate, ...]
    ended: str
    rounds: int
    runs: int
    """Fresh simulated markets, all rounds together."""
    lost: int = 0
    """Fresh runs left out as they failed in some profile or condition of their round."""


def epsilon_of(asked: EmpiricalGame, game: Game) -> float:
    """Return the gain that is no reason to deviate, in the payoff's unit."""
    return asked.epsilon or EPSILON * game.spread


def width_of(asked: EmpiricalGame, game: Game) -> float:
    """Return how wide the interval of a regret may be, from end to end."""
    return 2.0 * asked.sampling.half_width or NARROW * game.spread


def sampled(
    asked: EmpiricalGame,
    conditions: Sequence[Conditioned],
    solved: Sequence[Equilibria],
    simulate: Simulate,
    solve: Callable[[Game], Equilibria],
) -> Sampled:
    """Return the candidates of all conditions as fresh runs find them."""
    found = [
        Candidate(at, each, 0, needed(each)) for at, of in enumerate(solved) for each in of.found
    ]
    s = asked.sampling
    if not (s.fresh_runs and s.rounds) or not found:
        return Sampled(tuple(found), NONE, 0, 0)
    pools = [_Pool.of(each.game) for each in conditions]
    used = lost = 0
    for number in range(1, s.rounds + 1):
        todo = [at for at, each in enumerate(found) if not _settled(asked, each)]
        if not todo:
            return Sampled(tuple(found), ENOUGH, number - 1, used, lost)
        rows = _rows(asked, [found[at] for at in todo])
        runs = s.fresh_runs * 2 ** (number - 1)
        cost = len(asked.cells(rows)) * runs
        if used + cost > s.most_runs:
            return Sampled(tuple(found), BUDGET, number - 1, used, lost)
        used += cost
        told = simulate(rows, runs, number)
        lost += int(told.runs - told.sound.sum())
        for condition in sorted({condition for _, condition in rows}):
            payoffs = in_game(asked, tabled(told, condition).payoffs)
            pools[condition].add(payoffs)
            for at in todo:
                if found[at].condition == condition:
                    found[at] = _held(asked, found[at], payoffs[found[at].places])
        found += _others(found, pools, solve, number)
    ended = ENOUGH if all(_settled(asked, each) for each in found) else ROUNDS
    return Sampled(tuple(found), ended, s.rounds, used, lost)


def _rows(asked: EmpiricalGame, todo: Sequence[Candidate]) -> Rows:
    """Return the profiles and conditions that candidates' regrets depend on."""
    if asked.reduction is not None:  # each payoff is a mean over profiles: all of them are run
        conditions = sorted({each.condition for each in todo})
        return [(p, c) for p in range(len(asked.simulated)) for c in conditions]
    return sorted({(int(p), each.condition) for each in todo for p in each.places})


def _settled(asked: EmpiricalGame, each: Candidate) -> bool:
    """Say whether a candidate needs no more runs: it is refuted, or its regret known closely."""
    if each.confirmation is None:
        return False
    regret = each.confirmation.regret
    narrow = float(regret.high) - float(regret.low) <= width_of(asked, each.equilibrium.game)
    return narrow or each.verdict == "refuted"


def _held(asked: EmpiricalGame, each: Candidate, payoffs: Array) -> Candidate:
    """Return a candidate with more fresh runs of its profiles."""
    fresh = payoffs if each.fresh is None else np.concatenate([each.fresh, payoffs], axis=-1)
    epsilon = epsilon_of(asked, each.equilibrium.game)
    found = confirm(each.equilibrium, fresh, epsilon, each.places)
    return replace(each, fresh=fresh, confirmation=found)


def _others(
    found: Sequence[Candidate],
    pools: Sequence[_Pool],
    solve: Callable[[Game], Equilibria],
    number: int,
) -> list[Candidate]:
    """Return candidates that all runs together give rise to, where some were refuted."""
    new = []
    for condition in sorted({each.condition for each in found if each.verdict == "refuted"}):
        known = [each.equilibrium for each in found if each.condition == condition]
        for each in solve(pools[condition].game()).found:
            if not any(_alike(each, other) for other in known):
                new.append(Candidate(condition, each, number, needed(each)))
    return new


def _alike(a: Equilibrium, b: Equilibrium, apart: float = 0.02) -> bool:
    """Say whether two candidates are one, as far as sampling tells mixtures apart."""
    if a.counts is not None and b.counts is not None:
        return bool((a.counts == b.counts).all())
    if a.mixture is None or b.mixture is None:
        return False
    return bool(np.abs(a.mixture - b.mixture).max() < apart)


@dataclass(eq=False)
class _Pool:
    """Means over all runs of each profile, however many it has."""

    first: Game
    sums: Array
    counts: Array

    @staticmethod
    def of(game: Game) -> _Pool:
        runs = 1 if game.runs is None else game.runs.shape[-1]
        return _Pool(game, game.payoffs * runs, np.full(game.layout.count, float(runs)))

    def add(self, payoffs: Array) -> None:
        """Take in payoffs `(profiles, columns, runs)`; profiles that were not run are all NaN."""
        there = np.isfinite(payoffs).any(axis=(1, 2))
        self.sums[there] += payoffs[there].sum(axis=-1)
        self.counts[there] += payoffs.shape[-1]

    def game(self) -> Game:
        """Return the game of the means."""
        return replace(self.first, payoffs=self.sums / self.counts[:, None])
