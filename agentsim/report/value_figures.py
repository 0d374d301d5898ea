"""Figures of value: who gets how much, and what nobody gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.laws.numerics import Array
from agentsim.report.axes import Level
from agentsim.report.measures import customers_share, value
from agentsim.report.study import SPLIT, TOTAL, Study
from agentsim.report.style import (
    INK,
    LAYER_STYLE,
    dots,
    grid,
    heading,
    legend_beside,
    line_handles,
    line_style,
    spread,
    styled,
    zero_line,
)
from agentsim.report.words import percent, scale

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
            room = 0.6 + 0.5 * max(3 - len(places), 0)
            panel.set_xlim(-room, len(places) - 1 + room)
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
    return study.posture.words(posture) or "calibrated lineup"


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
