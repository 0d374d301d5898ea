"""Fitness: what postures earn in any mix of rivals, told from the fields that were run, in two ways.

pairwise  what i earns where all rivals do j, weighted by how many do: the usual way, and exact where
          rivals are one. A mix is taken to be so much of one pure field and so much of another
fields    a line through the mixed fields: what i is ahead of the others there, by the rivals' shares;
          least squares that keep slopes small (ridge), as far as telling fields left out asks for

Either is a matrix, so that i earns sum_j A_ij x_j in a mix x. How well it tells mixed fields is told
beside it, on fields that it was not made of: dynamics are to be believed no more than that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.laws.numerics import Array
from agentsim.tournament.matching import by_run
from agentsim.tournament.payoffs import Payoffs

PAIRWISE, FIELDS = "pairwise", "fields"
PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 1e6)
"""Of slopes, over the shares' sum of squares; the last one leaves a constant for each posture."""


@dataclass(frozen=True, eq=False)
class Fitness:
    """Payoffs in mixes, and how far they may be believed."""

    kind: str
    matrix: Array
    """What i earns a share j of rivals, `(i, j)`; a number a column is of no account."""
    again: Array
    """The same with runs (pairwise) or fields drawn again, `(resamples, i, j)`."""
    r_squared: float
    """Of what postures are ahead of each other in mixed fields, the mean over seats: 1 is all of it,
    0 no better than that all are alike, below 0 worse."""
    best: float
    """Share of mixed fields in which the posture that should be best is."""


def fitness(x: Payoffs, resamples: int, rng: np.random.Generator) -> list[Fitness]:
    """Return fitness told in both ways, the one that tells mixed fields better first."""
    found = [_pairwise(x, resamples, rng), _by_fields(x, resamples, rng)]
    return sorted(found, key=lambda each: -each.r_squared)


def _mixes(x: Payoffs) -> tuple[Array, Array]:
    """Return the rivals' shares in mixed fields and what postures are ahead there, over seats."""
    return x.rivals[x.mixed].mean(axis=1), x.ahead[:, x.mixed].mean(axis=(0, 2))


def _told(told: Array, ahead: Array) -> tuple[float, float]:
    """Return R squared, and in which share of fields the best posture is told."""
    told = told - told.mean(axis=1, keepdims=True)
    spread = float(np.square(ahead).sum())
    r_squared = 1.0 - float(np.square(ahead - told).sum()) / spread if spread else float("nan")
    return r_squared, float((told.argmax(axis=1) == ahead.argmax(axis=1)).mean())


def _pairwise(x: Payoffs, resamples: int, rng: np.random.Generator) -> Fitness:
    runs = by_run(x)
    matrix = runs.mean(axis=2)
    shares, ahead = _mixes(x)
    drawn = rng.integers(0, runs.shape[2], (resamples, runs.shape[2]))
    again = np.stack([runs[:, :, rows].mean(axis=2) for rows in drawn])
    return Fitness(PAIRWISE, matrix, again, *_told(shares @ matrix.T, ahead))


def _by_fields(x: Payoffs, resamples: int, rng: np.random.Generator) -> Fitness:
    shares, ahead = _mixes(x)
    told = {each: _left_out(shares, ahead, each) for each in PENALTIES}
    penalty = min(told, key=lambda each: float(np.square(ahead - told[each]).sum()))
    drawn = rng.integers(0, len(shares), (resamples, len(shares)))
    again = np.stack([fitted(shares[rows], ahead[rows], penalty) for rows in drawn])
    matrix = fitted(shares, ahead, penalty)
    return Fitness(FIELDS, matrix, again, *_told(told[penalty], ahead))


def fitted(shares: Array, ahead: Array, penalty: float) -> Array:
    """Return the matrix whose products with shares lie closest to what postures are ahead, `(i, j)`.

    shares, ahead: `(fields, postures)`. The mean over fields is met exactly, slopes are held small.
    """
    middle, mean = shares.mean(axis=0), ahead.mean(axis=0)
    around = shares - middle
    squares = around.T @ around
    weight = penalty * max(float(np.trace(squares)) / len(squares), 1e-12)
    slopes = np.linalg.solve(squares + weight * np.eye(len(squares)), around.T @ (ahead - mean))
    # Shares add up to one, so that a constant is one number in all columns.
    matrix: Array = (mean - middle @ slopes + slopes).T
    return matrix


def _left_out(shares: Array, ahead: Array, penalty: float) -> Array:
    """Return what is told of each field by a line through the others."""
    told = np.empty_like(ahead)
    for at in range(len(shares)):
        rest = np.arange(len(shares)) != at
        told[at] = fitted(shares[rest], ahead[rest], penalty) @ shares[at]
    return told
