"""Pictures of a forecast: bands for each series, and the facts from which it takes off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.forecasting import lines_of
from agentsim.backtest.history import Known, number_of, quarter_of
from agentsim.backtest.kinds import title
from agentsim.backtest.outlook import COUNTS, DEFAULTS, SHARES
from agentsim.report.history_figures import MEDIAN, dress, file_of
from agentsim.report.style import INK, PAPER, SMALL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.laws.numerics import Array

WIDE, MIDDLE = "#d0deec", "#8cafd2"
"""Nine runs in ten, and the middle half: steps of lightness that grey print keeps apart."""


def figure(rows: pd.DataFrame, facts: Mapping[str, float], facts_of: str = "") -> Figure:
    """Return the picture of one series of one firm, a row a quarter as `forecast` returns them.

    facts: by quarter, before and after the start of the forecast; facts_of: whose, if another's.
    """
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(6.8, 3.8), layout="constrained")
    panel = drawn.add_subplot()
    at = np.array([number_of(each) for each in rows["quarter"]])
    panel.axvline(at[0], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label="start")
    lowest = _simulated(panel, at, rows)
    known = {number_of(quarter): value for quarter, value in facts.items()}
    known = {number: value for number, value in known.items() if number <= at[-1]}
    _facts(panel, known, int(at[0]), f" ({facts_of})" if facts_of else "")
    _years(panel, min([int(at[0]), *known]), int(at[-1]))
    unit = rows["unit"].iloc[0]
    dress(panel, "share" if unit == "1" else unit, min([lowest, *known.values()]))
    name, firm = rows["series"].iloc[0], rows["firm"].iloc[0]
    panel.set_title(title(name, firm), loc="left")
    if name in (*COUNTS, *SHARES):
        panel.set_xlabel(DEFAULTS, loc="left", fontsize=SMALL)
    entries = len(panel.get_legend_handles_labels()[0])
    columns = 3 if facts_of else entries  # names of firms take two rows
    drawn.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=SMALL)
    return drawn


def _simulated(panel: Axes, at: Array, rows: pd.DataFrame) -> float:
    """Draw what was simulated; return the lowest value drawn."""
    name, mean = rows["series"].iloc[0], rows["mean"].to_numpy()
    if name in COUNTS:  # most runs have none in most quarters, so that bands would jump
        panel.bar(
            at, mean, width=0.7, color=MIDDLE, edgecolor=INK, linewidth=0.6, zorder=2,
            label="mean over runs",
        )  # fmt: skip
    elif name in SHARES:
        panel.plot(at, mean, color=MEDIAN, linewidth=1.8, label="simulated", zorder=3)
    else:
        for low, high, colour, label in (
            ("p05", "p95", WIDE, "90% of runs"),
            ("p25", "p75", MIDDLE, "50% of runs"),
        ):
            panel.fill_between(at, rows[low], rows[high], color=colour, label=label, zorder=2)
        panel.plot(at, rows["median"], color=MEDIAN, linewidth=1.8, label="median", zorder=3)
        return float(np.nanmin(rows["p05"]))
    return float(np.nanmin(mean))


def _facts(panel: Axes, known: Mapping[int, float], base: int, whose: str) -> None:
    """Draw facts by the numbers of their quarters: filled up to the base, hollow after."""
    for later, face, label in ((False, INK, "fact"), (True, PAPER, "later fact")):
        part = [(number, value) for number, value in known.items() if (number > base) is later]
        if part:
            panel.plot(
                *np.array(sorted(part)).T, marker="o", linestyle="none", color=INK,
                markerfacecolor=face, markersize=4, label=label + whose, zorder=4,
            )  # fmt: skip


def _years(panel: Axes, first: int, last: int) -> None:
    """Label the last quarter of every year, and mark the others; label all where they are few."""
    quarters = list(range(first, last + 1))
    named = [each for each in quarters if each % 4 == 3 or len(quarters) <= 8]
    panel.set_xticks(named, [quarter_of(each) for each in named], fontsize=SMALL)
    panel.set_xticks(quarters, minor=True)
    panel.tick_params(which="minor", axis="x", length=2)


def save(found: pd.DataFrame, facts: Sequence[Known], folder: Path) -> list[Path]:
    """Draw every line of a forecast; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for line in lines_of(facts, number_of(found["quarter"].iloc[0])):
        rows = found[found["series"].eq(line.series) & found["firm"].eq(line.firm)]
        if rows["mean"].isna().all():
            continue
        path = file_of(folder, line.series, line.firm)
        figure(rows, line.facts(facts), line.facts_of).savefig(path, dpi=150)
        paths.append(path)
    return paths
