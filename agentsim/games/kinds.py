"""Kinds of game: what a player gains by being fierce, whatever the others do.

Of two strategies the mild one stands for restraint. A player earns M(k) by being mild, F(k) by being
fierce, where k of the n - 1 others are fierce: with two players F(0), M(0), F(1), M(1) are the
temptation T, the reward R, the punishment P and the sucker's payoff S. What decides the kind:

    greed  T - R = F(0) - M(0)            is it tempting to be fierce among the mild?
    fear   P - S = F(n - 1) - M(n - 1)    is it dangerous to be mild among the fierce?
    gain   R - P = M(0) - F(n - 1)        is all mild better than all fierce?

and with more than two players the advantage of the fierce, F(k) - M(k), in between.

Sources: Rapoport and Guyer (1966), A taxonomy of 2 x 2 games, General Systems; Coombs (1973), A
reparameterization of the prisoner's dilemma game, Behavioral Science (fear and greed); Schelling
(1973), Hockey helmets, concealed weapons, and daylight saving, Journal of Conflict Resolution.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentsim.batch.intervals import Interval, bootstrap_mean, resampled_means
from agentsim.laws.numerics import Array

UNCLEAR = "unclear"
MIXED = "mixed"

MEANING: dict[str, str] = {
    "prisoner's dilemma": "being fierce pays whatever the others do, and all are worse off for it",
    "chicken": "being fierce pays among the mild, being mild among the fierce",
    "stag hunt": "doing what the others do pays: all mild and all fierce are both equilibria",
    "harmony": "being mild pays whatever the others do, and all are better off for it",
    "deadlock": "being fierce pays whatever the others do, and all are better off for it",
    "reversed dilemma": "being mild pays whatever the others do, and all are worse off for it",
    "battle of the sexes": "doing what the other does pays, and players differ on which is better",
    "matching pennies": "one gains by doing what the other does, who gains by doing otherwise",
    "winding": "whether being fierce pays turns more than once as more of the others are fierce",
    MIXED: "the kind is another for each player",
    UNCLEAR: "a comparison that decides the kind has an interval with zero in it",
}

SHORT: dict[str, str] = {
    "prisoner's dilemma": "PD",
    "chicken": "C",
    "stag hunt": "SH",
    "harmony": "H",
    "deadlock": "D",
    "reversed dilemma": "RD",
    "battle of the sexes": "BS",
    "matching pennies": "MP",
    "winding": "W",
    MIXED: "M",
    UNCLEAR: "?",
}

ROUNDING = 1e-9
"""What rounding leaves of a difference that is none, as a part of how large payoffs are."""

Signs = NDArray[np.int8]


# Signs and what they mean


def kind(tempting: int, dangerous: int, worthwhile: int) -> str:
    """Return the kind of a two-player game from the signs of T - R, P - S and R - P.

    Where neither strategy dominates, R - P does not matter. A sign of 0 that matters is `unclear`.
    """
    return kind_of_many((tempting, dangerous), worthwhile)


def kind_of_many(advantage: Sequence[int], worthwhile: int) -> str:
    """Return the kind from the signs of F(k) - M(k), k = 0 to n - 1, and of R - P.

    An advantage that is not told from nothing is no matter where it turns, between those that are
    above zero and those that are below.
    """
    told = [each for each in advantage if each]
    turns = sum(a != b for a, b in pairwise(told))
    if turns > 1:
        return "winding"
    if 0 in (advantage[0], advantage[-1]):
        return UNCLEAR
    if turns == 1:
        last = max(at for at, each in enumerate(advantage) if each == advantage[0])
        first = min(at for at, each in enumerate(advantage) if each == -advantage[0])
        if 0 in (*advantage[:last], *advantage[first:]):
            return UNCLEAR
        return "chicken" if advantage[0] > 0 else "stag hunt"
    if len(told) < len(advantage) or worthwhile == 0:
        return UNCLEAR
    if advantage[0] > 0:
        return "prisoner's dilemma" if worthwhile > 0 else "deadlock"
    return "harmony" if worthwhile > 0 else "reversed dilemma"


def kind_of_all(each: Sequence[Sequence[int]], two: bool) -> str:
    """Return the kind of a game of several roles, each with its signs: advantage, then R - P.

    It is the kind that all agree on, or `mixed`. Two players, one a role, who hunt the stag may want
    different equilibria, which makes a battle of the sexes; if just one of them gains by doing as the
    other does, best replies go round as in matching pennies.
    """
    own = [kind_of_many(signs[:-1], signs[-1]) for signs in each]
    if UNCLEAR in own:
        return UNCLEAR
    if two and set(own) == {"chicken", "stag hunt"}:
        return "matching pennies"
    if two and set(own) == {"stag hunt"}:
        agree = each[0][-1] * each[1][-1]
        return "stag hunt" if agree > 0 else "battle of the sexes" if agree < 0 else UNCLEAR
    return own[0] if len(set(own)) == 1 else MIXED


# Kinds with their intervals


@dataclass(frozen=True, eq=False)
class Compared:
    """The comparisons that decide a kind: F(k) - M(k) for k = 0 to n - 1, and then R - P."""

    differences: tuple[Interval, ...]
    told: Signs
    """Signs where the interval leaves zero out, `(n + 1,)`."""
    means: Signs
    """Signs of the means alone, `(n + 1,)`."""
    resampled: Signs
    """Signs in each resample of runs, `(resamples, n + 1)`: one where payoffs are numbers, none of one
    run."""
    by_run: Signs
    """Signs in each run that has all payoffs, `(runs, n + 1)`."""


def compared(
    mild: Array, fierce: Array, exact: bool = False, slack: float | None = None
) -> Compared:
    """Return the comparisons of payoffs M(k) and F(k), `(n, runs)` each.

    exact: payoffs are numbers, and no sample of anything; there is one run then.
    slack: differences up to which means are equal; by default what rounding may leave.
    """
    x = np.vstack([fierce - mild, mild[:1] - fierce[-1:]])
    # Run by run nothing was added up: there is no rounding to allow for.
    by_run = x[:, np.isfinite(x).all(axis=0)].T
    differences = tuple(interval(row, exact) for row in x)
    value, low, high = (
        np.array([getattr(each, end) for each in differences]) for end in ("value", "low", "high")
    )
    if slack is None:
        sizes = np.abs(np.vstack([mild, fierce]))
        slack = ROUNDING * float(sizes.max(initial=0.0, where=np.isfinite(sizes)))
    above = [(value > slack, value < -slack), (low > slack, high < -slack)]
    means, told = (up.astype(np.int8) - down.astype(np.int8) for up, down in above)
    if exact:
        resampled = means[None]
    elif len(by_run) < 2:  # a single run tells nothing of the spread
        resampled = means[None][:0]
    else:
        rows = resampled_means(x.T)[1:]
        resampled = (rows > slack).astype(np.int8) - (rows < -slack).astype(np.int8)
    return Compared(differences, told, means, resampled, np.sign(by_run).astype(np.int8))


def interval(x: Array, exact: bool = False) -> Interval:
    """Return the mean of x `(runs,)` with its interval: the number itself where it is exact."""
    if exact:
        return Interval(float(x[0]), float(x[0]), float(x[0]), 1)
    return bootstrap_mean(x)


@dataclass(frozen=True, eq=False)
class Kind:
    """A player's payoffs by what it and the others do, and what kind of game that is."""

    mild: Any
    fierce: Any
    payoffs: dict[str, Interval]
    """T, R, P and S, in the unit of the payoffs."""
    compared: Compared
    kind: str
    """By the means of the payoffs; `unclear` if an interval leaves it open."""
    shares: dict[str, float]
    """The share of runs in which the game is of each kind, largest first."""

    @property
    def greed(self) -> Interval:
        """T - R."""
        return self.compared.differences[0]

    @property
    def fear(self) -> Interval:
        """P - S."""
        return self.compared.differences[-2]

    @property
    def gain(self) -> Interval:
        """R - P: what all gain by restraint of all."""
        return self.compared.differences[-1]

    @property
    def of_means(self) -> str:
        """The kind by the means alone, whatever their intervals."""
        return one_kind(self.compared.means)

    @property
    def resampled(self) -> dict[str, float]:
        """The share of resamples of runs that are of each kind: how sure that of the means is."""
        return shares_of(self.compared.resampled, one_kind)

    @property
    def there(self) -> bool:
        """Whether all four payoffs are known."""
        return all(np.isfinite(each.value) for each in self.payoffs.values())

    @property
    def share(self) -> float:
        """The share of runs that are of the kind; of the commonest kind if that is unclear."""
        if self.kind == UNCLEAR:
            return next(iter(self.shares.values()), float("nan"))
        return self.shares.get(self.kind, 0.0)


