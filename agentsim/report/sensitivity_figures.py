"""Figures of sensitivity: Sobol' indices, and Morris' elementary effects."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.report.dimension_rows import Names, dimension_name, label_rows
from agentsim.report.mark_labels import label_marks
from agentsim.report.panels import LINE, grid, heading, legend_below
from agentsim.report.style import (
    INK,
    LOOKS,
    SMALL,
    house_style,
    laid_out,
    round_ticks,
    zero_line,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 25
"""Dimensions that a figure shows by default, the most important ones."""
LABELS = 12
"""Marks of a scatter that are named by default, at most."""
SMALLEST = 0.05
"""Part of the greatest effect below which a mark has no name: near zero they lie on a heap."""
TOTAL, FIRST = LOOKS[0], replace(LOOKS[2], hollow=True)


def sobol_figure(
    table: pd.DataFrame, outcome_label: str, names: Names = None, most: int = MOST
) -> Figure:
    """Draw total and first-order Sobol' indices with their intervals, the greatest on top.

    table: of `agentsim.analysis.sensitivity.sobol`.
    outcome_label: what the outcome is called: "customers' share of total surplus".
    names: what dimensions are called; without, what the report calls them.
    most: dimensions that are shown; the others are told in the title.
    """
    with house_style():
        shown = table.head(most)
        figure, [[panel]] = grid(1, 1, 1.7 + 0.27 * len(shown))
        at = np.arange(len(shown), dtype=np.float64)
        handles = [
            _row_dots(panel, at - 0.14, shown, "total", TOTAL, "total, with interactions"),
            _row_dots(panel, at + 0.14, shown, "first", FIRST, "first order, on its own"),
        ]
        label_rows(panel, [dimension_name(each, names) for each in shown.index])
        zero_line(panel, sideways=True)
        round_ticks(panel.xaxis)
        panel.set_xlabel("Sobol' index (share of the outcome's variance, from 0 to 1)")
        rest = table["total"].iloc[most:]
        heading(
            figure,
            f"What moves {outcome_label}",
            f"Sobol' indices with {_level(table)} intervals; total beyond first order is interaction",
            _blocks(table, "base samples"),
            f"{len(rest)} more dimensions, none above {rest.max():.2g} in total"
            if len(rest)
            else "",
        )
        legend_below(figure, handles)
        return laid_out(figure)


def _row_dots(
    panel: Axes, at: Any, table: pd.DataFrame, column: str, looks: Any, label: str
) -> Any:
    """Draw estimates with intervals, a row each, and return what a legend shows of them."""
    panel.hlines(
        at, table[f"{column}_low"], table[f"{column}_high"], color=looks.colour, linewidth=1.4,
        zorder=3,
    )  # fmt: skip
    [handle] = panel.plot(
        table[column], at, color=looks.colour, linestyle="none", marker=looks.marker,
        markersize=4.6, markerfacecolor=looks.face, zorder=4,
        label=label,
    )  # fmt: skip
    return handle


def morris_figure(
    table: pd.DataFrame, outcome_label: str, names: Names = None, labels: int = LABELS
) -> Figure:
    """Draw Morris' mean absolute effects with intervals against the effects' spread.

    table: of `agentsim.analysis.sensitivity.morris`.
    outcome_label: the outcome with its unit: "customers' surplus ($bn)".
    labels: marks that are named at most, the greatest effects; the others are pale.
    """
    with house_style():
        figure, [[panel]] = grid(1, 1, 5.6)
        count = min(labels, int((table["mu_star"] >= SMALLEST * table["mu_star"].max()).sum()))
        named, pale = table.head(count), table.iloc[count:]
        for part, colour in ((pale, LOOKS[7].colour), (named, TOTAL.colour)):
            panel.hlines(
                part["sigma"], part["mu_star_low"], part["mu_star_high"], color=colour,
                linewidth=1.2, zorder=3,
            )  # fmt: skip
            panel.plot(
                part["mu_star"], part["sigma"], linestyle="none", marker="o", markersize=4.5,
                color=colour, zorder=4,
            )  # fmt: skip
        _effect_axes(panel, table, outcome_label)
        rest = f"{len(pale)} others, pale, have a μ* of at most {pale['mu_star'].max():.3g}"
        heading(
            figure,
            f"Screening: effects on {outcome_label}",
            f"Morris' elementary effects, means with {_level(table)} intervals",
            _blocks(table, "trajectories"),
            rest if len(pale) else "",
        )
        laid_out(figure)
        label_marks(panel, named, [dimension_name(each, names) for each in named.index])
        return figure


def _effect_axes(panel: Axes, table: pd.DataFrame, outcome_label: str) -> None:
    """Scale and label the axes of effects, and draw where spread and mean are alike."""
    far = 1.08 * float(np.nanmax(table["mu_star_high"]))
    high = 1.15 * float(np.nanmax(table["sigma"])) or far
    panel.set_xlim(min(0.0, float(table["mu_star_low"].min())) - 0.02 * far, far)
    panel.set_ylim(-0.03 * high, high)
    end = min(far, high)
    panel.plot([0.0, end], [0.0, end], color=INK, linewidth=0.9, linestyle="--", zorder=1)
    panel.text(
        0.99, 0.99, "on the dashed line σ = μ*; above it effects change sign or\n"
        "depend on the others, far below it they are nearly the same everywhere",
        transform=panel.transAxes, ha="right", va="top", fontsize=SMALL, color=INK,
    )  # fmt: skip
    for axis in (panel.xaxis, panel.yaxis):
        round_ticks(axis)
    lines = textwrap.wrap(
        f"mean absolute effect μ* of a dimension's full range on {outcome_label}", LINE
    )
    panel.set_xlabel("\n".join(lines))
    panel.set_ylabel("spread of the effect σ, in the same unit")


def _level(table: pd.DataFrame) -> str:
    """Return the level of a table's intervals."""
    return f"{100.0 * table.attrs.get('ci', 0.95):g}%"


def _blocks(table: pd.DataFrame, what: str) -> str:
    """Return how many blocks a table is of, and how many were left out."""
    if "blocks" not in table.attrs:
        return ""
    dropped = table.attrs.get("dropped_blocks", 0)
    lost = f" ({dropped} left out, as runs of theirs failed)" if dropped else ""
    return f"{table.attrs['blocks']:,} {what}{lost}"
