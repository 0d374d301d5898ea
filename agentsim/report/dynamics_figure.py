"""Picture of where play leads: best replies, replicators, alpha-rank, and the path of quantal responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.games.equilibria import Equilibrium
from agentsim.laws.numerics import Array
from agentsim.report.equilibrium_rows import (
    Shown,
    chosen,
    condition_words,
    counted,
    every_one,
    left_out,
    profile_words,
    same,
    title_of,
)
from agentsim.report.panels import grid, heading
from agentsim.report.strategy_style import fills_of, role_words, strategy_legend
from agentsim.report.style import INK, PAPER, SMALL, laid_out
from agentsim.report.words import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.games.empirical.found import Found, Solved
    from agentsim.games.game import Game
    from agentsim.games.logit import LogitPath

MOST_CONDITIONS = 6
MOST_ENDS = 4
"""Ends of a process that are named; the others are added up."""
LEAST = 0.005
"""Share from which on an end is named."""
FIRST, LEAST_END = 0.1, 100.0
"""Where the axis of the logit path begins, and ends at the earliest: lambda times payoffs' spread."""
STILL = 0.003
"""Probability by which mixtures may differ from the last one where the axis ends."""
MOVING = "goes round, or still moves"
LETTERS = 46
FILLS = {"best replies": "#9db8d6", "replicators": "#e8a262", "alpha-rank": "#53687f"}
"""Steps of lightness, one a process."""


@dataclass(frozen=True)
class End:
    """An end that play comes to, and how often."""

    process: str
    words: str
    share: Interval


def ends(x: Solved) -> list[End]:
    """Return where each process leads, from the largest share to the smallest; small ones together."""
    known = every_one(x)
    layout = x.game.layout

    def pure(place: int) -> str:
        return _named(Equilibrium(x.game, layout.profiles[place]), known)

    found: dict[str, list[tuple[str, Interval]]] = {"best replies": [], "replicators": []}
    for at, sink in enumerate(x.replies.sinks):
        words = (
            pure(sink.places[0]) if sink.rests
            else f"goes round {counted(len(sink.places), 'profile')}"
        )  # fmt: skip
        found["best replies"].append((words, _exactly(x.replies.chances[:, at].mean())))
    found["replicators"] += [(_named(each.rest, known), each.share) for each in x.basins.basins]
    for words, share in ((MOVING, x.basins.round), ("not settled", x.basins.slow)):
        found["replicators"].append((words, share))
    if x.ranked is not None:
        found["alpha-rank"] = [
            (
                pure(sink[0]) if len(sink) == 1 else f"among {len(sink)} profiles",
                _exactly(mass),
            )
            for sink, mass in zip(x.ranked.sinks, x.ranked.mass, strict=True)
        ]
    return [End(process, *each) for process, of in found.items() for each in _largest(of)]


def _exactly(share: float) -> Interval:
    return Interval(float(share), np.nan, np.nan, 0)


def _largest(of: list[tuple[str, Interval]]) -> list[tuple[str, Interval]]:
    """Return the largest of some shares, and what is left together."""
    order = sorted(of, key=lambda each: -each[1].value)
    named = [each for each in order[:MOST_ENDS] if each[1].value >= LEAST]
    rest = [each for each in order[len(named) :] if each[1].value > 0.0]
    if len(rest) == 1:
        return [*named, rest[0]]
    if rest:
        share = sum(each.value for _, each in rest)
        named.append((counted(len(rest), "other end"), _exactly(share)))
    return named


def _named(given: Equilibrium, known: Sequence[Shown]) -> str:
    """Return the number of an equilibrium where it is one of those shown, and who does what."""
    number = next((f"{each.name}: " for each in known if same(each.equilibrium, given)), "")
    words = number + profile_words(given)
    return words if len(words) <= LETTERS else words[: LETTERS - 1] + "…"


def dynamics(x: Found) -> Figure:
    """Draw where play leads, a row a condition: ends with their shares, and the logit path by role."""
    conditions = chosen(x, MOST_CONDITIONS)
    game = conditions[0].game
    of = [ends(each) for each in conditions]
    heights = [max(0.19 * len(each) + 0.55, 1.25) for each in of]
    roles = len(game.roles)
    ratios = [4.2, *(max(3.4 / roles, 0.8) for _ in game.roles)]
    figure, panels = grid(
        len(conditions), len(ratios), sum(heights) + 1.9,
        gridspec_kw={"width_ratios": ratios, "height_ratios": heights},
    )  # fmt: skip
    for row, (each, found) in enumerate(zip(conditions, of, strict=True)):
        _shares(panels[row][0], found)
        panels[row][0].set_title(condition_words(each), loc="left", fontsize=SMALL)
        for at, panel in enumerate(panels[row][1:]):
            _stack(panel, each.game, at, each.logit)
            panel.tick_params(labelleft=at == 0)
            if roles > 1 and row == 0:
                panel.set_title(role_words(game.roles[at]), fontsize=SMALL, fontweight="normal")
            if at == 0:
                panel.set_ylabel("share (%)", fontsize=SMALL)
    unsettled = sum(not each.logit.arrived for each in conditions)
    heading(
        figure,
        f"Where play leads: {title_of(x)}",
        "left: share of starts by where they end; best replies one at a time from every profile; "
        "replicators from mixes drawn evenly, with 95% intervals; alpha-rank: share of time",
        "right: quantal responses (logit), from choosing at random to no mistakes, along λ times payoffs' "
        "spread; white dots: λ turns back there",
        f"the path stopped short of an equilibrium under {counted(unsettled, 'condition')}"
        if unsettled else "",
        left_out(x, conditions, "game/dynamics.csv", most=None),
    )  # fmt: skip
    strategy_legend(figure, game)
    return laid_out(figure)


