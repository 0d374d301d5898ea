"""Tables of a game on a terminal: equilibria, and what is known of each condition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from agentsim.batch.intervals import Interval
from agentsim.printing import aligned
from agentsim.report.game_words import BN, condition_words
from agentsim.report.words import plain

if TYPE_CHECKING:
    from agentsim.games.empirical.found import Found, Solved
    from agentsim.games.measures import Row

MOST_WORDS = 78
"""Letters of a profile; what is longer is cut, and whole in equilibria.csv."""


def tables(x: Found) -> list[str]:
    """Return the tables, line by line."""
    return [*_equilibria(x), "", *_conditions(x), ""]


def _equilibria(x: Found) -> list[str]:
    """Return a row an equilibrium, by condition."""
    unit = x.conditions[0].game.unit
    per = " $bn" if unit == BN else ""
    rows = [["condition", "verdict", f"regret{per}", "95% interval", "P(eps)", "customers %",
             "95% interval", "surplus $tn", "95% interval", "equilibrium"]]  # fmt: skip
    for each in x:
        name = condition_words(each)
        rows += [[name if at == 0 else "", *row] for at, row in enumerate(_rows(each))]
        if not each.candidates:
            rows.append([name, "none found", *[""] * 8])
    note = (
        "Regret: the most that a player gains by another strategy, alone, on fresh runs; P(eps): how likely it "
        f"is below {_epsilon(x)}, rather told too low. What players of a role do is counted."
    )
    return [*_without_empty(rows), note]


def _epsilon(x: Found) -> str:
    told = [c.confirmation.epsilon for each in x for c in each.candidates if c.confirmation]
    unit = x.conditions[0].game.unit
    if not told:
        return "the epsilon asked for"
    low, high = min(told), max(told)
    span = (
        f"{low:.3g}" if f"{low:.3g}" == f"{high:.3g}" else f"{low:.3g} to {high:.3g} by condition"
    )
    return f"epsilon ({span}{f', {unit}' if unit else ''})"


def _rows(x: Solved) -> list[list[str]]:
    found = []
    worth = {row.what: row for row in x.measures.equilibria}
    for at, each in enumerate(x.candidates):
        held = each.confirmation
        row = _worth(x, at, worth)
        share = row.worth.get("customer_share") if row else None
        total = row.worth.get("total_surplus") if row else None
        found.append(
            [
                each.verdict,
                f"{float(held.regret.value):,.1f}" if held else f"{each.equilibrium.regret:,.1f}",
                _interval(held.regret if held else None, 1.0, 1),
                f"{held.probability:.2f}" if held else "",
                _number(share, 100.0, 1),
                _interval(share, 100.0, 1),
                _number(total, 0.001, 1),
                _interval(total, 0.001, 1),
                _cut(plain(each.equilibrium.words)),
            ]
        )
    return found


def _worth(x: Solved, at: int, worth: dict[str, Row]) -> Row | None:
    """Return the measures of a candidate; those of one that does not stand are not told."""
    candidate = x.candidates[at]
    standing = list(x.standing)
    if candidate not in standing:
        return None
    return x.measures.equilibria[standing.index(candidate)]


def _conditions(x: Found) -> list[str]:
    """Return a row a condition: the kind of game, prices of anarchy, bounds, and where dynamics lead."""
    pair = x.conditions[0].kinds.only
    rows = [["condition", "kind", "sure %", "anarchy", "stability", "correlated: customers %",
             "coarse: customers %", "most often reached by best replies"]]  # fmt: skip
    for each in x:
        kind = each.kinds.only
        sure = kind.resampled.get(kind.of_means, math.nan) if kind.resampled else math.nan
        rows.append(
            [
                condition_words(each),
                kind.kind if kind.kind == kind.of_means else f"{kind.kind} ({kind.of_means})",
                f"{100 * sure:.0f}" if math.isfinite(sure) else "",
                _number(each.measures.price_of_anarchy, 1.0, 2),
                _number(each.measures.price_of_stability, 1.0, 2),
                *(_span(each, f"{coarse}customer_share") for coarse in ("", "coarse ")),
                _cut(_reached(each)),
            ]
        )
    note = (
        f"Kind: between {plain(pair.mild)} and {plain(pair.fierce)}, in brackets by means alone; sure: "
        "resamples that are of the kind of the means. Anarchy, stability: most total surplus over that of "
        "the worst and best equilibrium."
    )
    return [*_without_empty(rows), note]


def _span(x: Solved, name: str) -> str:
    if "customer_surplus" not in x.game.others:
        return ""
    found = x.bounds[name]
    return f"{100 * found.worst.value:.1f}-{100 * found.best.value:.1f}"


def _reached(x: Solved) -> str:
    """Return where best replies lead from most profiles, and from how many."""
    chances = x.replies.chances.mean(axis=0)
    at = int(chances.argmax())
    return f"{100 * chances[at]:.0f}% to {plain(x.replies.sinks[at].words)}"


def _number(x: Interval | None, by: float, decimals: int) -> str:
    if x is None or not math.isfinite(float(x.value)):
        return ""
    return f"{by * float(x.value):,.{decimals}f}"


def _interval(x: Interval | None, by: float, decimals: int) -> str:
    if (
        x is None
        or not math.isfinite(float(x.low))
        or float(x.low) == float(x.high) == float(x.value) != 0.0
    ):
        return ""  # nothing is left to luck
    return f"{by * float(x.low):,.{decimals}f}-{by * float(x.high):,.{decimals}f}"


def _cut(text: str) -> str:
    return text if len(text) <= MOST_WORDS else text[: MOST_WORDS - 4] + " ..."


def _without_empty(rows: list[list[str]]) -> list[str]:
    """Return aligned rows without columns that say nothing."""
    columns: list[Any] = list(zip(*rows, strict=True))
    told = [column for column in columns if any(column[1:])]
    return aligned([list(row) for row in zip(*told, strict=True)])
