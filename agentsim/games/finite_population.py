"""Finite populations: players who now and then look at another, and copy who does better.

Two players are drawn; the first takes up what the second does with probability
1 / (1 + exp(-strength (earned by the second - earned by the first))): pairwise comparison, or the
Fermi process. Nobody plays against himself. Now and then one mutates to a type at random. A type is
fixed when all have it. Where mutants are so rare that one is fixed or gone before the next comes, the
population moves between states in which all are alike, and how long it stays in each is known.

Sources: Nowak, Sasaki, Taylor and Fudenberg (2004), Emergence of cooperation and evolutionary
stability in finite populations, Nature; Traulsen, Pacheco and Nowak (2007), Pairwise comparison and
selection temperature in evolutionary game dynamics, Journal of Theoretical Biology; Fudenberg and
Imhof (2006), Imitation processes with small mutations, Journal of Economic Theory.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agentsim.games.chains import long_run
from agentsim.laws.numerics import Array

Counts = NDArray[np.int64]


def fixation_probabilities(payoffs: Array, size: int, strength: float) -> Array:
    """Return how likely one player of type i is to take over `size - 1` of type j, `(types, types)`.

    With k of type i, what i earns less what j earns is d(k), and

        rho = 1 / (1 + sum_{m=1}^{size-1} exp(-strength sum_{k=1}^m d(k)))

    which in the neutral case is 1 / size. The Moran process whose fitness is exp(strength x payoff)
    has the same. On the diagonal stands 1 / size.
    """
    k = np.arange(1, size, dtype=np.float64)
    own = np.diag(payoffs)
    i_earns = (own[:, None, None] * (k - 1) + payoffs[:, :, None] * (size - k)) / (size - 1)
    j_earns = (payoffs.T[:, :, None] * k + own[None, :, None] * (size - k - 1)) / (size - 1)
    exponents = -strength * np.cumsum(i_earns - j_earns, axis=-1)
    # Nothing above exp(700) fits a float; such odds are none.
    found: Array = 1.0 / (1.0 + np.exp(np.minimum(exponents, 700.0)).sum(axis=-1))
    return found


def moves(payoffs: Array, size: int, strength: float) -> Array:
    """Return the chances, per mutant, of going from all of type i to all of type j; rows add to 1."""
    types = len(payoffs)
    if types == 1:
        return np.ones((1, 1))
    chances = fixation_probabilities(payoffs, size, strength).T / (types - 1)
    np.fill_diagonal(chances, 0.0)
    np.fill_diagonal(chances, 1.0 - chances.sum(axis=1))
    return chances


def stationary(payoffs: Array, size: int, strength: float) -> Array:
    """Return the share of time that all are of each type where mutants are rare, `(types,)`.

    States that are hardly ever left keep their digits (`chains.long_run`).
    """
    chain = moves(payoffs, size, strength)
    return long_run(np.maximum(chain, 1e-40))  # a state that is never left would divide by nothing


def simulate(
    payoffs: Array,
    counts: Counts,
    steps: Sequence[int],
    strength: float,
    mutation: float,
    rng: np.random.Generator,
) -> Counts:
    """Return how many are of each type after so many steps, `(len(steps), populations, types)`.

    counts: at the start, `(populations, types)`, all of one size. In a step one player of every
    population looks at another; a generation is as many steps as there are players. mutation: the
    chance that it takes a type at random instead.
    """
    n = np.array(counts, dtype=np.int64)
    populations, types = n.shape
    size, rows = int(n[0].sum()), np.arange(populations)
    found, now = [], 0
    for end in steps:
        for _ in range(end - now):
            learns = _drawn(n, size, rng)
            n[rows, learns] -= 1  # nobody looks at, or plays against, himself
            model = _drawn(n, size - 1, rng)
            # The model plays against all but itself: the learner is among them.
            learner_earns = (n * payoffs[learns]).sum(axis=1)
            model_earns = (
                (n * payoffs[model]).sum(axis=1) - payoffs[model, model] + payoffs[model, learns]
            )
            gain = (model_earns - learner_earns) / (size - 1)
            copies = rng.random(populations) < 1.0 / (
                1.0 + np.exp(np.clip(-strength * gain, -700, 700))
            )
            takes = np.where(copies, model, learns)
            mutates = rng.random(populations) < mutation
            takes = np.where(mutates, rng.integers(0, types, populations), takes)
            n[rows, takes] += 1
        now = end
        found.append(n.copy())
    return np.stack(found)


def rounded(shares: Array, size: int) -> Counts:
    """Return mixes `(populations, types)` as whole players: the largest remainders are rounded up."""
    exact = shares * size
    counts: Counts = np.floor(exact).astype(np.int64)
    left = size - counts.sum(axis=1)
    order = np.argsort(np.argsort(counts - exact, axis=1, kind="stable"), axis=1, kind="stable")
    counts += order < left[:, None]
    return counts


def _drawn(counts: Counts, total: int, rng: np.random.Generator) -> Counts:
    """Return the type of one player of each population."""
    place = rng.integers(0, total, len(counts))
    found: Counts = (np.cumsum(counts, axis=1) <= place[:, None]).sum(axis=1)
    return found