def kind_of_payoffs(
    mild: Any,
    fierce: Any,
    earned: tuple[Array, Array],
    exact: bool = False,
    slack: float | None = None,
) -> Kind:
    """Return the kind of game of payoffs M(k) and F(k), `(n, runs)` each, k of the others fierce.

    mild and fierce say what the strategies are called; exact and slack as in `compared`.
    """
    M, F = earned
    found = compared(M, F, exact, slack)
    payoffs = {
        name: interval(row, exact)
        for name, row in (("T", F[0]), ("R", M[0]), ("P", F[-1]), ("S", M[-1]))
    }
    shares = shares_of(found.by_run, one_kind)
    return Kind(mild, fierce, payoffs, found, one_kind(found.told), shares)


def one_kind(signs: Signs) -> str:
    """Return the kind of signs `(n + 1,)`: advantage, then R - P."""
    *advantage, worthwhile = signs.tolist()
    return kind_of_many(advantage, worthwhile)


def shares_of(rows: Signs, kind_of: Callable[[Signs], str]) -> dict[str, float]:
    """Return the share of rows that are of each kind, largest first; of as many, the first found."""
    unlike, first, count = np.unique(rows, axis=0, return_index=True, return_counts=True)
    counts: Counter[str] = Counter()
    for at in np.argsort(first):
        counts[kind_of(unlike[at])] += int(count[at])
    return {name: n / len(rows) for name, n in counts.most_common()}
