"""The answer of a tournament, in sentences that are worked out from its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agentsim.batch.intervals import Interval
from agentsim.outcomes import OUTCOMES
from agentsim.report.words import (
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

LIVES = 0.01
"""Share from which on a posture is said to be left."""
FEW = 5
"""Mixed fields below which nothing is said to win: drawn again, they are nearly the same ones."""
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
    return [each for each in found if each]


def counted(count: int, thing: str) -> str:
    """Return how many there are of a thing, in the plural but of one."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def unit(x: Found) -> str:
    """Return the unit of the payoff."""
    return "$bn" if x.payoffs.by.startswith(VALUE) else OUTCOMES[x.payoffs.by][0].rstrip("*")


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


def rows_of(table: pd.DataFrame) -> list[Row]:
    """Return the rows of a table by the names of its columns."""
    return [dict(zip(table, each, strict=True)) for each in table.itertuples(index=False)]


def _value(x: Found) -> str:
    """Say which posture wins, by how much and how surely."""
    first, second = rows_of(x.overall.head(2))
    gain = "is worth" if x.payoffs.by == VALUE else f"comes with a {called(x)} of"
    again = (
        ""
        if _few(x)
        else f"Drawn again, fields put it first {_percent(first['first'])} of the time. "
    )
    return (
        f"By {called(x)}, {first['posture']} {_wins(x, first)}: a firm that follows it {gain} "
        f"{_with_interval(x, first, 'ahead')} more than the mean over {len(x.payoffs.postures)} postures "
        f"in the same seat among the same rivals, over {counted(len(x.payoffs.seats), 'seat')} and "
        f"{counted(len(x.asked.mixed), 'field')} drawn at random. {again}Second is "
        f"{second['posture']} ({amount(x, second['ahead'], True)})."
    )


def _wins(x: Found, row: Row) -> str:
    """Say whether the first is so beyond doubt: with fields drawn again too, and ahead of the mean."""
    if _few(x):
        return f"is first, but {counted(len(x.asked.mixed), 'field')} are too few to be sure"
    if row["first"] >= SURE and row["low"] > 0.0:
        return "wins"
    return "is first, though not surely"


def _few(x: Found) -> bool:
    """Say whether there are too few fields for drawing them again to tell anything."""
    return len(x.asked.mixed) < FEW


def _conditions(x: Found) -> str:
    """Say in which conditions another posture leads; nothing where there is one alone."""
    ranked = x.ranking[(x.ranking["condition"] != "all") & (x.ranking["rank"] == 1)]
    if ranked.empty:
        return ""
    leads = dict(zip(ranked["condition"], ranked["posture"], strict=True))
    wins = x.overall.iloc[0]["posture"]
    others = [f"where {name} {each} does" for name, each in leads.items() if each != wins]
    if not others:
        return f"It leads in each of the {len(leads)} conditions."
    return (
        f"Of {len(leads)} conditions it leads in {len(leads) - len(others)}; {'; '.join(others)}."
    )


def _robust(x: Found) -> str:
    """Say which posture is best most often, and which is regretted least."""
    least, most = rows_of(x.robustness)[0], _top(x.robustness, "best")
    return (
        f"Best most often is {most['posture']}: in {_percent(most['best'])} of all seats and fields, those "
        f"in which all rivals do the same counted too. Regretted least is {least['posture']}: "
        f"what is best there earns {amount(x, least['regret'])} more on average, and "
        f"{amount(x, least['worst_regret'])} at worst, in the seat of {firm_words(least['worst_seat'])} "
        f"among {_field(x, least['worst_field'])}."
    )


def _top(table: pd.DataFrame, name: str) -> Row:
    return rows_of(table.nlargest(1, name))[0]


def _field(x: Found, field: str) -> str:
    if field in x.payoffs.postures:
        return f"rivals who all follow {field}"
    return f"the rivals of {plain(field)}"


