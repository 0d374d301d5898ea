"""Picture of players who are each like no other: what each gains by being fierce, as more of the others are.

Lines are means over who of the others is fierce; a mark stands for every way there is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.games.kinds import MIXED, UNCLEAR
from agentsim.games.worth import mean
from agentsim.laws.numerics import Array
from agentsim.report.equilibrium_rows import condition_words, left_out, title_of
from agentsim.report.panels import grid, heading, legend_below
from agentsim.report.strategy_style import mild_and_fierce, role_words
from agentsim.report.style import INK, LOOKS, SMALL, dots, laid_out, round_ticks, spread, zero_line
from agentsim.report.words import MINUS, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.games.classifying import Pair
    from agentsim.games.empirical.found import Found, Solved
    from agentsim.games.game import Game

UNEVEN = 12.0
"""Largest gain over the middle one from which on a linear axis would hide most of them."""


def advantages(game: Game, pair: Pair) -> list[list[Array]]:
    """Return what each player gains by being fierce, by run, `[player][k]` `(ways, runs)`.

    k of the other players are fierce and the rest of them mild, in all the ways that there are.
    """
    layout = game.layout
    runs = game.payoffs[:, :, None] if game.runs is None else game.runs
    columns = [
        (start + role.strategies.index(pair.diagrams[role.name].mild),
         start + role.strategies.index(pair.diagrams[role.name].fierce))
        for start, role in zip(layout.starts, game.roles, strict=True)
    ]  # fmt: skip

    def earned(me: int, own: int, fierce: Sequence[int]) -> Array:
        counts = np.zeros(layout.columns, np.int64)
        for at, both in enumerate(columns):
            counts[both[own if at == me else at in fierce]] = 1
        found: Array = runs[layout.place(counts), columns[me][own]]
        return found

    found = []
    for me in range(len(columns)):
        others = [at for at in range(len(columns)) if at != me]
        found.append([
            np.stack([earned(me, 1, some) - earned(me, 0, some) for some in combinations(others, k)])
            for k in range(len(columns))
        ])  # fmt: skip
    return found


def apart(x: Found, conditions: Sequence[Solved]) -> Figure:
    """Draw what each player gains by being fierce, a panel a condition."""
    game = conditions[0].game
    columns = in_a_row(len(conditions))
    rows = math.ceil(len(conditions) / columns)
    figure, panels = grid(rows, columns, 2.3 * rows + 1.7)
    flat = [panel for row in panels for panel in row]
    gains = [advantages(each.game, each.kinds.only) for each in conditions]
    sizes = np.abs(np.concatenate([w.mean(axis=1) for g in gains for each in g for w in each]))
    most = float(sizes.max())
    by, unit = scale(most) if game.unit == "$bn" else (1.0, game.unit)
    roots = most > UNEVEN * float(np.median(sizes))
    for at, (panel, each, of) in enumerate(zip(flat, conditions, gains, strict=False)):
        _lines(panel, of, by, each.game.runs is None)
        if roots:
            _root_axis(panel)
        title_over(panel, condition_words(each), _pair_words(each.kinds.only))
        if at % columns == 0:
            what = f"${unit}" if game.unit == "$bn" else unit
            panel.set_ylabel(f"gain by being fierce{f', {what}' if what else ''}")
        if at >= len(conditions) - columns:
            panel.set_xlabel("how many of the others are fierce")
    for panel in flat[len(conditions) :]:
        panel.remove()
    pair = conditions[0].kinds.only
    heading(
        figure,
        f"What each player gains by being fierce, by how many of the others are: {title_of(x)}",
        mild_and_fierce(game, pair),
        "lines: means over who the others are, with 95% intervals over runs; small marks: each way"
        if game.runs is not None else "lines: means over who the others are; small marks: each way",
        "in brackets the share of resamples that are of the kind",
        "steps of the axis go by the square root, so that small gains show" if roots else "",
        left_out(x, conditions, "game/kinds.csv", most=None),
    )  # fmt: skip
    legend_below(figure, _player_handles(game), 4)
    return laid_out(figure)


def _lines(panel: Axes, gains: Sequence[Sequence[Array]], by: float, exact: bool) -> None:
    """Draw what each player gains, a line each."""
    for player, offset in zip(range(len(gains)), spread(len(gains), 0.3), strict=True):
        looks = LOOKS[player % len(LOOKS)]
        k = np.arange(len(gains[player])) + offset
        means: list[Interval] = [mean(ways.mean(axis=0), exact) for ways in gains[player]]
        panel.plot(
            k, [each.value / by for each in means], color=looks.colour, linestyle=looks.dashes,
            linewidth=1.3, zorder=3,
        )  # fmt: skip
        dots(panel, k.tolist(), means, by, looks)
        for at, ways in zip(k, gains[player], strict=True):
            if len(ways) > 1:
                panel.plot(
                    np.full(len(ways), at), ways.mean(axis=1) / by, linestyle="none", marker="_",
                    markersize=5, color=looks.colour, zorder=2.5,
                )  # fmt: skip
    panel.set_xlim(-0.4, len(gains) - 0.6)
    panel.set_xticks(range(len(gains)))
    panel.grid(axis="x", visible=False)
    round_ticks(panel.yaxis, 5)
    zero_line(panel)


def _root_axis(panel: Axes) -> None:
    """Make steps of the axis at the left go by the square root, signs kept."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    low, high = panel.get_ylim()
    panel.set_yscale(
        "function",
        functions=(lambda y: np.sign(y) * np.sqrt(np.abs(y)), lambda y: np.sign(y) * y * y),
    )
    most = max(-low, high)
    step = 10.0 ** np.floor(np.log10(most))
    ticks = [0.0] + [sign * m * step for m in (0.1, 0.3, 1.0, 3.0) for sign in (-1.0, 1.0)]
    panel.yaxis.set_major_locator(FixedLocator([each for each in ticks if low <= each <= high]))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}".replace("-", MINUS)))
    panel.set_ylim(low, high)


def _player_handles(game: Game) -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D(
            [], [], color=looks.colour, linestyle=looks.dashes, marker=looks.marker, markersize=5,
            markerfacecolor=looks.face, label=role_words(role),
        )
        for role, looks in zip(game.roles, LOOKS * 2, strict=False)
    ]  # fmt: skip


# Words over panels


def in_a_row(count: int) -> int:
    """Return how many panels stand side by side."""
    return 2 if count in (2, 4) else min(3, count)


def title_over(panel: Axes, condition: str, told: str) -> None:
    """Write a condition over a panel, and what is told of it below that."""
    panel.set_title(condition, fontsize=SMALL, pad=17)
    panel.text(
        0.5, 1.03, told, transform=panel.transAxes, ha="center", va="bottom", fontsize=SMALL,
        color=INK,
    )  # fmt: skip


def sure_words(kind: str, sure: float | None) -> str:
    """Return a kind with the share of resamples that are of it."""
    if kind == UNCLEAR or sure is None:
        return kind
    return f"{kind} ({100.0 * sure:.0f}%)"


def _pair_words(pair: Pair) -> str:
    """Return the kind of game with the others mild, and how sure it is."""
    kind = "a kind for each player" if pair.of_means == MIXED else pair.of_means
    return sure_words(kind, pair.resampled.get(pair.of_means))
