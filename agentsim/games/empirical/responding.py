"""Responding: what a shock brings customers when strategies answer it, beside what it would if none did.

Before the shock play is in an equilibrium e of the game without it, after it in an equilibrium f of the
game with it. With S_0 and S_1 customers' surplus without and with the shock, in expectation over profiles,

    gain in equilibrium     S_1(f) - S_0(e)
    gain held fixed         S_1(e) - S_0(e)       all go on as they did
    difference              S_1(f) - S_1(e)       what answering the shock adds, or takes away

Where a game has several equilibria there is a row for every pair of them: none is singled out. Runs are
paired by number, so that the luck that both sides of a difference meet falls out. What is played is held
fixed in all intervals: they say how far runs leave a gain open, and not which equilibria there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentsim.batch.intervals import Interval
from agentsim.errors import AgentsimError, unknown
from agentsim.games.equilibria import Equilibrium
from agentsim.games.studentised import mean_interval
from agentsim.games.worth import CUSTOMERS, expected
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.games.empirical.found import Found, Solved

FACTOR = "shock.efficiency.factor"
NONE = 1.0
"""The level of a shock's factor that is no shock."""


@dataclass(frozen=True, eq=False)
class Response:
    """What comes of a pair of equilibria, one without the shock and one with it."""

    condition: dict[str, Any]
    """The levels of all factors, with the shock."""
    before: Equilibrium
    after: Equilibrium
    places: tuple[int, int]
    """Which of the equilibria of their conditions they are, from 0."""
    in_equilibrium: Interval
    held_fixed: Interval
    difference: Interval


def base_of(x: Found, factor: str | None = None) -> tuple[str, Any]:
    """Return the factor that is the shock, and its level that is none.

    factor: a name among the conditions; by default the efficiency shock's, or else the first that has
    levels to compare. Its base is 1 where that is a level of a shock's factor, or else its first level.
    Raises AgentsimError, one line, where nothing is varied, or not that.
    """
    levels = levels_of(x)
    if factor is None:
        varied = [name for name, each in levels.items() if len(each) > 1]
        if not varied:
            raise AgentsimError(
                "the game is played under one condition; give a factor two levels in conditions"
            )
        factor = FACTOR if FACTOR in varied else varied[0]
    if factor not in levels:
        raise unknown("factor", factor, list(levels))
    is_shock = factor.startswith("shock.") and factor.endswith(".factor")
    return factor, NONE if is_shock and NONE in levels[factor] else levels[factor][0]


def levels_of(x: Found) -> dict[str, list[Any]]:
    """Return the levels of each factor of the conditions, in order."""
    found: dict[str, list[Any]] = {}
    for each in x:
        for name, level in each.conditioned.condition.items():
            if level not in found.setdefault(name, []):
                found[name].append(level)
    return found


def responses(
    x: Found, factor: str | None = None, outcome: str = CUSTOMERS
) -> tuple[Response, ...]:
    """Return a row for each condition with the shock and pair of equilibria, before and after.

    factor: as in `base_of`. outcome: what is gained, by the name that it has in `Game.others`.
    Conditions in which no equilibrium was found have none. Raises AgentsimError, one line, for a factor
    that is not varied, and for an outcome that was not kept.
    """
    name, base = base_of(x, factor)
    for each in x:
        if outcome not in each.game.others:
            raise unknown("outcome", outcome, list(each.game.others))
    return tuple(_pairs(x, name, base, outcome))


def _pairs(x: Found, name: str, base: Any, outcome: str) -> Iterator[Response]:
    by_rest = {
        _rest(each.conditioned.condition, name): each
        for each in x
        if each.conditioned.condition[name] == base
    }
    for with_it in x:
        condition = with_it.conditioned.condition
        without = by_rest.get(_rest(condition, name))
        if condition[name] == base or without is None:
            continue
        for i, before in enumerate(without.equilibria.found):
            for j, after in enumerate(with_it.equilibria.found):
                gains = _gains(without, with_it, before, after, outcome)
                yield Response(condition, before, after, (i, j), *map(mean_interval, gains))


def _rest(condition: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    return tuple(level for key, level in condition.items() if key != name)


def _gains(
    without: Solved, with_it: Solved, before: Equilibrium, after: Equilibrium, outcome: str
) -> tuple[Array, Array, Array]:
    """Return gains by run, `(runs,)` each: in equilibrium, held fixed, and their difference."""
    start = expected(before.weights, without.game.others[outcome])
    answered = expected(after.weights, with_it.game.others[outcome])
    fixed = expected(before.weights, with_it.game.others[outcome])
    return answered - start, fixed - start, answered - fixed


def responding(x: Found, factor: str | None = None, outcome: str = CUSTOMERS) -> pd.DataFrame:
    """Return the responses as a frame, a row for each condition with the shock and pair of equilibria.

    Columns: the levels of the condition; before, after (in words) and before_number, after_number (from
    1, in the order of each condition's equilibria); in_equilibrium, held_fixed and difference in the unit
    of the outcome, each with _low and _high, 95% intervals over paired runs.
    Errors: as of `responses`.
    """
    import pandas as pd

    rows = []
    for each in responses(x, factor, outcome):
        row = dict(each.condition) | {
            "before": each.before.words, "before_number": each.places[0] + 1,
            "after": each.after.words, "after_number": each.places[1] + 1,
        }  # fmt: skip
        for name in ("in_equilibrium", "held_fixed", "difference"):
            told: Interval = getattr(each, name)
            row |= {name: told.value, f"{name}_low": told.low, f"{name}_high": told.high}
        rows.append(row)
    columns = [*levels_of(x), "before", "before_number", "after", "after_number"]
    columns += [
        f"{name}{end}"
        for name in ("in_equilibrium", "held_fixed", "difference")
        for end in ("", "_low", "_high")
    ]
    return pd.DataFrame(rows, columns=columns)
