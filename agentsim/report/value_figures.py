"""Figures of value: who gets how much, what escalation moves, and how much is burnt for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.laws.numerics import Array
from agentsim.report.measures import change, customers_share, escalation, value
from agentsim.report.study import BURNT, LAYERS, SPLIT, TOTAL, Level, Study
from agentsim.report.style import (
    INK,
    LAYER_STYLE,
    demand_ticks,
    dots,
    grid,
    heading,
    legend_below,
    legend_beside,
    line_handles,
    line_style,
    spread,
    styled,
    zero_line,
)
from agentsim.report.words import money_interval, percent, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PRESENT_VALUE = "present value"


@styled
def value_by_layer(study: Study) -> Figure:
    """Draw stacked bars of who gets what, a panel a shock: everybody above, all but customers below."""
    shocks = study.shock.levels
    figure, panels = grid(
        2, len(shocks), max(2.3 * len(shocks) + 3.2, 6.0), 7.0, sharey="row", sharex=True
    )
    means = _means(study)
    sums = [_reach(means, layers) for layers in (tuple(SPLIT), tuple(SPLIT)[1:])]
    places = np.arange(len(study.posture))
    for row, layers in enumerate((tuple(SPLIT), tuple(SPLIT)[1:])):
        by, unit = scale(sums[row])
        for column, shock in enumerate(shocks):
            panel = panels[row][column]
            heights = (
                np.array([[means[n, p, shock] for p in study.posture.levels] for n in layers]) / by
            )
            _stack(panel, layers, heights)
            keys = [(posture, shock, study.reference) for posture in study.posture.levels]
            outcome, marker = ((TOTAL, "D"), (layers[0], "o"))[row]
            _mark(panel, [value(study, outcome, key) for key in keys], by, marker)
            if row == 0:
                _shares(panel, [customers_share(study, key).value for key in keys], heights[0])
                panel.set_title(study.shock.words(shock))
            panel.grid(axis="x", visible=False)
            panel.spines["bottom"].set_visible(False)  # the line at zero is what bars stand on
            labels = [_label(study, each) for each in study.posture.levels]
            panel.set_xticks(places, labels, rotation=35, ha="right", rotation_mode="anchor")
        _from_zero(panels[row])
        what = "all" if row == 0 else "without customers"
        panels[row][0].set_ylabel(f"{what}\n${unit}, {PRESENT_VALUE}")
    heading(figure, "Value by layer, and resources burnt", study.setting())
    legend_beside(figure, _layer_handles())
    return figure


def _means(study: Study) -> dict[tuple[str, Level, Level], float]:
    return {
        (name, posture, shock): float(
            np.nan_to_num(value(study, name, (posture, shock, study.reference)).value)
        )
        for name in SPLIT
        for posture in study.posture.levels
        for shock in study.shock.levels
    }


def _reach(means: dict[tuple[str, Level, Level], float], layers: tuple[str, ...]) -> float:
    """Return the height of the highest bar."""
    heights: dict[tuple[Level, Level], float] = {}
    for (name, posture, shock), mean in means.items():
        if name in layers:
            heights[posture, shock] = heights.get((posture, shock), 0.0) + max(mean, 0.0)
    return max(heights.values())


def _stack(panel: Axes, layers: tuple[str, ...], heights: Array) -> None:
    """Stack what is positive upwards from zero, and what is negative downwards."""
    at = np.arange(heights.shape[1])
    up, down = np.zeros(len(at)), np.zeros(len(at))
    for name, height in zip(layers, heights, strict=True):
        colour, hatch = LAYER_STYLE[name]
        panel.bar(
            at, height, 0.72, bottom=np.where(height >= 0.0, up, down), color=colour, hatch=hatch,
            edgecolor=INK, linewidth=0.5, zorder=2,
        )  # fmt: skip
        up, down = up + np.maximum(height, 0.0), down + np.minimum(height, 0.0)


def _mark(panel: Axes, intervals: list[Interval], by: float, marker: str) -> None:
    """Draw estimates with intervals over the bars, with a halo to be seen on any colour."""
    at = range(len(intervals))
    low, high = ([getattr(each, name) / by for each in intervals] for name in ("low", "high"))
    panel.vlines(at, low, high, color="white", linewidth=4.0, zorder=4)
    panel.vlines(at, low, high, color=INK, linewidth=1.6, zorder=5)
    panel.plot(
        at, [each.value / by for each in intervals], marker=marker, color="white", linestyle="none",
        markeredgecolor=INK, markersize=5.5, zorder=6,
    )  # fmt: skip


def _shares(panel: Axes, shares: list[float], heights: Array) -> None:
    """Write customers' share of total surplus into their part of the bar, if there is room."""
    for at, (share, height) in enumerate(zip(shares, heights, strict=True)):
        if np.isfinite(share) and height > 0.12 * panel.dataLim.y1:
            panel.text(
                at, height / 2, percent(share, 0), ha="center", va="center", color="white",
                fontsize=8,
            )  # fmt: skip


