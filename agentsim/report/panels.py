"""Panels: the frame that all figures share, of one width so that letters are of one size."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.report.axes import Level
from agentsim.report.study import Study
from agentsim.report.style import INK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 9.5
"""Inches. The page shows a figure some 900 pixels wide, so that a point is more than a pixel."""
LINE = 112
"""Letters of a title that fit into a line."""


def grid(rows: int, columns: int, height: float, **options: Any) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure, its height in inches, and its panels, row by row."""
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, **options)
    for panel in panels.flat:
        panel.spines[["top", "right"]].set_visible(False)
        # The size in so many words: from it follows how many ticks there are, now and when saved.
        panel.tick_params(length=3, color=INK, labelsize=rcParams["xtick.labelsize"])
    return figure, panels.tolist()


def panel_a_shock(
    study: Study, shocks: Sequence[Level], height: float, most: int = 4, **options: Any
) -> tuple[Figure, list[Axes]]:
    """Return a figure and a panel with its title for each shock, at most so many in a row.

    height: inches of a row.
    """
    columns = min(most, len(shocks))
    rows = math.ceil(len(shocks) / columns)
    figure, panels = grid(rows, columns, height * rows + 1.2, **options)
    flat = [panel for row in panels for panel in row]
    for panel, shock in zip(flat, shocks, strict=False):
        panel.set_title(study.shock.words(shock))
    for panel in flat[len(shocks) :]:
        panel.remove()
    return figure, flat[: len(shocks)]


def heading(figure: Figure, title: str, *below: str) -> None:
    """Give a figure its title, and below it where it holds and how to read it."""
    told = "; ".join(each for each in below if each)
    lines = [line for text in (title, told) for line in textwrap.wrap(text, LINE)]
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=10.5, color=INK)


def legend_below(
    figure: Figure, handles: Sequence[Any], columns: int = 6, labels: Sequence[str] | None = None
) -> None:
    """Put a legend under the panels, where it covers nothing, to be read row by row.

    labels: those of the handles, where they have none of their own.
    """
    from matplotlib.lines import Line2D

    told = [each.get_label() for each in handles] if labels is None else labels
    columns = min(columns, max(len(handles), 1))
    rows = math.ceil(len(handles) / columns)
    # matplotlib fills column by column: the order is turned round, with nothing in the gaps.
    gaps = [(Line2D([], [], linestyle="none"), " ")] * (columns * rows - len(handles))
    filled = [*zip(handles, told, strict=True), *gaps]
    turned = [filled[row * columns + column] for column in range(columns) for row in range(rows)]
    figure.legend(
        [handle for handle, _ in turned],
        [label for _, label in turned],
        loc="outside lower center",
        ncols=columns,
        handlelength=3.0,
    )


# Demand along an axis


def demand_places(study: Study, offset: float = 0.0) -> list[float]:
    """Return where the levels of demand stand: by their size, on a logarithmic axis if they can.

    offset: how far marks are set apart, as a part of the least distance between two levels.
    """
    levels = study.demand.levels
    if not _by_size(study):
        return [place + offset for place in range(len(levels))]
    logs = np.log([float(each or 0.0) for each in levels])
    return [float(each) for each in np.exp(logs + offset * _step(logs))]


def demand_axis(study: Study, panel: Axes) -> None:
    """Label the levels of demand along the axis below."""
    levels = study.demand.levels
    if _by_size(study):
        logs = np.log(demand_places(study))
        room = 0.6 * _step(logs)
        panel.set_xscale("log")
        panel.minorticks_off()
        panel.set_xlim(*np.exp([logs.min() - room, logs.max() + room]))
    else:
        panel.set_xlim(-0.5, len(levels) - 0.5)
    named = study.demand.column is not None
    panel.set_xticks(demand_places(study), level_ticks(levels) if named else [""])
    panel.set_xlabel(study.demand.title + (", log axis" if _by_size(study) else ""))
    panel.grid(axis="x", visible=False)


def level_ticks(levels: Sequence[Level]) -> list[str]:
    """Return levels as labels, numbers with as many decimals as the one that has most."""
    numbers = [f"{each:g}" for each in levels if isinstance(each, float)]
    decimals = max((len(each.partition(".")[2]) for each in numbers if "e" not in each), default=0)
    return [
        str(each) if not isinstance(each, float) else
        f"{each:g}" if "e" in f"{each:g}" else f"{each:.{decimals}f}"
        for each in levels
    ]  # fmt: skip


def _by_size(study: Study) -> bool:
    levels = study.demand.levels
    return len(levels) > 1 and all(isinstance(each, float) and each > 0.0 for each in levels)


def _step(logs: Any) -> float:
    return float(np.diff(np.sort(logs)).min())
