"""Picture of what being fierce pays, by how many of the others are: Schelling's diagram.

A role of several players has its two curves, what the mild and what the fierce earn. Of players who are
each like no other, the others are counted whoever they are: what each gains by being fierce has a line,
and a mark for every way in which so many of the others may be fierce.
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
from agentsim.report.equilibrium_rows import (
    chosen,
    condition_words,
    left_out,
    title_of,
)
from agentsim.report.panels import grid, heading, legend_below
from agentsim.report.strategy_style import mild_and_fierce, role_words
from agentsim.report.style import (
    INK,
    LOOKS,
    PAPER,
    SMALL,
    Look,
    dots,
    laid_out,
    round_ticks,
    spread,
    zero_line,
)
from agentsim.report.words import MINUS, plain, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.games.classifying import Pair
    from agentsim.games.empirical.found import Found, Solved
    from agentsim.games.game import Game
    from agentsim.games.schelling import Diagram

MOST_CONDITIONS = 6
MILD, FIERCE = Look(LOOKS[1].colour, "-", "s", True), Look(LOOKS[0].colour, "-", "o", False)
TOGETHER = Look("#7f7f7f", (0, (3, 2)), "D", True)
MOST_APART = 10
"""Players apart up to which every way in which some of the others are fierce is looked at."""
UNEVEN = 12.0
"""Largest gain over the middle one from which on a linear axis would hide most of them."""


def schelling(x: Found) -> Figure | None:
    """Draw Schelling diagrams by condition; of players apart, what each gains by being fierce."""
    conditions = chosen(x, MOST_CONDITIONS)
    pair = conditions[0].kinds.only
    several = [name for name, each in pair.diagrams.items() if each.players > 1]
    if several:
        return _diagrams(x, conditions, several)
    if 2 < len(conditions[0].game.roles) <= MOST_APART:
        return _apart(x, conditions)
    return None


# Roles of several players


def _diagrams(x: Found, conditions: Sequence[Solved], roles: Sequence[str]) -> Figure:
    panels_of = [(each, role) for each in conditions for role in roles]
    columns = len(roles) if len(roles) > 1 else _in_a_row(len(panels_of))
    rows = math.ceil(len(panels_of) / columns)
    figure, panels = grid(rows, columns, 2.35 * rows + 1.6)
    flat = [panel for row in panels for panel in row]
    diagrams = [each.kinds.only.diagrams[role] for each, role in panels_of]
    by, unit = _scale(conditions[0].game, diagrams)
    names = {role.name: role_words(role) for role in conditions[0].game.roles}
    for at, (panel, (each, role), diagram) in enumerate(
        zip(flat, panels_of, diagrams, strict=False)
    ):
        _curves(panel, diagram, by)
        words = condition_words(each)
        if len(roles) > 1:
            words = f"{names[role]}{': ' if words else ''}{words}"
        _title(panel, words, _kind_words(diagram))
        if at % columns == 0:
            panel.set_ylabel(f"a player's payoff, {unit}" if unit else "a player's payoff")
        if at >= len(panels_of) - columns:
            panel.set_xlabel("how many are fierce")
    for panel in flat[len(panels_of) :]:
        panel.remove()
    pair = conditions[0].kinds.only
    heading(
        figure,
        f"What being fierce pays, by how many are fierce: {title_of(x)}",
        mild_and_fierce(conditions[0].game, pair),
        "curves: by how many of the others are fierce; grey: mean over all players by how many of "
        "them are",
        "in brackets the share of resamples that are of the kind",
        "95% intervals over runs" if conditions[0].game.runs is not None else "of one run",
        *dict.fromkeys(
            f"{names[name]}: the others hold to {plain(pair.diagrams[name].held)}"
            for name in roles
            if pair.diagrams[name].held
        ),
        left_out(x, conditions, "game/kinds.csv"),
    )
    legend_below(figure, _curve_handles(diagrams), 4)
    return laid_out(figure)


def _scale(game: Game, diagrams: Sequence[Diagram]) -> tuple[float, str]:
    if game.unit != "$bn":
        return 1.0, game.unit
    ends = [each.value for d in diagrams for curve in d.curves for each in curve]
    by, unit = scale(float(np.abs(ends).max(initial=0.0)))
    return by, f"${unit}"


def _curves(panel: Axes, x: Diagram, by: float) -> None:
    """Draw what the mild and the fierce earn, where the curves cross, and what all earn together."""
    k = np.arange(x.players)
    for curve, looks, offset in zip(x.curves, (MILD, FIERCE), spread(2, 0.1), strict=True):
        values = np.array([each.value for each in curve]) / by
        panel.plot(k + offset, values, color=looks.colour, linewidth=1.6, zorder=3)
        dots(panel, (k + offset).tolist(), curve, by, looks, size=4.5)
    totals = x.totals[0] / by
    panel.plot(
        np.arange(x.players + 1), totals, color=TOGETHER.colour, linestyle=TOGETHER.dashes,
        linewidth=1.2, zorder=2,
    )  # fmt: skip
    panel.plot(
        x.optimum, totals[x.optimum], marker="*", markersize=11, color=PAPER, markeredgecolor=INK,
        zorder=5, linestyle="none",
    )  # fmt: skip
    for each in x.crossings:
        at = each.at
        panel.axvline(
            at.value, color=LOOKS[2].colour, linewidth=1.2, linestyle="-" if each.stable else ":",
            zorder=1,
        )  # fmt: skip
        if np.isfinite(at.low):
            panel.axvspan(at.low, at.high, color=LOOKS[2].colour, alpha=0.18, zorder=0.5, lw=0.0)
    panel.set_xlim(-0.3, x.players + 0.3)
    panel.set_xticks(range(x.players + 1))
    panel.grid(axis="x", visible=False)
    round_ticks(panel.yaxis, 5)
    zero_line(panel)


def _in_a_row(count: int) -> int:
    return 2 if count in (2, 4) else min(3, count)


def _title(panel: Axes, condition: str, told: str) -> None:
    """Write a condition over a panel, and what is told of it below that."""
    panel.set_title(condition, fontsize=SMALL, pad=17)
    panel.text(
        0.5, 1.03, told, transform=panel.transAxes, ha="center", va="bottom", fontsize=SMALL,
        color=INK,
    )  # fmt: skip


def _kind_words(x: Diagram) -> str:
    """Return the kind of game, how sure it is, and with how many fierce it comes to rest."""
    sure = None if x.exact else x.kind.resampled.get(x.kind.of_means)
    rests = " or ".join(map(str, x.equilibria)) or "no number"
    return f"{_sure_words(x.kind.of_means, sure)}; rests with {rests} fierce"


def _pair_words(pair: Pair) -> str:
    """Return the kind of game with the others mild, and how sure it is."""
    kind = "a kind for each player" if pair.of_means == MIXED else pair.of_means
    return _sure_words(kind, pair.resampled.get(pair.of_means))


def _sure_words(kind: str, sure: float | None) -> str:
    if kind == UNCLEAR or sure is None:
        return kind
    return f"{kind} ({100.0 * sure:.0f}%)"


def _curve_handles(diagrams: Sequence[Diagram]) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    found: list[Any] = [
        Line2D([], [], color=each.colour, marker=each.marker, markersize=5, label=label,
               markerfacecolor=each.face)
        for each, label in ((MILD, "a mild player"), (FIERCE, "a fierce player"))
    ]  # fmt: skip
    found.append(
        Line2D(
            [], [], color=TOGETHER.colour, linestyle=TOGETHER.dashes, label="mean of all players"
        )
    )
    found.append(
        Line2D([], [], color=PAPER, marker="*", markeredgecolor=INK, markersize=10,
               linestyle="none", label="where it is most")
    )  # fmt: skip
    crossings = [each for x in diagrams for each in x.crossings]
    lines: list[tuple[bool, Any, str]] = [
        (True, "-", "crossing, play comes back"),
        (False, ":", "crossing, play leaves"),
    ]
    for stable, line, label in lines:
        if any(each.stable == stable for each in crossings):
            found.append(Line2D([], [], color=LOOKS[2].colour, linestyle=line, label=label))
    if any(np.isfinite(each.at.low) and not x.exact for x in diagrams for each in x.crossings):
        label = "its 95% interval"
        found.append(Patch(color=LOOKS[2].colour, alpha=0.18, lw=0.0, label=label))
    return found


# Players apart


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


def _apart(x: Found, conditions: Sequence[Solved]) -> Figure:
    game = conditions[0].game
    columns = _in_a_row(len(conditions))
    rows = math.ceil(len(conditions) / columns)
    figure, panels = grid(rows, columns, 2.3 * rows + 1.7)
    flat = [panel for row in panels for panel in row]
    gains = [advantages(each.game, each.kinds.only) for each in conditions]
    most = max(float(np.abs(way.mean(axis=1)).max()) for g in gains for p in g for way in p)
    by, unit = scale(most) if game.unit == "$bn" else (1.0, game.unit)
    middle = float(np.median([np.abs(w.mean(axis=1)) for g in gains for p in g for w in p
                              if len(w) == len(p[0])]))  # fmt: skip
    roots = most > UNEVEN * middle
    for at, (panel, each, of) in enumerate(zip(flat, conditions, gains, strict=False)):
        _lines(panel, of, by, each.game.runs is None)
        if roots:
            _root_axis(panel)
        _title(panel, condition_words(each), _pair_words(each.kinds.only))
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
        left_out(x, conditions, "game/kinds.csv"),
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
