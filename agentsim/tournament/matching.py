"""Matching: who beats whom, one firm that does otherwise among rivals who all do the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.laws.numerics import Array
from agentsim.tournament.payoffs import Payoffs, over_runs
from agentsim.tournament.ranking import over_fields

if TYPE_CHECKING:
    import pandas as pd


def payoff_matrix(x: Payoffs) -> Array:
    """Return what posture i earns where all rivals follow j, in the mean over seats, `(i, j)`."""
    matrix: Array = x.means[:, x.pure].mean(axis=(0, 2)).T
    return matrix


def by_run(x: Payoffs) -> Array:
    """Return the same matrix run by run, `(i, j, runs)`; only runs that failed nowhere."""
    pure = x.payoff[:, x.pure]
    there = np.isfinite(pure).all(axis=(0, 1, 2, 3))
    runs: Array = pure[..., there].mean(axis=(0, 2)).swapaxes(0, 1)
    return runs


def invasions(x: Payoffs) -> tuple[Array, Array, Array]:
    """Return what i earns more than j where all others follow j, with its interval, `(i, j)` each.

    Above zero a single i does better than those around it: it invades. Runs are paired.
    """
    runs = by_run(x)
    more = runs - np.einsum("jjr->jr", runs)[None]
    count = len(x.postures)
    flat = over_fields(more.reshape(count * count, -1).T)
    mean, low, high = (each.reshape(count, count) for each in flat)
    return mean, low, high


def pairwise(x: Payoffs) -> pd.DataFrame:
    """Return a row a posture and a posture that all rivals follow, over seats and in each of them.

    Columns: seat; posture; rivals; payoff; ahead, low, high: payoff less that of the rivals' posture in
    the same seat, with an interval over runs.
    """
    import pandas as pd

    count = len(x.postures)
    mean, low, high = invasions(x)
    payoffs = payoff_matrix(x)
    rows = [
        ("all", x.postures[i], x.postures[j], payoffs[i, j], mean[i, j], low[i, j], high[i, j])
        for i in range(count)
        for j in range(count)
    ]
    for place, seat in enumerate(x.seats):
        runs = np.moveaxis(x.payoff[:, x.pure, place].mean(axis=0), 0, 1)
        more = runs - np.einsum("jjr->jr", runs)[None]
        for i in range(count):
            for j in range(count):
                one = more[i, j][np.isfinite(more[i, j])]
                value, least, most = (float(each[0]) for each in over_fields(one[:, None]))
                payoff = float(over_runs(runs[i, j]))
                rows.append((seat, x.postures[i], x.postures[j], payoff, value, least, most))
    columns = ["seat", "posture", "rivals", "payoff", "ahead", "low", "high"]
    return pd.DataFrame(rows, columns=columns)
