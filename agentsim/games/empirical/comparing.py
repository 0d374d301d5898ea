"""Comparing: how equilibria, the kind of game and who gets the value move from one condition to another.

Conditions of one game are compared, or those of two games under the same conditions. Where there are
several equilibria on either side, each is set against each: a change is told as the range over all
pairs, and no equilibrium is picked in silence. Runs that met the same luck are compared one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.batch.moments import student
from agentsim.errors import AgentsimError, shown, unknown
from agentsim.games.empirical.found import Found, Solved
from agentsim.games.equilibria import Equilibrium
from agentsim.games.studentised import mean_interval, paired_interval, ratio_difference
from agentsim.games.worth import expected, money, shares
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

TOLD = ("customer_share", "customer_surplus", "hyperscaler_value", "chip_vendor_value",
        "memory_maker_value", "lender_value", "total_surplus")  # fmt: skip
"""What is compared, where it is there."""

Condition = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """What changes from an equilibrium of one condition to an equilibrium of the other."""

    outcome: str
    before: float
    after: float
    difference: Interval


@dataclass(frozen=True, eq=False)
class Moved:
    """Two conditions, and what moves from the one to the other."""

    before: Solved
    after: Solved
    paired: bool
    """Whether run i of both met the same luck."""
    names: tuple[str, str]
    """What the two are called."""
    what: str = ""
    """What differs between them, in words."""

    @cached_property
    def pairs(self) -> list[tuple[Equilibrium, Equilibrium]]:
        """Each equilibrium before with each after."""
        return [(a, b) for a in self.before.equilibria for b in self.after.equilibria]

    @cached_property
    def changes(self) -> list[list[Change]]:
        """What changes, for each of the pairs."""
        return [self._changes(a, b) for a, b in self.pairs]

    def of(self, outcome: str) -> list[Change]:
        """Return how an outcome changes, a pair of equilibria each; empty where it is not there."""
        return [each for pair in self.changes for each in pair if each.outcome == outcome]

    def _changes(self, a: Equilibrium, b: Equilibrium) -> list[Change]:
        found = []
        then, now = shares(self.before.game), shares(self.after.game)
        cash_then, cash_now = money(self.before.game), money(self.after.game)
        for name in TOLD:
            if name in then and name in now:
                x = [expected(a.weights, each) for each in then[name]]
                y = [expected(b.weights, each) for each in now[name]]
                found.append(self._of_share(name, x, y))
            elif name in cash_then and name in cash_now:
                p, q = expected(a.weights, cash_then[name]), expected(b.weights, cash_now[name])
                found.append(self._of_money(name, p, q))
        return found

    def _of_share(self, name: str, x: list[Array], y: list[Array]) -> Change:
        before, after = (float(num.sum() / den.sum()) for num, den in (x, y))
        if len(x[0]) == len(y[0]) == 1:
            return Change(name, before, after, _exact(after - before))
        if self.paired and len(x[0]) == len(y[0]):
            return Change(name, before, after, ratio_difference(y[0], y[1], x[0], x[1]))
        # To first order a ratio moves by its run's error over the mean of what it is a part of.
        parts = [(num - num.sum() / den.sum() * den) / den.mean() for num, den in (x, y)]
        return Change(name, before, after, _apart(after - before, *parts))

    def _of_money(self, name: str, x: Array, y: Array) -> Change:
        before, after = float(x.mean()), float(y.mean())
        if len(x) == len(y) == 1:
            return Change(name, before, after, _exact(after - before))
        paired = self.paired and len(x) == len(y)
        told = paired_interval(y, x) if paired else _apart(after - before, x, y)
        return Change(name, before, after, told)

    def table(self) -> pd.DataFrame:
        """Return a row a pair of equilibria and outcome."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "from": self.names[0], "to": self.names[1], "equilibrium_before": a.words,
                    "equilibrium_after": b.words, "outcome": each.outcome, "before": each.before,
                    "after": each.after, "difference": each.difference.value,
                    "low": each.difference.low, "high": each.difference.high, "paired": self.paired,
                }
                for (a, b), changes in zip(self.pairs, self.changes, strict=True)
                for each in changes
            ]
        )  # fmt: skip


