"""Figures of robustness: the headline once more under other assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.report.axes import Axis, Level
from agentsim.report.measures import customers_share, from_base
from agentsim.report.panels import grid, heading, legend_below, panel_a_shock
from agentsim.report.study import BURNT, LAYERS, TOTAL, Key, Study
from agentsim.report.style import (
    FAINT,
    dots,
    line_handles,
    look,
    postures,
    round_ticks,
    spread,
    styled,
    zero_line,
)
from agentsim.report.words import scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BASE = "as in the headline"
COLUMNS = LAYERS | {TOTAL: "total surplus", BURNT: "resources burnt"}


def cells(study: Study) -> list[tuple[str, Key]]:
    """Return the cells of the variants at the reference elasticity, or where else they were run."""
    return [
        (variant, (posture, shock, where))
        for variant in study.variants
        for shock in study.shock.levels
        for posture in study.posture.levels
        if (where := place(study, variant, posture, shock)) is not None
        or study.demand.column is None
        if study.has(posture, shock, where, variant)
    ]


def changed(study: Study) -> list[str]:
    """Return the variants that are not the main design by another name."""
    return [each for each in study.variants if not _is_base(study, each)]


def unchanged(study: Study) -> list[str]:
    """Return the variants that are the main design by another name."""
    return [each for each in study.variants if _is_base(study, each)]


def _is_base(study: Study, variant: str) -> bool:
    return all(
        np.array_equal(study.x(TOTAL, *key, variant), study.x(TOTAL, *key), equal_nan=True)
        for name, key in cells(study)
        if name == variant
    )


def place(study: Study, variant: str, posture: Level, shock: Level) -> Level:
    """Return the level of demand to show: the reference if the variant was run there."""
    ran = [each for each in study.demand.levels if study.has(posture, shock, each, variant)]
    return study.reference if study.reference in ran else ran[0] if ran else None


def shocks_of(study: Study) -> list[Level]:
    """Return the shocks under which variants were run."""
    there = {key[1] for _, key in cells(study)}
    return [each for each in study.shock.levels if each in there]


@styled
def share_under_variants(study: Study) -> Figure:
    """Draw customers' share under every variant beside that of the main design."""
    from matplotlib.ticker import PercentFormatter

    shocks, names = shocks_of(study), [BASE, *changed(study)]
    figure, panels = panel_a_shock(
        study, shocks, 0.48 * len(names) + 0.7, 2, sharey=True, sharex=True
    )
    for panel, shock in zip(panels, shocks, strict=True):
        for posture, looks, offset in postures(study, 0.5):
            shown = [
                each for each in _with_base(study, shock)
                if each[1][0] == posture and (each[0] or BASE) in names
            ]  # fmt: skip
            at = [names.index(variant or BASE) + offset for variant, _ in shown]
            shares = [customers_share(study, key, variant) for variant, key in shown]
            dots(panel, at, shares, 1.0, looks, sideways=True)
        panel.set_xlabel("customers' share of total surplus")
        panel.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        _rows(panel, names)
        panel.axhspan(-0.5, 0.5, color="#f0f0f0", zorder=0)
    heading(
        figure, "Customers' share under other assumptions", _where(study), "95% intervals",
        _footnote(study),
    )  # fmt: skip
    legend_below(figure, line_handles(study.posture, line=False))
    return figure


def _with_base(study: Study, shock: Level) -> list[tuple[str | None, Key]]:
    """Return the cells of the variants under a shock, and those of the main design beside them."""
    found: list[tuple[str | None, Key]] = [each for each in cells(study) if each[1][1] == shock]
    return [(None, key) for key in dict.fromkeys(key for _, key in found)] + found


def _rows(panel: Axes, names: list[str]) -> None:
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.grid(axis="y", visible=False)
    for at in range(1, len(names)):
        panel.axhline(at - 0.5, color=FAINT, linewidth=0.7, zorder=0)


def _footnote(study: Study) -> str:
    """Say which variants are left out, being as in the headline."""
    same = unchanged(study)
    return f"left out, being as in the headline: {', '.join(same)}" if same else ""


def _where(study: Study) -> str:
    found = {key[2] for _, key in cells(study)}
    places = " or ".join(study.demand.words(each) for each in study.demand.levels if each in found)
    return f"at {places}" if places else ""


@styled
def value_under_variants(study: Study) -> Figure:
    """Draw how each layer's value differs under every variant, at both ends of the postures."""
    shocks, names, ends = shocks_of(study), changed(study), _ends(study)
    found = {
        (outcome, variant, key): from_base(study, outcome, key, variant)
        for outcome in COLUMNS
        for variant, key in cells(study)
        if variant in names and key[0] in ends.levels
    }
    sizes = [abs(each.value) for each in found.values() if np.isfinite(each.value)]
    by, unit = scale(max(sizes, default=0.0))
    figure, panels = grid(
        len(shocks), len(COLUMNS), (0.32 * len(names) + 0.4) * len(shocks) + 1.5,
        sharey=True, sharex="col",
    )  # fmt: skip
    for row, shock in enumerate(shocks):
        for panel, (outcome, label) in zip(panels[row], COLUMNS.items(), strict=True):
            for posture, offset in zip(ends.levels, spread(len(ends), 0.36), strict=True):
                shown = [
                    each for each in found
                    if each[0] == outcome and each[2][:2] == (posture, shock)
                ]  # fmt: skip
                at = [names.index(variant) + offset for _, variant, _ in shown]
                looks, values = look(study.posture, posture), [found[each] for each in shown]
                dots(panel, at, values, by, looks, sideways=True, size=3.0)
            panel.margins(x=0.09)
            _rows(panel, names)
            round_ticks(panel.xaxis, 3)
            zero_line(panel, sideways=True)
            if row == 0:
                panel.set_title(label.replace(" ", "\n"))
        panels[row][0].set_ylabel(study.shock.words(shock), fontweight="bold")
    heading(
        figure,
        "Value by layer under other assumptions: difference from the calibration",
        _where(study),
        f"${unit} in present value, each column on an axis of its own",
        "95% intervals of paired differences",
        _footnote(study),
    )
    legend_below(figure, line_handles(study.posture, line=False, levels=ends.levels))
    return figure


def _ends(study: Study) -> Axis:
    """Return the posture that escalation starts from and the one that it ends in."""
    return Axis(study.posture.column, tuple(dict.fromkeys((study.mild, study.fierce))))
