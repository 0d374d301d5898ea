"""Pictures of a game that was played: its equilibria, what each layer gets, what game it is, where play leads.

    >>> save(found(opened("results/memory_game")), Path("pictures"))

Each drawing function takes what was found and returns a figure, or None where there is nothing to draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.games.empirical.sampling import EPSILON
from agentsim.report.dilemma_map import dilemma_map
from agentsim.report.dynamics_figure import dynamics
from agentsim.report.equilibrium_rows import (
    Shown,
    chosen,
    condition_words,
    counted,
    left_out,
    shown,
    title_of,
)
from agentsim.report.equilibrium_value import value_by_layer
from agentsim.report.figures import DPI
from agentsim.report.panels import grid, heading
from agentsim.report.responding_map import responses
from agentsim.report.schelling_figure import schelling
from agentsim.report.strategy_style import (
    Bars,
    draw_equilibrium,
    kind_handles,
    name_roles,
    strategy_legend,
)
from agentsim.report.style import INK, LOOKS, SMALL, Look, dots, house_style, round_ticks
from agentsim.report.words import scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.games.empirical.found import Found, Solved

MOST_CONDITIONS = 12
ROW = 0.205
"""Inches that a row takes."""
VERDICTS: dict[str, Look] = {
    "confirmed": Look(LOOKS[0].colour, "-", "o", False),
    "open": Look(LOOKS[0].colour, "-", "o", True),
    "refuted": Look(LOOKS[3].colour, "-", "X", False),
}
"""How a regret looks; what was not held against fresh runs has none."""


def save(x: Found, folder: Path) -> list[Path]:
    """Draw the pictures into a folder, which is made, and return the paths of those there are."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in PICTURES.items():
        with house_style():
            figure = draw(x)
            if figure is None:
                continue
            paths.append(folder / f"{name}.png")
            figure.savefig(paths[-1], dpi=DPI)
    return paths


# Equilibria


def equilibria(x: Found) -> Figure:
    """Draw a row an equilibrium: who does what, what customers get of it, and how sure it is."""
    conditions = chosen(x, MOST_CONDITIONS)
    rows, heads, below = _rows(conditions)
    columns = _columns(rows)
    # As much room for roles as they need, up to half of the width.
    wide = min(1.5 + 0.75 * len(conditions[0].game.roles), 3.6)
    held = any(each.held for _, each in rows)
    ratios = [wide, *(1.35 for _ in columns), *([1.35] if held else [])]
    figure, [panels] = grid(
        1, len(ratios), ROW * below + 2.0, sharey=True, gridspec_kw={"width_ratios": ratios}
    )
    inches = 7.6 * wide / sum(ratios) / len(conditions[0].game.roles)
    bars = Bars(0.0, 1.0, inches)
    first = panels[0]
    for y, each in rows:
        draw_equilibrium(first, bars, y, each.equilibrium)
    for y, words in heads:
        first.text(
            0.0, y, words, fontsize=SMALL, fontweight="bold", color=INK, va="center", clip_on=False
        )
    name_roles(first, bars, conditions[0].game)
    first.set_yticks([y for y, _ in rows], [each.name for _, each in rows])
    first.set_ylim(below - 0.4, -0.6)
    first.spines[:].set_visible(False)
    first.tick_params(axis="y", length=0)
    first.set_title("who does what")
    for panel, (title, name, share) in zip(panels[1:], columns, strict=False):
        _worth(panel, rows, name, share)
        panel.set_title(title)
    if held:
        _regrets(panels[-1], rows, conditions)
    heading(figure, f"Equilibria: {title_of(x)}", *_how_to_read(x, conditions, held))
    strategy_legend(figure, conditions[0].game, kind_handles())
    return _roomy(figure)


Rows = list[tuple[float, Shown]]


def _rows(conditions: Sequence[Solved]) -> tuple[Rows, list[tuple[float, str]], float]:
    """Return rows with their heights, headings with theirs, and where the picture ends."""
    rows: Rows = []
    heads: list[tuple[float, str]] = []
    y = 0.0
    for x in conditions:
        told = [condition_words(x)]
        found = shown(x)
        if x.candidates and not x.standing:
            told.append("all that was found is refuted")
        elif not found:
            told.append("no equilibrium was found")
        words = ": ".join(filter(None, told))
        if words:
            heads.append((y, words))
            y += 1.0
        for each in found:
            rows.append((y, each))
            y += 1.0
        y += 0.35
    return rows, heads, y


