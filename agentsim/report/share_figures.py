"""Figures of customers' share: of all there is, and of what a shock adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.report.axes import Level
from agentsim.report.measures import customers_share, share_of_gain
from agentsim.report.study import Study
from agentsim.report.style import (
    INK,
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

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.batch.intervals import Interval
    from agentsim.report.study import Key


@styled
def customers_share_of_surplus(study: Study) -> Figure:
    """Draw customers' share of total surplus by elasticity and posture, a panel a shock."""
    figure = _shares(
        study, study.shock.levels, customers_share, "customers' share\nof total surplus"
    )
    heading(figure, "Customers' share of total surplus", "ratio of means with 95% intervals")
    legend_below(figure, line_handles(study.posture))
    return figure


@styled
def customers_share_of_gain(study: Study) -> Figure:
    """Draw customers' share of what a shock adds to total surplus, where it adds or takes any."""
    label = "customers' share of what\nthe shock adds"
    figure = _shares(study, study.strikes, share_of_gain, label)
    handles = line_handles(study.posture)
    gaps = any(_mark_gaps(study, panel) for panel in figure.axes)
    if gaps:
        from matplotlib.lines import Line2D

        handles.append(
            Line2D([], [], color=INK, marker="x", linestyle="none", label="gain not told from zero")
        )
    calm = study.shock.words(study.calm)
    heading(
        figure,
        "Customers' share of the gain that a shock brings",
        f"change in their surplus over change in total surplus, against {calm}; 95% intervals",
    )
    legend_below(figure, handles)
    return figure


def _shares(
    study: Study,
    shocks: tuple[Level, ...],
    measure: Callable[[Study, Key], Interval],
    label: str,
) -> Figure:
    from matplotlib.ticker import PercentFormatter

    figure, panels = grid(1, len(shocks), max(2.7 * len(shocks) + 0.9, 4.5), 4.1, sharey=True)
    offsets = spread(len(study.posture), 0.36)
    for panel, shock in zip(panels[0], shocks, strict=True):
        for offset, posture in zip(offsets, study.posture.levels, strict=True):
            style = line_style(study.posture, posture)
            row = [measure(study, (posture, shock, demand)) for demand in study.demand.levels]
            at = [place + offset for place in range(len(row))]
            dots(panel, at, row, 1.0, style)
            means = [each.value for each in row]
            panel.plot(at, means, color=style[0], linestyle=style[1], linewidth=1.0, zorder=2)
        panel.set_title(study.shock.words(shock))
        demand_ticks(study, panel)
    _full_line(panels[0])
    panels[0][0].set_ylabel(label)
    panels[0][0].yaxis.set_major_formatter(PercentFormatter(1.0))
    return figure


def _full_line(panels: list[Any]) -> None:
    """Draw a line at all of it, where shares come near or above."""
    reach = panels[0].get_ylim()[1]
    for panel in panels:
        if reach > 0.97:
            panel.axhline(1.0, color=INK, linewidth=0.9, linestyle="--", zorder=1)


def _mark_gaps(study: Study, panel: Axes) -> bool:
    """Put a cross at the foot of a panel for every share that is not given."""
    shock = study.strikes[panel.figure.axes.index(panel)]
    offsets = spread(len(study.posture), 0.36)
    found = False
    for offset, posture in zip(offsets, study.posture.levels, strict=True):
        for place, demand in enumerate(study.demand.levels):
            if not np.isfinite(share_of_gain(study, (posture, shock, demand)).value):
                panel.plot(
                    [place + offset], [0.03], marker="x", markersize=6, linestyle="none",
                    color=line_style(study.posture, posture)[0], markeredgewidth=1.6,
                    transform=panel.get_xaxis_transform(),
                )  # fmt: skip
                found = True
    return found
