"""Skill: whether fitting brought simulated markets closer to the facts that were not fitted.

A count of facts inside their bands does not tell: wide bands hold everything. The score of a band
is the continuous ranked probability score, the mean distance of its runs from the fact less half
their mean distance from each other: it is small where runs lie close to the fact, and punishes both
width and bias. Where the mean over a series' facts is half of what it is without fitting, fitting
was worth as much.

Source: Gneiting & Raftery 2007, "Strictly proper scoring rules, prediction, and estimation", Journal of
the American Statistical Association 102.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.history import Known, number_of
from agentsim.backtest.measures import Tables
from agentsim.backtest.outlook import SHARES
from agentsim.backtest.roles import input_share, role_of
from agentsim.backtest.testing import BAND, FITTED_UNTIL, answer, standing
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("series", "firm", "role", "facts", "inside", "inside_unfitted", "width", "score")


def ranked_probability_score(x: Array, fact: float) -> float:
    """Return E|x - fact| - E|x - x'| / 2 over runs `x`, `(runs,)`; 0 where all runs are the fact."""
    ordered = np.sort(x)
    n = len(ordered)
    weights = 2.0 * np.arange(1, n + 1) - n - 1.0
    apart = 2.0 * float((weights * ordered).sum()) / n**2
    return float(np.abs(ordered - fact).mean()) - apart / 2.0


def skill(
    facts: Sequence[Known],
    fitted: Tables,
    unfitted: Tables,
    base: str,
    by_rule: Collection[tuple[str, str]] = (),
) -> pd.DataFrame:
    """Return a row a series of facts after those that are fitted: facts, how many lie inside both bands,
    and, fitted over unfitted, the mean width of bands and the mean score. Below 1 fitting helped.

    base: the quarter of the opening books; by_rule: see `agentsim.backtest.roles.ruled`. The role is
    that of the last fact.
    """
    import pandas as pd

    last = number_of(FITTED_UNTIL)
    later = [each for each in facts if number_of(each.quarter) > last and each.series not in SHARES]
    both = [standing(facts, tables, base) for tables in (fitted, unfitted)]
    rows = []
    for series, firm in dict.fromkeys((each.series, each.firm) for each in later):
        known = [each for each in later if (each.series, each.firm) == (series, firm)]
        told = [_told(known, answer(tables, series, firm), number_of(base)) for tables in both]
        if not told[0]:
            continue
        (inside, width, score), (inside_2, width_2, score_2) = (np.array(each).T for each in told)
        counts = len(inside), int(inside.sum()), int(inside_2.sum())
        share = input_share(both[0], series, firm, number_of(known[-1].quarter) - number_of(base))
        role = role_of(share, (series, firm) in by_rule)
        rows.append((series, firm, role, *counts, _over(width, width_2), _over(score, score_2)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _told(
    known: Sequence[Known], runs: pd.DataFrame, base: int
) -> list[tuple[float, float, float]]:
    """Return of each fact whether it lies inside, how wide the band is, and the score."""
    found = []
    for each in known:
        quarter = number_of(each.quarter) - base
        if quarter not in runs.columns:
            continue
        x = runs[quarter].dropna().to_numpy(np.float64)
        if not len(x):
            continue
        low, high = np.quantile(x, BAND)
        score = ranked_probability_score(x, each.value)
        found.append((float(low <= each.value <= high), float(high - low), score))
    return found


def _over(x: Array, other: Array) -> float:
    """Return the mean of x over that of another; NaN where that is nothing."""
    below = float(other.mean())
    return float(x.mean()) / below if below > 0.0 else float("nan")
