"""Figures through time: what is spent, what it costs to use, and how wide the draws lie.

A row a series, a column a posture: bands of several postures in one panel would hide each other.
A panel holds no more than two, without the shock and with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.report.axes import Level
from agentsim.report.panels import grid, heading, legend_below
from agentsim.report.study import Study
from agentsim.report.style import INK, log_axis, round_ticks, styled, zero_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Series:
    """A series as it is drawn: its title, its unit, and whether it is a share or a count."""

    title: str
    unit: str
    plain: bool = False
    """A share or a count, on an axis that is never logarithmic."""
    middle: str = "p50"
    """What the line is: the median, or the mean where the median of most quarters is nothing."""


PRICES: dict[str, Series] = {
    "capex": Series("AI capex", "$bn a quarter"),
    "service_price": Series("service price", "base date = 1"),
    "gpu_rent": Series("GPU rent", "$ an H100e-hour"),
    "surplus": Series("consumer surplus", "$bn a quarter"),
}
MARKET: dict[str, Series] = {
    "spending": Series("service revenue", "$bn a quarter"),
    "compute": Series("installed chips", "M H100e"),
    "debt": Series("AI debt", "$bn"),
    "idle_share": Series("idle chips", "% of the fleet", plain=True),
    "chip_margin": Series("chip margin", "% of sales", plain=True),
    "memory_margin": Series("memory margin", "% of sales", plain=True),
    "lender_owned": Series("owned by lenders", "firms, mean", plain=True, middle="mean"),
}
WIDE = 20.0
"""From this ratio of highest to lowest on, an axis is logarithmic."""
FLOOR = 30.0
"""A logarithmic axis ends at the lowest median over this: some bands go on to zero."""

# fill, line, dashes: of the calm level, and of the one at which something strikes. Each band is
# seen through the other, by its fill and by its edges.
CALM_LOOK = ("#d6d6d6", "#4d4d4d", "-")
STRUCK_ALPHA = 0.4
STRUCK_LOOK = ("#2f8f6f", "#0b5a41", (0, (3.5, 1.2)))


@styled
def through_time(study: Study) -> Figure:
    """Draw medians with 5-95% bands of capex, service price, GPU rent and consumer surplus."""
    return _paths(
        study, PRICES, "Through time: what is spent, and what customers pay and gain", 1.75
    )


@styled
def market_through_time(study: Study) -> Figure:
    """Draw medians with 5-95% bands of revenue, chips, debt, idle chips, margins, lenders as owners."""
    return _paths(study, MARKET, "The market through time", 1.4)


def there(study: Study, paths: dict[str, Series]) -> list[str]:
    """Return the series that were kept."""
    return [name for name in paths if name in study.series_names]


def _paths(study: Study, paths: dict[str, Series], title: str, height: float) -> Figure:
    names, levels = there(study, paths), study.posture.levels
    figure, panels = grid(
        len(names), len(levels), height * len(names) + 1.3, sharex=True, sharey="row"
    )
    for name, row in zip(names, panels, strict=True):
        path = paths[name]
        for panel, posture in zip(row, levels, strict=True):
            for shock in shown(study):
                _band(study, panel, name, path, (posture, shock))
            _mark_shocks(study, panel)
        _scale(study, row, name, path)
    for panel, posture in zip(panels[0], levels, strict=True):
        panel.set_title(study.posture.words(posture) or "calibrated lineup")
    for panel in panels[-1]:
        _calendar(study, panel)
    heading(figure, title, "medians and 5–95% bands of the draws", study.setting())
    handles, labels = zip(*_handles(study), strict=True)
    legend_below(figure, handles, labels=labels)
    return figure


def shown(study: Study) -> list[Level]:
    """Return the calm level and one of the others, neither the smallest nor the largest."""
    strikes = study.strikes or study.shock.levels[1:]
    return [study.calm, *([strikes[len(strikes) // 2]] if strikes else [])]


def _look(study: Study, shock: Level) -> tuple[str, str, Any]:
    return CALM_LOOK if shock == study.calm else STRUCK_LOOK


def _band(study: Study, panel: Axes, name: str, path: Series, where: tuple[Level, Level]) -> None:
    """Draw a series: its band with edges, and the line in its middle."""
    posture, shock = where
    table = study.series(name, posture, shock, study.reference)
    table = table[np.isfinite(table[path.middle])]
    if table.empty:
        return
    by = 0.01 if path.unit.startswith("%") else 1.0
    quarter = table["quarter"].to_numpy()
    low, high, middle = (table[each].to_numpy() / by for each in ("p05", "p95", path.middle))
    fill, line, dashes = _look(study, shock)
    calm = shock == study.calm
    panel.fill_between(
        quarter, low, high, color=fill, alpha=1.0 if calm else STRUCK_ALPHA, linewidth=0,
        zorder=1.0 if calm else 1.1,
    )  # fmt: skip
    for edge in (low, high):
        panel.plot(quarter, edge, color=line, linewidth=0.7, linestyle=dashes, zorder=2)
    panel.plot(quarter, middle, color=line, linewidth=1.8, linestyle=dashes, zorder=3)


def floor(study: Study, name: str, path: Series) -> float | None:
    """Return where the logarithmic axis of a series ends; None where it is not logarithmic."""
    tables = _tables(study, name)
    middle = np.concatenate([each[path.middle].to_numpy() for each in tables])
    middle = middle[np.isfinite(middle)]
    if path.plain or not len(middle) or middle.min() <= 0.0:
        return None
    least, most = _lowest(tables), max(float(each["p95"].max()) for each in tables)
    at = max(least, float(middle.min()) / FLOOR)
    return at if most > WIDE * at else None


def _tables(study: Study, name: str) -> list[Any]:
    return [
        study.series(name, posture, shock, study.reference)
        for posture in study.posture.levels
        for shock in shown(study)
    ]


def _lowest(tables: list[Any]) -> float:
    return min(float(each["p05"].min()) for each in tables)


def logarithmic(study: Study, paths: dict[str, Series]) -> dict[str, float]:
    """Return the series whose axis is logarithmic, and where it ends."""
    found = {name: floor(study, name, paths[name]) for name in there(study, paths)}
    return {name: at for name, at in found.items() if at is not None}


def cut(study: Study, paths: dict[str, Series]) -> bool:
    """Say whether a band runs off the foot of a logarithmic axis."""
    return any(_lowest(_tables(study, name)) < at for name, at in logarithmic(study, paths).items())


def _scale(study: Study, row: list[Axes], name: str, path: Series) -> None:
    """Give the panels of a row their axis."""
    at, first = floor(study, name, path), row[0]
    first.set_ylabel(f"{path.title}\n{path.unit}" + ("" if at is None else ",\nlog axis"))
    if at is not None:
        for panel in row:
            log_axis(panel)
        first.set_ylim(bottom=at)
        return
    round_ticks(first.yaxis, 5)
    if min(panel.dataLim.y0 for panel in row) >= 0.0:
        first.set_ylim(bottom=0.0)
    for panel in row:
        zero_line(panel)


# The calendar: a quarter's number stands at its end, so that 0 is the base date


def strikes_in(study: Study) -> list[int]:
    """Return the quarters in which shocks strike in what is shown."""
    if set(shown(study)) == {study.shock.baseline}:
        return []
    found: set[Level] = set()
    for each in study.experiment.shocks:
        name = f"shock.{each['kind']}.quarter"
        if name == study.shock.column:
            found |= set(shown(study))
        else:
            found.add(study.held.get(name, each.get("quarter")))
    return sorted(int(float(each)) for each in found if each is not None)


def _mark_shocks(study: Study, panel: Axes) -> None:
    """Draw a line at the beginning of each quarter in which a shock strikes."""
    for quarter in strikes_in(study):
        panel.axvline(quarter - 1, color=INK, linewidth=1.1, linestyle=":", zorder=2.5)


def _dated(study: Study) -> tuple[int, int] | None:
    """Return year and quarter of the base date; None where the scenario is no date."""
    found = re.fullmatch(r"(\d{4})Q([1-4])", study.experiment.scenario)
    return (int(found[1]), int(found[2])) if found else None


def calendar(study: Study, quarter: int) -> str:
    """Return the name of a quarter where the scenario is a date, otherwise its number."""
    if (base := _dated(study)) is None:
        return f"quarter {quarter}"
    count = base[0] * 4 + base[1] - 1 + quarter
    return f"{count // 4}Q{count % 4 + 1}"


def _calendar(study: Study, panel: Axes) -> None:
    """Label the beginnings of years where the scenario is a date, otherwise quarters."""
    horizon, base = study.experiment.horizon, _dated(study)
    first = 4 - base[1] if base else 0
    step = 16 if horizon > 32 else 8 if horizon > 12 else 4
    major = range(first, horizon + 1, step)
    names = [str(base[0] + 1 + (each - first) // 4) if base else str(each) for each in major]
    panel.set_xticks(list(major), names)
    panel.set_xticks(range(first, horizon + 1, 4), minor=True)
    panel.tick_params(which="minor", axis="x", length=2, bottom=True)
    panel.set_xlim(0, horizon)
    panel.set_xlabel("beginning of the year" if base else "quarters from the start")


def _handles(study: Study) -> list[Any]:
    """Return a legend: a band with its line for each level of shock, and the quarter of the shock."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    found: list[Any] = []
    for shock in shown(study):
        fill, line, dashes = _look(study, shock)
        alpha = 1.0 if shock == study.calm else STRUCK_ALPHA
        label = study.shock.words(shock) or "median and band"
        band = Patch(facecolor=fill, alpha=alpha, edgecolor=line, linewidth=0.7)
        found.append(((band, Line2D([], [], color=line, linestyle=dashes, linewidth=1.8)), label))
    if quarters := strikes_in(study):
        label = f"beginning of {', '.join(calendar(study, each) for each in quarters)}: shock"
        found.append((Line2D([], [], color=INK, linestyle=":", linewidth=1.1), label))
    return found
