"""Pictures of a tournament: the ranking, who beats whom, and what survives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.laws.numerics import Array
from agentsim.report.dimension_rows import label_rows
from agentsim.report.figures import DPI
from agentsim.report.panels import grid, heading
from agentsim.report.style import (
    INK,
    LOOKS,
    PAPER,
    SMALL,
    Look,
    dots,
    house_style,
    ink_on,
    laid_out,
    round_ticks,
    zero_line,
)
from agentsim.report.tournament_answer import LIVES, believable, called, counted, unit, way
from agentsim.report.words import number, percent, scale
from agentsim.tournament.matching import invasions

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from agentsim.tournament.survival import Survival
    from agentsim.tournament.tables import Found

LOSES, EVEN, WINS = "#ffe08a", "#8c8c8c", "#12355b"
"""From what loses to what wins: lightness falls about as much on either side, as grey print shows it."""
MOST_NUMBERED = 12
"""Postures up to which a map says how much in every cell; with more it says the sign."""
NAMED = 0.04
"""Share, at any time, from which on a line has a name."""
LETTERS = 26


def save(x: Found, folder: Path) -> list[Path]:
    """Draw the pictures into a folder, which is made, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in (
        ("ranking", ranking),
        ("who_beats_whom", who_beats_whom),
        ("survival", survival),
    ):
        paths.append(folder / f"{name}.png")
        draw(x).savefig(paths[-1], dpi=DPI)
    return paths


def ranking(x: Found) -> Figure:
    """Draw what each posture is ahead of the mean, and what customers have of it, the best on top."""
    with house_style():
        table = x.overall
        figure, [[left, right]] = grid(1, 2, 1.9 + 0.27 * len(table), sharey=True)
        _intervals(left, table, "ahead", LOOKS[0], unit(x))
        left.set_title("value of the firm in the seat" if called(x) == "value" else called(x))
        served = x.customers.set_index("posture").loc[table["posture"]]
        _intervals(right, served, "surplus", Look(LOOKS[2].colour, "-", "D", True), "$bn")
        right.set_title("customers' surplus")
        label_rows(left, list(table["posture"]))
        right.grid(axis="y", visible=False)
        heading(
            figure,
            f"What a posture is ahead of the others in the same seat among the same rivals: {x.asked.name}",
            f"mean over {counted(len(x.payoffs.seats), 'seat')} and "
            f"{counted(len(x.asked.mixed), 'mixed field')} less the mean "
            f"over {len(table)} postures, with 95% intervals over fields",
        )
        return _laid_out(figure)


def _intervals(panel: Axes, table: pd.DataFrame, name: str, looks: Look, unit: str) -> None:
    """Draw means with their intervals, a row each."""
    rows = [
        Interval(value, low, high, len(table))
        for value, low, high in table[[name, "low", "high"]].to_numpy(np.float64)
    ]
    largest = max(max(abs(each.low), abs(each.high)) for each in rows)
    by, words = scale(float(largest)) if unit == "$bn" else (1.0, "")
    dots(panel, range(len(rows)), rows, by, looks, sideways=True, size=5.0)
    zero_line(panel, sideways=True)
    round_ticks(panel.xaxis)
    panel.set_xlabel(f"ahead of the mean over postures, {f'${words}' if words else unit}")


def who_beats_whom(x: Found) -> Figure:
    """Draw what a firm gains by a posture (row) where all rivals follow another (column)."""
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    with house_style():
        order = [x.payoffs.postures.index(each) for each in x.overall["posture"]]
        mean, low, high = (each[np.ix_(order, order)] for each in invasions(x.payoffs))
        names = [x.payoffs.postures[each] for each in order]
        by, name = scale(float(np.abs(mean).max())) if unit(x) == "$bn" else (1.0, unit(x))
        count = len(names)
        figure, [[panel]] = grid(1, 1, min(2.6 + 0.42 * count, 10.5))
        # Roots, signs kept: a few large amounts would leave all others without a shade.
        shades = np.sign(mean) * np.sqrt(np.abs(mean) / by)
        colours = LinearSegmentedColormap.from_list("beats", [LOSES, EVEN, WINS])
        # As far below zero as above, so that equal gains and losses are equally strong.
        most = max(float(np.abs(shades).max()), 1e-9)
        mesh = panel.pcolormesh(
            shades, cmap=colours, norm=Normalize(-most, most), edgecolors=PAPER, linewidth=1.0
        )
        _write(panel, mean / by, low / by, high / by, mesh)
        panel.set_xticks(
            np.arange(count) + 0.5, names, rotation=40, ha="right", rotation_mode="anchor"
        )
        panel.set_yticks(np.arange(count) + 0.5, names)
        panel.set_ylim(count, 0)
        panel.set_xlabel("what all rivals follow")
        panel.set_ylabel("what the firm follows")
        panel.grid(visible=False)
        panel.spines[:].set_visible(False)
        panel.tick_params(length=0)
        _bar(figure, mesh, panel, f"${name}" if unit(x) == "$bn" else name)
        heading(
            figure,
            f"Who beats whom: {called(x)} less that of doing what all rivals do, mean over {counted(len(x.payoffs.seats), 'seat')}",
            "dark blue: the firm does better than by going along, amber (light in print): worse; "
            + ("a bracket marks a 95% interval with zero in it" if count <= MOST_NUMBERED else
               "+ and − where the 95% interval leaves out zero")
            ,
            "one scale, as far below zero (grey) as above; its steps go by the square root, so that small "
            "amounts show beside large ones",
        )  # fmt: skip
        return _laid_out(figure)


