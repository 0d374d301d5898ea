"""The dilemma map: the kind of game, equilibrium postures and customers' share, over two factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.games.empirical.answering import FACTOR, levels_of
from agentsim.games.kinds import MEANING, MIXED, SHORT, UNCLEAR
from agentsim.laws.numerics import Array
from agentsim.report.equilibrium_rows import every_one, shown, title_of
from agentsim.report.game_figures import KIND_COLOUR, MOST
from agentsim.report.panels import grid, heading, level_ticks
from agentsim.report.strategy_style import (
    GAP,
    Bars,
    draw_equilibrium,
    mild_and_fierce,
    role_words,
    strategy_legend,
)
from agentsim.report.style import FAINT, INK, PAPER, SMALL, ink_on, laid_out
from agentsim.report.words import listed, title_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.games.classifying import Pair
    from agentsim.games.empirical.found import Found, Solved
    from agentsim.games.game import Game

OTHER_KINDS: dict[str, tuple[str, str]] = {
    "winding": ("#e9e4da", "..."),
    "battle of the sexes": ("#e6def0", "\\\\\\"),
    "matching pennies": ("#dfe9e9", "++"),
    MIXED: ("#e9e4da", "xx"),
}
"""Fill and hatch of kinds that games of one firm against the rest do not have."""
OTHER_NAMES = {MIXED: "another kind for each"}
"""Mixed is what equilibria are called too."""
MOST_BARS = 4
"""Equilibria of a cell that are drawn."""
LOW, HIGH = "-", (0, (4, 2))
"""Lines of the least and of the largest share of customers in equilibrium."""


@dataclass(frozen=True, eq=False)
class Map:
    """Conditions as cells: two factors, each with its levels."""

    across: str
    up: str
    columns: list[Any]
    rows: list[Any]
    cells: dict[tuple[int, int], Solved]
    """By column and row."""


def map_of(x: Found) -> Map | None:
    """Return conditions as cells; None unless these are two numeric factors of two levels or more."""
    levels = levels_of(x)
    if len(levels) != 2 or any(len(each) < 2 for each in levels.values()):
        return None
    if any(not isinstance(level, int | float) for each in levels.values() for level in each):
        return None
    up, across = (FACTOR, next(n for n in levels if n != FACTOR)) if FACTOR in levels else levels
    columns, rows = sorted(levels[across]), sorted(levels[up])
    cells = {
        (columns.index(s.conditioned.condition[across]), rows.index(s.conditioned.condition[up])): s
        for s in x
    }
    return Map(across, up, columns, rows, cells)


def name_levels(panel: Axes, told: Map) -> None:
    """Label the levels of both factors, which stand at equal distances."""
    panel.set_xlim(0, len(told.columns))
    panel.set_ylim(0, len(told.rows))
    panel.set_xticks(np.arange(len(told.columns)) + 0.5, _ticks(told.columns))
    panel.set_yticks(np.arange(len(told.rows)) + 0.5, _ticks(told.rows))
    panel.set_xlabel(title_words(told.across))
    panel.set_ylabel(title_words(told.up) + (" (×)" if told.up == FACTOR else ""))
    panel.grid(visible=False)
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)


def _ticks(levels: list[Any]) -> list[str]:
    return level_ticks([float(each) for each in levels])


def kind_fill(kind: str) -> tuple[str, str]:
    """Return the colour and the hatch of a kind of game."""
    if kind in OTHER_KINDS:
        return OTHER_KINDS[kind]
    return KIND_COLOUR[kind], "///" if kind == UNCLEAR else ""


def unsure(pair: Pair) -> bool:
    """Say whether fewer than half of the resamples are of the kind of the means."""
    share = pair.resampled.get(pair.of_means, 0.0) if pair.resampled else 1.0
    return pair.of_means == UNCLEAR or share < MOST


def dilemma_map(x: Found) -> Figure | None:
    """Draw the kind of game as colour, customers' share as contours, and postures as bars, a cell each.

    None unless conditions are two numeric factors of two levels or more.
    """
    told = map_of(x)
    if told is None:
        return None
    high = min(max(5.0 / len(told.rows), 0.72), 0.95)
    low = 0.62 * high
    figure, [[kinds], [postures]] = grid(
        2, 1, (high + low) * len(told.rows) + 3.3, gridspec_kw={"height_ratios": [low, high]}
    )
    for panel in (kinds, postures):
        name_levels(panel, told)
    kinds.set_xlabel("")
    for (column, row), each in told.cells.items():
        _kind(kinds, column, row, each)
        _postures(postures, column, row, each, (8.3 / len(told.columns), high))
    lines = _contours(kinds, told)
    kinds.set_title("the kind of game" + (", and customers' share in equilibrium" if lines else ""))
    some = next(iter(told.cells.values()))
    postures.set_title(_who(some.game))
    crowded = any(len(each.equilibria.found) > MOST_BARS for each in told.cells.values())
    heading(
        figure,
        f"The dilemma map: {title_of(x)}",
        f"colour and letters: kind of game, {mild_and_fierce(some.game, some.kinds.only)}, with the share "
        "of resamples that are of it",
        "lines: customers' share of total surplus, in the equilibrium where it is least (solid) and most "
        "(broken), straight between cells" if lines else "",
        "levels stand at equal distances",
        "bars: one an equilibrium, mixed ones with a broken frame"
        + (f", at most {MOST_BARS} a cell (all are in game/equilibria.csv)" if crowded else ""),
    )  # fmt: skip
    strategy_legend(figure, some.game, _handles(told), "kinds")
    return laid_out(figure)


def _who(game: Game) -> str:
    """Return what bars show, and whose they are where several stand side by side."""
    if len(game.roles) == 1:
        return "who does what in equilibrium"
    return f"who does what in equilibrium, from the left: {listed([role_words(e) for e in game.roles])}"


def _kind(panel: Axes, column: int, row: int, x: Solved) -> None:
    """Draw a cell: the kind of game, and how sure that is."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    pair = x.kinds.only
    (colour, hatch), pale = kind_fill(pair.of_means), unsure(pair)
    fill, hatch = (PAPER, "///") if pale else (colour, hatch)
    panel.add_patch(
        Rectangle(
            (column + 0.012, row + 0.02), 0.976, 0.96, facecolor=fill, hatch=hatch,
            edgecolor=colour if pale and pair.of_means in KIND_COLOUR and colour != PAPER else INK,
            linewidth=0.6, zorder=1,
        )
    )  # fmt: skip
    sure = pair.resampled.get(pair.of_means) if pair.resampled else None
    share = "" if sure is None or pair.of_means == UNCLEAR else f" {100 * sure:.0f}%"
    written = panel.text(
        column + 0.05, row + 0.76, SHORT[pair.of_means] + share, ha="left", va="center",
        fontsize=9, fontweight="bold", color=ink_on(fill), zorder=6,
        bbox={"facecolor": fill, "edgecolor": "none", "pad": 1.0} if hatch else None,
    )  # fmt: skip
    # Lines of customers' share go round letters.
    written.set_path_effects([withStroke(linewidth=3.0, foreground=fill)])


