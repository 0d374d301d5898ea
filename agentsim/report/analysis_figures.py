"""Figures of analyses over many cells: sensitivity, screening and scenario discovery."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.analysis.discovery import inside, is_text, span
from agentsim.report.panels import LINE, WIDTH, grid, heading, legend_below
from agentsim.report.style import FAINT, INK, LOOKS, PAPER, SMALL, round_ticks, zero_line
from agentsim.report.words import number, percent, percent_interval, plain, title_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.analysis.discovery import Discovery, Limits

    Names = Mapping[str, str] | None
    Box = tuple[float, float, float, float]

MOST = 25
"""Dimensions that a figure shows by default, the most important ones."""
LABELS = 12
"""Marks of a scatter that are named by default, at most."""
SMALLEST = 0.05
"""Part of the greatest effect below which a mark has no name: near zero they lie on a heap."""
LETTERS = 34
"""Letters of a dimension's name that fit into a line."""
PARTS = 10
"""Parts of a range in which cells are counted."""
TOTAL, FIRST = LOOKS[0], LOOKS[2]
WITHIN, SHARE = "#a9c8e4", "#1f3f6e"


def sobol_figure(
    table: pd.DataFrame, outcome_label: str, names: Names = None, most: int = MOST
) -> Figure:
    """Draw total and first-order Sobol' indices with their intervals, the greatest on top.

    table: of `agentsim.analysis.sensitivity.sobol`.
    outcome_label: what the outcome is called: "customers' share of total surplus".
    names: what dimensions are called; without, what the report calls them.
    most: dimensions that are shown; the others are told in the title.
    """
    with _house_style():
        shown = table.head(most)
        figure, [[panel]] = grid(1, 1, 1.7 + 0.27 * len(shown))
        at = np.arange(len(shown), dtype=np.float64)
        handles = [
            _row_dots(panel, at - 0.14, shown, "total", TOTAL, "total, with interactions"),
            _row_dots(panel, at + 0.14, shown, "first", FIRST, "first order, on its own"),
        ]
        _rows(panel, [_name(each, names) for each in shown.index])
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
        return _laid_out(figure)


def morris_figure(
    table: pd.DataFrame, outcome_label: str, names: Names = None, labels: int = LABELS
) -> Figure:
    """Draw Morris' mean absolute effects with intervals against the effects' spread.

    table: of `agentsim.analysis.sensitivity.morris`.
    outcome_label: the outcome with its unit: "customers' surplus ($bn)".
    labels: marks that are named at most, the greatest effects; the others are pale.
    """
    with _house_style():
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
        _laid_out(figure)
        _label_marks(panel, named, [_name(each, names) for each in named.index])
        return figure


def box_figure(
    discovery: Discovery, conditions: pd.DataFrame, holds: pd.Series[Any], names: Names = None
) -> Figure:
    """Draw the limits of a box against the ranges, and the trajectory it was chosen from.

    conditions, holds: those that the box was found with, for how often it holds along a range.
    """
    with _house_style():
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
        return _laid_out(figure)


# What figures share


@contextmanager
def _house_style() -> Iterator[None]:
    """Draw in the house style, for figures that are not of a study."""
    import matplotlib as mpl
    import seaborn as sns

    style = sns.axes_style("whitegrid") | sns.plotting_context("paper")
    own = {
        "font.family": ["DejaVu Sans"],
        "axes.edgecolor": INK,
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.labelcolor": INK,
        "axes.labelsize": 9,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
        "legend.fontsize": 9,
        "grid.color": FAINT,
        "grid.linewidth": 0.7,
        "hatch.linewidth": 0.9,
        "figure.facecolor": PAPER,
        "legend.frameon": False,
        "axes.unicode_minus": True,
    }
    with mpl.rc_context(style | own):
        yield


