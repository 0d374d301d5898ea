"""Sampling: candidates held against fresh runs, and more of them where they matter, until it is enough.

What looks like an equilibrium on the runs that it was found on looks better than it is. So a candidate's
profiles, and those one deviation away, are simulated again with other luck and other draws of the marked
ranges, and only these runs say what its regret is, role by role: a gain that is nothing to one layer may be
all that another one earns. A candidate is left once the intervals of its regrets are as narrow as asked, or
it is refuted so clearly that looking several times cannot be what did it.

Where fresh runs refute one, the condition is simulated once more in all its profiles, so that luck stays paired,
and solved on these and the first runs together; what turns up is held against runs that are fresh to it. The
output says what ended all that.
"""

from __future__ import annotations

from collections import Counter
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
"""Of how far a role's payoffs reach: a gain that is no reason to deviate, and an interval that is narrow."""
CLEARLY = 3.0
"""Epsilons that all of a regret's interval lies above where it is refuted for good, in whatever round."""
FEWEST = 10
"""Fresh runs below which a round tells nothing."""
MORE = 2
"""Runs of all profiles, over the first ones, where a candidate was refuted."""
AGAIN = 100
"""The rounds of all profiles are numbered from here on: their luck is no other round's."""

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
    confirmation: Held | None = None

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


@dataclass(frozen=True, eq=False)
class Held(Confirmation):
    """What fresh runs say of a candidate: of the role that decides the verdict, but for what is named."""

    joint: float = float("nan")
    """How likely it is that no role gains more than its epsilon."""
    narrow: bool = False
    """Whether the intervals of all roles' regrets are as narrow as asked."""

    @property
    def probability(self) -> float:
        """How likely it is that no role gains more than its epsilon."""
        return self.joint


def reaches(game: Game) -> Array:
    """Return how far each role's payoffs reach, `(roles,)`."""
    parts = [game.payoffs[:, game.layout.slice(at)] for at in range(len(game.roles))]
    return np.array([float(np.nanmax(each) - np.nanmin(each)) for each in parts])


def epsilons_of(asked: EmpiricalGame, game: Game) -> Array:
    """Return the gain that is no reason to deviate, `(roles,)`, in the payoff's unit."""
    if asked.epsilon:
        return np.full(len(game.roles), asked.epsilon)
    return EPSILON * reaches(game)