def _from_zero(panels: list[Axes]) -> None:
    """Let bars stand on the axis where none reaches below zero."""
    lowest = min(panel.dataLim.y0 for panel in panels)
    for panel in panels:
        if lowest >= 0.0:
            panel.set_ylim(bottom=0.0)
        zero_line(panel)


def _label(study: Study, posture: Level) -> str:
    return study.posture.words(posture) or "calibrated"


def _layer_handles() -> list[Any]:
    """Return a legend in the order of the stack, the top first."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    patches: list[Any] = [
        Patch(
            facecolor=LAYER_STYLE[name][0], hatch=LAYER_STYLE[name][1], edgecolor=INK,
            linewidth=0.5, label=label,
        )
        for name, label in reversed(SPLIT.items())
    ]  # fmt: skip
    marks = [
        Line2D([], [], color=INK, marker=marker, markerfacecolor="white", label=label)
        for marker, label in (
            ("D", "total surplus,\n95% interval"),
            ("o", "hyperscalers,\n95% interval"),
        )
    ]
    return patches + marks


@styled
def value_of_each_layer(study: Study) -> Figure:
    """Draw each layer on an axis of its own, with intervals: small layers are seen too."""
    names = [*SPLIT.items(), (TOTAL, "total surplus")]
    figure, panels = grid(2, 4, 11.0, 6.2)
    flat = [panel for row in panels for panel in row]
    offsets, shocks = spread(len(study.posture)), study.shock.levels
    for panel, (name, label) in zip(flat, names, strict=False):
        found = {
            posture: [value(study, name, (posture, shock, study.reference)) for shock in shocks]
            for posture in study.posture.levels
        }
        sizes = [
            abs(each.value) for row in found.values() for each in row if np.isfinite(each.value)
        ]
        by, unit = scale(max(sizes, default=0.0))
        for offset, (posture, row) in zip(offsets, found.items(), strict=True):
            at = [place + offset for place in range(len(shocks))]
            dots(panel, at, row, by, line_style(study.posture, posture))
        panel.set_title(label)
        panel.set_ylabel(f"${unit}, {PRESENT_VALUE}")
        _case_ticks(study, panel)
        low, high = panel.get_ylim()
        if low > 0.0:
            panel.set_ylim(0.0, high)
        zero_line(panel)
    flat[-1].axis("off")
    flat[-1].legend(handles=line_handles(study.posture, line=False), loc="center", fontsize=9)
    heading(figure, "Value of each layer with 95% intervals, each on its own axis", study.setting())
    return figure


def _case_ticks(study: Study, panel: Axes) -> None:
    """Label the shocks along an axis, in short where they are factors."""
    labels = [study.shock.short(each) for each in study.shock.levels]
    panel.set_xlabel(study.shock.title)
    panel.set_xticks(range(len(study.shock)), labels)
    panel.grid(axis="x", visible=False)
    panel.set_xlim(-0.5, len(study.shock) - 0.5)


@styled
def escalation_effect(study: Study) -> Figure:
    """Draw how value moves between the layers as all escalate: bars that add up to the total."""
    shocks = study.shock.levels
    columns = 2 if len(shocks) > 1 else 1
    rows = -(-len(shocks) // columns)
    figure, panels = grid(rows, columns, 5.7 * columns + 0.6, 2.75 * rows + 1.1)
    flat = [panel for row in panels for panel in row]
    found = {
        shock: {n: change(study, n, *escalation(study, shock)) for n in (*LAYERS, TOTAL, BURNT)}
        for shock in shocks
    }
    reach = max(abs(np.nan_to_num(e.value)) for each in found.values() for e in each.values())
    by, unit = scale(reach)
    for panel, shock in zip(flat, shocks, strict=False):
        _waterfall(panel, found[shock], by, reach / by)
        panel.set_title(study.shock.words(shock))
        panel.set_xlabel(f"change in {PRESENT_VALUE}, ${unit}")
    for panel in flat[len(shocks) :]:
        panel.set_visible(False)
    _same_limits(flat[: len(shocks)])
    heading(
        figure,
        f"What {study.move} moves: from {study.doing(study.mild)} to {study.doing(study.fierce)}",
        f"{study.setting()}; paired differences with 95% intervals",
    )
    return figure


def _waterfall(panel: Axes, changes: dict[str, Interval], by: float, reach: float) -> None:
    labels = LAYERS | {TOTAL: "= total surplus", BURNT: "resources burnt"}
    start = 0.0
    for row, name in enumerate(labels):
        each = changes[name]
        height = float(np.nan_to_num(each.value)) / by
        left = 0.0 if name in (TOTAL, BURNT) else start
        colour, hatch = LAYER_STYLE.get(name, ("#ffffff", ""))
        panel.barh(
            row, height, 0.66, left=left, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.7,
            zorder=2,
        )  # fmt: skip
        whiskers = [left + each.low / by, left + each.high / by]
        if abs(height) > 0.05 * reach:  # a halo would hide a thinner bar
            panel.plot(whiskers, [row, row], color="white", linewidth=3.6, zorder=3)
        panel.plot(whiskers, [row, row], color=INK, linewidth=1.4, zorder=4)
        panel.text(
            1.02, row, money_interval(each, plus=True), va="center", fontsize=8, color=INK,
            transform=panel.get_yaxis_transform(),
        )  # fmt: skip
        if name not in (TOTAL, BURNT):
            start = left + height
            panel.plot([start, start], [row, row + 1], color=INK, linewidth=0.6, zorder=1)
    panel.set_yticks(range(len(labels)), list(labels.values()))
    panel.invert_yaxis()
    panel.grid(axis="y", visible=False)
    panel.axhline(len(LAYERS) + 0.5, color=INK, linewidth=0.6, linestyle=":")
    panel.axvline(0.0, color=INK, linewidth=0.9)


def _same_limits(panels: list[Axes]) -> None:
    low = min(panel.get_xlim()[0] for panel in panels)
    high = max(panel.get_xlim()[1] for panel in panels)
    for panel in panels:
        panel.set_xlim(low, high)


@styled
def rent_dissipation(study: Study) -> Figure:
    """Draw the real resources used over the prize: median and middle 90% of the draws."""
    shocks = study.shock.levels
    figure, panels = grid(1, len(shocks), max(2.7 * len(shocks) + 0.9, 4.5), 3.8, sharey=True)
    offsets = spread(len(study.posture), 0.5)
    lowest = np.inf
    for panel, shock in zip(panels[0], shocks, strict=True):
        for offset, posture in zip(offsets, study.posture.levels, strict=True):
            every = [
                study.x("rent_dissipation", posture, shock, each) for each in study.demand.levels
            ]
            bands = [_band(x) for x in every]
            at = [place + offset for place in range(len(bands))]
            dots(panel, at, bands, 1.0, line_style(study.posture, posture))
            lowest = np.nanmin([lowest, *(each.low for each in bands)])
        panel.set_title(study.shock.words(shock))
        demand_ticks(study, panel)
    first = panels[0][0]
    first.set_ylabel("resources over the prize")
    if lowest > 0.0:
        first.set_yscale("log")
        first.yaxis.set_major_formatter("{x:g}")
    for panel in panels[0]:
        panel.axhline(1.0, color=INK, linewidth=0.9, linestyle="--", zorder=1)
    heading(
        figure,
        "Rent dissipation: median and middle 90% of the draws",
        "above the broken line more is burnt than the prize is worth",
    )
    legend_below(figure, line_handles(study.posture, line=False))
    return figure


def _band(x: Array) -> Interval:
    """Return the median and the middle 90% of the draws."""
    x = x[np.isfinite(x)]
    if not len(x):
        return Interval(np.nan, np.nan, np.nan, 0)
    low, middle, high = np.quantile(x, [0.05, 0.5, 0.95])
    return Interval(float(middle), float(low), float(high), len(x))
