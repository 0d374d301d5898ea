"""Figures of value: who gets how much, and what nobody gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.report.axes import Level
from agentsim.report.measures import customers_share, value
from agentsim.report.panels import grid, heading, legend_below
from agentsim.report.study import BURNT, LAYERS, SPLIT, TOTAL, Study
from agentsim.report.style import (
    INK,
    PAPER,
    SMALL,
    dots,
    layer_bars,
    layer_handle,
    line_handles,
    postures,
    round_ticks,
    styled,
    zero_line,
)
from agentsim.report.words import MINUS, number, percent, scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PRESENT_VALUE = "present value"

# What stands where around the place of a posture: the stack, an interval, resources burnt.
STACK_AT, STACK_WIDTH = -0.18, 0.46
MARK_AT = 0.15
BURNT_AT, BURNT_WIDTH = 0.33, 0.18


@styled
def value_by_layer(study: Study) -> Figure:
    """Draw stacked bars of who gets what, a panel a shock: everybody above, all but customers below."""
    shocks = study.shock.levels
    figure, panels = grid(2, len(shocks), 7.2, sharey="row", sharex=True)
    for row, layers in enumerate((tuple(LAYERS), tuple(LAYERS)[1:])):
        found = {shock: _of_postures(study, shock, layers) for shock in shocks}
        by, unit = scale(max(_reach(each, layers) for each in found.values()))
        for panel, shock in zip(panels[row], shocks, strict=True):
            _bars(panel, layers, found[shock], by)
            outcome, marker = ((TOTAL, "D"), (layers[0], "o"))[row]
            _mark(panel, [each[outcome] for each in found[shock]], by, marker)
            if row == 0:
                panel.set_title(study.shock.words(shock))
            _name_postures(study, panel)
        _limits(panels[row])
        if row == 0:
            _write_shares(study, panels[0], by)
        what = "all layers" if row == 0 else "without customers"
        panels[row][0].set_ylabel(f"{what}\n${unit}, {PRESENT_VALUE}")
    heading(figure, "Value by layer, and beside it the resources burnt", study.setting())
    legend_below(figure, _handles(), columns=4)
    return figure


def _of_postures(study: Study, shock: Level, layers: tuple[str, ...]) -> list[dict[str, Interval]]:
    """Return what each posture brings the layers and burns, and total surplus."""
    return [
        {n: value(study, n, (posture, shock, study.reference)) for n in (*layers, BURNT, TOTAL)}
        for posture in study.posture.levels
    ]


def _reach(found: list[dict[str, Interval]], layers: tuple[str, ...]) -> float:
    """Return the height of the highest stack."""
    return max(sum(max(_mean(each[name]), 0.0) for name in layers) for each in found)


def _mean(interval: Interval) -> float:
    return float(np.nan_to_num(interval.value))


def _bars(
    panel: Axes, layers: tuple[str, ...], found: list[dict[str, Interval]], by: float
) -> None:
    """Stack what is positive upwards from zero and what is negative downwards; burnt beside it."""
    at = np.arange(len(found))
    up, down = np.zeros(len(at)), np.zeros(len(at))
    for name in layers:
        heights = np.array([_mean(each[name]) for each in found]) / by
        starts = np.where(heights >= 0.0, up, down)
        layer_bars(panel, name, at + STACK_AT, heights, STACK_WIDTH, starts)
        up, down = up + np.maximum(heights, 0.0), down + np.minimum(heights, 0.0)
    burnt = np.array([_mean(each[BURNT]) for each in found]) / by
    layer_bars(panel, BURNT, at + BURNT_AT, burnt, BURNT_WIDTH)
    for place, depth in zip(at, down, strict=True):
        amount = number(depth, 1)
        if amount.startswith(MINUS):  # it may be too thin to be seen
            corner = (place + STACK_AT + STACK_WIDTH / 2, depth)
            panel.annotate(
                amount, corner, (0, -2), textcoords="offset points", ha="right", va="top",
                fontsize=SMALL,
            )  # fmt: skip


def _mark(panel: Axes, intervals: Sequence[Interval], by: float, marker: str) -> None:
    """Draw estimates with their intervals in the gap beside the stacks."""
    at = np.arange(len(intervals)) + MARK_AT
    low, high = ([getattr(each, name) / by for each in intervals] for name in ("low", "high"))
    panel.vlines(at, low, high, color=INK, linewidth=1.4, zorder=4)
    panel.plot(
        at, [each.value / by for each in intervals], marker=marker, color=PAPER, linestyle="none",
        markeredgecolor=INK, markersize=4.5, zorder=5,
    )  # fmt: skip


def _write_shares(study: Study, panels: list[Axes], by: float) -> None:
    """Write customers' share of total surplus above every posture."""
    for panel, shock in zip(panels, study.shock.levels, strict=True):
        for at, posture in enumerate(study.posture.levels):
            key = (posture, shock, study.reference)
            share, total = customers_share(study, key).value, value(study, TOTAL, key)
            if np.isfinite(share):
                top = float(np.nanmax([total.value, total.high, 0.0])) / by
                panel.annotate(
                    percent(share, 0), (at, top), (0, 3), ha="center", va="bottom",
                    textcoords="offset points", fontsize=SMALL,
                )  # fmt: skip


