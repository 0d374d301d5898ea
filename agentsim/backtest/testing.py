"""Testing: simulated bands beside the facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.history import Known, number_of
from agentsim.backtest.measures import ACCUMULATING, MEASURES, Tables
from agentsim.errors import unknown

if TYPE_CHECKING:
    import pandas as pd

BAND = (0.05, 0.95)
FITTED_UNTIL = "2024Q4"
"""The last quarter whose facts are used to calibrate."""
COLUMNS = (
    "series", "firm", "quarter", "unit", "fact", "low", "median", "high", "ratio", "inside", "fitted",
)  # fmt: skip


def compared(facts: Sequence[Known], tables: Tables, base: str) -> pd.DataFrame:
    """Return a row a fact: simulated median and band beside it, their ratio, and whether it lies within.

    base: the quarter of the opening books. Facts before it, or after the last quarter that was
    simulated, are left out; what stood at the base is added to what accumulates.
    """
    import pandas as pd

    start = number_of(base)
    known = {each.key: each.value for each in facts}
    rows = []
    measured: dict[tuple[str, str], pd.DataFrame] = {}
    for each in facts:
        if each.series not in MEASURES:
            continue
        what = each.series, each.firm
        if what not in measured:
            measured[what] = answer(tables, *what)
        runs, quarter = measured[what], number_of(each.quarter) - start
        if quarter not in runs.columns:
            continue
        x = runs[quarter].to_numpy()
        if each.series in ACCUMULATING:
            x = x + known.get((*what, base), np.nan)
        low, median, high = np.nanquantile(x, [BAND[0], 0.5, BAND[1]])
        rows.append(
            (
                *(each.series, each.firm, each.quarter, each.unit, each.value, low, median, high),
                *(median / each.value, low <= each.value <= high),
                number_of(each.quarter) <= number_of(FITTED_UNTIL),
            )
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def answer(
    tables: Tables,
    series: str,
    firm: str,
    measures: Mapping[str, Callable[[Tables, str], pd.Series[float]]] = MEASURES,
) -> pd.DataFrame:
    """Return what answers to a series of facts, `(runs, quarters)`."""
    try:
        return measures[series](tables, firm).unstack("quarter")
    except KeyError as error:
        firms = [*tables.hyperscaler["capex"], *tables.chip_vendor["price"]]
        raise unknown(f"{series}: firm", error.args[0], firms) from None
