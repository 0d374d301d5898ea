"""Pictures of a forecast: bands for each series, and the facts from which it takes off."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.history import Known, number_of
from agentsim.backtest.outlook import key_of
from agentsim.report.history_figures import BAND, MEDIAN, TITLES, dress, file_of
from agentsim.report.style import INK, PAPER, SMALL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE = "#dbe6f1"
"""Of the band that holds nine runs in ten; BAND is that of the middle half."""

FORECAST_TITLES = TITLES | {
    "ai_capex": "AI capex",
    "installed_compute": "Chips delivered and working",
    "service_revenue": "AI service revenue",
    "service_price": "Price of AI services",
    "rent_per_h100e": "Service revenue of an H100e-hour",
    "ai_debt": "AI debt",
    "write_downs": "Hyperscalers that default",
    "defaulted_so_far": "Runs with a default so far",
}


def figure(rows: pd.DataFrame, facts: Sequence[tuple[int, float]]) -> Figure:
    """Return the picture of one series of one firm, a row a quarter as `forecast` returns them.

    facts: pairs of a quarter's number and a value, before and after the base.
    """
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(6.8, 3.8), layout="constrained")
    panel = drawn.add_subplot()
    at = np.array([number_of(each) for each in rows["quarter"]])
    share = bool(rows["median"].isna().all())
    if share:
        panel.plot(at, rows["mean"], color=MEDIAN, label="simulated", zorder=3)
    else:
        _bands(panel, at, rows)
    base = int(at[0])
    _facts(panel, facts, base)
    first = min([base, *(number for number, _ in facts)])
    _years(panel, first, int(at[-1]))
    panel.axvline(base, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1.5)
    lowest = np.nanmin([*rows["mean" if share else "p05"], *(value for _, value in facts)])
    dress(panel, rows["unit"].iloc[0], lowest)
    name, firm = rows["series"].iloc[0], rows["firm"].iloc[0]
    panel.set_title(f"{FORECAST_TITLES[name]}: {firm}", loc="left")
    drawn.legend(loc="outside lower center", ncols=5, frameon=False, fontsize=SMALL)
    return drawn


def _bands(panel: Axes, at: np.ndarray, rows: pd.DataFrame) -> None:
    """Draw nine runs in ten, the middle half, and the median."""
    for low, high, colour, label in (
        ("p05", "p95", WIDE, "90% of runs"),
        ("p25", "p75", BAND, "50% of runs"),
    ):
        panel.fill_between(at, rows[low], rows[high], color=colour, label=label, zorder=2)
    panel.plot(at, rows["median"], color=MEDIAN, linewidth=1.8, label="median", zorder=3)


def _facts(panel: Axes, facts: Sequence[tuple[int, float]], base: int) -> None:
    """Draw facts: filled up to the base, hollow after."""
    for later, face, label in ((False, INK, "fact"), (True, PAPER, "fact after the start")):
        part = [each for each in facts if (each[0] > base) is later]
        if part:
            panel.plot(
                *np.array(part).T, marker="o", linestyle="none", color=INK, markerfacecolor=face,
                markersize=4, label=label, zorder=4,
            )  # fmt: skip


def _years(panel: Axes, first: int, last: int) -> None:
    """Label the last quarter of every year, and mark the others."""
    ends = [number for number in range(first, last + 1) if number % 4 == 3]
    panel.set_xticks(ends, [f"{number // 4}Q4" for number in ends], fontsize=SMALL)
    panel.set_xticks(range(first, last + 1), minor=True)
    panel.tick_params(which="minor", axis="x", length=2)


def save(found: pd.DataFrame, facts: Sequence[Known], folder: Path) -> list[Path]:
    """Draw every series of every firm; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for (series, firm), rows in found.groupby(["series", "firm"], sort=False):
        key, last = key_of(str(series), str(firm)), number_of(rows["quarter"].iloc[-1])
        known = [
            (number_of(each.quarter), each.value)
            for each in facts
            if (each.series, each.firm) == key and number_of(each.quarter) <= last
        ]
        path = file_of(folder, str(series), str(firm))
        figure(rows, known).savefig(path, dpi=150)
        paths.append(path)
    return paths
