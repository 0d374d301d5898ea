"""What an answer says of customers and of total surplus, and how they move from condition to condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.games.empirical.answering import base_of, responses
from agentsim.games.empirical.comparing import Moved, compare, range_of
from agentsim.games.measures import CARTEL, COMPETITIVE, Measures
from agentsim.games.worth import CUSTOMERS, TOTAL, expected
from agentsim.report.game_kinds import end
from agentsim.report.game_words import (
    between,
    count,
    standing,
    who,
)
from agentsim.report.words import (
    level_words,
    listed,
    money,
    percent,
    plain,
    points,
)

if TYPE_CHECKING:
    from agentsim.games.empirical.found import Found, Solved

APART = 0.05
"""Difference of total surplus, over competition's, below which the two ends are one."""
MOVES = 0.1
"""Share of a role that more must play, or fewer, to be told."""
MOST_MOVES = 6
BESIDE = (
    ("hyperscaler", "capex", "capex to the horizon", "$bn"),
    ("chip_vendor", "chip_margin", "chip vendors' gross margin", ""),
    ("memory_maker", "memory_margin", "memory's gross margin", ""),
    ("lender", "lender_losses", "loans written off", "$bn"),
)
"""Layer, outcome, words and unit (none for a share) of what is told beside values."""


def customers(x: Found) -> str:
    """Say what customers get in equilibrium, against other ways of playing."""
    rows = [row for each in x for row in each.measures.equilibria if "customer_share" in row.worth]
    if not rows:
        return ""
    low = min(rows, key=lambda row: float(row.worth["customer_share"].value))
    high = max(rows, key=lambda row: float(row.worth["customer_share"].value))
    mild = [_end(each, 0) for each in x]
    with_mild = [each for each in mild if each is not None]
    told = [float(row.worth["customer_share"].value) for row in rows]
    ends = ", ".join(
        f"[{percent(float(r.worth['customer_share'].low))}, {percent(float(r.worth['customer_share'].high))}]"
        for r in ((low, high) if len(rows) > 1 else (low,))
        if float(r.worth["customer_share"].low) < float(r.worth["customer_share"].high)
    )
    said = (
        f"Customers get {between(told, percent)} of total surplus in equilibrium"
        f"{f' (intervals {ends})' if ends else ''}"
    )
    if with_mild:
        said += (
            f"; {between(with_mild, percent)} if all play {plain(x.conditions[0].kinds.only.mild)}"
        )
    return said + "."


def _end(x: Solved, which: int) -> float | None:
    """Return customers' share where all are mild (0) or fierce (1)."""
    game, place = x.game, end(x, which)
    if CUSTOMERS not in game.others or TOTAL not in game.others:
        return None
    return float(game.others[CUSTOMERS][place].sum() / game.others[TOTAL][place].sum())


def welfare(x: Found) -> str:
    """Say what is lost against the profile with most total surplus."""
    worst = [float(e.measures.price_of_anarchy.value) for e in standing(x)]
    best = [float(e.measures.price_of_stability.value) for e in standing(x)]
    if not worst or not np.isfinite([*worst, *best]).all():
        return ""
    return (
        f"The best profile for all layers together has {between(worst, _times)} times the total surplus of "
        f"the worst equilibrium (price of anarchy), and {between(best, _times)} times that of the best "
        "(price of stability)."
    )


def between_ends(x: Found) -> str:
    """Say where welfare lies between the cartel's and competition's, where both were simulated."""
    rows = [(each.measures, row) for each in standing(x) for row in each.measures.equilibria]
    if not rows or not {CARTEL, COMPETITIVE} <= {each.name for each in rows[0][0].references}:
        return ""
    apart = [_apart(told) for told, _ in rows]
    if not all(apart):
        return "All firms as one cartel and all as if prices were given come too near each other to set equilibria between them."
    at = [float(told.between(row).value) for told, row in rows]
    ends = {
        name: [
            float(row.worth["customer_share"].value)
            for each in x for row in each.measures.references if row.name == name
        ]
        for name in (CARTEL, COMPETITIVE)
    }  # fmt: skip
    return (
        f"On the way in total surplus from all firms as one cartel (0%) to all as if prices were given (100%), "
        f"equilibria lie at {between(at, lambda v: percent(v, 0))}; customers' share is "
        f"{between(ends[CARTEL], percent)} with the cartel and {between(ends[COMPETITIVE], percent)} with competition."
    )


def _apart(x: Measures) -> bool:
    """Say whether the cartel's total surplus is clearly another than competition's."""
    low, high = (
        next(r for r in x.references if r.name == name).by_run for name in (CARTEL, COMPETITIVE)
    )
    return bool(abs(float((high - low).mean())) > APART * abs(float(high.mean())))