def _customers(x: Found) -> str:
    """Say which posture wins for customers: in one seat, and if all follow it."""
    first, share = rows_of(x.customers)[0], _top(x.customers, "share")
    every, whole = (_top(x.customers, each) for each in ("all_surplus", "all_share"))
    often = "" if _few(x) else f", and fields put it first {_percent(first['first'])} of the time"
    most = money_interval(Interval(every["all_ahead"], every["all_low"], every["all_high"], 0))
    same = whole["posture"] == every["posture"]
    return (
        f"For customers, {first['posture']} {_wins(x, first)}: where a firm follows it they have "
        f"{_money_between(first, 'surplus')} more surplus than under the mean posture{often}. "
        f"Their share of total surplus {share['posture']} raises most, by {points(share['share'])}. "
        f"Where all firms do the same they have the most surplus under {every['posture']}, {most} more "
        f"than under the mean posture, and the largest share under "
        f"{'it too' if same else whole['posture']} "
        f"({percent(whole['all_share'])})."
    )


def _same(x: Found) -> str:
    """Say whether the posture that wins is the one that wins for customers."""
    wins, serves = (str(table.iloc[0]["posture"]) for table in (x.overall, x.customers))
    if wins == serves:
        return f"The posture that wins and the one that wins for customers are the same, {wins}."
    theirs = [each["posture"] for each in rows_of(x.customers)]
    mine = [each["posture"] for each in rows_of(x.overall)]
    return (
        f"The posture that wins and the one that wins for customers are not the same: {wins} is "
        f"{_ordinal(theirs.index(wins) + 1)} of {len(theirs)} for customers, {serves} "
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
    return [each["posture"] for each in rows_of(x.survives) if each["replicator"] >= LIVES]


def _left(x: Survival) -> str:
    """Say what is left of a large population, and from how many starting mixes."""
    shares = [
        f"{each['posture']} ({percent_interval(_share(each, 'replicator', 'low', 'high'), 0)})"
        for each in rows_of(x.survives)
        if each["replicator"] >= LIVES
    ]
    text = f"{listed(shares)} {'is' if len(shares) == 1 else 'are'} left of a large population"
    basin, count = rows_of(x.basins)[0], len(x.basins[x.basins["share"] > 0.0])
    if basin["rests_on"] == UNSETTLED:
        return f"{text}; {_percent(basin['share'])} of starting mixes go on moving"
    if count == 1:
        return f"{text}, from all starting mixes"
    return (
        f"{text}; {_percent(basin['share'])} of starting mixes, more than anywhere else, end at "
        f"{basin['rests_on']}, the others at {counted(count - 1, 'other rest point')}"
    )


def _players(x: Survival) -> str:
    """Say what players do who copy, if they mutate rarely."""
    row = _top(x.survives, "rare")
    share = percent_interval(_share(row, "rare", "rare_low", "rare_high"), 0)
    return (
        f"Players who copy whoever earns more, and mutate rarely, are all at {row['posture']} for "
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
        f"{number(other.fitness.r_squared, 2)} {way(other)}.{_doubted(best, other)}"
    )
    twins = [f"{a} did what {b} did" for a, b in x.payoffs.twins.items()]
    return text + (f" To the last bit {listed(twins)}, which is told once." if twins else "")


def believable(x: Survival) -> bool:
    """Say whether dynamics tell mixed fields better than the mean over them does."""
    return x.fitness.r_squared >= 0.0


def _doubted(best: Survival, other: Survival) -> str:
    """Say which dynamics cannot be believed, if any: those that tell less than the mean does."""
    if not believable(best):
        return (
            " Both are below zero, where the mean over fields tells more: neither the dynamics nor what is "
            "said to survive can be believed here."
        )
    if not believable(other):
        return (
            f" Below zero the mean over fields tells more: dynamics told {way(other)} cannot be "
            "believed here."
        )
    return ""
