"""Survival: what is left when postures that earn more spread, from many starting mixes.

What they earn in a mix is told from the fields that were run (see `fitness`), in units of its spread: the
standard deviation, over postures, of what they earn against the same rivals. So a unit of time, and
the strength with which players copy, mean the same in every tournament.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch.intervals import quantiles
from agentsim.games import finite_population, replicator
from agentsim.games.finite_population import Counts
from agentsim.games.replicator import Reached
from agentsim.laws.numerics import Array
from agentsim.tournament.design import Population
from agentsim.tournament.fitness import Fitness, fitness
from agentsim.tournament.payoffs import Payoffs

if TYPE_CHECKING:
    import pandas as pd

TIMES = 60
"""Times at which paths are kept."""
UNTIL = 40.0
"""Units of time that paths are shown for."""
RESAMPLES, RESAMPLED_STARTS = 100, 100
"""Resamples of the payoffs over which basins are worked out again, and mixes that each
starts from."""
KEY = 20251231
UNSETTLED = "still moving"
BETWEEN = " + "


@dataclass(frozen=True, eq=False)
class Survival:
    """What is left of each posture, as `Payoffs` has them in order."""

    postures: tuple[str, ...]
    fitness: Fitness
    """What they earn in a mix, and how far that may be believed."""
    unit: float
    """Its spread, $bn."""
    basins: pd.DataFrame
    """A row a rest point: rests_on, postures; share of starting mixes that end there; low, high: that share
    over resamples of the payoffs; inner: whether several postures live together."""
    survives: pd.DataFrame
    """A row a posture: replicator, its mean share in the end over starts, with low and high over
    resamples; players, its mean share of the simulated populations in the end; rare: its share of time
    where mutants are rare, with rare_low and rare_high over resamples."""
    times: Array
    """Of paths, `(times,)`."""
    shares: Array
    """Mean shares over starting mixes, `(times, postures)`: replicator dynamics."""
    generations: Counts
    """Of the simulated populations, `(times,)`."""
    players: Array
    """Their mean shares, `(times, postures)`."""


def survival(x: Payoffs, asked: Population, entropy: int) -> list[Survival]:
    """Return what survives by either way of telling fitness, the better one first.

    The same tournament gives the same.
    """
    told = fitness(x, RESAMPLES, _random(entropy, 0))
    return [_survival(x.postures, each, asked, entropy) for each in told]


def _survival(
    postures: tuple[str, ...], told: Fitness, asked: Population, entropy: int
) -> Survival:
    """Return what survives if this is what postures earn in a mix."""
    matrix, unit = _scaled(told.matrix)
    starts = replicator.starting_mixes(asked.starts, len(postures), _random(entropy, 1))
    times = np.linspace(0.0, UNTIL, TIMES)
    shares = replicator.path(matrix, starts, times.tolist()).mean(axis=1)
    reached = replicator.rest(matrix, starts)
    generations, players = _populations(matrix, starts, asked, _random(entropy, 2))
    few = starts[:RESAMPLED_STARTS]
    drawn = [_scaled(each)[0] for each in told.again]
    again = replicator.rest_each(np.stack(drawn), few)
    rare = np.stack([_rare(each, asked) for each in drawn])
    return Survival(
        postures, told, unit,
        _basins(postures, reached, again),
        _survives(postures, reached, again, players[-1], _rare(matrix, asked), rare),
        times, shares, generations, players,
    )  # fmt: skip


def _scaled(matrix: Array) -> tuple[Array, float]:
    """Return payoffs in units of their spread, columns around zero; and that unit."""
    around = matrix - matrix.mean(axis=0)
    unit = float(np.sqrt(np.square(around).mean()))
    return (around / unit, unit) if unit > 0.0 else (around, 1.0)


def _random(entropy: int, what: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([KEY, entropy, what])))


def _rare(matrix: Array, asked: Population) -> Array:
    return finite_population.stationary(matrix, asked.size, asked.strength)


def _populations(
    matrix: Array, starts: Array, asked: Population, rng: np.random.Generator
) -> tuple[Counts, Array]:
    """Return mean shares of simulated populations by generation, from the same starting mixes."""
    counts = finite_population.rounded(starts, asked.size)
    kept = np.unique(np.linspace(0, asked.generations, TIMES).round().astype(np.int64))
    steps = (kept * asked.size).tolist()
    found = finite_population.simulate(matrix, counts, steps, asked.strength, asked.mutation, rng)
    return kept, found.mean(axis=1) / asked.size


def _names(postures: tuple[str, ...], reached: Reached) -> list[str]:
    """Return what rest point each start came to, by the postures that are there."""
    return [
        BETWEEN.join(postures[each] for each in reached.support(start)) if still else UNSETTLED
        for start, still in enumerate(reached.still)
    ]


def _basins(postures: tuple[str, ...], reached: Reached, again: list[Reached]) -> pd.DataFrame:
    """Return which share of starting mixes ends at each rest point, with intervals over resamples."""
    import pandas as pd

    found = Counter(_names(postures, reached))
    drawn = [Counter(_names(postures, each)) for each in again]
    every = dict.fromkeys([*found, *(name for each in drawn for name in each)])
    rows = []
    for name in every:
        shares = np.array([each[name] / each.total() for each in drawn])
        low, high = (float(each) for each in quantiles(shares, [0.025, 0.975]))
        share = found[name] / found.total()
        if share or high:
            rows.append((name, share, low, high, BETWEEN in name))
    table = pd.DataFrame(rows, columns=["rests_on", "share", "low", "high", "inner"])
    order = ["share", "high"]
    return table.sort_values(order, ascending=False, kind="stable", ignore_index=True)


def _survives(
    postures: tuple[str, ...],
    reached: Reached,
    again: list[Reached],
    players: Array,
    rare: Array,
    rare_again: Array,
) -> pd.DataFrame:
    """Return what is left of each posture, the most first."""
    import pandas as pd

    ends = np.stack([each.shares.mean(axis=0) for each in again])
    tails = [0.025, 0.975]
    (low, high), (rare_low, rare_high) = (quantiles(each.T, tails) for each in (ends, rare_again))
    table = pd.DataFrame(
        {
            "posture": postures,
            "replicator": reached.shares.mean(axis=0), "low": low, "high": high,
            "players": players, "rare": rare, "rare_low": rare_low, "rare_high": rare_high,
        }
    )  # fmt: skip
    return table.sort_values("replicator", ascending=False, kind="stable", ignore_index=True)
