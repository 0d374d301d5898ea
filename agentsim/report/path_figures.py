"""Figures through time: what is spent, what it costs to use, and how wide the draws lie."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.report.axes import Level
from agentsim.report.panels import grid, heading, legend_below
from agentsim.report.study import Study
from agentsim.report.style import INK, line_handles, look, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# series -> title, unit; the first four that there are get drawn
PATHS: dict[str, tuple[str, str]] = {
    "capex": ("AI capex", "$bn a quarter"),
    "service_price": ("service price", "base date = 1"),
    "gpu_rent": ("GPU rent", "$ an H100e-hour"),
    "surplus": ("consumer surplus", "$bn a quarter"),
    "spending": ("spending on AI services", "$bn a quarter"),
    "compute": ("compute", "M H100e"),
}
MOST_PATHS = 4
WIDE = 20.0
"""From this ratio of highest to lowest on, an axis is logarithmic."""


@styled
def through_time(study: Study) -> Figure:
    """Draw medians with 5-95% bands by posture, a column for no shock and one for a large one."""
    names = [name for name in PATHS if name in study.series_names][:MOST_PATHS]
    shocks = _shown(study)
    figure, panels = grid(
        len(names), len(shocks), 2.15 * len(names) + 1.2,
        sharex=True, sharey="row",
    )  # fmt: skip
    for row, name in enumerate(names):
        title, unit = PATHS[name]
        reach = [
            _bands(study, panel, name, shock)
            for panel, shock in zip(panels[row], shocks, strict=True)
        ]
        low, high = min(each[0] for each in reach), max(each[1] for each in reach)
        if low > 0.0 and high > WIDE * low:
            panels[row][0].set_yscale("log")
            panels[row][0].yaxis.set_major_formatter(_tick)
            unit += ", log axis"
        elif low >= 0.0:
            panels[row][0].set_ylim(bottom=0.0)
        panels[row][0].set_ylabel(f"{title}\n{unit}")
    for panel, shock in zip(panels[0], shocks, strict=True):
        panel.set_title(study.shock.words(shock))
    for column, shock in enumerate(shocks):
        for row in range(len(names)):
            _mark_shock(study, panels[row][column], shock, named=row == 0)
        _calendar(study, panels[-1][column])
    heading(
        figure,
        "Through time: median and 5–95% band of the draws",
        study.setting(),
    )
    legend_below(figure, line_handles(study.posture))
    return figure


def _shown(study: Study) -> list[Level]:
    """Return the calm level and one of the others, neither the smallest nor the largest."""
    strikes = study.strikes or study.shock.levels[1:]
    return [study.calm, *([strikes[len(strikes) // 2]] if strikes else [])]


def _bands(study: Study, panel: Axes, name: str, shock: Level) -> tuple[float, float]:
    """Draw a series for every posture, and return the lowest and highest number shown."""
    lowest, highest = np.inf, -np.inf
    for order, posture in enumerate(study.posture.levels):
        table = study.series(name, posture, shock, study.reference)
        table = table[np.isfinite(table["p50"])]
        if table.empty:
            continue
        looks = look(study.posture, posture)
        colour, dashes, marker = looks.colour, looks.dashes, looks.marker
        quarter, low, high = (table[each].to_numpy() for each in ("quarter", "p05", "p95"))
        panel.fill_between(quarter, low, high, color=colour, alpha=0.13, linewidth=0, zorder=1)
        for edge in (low, high):
            panel.plot(quarter, edge, color=colour, linewidth=0.5, alpha=0.6, zorder=2)
        panel.plot(
            quarter, table["p50"], color=colour, linestyle=dashes, linewidth=1.7, marker=marker,
            markevery=(order, 6), markersize=5, markeredgecolor="white", markeredgewidth=0.6,
            zorder=3 + order,
        )  # fmt: skip
        lowest, highest = min(lowest, float(low.min())), max(highest, float(high.max()))
    return lowest, highest


def _mark_shock(study: Study, panel: Axes, shock: Level, named: bool) -> None:
    """Draw a line at the quarter in which the shocks strike."""
    if shock == study.shock.baseline:
        return
    for quarter in sorted({each["quarter"] for each in study.experiment.shocks}):
        panel.axvline(quarter, color=INK, linewidth=0.9, linestyle=":", zorder=1)
        if named:
            panel.annotate(
                f" shock, {calendar(study, quarter)}", (quarter, 0.98), fontsize=8, va="top",
                xycoords=("data", "axes fraction"),
            )  # fmt: skip


def _calendar(study: Study, panel: Axes) -> None:
    """Label every other year by its first quarter."""
    horizon = study.experiment.horizon
    first = next((q for q in range(horizon + 1) if calendar(study, q).endswith("Q1")), 0)
    major = range(first, horizon + 1, 8 if horizon > 16 else 4)
    panel.set_xticks(list(major), [calendar(study, each) for each in major])
    panel.set_xticks(range(first, horizon + 1, 4), minor=True)
    panel.set_xlim(0, horizon)
    dated = calendar(study, 0) != "0"
    panel.set_xlabel("quarter" if dated else "quarters from the start")


def calendar(study: Study, quarter: int) -> str:
    """Return the name of a quarter where the scenario is a date, otherwise its number."""
    found = re.fullmatch(r"(\d{4})Q([1-4])", study.experiment.scenario)
    if not found:
        return str(quarter)
    count = int(found[1]) * 4 + int(found[2]) - 1 + int(quarter)
    return f"{count // 4}Q{count % 4 + 1}"


def _tick(value: float, _: Any = None) -> str:
    """Return a power of ten as people write it."""
    return f"{value:g}" if value >= 0.001 else f"$10^{{{round(np.log10(value))}}}$"
