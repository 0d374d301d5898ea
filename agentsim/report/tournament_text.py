"""A tournament in words and tables: for the terminal, and for docs/findings.md.

    python -m agentsim.report.tournament_text results/tournament tournament docs/findings.md

puts what the tournament found between the page's markers, and its pictures beside the published
results, so that no figure there is older than they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from agentsim.printing import aligned
from agentsim.report.tournament_answer import (
    LIVES,
    Row,
    amount,
    answer,
    believable,
    called,
    rows_of,
    unit,
    way,
)
from agentsim.report.words import money, number, percent

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.tournament.tables import Found

START, END = "<!-- tournament: start -->", "<!-- tournament: end -->"
PICTURES = {
    "ranking.png": "What each posture is ahead of the others in a seat, and what customers have of it",
    "who_beats_whom.png": "What one firm gains by each posture where all rivals follow another",
    "survival.png": "Shares of postures through time, as those that earn more spread",
}
WIDTH = 100
"""Letters in a line of prose on a terminal."""
MOST_BASINS = 6
"""Rest points that a table shows, those that most starting mixes end at."""


# Tables


def tables(x: Found) -> Iterator[str]:
    """Yield the tables for a terminal, line by line."""
    yield from _ranked(x)
    yield ""
    yield from _served(x)
    yield ""
    yield from _surviving(x)


def _money(value: float, plus: bool = False) -> str:
    """Return $bn in whole numbers, in letters that every terminal has."""
    return number(value, 0, plus).replace("−", "-")


def _in_unit(x: Found, value: float) -> str:
    return _money(value) if unit(x) == "$bn" else number(value, 3).replace("−", "-")


def _ranked(x: Found) -> Iterator[str]:
    head = f"{called(x)}, {unit(x)}" if unit(x) != "1" else called(x)
    yield f"By {head}, in a seat among rivals drawn at random; regret over all fields"
    yield ""
    rows = [
        ["posture", "mean", "ahead", "95% interval", "% of scale", "first %", "best %", "regret",
         "worst regret"]
    ]  # fmt: skip
    robust = x.robustness.set_index("posture")
    for _, row in x.overall.iterrows():
        other = robust.loc[row["posture"]]
        rows.append(
            [row["posture"], _in_unit(x, row["payoff"]), _in_unit(x, row["ahead"]),
             f"{_in_unit(x, row['low'])} to {_in_unit(x, row['high'])}",
             _money(100 * row["relative"]), _money(100 * row["first"]), _money(100 * other["best"]),
             _in_unit(x, other["regret"]), _in_unit(x, other["worst_regret"])]
        )  # fmt: skip
    yield from aligned(rows)
    yield ""
    yield from wrap(luck(x), WIDTH)


def luck(x: Found) -> str:
    """Return the sentence that says what a first place among many is worth."""
    return (
        f"With {len(x.payoffs.postures)} postures ranked, the first of several that are nearly equal is "
        "partly luck (multiple comparisons): what to quote is first, how often a posture leads when "
        "fields are drawn again."
    )


def _served(x: Found) -> Iterator[str]:
    yield "For customers: their surplus, $bn, beside the mean over postures, and their share of total"
    yield "surplus; in a seat among rivals drawn at random, and where all firms follow it (all)"
    yield ""
    rows = [
        ["posture", "surplus", "95% interval", "first %", "share, points", "all: surplus",
         "95% interval", "all: share %"]
    ]  # fmt: skip
    for row in rows_of(x.customers):
        rows.append(
            [row["posture"], *_between(row, "surplus", "low", "high"), _money(100 * row["first"]),
             number(100 * row["share"], 1).replace("−", "-"),
             *_between(row, "all_ahead", "all_low", "all_high"), number(100 * row["all_share"], 1)]
        )  # fmt: skip
    yield from aligned(rows)


def _between(row: Row, value: str, low: str, high: str) -> tuple[str, str]:
    return _money(row[value]), f"{_money(row[low])} to {_money(row[high])}"


def _surviving(x: Found) -> Iterator[str]:
    for each in x.survival:
        yield f"Survival, % of a population, {way(each)} (R squared {each.fitness.r_squared:.2f})"
        if not believable(each):
            yield "not to be believed: the mean over fields tells mixed fields better"
        yield ""
        rows = [
            ["posture", "replicator", "95% interval", "players", "rare mutants", "95% interval"]
        ]
        for _, row in each.survives.iterrows():
            if (
                max(row["replicator"], row["players"], row["rare"], row["high"], row["rare_high"])
                < LIVES
            ):
                continue
            rows.append(
                [row["posture"], *_percents(row, "replicator", "low", "high"),
                 _money(100 * row["players"]), *_percents(row, "rare", "rare_low", "rare_high")]
            )  # fmt: skip
        yield from aligned(rows)
        yield ""
        rows = [["% of starting mixes", "95% interval", "rest point"]]
        shown = each.basins.head(MOST_BASINS)
        for _, row in shown.iterrows():
            rows.append([*_percents(row, "share", "low", "high"), row["rests_on"]])
        yield from aligned(rows)
        rest = each.basins.iloc[len(shown) :]
        if len(rest):
            yield f"and {len(rest)} more, none above {percent(rest['share'].max(), 0)}"
        yield ""


def _percents(row: pd.Series[Any], value: str, low: str, high: str) -> tuple[str, str]:
    return _money(100 * row[value]), f"{_money(100 * row[low])} to {_money(100 * row[high])}"


# For the page


def section(x: Found, name: str, pictures: Sequence[str]) -> str:
    """Return the part of docs/findings.md that a tournament fills, in Markdown."""
    rows = [
        "| posture | ahead of the mean | 95% interval | first | best in | mean regret | customers' surplus | their share, points |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    robust, served = (each.set_index("posture") for each in (x.robustness, x.customers))
    for _, row in x.overall.iterrows():
        other, had = robust.loc[row["posture"]], served.loc[row["posture"]]
        rows.append(
            f"| `{row['posture']}` | {amount(x, row['ahead'], True)} | {amount(x, row['low'])} to "
            f"{amount(x, row['high'])} | {percent(row['first'], 0)} | {percent(other['best'], 0)} | "
            f"{amount(x, other['regret'])} | {money(had['surplus'], True)} | "
            f"{number(100 * had['share'], 1, True)} |"
        )
    value, *rest = answer(x)
    return "\n\n".join(
        [
            _strong(value),
            *rest,
            "\n".join(rows),
            luck(x),
            f"From `agentsim tournament {name}`; `make tournament` writes this part of the page.",
            *pictures,
        ]
    )


def _strong(sentence: str) -> str:
    head, _, rest = sentence.partition(":")
    return f"**{head}:**{rest}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the page; return the exit code."""
    from agentsim.batch.results import Results
    from agentsim.report.publish import command, fill, kept_picture
    from agentsim.tournament.design import Tournament
    from agentsim.tournament.tables import found

    def write(folder: Path, asked: Path, page: Path) -> str:
        results, tournament = Results.open(folder), Tournament.read(str(asked))
        x = found(tournament, results)
        kept = [kept_picture(results, file, says, page) for file, says in PICTURES.items()]
        fill(page, section(x, str(asked), kept), START, END)
        return f"Written: {page}"

    return command(arguments, "tournament_text", ("RESULTS", "TOURNAMENT", "PAGE"), write)


if __name__ == "__main__":
    sys.exit(main())
