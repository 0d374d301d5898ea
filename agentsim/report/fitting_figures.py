"""Picture of what history says about the marked assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.printing import short
from agentsim.report.style import FAINT, INK, SMALL
from agentsim.report.words import UNITS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BAND, MEDIAN = "#a9c4de", "#1f3f6e"
WIDE, ROW, AROUND = 8.2, 0.27, 2.0
"""Inches: of the picture, of a row, and of what is above and below the rows."""
LETTER, GAP = 0.64, 8.0
"""Width of a digit over its size (letters are no wider on average); points between columns."""
OPEN = 0.95
"""From this width on a range is said to be left open."""
NOTE = (
    "A row runs from the low to the high end of its marked range, in equal parts: ratios where it is wide.\n"
    "width left: middle 90% of the draws over the middle 90% of the marked range; "
    f"open: {OPEN:.0%} or more. No unit: a plain number."
)


def ranges_figure(table: pd.DataFrame) -> Figure:
    """Return the fitted ranges, the most narrowed first: what is marked, and what is left of it.

    table: of `Calibrated.table`. Every range is drawn from its low end to its high end, in equal
    parts as it is drawn from: ratios where it is wide.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    rows = table[table["fitted"]].reset_index(drop=True)
    drawn = Figure(figsize=(WIDE, AROUND + ROW * len(rows)), layout="constrained")
    panel = drawn.add_subplot()
    for place, (_, row) in enumerate(rows.iterrows()):
        panel.plot([0.0, 1.0], [place, place], color=FAINT, linewidth=1.0, zorder=1)
        panel.barh(place, row["u95"] - row["u05"], 0.62, left=row["u05"], color=BAND, zorder=2)
        panel.plot(
            [row["u50"]] * 2, [place - 0.31, place + 0.31], color=MEDIAN, linewidth=2.0, zorder=3
        )
    _columns(panel, rows)
    panel.set_ylim(len(rows) - 0.4, -1.5)
    panel.set_xlim(0.0, 1.0)
    panel.set_xticks([])
    panel.spines[:].set_visible(False)
    drawn.suptitle(
        "What the facts until 2024 leave of the marked ranges\n"
        f"({int((~table['fitted']).sum())} others move no target by much and stay as marked)",
        fontsize="medium",
    )  # fmt: skip
    drawn.legend(
        handles=[
            Line2D([], [], color=FAINT, label="marked range"),
            Patch(color=BAND, label="middle 90% of the draws"),
            Line2D([], [], color=MEDIAN, linewidth=2.0, label="median"),
        ],
        loc="outside lower center", ncols=3, frameon=False, fontsize=SMALL, title=NOTE, title_fontsize=SMALL,
    )  # fmt: skip
    return drawn


def _columns(panel: Axes, rows: pd.DataFrame) -> None:
    """Write names and low ends to the left of the rows; high ends, units and widths to the right."""
    low, high = ([name, *map(short, rows[name])] for name in ("low", "high"))
    unit = ["unit", *map(_unit, rows["range"])]
    left = ["width left", *map(_left, rows["width"])]
    panel.set_yticks(np.arange(len(rows)), rows["range"], fontsize=SMALL)
    panel.tick_params(axis="y", length=0.0, pad=_points(low) + 2 * GAP)
    after_high = GAP + _points(high) + GAP
    end = after_high + _points(unit) + GAP + _points(left)
    for texts, x, by, to in (
        (low, 0.0, -GAP, "right"), (high, 1.0, GAP, "left"), (unit, 1.0, after_high, "left"),
        (left, 1.0, end, "right"),
    ):  # fmt: skip
        for place, text in enumerate(texts, -1):
            panel.annotate(
                text, (x, place), (by, 0.0), textcoords="offset points", ha=to, va="center",
                fontsize=SMALL, color=INK, style="italic" if place < 0 else "normal",
            )  # fmt: skip


def _points(texts: list[str]) -> float:
    """Return the width of a column of text in points."""
    return LETTER * SMALL * max(map(len, texts))


def _unit(label: str) -> str:
    """Return the unit of a marked range; nothing for a plain number."""
    unit = UNITS.get(label.rpartition(".")[2], "1")
    return "" if unit == "1" else unit


def _left(width: float) -> str:
    """Return what is left of a range."""
    return "open" if width >= OPEN else f"{width:.0%}"