def compare(
    a: Found,
    b: Found | None = None,
    before: Condition | None = None,
    after: Condition | None = None,
) -> list[Moved]:
    """Return what moves between conditions of one game, or between two games.

    before, after: levels by name that the conditions have on either side; of two games that are left
    out, conditions with the same levels are compared; of one game, the first and the last level of each
    factor in turn. Raises AgentsimError, one line, for levels that are not there, and where nothing agrees.
    """
    if b is None and not (before or after):
        return list(_ends(a))
    left, right = _under(a, before or {}), _under(b or a, after or {})
    free = set(before or {}) | set(after or {})
    found = []
    for x in left:
        for y in right:
            if x is not y and _agree(x.conditioned.condition, y.conditioned.condition, free):
                found.append(_moved(a, b or a, x, y))
    if not found:
        raise AgentsimError(
            f"no conditions of {_called(a)} and {_called(b or a)} agree in all but what is compared; "
            "name levels on both sides"
        )
    return found


def _ends(x: Found) -> Iterator[Moved]:
    """Yield the first level of each factor against its last, all others held."""
    levels = {name: each for name, each in x.asked.conditions.items() if len(each) > 1}
    if not levels:
        raise AgentsimError(
            f"{_called(x)} has one condition; name a second game, or add levels to [conditions]"
        )
    for name, each in levels.items():
        yield from compare(x, None, {name: each[0]}, {name: each[-1]})


def _under(x: Found, wanted: Condition) -> list[Solved]:
    """Return the conditions with some levels."""
    for name, level in wanted.items():
        if name not in x.asked.conditions:
            raise unknown("condition", name, x.asked.conditions, "as the game's file names them")
        if level not in x.asked.conditions[name]:
            raise AgentsimError(
                f"{name} = {shown(level)} is no level of {_called(x)}; "
                f"it has {shown(x.asked.conditions[name])}"
            )
    return [
        each for each in x
        if all(each.conditioned.condition[name] == level for name, level in wanted.items())
    ]  # fmt: skip


def _agree(a: Condition, b: Condition, free: set[str]) -> bool:
    shared = (set(a) & set(b)) - free
    return all(a[name] == b[name] for name in shared)


def _moved(a: Found, b: Found, x: Solved, y: Solved) -> Moved:
    one = a is b
    alike = one or all(
        getattr(a.asked, name) == getattr(b.asked, name)
        for name in ("scenario", "entropy", "runs", "uncertainty", "averaged", "set")
    )
    lengths = {_runs(each) for each in (x, y)}
    same = alike and len(lengths) == 1 and a.played.lost == b.played.lost == 0
    paired = same or (one and len(lengths) == 1)
    names = tuple(
        each.words or "as in the file"
        if one
        else f"{_called(of)}{': ' * bool(each.words)}{each.words}"
        for of, each in ((a, x), (b, y))
    )
    return Moved(x, y, paired, (names[0], names[1]), _differs(a, b, x, y))


def _differs(a: Found, b: Found, x: Solved, y: Solved) -> str:
    """Return in words what differs: the game, or levels of a condition."""
    if a is not b:
        return f"From {_called(a)} to {_called(b)}"
    then, now = x.conditioned.condition, y.conditioned.condition
    told = [f"{n} from {then[n]} to {now[n]}" for n in then if n in now and then[n] != now[n]]
    return ", ".join(told)


def _runs(x: Solved) -> int:
    return 1 if x.game.runs is None else x.game.runs.shape[-1]


def _called(x: Found) -> str:
    return str(x.asked.name)


def _exact(value: float) -> Interval:
    """Return a difference of what one run each gave, which says nothing of luck."""
    return Interval(value, np.nan, np.nan, 1)


def _apart(value: float, x: Array, y: Array) -> Interval:
    """Return a difference of means of runs that met other luck, with Welch's interval.

    A side of one run counts as exact: it has no luck, or tells nothing of it.
    """
    s, t = (float(each.var(ddof=1)) / len(each) if len(each) > 1 else 0.0 for each in (x, y))
    if s + t == 0.0:
        return Interval(value, value, value, min(len(x), len(y)))
    freedom = (s + t) ** 2 / (s * s / max(len(x) - 1, 1) + t * t / max(len(y) - 1, 1))
    half = float(student(freedom + 1.0, 0.95)) * float(np.sqrt(s + t))
    return Interval(value, value - half, value + half, min(len(x), len(y)))


def range_of(changes: list[Change]) -> tuple[Interval, Interval]:
    """Return the smallest and the largest difference, with their intervals."""
    told = sorted(changes, key=lambda each: float(each.difference.value))
    return told[0].difference, told[-1].difference


def mean_of(x: Array) -> Interval:
    """Return a mean over runs with its interval; bare where there is one run."""
    return _exact(float(x[0])) if len(x) == 1 else mean_interval(x)