def _postures(panel: Axes, column: int, row: int, x: Solved, inches: tuple[float, float]) -> None:
    """Draw a bar for each equilibrium of a cell. inches: how wide and high a cell is."""
    from matplotlib.patches import Rectangle

    wide, high = inches
    panel.add_patch(
        Rectangle((column + 0.012, row + 0.02), 0.976, 0.96, facecolor=PAPER, edgecolor=FAINT)
    )
    found = shown(x, MOST_BARS)
    refuted = bool(x.candidates) and not x.standing
    if refuted or not found:
        panel.text(
            column + 0.5, row + (0.88 if found else 0.5), "all refuted" if found else "none found",
            ha="center", va="center", fontsize=SMALL, color=INK,
        )  # fmt: skip
    roles = len(x.game.roles)
    length = 0.9 / (roles + GAP * (roles - 1))
    room = 0.72 if refuted else 0.9
    tall = min(0.27, room / max(len(found), 1))
    bars = Bars(column + 0.05, length, length * wide, 0.86 * tall)
    top = row + 0.05 + 0.5 * room + 0.5 * tall * len(found)
    for at, each in enumerate(found):
        # Letters only where they are no higher than the bar.
        written = 0.86 * tall * high > 0.13
        draw_equilibrium(panel, bars, top - (at + 0.5) * tall, each.equilibrium, written, zorder=3)


def shares(told: Map) -> tuple[Array, Array]:
    """Return customers' least and largest share in equilibrium, `(rows, columns)`; NaN where unknown."""
    low = np.full((len(told.rows), len(told.columns)), np.nan)
    high = low.copy()
    for (column, row), x in told.cells.items():
        found = [
            each.worth.worth["customer_share"].value
            for each in every_one(x)
            if "customer_share" in each.worth.worth
        ]
        if found:
            low[row, column], high[row, column] = min(found), max(found)
    return low, high


def _contours(panel: Axes, told: Map) -> bool:
    """Draw lines of equal share of customers, where it is least and where it is most."""
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import MaxNLocator

    low, high = (100.0 * each for each in shares(told))
    known = np.concatenate([low[np.isfinite(low)], high[np.isfinite(high)]])
    if len(known) < 4 or np.ptp(known) <= 0.0:
        return False
    # Cells stand for their middles; beyond these, at the edge, nothing is known to change.
    x, y = (
        np.concatenate([[0.0], np.arange(n) + 0.5, [float(n)]])
        for n in (len(told.columns), len(told.rows))
    )
    levels = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(known.min(), known.max())
    levels = levels[(levels > known.min()) & (levels < known.max())]
    alike = bool(np.allclose(low, high, equal_nan=True))
    for values, line in ((low, LOW),) if alike else ((low, LOW), (high, HIGH)):
        within = levels[(levels > np.nanmin(values)) & (levels < np.nanmax(values))]
        if not len(within):
            continue
        drawn = panel.contour(
            x, y, np.ma.masked_invalid(np.pad(values, 1, mode="edge")), within, colors=INK,
            linewidths=1.5, linestyles=[line], zorder=5,
        )  # fmt: skip
        drawn.set_path_effects([withStroke(linewidth=3.6, foreground=PAPER)])
        for text in panel.clabel(drawn, fmt="%g%%", fontsize=SMALL, inline=True):
            text.set_path_effects([withStroke(linewidth=2.6, foreground=PAPER)])
            text.set_zorder(7)
    return bool(len(levels))


def _handles(told: Map) -> list[Any]:
    from matplotlib.patches import Patch

    pairs = [each.kinds.only for each in told.cells.values()]
    there = {pair.of_means for pair in pairs}
    found = []
    for kind in (each for each in MEANING if each in there):
        colour, hatch = kind_fill(kind)
        label = f"{SHORT[kind]}  {OTHER_NAMES.get(kind, kind)}"
        found.append(Patch(facecolor=colour, hatch=hatch, edgecolor=INK, lw=0.6, label=label))
    if any(unsure(pair) and pair.of_means != UNCLEAR for pair in pairs):
        label = "in under half"
        found.append(Patch(facecolor=PAPER, edgecolor=INK, hatch="///", linewidth=0.6, label=label))
    return found