def _limits(panels: list[Axes]) -> None:
    """Let bars stand on the axis where none reaches below zero; else leave room for numbers."""
    lowest = min(panel.dataLim.y0 for panel in panels)
    highest = max(panel.dataLim.y1 for panel in panels)
    room = 0.09 * ((highest - lowest) or 1.0)  # no run of these cells may have come through
    panels[0].set_ylim(lowest - room if lowest < 0.0 else 0.0, highest + room)
    for panel in panels:
        round_ticks(panel.yaxis)
        panel.spines["bottom"].set_visible(False)  # the line at zero is what bars stand on
        panel.grid(axis="x", visible=False)
        zero_line(panel)


def losses(study: Study) -> bool:
    """Say whether a layer somewhere loses, so that its part of a stack is below zero."""
    small = tuple(LAYERS)[1:]
    found = [each for shock in study.shock.levels for each in _of_postures(study, shock, small)]
    by, _ = scale(_reach(found, small))
    return any(
        number(_mean(each[name]) / by, 1).startswith(MINUS) for each in found for name in small
    )


def _name_postures(study: Study, panel: Axes) -> None:
    names = [study.posture.words(each) or "calibrated lineup" for each in study.posture.levels]
    panel.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    room = 0.6 + 0.5 * max(3 - len(names), 0)
    panel.set_xlim(-room, len(names) - 1 + room)


def _handles() -> list[Any]:
    """Return a legend: the stack from below, and what stands beside it."""
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], color=INK, marker=marker, markerfacecolor=PAPER, markersize=5, label=label)
        for marker, label in (
            ("D", "total surplus, 95% interval"),
            ("o", "hyperscalers, 95% interval"),
        )
    ]
    return [*(layer_handle(name, label) for name, label in SPLIT.items()), *marks]


@styled
def value_of_each_layer(study: Study) -> Figure:
    """Draw each layer on an axis of its own, with intervals: small layers are seen too."""
    names = [*SPLIT.items(), (TOTAL, "total surplus")]
    figure, panels = grid(2, 4, 5.6)
    flat = [panel for row in panels for panel in row]
    shocks = study.shock.levels
    found = {
        (name, posture): [value(study, name, (posture, shock, study.reference)) for shock in shocks]
        for name, _ in names
        for posture in study.posture.levels
    }
    by, unit = scale(max(abs(_mean(each)) for row in found.values() for each in row))
    for panel, (name, label) in zip(flat, names, strict=False):
        for posture, looks, offset in postures(study):
            at = [place + offset for place in range(len(shocks))]
            dots(panel, at, found[name, posture], by, looks)
        panel.set_title(label)
        _name_shocks(study, panel)
        _with_zero(panel)
    for row in panels:
        row[0].set_ylabel(f"${unit}, {PRESENT_VALUE}")
    flat[-1].axis("off")
    flat[-1].legend(handles=line_handles(study.posture, line=False), loc="center")
    heading(
        figure,
        "Value of each layer, means with 95% intervals",
        study.setting(),
        f"all in ${unit}, each on an axis of its own that holds zero",
    )
    return figure


def _with_zero(panel: Axes) -> None:
    """Let an axis hold zero, with room below it for marks that stand there, and draw it."""
    low, high = min(panel.dataLim.y0, 0.0), max(panel.dataLim.y1, 0.0)
    room = 0.06 * ((high - low) or 1.0)
    panel.set_ylim(low - room, high + room)
    round_ticks(panel.yaxis)
    panel.spines["bottom"].set_visible(False)
    zero_line(panel)


def _name_shocks(study: Study, panel: Axes) -> None:
    """Label the shocks along an axis, in short where they are factors."""
    labels = [study.shock.short(each) for each in study.shock.levels]
    panel.set_xlabel(study.shock.title)
    panel.set_xticks(range(len(study.shock)), labels)
    panel.grid(axis="x", visible=False)
    panel.set_xlim(-0.5, len(study.shock) - 0.5)
