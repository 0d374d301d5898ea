"""Figures of the race: what escalation moves from layer to layer, and how much it burns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.laws.numerics import Array
from agentsim.report.measures import change, escalation
from agentsim.report.study import BURNT, LAYERS, TOTAL, Study
from agentsim.report.style import (
    INK,
    LAYER_STYLE,
    demand_ticks,
    dots,
    grid,
    heading,
    legend_below,
    line_handles,
    line_style,
    spread,
    styled,
)
from agentsim.report.value_figures import PRESENT_VALUE
from agentsim.report.words import money_interval, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
        study.setting(),
        "paired differences with 95% intervals",
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
