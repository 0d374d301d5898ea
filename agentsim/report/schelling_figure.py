"""Picture of what being fierce pays, by how many of the others are: Schelling's diagram.

A role of several players has its two curves, what the mild and what the fierce earn. Of players who are
each like no other, the others are counted whoever they are: what each gains by being fierce has a line,
and a mark for every way in which so many of the others may be fierce.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.report.equilibrium_rows import (
    chosen,
    condition_words,
    left_out,
    strategy_words,
    title_of,
)
from agentsim.report.panels import grid, heading, legend_below
from agentsim.report.schelling_apart import apart, in_a_row, sure_words, title_over
from agentsim.report.strategy_style import mild_and_fierce, role_words
from agentsim.report.style import (
    INK,
    LOOKS,
    PAPER,
    Look,
    laid_out,
    round_ticks,
    spread,
    zero_line,
)
from agentsim.report.words import plain, scale

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


def schelling(x: Found) -> Figure | None:
    """Draw Schelling diagrams by condition; of players apart, what each gains by being fierce."""
    conditions = chosen(x, MOST_CONDITIONS)
    pair = conditions[0].kinds.only
    alone = max(conditions[0].game.layout.sizes) == 1
    several = [name for name, each in pair.diagrams.items() if each.players > 1]
    if several and (pair.two or not alone):
        return _diagrams(x, conditions, several)
    if 2 < len(conditions[0].game.roles) <= MOST_APART:
        return apart(x, conditions)
    return None


# Roles of several players


def _diagrams(x: Found, conditions: Sequence[Solved], roles: Sequence[str]) -> Figure:
    panels_of = [(each, role) for each in conditions for role in roles]
    columns = len(roles) if len(roles) > 1 else in_a_row(len(panels_of))
    rows = math.ceil(len(panels_of) / columns)
    figure, panels = grid(rows, columns, 2.35 * rows + 1.6)
    flat = [panel for row in panels for panel in row]
    diagrams = [each.kinds.only.diagrams[role] for each, role in panels_of]
    by, unit = _scale(conditions[0].game, diagrams)
    pair = conditions[0].kinds.only
    two = pair.two
    names = {role.name: role_words(role) for role in conditions[0].game.roles}
    for at, (panel, (each, role), diagram) in enumerate(
        zip(flat, panels_of, diagrams, strict=False)
    ):
        _curves(panel, diagram, by)
        if two:
            panel.set_xlim(-0.3, 1.3)
            panel.set_xticks([0, 1], list(map(strategy_words, _other(each.kinds.only, role))))
        else:
            _together(panel, diagram, by)
        words = condition_words(each)
        if len(roles) > 1:
            words = f"{names[role]}{': ' if words else ''}{words}"
        title_over(panel, words, _kind_words(diagram, two))
        if at % columns == 0:
            panel.set_ylabel(f"a player's payoff, {unit}" if unit else "a player's payoff")
        if at >= len(panels_of) - columns:
            panel.set_xlabel("what the other does" if two else "how many are fierce")
    for panel in flat[len(panels_of) :]:
        panel.remove()
    heading(
        figure,
        f"What being fierce pays, by {'what the other does' if two else 'how many are fierce'}: "
        f"{title_of(x)}",
        mild_and_fierce(conditions[0].game, pair),
        ""
        if two
        else "curves: by how many of the others are fierce; grey: mean over all players by how "
        "many of them are",
        "in brackets the share of resamples that are of the kind",
        "95% intervals over runs" if conditions[0].game.runs is not None else "of one run",
        *dict.fromkeys(
            f"{names[name]}: the others hold to {plain(pair.diagrams[name].held)}"
            for name in roles
            if pair.diagrams[name].held
        ),
        left_out(x, conditions, "game/kinds.csv", most=None),
    )
    legend_below(figure, _curve_handles(diagrams, two), 4)
    return laid_out(figure)


def _scale(game: Game, diagrams: Sequence[Diagram]) -> tuple[float, str]:
    if game.unit != "$bn":
        return 1.0, game.unit
    ends = [each.value for d in diagrams for curve in d.curves for each in curve]
    by, unit = scale(float(np.abs(ends).max(initial=0.0)))
    return by, f"${unit}"


def _curves(panel: Axes, x: Diagram, by: float) -> None:
    """Draw what the mild and the fierce earn, and where the curves cross."""
    k = np.arange(x.players)
    for curve, looks, aside in zip(x.curves, (MILD, FIERCE), spread(2, 0.05), strict=True):
        values, low, high = (
            np.array([getattr(each, name) for each in curve]) / by
            for name in ("value", "low", "high")
        )
        # Intervals stand aside, so that none hides another; curves do not: they cross where they do.
        panel.vlines(k + aside, low, high, color=looks.colour, linewidth=1.4, zorder=3)
        panel.plot(
            k, values, color=looks.colour, linewidth=1.6, zorder=3.5, marker=looks.marker,
            markersize=4.5, markerfacecolor=looks.face, markeredgecolor=looks.colour,
        )  # fmt: skip
    for each in x.crossings:
        at = each.at
        panel.axvline(
            at.value, color=LOOKS[2].colour, linewidth=1.2, linestyle="-" if each.stable else ":",
            zorder=1,
        )  # fmt: skip
        if np.isfinite(at.low):
            panel.axvspan(at.low, at.high, color=LOOKS[2].colour, alpha=0.18, zorder=0.5, lw=0.0)
    panel.grid(axis="x", visible=False)
    round_ticks(panel.yaxis, 5)
    zero_line(panel)


def _together(panel: Axes, x: Diagram, by: float) -> None:
    """Draw what all players earn in the mean, by how many of them are fierce, and where that is most."""
    totals = x.totals[0] / by
    panel.plot(
        np.arange(x.players + 1), totals, color=TOGETHER.colour, linestyle=TOGETHER.dashes,
        linewidth=1.2, zorder=2,
    )  # fmt: skip
    panel.plot(
        x.optimum, totals[x.optimum], marker="*", markersize=11, color=PAPER, markeredgecolor=INK,
        zorder=5, linestyle="none",
    )  # fmt: skip
    panel.set_xlim(-0.3, x.players + 0.3)
    panel.set_xticks(range(x.players + 1))


def _other(pair: Pair, role: str) -> tuple[str, str]:
    """Return the mild and the fierce strategy of the other one of two players."""
    other = next(each for name, each in pair.diagrams.items() if name != role)
    return other.mild, other.fierce


def _kind_words(x: Diagram, two: bool) -> str:
    """Return the kind of game, how sure it is, and with how many fierce it comes to rest."""
    sure = None if x.exact else x.kind.resampled.get(x.kind.of_means)
    if two:
        return sure_words(x.kind.of_means, sure)
    rests = " or ".join(map(str, x.equilibria)) or "no number"
    return f"{sure_words(x.kind.of_means, sure)}; rests with {rests} fierce"


def _curve_handles(diagrams: Sequence[Diagram], two: bool) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    found: list[Any] = [
        Line2D([], [], color=each.colour, marker=each.marker, markersize=5, label=label,
               markerfacecolor=each.face)
        for each, label in ((MILD, "a mild player"), (FIERCE, "a fierce player"))
    ]  # fmt: skip
    if not two:
        found.append(
            Line2D(
                [],
                [],
                color=TOGETHER.colour,
                linestyle=TOGETHER.dashes,
                label="mean of all players",
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