def _columns(rows: Rows) -> list[tuple[str, str, bool]]:
    """Return what is told of each equilibrium: a title, a name among its worth, and whether a share."""
    known = set().union(*(each.worth.worth for _, each in rows)) if rows else set()
    found = [("customers' share", "customer_share", True)] if "customer_share" in known else []
    if "total_surplus" in known:
        whose = "total surplus" if found else "what players earn"
        found.append((whose, "total_surplus", False))
    return found


def _worth(panel: Axes, rows: Rows, name: str, share: bool) -> None:
    """Draw what equilibria are worth, with intervals."""
    intervals = [each.worth.worth[name] for _, each in rows]
    game = rows[0][1].equilibrium.game
    unit = "$bn" if name in game.others else game.unit
    by, unit = (0.01, "%") if share else _scale_of(intervals) if unit == "$bn" else (1.0, unit)
    dots(panel, [y for y, _ in rows], intervals, by, LOOKS[0], sideways=True)
    panel.set_xlabel(unit)
    _sideways(panel)


def _scale_of(intervals: Sequence[Interval]) -> tuple[float, str]:
    """Return what to divide amounts in $bn by, and the unit."""
    ends = np.array([[each.value, each.low, each.high] for each in intervals], dtype=np.float64)
    by, unit = scale(float(np.abs(ends[np.isfinite(ends)]).max(initial=0.0)))
    return by, f"${unit}"


def _regrets(panel: Axes, rows: Rows, conditions: Sequence[Solved]) -> None:
    """Draw regrets on fresh runs, what is no reason to deviate as a tick, and the verdict at the right."""
    for verdict, looks in VERDICTS.items():
        of = [(y, each.held) for y, each in rows if each.held and each.verdict == verdict]
        dots(panel, [y for y, _ in of], [h.regret for _, h in of if h], 1.0, looks, sideways=True)
    for y, each in rows:
        if each.held is not None:
            epsilon = each.held.epsilon
            panel.vlines(epsilon, y - 0.42, y + 0.42, color=LOOKS[2].colour, linewidth=1.6)
        panel.annotate(
            each.verdict, (1.0, y), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=SMALL, color=INK,
            annotation_clip=False,
        )  # fmt: skip
    right = panel.get_xlim()[1]
    panel.set_xlim(-0.05 * right, right)
    panel.set_xlabel(_payoff_unit(conditions))
    panel.set_title("regret on fresh runs")
    _sideways(panel)


def _payoff_unit(conditions: Sequence[Solved]) -> str:
    return conditions[0].game.unit or "in the payoff's unit"


def _sideways(panel: Axes) -> None:
    round_ticks(panel.xaxis, 4)
    panel.grid(axis="y", visible=False)
    panel.tick_params(axis="y", left=False)


def _how_to_read(x: Found, conditions: Sequence[Solved], held: bool) -> list[str]:
    """Return what holds of all rows, and what is left out."""
    refuted = sum(
        each.verdict == "refuted" for s in conditions if s.standing for each in s.candidates
    )
    some = not all(each.equilibria.complete for each in conditions)
    return [
        "95% intervals over runs" if conditions[0].game.runs is not None else "of one run",
        "confirmed: all of the regret's interval is at most epsilon (orange tick: "
        f"{_epsilon(x)}), refuted: all of it is above, open: neither" if held else
        "none of these was held against fresh runs",
        f"{counted(refuted, 'candidate')} that fresh runs refuted left out" if refuted else "",
        "there may be mixed equilibria that were not found" if some else "",
        left_out(x, conditions),
    ]  # fmt: skip


def _epsilon(x: Found) -> str:
    return "as asked for" if x.asked.epsilon else f"{100.0 * EPSILON:g}% of how far payoffs reach"


def _roomy(figure: Figure) -> Figure:
    """Lay a figure out with room at its edges, to which words reach."""
    from agentsim.report.style import laid_out

    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=0.06)
    return laid_out(figure)


PICTURES: dict[str, Callable[[Any], Any]] = {
    "equilibria": equilibria,
    "value_by_layer": value_by_layer,
    "schelling": schelling,
    "dynamics": dynamics,
    "dilemma_map": dilemma_map,
    "responses": responses,
}
"""The pictures of a game, by the name of the file."""
