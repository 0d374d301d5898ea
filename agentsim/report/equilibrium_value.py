"""Picture of who gets what: value by layer in each equilibrium, beside the ends that could be played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.games.worth import CUSTOMERS, LAYERS, expected, mean
from agentsim.laws.numerics import Array
from agentsim.report.equilibrium_rows import chosen, condition_words, left_out, shown, title_of
from agentsim.report.panels import grid, heading
from agentsim.report.strategy_style import (
    Bars,
    draw_shares,
    mild_and_fierce,
    name_roles,
    strategy_legend,
)
from agentsim.report.style import (
    INK,
    LAYER_STYLE,
    LOOKS,
    PAPER,
    SMALL,
    Look,
    dots,
    laid_out,
    layer_bars,
    layer_handle,
    round_ticks,
)
from agentsim.report.words import scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.games.empirical.found import Found, Solved
    from agentsim.games.game import Game

MOST_CONDITIONS = 6
ROW = 0.205
"""Inches that a row takes."""
SUM = Look(INK, "-", "D", True)
"""How the sum of layers looks."""


@dataclass(frozen=True, eq=False)
class Way:
    """A way of playing: an equilibrium, or an end to set it against."""

    name: str
    shares: Array
    """`(columns,)`."""
    pure: bool
    weights: Array
    """How likely each profile is, `(profiles,)`."""


def ways(x: Solved) -> list[Way]:
    """Return the equilibria of a condition, the best profile, all mild and all fierce."""
    game, layout = x.game, x.game.layout
    sizes = np.array(layout.sizes)[layout.role_of]
    found = [
        Way(e.name, e.equilibrium.shares, e.equilibrium.pure, e.equilibrium.weights)
        for e in shown(x)
    ]
    best = x.measures.best.weights
    assert best is not None
    places = {"best profile": int(best.argmax())}
    pair = x.kinds.only
    for name in ("mild", "fierce"):
        played = {role: getattr(each, name) for role, each in pair.diagrams.items()}
        counts = np.zeros(layout.columns, np.int64)
        for at, role in enumerate(game.roles):
            column = layout.starts[at] + role.strategies.index(played[role.name])
            counts[column] = layout.sizes[at]
        places[f"all {name}"] = layout.place(counts)
    for name, place in places.items():
        weights = np.zeros(layout.count)
        weights[place] = 1.0
        found.append(Way(name, layout.profiles[place] / sizes, True, weights))
    return found


def layers_of(game: Game) -> list[str]:
    """Return the layers whose value rides along."""
    return [name for name in LAYERS if name in game.others]


def value_by_layer(x: Found) -> Figure | None:
    """Draw what customers and the other layers get in each equilibrium and at the ends."""
    conditions = chosen(x, MOST_CONDITIONS)
    game = conditions[0].game
    layers = layers_of(game)
    if not layers:
        return None
    rows: list[tuple[float, Solved, Way]] = []
    heads: list[tuple[float, str]] = []
    y = 0.0
    for each in conditions:
        if words := condition_words(each):
            heads.append((y, words))
            y += 1.0
        for way in ways(each):
            rows.append((y, each, way))
            y += 1.0
        y += 0.35
    parts = [group for group in ([CUSTOMERS], [e for e in layers if e != CUSTOMERS]) if
             set(group) & set(layers)]  # fmt: skip
    wide = min(1.2 + 0.5 * len(game.roles), 3.0)
    ratios = [wide, *(2.2 for _ in parts)]
    figure, [panels] = grid(
        1, len(ratios), ROW * y + 2.2, sharey=True, gridspec_kw={"width_ratios": ratios}
    )
    inches = 7.8 * wide / sum(ratios) / len(game.roles)
    _who(panels[0], rows, heads, Bars(0.0, 1.0, inches), game)
    panels[0].set_ylim(y - 0.4, -0.6)
    for panel, group in zip(panels[1:], parts, strict=True):
        _values(panel, rows, group)
        panel.set_title("customers" if group == [CUSTOMERS] else "other layers, own scale")
    _heading(figure, x, conditions)
    strategy_legend(figure, game, _handles(layers), "layers")
    return laid_out(figure)


def _who(panel: Axes, rows: Sequence[Any], heads: Sequence[Any], bars: Bars, game: Game) -> None:
    """Draw who does what, with the names of conditions above theirs."""
    for y, _, way in rows:
        draw_shares(panel, bars, y, game, way.shares, way.pure)
    for y, words in heads:
        panel.text(0.0, y, words, fontsize=SMALL, fontweight="bold", color=INK, va="center")
    name_roles(panel, bars, game)
    panel.set_yticks([y for y, _, _ in rows], [way.name for _, _, way in rows])
    panel.spines[:].set_visible(False)
    panel.tick_params(axis="y", length=0)
    panel.set_title("who does what")


def _values(panel: Axes, rows: Sequence[tuple[float, Solved, Way]], layers: Sequence[str]) -> None:
    """Draw bars of layers, gains to the right and losses to the left, and their sum with its interval."""
    by_run = [
        np.stack([expected(way.weights, x.game.others[name]) for name in layers])
        for _, x, way in rows
    ]
    sums = [
        mean(runs.sum(axis=0), x.game.runs is None)
        for (_, x, _), runs in zip(rows, by_run, strict=True)
    ]
    means = np.stack([runs.mean(axis=1) for runs in by_run])
    ends = [each.high for each in sums if np.isfinite(each.high)]
    largest = max(float(np.clip(means, 0.0, None).sum(axis=1).max()), *ends, 0.0)
    by, unit = scale(largest)
    heights = [y for y, _, _ in rows]
    for at, name in enumerate(layers):
        before = means[:, :at]
        same = np.sign(before) == np.sign(means[:, at : at + 1])
        start = np.where(same, before, 0.0).sum(axis=1)
        layer_bars(panel, name, heights, means[:, at] / by, 0.66, start / by, sideways=True)
    if len(layers) > 1:
        # A light line under the mark, so that it is seen on dark bars.
        low, high = (np.array([getattr(e, end) for e in sums]) / by for end in ("low", "high"))
        panel.hlines(heights, low, high, color=PAPER, linewidth=3.4, zorder=2.9)
        dots(panel, heights, sums, by, SUM, sideways=True)
    else:
        low, high = (np.array([getattr(e, end) for e in sums]) / by for end in ("low", "high"))
        panel.hlines(heights, low, high, color=PAPER, linewidth=3.4, zorder=2.9)
        panel.hlines(heights, low, high, color=LOOKS[2].colour, linewidth=1.4, zorder=3)
    panel.axvline(0.0, color=INK, linewidth=0.9, zorder=3)
    panel.set_xlabel(f"${unit}")
    round_ticks(panel.xaxis, 6)
    panel.grid(axis="y", visible=False)
    panel.tick_params(axis="y", left=False)


def _heading(figure: Figure, x: Found, conditions: Sequence[Solved]) -> None:
    heading(
        figure,
        f"Value by layer in each equilibrium and at the ends: {title_of(x)}",
        "best profile: most total surplus, whoever would play it",
        mild_and_fierce(conditions[0].game, conditions[0].kinds.only),
        "95% intervals over runs" if conditions[0].game.runs is not None else "of one run",
        left_out(x, conditions, "game/measures.csv"),
    )


def _handles(layers: Sequence[str]) -> list[Any]:
    from matplotlib.lines import Line2D

    found = [layer_handle(name, LAYERS[name]) for name in LAYER_STYLE if name in layers]
    others = [name for name in layers if name != CUSTOMERS]
    if len(others) > 1:
        found.append(
            Line2D(
                [], [], color=INK, marker="D", markersize=4.2, markerfacecolor=PAPER,
                label="these together",
            )
        )  # fmt: skip
    return found
