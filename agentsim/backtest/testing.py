"""Testing: simulated bands beside the facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.history import Known, number_of
from agentsim.backtest.kinds import KINDS
from agentsim.backtest.measures import Tables
from agentsim.backtest.outlook import ANSWERS, SHARES
from agentsim.backtest.roles import INPUT, PARTLY, RESULT, RULE, input_share, role_of
from agentsim.errors import unknown

if TYPE_CHECKING:
    import pandas as pd

BAND = (0.05, 0.95)
FITTED_UNTIL = "2024Q4"
"""The last quarter whose facts are used to calibrate."""
COLUMNS = (
    "series", "firm", "quarter", "unit", "fact", "low", "median", "high", "ratio", "inside", "fitted",
    "role", "input_share",
)  # fmt: skip


def compared(
    facts: Sequence[Known],
    tables: Tables,
    base: str,
    by_rule: Collection[tuple[str, str]] = (),
) -> pd.DataFrame:
    """Return a row a fact: simulated median and band beside it, their ratio, and whether it lies within.

    base: the quarter of the opening books. Facts before it, or after the last quarter that was
    simulated, are left out, and so is what is yes or no in a run and has no band. `role` says whether the value was put in, see `agentsim.backtest.roles`,
    and `input_share` how much of it.
    """
    import pandas as pd

    start = number_of(base)
    tables = standing(facts, tables, base)
    rows = []
    measured: dict[tuple[str, str], pd.DataFrame] = {}
    for each in facts:
        if each.series in SHARES:
            continue
        what = each.series, each.firm
        if what not in measured:
            measured[what] = answer(tables, *what)
        runs, quarter = measured[what], number_of(each.quarter) - start
        if quarter not in runs.columns or runs[quarter].isna().all():
            continue
        low, median, high = np.nanquantile(runs[quarter].to_numpy(), [BAND[0], 0.5, BAND[1]])
        share = input_share(tables, *what, quarter)
        rows.append(
            (
                *(each.series, each.firm, each.quarter, each.unit, each.value, low, median, high),
                *(median / each.value if each.value > 0.0 else np.nan, low <= each.value <= high),
                *(
                    number_of(each.quarter) <= number_of(FITTED_UNTIL),
                    role_of(share, what in by_rule),
                    share,
                ),
            )
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def simulated(facts: Sequence[Known], tables: Tables, base: str) -> pd.DataFrame:
    """Return median and band of every series of facts in every simulated quarter, for pictures.

    Columns: series, firm, number (of the quarter, see `number_of`), low, median, high.
    """
    import pandas as pd

    tables = standing(facts, tables, base)
    found = []
    for series, firm in dict.fromkeys((each.series, each.firm) for each in facts):
        if series in SHARES:
            continue
        runs = answer(tables, series, firm).dropna(axis=1, how="all")
        if runs.columns.empty:
            continue
        bands = runs.quantile([BAND[0], 0.5, BAND[1]]).T
        bands.columns = ["low", "median", "high"]
        bands.insert(0, "number", bands.index + number_of(base))
        bands.insert(0, "firm", firm)
        bands.insert(0, "series", series)
        found.append(bands)
    return pd.concat(found, ignore_index=True)


def standing(facts: Sequence[Known], tables: Tables, base: str) -> Tables:
    """Return tables that know what compute stood at the base quarter."""
    stood = {
        each.firm: each.value
        for each in facts
        if each.series == "cumulative_compute" and each.quarter == base
    }
    return replace(tables, stood=stood)


def score(found: pd.DataFrame) -> tuple[str, str]:
    """Return what the comparison comes to: how its parts did, and the line that counts.

    What counts are facts of quarters after those that are fitted, without those set as inputs.
    """
    later = found[~found["fitted"] & (found["role"] != INPUT)]
    parts = []
    for role in (RESULT, RULE, PARTLY):
        rows = later[later["role"] == role]
        if len(rows) or role != RULE:
            parts.append(f"{role} {rows['inside'].sum()} of {len(rows)}")
    every = f"All facts: {found['inside'].sum()} of {len(found)} lie inside their 90% bands"
    inside = int(later["inside"].sum())
    percent = f"{100.0 * inside / len(later):.0f}%" if len(later) else "no facts"
    return (
        f"{every}; not fitted and not input: {', '.join(parts)}",
        f"Of {len(later)} facts after {FITTED_UNTIL}, not fitted and not input, {inside} lie inside "
        f"their 90% bands: {percent}",
    )


def answer(
    tables: Tables,
    series: str,
    firm: str,
    measures: Mapping[str, Callable[[Tables, str], pd.Series[float]]] = ANSWERS,
) -> pd.DataFrame:
    """Return what answers to a series of facts, `(runs, quarters)`."""
    try:
        return measures[series](tables, firm).unstack("quarter")
    except KeyError as error:
        firms = {
            "hyperscaler": tuple(map(str, tables.hyperscaler["capex"])),
            "chip_vendor": tuple(map(str, tables.chip_vendor["price"])),
        }
        names = KINDS[series].names(firms)
        raise unknown(f"{series}: firm", error.args[0], names) from None
