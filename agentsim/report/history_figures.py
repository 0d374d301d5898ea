"""Pictures of the market against history: a band for each series, and the facts drawn in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agentsim.backtest.history import number_of, quarter_of
from agentsim.backtest.kinds import title
from agentsim.backtest.roles import INPUT
from agentsim.report.style import FAINT, INK, PAPER, SMALL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAND, MEDIAN = "#a9c4de", "#1f3f6e"
MOST_NAMED = 20
"""Quarters that are named along the axis, at most."""


def figure(rows: pd.DataFrame, band: pd.DataFrame) -> Figure:
    """Return the picture of one series of one firm.

    rows: a row a fact, as `compared` returns them; band: a row a quarter, as `simulated` does.
    """
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(6.4, 3.6), layout="constrained")
    panel = drawn.add_subplot()
    number, low, median, high = (
        band[name].to_numpy() for name in ("number", "low", "median", "high")
    )
    panel.fill_between(number, low, high, color=BAND, label="simulated, 90% band", zorder=1)
    panel.plot(number, median, color=MEDIAN, label="simulated, median", zorder=2)
    _draw_facts(panel, rows)
    named = number[:: -(-len(number) // MOST_NAMED)]
    panel.set_xticks(named, map(quarter_of, named), rotation=45, ha="right", fontsize=SMALL)
    dress(panel, _label(rows), np.nanmin([*low, *rows["fact"]]))
    panel.set_title(title(rows["series"].iloc[0], rows["firm"].iloc[0]), loc="left")
    drawn.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=SMALL)
    return drawn


def _draw_facts(panel: Axes, rows: pd.DataFrame) -> None:
    """Draw facts: a cross where the calibration sets the value, a ring where none is fitted."""
    at = np.array([number_of(each) for each in rows["quarter"]])
    put_in, fitted = (rows["role"] == INPUT).to_numpy(), rows["fitted"].to_numpy()
    for part, marker, face, label in (
        (put_in, "x", INK, "fact, an input"),
        (fitted & ~put_in, "o", INK, "fact"),
        (~fitted & ~put_in, "o", PAPER, "fact, not fitted"),
    ):
        if part.any():
            panel.plot(
                at[part], rows["fact"].to_numpy()[part], marker=marker, linestyle="none", color=INK,
                markerfacecolor=face, markersize=5, label=label, zorder=3,
            )  # fmt: skip


def _label(rows: pd.DataFrame) -> str:
    """Return the unit; what has none is a share, or a ratio where it goes above one."""
    unit = str(rows["unit"].iloc[0])
    if unit != "1":
        return unit
    return "ratio" if rows["fact"].max() > 1.0 else "share"


def dress(panel: Axes, label: str, lowest: float) -> None:
    """Name the axis, start at zero where nothing lies below, and leave lines to read values by."""
    panel.set_ylabel(label)
    if (
        lowest >= 0.0
    ):  # with room above: a margin of what is drawn is little where it lies far from zero
        panel.set_ylim(0.0, 1.03 * panel.get_ylim()[1])
    panel.grid(axis="y", color=FAINT)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def file_of(folder: Path, series: str, firm: str) -> Path:
    """Return where the picture of a series of a firm is kept."""
    return folder / f"{series}.{firm.replace(' ', '_')}.png"


def save(found: pd.DataFrame, bands: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw every series of every firm; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    by = dict(iter(bands.groupby(["series", "firm"])))
    for (series, firm), rows in found.groupby(["series", "firm"], sort=False):
        path = file_of(folder, str(series), str(firm))
        figure(rows, by[series, firm]).savefig(path, dpi=150)
        paths.append(path)
    return paths
