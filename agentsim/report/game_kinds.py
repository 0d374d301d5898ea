"""What an answer says of the kind of game, of restraint, and of what players earn by either."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from agentsim.games.empirical.comparing import mean_of
from agentsim.games.kinds import MEANING, MIXED, UNCLEAR
from agentsim.games.repeated import rate_per_year
from agentsim.games.worth import earned, expected
from agentsim.report.game_words import (
    amount,
    between,
    condition_words,
    standing,
    who,
)
from agentsim.report.words import (
    listed,
    percent,
    plain,
)

if TYPE_CHECKING:
    from agentsim.games.empirical.found import Found, Solved

DILEMMA, ELASTICITY = "prisoner's dilemma", "demand_elasticity"


def kind(x: Found) -> str:
    """Say what kind of game it is between the mild and the fierce strategy, by role where they differ."""
    pair = x.conditions[0].kinds.only
    between_ = f"Between {plain(pair.mild)} and {plain(pair.fierce)}"
    if not any(each.kinds.kind == MIXED or each.kinds.only.of_means == MIXED for each in x):
        return f"{between_} it is {_counted(x, [each.kinds.kind for each in x])}."
    told: list[str] = []
    explained: set[str] = set()
    for name in pair.diagrams:
        kinds = [each.kinds.only.diagrams[name].kind.kind for each in x]
        told.append(f"for {who(x, name)} it is {_counted(x, kinds, explained)}")
    alone = max(x.conditions[0].game.layout.sizes) == 1
    others = (
        "all others being mild, or all fierce" if alone
        else f"what other roles do being held at {plain(pair.mild)}"
    )  # fmt: skip
    return f"{between_}, {others}: {listed(told)}."


def _counted(x: Found, kinds: list[str], explained: set[str] | None = None) -> str:
    """Return kinds of game with how many conditions are of each, and what they mean at the first time.

    explained: those that were, which is added to.
    """
    told, known = [], set() if explained is None else explained
    for name, times in Counter(kinds).most_common():
        where = f" under {times} of {len(x.conditions)} conditions" if len(x.conditions) > 1 else ""
        if times == len(x.conditions) > 1:
            where = " under all conditions"
        elif times == 1:
            where = f" under {condition_words(x.conditions[kinds.index(name)])}"
        means = "" if name in {*known, UNCLEAR} else f" ({MEANING[name]})"
        known.add(name)
        told.append(f"{_article(name)}{where}{means}")
    return listed(told)


def _article(kind: str) -> str:
    if kind == UNCLEAR:
        return "not clear what kind of game it is"
    return (
        kind
        if kind in ("harmony", "deadlock", "matching pennies", "winding", "mixed")
        else f"a {kind}"
    )


def ladder(x: Found) -> str:
    """Say what kind of game each step is, where the strategies are one dial with numbers."""
    strategies = x.conditions[0].game.roles[0].strategies
    roles = x.conditions[0].game.roles
    if len(strategies) < 3 or len(roles) > 1 or len({e.partition("(")[0] for e in strategies}) > 1:
        return ""
    steps, by_elasticity = [], {True: [0, 0], False: [0, 0]}
    for low, high in pairwise(strategies):
        kinds = [each.game.classify(low, high).kind for each in x]
        steps.append(f"from {_inside(low)} to {_inside(high)} {_counted(x, kinds, set(MEANING))}")
        for each, kind_ in zip(x, kinds, strict=True):
            tally = by_elasticity[float(each.conditioned.condition.get(ELASTICITY, np.inf)) <= 1.0]
            tally[0] += kind_ == DILEMMA
            tally[1] += 1
    told = [f"Step by step of {strategies[0].partition('(')[0]}: {'; '.join(steps)}."]
    if by_elasticity[True][1]:
        (forced, of), (free, others) = by_elasticity[True], by_elasticity[False]
        told.append(
            f"Up to a demand elasticity of one, where revenue does not rise with capacity and theory forces a "
            f"{DILEMMA}, {forced} of {of} steps are one; above it, where it does not, {free} of {others}."
        )
    last = [e for each in standing(x) for e in each.equilibria if e.shares[-1] > 0.0]
    if last:
        every = sum(len(each.equilibria) for each in standing(x))
        told.append(
            f"In {len(last)} of {every} equilibria {strategies[-1]} is played, the end of the dial: what lies beyond "
            "was not tried."
        )
    return " ".join(told)


def _inside(strategy: str) -> str:
    """Return the parameters of a strategy: `multiple=2` of `scaled(multiple=2)`."""
    return strategy.partition("(")[2].removesuffix(")") or strategy


def race(x: Found) -> str:
    """Say whether players would be better off if all were mild, than they are in equilibrium."""
    differences = []
    mild, there = [], []
    for each in standing(x):
        game = each.game
        runs = np.sum(list(earned(game).values()), axis=0)
        all_mild = runs[end(each, 0)]
        mild.append(float(all_mild.mean()))
        for one in each.equilibria:
            by_run = expected(one.weights, runs)
            there.append(float(by_run.mean()))
            differences.append(mean_of(all_mild - by_run))
    if not differences:
        return ""
    better = sum(float(d.value) > 0.0 for d in differences)
    sure = sum(float(d.low) > 0.0 for d in differences)
    worse = sum(float(d.high) < 0.0 for d in differences)
    game, pair = x.conditions[0].game, x.conditions[0].kinds.only

    def told(values: list[float]) -> str:
        return between(values, lambda v: amount(game, v))

    surely = f" (surely {sure}; surely worse {worse})" if game.runs is not None else ""
    return (
        f"Players together earn {told(there)} in equilibrium, and would earn {told(mild)} if all played "
        f"{plain(pair.mild)}: that would leave them better off than {better} of {len(differences)} equilibria"
        f"{surely}."
    )


def restraint(x: Found) -> str:
    """Say what discount factor would hold up restraint, where the game is played again and again."""
    found = [each.repeated.grim.value for each in x]
    told = [each for each in found if np.isfinite(each) and each > 0.0]
    free, never = sum(each == 0.0 for each in found), sum(not np.isfinite(each) for each in found)
    mild = plain(x.conditions[0].kinds.only.mild)
    parts = []
    if told:
        where = "" if len(told) == len(found) else f" under {len(told)} of {len(found)} conditions"
        years = x.asked.horizon / 4.0
        rates = [float(rate_per_year(each, years)) for each in told]
        parts.append(
            f"a discount factor of {between(told, lambda d: f'{d:.2f}')} over a period of {years:g} years (the "
            f"horizon), a rate of {between(rates, percent)} a year or less{where}"
        )
    if free:
        parts.append(
            f"no patience{'' if free == len(found) else f' under {free}'}, as it is an equilibrium anyway"
        )
    if never:
        parts.append(
            f"more patience than anybody has{'' if never == len(found) else f' under {never}'}"
        )
    empty = sum(not each.repeated.credible for each in x if each.repeated.grim.value > 0.0)
    ending = ""
    if empty:
        where = f" under {empty} of {len(x.conditions)} conditions" if len(x.conditions) > 1 else ""
        ending = f"; the threat of it{where} is no equilibrium of the stage game, and need not be believed"
    return f"Played again and again, {mild} by all would take {listed(parts)}{ending}."


def end(x: Solved, which: int) -> int:
    """Return the profile in which all are mild (0) or fierce (1)."""
    pair, game = x.kinds.only, x.game
    counts = np.zeros(game.layout.columns, np.int64)
    for at, role in enumerate(game.roles):
        each = pair.diagrams[role.name]
        strategy = each.mild if which == 0 else each.fierce
        counts[game.layout.starts[at] + role.strategies.index(strategy)] = len(role.players)
    return game.layout.place(counts)
