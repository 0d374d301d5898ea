"""Picture of what history says about the marked assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.printing import short
from agentsim.report.style import FAINT, INK, SMALL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

BAND, MEDIAN = "#a9c4de", "#1f3f6e"
ROW, AROUND = 0.27, 1.5
"""Inches of a range, and of what is around them."""
OPEN = 0.95
"""From this width on a range is said to be left open."""


def ranges_figure(table: pd.DataFrame) -> Figure:
    """Return the fitted ranges, the most narrowed first: what is marked, and what is left of it.

    table: of `Calibrated.table`. Every range is drawn from its low end to its high end, in equal
    parts as it is drawn from: ratios where it is wide.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    rows = table[table["fitted"]].reset_index(drop=True)
    drawn = Figure(figsize=(7.2, AROUND + ROW * len(rows)), layout="constrained")
    panel = drawn.add_subplot()
    for place, (_, row) in enumerate(rows.iterrows()):
        panel.plot([0.0, 1.0], [place, place], color=FAINT, linewidth=1.0, zorder=1)
        panel.barh(place, row["u95"] - row["u05"], 0.62, left=row["u05"], color=BAND, zorder=2)
        panel.plot(
            [row["u50"]] * 2, [place - 0.31, place + 0.31], color=MEDIAN, linewidth=2.0, zorder=3
        )
        for x, value, where in ((-0.01, row["low"], "right"), (1.01, row["high"], "left")):
            panel.text(x, place, short(value), ha=where, va="center", fontsize=SMALL, color=INK)
    told = [_named(*each) for each in zip(rows["range"], rows["width"], strict=True)]
    panel.set_yticks(np.arange(len(rows)), told, fontsize=SMALL)
    panel.tick_params(axis="y", length=0.0, pad=26.0)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    panel.set_xlim(-0.02, 1.02)
    panel.set_xticks([])
    panel.spines[:].set_visible(False)
    panel.set_title(
        "What the facts until 2024 leave of the marked ranges\n"
        f"({int((~table['fitted']).sum())} others move no target by much and stay as marked)",
        loc="left", fontsize="medium",
    )  # fmt: skip
    drawn.legend(
        handles=[
            Line2D([], [], color=FAINT, label="marked range"),
            Patch(color=BAND, label="middle 90% of the draws"),
            Line2D([], [], color=MEDIAN, linewidth=2.0, label="median"),
        ],
        loc="outside lower center", ncols=3, frameon=False, fontsize=SMALL,
    )  # fmt: skip
    return drawn


def _named(label: str, width: float) -> str:
    """Return the label of a range and what is left of its width."""
    return f"{label}  ({'open' if width >= OPEN else f'{100.0 * width:.0f}%'})"
