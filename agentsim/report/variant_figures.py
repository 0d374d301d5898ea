"""Figures of robustness: the headline once more under other assumptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.report.axes import Level
from agentsim.report.measures import customers_share, from_base
from agentsim.report.study import SPLIT, TOTAL, Key, Study
from agentsim.report.style import (
    dots,
    grid,
    heading,
    legend_below,
    line_handles,
    line_style,
    spread,
    styled,
    zero_line,
)
from agentsim.report.words import scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BASE = "main design"


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

    shocks, names = shocks_of(study), [BASE, *study.variants]
    figure, panels = grid(
        1, len(shocks), 4.2 * len(shocks) + 1.8, 0.52 * len(names) + 1.9, sharey=True, sharex=True
    )
    offsets = spread(len(study.posture), 0.5)
    for panel, shock in zip(panels[0], shocks, strict=True):
        for offset, posture in zip(offsets, study.posture.levels, strict=True):
            shown = [each for each in _with_base(study, shock) if each[1][0] == posture]
            at = [names.index(variant or BASE) + offset for variant, _ in shown]
            shares = [customers_share(study, key, variant) for variant, key in shown]
            dots(panel, at, shares, 1.0, line_style(study.posture, posture), sideways=True)
        panel.set_title(study.shock.words(shock))
        panel.set_xlabel("customers' share of total surplus")
        panel.xaxis.set_major_formatter(PercentFormatter(1.0))
        _rows(panel, [BASE, *_labels(study)])
        panel.axhspan(-0.5, 0.5, color="#f0f0f0", zorder=0)
    heading(figure, "Customers' share under other assumptions", _where(study))
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
        panel.axhline(at - 0.5, color="#dddddd", linewidth=0.7, zorder=0)


def _labels(study: Study) -> list[str]:
    """Return the names of the variants, and say which are the main design itself."""
    same = {
        variant: all(
            np.array_equal(study.x(TOTAL, *key, v), study.x(TOTAL, *key), equal_nan=True)
            for v, key in cells(study)
            if v == variant
        )
        for variant in study.variants
    }
    return [f"{name}\n(as main design)" if same[name] else name for name in study.variants]


def _where(study: Study) -> str:
    found = {key[2] for _, key in cells(study)}
    places = " or ".join(study.demand.words(each) for each in study.demand.levels if each in found)
    return f"at {places}; 95% intervals" if places else "95% intervals"


@styled
def value_under_variants(study: Study) -> Figure:
    """Draw how each layer's value differs under every variant from the main design."""
    shocks, names = shocks_of(study), list(study.variants)
    figure, panels = grid(
        len(shocks), len(SPLIT), 2.0 * len(SPLIT) + 1.6, (0.44 * len(names) + 0.9) * len(shocks) + 1.2,
        sharey=True, sharex="col",
    )  # fmt: skip
    offsets, labels = spread(len(study.posture), 0.5), _labels(study)
    for column, (outcome, label) in enumerate(SPLIT.items()):
        found = {(v, key): from_base(study, outcome, key, v) for v, key in cells(study)}
        sizes = [abs(each.value) for each in found.values() if np.isfinite(each.value)]
        by, unit = scale(max(sizes, default=0.0))
        for row, shock in enumerate(shocks):
            panel = panels[row][column]
            for offset, posture in zip(offsets, study.posture.levels, strict=True):
                shown = [each for each in found if each[1][:2] == (posture, shock)]
                at = [names.index(variant) + offset for variant, _ in shown]
                style = line_style(study.posture, posture)
                dots(panel, at, [found[each] for each in shown], by, style, sideways=True)
            _rows(panel, labels)
            zero_line(panel, sideways=True)
            if row == 0:
                panel.set_title(label)
        panels[-1][column].set_xlabel(f"${unit}")
    for row, shock in enumerate(shocks):
        panels[row][0].set_ylabel(study.shock.words(shock), fontweight="bold")
    heading(
        figure,
        "Value by layer under other assumptions: difference from the main design",
        f"{_where(study)} of paired differences, present value; each column on its own axis",
    )
    legend_below(figure, line_handles(study.posture, line=False))
    return figure
