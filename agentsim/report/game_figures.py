"""Figures of deviations: what one firm gains by doing other than the rest, and what game that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.intervals import Interval, bootstrap_mean
from agentsim.games.kinds import MEANING, SHORT, UNCLEAR, Kind
from agentsim.report.axes import Level
from agentsim.report.kinds import best_replies, game, pairs
from agentsim.report.panels import grid, heading, legend_below, level_ticks, panel_a_shock
from agentsim.report.study import Study
from agentsim.report.style import INK, PAPER, SMALL, ink_on, styled
from agentsim.report.words import firm_words, number, plain, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Steps of lightness; the letters of a kind stand in every cell besides.
KIND_COLOUR: dict[str, str] = {
    "prisoner's dilemma": "#6b1420",
    "chicken": "#e8824f",
    "stag hunt": "#f5cb5c",
    "harmony": "#d5f0d3",
    "deadlock": "#4a7ab0",
    "reversed dilemma": "#53418a",
    UNCLEAR: PAPER,
}
MOST = 0.5
"""A kind that fewer draws are of is hatched, not coloured."""

PAYOFF_SHADES = ("#f8fafc", "#86abd4")
"""From the least to the most: so light that ink and frames are seen on all of them."""


def firms(study: Study) -> list[str]:
    """Return the firms whose deviations make a game."""
    return [firm for firm in study.deviators if pairs(study, firm)]


def games(study: Study, firm: str) -> list[Kind]:
    """Return the games that a firm plays: by pair of postures, shock and demand."""
    found = [
        game(study, firm, pair, shock, demand)
        for pair in pairs(study, firm)
        for shock in study.shock.levels
        for demand in study.demand.levels
    ]
    return [each for each in found if each.there]


def kinds_there(study: Study, firm: str) -> list[str]:
    """Return the kinds of game that a firm plays, or that are common in the draws."""
    found = {name for each in games(study, firm) for name in (each.kind, *list(each.shares)[:1])}
    return [each for each in MEANING if each in found]


# Payoffs


@styled
def deviation_payoffs(study: Study, firm: str) -> Figure:
    """Draw a firm's value by what it does and what the others do, a panel a shock."""
    own, others = study.deviators[firm]
    shocks = study.shock.levels
    found = {
        shock: [
            [bootstrap_mean(study.payoff(firm, a, b, shock, study.reference)) for b in others]
            for a in own
        ]
        for shock in shocks
    }
    means = np.array([[[each.value for each in row] for row in t] for t in found.values()])
    told = means[np.isfinite(means)]
    by, unit = scale(float(np.abs(told).max(initial=0.0)))
    limits = (float(told.min(initial=0.0)) / by, float(told.max(initial=1.0)) / by)
    figure, panels = panel_a_shock(study, shocks, 0.6 * len(own) + 0.6, 2, sharey=True)
    for panel, shock, table in zip(panels, shocks, means, strict=True):
        _shade(panel, table / by, limits)
        _write_payoffs(panel, found[shock], by)
        for x, level in enumerate(others):
            _frame(panel, x, own, best_replies(study, firm, level, shock, study.reference))
        panel.set_xticks(np.arange(len(others)) + 0.5, [plain(each) for each in others])
        panel.set_yticks(np.arange(len(own)) + 0.5, [plain(each) for each in own])
        panel.set_xlabel("the others")
    for panel in panels[::2]:
        panel.set_ylabel(firm_words(firm))
    heading(
        figure,
        f"Value of {firm_words(firm)} by what it does and what the others do, ${unit} with 95% intervals",
        study.setting(),
    )
    legend_below(figure, _frame_handles(study, firm))
    return figure


def _shade(panel: Axes, means: Any, limits: tuple[float, float]) -> None:
    """Draw a table of means as cells, darker for more, its first row on top."""
    from matplotlib.colors import LinearSegmentedColormap

    panel.pcolormesh(
        means, cmap=LinearSegmentedColormap.from_list("payoffs", PAYOFF_SHADES), vmin=limits[0],
        vmax=limits[1], edgecolors=PAPER, linewidth=2.0,
    )  # fmt: skip
    panel.set_ylim(means.shape[0], 0)
    _bare(panel)


def _bare(panel: Axes) -> None:
    panel.grid(visible=False)
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)


def _write_payoffs(panel: Axes, rows: list[list[Interval]], by: float) -> None:
    for y, row in enumerate(rows):
        for x, each in enumerate(row):
            if np.isfinite(each.value):
                bounds = f"[{number(each.low / by, 2)}, {number(each.high / by, 2)}]"
                for height, text, size in (
                    (0.36, number(each.value / by, 2), 10.0), (0.68, bounds, SMALL),
                ):  # fmt: skip
                    panel.text(
                        x + 0.5, y + height, text, ha="center", va="center", fontsize=size,
                        color=INK,
                    )  # fmt: skip


