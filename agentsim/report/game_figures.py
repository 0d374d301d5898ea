"""Figures of deviations: what one firm gains by doing other than the rest, and what game that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.intervals import Interval, bootstrap_mean
from agentsim.report.axes import Level
from agentsim.report.kinds import MEANING, SHORT, UNCLEAR, Game, game, pairs
from agentsim.report.panels import grid, heading, legend_below
from agentsim.report.study import Study
from agentsim.report.style import INK, ink_on, styled, zero_line
from agentsim.report.words import firm_words, number, plain, scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Each kind a lightness of its own; its letters stand in every cell besides.
KIND_COLOUR: dict[str, str] = {
    "prisoner's dilemma": "#7a1f2b",
    "chicken": "#d9663d",
    "stag hunt": "#f2c14e",
    "harmony": "#bfe3c0",
    "deadlock": "#2f5d8a",
    "reversed dilemma": "#5b3a78",
    UNCLEAR: "#f4f4f4",
}

PAYOFF_COLOUR: dict[str, tuple[str, str]] = {
    "T": ("#b3322b", "////"),
    "R": ("#12365a", ""),
    "P": ("#8a8a8a", "xxx"),
    "S": ("#a9d3ee", "..."),
}


def firms(study: Study) -> list[str]:
    """Return the firms whose deviations make a game."""
    return [firm for firm in study.deviators if pairs(study, firm)]


def kinds_there(study: Study, firm: str) -> list[str]:
    """Return the kinds of game that a firm plays, or that are common in the draws."""
    found = set()
    for pair in pairs(study, firm):
        for shock in study.shock.levels:
            for demand in study.demand.levels:
                each = game(study, firm, pair, shock, demand)
                if each.there:
                    found |= {each.kind, *list(each.shares)[:1]}
    return [each for each in MEANING if each in found]


@styled
def deviation_payoffs(study: Study, firm: str) -> Figure:
    """Draw a firm's value by what it does and what the others do, a panel a shock."""
    import seaborn as sns

    own, others = study.deviators[firm]
    shocks = study.shock.levels
    found = {
        shock: [
            [bootstrap_mean(study.payoff(firm, a, b, shock, study.reference)) for b in others]
            for a in own
        ]
        for shock in shocks
    }
    means = {s: np.array([[each.value for each in row] for row in t]) for s, t in found.items()}
    every = np.concatenate([each.ravel() for each in means.values()])
    every = every[np.isfinite(every)]
    by, unit = scale(float(np.abs(every).max(initial=0.0)))
    figure, panels = grid(1, len(shocks), 3.9, sharey=True)
    colours = sns.light_palette("#1f3f6e", as_cmap=True)
    for panel, shock in zip(panels[0], shocks, strict=True):
        sns.heatmap(
            means[shock] / by, ax=panel, cmap=colours, cbar=False, linewidths=1.5, linecolor="white",
            vmin=float(every.min(initial=0.0)) / by, vmax=float(every.max(initial=1.0)) / by,
            xticklabels=[plain(each) for each in others], yticklabels=[plain(each) for each in own],
        )  # fmt: skip
        _write_payoffs(panel, found[shock], by, colours)
        panel.set_title(study.shock.words(shock))
        panel.set_xlabel("the others")
        panel.tick_params(length=0)
        for tick in panel.get_yticklabels():
            tick.set(rotation=90, va="center")
    panels[0][0].set_ylabel(firm_words(firm))
    heading(
        figure,
        f"Value of {firm_words(firm)} by what it does and what the others do, ${unit} with 95% intervals",
        study.setting(),
        "framed: the largest mean against what the others do",
    )
    return figure


def _write_payoffs(panel: Axes, rows: list[list[Interval]], by: float, colours: Any) -> None:
    """Write the numbers into the cells, and frame the best answer in each column."""
    from matplotlib.patches import Rectangle

    means = np.array([[each.value for each in row] for row in rows])
    low, high = panel.collections[0].get_clim()
    for y, row in enumerate(rows):
        for x, each in enumerate(row):
            if not np.isfinite(each.value):
                continue
            shade = (each.value / by - low) / ((high - low) or 1.0)
            text = f"{number(each.value / by, 2)}\n[{number(each.low / by, 2)}, {number(each.high / by, 2)}]"
            panel.text(
                x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=8,
                color=ink_on(colours(float(np.clip(shade, 0.0, 1.0)))),
            )  # fmt: skip
    for x in range(means.shape[1]):
        if np.isfinite(means[:, x]).any():
            y = int(np.nanargmax(means[:, x]))
            panel.add_patch(
                Rectangle(
                    (x + 0.04, y + 0.04), 0.92, 0.92, fill=False, edgecolor=INK, linewidth=1.8
                )
            )


