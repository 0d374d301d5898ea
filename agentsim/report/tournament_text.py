"""A tournament in words and tables: for the terminal, and for docs/findings.md.

    python -m agentsim.report.tournament_text results/tournament tournament docs/findings.md

puts what the tournament found between the page's markers, and its pictures beside the published
results, so that no figure there is older than they are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentsim.batch.intervals import Interval
from agentsim.outcomes import OUTCOMES
from agentsim.printing import aligned
from agentsim.report.words import (
    capital,
    firm_words,
    listed,
    money,
    money_interval,
    number,
    percent,
    percent_interval,
    plain,
    points,
)
from agentsim.tournament.fitness import PAIRWISE
from agentsim.tournament.payoffs import VALUE
from agentsim.tournament.survival import UNSETTLED

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.tournament.survival import Survival
    from agentsim.tournament.tables import Found

Row = Mapping[Any, Any]

START, END = "<!-- tournament: start -->", "<!-- tournament: end -->"
PICTURES = {
    "ranking.png": "What each posture is ahead of the others in a seat, and what customers have of it",
    "who_beats_whom.png": "What one firm gains by each posture where all rivals follow another",
    "survival.png": "Shares of postures through time, as those that earn more spread",
}
MOST_BASINS = 6
"""Rest points that a table shows, those that most starting mixes end at."""
LIVES = 0.01
"""Share from which on a posture is said to survive."""
SURE = 0.95
"""How often a posture must be first when fields are drawn again, to be called first without a word."""


def answer(x: Found) -> list[str]:
    """Return the sentences that say what the tournament found."""
    found = [
        _value(x),
        _conditions(x),
        _robust(x),
        _customers(x),
        _same(x),
        *_survives(x),
        _believed(x),
    ]
    return [_begun(each) for each in found if each]


def _begun(sentence: str) -> str:
    """Return a sentence with its capital; a name with its parameters stays as it is written."""
    return sentence if "(" in sentence.partition(" ")[0] else capital(sentence)


def unit(x: Found) -> str:
    """Return the unit of the payoff."""
    return "$bn" if x.payoffs.by.startswith(VALUE) else OUTCOMES[x.payoffs.by][0]


def called(x: Found) -> str:
    """Return what the payoff is called."""
    return "value" if x.payoffs.by == VALUE else plain(x.payoffs.by)


def amount(x: Found, value: float, plus: bool = False) -> str:
    """Return an amount of the payoff, with its unit."""
    if unit(x) == "$bn":
        return money(value, plus)
    return f"{number(value, 3, plus)} {unit(x)}".removesuffix(" 1")


def _with_interval(x: Found, row: Row, name: str) -> str:
    """Return an amount of the payoff with its interval."""
    if unit(x) == "$bn":
        return _money_between(row, name)
    return f"{amount(x, row[name])} [{number(row['low'], 3)}, {number(row['high'], 3)}]"


def _money_between(row: Row, name: str) -> str:
    return money_interval(Interval(row[name], row["low"], row["high"], 0))


def _rows(table: pd.DataFrame) -> list[Row]:
    return [dict(zip(table, each, strict=True)) for each in table.itertuples(index=False)]


def _value(x: Found) -> str:
    """Say which posture wins, by how much and how surely."""
    first, second = _rows(x.overall.head(2))
    verb = "wins" if first["first"] >= SURE else "is first, though not surely,"
    gain = "is worth" if x.payoffs.by == VALUE else f"comes with a {called(x)} of"
    return (
        f"{plain(first['posture'])} {verb} by {called(x)}: a firm that follows it {gain} "
        f"{_with_interval(x, first, 'ahead')} more than the mean over {len(x.payoffs.postures)} postures "
        f"in the same seat among the same rivals, over {len(x.payoffs.seats)} seats and "
        f"{len(x.asked.mixed)} fields drawn at random. Drawn again, fields put it first "
        f"{_percent(first['first'])} of the time; second is {plain(second['posture'])} "
        f"({amount(x, second['ahead'], True)})."
    )


def _conditions(x: Found) -> str:
    """Say in which conditions another posture leads; nothing where there is one alone."""
    ranked = x.ranking[(x.ranking["condition"] != "all") & (x.ranking["rank"] == 1)]
    if ranked.empty:
        return ""
    leads = dict(zip(ranked["condition"], ranked["posture"], strict=True))
    wins = x.overall.iloc[0]["posture"]
    others = [f"{plain(each)} where {name}" for name, each in leads.items() if each != wins]
    if not others:
        return f"It leads in each of the {len(leads)} conditions."
    return (
        f"Of {len(leads)} conditions it leads in {len(leads) - len(others)}; {listed(others)} does."
    )


def _robust(x: Found) -> str:
    """Say which posture is best most often, and which is regretted least."""
    least, most = _rows(x.robustness)[0], _top(x.robustness, "best")
    return (
        f"{plain(most['posture'])} is best in {_percent(most['best'])} of all seats and fields, those "
        f"in which all rivals do the same counted too. Regretted least is {plain(least['posture'])}: "
        f"what is best there earns {amount(x, least['regret'])} more on average, and "
        f"{amount(x, least['worst_regret'])} at worst, in the seat of {firm_words(least['worst_seat'])} "
        f"among {_field(x, least['worst_field'])}."
    )


def _top(table: pd.DataFrame, name: str) -> Row:
    return _rows(table.nlargest(1, name))[0]


def _field(x: Found, field: str) -> str:
    if field in x.payoffs.postures:
        return f"rivals who all follow {plain(field)}"
    return f"the rivals of {plain(field)}"


def _customers(x: Found) -> str:
    """Say which posture wins for customers: in one seat, and if all follow it."""
    first, share = _rows(x.customers)[0], _top(x.customers, "share")
    every, whole = (_top(x.customers, each) for each in ("all_surplus", "all_share"))
    verb = (
        "wins for customers"
        if first["first"] >= SURE
        else "is first for customers, though not surely"
    )
    most = money_interval(Interval(every["all_ahead"], every["all_low"], every["all_high"], 0))
    same = whole["posture"] == every["posture"]
    return (
        f"{plain(first['posture'])} {verb}: where a firm follows it they have "
        f"{_money_between(first, 'surplus')} more surplus than under the mean posture, and fields put it "
        f"first {_percent(first['first'])} of the time. Their share of total surplus "
        f"{plain(share['posture'])} raises most, by {points(share['share'])}. Where all firms do the "
        f"same they have the most surplus under {plain(every['posture'])}, {most} more than under the mean "
        f"posture, and the largest share under {'it too' if same else plain(whole['posture'])} "
        f"({percent(whole['all_share'])})."
    )


def _same(x: Found) -> str:
    """Say whether the posture that wins is the one that wins for customers."""
    wins, serves = (str(table.iloc[0]["posture"]) for table in (x.overall, x.customers))
    if wins == serves:
        return f"The posture that wins and the one that wins for customers are the same, {plain(wins)}."
    theirs = [each["posture"] for each in _rows(x.customers)]
    mine = [each["posture"] for each in _rows(x.overall)]
    return (
        f"The posture that wins and the one that wins for customers are not the same: {plain(wins)} is "
        f"{_ordinal(theirs.index(wins) + 1)} of {len(theirs)} for customers, {plain(serves)} "
        f"{_ordinal(mine.index(serves) + 1)} by {called(x)}."
    )


def _ordinal(place: int) -> str:
    words = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
    if place <= len(words):
        return words[place - 1]
    ending = "th" if 10 < place % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def _survives(x: Found) -> list[str]:
    """Say what survives, told the better way, and whether the other way agrees."""
    best, other = x.survival
    mine, theirs = (set(_alive(each)) for each in (best, other))
    agrees = f"the same: {_left(other)}" if mine == theirs else _left(other)
    return [
        f"Where postures that earn more spread, {_left(best)}. {_players(best)}",
        f"Told the other way, {way(other)}, {agrees}.",
    ]


def _alive(x: Survival) -> list[str]:
    return [each["posture"] for each in _rows(x.survives) if each["replicator"] >= LIVES]


def _left(x: Survival) -> str:
    """Say what is left of a large population, and from how many starting mixes."""
    shares = [
        f"{plain(each['posture'])} ({percent_interval(_share(each, 'replicator', 'low', 'high'), 0)})"
        for each in _rows(x.survives)
        if each["replicator"] >= LIVES
    ]
    text = f"{listed(shares)} {'is' if len(shares) == 1 else 'are'} left of a large population"
    basin, count = _rows(x.basins)[0], len(x.basins[x.basins["share"] > 0.0])
    if basin["rests_on"] == UNSETTLED:
        return f"{text}; {_percent(basin['share'])} of starting mixes go on moving"
    if count == 1:
        return f"{text}, from all starting mixes"
    return (
        f"{text}; {_percent(basin['share'])} of starting mixes, more than anywhere else, end at "
        f"{plain(basin['rests_on'])}, the others at {count - 1} other rest points"
    )


def _players(x: Survival) -> str:
    """Say what players do who copy, if they mutate rarely."""
    row = _top(x.survives, "rare")
    share = percent_interval(_share(row, "rare", "rare_low", "rare_high"), 0)
    return (
        f"Players who copy whoever earns more, and mutate rarely, are all at {plain(row['posture'])} for "
        f"more of the time than at any other ({share})."
    )


def _share(row: Row, name: str, low: str, high: str) -> Interval:
    return Interval(row[name], row[low], row[high], 0)


def _percent(share: float) -> str:
    """Return a share in whole per cent, and not 100% if it is less."""
    return percent(share, 1 if 0.99 < share < 1.0 else 0)


def way(x: Survival) -> str:
    """Return how fitness is told: in the words of a sentence's middle."""
    return (
        "by payoffs against rivals who all do the same"
        if x.fitness.kind == PAIRWISE
        else "by a line through the mixed fields"
    )


def _believed(x: Found) -> str:
    """Say how far dynamics may be believed: as far as they tell fields that were run."""
    best, other = x.survival
    text = (
        "Dynamics are to be believed as far as they foretell mixed fields that they were not made of: "
        f"R squared is {number(best.fitness.r_squared, 2)} {way(best)}, "
        f"{number(other.fitness.r_squared, 2)} {way(other)}."
    )
    twins = [f"{plain(a)} did what {plain(b)} did" for a, b in x.payoffs.twins.items()]
    return text + (f" To the last bit {listed(twins)}, which is told once." if twins else "")


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
    yield "For customers: their surplus, $bn, beside the mean over postures, and their share of total"
    yield "surplus; in a seat among rivals drawn at random, and where all firms follow it (all)"
    yield ""
    rows = [
        ["posture", "surplus", "95% interval", "first %", "share, points", "all: surplus",
         "95% interval", "all: share %"]
    ]  # fmt: skip
    for row in _rows(x.customers):
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