def _write(panel: Axes, mean: Array, low: Array, high: Array, mesh: Any) -> None:
    """Write into each cell how much it is, or of which sign."""
    count = len(mean)
    for i in range(count):
        for j in range(count):
            if i == j:
                continue
            clear = low[i, j] > 0.0 or high[i, j] < 0.0
            if count <= MOST_NUMBERED:
                told = number(mean[i, j], 1 if abs(mean[i, j]) >= 9.95 else 2, True)
                text = told if clear else f"({told})"
            else:
                text = ("+" if mean[i, j] > 0.0 else "−") if clear else ""
            shade = mesh.cmap(mesh.norm(np.sign(mean[i, j]) * np.sqrt(abs(mean[i, j]))))
            panel.text(
                j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=SMALL,
                color=ink_on(shade),
            )  # fmt: skip


def _bar(figure: Figure, mesh: Any, panel: Axes, unit: str) -> None:
    """Draw what the shades stand for."""
    bar = figure.colorbar(mesh, ax=panel, shrink=0.6, pad=0.02)
    ticks = [mesh.norm.vmin, mesh.norm.vmin / 2.0, 0.0, mesh.norm.vmax / 2.0, mesh.norm.vmax]
    amounts = [number(np.sign(each) * each * each, 1, True) for each in ticks]
    bar.set_ticks(ticks, labels=amounts)
    bar.ax.set_title(unit, fontsize=SMALL, fontweight="normal")
    bar.outline.set_visible(False)


def survival(x: Found) -> Figure:
    """Draw shares through time: of a large population, and of players who copy and mutate."""
    best = x.survival[0]
    with house_style():
        figure, [[left, right]] = grid(1, 2, 4.6, sharey=True)
        looks = _looks(x, best)
        _paths(left, best.times, best.shares, best.postures, looks)
        _paths(right, best.generations.astype(np.float64), best.players, best.postures, looks)
        left.set_title("a large population: replicator dynamics")
        left.set_xlabel("time, in units of the payoffs' spread")
        left.set_ylabel("share, mean over starting mixes (%)")
        p = x.asked.population
        right.set_title(f"{p.size} players who copy whoever earns more")
        right.set_xlabel("generations")
        heading(
            figure,
            f"What survives where postures that earn more spread: {x.asked.name}",
            f"from {p.starts:,} starting mixes; what they earn is told {way(best)} and explains "
            f"{_explained(best)} of the variance in mixed fields",
            f"in a generation each player looks about once on average{_mutates(p.mutation)}; "
            "grey: postures that hardly anybody follows",
        )
        return _laid_out(figure)


def _laid_out(figure: Figure) -> Figure:
    """Lay a figure out with room at its edges, to which long names reach."""
    engine: Any = figure.get_layout_engine()
    engine.set(w_pad=0.1)
    return laid_out(figure)


def _explained(x: Survival) -> str:
    """Return how much of what was seen dynamics explain, and a warning if it is nothing."""
    if not believable(x):
        return "(not to be believed) none"
    return percent(x.fitness.r_squared, 0)


def _mutates(chance: float) -> str:
    """Say how often a player who looks about takes a posture at random."""
    if chance <= 0.0:
        return ", nobody mutates"
    looks = number(1.0 / chance, 0)
    return f", and once in {looks} looks takes a posture at random (a mutation)"


def _looks(x: Found, best: Survival) -> dict[str, Look]:
    """Return how the lines look that have a name, those of the best ranked first."""
    largest = np.maximum(best.shares[len(best.shares) // 4 :].max(axis=0), best.players[-1])
    named = [
        each
        for each in x.overall["posture"]
        if largest[best.postures.index(each)] >= max(NAMED, LIVES)
    ]
    return {each: LOOKS[place % (len(LOOKS) - 1)] for place, each in enumerate(named)}


def _paths(
    panel: Axes, times: Array, shares: Array, postures: tuple[str, ...], looks: dict[str, Look]
) -> None:
    """Draw the share of each posture, names at the right end."""
    ends = []
    for at, posture in enumerate(postures):
        line = looks.get(posture)
        if line is None:
            panel.plot(times, 100 * shares[:, at], color="#b5b5b5", linewidth=0.8, zorder=1)
            continue
        panel.plot(
            times, 100 * shares[:, at], color=line.colour, linestyle=line.dashes, linewidth=1.8,
            marker=line.marker, markevery=(3, 12), markersize=4.5, markerfacecolor=line.face, zorder=3,
        )  # fmt: skip
        ends.append((100 * float(shares[-1, at]), posture))
    top = 100 * float(max(shares.max(), 0.1)) * 1.06
    panel.set_ylim(-0.01 * top, max(top, panel.get_ylim()[1]))
    panel.set_xlim(float(times[0]), float(times[-1]))
    panel.grid(axis="x", visible=False)
    for height, (_, posture) in zip(
        _apart([each for each, _ in sorted(ends)]), sorted(ends), strict=True
    ):
        panel.annotate(
            posture[:LETTERS], (1.0, height), xycoords=("axes fraction", "data"),
            xytext=(4, 0), textcoords="offset points", va="center", fontsize=SMALL,
            color=looks[posture].colour if looks[posture].colour != PAPER else INK,
        )  # fmt: skip


def _apart(heights: list[float], least: float = 4.5) -> list[float]:
    """Return rising heights moved up as far as labels need to stand clear of each other."""
    found: list[float] = []
    for each in heights:
        found.append(max(each, found[-1] + least) if found else each)
    return found