@styled
def kinds_of_game(study: Study, firm: str) -> Figure:
    """Draw the kind of game by shock and elasticity, a panel a pair of postures."""
    chosen = pairs(study, firm)
    rows, columns = study.shock.levels, study.demand.levels
    figure, panels = grid(1, len(chosen), 0.72 * len(rows) + 2.0)
    for panel, pair in zip(panels[0], chosen, strict=True):
        for y, shock in enumerate(rows):
            for x, demand in enumerate(columns):
                each = game(study, firm, pair, shock, demand)
                if each.there:
                    _write_kind(panel, x, y, each)
        panel.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
        words = [f"{each:g}" if isinstance(each, float) else str(each or "") for each in columns]
        panel.set_xticks(np.arange(len(columns)) + 0.5, words)
        panel.set_yticks(np.arange(len(rows)) + 0.5, [study.shock.words(each) for each in rows])
        panel.set_xlabel(study.demand.title)
        panel.tick_params(length=0, labelleft=panel is panels[0][0])
        panel.set_title(f"{plain(pair[0])} or {plain(pair[1])}")
        panel.grid(visible=False)
        panel.spines[:].set_visible(False)
    heading(
        figure,
        f"The kind of game that {firm_words(firm)} plays against the others",
        "by the means of its payoffs; below, the share of draws that are of this kind",
    )
    legend_below(figure, _kind_handles(kinds_there(study, firm)), columns=3)
    return figure


def _write_kind(panel: Axes, x: int, y: int, each: Game) -> None:
    from matplotlib.patches import Rectangle

    colour = KIND_COLOUR[each.kind]
    panel.add_patch(
        Rectangle((x + 0.02, y + 0.02), 0.96, 0.96, facecolor=colour, edgecolor=INK, linewidth=0.5)
    )
    commonest = next(iter(each.shares), each.kind)
    lines = [SHORT[each.kind]]
    if each.kind != UNCLEAR:
        lines.append(f"{100 * each.share:.0f}%")
    if commonest != each.kind:
        lines.append(f"most {SHORT[commonest]} {100 * each.shares[commonest]:.0f}%")
    at = {1: (0.5,), 2: (0.38, 0.7), 3: (0.27, 0.53, 0.79)}[len(lines)]
    for place, (height, text) in enumerate(zip(at, lines, strict=True)):
        panel.text(
            x + 0.5, y + height, text, ha="center", va="center", color=ink_on(colour),
            fontsize=10.5 if place == 0 else 7.5, fontweight="bold" if place == 0 else "normal",
        )  # fmt: skip


def _kind_handles(kinds: list[str]) -> list[Any]:
    from matplotlib.patches import Patch

    return [
        Patch(
            facecolor=KIND_COLOUR[each],
            edgecolor=INK,
            linewidth=0.5,
            label=f"{SHORT[each]}  {each}",
        )
        for each in kinds
    ]


@styled
def temptation_bars(study: Study, firm: str) -> Figure:
    """Draw T, R, P and S: a row a pair of postures, a panel a shock."""
    from matplotlib.patches import Patch

    chosen, shocks = pairs(study, firm), study.shock.levels
    games = {
        (pair, shock): game(study, firm, pair, shock, study.reference)
        for pair in chosen
        for shock in shocks
    }
    reach = [
        abs(i.value) for g in games.values() for i in g.payoffs.values() if np.isfinite(i.value)
    ]
    by, unit = scale(max(reach, default=0.0))
    figure, panels = grid(
        len(chosen), len(shocks), 1.9 * len(chosen) + 1.5,
        sharey="row",
    )  # fmt: skip
    for row, pair in enumerate(chosen):
        for panel, shock in zip(panels[row], shocks, strict=True):
            each = games[pair, shock]
            _bars(panel, each, by)
            above = f"{study.shock.words(shock)}\n" if row == 0 else ""
            panel.set_title(f"{above}{each.kind if each.there else 'not run'}", fontsize=9.5)
            zero_line(panel)
        panels[row][0].set_ylabel(f"{_words(pair)}\nvalue, ${unit}")
    heading(
        figure,
        f"{firm_words(firm)}: what it gets if it alone is the fierce one, or the mild one",
        study.setting(),
        "95% intervals",
        "the kind of game above each panel",
    )
    labels = {
        "T": "T: it is fierce, the others mild",
        "R": "R: all mild",
        "P": "P: all fierce",
        "S": "S: it is mild, the others fierce",
    }
    handles = [
        Patch(
            facecolor=colour,
            hatch=hatch,
            edgecolor="white" if name == "R" else INK,
            label=labels[name],
        )
        for name, (colour, hatch) in PAYOFF_COLOUR.items()
    ]
    legend_below(figure, handles, columns=4)
    return figure


def _words(pair: tuple[Level, Level]) -> str:
    return f"{plain(pair[0])} (mild)\nor {plain(pair[1])} (fierce)"


def _bars(panel: Axes, each: Game, by: float) -> None:
    for at, (name, (colour, hatch)) in enumerate(PAYOFF_COLOUR.items()):
        interval = each.payoffs[name]
        if not np.isfinite(interval.value):
            continue
        panel.bar(
            at, interval.value / by, 0.74, color=colour, hatch=hatch, edgecolor=INK, linewidth=0.5,
            zorder=2,
        )  # fmt: skip
        bounds = [interval.low / by, interval.high / by]
        panel.plot([at, at], bounds, color="white", linewidth=3.6, zorder=3)
        panel.plot([at, at], bounds, color=INK, linewidth=1.5, zorder=4)
    panel.set_xticks(range(len(PAYOFF_COLOUR)), list(PAYOFF_COLOUR))
    panel.grid(axis="x", visible=False)
