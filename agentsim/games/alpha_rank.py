"""Alpha-rank: how long play stays at each profile when players try something else now and then.

In a profile one player at a time, drawn at random, tries another of its strategies, drawn at random. Behind
a player stands a population of m, all alike; the mutant takes it over with probability

    rho = (1 - exp(-alpha g)) / (1 - exp(-m alpha g)),    1 / m where g = 0

where g is what it gains. Profiles are ranked by the share of time that play spends at them. Interchangeable
players are counted: c_s of them follow s, so that a move away from s is c_s times as likely, and the chain
of profiles that count has the time of the chain of players one by one, added up.

The larger alpha, the less often a mutant does well that earns less. In the limit play goes by the graph of
moves to what is better or as good, and stays in its sinks: one profile, or a cycle. Where there are
several, time is shared out among them by moves that should not be. As in the paper these all have one
small chance, epsilon of what a gain has; what is returned is the limit as epsilon goes to nothing. (The limit
of alpha itself would weigh such moves by how much they cost.)

In the model of one population (`one_population`) all players of a role come from it, all of it follow one
strategy, and a mutant of type r earns u(r, s) where the others earn u(s, r).

Sources: Omidshafiei, Papadimitriou, Piliouras, Tuyls, Rowland, Lespiau, Czarnecki, Lanctot, Perolat and
Munos (2019), Alpha-rank: multi-agent evaluation by evolution, Scientific Reports; Fudenberg and
Imhof (2006), Imitation processes with small mutations, Journal of Economic Theory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.games.best_replies import TIED, Moves, moves
from agentsim.games.chains import long_run_of_logs, sinks
from agentsim.games.profiles import Counts
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.games.game import Game

SIZE = 50
"""Players of the population behind each player."""
RARE = -2000.0
"""Logarithm of the chance that stands for epsilon: two such moves are lost beside one."""
SETTLED = 1e-6
"""Time that may yet pass from some profiles to others when alpha grows fourfold, for a ranking to be settled."""
MOST_STATES = 1000
"""States of the largest chain that is solved."""


@dataclass(frozen=True, eq=False)
class AlphaRank:
    """Shares of time, and the sinks that hold it in the limit."""

    game: Game
    alpha: float
    """In units of 1 over payoff; infinite in the limit."""
    weights: Array
    """Share of time at each profile, `(profiles,)`; of one population, at those where all are alike."""
    sinks: tuple[tuple[int, ...], ...]
    """The profiles of each sink of the graph of better and equally good moves."""
    mass: tuple[float, ...]
    """Share of time in each sink."""
    settled: bool = True
    """Whether a larger alpha would change nothing worth telling."""

    def __repr__(self) -> str:
        """Return where most of the time is spent."""
        first = [
            f"{100 * self.weights[p]:.0f}% {self.game.words(p)}"
            for p in self.ranking[:3]
            if self.weights[p] > 0.005
        ]
        return (
            f"<AlphaRank, {len(self.sinks)} sink{'s' * (len(self.sinks) > 1)}: {'; '.join(first)}>"
        )

    @property
    def ranking(self) -> tuple[int, ...]:
        """Profiles from the largest share of time to the smallest, those with next to none left out."""
        order = np.argsort(-self.weights, kind="stable")
        return tuple(order[self.weights[order] > SETTLED].tolist())


def alpha_rank(
    game: Game, alpha: float = np.inf, size: int = SIZE, one_population: bool = False
) -> AlphaRank:
    """Return the share of time at each profile, at one alpha or, infinite, in the limit.

    alpha: in units of 1 over payoff. size: m. one_population: for one role of two players alone. Raises
    AgentsimError, one line, for a game that is too large or not of one population, and for numbers out
    of their range.
    """
    if not alpha >= 0.0:
        raise AgentsimError(f"alpha = {alpha:g} is below 0; give 0 or more, or infinity")
    if size < 2:
        raise AgentsimError(f"size = {size} leaves nobody to compare with; give 2 or more")
    chain = _chain(game, one_population)
    if np.isinf(alpha):
        logs = np.where(chain.gains > 0.0, 0.0, np.where(chain.gains < 0.0, RARE, -np.log(size)))
    else:
        logs = log_fixation(alpha * chain.gains, size)
    return chain.ranked(game, alpha, logs)


def settled_alpha_rank(
    game: Game, size: int = SIZE, one_population: bool = False, most: int = 12
) -> AlphaRank:
    """Return the ranking at an alpha so large that a larger one would not change it.

    It starts where the smallest gain is told from none, and grows fourfold until no more than a
    millionth of the time passes from some profiles to others, `most` times at most; `settled` says whether
    that was reached. This is alpha's own limit, in which the cost of moves counts that should not be.
    """
    gains = np.abs(_chain(game, one_population).gains)
    least = float(gains[gains > 0.0].min(initial=np.inf))
    if np.isinf(least):  # all is as good as all else, whatever alpha
        return alpha_rank(game, 1.0, size, one_population)
    alpha = -np.log(SETTLED) / least
    found = alpha_rank(game, alpha, size, one_population)
    for _ in range(most):
        alpha *= 4.0
        before, found = found, alpha_rank(game, alpha, size, one_population)
        if 0.5 * np.abs(found.weights - before.weights).sum() <= SETTLED:
            return found
    return AlphaRank(game, alpha, found.weights, found.sinks, found.mass, settled=False)


def log_fixation(gains: Array, size: int) -> Array:
    """Return the logarithm of the chance that a mutant takes over `size - 1` others.

    gains: alpha times what it earns more than they, whatever its share of the population.
    """
    apart = np.abs(gains)
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(-np.expm1(-apart)) - np.log(-np.expm1(-size * apart))
    found: Array = np.where(apart > 0.0, odds, -np.log(size)) + (size - 1) * np.minimum(gains, 0.0)
    return found


@dataclass(frozen=True, eq=False)
class _Chain:
    """What may be tried in which state."""

    places: Counts
    """The profile of each state, `(states,)`."""
    start: Counts
    end: Counts
    players: Counts
    gains: Array
    """What a mutant gains, 0 where that is no more than rounding."""

    def ranked(self, game: Game, alpha: float, logs: Array) -> AlphaRank:
        """Return the ranking by the logarithm of the chance of success of each try."""
        states = len(self.places)
        chain = np.full((states, states), -np.inf)
        chain[self.start, self.end] = logs + np.log(self.players)
        weights = np.zeros(game.layout.count)
        weights[self.places] = long_run_of_logs(chain)
        good = self.gains >= 0.0
        closed = sinks(self.start[good], self.end[good], states)
        places = tuple(tuple(self.places[list(each)].tolist()) for each in closed)
        mass = tuple(float(weights[list(each)].sum()) for each in places)
        return AlphaRank(game, alpha, weights, places, mass)


def _chain(game: Game, one_population: bool) -> _Chain:
    if one_population:
        return _of_one_population(game)
    count = game.layout.count
    if count > MOST_STATES:
        raise AgentsimError(
            f"the game has {count:,} profiles, and alpha-rank takes {MOST_STATES:,}; "
            "declare players interchangeable, or see the sinks alone (`best_replies`)"
        )
    tried: Moves = moves(game, "any")
    gains = np.where(np.abs(tried.gains) <= TIED * game.spread, 0.0, tried.gains)
    return _Chain(np.arange(count), tried.start, tried.end, tried.players, gains)


def _of_one_population(game: Game) -> _Chain:
    layout = game.layout
    if layout.sizes != (2,):
        raise AgentsimError(
            f"roles of {list(layout.sizes)} players are no one population whose members meet in "
            "twos; give a game of one role of two, or leave one_population out"
        )
    types = layout.columns
    met = np.eye(types, dtype=np.int64)
    earned = np.array(
        [
            [game.payoffs[layout.place(met[r] + met[s]), r] for s in range(types)]
            for r in range(types)
        ]
    )
    start, end = np.nonzero(~np.eye(types, dtype=bool))
    gains = earned[end, start] - earned[start, end]
    gains = np.where(np.abs(gains) <= TIED * game.spread, 0.0, gains)
    places = np.array([layout.place(2 * each) for each in met])
    return _Chain(places, start, end, np.ones_like(start), gains)
