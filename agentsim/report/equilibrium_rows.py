"""Rows of the pictures of a game: which conditions and equilibria are shown, and what they are called.

Equilibria have the same number in every picture. What is left out is said in so many words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.games.equilibria import Equilibrium
from agentsim.report.words import level_words, plain

if TYPE_CHECKING:
    from agentsim.games.confirming import Confirmation
    from agentsim.games.empirical.found import Found, Solved
    from agentsim.games.empirical.sampling import Candidate
    from agentsim.games.measures import Row

MOST_EACH = 6
"""Equilibria of a condition that are shown."""
ONLY_PARAMETER = re.compile(r"\(\w+=([^,()]*)\)")
"""The parameter of a strategy that has one: its name need not be told."""
ALIKE = 0.02
"""Probability by which two mixtures may differ that count as one."""


@dataclass(frozen=True, eq=False)
class Shown:
    """An equilibrium in a picture."""

    number: int
    equilibrium: Equilibrium
    candidate: Candidate | None
    """With what fresh runs say of it."""
    worth: Row

    @property
    def name(self) -> str:
        """What it is called in every picture."""
        return f"E{self.number}"

    @property
    def held(self) -> Confirmation | None:
        """What fresh runs say of it; None where it was not held against any."""
        return self.candidate.confirmation if self.candidate is not None else None

    @property
    def verdict(self) -> str:
        """Confirmed, refuted, open, or not sampled."""
        return self.candidate.verdict if self.candidate is not None else "not sampled"


def every_one(x: Solved) -> list[Shown]:
    """Return the equilibria of a condition: those that stand."""
    candidates: list[Candidate | None] = list(x.standing)
    found = x.equilibria.found
    candidates += [None] * (len(found) - len(candidates))
    return [
        Shown(at + 1, each, candidate, row)
        for at, (each, candidate, row) in enumerate(
            zip(found, candidates, x.measures.equilibria, strict=True)
        )
    ]


def shown(x: Solved, most: int = MOST_EACH) -> list[Shown]:
    """Return at most so many of them: from the least of total surplus to the most, evenly."""
    found = every_one(x)
    if len(found) <= most:
        return found
    order = np.argsort([each.worth.worth["total_surplus"].value for each in found], kind="stable")
    kept = order[np.linspace(0, len(found) - 1, most).round().astype(int)]
    return [found[at] for at in sorted(kept.tolist())]


def chosen(x: Found, most: int) -> list[Solved]:
    """Return at most so many conditions: the first and the last level of factors, and some between."""
    levels: dict[str, list[Any]] = {}
    for each in x:
        for name, level in each.conditioned.condition.items():
            if level not in levels.setdefault(name, []):
                levels[name].append(level)
    kept = {name: len(each) for name, each in levels.items()}
    while kept and np.prod(list(kept.values())) > most:
        longest = max(kept, key=lambda name: kept[name])
        kept[longest] -= 1
    of = {
        name: [each[at] for at in _evenly(len(each), kept[name])] for name, each in levels.items()
    }
    return [
        each
        for each in x
        if all(level in of[name] for name, level in each.conditioned.condition.items())
    ]


def _evenly(count: int, kept: int) -> list[int]:
    return sorted(set(np.linspace(0, count - 1, kept).round().astype(int).tolist()))


def left_out(
    x: Found,
    conditions: Sequence[Solved],
    where: str = "game/equilibria.csv",
    most: int | None = MOST_EACH,
) -> str:
    """Say what a picture leaves out; "" where it shows all that stands.

    most: equilibria of a condition that it shows; None where it shows none one by one.
    """
    parts = []
    if len(conditions) < len(x.conditions):
        parts.append(f"{len(conditions)} of {len(x.conditions)} conditions")
    crowded = sum(max(len(each.equilibria.found) - (most or 0), 0) for each in conditions)
    if most is not None and crowded:
        parts.append(
            f"{most} equilibria of a condition at most, {counted(crowded, 'other')} left out"
        )
    if not parts:
        return ""
    return f"shown: {'; '.join(parts)}; all of them are in {where}"


def counted(count: int, what: str) -> str:
    """Return a number of things: `1 other`, `3 others`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def condition_words(x: Solved) -> str:
    """Return a condition in words: `no shock, demand elasticity 0.8`."""
    return ", ".join(level_words(name, level) for name, level in x.conditioned.condition.items())


def strategy_words(strategy: str) -> str:
    """Return what a strategy is called: `best response`, `scaled(0.5)`."""
    return plain(re.sub(ONLY_PARAMETER, r"(\1)", strategy))


def profile_words(given: Equilibrium) -> str:
    """Return who does what, as strategies are called here."""
    return strategy_words(given.words.replace(" and ", ", "))


def same(a: Equilibrium, b: Equilibrium) -> bool:
    """Say whether two are one."""
    if a.counts is not None and b.counts is not None:
        return bool((a.counts == b.counts).all())
    if a.mixture is None or b.mixture is None:
        return False
    return bool(np.abs(a.mixture - b.mixture).max() < ALIKE)


def title_of(x: Found) -> str:
    """Return what the game is called."""
    return str(x.asked.name)
