"""Kinds of game: what a firm gains by spending more, whatever the others do.

Of two postures the milder stands for co-operation. The firm's payoff is R where all are mild, T
where it alone is fierce, S where it alone is mild, P where all are fierce. Three comparisons
decide the kind: is it tempting to be fierce among the mild (T > R), is it dangerous to be mild
among the fierce (P > S), and is all mild better than all fierce (R > P)?
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.batch.intervals import Interval, bootstrap_mean, paired_difference
from agentsim.laws.numerics import Array
from agentsim.report.axes import Level
from agentsim.report.measures import sign
from agentsim.report.study import Study

UNCLEAR = "unclear"

MEANING: dict[str, str] = {
    "prisoner's dilemma": "being fierce pays whatever the others do, and all are worse off for it",
    "chicken": "being fierce pays among the mild, being mild among the fierce",
    "stag hunt": "doing what the others do pays: all mild and all fierce are both equilibria",
    "harmony": "being mild pays whatever the others do, and all are better off for it",
    "deadlock": "being fierce pays whatever the others do, and all are better off for it",
    "reversed dilemma": "being mild pays whatever the others do, and all are worse off for it",
    UNCLEAR: "a comparison that decides the kind has an interval with zero in it",
}

SHORT: dict[str, str] = {
    "prisoner's dilemma": "PD",
    "chicken": "C",
    "stag hunt": "SH",
    "harmony": "H",
    "deadlock": "D",
    "reversed dilemma": "RD",
    UNCLEAR: "?",
}


def kind(tempting: int, dangerous: int, worthwhile: int) -> str:
    """Return the kind of game from the signs of T - R, P - S and R - P.

    Where neither posture dominates, R - P does not matter. A sign of 0 that matters is `unclear`.
    """
    if tempting == 0 or dangerous == 0:
        return UNCLEAR
    if tempting > 0 > dangerous:
        return "chicken"
    if tempting < 0 < dangerous:
        return "stag hunt"
    if worthwhile == 0:
        return UNCLEAR
    if tempting > 0:
        return "prisoner's dilemma" if worthwhile > 0 else "deadlock"
    return "harmony" if worthwhile > 0 else "reversed dilemma"


@dataclass(frozen=True)
class Game:
    """A firm's payoffs in a two by two game against the others, and what kind of game it is."""

    mild: Level
    fierce: Level
    payoffs: dict[str, Interval]
    """T, R, P and S, in $bn."""
    kind: str
    """By the means of the payoffs; `unclear` if an interval leaves it open."""
    shares: dict[str, float]
    """The share of draws in which the game is of each kind, largest first."""

    @property
    def there(self) -> bool:
        """Whether all four cells were run."""
        return all(np.isfinite(each.value) for each in self.payoffs.values())

    @property
    def share(self) -> float:
        """The share of draws that are of the kind; of the commonest kind if that is unclear."""
        if self.kind == UNCLEAR:
            return next(iter(self.shares.values()), float("nan"))
        return self.shares.get(self.kind, 0.0)


def game_of(mild: Level, fierce: Level, payoffs: dict[str, Array]) -> Game:
    """Return the game of payoffs T, R, P and S by run."""
    T, R, P, S = (payoffs[name] for name in "TRPS")
    found = kind(*(sign(paired_difference(a, b)) for a, b in ((T, R), (P, S), (R, P))))
    there = np.isfinite(T + R + P + S)
    signs = np.sign(np.stack([T - R, P - S, R - P]))[:, there].astype(int)
    each = [kind(*(int(one) for one in column)) for column in signs.T]
    shares = {name: each.count(name) / len(each) for name in dict.fromkeys(each)}
    return Game(
        mild,
        fierce,
        {name: bootstrap_mean(x) for name, x in payoffs.items()},
        found,
        dict(sorted(shares.items(), key=lambda item: -item[1])),
    )


def game(study: Study, firm: str, pair: tuple[Level, Level], shock: Level, demand: Level) -> Game:
    """Return the game that a firm plays against the others with a pair of postures."""
    if (found := study.games.get((firm, pair, shock, demand))) is not None:
        return found
    mild, fierce = pair

    def payoff(own: Level, others: Level) -> Array:
        return study.payoff(firm, own, others, shock, demand)

    payoffs = {
        "T": payoff(fierce, mild),
        "R": payoff(mild, mild),
        "P": payoff(fierce, fierce),
        "S": payoff(mild, fierce),
    }
    made = study.games[firm, pair, shock, demand] = game_of(mild, fierce, payoffs)
    return made


def pairs(study: Study, firm: str) -> list[tuple[Level, Level]]:
    """Return the pairs of postures that both the firm and the others may take, mild ones first."""
    own, others = study.deviators[firm]
    shared = [each for each in own if each in others]
    found = [(a, b) for i, a in enumerate(shared) for b in shared[i + 1 :]]
    # The widest pair is the one that the story is about.
    return sorted(found, key=lambda pair: -(shared.index(pair[1]) - shared.index(pair[0])))


def best_replies(
    study: Study, firm: str, others: Level, shock: Level, demand: Level
) -> list[Level]:
    """Return what pays a firm best against the others, the largest mean first.

    More than one where the paired interval of a difference from the best does not leave out zero;
    none where nothing was run.
    """
    own = study.deviators[firm][0]
    payoffs = {level: study.payoff(firm, level, others, shock, demand) for level in own}
    means = {level: bootstrap_mean(x).value for level, x in payoffs.items()}
    ran = sorted(
        (level for level in own if np.isfinite(means[level])), key=lambda level: -means[level]
    )
    return [
        level
        for place, level in enumerate(ran)
        if place == 0 or sign(paired_difference(payoffs[ran[0]], payoffs[level])) == 0
    ]
