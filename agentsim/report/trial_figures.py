"""Pictures of a trial: what each posture is worth in the seat, and the strategy's path by situation."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from agentsim.authoring.trial import PATHS, SHOCK_QUARTER, SITUATIONS, Trial
from agentsim.report.style import INK, PAPER, SMALL, house_style
from agentsim.report.words import firm_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OWN, BAND, RIVALS, OTHERS = "#0f2d52", "#8cafd2", "#b02a20", "#6f6f6f"

LETTERS = 32
"""Of a line above a panel."""

UNITS = {
    "capex": ("capex", "$bn a quarter"),
    "capex_rate": ("capex over fleet", "1/quarter"),
    "price": ("price", "$k/H100e"),
    "share": ("share of spending", "1"),
    "capacity": ("capacity", "M units/quarter"),
    "revenue": ("revenue", "$bn a quarter"),
    "lending": ("new loans", "$bn a quarter"),
    "spread": ("spread", "1/year"),
}
"""What is drawn of firms, and its unit."""


def ranking(found: pd.DataFrame, trial: Trial) -> Figure:
    """Return the picture of all postures in the seat, as `ranked` returns them: the best on top."""
    from matplotlib.figure import Figure

    found = found[found["rank"].notna()]
    drawn = Figure(figsize=(7.4, 1.4 + 0.22 * len(found)), layout="constrained")
    panels = drawn.subplots(1, 2, sharey=True)
    at = range(len(found), 0, -1)
    for panel, name, scale in zip(panels, ("value", "customer_share"), (1.0, 100.0), strict=True):
        for place, row in zip(at, found.to_dict("records"), strict=True):
            own = row["strategy"] == trial.strategy
            colour = OWN if own else OTHERS
            low, high = scale * row[f"{name}_low"], scale * row[f"{name}_high"]
            panel.hlines(place, low, high, color=colour, linewidth=2.4 if own else 1.3, zorder=3)
            panel.plot(
                scale * row[name], place, marker="D" if own else "o", color=colour, zorder=4,
                markerfacecolor=colour if own else PAPER, markersize=6 if own else 4.5,
            )  # fmt: skip
        panel.grid(axis="y", visible=False)
        panel.set_ylim(0.3, len(found) + 0.7)
    panels[0].set_yticks(list(at), found["strategy"])
    for label, posture in zip(panels[0].get_yticklabels(), found["strategy"], strict=True):
        label.set_fontweight("bold" if posture == trial.strategy else "normal")
    if found["value_low"].min() < 0.0 < found["value_high"].max():
        panels[0].axvline(0.0, color=INK, linewidth=0.8, zorder=1)
    panels[0].set_xlabel(f"value of {firm_words(trial.firm)}, $bn")
    panels[1].set_xlabel("customers' share of total surplus, %")
    drawn.suptitle(
        f"What each posture is worth to {firm_words(trial.firm)}, and to customers "
        f"(mean and 95% interval)\nrivals: {_rivals(trial)}; {int(found['runs'].min())} runs; with the "
        "run-off", fontsize=9, x=0.01, ha="left",
    )  # fmt: skip
    return drawn


def _rivals(trial: Trial) -> str:
    """Return what the firm's rivals follow."""
    return trial.experiment.lineup.get(trial.role, "as calibrated")


def situations(found: pd.DataFrame, trial: Trial) -> Figure:
    """Return the picture of the strategy's path in each situation, as `paths` returns them."""
    from matplotlib.figure import Figure

    names = PATHS[trial.role]
    drawn = Figure(figsize=(11.0, 2.3 * len(names) + 0.9), layout="constrained")
    panels = drawn.subplots(len(names), len(SITUATIONS), sharex=True, sharey="row", squeeze=False)
    for row, name in enumerate(names):
        for column, situation in enumerate(SITUATIONS):
            panel = panels[row, column]
            here = found[found["situation"].eq(situation) & found["series"].eq(name)]
            _path(panel, here)
            if situation == "efficiency shock":
                panel.axvline(SHOCK_QUARTER, color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
            if row == 0:
                panel.set_title(
                    _heading(situation), loc="left", fontsize=SMALL, fontweight="normal"
                )
        what, unit = UNITS[name]
        panels[row, 0].set_ylabel(what if unit == "1" else f"{what}\n{unit}")
    for panel in panels[-1]:
        panel.set_xlabel("quarter")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=SMALL)
    drawn.suptitle(
        f"{trial.strategy}, followed by {firm_words(trial.firm)}, against its rivals",
        fontsize=9.5, fontweight="bold", x=0.01, ha="left",
    )  # fmt: skip
    return drawn


def _heading(situation: str) -> str:
    """Return what a situation is, in as many lines as the longest of them has."""
    lines = {name: fill(words, LETTERS).count("\n") for name, words in SITUATIONS.items()}
    missing = max(lines.values()) - lines[situation]
    return f"{situation.upper()}\n{fill(SITUATIONS[situation], LETTERS)}" + "\n " * missing


def _path(panel: Axes, here: pd.DataFrame) -> None:
    """Draw the firm's path with its middle half of runs, and that of its rivals."""
    at = here["quarter"]
    panel.fill_between(
        at, here["p25"], here["p75"], color=BAND, label="the firm: middle half of runs", zorder=2
    )
    panel.plot(at, here["p50"], color=OWN, linewidth=1.8, label="the firm: median", zorder=4)
    panel.plot(
        at, here["rivals"], color=RIVALS, linewidth=1.5, linestyle=(0, (4, 2)),
        label="its rivals: median of their mean", zorder=3,
    )  # fmt: skip


def save(found: pd.DataFrame, path: pd.DataFrame, trial: Trial, folder: Path) -> list[Path]:
    """Draw both pictures; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, draw, table in (("ranking", ranking, found), ("situations", situations, path)):
        file = folder / f"{name}.png"
        with house_style():
            draw(table, trial).savefig(file, dpi=150)
        made.append(file)
    return made
