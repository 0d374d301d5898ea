"""The picture of what learners learn: how near to joint profit they come, and how sessions differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentsim.report.style import FAINT, INK, LOOKS, PAPER

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

HEIGHT = 0.36
"""Inches a learner."""
LEFT, RIGHT = -0.4, 1.1
"""Ends of the axis; what lies farther to the left is told in numbers."""


def collusion(found: pd.DataFrame) -> Figure:
    """Draw the collusion index of each learner: the mean, its interval, and 90% of sessions."""
    from matplotlib.figure import Figure as New
    from matplotlib.lines import Line2D

    figure = New(figsize=(8.2, HEIGHT * len(found) + 1.6), layout="constrained", facecolor=PAPER)
    axes = figure.subplots()
    look = LOOKS[0]
    axes.set_xlim(LEFT, RIGHT)
    for place, row in enumerate(found.to_dict("records")):
        if row["mean"] < LEFT:
            told = f"◂ {row['mean']:.2f}, sessions {row['q05']:.2f} to {row['q95']:.2f}"
            words = told.replace("-", "−")
            paper = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}
            axes.text(LEFT, place, words, va="center", fontsize=8.5, color=look.colour, bbox=paper)
            continue
        axes.plot(
            [row["q05"], row["q95"]], [place, place], color=FAINT, lw=7, solid_capstyle="butt"
        )
        axes.plot([row["low"], row["high"]], [place, place], color=look.colour, lw=2)
        axes.plot(row["mean"], place, marker=look.marker, ms=5, color=look.colour)
    for at, name in ((0.0, "Nash"), (1.0, "joint profit")):
        axes.axvline(at, color=INK, lw=0.8, ls=(0, (4, 3)), zorder=0)
        axes.text(at, -0.8, name, ha="center", va="bottom", fontsize=8.5, color=INK)
    labels = [
        f"{row['rule']}, {row['firms']} firms" if row["firms"] != 2 else row["rule"]
        for row in found.to_dict("records")
    ]
    axes.set_yticks(range(len(found)), labels)
    axes.set_ylim(len(found) - 0.4, -0.75)
    axes.set_xlabel("collusion index of profits: (profit − Nash) / (joint profit − Nash)")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, ms=5, lw=2),
        Line2D([], [], color=FAINT, lw=7),
    ]
    meanings = ["mean over sessions and its 95% interval", "5 to 95% of sessions"]
    figure.legend(
        handles, meanings, loc="outside lower center", ncols=2, frameon=False, fontsize=8.5
    )
    figure.suptitle(
        "How far learners collude in the stationary quantity game", x=0.01, ha="left", fontsize=11
    )
    return figure