def _laid_out(figure: Figure) -> Figure:
    """Lay a figure out once, with the fonts in force, and not again each time it is saved."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def _name(dimension: Any, names: Names) -> str:
    """Return what a dimension is called, broken into lines."""
    told = (names or {}).get(str(dimension)) or title_words(str(dimension))
    return "\n".join(textwrap.wrap(told, LETTERS)) or str(dimension)


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


def _rows(panel: Axes, labels: list[str]) -> None:
    """Label rows from the top down."""
    panel.set_yticks(range(len(labels)), labels)
    panel.set_ylim(len(labels) - 0.4, -0.6)
    panel.grid(axis="y", visible=False)


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
        markersize=4.6, markerfacecolor=PAPER if column == "first" else looks.face, zorder=4,
        label=label,
    )  # fmt: skip
    return handle


# Screening


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


def _label_marks(panel: Axes, table: pd.DataFrame, labels: list[str]) -> None:
    """Put names beside marks, each at the nearest place where it covers nothing.

    The figure is laid out already: where letters are is known only then.
    """
    from matplotlib.patheffects import withStroke
    from matplotlib.transforms import Bbox

    figure: Any = panel.figure
    renderer = figure.canvas.get_renderer() if hasattr(figure.canvas, "get_renderer") else None
    place = panel.transData.transform
    marks = place(table[["mu_star", "sigma"]].to_numpy(dtype=np.float64))
    per_point = figure.dpi / 72.0
    taken: list[Box] = [_around(mark, 4.0 * per_point) for mark in marks]
    for low, high, level in table[["mu_star_low", "mu_star_high", "sigma"]].to_numpy():
        (x0, y), (x1, _) = place([(low, level), (high, level)])
        taken.append((x0, y - 2.0, x1, y + 2.0))
    taken += [_extent(text, renderer) for text in panel.texts]
    frame = _extent(panel, renderer)
    for mark, label in zip(marks, labels, strict=True):
        text = panel.text(0.0, 0.0, label, fontsize=SMALL, color=INK, ha="center", va="center")
        size = Bbox(text.get_window_extent(renderer)).size
        spot = _free_spot(mark, size, per_point, taken, frame)
        text.set_position(tuple(panel.transData.inverted().transform(spot)))
        text.set(zorder=6, path_effects=[withStroke(linewidth=2.0, foreground=PAPER)])
        taken.append(_sized(spot, size))
        _leader(panel, mark, spot, size, per_point)


def _free_spot(mark: Any, size: Any, per_point: float, taken: list[Box], frame: Box) -> Any:
    """Return the middle of the nearest free place for a label within a frame, in pixels."""
    best, least = mark, np.inf
    for gap in np.arange(5.0, 120.0, 4.0) * per_point:
        for angle in np.radians([0, 30, -30, 60, -60, 90, -90, 150, -150, 180]):
            way = np.array([np.cos(angle), np.sin(angle)])
            spot = mark + way * (gap + np.asarray(size) / 2.0)
            box = _sized(spot, size)
            out = _overlap(box, frame) < 0.999 * size[0] * size[1]
            covered = sum(_overlap(box, each) for each in taken) + 1e9 * out
            if covered == 0.0:
                return spot
            if covered < least:
                best, least = spot, covered
    return best


def _leader(panel: Axes, mark: Any, spot: Any, size: Any, per_point: float) -> None:
    """Draw a thin line from a mark to a label that stands away from it."""
    x0, y0, x1, y1 = _sized(spot, size)
    end = np.array([np.clip(mark[0], x0, x1), np.clip(mark[1], y0, y1)])
    if np.hypot(*(end - mark)) > 9.0 * per_point:
        ends = panel.transData.inverted().transform([mark, end])
        panel.plot(ends[:, 0], ends[:, 1], color=INK, linewidth=0.5, zorder=2)


def _around(middle: Any, reach: float) -> Box:
    return (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)


def _sized(middle: Any, size: Any) -> Box:
    half = np.asarray(size) / 2.0
    return (middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])


def _extent(artist: Any, renderer: Any) -> Box:
    x0, y0, x1, y1 = artist.get_window_extent(renderer).extents
    return (x0, y0, x1, y1)


def _overlap(one: Box, other: Box) -> float:
    """Return the area that two boxes share."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return max(wide, 0.0) * max(high, 0.0)


# Scenario discovery


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
        labels.append(f"{_name(dimension, names)}\n{_condition(limits, full)}")
    if not labels:
        panel.text(0.5, 0.0, "no condition is needed", ha="center", va="center", fontsize=9)
        labels = [""]
    _rows(panel, labels)
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


def _trajectory(panel: Axes, discovery: Discovery) -> None:
    """Draw density against coverage, a mark a box, and the chosen one with a ring."""
    from matplotlib.ticker import PercentFormatter

    rows = discovery.trajectory
    chosen = rows.iloc[discovery.chosen]
    panel.plot(rows["coverage"], rows["density"], color=TOTAL.colour, linewidth=0.8, marker="o",
               markersize=3.2, zorder=3)  # fmt: skip
    panel.plot([chosen["coverage"]], [chosen["density"]], linestyle="none", marker="o",
               markersize=11, markerfacecolor="none", markeredgecolor=LOOKS[3].colour,
               markeredgewidth=1.8, zorder=5)  # fmt: skip
    held = discovery.held_out_coverage, discovery.held_out_density
    if all(np.isfinite(each.value) for each in held):
        x, y = held
        panel.plot([x.low, x.high], [y.value] * 2, color=FIRST.colour, linewidth=1.2, zorder=4)
        panel.plot([x.value] * 2, [y.low, y.high], color=FIRST.colour, linewidth=1.2, zorder=4)
        panel.plot([x.value], [y.value], marker="^", markersize=6, color=FIRST.colour,
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
        "markeredgecolor": LOOKS[3].colour,
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
            Line2D([], [], color=FIRST.colour, marker="^", markerfacecolor=PAPER, label=told)
        )
    return handles
