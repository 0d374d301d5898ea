"""Forecasting: bands of what is to come, quarter by quarter, and later facts beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.history import Known, number_of
from agentsim.backtest.measures import ACCUMULATING, Tables
from agentsim.backtest.outlook import ANSWERS, LINES, SHARES, WHOLE, Line
from agentsim.backtest.testing import answer
from agentsim.errors import AgentsimError, shown, unknown

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.laws.numerics import Array

PERCENTILES = {"p05": 0.05, "p25": 0.25, "median": 0.50, "p75": 0.75, "p95": 0.95}
COLUMNS = (
    *("series", "firm", "quarter", "unit"), *PERCENTILES, "mean", "fact", "inside_50", "inside_90",
)  # fmt: skip
"""Of the table: a row a series, firm and quarter. What is inside is missing where no fact tells."""

UNITS = {each.series: each.unit for each in LINES if each.series in WHOLE}
"""Series that a table of facts of one's own may hold beside those of the shipped table."""


def base_of(scenario: str) -> int:
    """Return the number of the quarter of the opening books. Raises AgentsimError for no quarter."""
    try:
        return number_of(scenario)
    except AgentsimError:
        raise AgentsimError(
            f"scenario = {shown(scenario)} has no date to forecast from; take one that is a "
            "quarter, as 2025Q4"
        ) from None


def lines_of(facts: Iterable[Known], base: int) -> list[Line]:
    """Return what is told: the standing lines, and others that facts after the base ask for.

    Raises AgentsimError, one line, for facts of one firm where only the whole is simulated.
    """
    lines = list(LINES)
    told = {each.key for each in lines}
    for each in facts:
        if each.series in WHOLE:
            firms = [line.firm for line in LINES if line.series == each.series]
            if each.firm not in firms:
                raise unknown(f"{each.series}: firm", each.firm, firms)
        key = each.series, each.firm
        if each.series in ANSWERS and number_of(each.quarter) > base and key not in told:
            told.add(key)
            lines.append(Line(each.series, each.firm, each.unit))
    return lines


def forecast(facts: Sequence[Known], tables: Tables, scenario: str) -> pd.DataFrame:
    """Return a row a line and quarter, from that of the opening books on: percentiles over runs,
    mean, and the fact where it is known.

    scenario: the quarter of the opening books. Facts up to it are what the forecast starts from;
    whether a fact lies inside is said of later ones alone.
    """
    import pandas as pd

    base = base_of(scenario)
    known = {each.key: each.value for each in facts}
    rows = []
    for line in lines_of(facts, base):
        runs = answer(tables, line.series, line.firm, ANSWERS)
        if line.series in ACCUMULATING:
            runs = from_base(runs, _stood(line, known, scenario))
        for ahead in runs.columns:
            quarter = quarter_of(base + ahead)
            fact = known.get((*line.key, quarter), np.nan)
            rows.append(
                (line.series, line.firm, quarter, line.unit)
                + _row(runs[ahead].to_numpy(), fact, line.series in SHARES, later=ahead > 0)
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def from_base(runs: pd.DataFrame, stood: float) -> pd.DataFrame:
    """Return what accumulates after the base quarter, `(runs, quarters)`, on what stood there."""
    found = runs + stood
    found.insert(0, 0, stood)
    return found


def _stood(line: Line, known: Mapping[tuple[str, str, str], float], scenario: str) -> float:
    """Return the fact that a series accumulates on. Raises AgentsimError, one line, without it."""
    if (*line.key, scenario) not in known:
        raise AgentsimError(
            f"{line.series}: firm {shown(line.firm)} has no fact at {scenario} to start from; "
            "add that fact"
        )
    return known[*line.key, scenario]


def quarter_of(number: int) -> str:
    """Return the quarter of a number, as `number_of` gives it."""
    return f"{number // 4}Q{number % 4 + 1}"


def _row(x: Array, fact: float, share: bool, later: bool) -> tuple[object, ...]:
    """Return percentiles, mean, fact, and whether the fact lies in the middle half and in 90%."""
    levels = list(PERCENTILES.values())
    bands = [np.nan] * len(levels) if share else np.nanquantile(x, levels).tolist()
    inside = None, None
    if later and not share and np.isfinite(fact):
        low, lower, _, upper, high = bands
        inside = lower <= fact <= upper, low <= fact <= high
    return *bands, float(np.nanmean(x)), fact, *inside