def widths_of(asked: EmpiricalGame, game: Game) -> Array:
    """Return how wide the interval of a regret may be, from end to end, `(roles,)`."""
    if asked.sampling.half_width:
        return np.full(len(game.roles), 2.0 * asked.sampling.half_width)
    return NARROW * reaches(game)


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
    again = _Again(asked, [each.game for each in conditions], simulate, solve)
    used = lost = 0
    for number in range(1, s.rounds + 1):
        todo = [at for at, each in enumerate(found) if not _settled(each)]
        if not todo:
            return Sampled(tuple(found), ENOUGH, number - 1, used, lost)
        rows = _rows(asked, [found[at] for at in todo])
        cells = len(asked.cells(rows))
        wanted = s.fresh_runs * 2 ** (number - 1)
        runs = min(wanted, (s.most_runs - used) // cells)
        if runs < FEWEST:
            return Sampled(tuple(found), BUDGET, number - 1, used, lost)
        used += cells * runs
        told = simulate(rows, runs, number)
        lost += int(told.runs - told.sound.sum())
        for condition in sorted({condition for _, condition in rows}):
            payoffs = in_game(asked, tabled(told, condition).payoffs)
            for at in todo:
                if found[at].condition == condition:
                    found[at] = _held(asked, found[at], payoffs[found[at].places])
        if number < s.rounds:  # what turns up after the last round would be held against nothing
            more, cost = again.candidates(found, number, s.most_runs - used)
            found += more
            used += cost
    ended = ENOUGH if all(_settled(each) for each in found) else BUDGET if runs < wanted else ROUNDS
    return Sampled(tuple(found), ended, s.rounds, used, lost)


def _rows(asked: EmpiricalGame, todo: Sequence[Candidate]) -> Rows:
    """Return the profiles and conditions that candidates' regrets depend on."""
    if asked.reduction is not None:  # each payoff is a mean over profiles: all of them are run
        conditions = sorted({each.condition for each in todo})
        return [(p, c) for p in range(len(asked.simulated)) for c in conditions]
    return sorted({(int(p), each.condition) for each in todo for p in each.places})


def _settled(each: Candidate) -> bool:
    """Say whether a candidate needs no more runs: its regrets are known closely, or clearly too large."""
    held = each.confirmation
    if held is None:
        return False
    return held.narrow or float(held.regret.low) > CLEARLY * held.epsilon


def _held(asked: EmpiricalGame, each: Candidate, payoffs: Array) -> Candidate:
    """Return a candidate with more fresh runs of its profiles."""
    fresh = payoffs if each.fresh is None else np.concatenate([each.fresh, payoffs], axis=-1)
    return replace(each, fresh=fresh, confirmation=_told(asked, each, fresh))


def _told(asked: EmpiricalGame, each: Candidate, fresh: Array) -> Held:
    """Return what fresh runs say of a candidate, role by role, as the role has it that decides."""
    game = each.equilibrium.game
    whole = confirm(each.equilibrium, fresh, 0.0, each.places).confidence
    epsilons, widths = epsilons_of(asked, game), widths_of(asked, game)
    role_of = np.array([
        [role.name for role in game.roles].index(each.role) for each in whole.deviations
    ])  # fmt: skip
    roles = [
        Confirmation(
            replace(
                whole,
                deviations=tuple(whole.deviations[at] for at in np.flatnonzero(role_of == role)),
                by_run=whole.by_run[role_of == role],
            ),
            float(epsilons[role]),
            game.unit,
        )
        for role in range(len(game.roles))
    ]
    narrow = all(
        float(one.regret.high) - float(one.regret.low) <= width
        for one, width in zip(roles, widths, strict=True)
    )
    in_epsilons = whole.by_run / np.maximum(epsilons, np.finfo(float).tiny)[role_of][:, None]
    joint = replace(whole, by_run=in_epsilons).probability(1.0)
    worst = max(roles, key=_severity)
    return Held(worst.confidence, worst.epsilon, game.unit, joint, narrow)


def _severity(one: Confirmation) -> tuple[int, float, float]:
    """Return what decides which role has the word: its verdict, its regret, how large that may be."""
    rank = {"confirmed": 0, "open": 1, "refuted": 2}[one.verdict]
    unit = max(one.epsilon, np.finfo(float).tiny)
    return rank, float(one.regret.value) / unit, float(one.regret.high) / unit


@dataclass(eq=False)
class _Again:
    """Conditions simulated once more in all their profiles, where a candidate was refuted."""

    asked: EmpiricalGame
    games: Sequence[Game]
    simulate: Simulate
    solve: Callable[[Game], Equilibria]
    runs: dict[int, Array] = field(default_factory=dict)
    """Payoffs of all runs so far of a condition, `(profiles, columns, runs)`."""
    done: set[tuple[int, int]] = field(default_factory=set)
    """Refuted candidates, by condition and how many were known, that this was done for."""

    def candidates(
        self, found: Sequence[Candidate], number: int, left: int
    ) -> tuple[list[Candidate], int]:
        """Return candidates that more runs of all profiles give rise to, and what these cost."""
        refuted = Counter(each.condition for each in found if each.verdict == "refuted")
        todo = [c for c, count in sorted(refuted.items()) if (c, count) not in self.done]
        rows = [(p, c) for p in range(len(self.asked.simulated)) for c in todo]
        runs = MORE * self.asked.runs
        cost = len(self.asked.cells(rows)) * runs if rows else 0
        if not rows or cost > left:
            return [], 0
        self.done |= {(c, refuted[c]) for c in todo}
        told = self.simulate(rows, runs, AGAIN + number)
        new = []
        for condition in todo:
            game = self.games[condition]
            first = game.payoffs[:, :, None] if game.runs is None else game.runs
            more = in_game(self.asked, tabled(told, condition).payoffs)
            every = np.concatenate([self.runs.get(condition, first), more], axis=-1)
            self.runs[condition] = every
            known = [each.equilibrium for each in found if each.condition == condition]
            solved = self.solve(replace(game, payoffs=every.mean(axis=-1), runs=every, others={}))
            new += [
                Candidate(condition, replace(each, game=game), number, needed(each))
                for each in solved.found
                if not any(_alike(each, other) for other in known)
            ]
        return new, cost


def _alike(a: Equilibrium, b: Equilibrium, apart: float = 0.02) -> bool:
    """Say whether two candidates are one, as far as sampling tells mixtures apart."""
    if a.counts is not None and b.counts is not None:
        return bool((a.counts == b.counts).all())
    if a.mixture is None or b.mixture is None:
        return False
    return bool(np.abs(a.mixture - b.mixture).max() < apart)