def _frame(panel: Axes, x: int, own: tuple[Level, ...], best: list[Level]) -> None:
    """Frame the best reply in a column; with a broken line those that cannot be told apart."""
    from matplotlib.patches import Rectangle

    for level in best:
        corner = (x + 0.03, own.index(level) + 0.05)
        panel.add_patch(
            Rectangle(corner, 0.94, 0.9, fill=False, edgecolor=INK, **_frame_line(len(best) > 1))
        )


def _frame_line(tie: bool) -> dict[str, Any]:
    return {"linewidth": 1.8, "linestyle": (0, (3, 2)) if tie else "-"}


def ties(study: Study, firm: str) -> set[bool]:
    """Say whether best replies are told apart (False), are not (True), or both occur."""
    found = [
        best_replies(study, firm, others, shock, study.reference)
        for others in study.deviators[firm][1]
        for shock in study.shock.levels
    ]
    return {len(each) > 1 for each in found if each}


def _frame_handles(study: Study, firm: str) -> list[Any]:
    from matplotlib.patches import Patch

    labels = {False: "best reply", True: "best replies that intervals do not tell apart"}
    return [
        Patch(facecolor=PAPER, edgecolor=INK, label=labels[tie], **_frame_line(tie))
        for tie in sorted(ties(study, firm))
    ]


# Kinds of game


@styled
def kinds_of_game(study: Study, firm: str) -> Figure:
    """Draw the kind of game by shock and elasticity, a panel a pair of postures."""
    chosen = pairs(study, firm)
    rows, columns = study.shock.levels, study.demand.levels
    figure, panels = grid(len(chosen), 1, (0.3 * len(rows) + 0.45) * len(chosen) + 1.3, sharex=True)
    for (panel,), pair in zip(panels, chosen, strict=True):
        for y, shock in enumerate(rows):
            for x, demand in enumerate(columns):
                each = game(study, firm, pair, shock, demand)
                if each.there:
                    _write_kind(panel, x, y, each)
        panel.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
        panel.set_yticks(np.arange(len(rows)) + 0.5, [study.shock.words(each) for each in rows])
        panel.set_title(f"{plain(pair[0])} or {plain(pair[1])}")
        _bare(panel)
    ticks = level_ticks(columns) if study.demand.column else [""]
    panels[-1][0].set_xticks(np.arange(len(columns)) + 0.5, ticks)
    panels[-1][0].set_xlabel(study.demand.title)
    heading(
        figure,
        f"The kind of game that {firm_words(firm)} plays against the others",
        "in bold the kind by the means of its payoffs, and the share of draws that are of it",
    )
    legend_below(figure, _kind_handles(study, firm))
    return figure


def hatched(each: Kind) -> bool:
    """Say whether a kind is of the means alone: fewer than half of the draws are of it."""
    return each.kind != UNCLEAR and each.share < MOST


def commonest(each: Kind) -> str:
    """Return the kind that most draws are of, where it is not the kind of the means."""
    first = next(iter(each.shares), each.kind)
    return "" if first == each.kind else first


def _write_kind(panel: Axes, x: int, y: int, each: Kind) -> None:
    from matplotlib.patches import Rectangle

    colour, pale = KIND_COLOUR[each.kind], hatched(each)
    panel.add_patch(
        Rectangle(
            (x + 0.01, y + 0.05), 0.98, 0.9, facecolor=PAPER if pale else colour,
            edgecolor=colour if pale else INK, hatch="///" if pale else "", linewidth=0.6,
        )
    )  # fmt: skip
    share = "" if each.kind == UNCLEAR else f" {_share(each.share)}"
    written = [(SHORT[each.kind] + share, 9.0, "bold")]
    if other := commonest(each):
        written.append((f"commonest: {SHORT[other]} {_share(each.shares[other])}", SMALL, "normal"))
    places = (0.5,) if len(written) == 1 else (0.22, 0.66)
    for place, (text, size, weight) in zip(places, written, strict=True):
        panel.text(
            x + place, y + 0.5, text, ha="center", va="center", fontsize=size, fontweight=weight,
            color=INK if pale else ink_on(colour),
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5} if pale else None,
        )  # fmt: skip


def _share(share: float) -> str:
    return f"{100 * share:.0f}%"


def _kind_handles(study: Study, firm: str) -> list[Any]:
    from matplotlib.patches import Patch

    found = [
        Patch(facecolor=KIND_COLOUR[e], edgecolor=INK, linewidth=0.6, label=f"{SHORT[e]}  {e}")
        for e in kinds_there(study, firm)
    ]
    if any(hatched(each) for each in games(study, firm)):
        label = "hatched: in under half of the draws"
        found.append(Patch(facecolor=PAPER, edgecolor=INK, hatch="///", linewidth=0.6, label=label))
    return found
