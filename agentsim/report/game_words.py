"""Words of games: what conditions, equilibria and payoffs are called where people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agentsim.report.words import firm_words, level_words, money, number, plain

if TYPE_CHECKING:
    from agentsim.games.empirical.found import Found, Solved
    from agentsim.games.equilibria import Equilibrium
    from agentsim.games.game import Game

BN = "$bn"


def condition_words(x: Solved) -> str:
    """Return a condition as a reader would say it: `no shock, demand elasticity 1.1`."""
    told = [level_words(name, level) for name, level in x.conditioned.condition.items()]
    return ", ".join(told) or "as in the file"


def count(how_many: int, thing: str, things: str = "") -> str:
    """Return how many there are of a thing, in the plural but of one."""
    return f"{how_many:,} {thing if how_many == 1 else things or thing + 's'}"


def who(x: Found, name: str) -> str:
    """Return what a role is called: a firm as it writes itself, any other in plain words."""
    firms = {firm for each in x.asked.seats.values() for firm in each}
    return firm_words(name) if name in firms else plain(name)


def played(each: Equilibrium) -> str:
    """Return who does what in an equilibrium, in words."""
    return plain(each.words)


def amount(game: Game, value: float, plus: bool = False) -> str:
    """Return an amount of the payoff, with its unit."""
    if game.unit == BN:
        return money(value, plus)
    return f"{number(value, 3, plus)} {game.unit}".rstrip()


def between(values: Sequence[float], told: Any) -> str:
    """Return the range of some values: `88.6% to 97.6%`; one value where they are told alike."""
    low, high = told(min(values)), told(max(values))
    return str(low) if low == high else f"{low} to {high}"


def under(x: Found, holds: Sequence[Solved]) -> str:
    """Return under which conditions something holds: `under all 12 conditions`, `under no shock`."""
    if len(x.conditions) == 1:
        return ""
    if len(holds) == len(x.conditions):
        return f"under all {len(holds)} conditions"
    if len(holds) == 1:
        return f"under {condition_words(holds[0])}"
    return f"under {len(holds)} of {len(x.conditions)} conditions"


def standing(x: Found) -> list[Solved]:
    """Return the conditions that have equilibria."""
    return [each for each in x if len(each.equilibria)]
