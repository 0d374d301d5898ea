"""Forecasting: bands of what is to come, quarter by quarter, and later facts beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from agentsim.backtest.asked import STANDING
from agentsim.backtest.history import Known, number_of, quarter_of
from agentsim.backtest.measures import Tables
from agentsim.backtest.outlook import COUNTS, LINES, SHARES, Line
from agentsim.backtest.testing import answer, standing
from agentsim.errors import AgentsimError, shown

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.laws.numerics import Array

PERCENTILES = {"p05": 0.05, "p25": 0.25, "median": 0.50, "p75": 0.75, "p95": 0.95}
COLUMNS = (
    *("series", "firm", "quarter", "unit"), *PERCENTILES, "mean", "fact", "inside_50", "inside_90",
)  # fmt: skip
"""Of the table: a row a series, firm and quarter. What is inside is missing where no fact tells."""


def base_of(scenario: str) -> int:
    """Return the number of the quarter of the opening books. Raises AgentsimError for no quarter."""
    try:
        return number_of(scenario)
    except AgentsimError:
        raise AgentsimError(
            f"scenario = {shown(scenario)} has no date to count quarters from; take one that "
            "is a quarter, as 2025Q4"
        ) from None


def lines_of(facts: Iterable[Known], base: int) -> list[Line]:
    """Return what is told: the standing lines, and others that facts after the base ask for.

    base: the number of the quarter of the opening books.
    """
    lines = list(LINES)
    told = {(each.series, firm) for each in LINES for firm in (each.firm, each.facts_of)}
    for each in facts:
        key = each.series, each.firm
        if number_of(each.quarter) > base and key not in told:
            told.add(key)
            lines.append(Line(each.series, each.firm))
    return lines


def forecast(facts: Sequence[Known], tables: Tables, scenario: str) -> pd.DataFrame:
    """Return a row a line and quarter, from that of the opening books on: percentiles over runs,
    mean, and the fact where it is known.

    scenario: the quarter of the opening books. Facts up to it are what the forecast starts from;
    whether a fact lies inside is said of later ones alone.
    """
    import pandas as pd

    base = base_of(scenario)
    tables = standing(facts, tables, scenario)
    rows = []
    for line in lines_of(facts, base):
        known = line.facts(facts)
        for ahead, x in enumerate(runs_of(line, tables, scenario).to_numpy().T):
            quarter = quarter_of(base + ahead)
            told = _told(x, line.series)
            fact = known.get(quarter, np.nan)
            inside = _inside(fact, told) if ahead > 0 else (None, None)
            rows.append((line.series, line.firm, quarter, line.unit, *told, fact, *inside))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def runs_of(line: Line, tables: Tables, scenario: str) -> pd.DataFrame:
    """Return a line run by run from the quarter of the opening books on, `(runs, quarters)`.

    Quarters are NaN where a measure needs more of them before. Raises AgentsimError, one line, for
    shipped compute without a fact to start from.
    """
    if line.series in STANDING and not {line.firm, "world"} <= tables.stood.keys():
        raise AgentsimError(
            f"{line.series}: firm {shown(line.firm)} has no cumulative_compute at {scenario} to start "
            "from; add that fact"
        )
    last = int(tables.market.index.get_level_values("quarter").max())
    found = answer(tables, line.series, line.firm).reindex(columns=range(last + 1))
    if line.series == "cumulative_compute":
        found[0] = tables.stood[line.firm]
    return found


def _told(x: Array, series: str) -> tuple[float, ...]:
    """Return percentiles and mean of a series over runs, `(runs,)`.

    Runs where it is no number are left out: a margin where nothing was sold.
    """
    x = x[np.isfinite(x)]
    if not len(x):
        return (np.nan,) * (len(PERCENTILES) + 1)
    if series in SHARES:
        return *(np.nan,) * len(PERCENTILES), float(x.mean())
    how: Literal["inverted_cdf", "linear"] = "inverted_cdf" if series in COUNTS else "linear"
    bands = np.quantile(x, list(PERCENTILES.values()), method=how).tolist()
    return *bands, float(x.mean())


def _inside(fact: float, told: Sequence[float]) -> tuple[bool | None, bool | None]:
    """Say whether a fact lies within the middle half of runs, and within nine in ten."""
    low, lower, _, upper, high, _ = told
    if not np.isfinite(fact) or not np.isfinite(low):
        return None, None
    return lower <= fact <= upper, low <= fact <= high
