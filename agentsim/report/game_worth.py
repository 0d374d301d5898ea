"""What an answer says of customers and of total surplus, and how they move from condition to condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agentsim.games.empirical.comparing import Moved, compare, range_of
from agentsim.games.measures import CARTEL, COMPETITIVE
from agentsim.games.worth import CUSTOMERS, TOTAL
from agentsim.report.game_kinds import end
from agentsim.report.game_words import (
    between,
    count,
    standing,
)
from agentsim.report.words import (
    level_words,
    percent,
    plain,
    points,
)

if TYPE_CHECKING:
    from agentsim.games.empirical.found import Found, Solved


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
    sure = ""
    if np.isfinite([float(low.low), float(high.high)]).all():
        if float(low.low) > 0.0 or float(high.high) < 0.0:
            sure = ", all sure"
        elif all(float(c.difference.low) <= 0.0 <= float(c.difference.high) for c in changes):
            sure = ", none of them sure"
    span = between([float(low.value), float(high.value)], lambda s: points(s, 1, True))
    return (
        f"From {first} to {last}, customers' share in equilibrium moves by {span}, whichever equilibria "
        f"are compared ({count(len(changes), 'pair')}{sure})."
    )
