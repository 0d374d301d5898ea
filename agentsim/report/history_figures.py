"""Pictures of the market against history: a band for each series, and the facts drawn in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.history import number_of
from agentsim.report.style import FAINT, INK, PAPER, SMALL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAND, MEDIAN = "#a9c4de", "#1f3f6e"
TITLES = {
    "company_capex": "Capex, AI and other",
    "data_center_revenue": "Data-centre revenue",
    "gross_margin": "Gross margin",
    "price_per_h100e": "Price per H100e",
    "memory_margin": "Gross margin of memory",
    "cumulative_compute": "Compute shipped so far",
}


def figure(rows: pd.DataFrame) -> Figure:
    """Return the picture of one series of one firm, a row a quarter as `compared` returns them."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(6.4, 3.6), layout="constrained")
    panel = drawn.add_subplot()
    at = np.array([number_of(each) for each in rows["quarter"]])
    low, median, high, fact = (rows[name].to_numpy() for name in ("low", "median", "high", "fact"))
    panel.fill_between(at, low, high, color=BAND, label="simulated, 90% band", zorder=1)
    panel.plot(at, median, color=MEDIAN, label="simulated, median", zorder=2)
    fitted = rows["fitted"].to_numpy()
    for part, face, label in ((fitted, INK, "fact"), (~fitted, PAPER, "fact, not to be fitted")):
        panel.plot(
            at[part], fact[part], marker="o", linestyle="none", color=INK, markerfacecolor=face,
            markersize=5, label=label, zorder=3,
        )  # fmt: skip
    panel.set_xticks(at, rows["quarter"], rotation=45, ha="right", fontsize=SMALL)
    dress(panel, rows["unit"].iloc[0], np.nanmin([*low, *fact]))
    panel.set_title(f"{TITLES[rows['series'].iloc[0]]}: {rows['firm'].iloc[0]}", loc="left")
    drawn.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=SMALL)
    return drawn


def dress(panel: Axes, unit: str, lowest: float) -> None:
    """Name the unit, start at zero where nothing lies below, and leave lines to read values by."""
    panel.set_ylabel(unit if unit != "1" else "share")
    if lowest >= 0.0:
        panel.set_ylim(0.0)
    panel.grid(axis="y", color=FAINT)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def file_of(folder: Path, series: str, firm: str) -> Path:
    """Return where the picture of a series of a firm is kept."""
    return folder / f"{series}.{firm.replace(' ', '_')}.png"


def save(found: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw every series of every firm; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for (series, firm), rows in found.groupby(["series", "firm"], sort=False):
        if len(rows) < 2:
            continue
        path = file_of(folder, str(series), str(firm))
        figure(rows).savefig(path, dpi=150)
        paths.append(path)
    return paths
