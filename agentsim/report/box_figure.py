"""Figure of scenario discovery: the conditions of a box, and the boxes it was chosen from."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.analysis.limits import inside, is_text, span
from agentsim.report.dimension_rows import LETTERS, Names, dimension_name, label_rows
from agentsim.report.panels import WIDTH, heading, legend_below
from agentsim.report.style import INK, LOOKS, PAPER, SMALL, house_style, laid_out
from agentsim.report.words import number, percent, percent_interval, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.analysis.discovery import Discovery
    from agentsim.analysis.limits import Limits

PARTS = 10
"""Parts of a range in which cells are counted."""
WITHIN, SHARE = "#a9c8e4", "#1f3f6e"
BOXES, HELD_OUT, CHOSEN = LOOKS[0].colour, LOOKS[2].colour, LOOKS[3].colour


def box_figure(
    discovery: Discovery, conditions: pd.DataFrame, holds: pd.Series[Any], names: Names = None
) -> Figure:
    """Draw the limits of a box against the ranges, and the trajectory it was chosen from.

    conditions, holds: those that the box was found with, for how often it holds along a range.
    """
    with house_style():
        from matplotlib.figure import Figure

        rows = max(len(discovery.limits), 1)
        figure = Figure(figsize=(WIDTH, 4.2 + 0.45 * max(rows - 5, 0)), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=[1.15, 1.0])
        for panel in (left, right):
            panel.spines[["top", "right"]].set_visible(False)
        _limit_rows(left, discovery, conditions, holds, names)
        _trajectory(right, discovery)
        density = percent_interval(discovery.density, 0)
        coverage = percent_interval(discovery.coverage, 0)
        heading(
            figure,
            f"Where it holds: {plain(discovery.outcome)}",
            f"it holds in {density} of the box, in {percent(discovery.base_rate, 0)} of all cells; "
            f"the box has {coverage} of the cells where it holds",
            f"{discovery.cells:,} cells; 95% intervals with the box held fixed",
            "" if discovery.reached else f"no box is as dense as {percent(discovery.wanted, 0)}",
        )
        legend_below(figure, _box_handles(discovery), columns=3)
        return laid_out(figure)


# Conditions


def _limit_rows(
    panel: Axes, discovery: Discovery, conditions: pd.DataFrame, holds: pd.Series[Any], names: Names
) -> None:
    """Draw a row a restricted dimension: its range, what is within the box, how often it holds."""
    labels = []
    for row, (dimension, limits) in enumerate(discovery.limits.items()):
        full = discovery.ranges[dimension]
        edges, within = _parts(limits, full)
        panel.barh(row, 1.0, 0.8, color=PAPER, edgecolor=INK, linewidth=0.6, zorder=1)
        for low, high in within:
            panel.barh(row, high - low, 0.8, left=low, color=WITHIN, edgecolor=INK,
                       linewidth=0.9, zorder=2)  # fmt: skip
        shares = _shares_along(discovery, conditions, holds, dimension, len(edges) - 1)
        panel.bar(
            (edges[:-1] + edges[1:]) / 2.0, -0.8 * shares, 0.5 * np.diff(edges), bottom=row + 0.4,
            color=SHARE, zorder=3,
        )  # fmt: skip
        if is_text(full):
            _name_texts(panel, row, full)
        labels.append(f"{dimension_name(dimension, names)}\n{_condition(limits, full)}")
    if not labels:
        panel.text(0.5, 0.0, "no condition is needed", ha="center", va="center", fontsize=9)
        labels = [""]
    label_rows(panel, labels)
    panel.set_xlim(-0.02, 1.02)
    panel.set_xticks([0.0, 0.5, 1.0], ["least", "middle of the range", "greatest"])
    panel.grid(visible=False)
    panel.spines[["left", "bottom"]].set_visible(False)
    panel.tick_params(length=0)
    panel.set_title("Conditions of the box")


def _name_texts(panel: Axes, row: int, texts: Limits) -> None:
    """Write the texts of a dimension into their parts of its row."""
    from matplotlib.patheffects import withStroke

    room = max(int(54 / len(texts)), 3)
    for place, each in enumerate(texts):
        told = plain(each)
        panel.text(
            (place + 0.5) / len(texts), row, told if len(told) <= room else told[: room - 1] + "…",
            ha="center", va="center", fontsize=SMALL, color=INK, zorder=5,
            path_effects=[withStroke(linewidth=2.5, foreground=PAPER)],
        )  # fmt: skip


def _parts(limits: Limits, full: Limits) -> tuple[Any, list[tuple[float, float]]]:
    """Return the edges of the parts of a range, 0 to 1, and the stretches within the box."""
    if is_text(full):
        edges = np.linspace(0.0, 1.0, len(full) + 1)
        return edges, [(edges[i], edges[i + 1]) for i, each in enumerate(full) if each in limits]
    (low, high), (least, greatest) = span(limits), span(full)
    wide = greatest - least
    return np.linspace(0.0, 1.0, PARTS + 1), [((low - least) / wide, (high - least) / wide)]


def _shares_along(
    discovery: Discovery,
    conditions: pd.DataFrame,
    holds: pd.Series[Any],
    dimension: str,
    parts: int,
) -> Any:
    """Return how often it holds in each part of a range, within the limits of the others."""
    others = {name: each for name, each in discovery.limits.items() if name != dimension}
    known = holds.reindex(conditions.index)
    counted = inside(conditions, others) & known.notna().to_numpy()
    column, full = conditions[dimension], discovery.ranges[dimension]
    if is_text(full):
        part = np.searchsorted(np.array(full), column.astype(str).to_numpy(dtype=str))
    else:
        least, greatest = span(full)
        scaled = (column.to_numpy(dtype=np.float64) - least) / (greatest - least)
        part = np.clip((scaled * parts).astype(np.int64), 0, parts - 1)
    true = known.to_numpy()[counted].astype(np.float64)
    hits = np.bincount(part[counted], weights=true, minlength=parts)
    cells = np.bincount(part[counted], minlength=parts)
    return np.divide(hits, cells, out=np.zeros(parts), where=cells > 0)


def _condition(limits: Limits, full: Limits) -> str:
    """Return a condition in figures, and the range it restricts."""
    if is_text(full):
        return textwrap.shorten(" or ".join(plain(each) for each in limits), LETTERS)
    (low, high), (least, greatest) = span(limits), span(full)
    decimals = max(2 - math.floor(math.log10(1.1 * (greatest - least))), 0)
    told = [number(each, decimals) for each in (low, high, least, greatest)]
    of = f"of {told[2]} to {told[3]}"
    if low == least:
        return f"≤ {told[1]} {of}"
    return f"≥ {told[0]} {of}" if high == greatest else f"{told[0]} to {told[1]} {of}"


# Boxes


def _trajectory(panel: Axes, discovery: Discovery) -> None:
    """Draw density against coverage, a mark a box, and the chosen one with a ring."""
    from matplotlib.ticker import PercentFormatter

    rows = discovery.trajectory
    chosen = rows.iloc[discovery.chosen]
    panel.plot(rows["coverage"], rows["density"], color=BOXES, linewidth=0.8, marker="o",
               markersize=3.2, zorder=3)  # fmt: skip
    panel.plot([chosen["coverage"]], [chosen["density"]], linestyle="none", marker="o",
               markersize=11, markerfacecolor="none", markeredgecolor=CHOSEN,
               markeredgewidth=1.8, zorder=5)  # fmt: skip
    held = discovery.held_out_coverage, discovery.held_out_density
    if all(np.isfinite(each.value) for each in held):
        x, y = held
        panel.plot([x.low, x.high], [y.value] * 2, color=HELD_OUT, linewidth=1.2, zorder=4)
        panel.plot([x.value] * 2, [y.low, y.high], color=HELD_OUT, linewidth=1.2, zorder=4)
        panel.plot([x.value], [y.value], marker="^", markersize=6, color=HELD_OUT,
                   markerfacecolor=PAPER, zorder=5)  # fmt: skip
    panel.axhline(discovery.wanted, color=INK, linewidth=0.9, linestyle="--", zorder=1)
    _count_conditions(panel, rows)
    panel.set_xlim(0.0, 1.04)
    panel.set_ylim(0.0, 1.04)
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    panel.set_xlabel("coverage: share of the cells where it holds\nthat lie in the box")
    panel.set_ylabel("density: share of the box\nwhere it holds")
    panel.set_title("Boxes by number of conditions")


def _count_conditions(panel: Axes, rows: pd.DataFrame) -> None:
    """Write the number of conditions where it changes along a trajectory, and letters have room."""
    last = np.array([-1.0, -1.0])
    for _, row in rows[rows["dimensions"].diff().fillna(1) != 0].iterrows():
        at = np.array([row["coverage"], row["density"]])
        if np.abs(at - last).max() < 0.05:
            continue
        panel.annotate(
            f"{row['dimensions']:.0f}", (at[0], at[1]), (-7, -9), textcoords="offset points",
            fontsize=SMALL, color=INK, ha="center",
        )  # fmt: skip
        last = at


def _box_handles(discovery: Discovery) -> list[Any]:
    """Return what the legend of a box shows."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    held = discovery.held_out_density
    told = f"box of half the cells, tried on\nthe others: density {percent_interval(held, 0)}"
    ring: dict[str, Any] = {
        "markerfacecolor": "none",
        "markeredgecolor": CHOSEN,
        "markeredgewidth": 1.8,
    }
    wanted = f"density wanted: {percent(discovery.wanted, 0)}"
    handles: list[Any] = [
        Patch(facecolor=WITHIN, edgecolor=INK, linewidth=0.6, label="within the condition"),
        Patch(facecolor=SHARE, label="share where it holds, of\ncells that meet the others"),
        Line2D([], [], linestyle="none", marker="o", markersize=9, label="the box chosen", **ring),
        Line2D([], [], color=INK, linewidth=0.9, linestyle="--", label=wanted),
    ]
    if np.isfinite(held.value):
        handles.append(
            Line2D([], [], color=HELD_OUT, marker="^", markerfacecolor=PAPER, label=told)
        )
    return handles