def _shares(panel: Axes, found: Sequence[End]) -> None:
    """Draw shares as bars, with where they lead written beside."""
    y = 0.0
    ticks: list[tuple[float, str]] = []
    before = ""
    for each in found:
        if each.process != before:
            y += 0.35 if before else 0.0
            ticks.append((y, each.process))
            before = each.process
        panel.barh(
            y, 100.0 * each.share.value, 0.72, color=FILLS[each.process], edgecolor=INK,
            linewidth=0.6, zorder=2,
        )  # fmt: skip
        end = each.share.value
        if np.isfinite(each.share.low) and each.share.high > 0.0:
            panel.hlines(
                y,
                100.0 * each.share.low,
                100.0 * each.share.high,
                color=INK,
                linewidth=1.4,
                zorder=3,
            )
            end = each.share.high
        panel.annotate(
            f"{_percent(each.share.value)}  {each.words}", (100.0 * end, y), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=SMALL, color=INK, zorder=4,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip
        y += 1.0
    panel.set_yticks([each for each, _ in ticks], [words for _, words in ticks])
    panel.set_ylim(y - 0.4, -0.6)
    # Room for words beyond the longest bar.
    panel.set_xlim(0.0, 300.0)
    panel.set_xticks([0, 50, 100])
    panel.xaxis.set_major_formatter("{x:g}%")
    panel.grid(axis="y", visible=False)
    panel.spines["bottom"].set_bounds(0, 100)
    panel.tick_params(axis="y", left=False)


def _percent(share: float) -> str:
    return percent(share, 0) if share >= 0.01 else "<1%"


def _path(x: LogitPath) -> tuple[Array, Array]:
    """Return the logarithm of lambda x spread at each point, and how far along the path that is.

    The second adds up what the first moves, back and forth: it is the same where the path does not
    turn back. Points at the end, at which hardly anything changes any more, are left out.
    """
    scaled = np.maximum(x.lambdas * (x.game.spread or 1.0), FIRST)
    moving = np.abs(x.mixtures - x.mixtures[-1]).max(axis=1) > STILL
    last = np.flatnonzero(moving | (scaled < LEAST_END))
    end = min(int(last.max(initial=0)) + 2, len(scaled))
    logs = np.log10(scaled[:end])
    return logs, logs[0] + np.concatenate([[0.0], np.cumsum(np.abs(np.diff(logs)))])


def _stack(panel: Axes, game: Game, at: int, path: LogitPath) -> None:
    """Draw shares of a role's strategies along the path, one above the other."""
    part = game.layout.slice(at)
    fills = fills_of(game)[part]
    logs, along = _path(path)
    panel.stackplot(
        along, 100.0 * path.mixtures[: len(along), part].T, colors=[each.colour for each in fills],
        edgecolor=INK, linewidth=0.5,
    )  # fmt: skip
    for area, fill in zip(panel.collections, fills, strict=True):
        area.set_hatch(fill.hatch)
    panel.set_xlim(along[0], max(float(along[-1]), float(along[0]) + 1e-9))
    panel.set_ylim(0, 100)
    panel.set_yticks([0, 50, 100])
    panel.grid(visible=False)
    steps = np.diff(logs)
    moved = np.flatnonzero(steps)
    turns = [b for a, b in pairwise(moved) if steps[a] * steps[b] < 0.0]
    for each in turns:
        panel.axvline(along[each], color=PAPER, linewidth=1.6, linestyle=":")
    if turns:
        panel.set_xticks([])
        panel.set_xlabel("λ turns back" if len(game.roles) > 1 else "dotted: λ turns back",
                         fontsize=SMALL)  # fmt: skip
        return
    powers = np.arange(np.ceil(along[0]), np.floor(along[-1]) + 1.0)
    powers = powers[:: max(1, int(np.ceil(len(powers) / (5.0 if len(game.roles) < 3 else 2.5))))]
    panel.set_xticks(powers, [_power(int(each)) for each in powers])


def _power(power: int) -> str:
    return f"{10.0**power:g}" if power <= 2 else f"$10^{{{power}}}$"