def _times(value: float) -> str:
    return f"{value:.2f}"


def first_and_last(x: Found) -> list[list[Moved]]:
    """Return, by factor, what moves from its first level to its last."""
    found = []
    for name, levels in x.asked.conditions.items():
        if len(levels) > 1:
            found.append(compare(x, None, {name: levels[0]}, {name: levels[-1]}))
    return found


def moved(x: Found, moved: list[Moved]) -> str:
    """Say how customers' share moves from the first level of a factor to its last."""
    changes = [each for one in moved for each in one.of("customer_share")]
    if not changes:
        return ""
    low, high = range_of(changes)
    name = next(
        key for key, level in moved[0].before.conditioned.condition.items()
        if moved[0].after.conditioned.condition[key] != level
    )  # fmt: skip
    first, last = (
        level_words(name, of.conditioned.condition[name])
        for of in (moved[0].before, moved[0].after)
    )
    up = sum(float(each.difference.low) > 0.0 for each in changes)
    down = sum(float(each.difference.high) < 0.0 for each in changes)
    sure = ""
    if any(np.isfinite(float(each.difference.low)) for each in changes):
        sure = f", of which {up} surely rise and {down} surely fall"
    span = between([float(low.value), float(high.value)], lambda s: points(s, 1, True))
    return (
        f"From {first} to {last}, customers' share in equilibrium moves by {span}, whichever equilibria "
        f"are compared ({count(len(changes), 'pair')}{sure})."
    )


def answering(x: Found) -> str:
    """Say what answering a shock does to customers, beside all going on as before."""
    if len(x.conditions) < 2 or CUSTOMERS not in x.conditions[0].game.others:
        return ""
    factor, base = base_of(x)
    told = responses(x)
    if not told or not factor.startswith("shock."):
        return ""
    less = sum(float(each.difference.high) < 0.0 for each in told)
    more = sum(float(each.difference.low) > 0.0 for each in told)
    differences = [float(each.difference.value) for each in told]
    return (
        f"Strategies answer the shock: against going on as in an equilibrium without it ({level_words(factor, base)}), "
        f"that changes customers' surplus by {between(differences, lambda v: money(v, True))}: surely less in {less} of "
        f"{count(len(told), 'pair')} of equilibria, surely more in {more}."
    )


def by_level(x: Found) -> list[str]:
    """Say, by factor, whose play in equilibrium moves from its first level to its last."""
    return [each for each in (_played(x, *item) for item in x.asked.conditions.items()) if each]


def _played(x: Found, name: str, levels: list[Any]) -> str:
    if len(levels) < 2:
        return ""
    ends = []
    for level in (levels[0], levels[-1]):
        of = [each for each in standing(x) if each.conditioned.condition[name] == level]
        ends.append({_rest(each, name): each for each in of})
    both = [rest for rest in ends[0] if rest in ends[1]]
    if not both:
        return ""
    first, last = ([end_[rest] for rest in both] for end_ in ends)
    game = x.conditions[0].game
    a, b = (
        np.mean([np.mean([e.shares for e in each.equilibria], axis=0) for each in of], axis=0)
        for of in (first, last)
    )
    moves = [
        f"{who(x, game.roles[int(game.layout.role_of[at])].name)} {plain(game.strategies[at])} "
        f"{percent(float(a[at]), 0)} to {percent(float(b[at]), 0)}"
        for at in np.argsort(-np.abs(b - a), kind="stable")[:MOST_MOVES]
        if abs(b[at] - a[at]) >= MOVES
    ]
    if not moves:
        return (
            f"From {level_words(name, levels[0])} to {level_words(name, levels[-1])} no strategy's share moves by "
            "10 points or more, in the mean over equilibria and other conditions."
        )
    return (
        f"From {level_words(name, levels[0])} to {level_words(name, levels[-1])}, in the mean over equilibria and other "
        f"conditions: {listed(moves)}."
    )


def _rest(x: Solved, name: str) -> tuple[Any, ...]:
    """Return the levels of a condition without one of its factors."""
    return tuple(level for of, level in x.conditioned.condition.items() if of != name)


def beside(x: Found) -> str:
    """Say what margins, losses and capex are in equilibrium, of the layers that play."""
    layers = set(x.asked.market_role.values())
    told = [
        f"{words} {between(values, lambda v, unit=unit: money(v) if unit else percent(v, 0))}"
        for layer, outcome, words, unit in BESIDE
        if layer in layers and (values := _in_equilibrium(x, outcome))
    ]
    return f"In equilibrium: {'; '.join(told)}." if told else ""


def _in_equilibrium(x: Found, outcome: str) -> list[float]:
    return [
        float(expected(one.weights, each.game.others[outcome]).mean())
        for each in standing(x)
        if outcome in each.game.others
        for one in each.equilibria
    ]
