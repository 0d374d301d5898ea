"""What a player reduction costs, on a game small enough to be solved in full.

At the same mixtures: how far what a player gains by each strategy is off. And in the equilibria of the
reduced game: what a player of the full game would gain by leaving them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agentsim.games.equilibria import Equilibrium
from agentsim.games.game import Game
from agentsim.games.profiles import Counts
from agentsim.games.reduction import Players, reduce, scaled
from agentsim.laws.numerics import Array

KEY = 20120604
MIXTURES = 200


@dataclass(frozen=True, eq=False)
class ReductionError:
    """How far a reduced game is off the full one."""

    full: Game
    reduced: Game
    mixtures: Array
    """Where they are compared, `(mixtures, columns)`."""
    payoffs: Array
    """Reduced less full payoff of each strategy, `(mixtures, columns)`."""
    gains: Array
    """Reduced less full gain of each strategy over the mixture, `(mixtures, columns)`."""
    equilibria: tuple[Equilibrium, ...]
    """Those of the reduced game."""
    regrets: Array
    """What a player of the full game gains by leaving each of them, `(equilibria,)`."""

    @property
    def largest(self) -> float:
        """The largest error of any gain."""
        return float(np.abs(self.gains).max())

    @property
    def root_mean_square(self) -> float:
        """The root of the mean squared error of gains."""
        return float(np.sqrt(np.mean(self.gains**2)))

    @property
    def relative(self) -> float:
        """The largest error of any gain, as a share of how far the full game's payoffs reach."""
        return self.largest / self.full.spread if self.full.spread > 0.0 else 0.0


def reduction_error(
    full: Game, players: Players, mixtures: Array | None = None, **how: Any
) -> ReductionError:
    """Return what reducing a game costs.

    mixtures: where to compare, `(mixtures, columns)`; the pure ones, the even one and MIXTURES drawn
    evenly where not given. how: goes to the solvers of the reduced game. Raises AgentsimError, one
    line, see `reduction.reduction`.
    """
    reduced = reduce(full, players)
    at = _mixtures(full) if mixtures is None else np.asarray(mixtures, dtype=np.float64)
    payoffs = np.stack([reduced.deviations(x) - full.deviations(x) for x in at])
    gains = np.stack([reduced.gains(x) - full.gains(x) for x in at])
    found = tuple(reduced.equilibria(**how).found)
    regrets = np.array([full.regret(in_full(each, full)) for each in found])
    return ReductionError(full, reduced, at, payoffs, gains, found, regrets)


def in_full(candidate: Equilibrium, full: Game) -> Counts | Array:
    """Return what a candidate of a reduced game is in the full one.

    A mixture is itself. A pure profile in which players of a role differ has as many of each as in
    proportion, the likeliest of the roundings of `reduction.scaled` where that does not divide.
    """
    if candidate.mixture is not None:
        return candidate.mixture
    assert candidate.counts is not None
    layout = full.layout
    parts = [
        max(scaled(candidate.counts[layout.slice(at)], n), key=lambda each: each[0])[1]
        for at, n in enumerate(layout.sizes)
    ]
    return np.concatenate(parts)


def _mixtures(game: Game) -> Array:
    rng = np.random.Generator(np.random.Philox(key=[KEY, 0]))
    widths = game.layout.widths
    even = np.concatenate([np.full(m, 1.0 / m) for m in widths])
    pure = [
        np.concatenate([np.eye(m)[at % m] for m in widths]) for at in range(max(widths))
    ]  # all roles at once: the s-th strategy of each
    drawn = [np.concatenate([rng.dirichlet(np.ones(m)) for m in widths]) for _ in range(MIXTURES)]
    return np.stack([even, *pure, *drawn])
