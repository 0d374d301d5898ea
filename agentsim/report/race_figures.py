"""Figures of the race: what escalation moves from layer to layer, and how much it burns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.laws.numerics import Array
from agentsim.report.measures import change, escalation
from agentsim.report.panels import (
    demand_axis,
    demand_places,
    grid,
    heading,
    legend_below,
    panel_a_shock,
)
from agentsim.report.study import BURNT, LAYERS, TOTAL, Study
from agentsim.report.style import (
    INK,
    PAPER,
    SMALL,
    layer_bars,
    line_handles,
    log_axis,
    postures,
    round_ticks,
    styled,
)
from agentsim.report.value_figures import PRESENT_VALUE
from agentsim.report.words import money_interval, scale

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.report.style import Look

ROWS = LAYERS | {TOTAL: "= total surplus", BURNT: "resources burnt"}
SMALLER = tuple(name for name in ROWS if name not in (next(iter(LAYERS)), TOTAL))
"""The rows besides customers, and the total that they rule."""


# What escalation moves


@styled
def escalation_effect(study: Study) -> Figure:
    """Draw what all gain and lose as all escalate, a row a shock: as a sum, and larger from zero."""
    found = {
        shock: {name: change(study, name, *escalation(study, shock)) for name in ROWS}
        for shock in study.shock.levels
    }
    units = [_unit(found.values(), names) for names in (ROWS, SMALLER)]
    figure, panels = grid(
        len(found), 2, 1.7 * len(found) + 1.3, sharex="col", width_ratios=(1.0, 0.8)
    )
    for (left, right), (shock, changes) in zip(panels, found.items(), strict=True):
        _adding_up(left, changes, units[0][0])
        _from_zero(right, changes, units[1][0])
        left.set_yticks(range(len(ROWS)), list(ROWS.values()))
        right.set_yticks(range(len(ROWS)), [""] * len(ROWS))
        left.set_ylabel(study.shock.words(shock), fontweight="bold", fontsize=9.5)
    for column, title in enumerate(("adding up", "without customers, from zero")):
        panels[0][column].set_title(title)
        panels[-1][column].set_xlabel(f"change in {PRESENT_VALUE}, ${units[column][1]}")
    heading(
        figure,
        f"What {study.move} moves: from {study.doing(study.mild)} to {study.doing(study.fierce)}",
        study.setting(),
        "means of paired differences; the line under a bar is the 95% interval",
    )
    return figure


def _unit(found: Iterable[dict[str, Interval]], names: Iterable[str]) -> tuple[float, str]:
    """Return what to divide by, and the unit, for some rows under all shocks."""
    return scale(max(abs(_mean(each[name])) for each in found for name in names))


def _mean(interval: Interval) -> float:
    return float(np.nan_to_num(interval.value))


def _adding_up(panel: Axes, changes: dict[str, Interval], by: float) -> None:
    """Draw bars that start where the one above ends, until the total, which starts at zero again."""
    start = 0.0
    for row, name in enumerate(ROWS):
        left = start if name in LAYERS else 0.0
        _bar(panel, row, name, changes[name], by, left)
        if name in LAYERS:
            start = left + _mean(changes[name]) / by
            panel.plot([start, start], [row, row + 1], color=INK, linewidth=0.6, zorder=1)
    _rows(panel)


def _from_zero(panel: Axes, changes: dict[str, Interval], by: float) -> None:
    """Draw the smaller rows as bars from zero, and write all the numbers beside them."""
    for row, (name, each) in enumerate(changes.items()):
        if name in SMALLER:
            _bar(panel, row, name, each, by)
        panel.text(
            1.03, row, money_interval(each, plus=True), va="center", fontsize=SMALL, color=INK,
            transform=panel.get_yaxis_transform(),
        )  # fmt: skip
    _rows(panel)


def _bar(panel: Axes, row: int, name: str, each: Interval, by: float, start: float = 0.0) -> None:
    """Draw a bar, and the interval of its end under it."""
    layer_bars(panel, name, row - 0.14, _mean(each) / by, 0.5, start, sideways=True)
    ends = [start + each.low / by, start + each.high / by]
    panel.plot(ends, [row + 0.27] * 2, color=INK, linewidth=1.3, marker="|", markersize=4, zorder=4)


def _rows(panel: Axes) -> None:
    panel.set_ylim(len(ROWS) - 0.4, -0.6)
    panel.grid(axis="y", visible=False)
    panel.axhline(len(LAYERS) + 0.5, color=INK, linewidth=0.6, linestyle=":")
    panel.axvline(0.0, color=INK, linewidth=0.9)
    round_ticks(panel.xaxis)


# Rent dissipation


@styled
def rent_dissipation(study: Study) -> Figure:
    """Draw the real resources used over the prize: median and middle 90% of the draws."""
    figure, panels = panel_a_shock(study, study.shock.levels, 3.0, sharey=True)
    lowest = np.inf
    for panel, shock in zip(panels, study.shock.levels, strict=True):
        for posture, looks, offset in postures(study):
            found = [
                _draws(study.x("rent_dissipation", posture, shock, each))
                for each in study.demand.levels
            ]
            _columns(panel, demand_places(study, offset), found, looks)
            lowest = np.nanmin([lowest, *(each.low for each in found)])
        panel.axhline(1.0, color=INK, linewidth=0.9, linestyle="--", zorder=1)
        demand_axis(study, panel)
    panels[0].set_ylabel("resources over the prize")
    if lowest > 0.0:
        for panel in panels:
            log_axis(panel)
    heading(
        figure,
        "Rent dissipation: medians and middle 90% of the draws, not intervals of a mean",
        "logarithmic axis" if lowest > 0.0 else "",
        "at the broken line as much is burnt as the prize is worth",
    )
    legend_below(figure, line_handles(study.posture, line=False))
    return figure


def _draws(x: Array) -> Interval:
    """Return the median and the middle 90% of the draws."""
    x = x[np.isfinite(x)]
    if not len(x):
        return Interval(np.nan, np.nan, np.nan, 0)
    low, middle, high = np.quantile(x, [0.05, 0.5, 0.95])
    return Interval(float(middle), float(low), float(high), len(x))


def _columns(panel: Axes, at: list[float], found: list[Interval], looks: Look) -> None:
    """Draw where most draws lie as broad pale columns, unlike the lines of an interval of a mean."""
    low, high, middle = ([getattr(e, name) for e in found] for name in ("low", "high", "value"))
    panel.vlines(at, low, high, color=looks.colour, linewidth=5.2, zorder=2)
    panel.vlines(at, low, high, color=PAPER, linewidth=3.8, zorder=2.1)
    panel.vlines(at, low, high, color=looks.colour, linewidth=3.8, alpha=0.3, zorder=2.2)
    panel.plot(
        at, middle, color=looks.colour, marker=looks.marker, markersize=4.2, linestyle="none",
        markerfacecolor=looks.face, zorder=4,
    )  # fmt: skip


def burns_all(study: Study) -> bool:
    """Say whether the middle 90% of the draws somewhere goes beyond all of the prize."""
    return any(
        _draws(study.x("rent_dissipation", posture, shock, demand)).high > 1.0
        for posture in study.posture.levels
        for shock in study.shock.levels
        for demand in study.demand.levels
    )
