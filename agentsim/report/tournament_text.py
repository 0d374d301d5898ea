"""A tournament in words and tables: for the terminal, and for docs/findings.md.

    python -m agentsim.report.tournament_text results/tournament tournament docs/findings.md

puts what the tournament found between the page's markers, and its pictures beside the published
results, so that no figure there is older than they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentsim.outcomes import OUTCOMES
from agentsim.printing import aligned
from agentsim.report.words import (
    capital,
    firm_words,
    listed,
    money,
    number,
    percent,
    plain,
    points,
)
from agentsim.tournament.fitness import PAIRWISE
from agentsim.tournament.payoffs import VALUE

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.tournament.survival import Survival
    from agentsim.tournament.tables import Found

START, END = "<!-- tournament: start -->", "<!-- tournament: end -->"
PICTURES = {
    "ranking.png": "What each posture is ahead of the others in a seat, and what customers have of it",
    "who_beats_whom.png": "What one firm gains by each posture where all rivals follow another",
    "survival.png": "Shares of postures through time, as those that earn more spread",
}
LIVES = 0.01
"""Share from which on a posture is said to survive."""
SURE = 0.95
"""How often a posture must be first when fields are drawn again, to be called first without a word."""


def answer(x: Found) -> list[str]:
    """Return the sentences that say what the tournament found."""
    return [_value(x), _robust(x), _customers(x), _same(x), _survives(x), _believed(x)]


def amount(x: Found, value: float, plus: bool = False) -> str:
    """Return an amount of the payoff, with its unit."""
    return money(value, plus) if unit(x) == "$bn" else f"{number(value, 3, plus)} {_unit_words(x)}"


def unit(x: Found) -> str:
    """Return the unit of the payoff."""
    if x.payoffs.by == VALUE or x.payoffs.by.startswith(f"{VALUE}."):
        return "$bn"
    return OUTCOMES[x.payoffs.by][0]


def _unit_words(x: Found) -> str:
    return "" if unit(x) == "1" else unit(x)


def called(x: Found) -> str:
    """Return what the payoff is called."""
    return "value" if x.payoffs.by == VALUE else plain(x.payoffs.by)


def _between(low: float, high: float, told: Any) -> str:
    return f"[{told(low)}, {told(high)}]"


def _value(x: Found) -> str:
    """Say which posture wins, by how much and how surely."""
    first, second = (row for _, row in x.overall.head(2).iterrows())
    ahead = amount(x, first["ahead"], True)
    between = _between(first["low"], first["high"], lambda each: amount(x, each))
    verb = "wins" if first["first"] >= SURE else "is first, though not for sure,"
    what = "is worth" if x.payoffs.by == VALUE else f"comes with {called(x)} of"
    where = f"{len(x.payoffs.seats)} seats and {len(x.asked.mixed)} fields of rivals drawn at random"
    return (
        f"{plain(first['posture'])} {verb} by {called(x)}: over {where} a firm that follows it {what} "
        f"{ahead} {between} beside the mean over {len(x.payoffs.postures)} postures in the same place; "
        f"drawn again, fields put it first {percent(first['first'], 0)} of the time. Second is "
        f"{plain(second['posture'])} ({amount(x, second['ahead'], True)})."
    )


def _robust(x: Found) -> str:
    """Say which posture is regretted least, and where most."""
    least = x.robustness.iloc[0]
    most = x.robustness.sort_values("best", ascending=False).iloc[0]
    return (
        f"Of all seats and fields, those in which all rivals do the same too, "
        f"{plain(most['posture'])} is best in {percent(most['best'], 0)}, the most of all. Regretted "
        f"least is {plain(least['posture'])}: it misses what is best there by "
        f"{amount(x, least['regret'])} on average, at worst by {amount(x, least['worst_regret'])}, in "
        f"the seat of {firm_words(least['worst_seat'])} against {_field(x, least['worst_field'])}."
    )


def _field(x: Found, field: str) -> str:
    return f"rivals who all follow {plain(field)}" if field in x.payoffs.postures else plain(field)


def _customers(x: Found) -> str:
    """Say which posture wins for customers: in one seat, and if all follow it."""
    first = x.customers.iloc[0]
    share = x.customers.sort_values("share", ascending=False).iloc[0]
    every = x.customers.sort_values("all_surplus", ascending=False).iloc[0]
    whole = x.customers.sort_values("all_share", ascending=False).iloc[0]
    verb = "wins" if first["first"] >= SURE else "is first, though not for sure,"
    text = (
        f"{plain(first['posture'])} {verb} for customers: in one seat it comes with "
        f"{money(first['surplus'], True)} {_between(first['low'], first['high'], money)} of their surplus "
        f"beside the mean over postures, and is first {percent(first['first'], 0)} of the time. "
        f"Their share of total surplus {plain(share['posture'])} raises most, by "
        f"{points(share['share'], 1)}. Where all firms follow one posture they have most surplus "
        f"under {plain(every['posture'])} ({money(every['all_surplus'])})"
    )
    if whole["posture"] == every["posture"]:
        return text + f" and the largest share ({percent(whole['all_share'])})."
    return text + f", the largest share under {plain(whole['posture'])} ({percent(whole['all_share'])})."


def _same(x: Found) -> str:
    """Say whether the posture that wins is the one that wins for customers."""
    wins, serves = (str(table.iloc[0]["posture"]) for table in (x.overall, x.customers))
    if wins == serves:
        return f"The posture that wins and the one that wins for customers are the same: {plain(wins)}."
    row = x.customers.set_index("posture").loc[wins]
    place = int((x.customers["surplus"] > row["surplus"]).sum()) + 1
    return (
        f"The posture that wins and the one that wins for customers are not the same: {plain(wins)} comes "
        f"{_ordinal(place)} of {len(x.customers)} for customers ({money(row['surplus'], True)}), and "
        f"{plain(serves)} {_ordinal(int(x.overall.set_index('posture').loc[serves, 'rank']))} by {called(x)}."
    )


def _ordinal(place: int) -> str:
    words = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
    if place <= len(words):
        return words[place - 1]
    ending = "th" if 10 < place % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def _survives(x: Found) -> str:
    """Say what survives, and whether the other way of telling fitness agrees."""
    best, other = x.survival
    text = f"Where postures that earn more spread, {_left(best)}."
    mine, theirs = (set(_alive(each)) for each in (best, other))
    if mine == theirs:
        return text + f" Told the other way, {_way(other)}, the same survive."
    return text + f" Told the other way, {_way(other)}, {_left(other)}."


def _alive(x: Survival) -> list[str]:
    rows = x.survives
    return [str(each) for each in rows[rows["replicator"] >= LIVES]["posture"]]


def _left(x: Survival) -> str:
    """Say in half a sentence what is left of a large population, and of players who mutate rarely."""
    rows = x.survives.set_index("posture")
    alive = _alive(x)
    shares = [f"{plain(each)} ({percent(rows.loc[each, 'replicator'], 0)})" for each in alive]
    verb = "survives" if len(alive) == 1 else "survive"
    basin = x.basins.iloc[0]
    mix = plain(str(basin["rests_on"]))
    basins = (
        f"{percent(basin['share'], 0)} {_between(basin['low'], basin['high'], lambda e: percent(e, 0))} "
        f"of starting mixes end at {mix}"
    )
    rare = rows["rare"].sort_values(ascending=False)
    return (
        f"{listed(shares)} {verb}; {basins}; players who mutate rarely spend most time with all at "
        f"{plain(rare.index[0])} ({percent(rare.iloc[0], 0)})"
    )


def _way(x: Survival) -> str:
    return (
        "by payoffs against rivals who all do the same"
        if x.fitness.kind == PAIRWISE
        else "by a line through the mixed fields"
    )


def _believed(x: Found) -> str:
    """Say how far dynamics may be believed: as far as they tell fields that were run."""
    best, other = x.survival
    told = (
        f"{capital(_way(best))} {number(best.fitness.r_squared, 2)} of the variance of what postures are "
        f"ahead of each other in mixed fields is told, {_way(other)} {number(other.fitness.r_squared, 2)}: "
        "dynamics are to be believed no further."
    )
    twins = [f"{plain(a)} as {plain(b)}" for a, b in x.payoffs.twins.items()]
    if twins:
        told += f" To the last bit the same did {listed(twins)}, which is told once."
    return told


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


def _served(x: Found) -> Iterator[str]:
    yield "For customers, $bn: in a seat among rivals drawn at random, and where all firms follow it"
    yield ""
    rows = [["posture", "surplus", "95% interval", "first %", "share, points", "all: surplus", "all: share %"]]
    for _, row in x.customers.iterrows():
        rows.append(
            [row["posture"], _money(row["surplus"]), f"{_money(row['low'])} to {_money(row['high'])}",
             _money(100 * row["first"]), number(100 * row["share"], 1).replace("−", "-"),
             _money(row["all_surplus"]), number(100 * row["all_share"], 1)]
        )  # fmt: skip
    yield from aligned(rows)


def _surviving(x: Found) -> Iterator[str]:
    for each in x.survival:
        yield f"Survival, % of a population, {_way(each)} (R squared {each.fitness.r_squared:.2f})"
        yield ""
        rows = [["posture", "replicator", "95% interval", "players", "rare mutants", "95% interval"]]
        for _, row in each.survives.iterrows():
            if max(row["replicator"], row["players"], row["rare"], row["high"], row["rare_high"]) < LIVES:
                continue
            rows.append(
                [row["posture"], *_percents(row, "replicator", "low", "high"),
                 _money(100 * row["players"]), *_percents(row, "rare", "rare_low", "rare_high")]
            )  # fmt: skip
        yield from aligned(rows)
        yield ""
        rows = [["rest point", "% of starting mixes", "95% interval"]]
        shown = each.basins[(each.basins["share"] >= LIVES) | (each.basins["high"] >= 0.05)]
        for _, row in shown.iterrows():
            rows.append([row["rests_on"], *_percents(row, "share", "low", "high")])
        yield from aligned(rows)
        if len(shown) < len(each.basins):
            yield f"and {len(each.basins) - len(shown)} more, none above {percent(LIVES, 0)}"
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
    value, robust_said, *rest = answer(x)
    return "\n\n".join(
        [
            f"{_strong(value)} {capital(robust_said)}",
            *map(capital, rest),
            "\n".join(rows),
            f"From `agentsim tournament {name}`; `make tournament` writes this part of the page.",
            *pictures,
        ]
    )


def _strong(sentence: str) -> str:
    head, _, rest = capital(sentence).partition(":")
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
