"""Figures of customers' share: of all there is, and of what a shock adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.report.axes import Level
from agentsim.report.measures import customers_share, share_of_gain
from agentsim.report.panels import (
    demand_axis,
    demand_places,
    heading,
    legend_below,
    panel_a_shock,
)
from agentsim.report.study import Study
from agentsim.report.style import INK, dots, line_handles, postures, styled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.batch.intervals import Interval
    from agentsim.report.study import Key

    Measure = Callable[[Study, Key], Interval]

NEAR = 0.97
"""A line at all there is is drawn where shares come as near to it."""
APART = 0.6
"""How far the marks of the postures are set apart, as a part of the least distance of levels."""


@styled
def customers_share_of_surplus(study: Study) -> Figure:
    """Draw customers' share of total surplus by elasticity and posture, a panel a shock."""
    figure, _ = _shares(
        study, study.shock.levels, customers_share, "customers' share\nof total surplus"
    )
    heading(figure, "Customers' share of total surplus", "ratio of means with 95% intervals")
    legend_below(figure, line_handles(study.posture))
    return figure


@styled
def customers_share_of_gain(study: Study) -> Figure:
    """Draw customers' share of what a shock adds to total surplus, where it adds or takes any."""
    label = "customers' share of what\nthe shock adds"
    figure, panels = _shares(study, study.strikes, share_of_gain, label)
    handles = line_handles(study.posture)
    for panel, shock in zip(panels, study.strikes, strict=True):
        _mark_gaps(study, panel, shock)
    if gaps(study):
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
    study: Study, shocks: Sequence[Level], measure: Measure, label: str
) -> tuple[Figure, list[Axes]]:
    from matplotlib.ticker import PercentFormatter

    figure, panels = panel_a_shock(study, shocks, 3.1, sharey=True)
    whole = reaches_whole(study, shocks, measure, NEAR)
    for panel, shock in zip(panels, shocks, strict=True):
        for posture, looks, offset in postures(study, APART):
            row = [measure(study, (posture, shock, demand)) for demand in study.demand.levels]
            at = demand_places(study, offset)
            dots(panel, at, row, 1.0, looks)
            order = np.argsort(at)
            panel.plot(
                np.array(at)[order], np.array([each.value for each in row])[order],
                color=looks.colour, linestyle=looks.dashes, linewidth=0.9, zorder=2,
            )  # fmt: skip
        if whole:
            panel.axhline(1.0, color=INK, linewidth=0.9, linestyle="--", zorder=1)
        demand_axis(study, panel)
    panels[0].set_ylabel(label)
    panels[0].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return figure, panels


def reaches_whole(
    study: Study, shocks: Sequence[Level], measure: Measure, whole: float = 1.0
) -> bool:
    """Say whether a share, or its interval, somewhere goes beyond all there is."""
    found = [
        measure(study, (posture, shock, demand))
        for posture in study.posture.levels
        for shock in shocks
        for demand in study.demand.levels
    ]
    return any(each.value > whole or each.high > whole for each in found)


def gaps(study: Study) -> bool:
    """Say whether a share of a gain is somewhere not given."""
    return any(
        not np.isfinite(share_of_gain(study, (posture, shock, demand)).value)
        for posture in study.posture.levels
        for shock in study.strikes
        for demand in study.demand.levels
    )


def _mark_gaps(study: Study, panel: Axes, shock: Level) -> None:
    """Put a cross at the foot of a panel for every share that is not given."""
    for posture, looks, offset in postures(study, APART):
        for at, demand in zip(demand_places(study, offset), study.demand.levels, strict=True):
            if not np.isfinite(share_of_gain(study, (posture, shock, demand)).value):
                panel.plot(
                    [at], [0.03], marker="x", markersize=6, linestyle="none", color=looks.colour,
                    markeredgewidth=1.6, transform=panel.get_xaxis_transform(),
                )  # fmt: skip
