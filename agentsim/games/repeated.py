"""The repeated game: how patient players must be for the threat of what follows to hold up restraint.

The game is played again and again, and what is earned in the next period counts delta of what is earned
now. Players are mild as long as nobody was fierce. Write, for a player of some role,

    R   what it earns where all are mild
    T   the most that it earns by another strategy while all others are mild
    P   the most that it earns by another strategy than the mild one while all others are fierce
    S   what it earns by being mild while all others are fierce

If T <= R, restraint is an equilibrium as it is, and needs no patience: the threshold is 0. Otherwise

grim        all others are fierce for ever after anybody was. The player then earns V = max(P, S) for
            ever, and T is not worth it if R >= (1 - delta) T + delta V:

                delta >= (T - R) / (T - V)

            Where all fierce is an equilibrium of the stage game the threat is credible: the repeated
            game has a subgame-perfect equilibrium. Where it is not, those who punish would rather
            not, and what is told is a Nash equilibrium only, which stands on a threat that nobody would
            carry out.

matching    a player is fierce if any other was fierce in the last period, mild otherwise: with two
            players tit for tat. Against one who matches it is best to be mild throughout unless it
            pays to be fierce throughout or every other time, so that matching is an answer to itself if

                delta >= max((T - R) / (T - P), (T - R) / (R - S))

            With three or more, two who were fierce go on because of each other: nobody is ever forgiven,
            and the threshold is that of grim play. What is told is a Nash equilibrium, in which no other
            plan of a single player pays, however often it deviates. It is not subgame perfect: after a
            deviation two players who match would take turns.

Where the fraction reaches 1, nothing holds restraint up: the threshold is infinite.

A period is the whole horizon of the stage game: what is discounted is one race against the next, and
not a year against the next. `rate_per_year` turns a threshold into the rate at which one would discount.

Sources: Friedman (1971), A non-cooperative equilibrium for supergames, Review of Economic Studies;
Axelrod (1981), The emergence of cooperation among egoists, American Political Science Review, and The
Evolution of Cooperation (1984); for many players Taylor (1976), Anarchy and Cooperation, and Boyd and Richerson (1988), The evolution of reciprocity in sizable groups, Journal of
Theoretical Biology.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.intervals import Interval, ordered_bounds, resampled_means
from agentsim.errors import AgentsimError
from agentsim.games.classifying import Pairs, pairs_of
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.games.game import Game
    from agentsim.games.profiles import Counts


def grim(T: Any, R: Any, P: Any, S: Any) -> Array:
    """Return the discount factor from which grim play holds restraint up; 0 if none is needed.

    Infinite where no discount factor below 1 does. Numbers, or arrays of one shape.
    """
    T, R, P, S = (np.asarray(each, dtype=np.float64) for each in (T, R, P, S))
    return _needed(T - R, T - np.maximum(P, S))


def matching(T: Any, R: Any, P: Any, S: Any, players: int = 2) -> Array:
    """Return the discount factor from which matching play is an answer to itself, as `grim` does."""
    if players > 2:
        return grim(T, R, P, S)
    T, R, P, S = (np.asarray(each, dtype=np.float64) for each in (T, R, P, S))
    found: Array = np.maximum(_needed(T - R, T - P), _needed(T - R, R - S))
    return found


def _needed(tempting: Array, lost: Array) -> Array:
    """Return tempting / lost; 0 where nothing tempts, infinite where that is 1 or more."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = np.where(
            tempting <= 0.0, 0.0, np.where(lost > tempting, tempting / lost, np.inf)
        )
    return found


def rate_per_year(discount_factor: Any, years: float) -> Any:
    """Return the rate a year below which players are that patient, for periods of so many years.

        (1 + rate)^-years = discount factor

    Infinite for a factor of 0: restraint needs no patience; 0 for one that is infinite: no rate will do.
    Raises AgentsimError, one line, for periods that are not longer than nothing.
    """
    if not 0.0 < years < np.inf:
        raise AgentsimError(f"years = {years:g}; give the length of a period in years, above 0")
    with np.errstate(divide="ignore"):
        found = np.asarray(discount_factor, dtype=np.float64) ** (-1.0 / years) - 1.0
    return np.maximum(found, 0.0)[()]


@dataclass(frozen=True, eq=False)
class Threshold:
    """The discount factor per period from which a kind of play holds restraint up."""

    value: float
    """Of the means: 0 where nothing is needed, infinite where nothing helps."""
    low: float
    high: float
    """The middle 95% of resamples of runs; either may be infinite."""
    needless: float
    """The share of resamples in which restraint needs no threat."""
    never: float
    """The share of resamples in which no threat of this kind holds it up."""

    def rate_per_year(self, years: float) -> Interval:
        """Return the rate a year below which restraint is held up; see `rate_per_year`."""
        value, high, low = (
            float(rate_per_year(each, years)) for each in (self.value, self.low, self.high)
        )
        return Interval(value, low, high, np.nan)


@dataclass(frozen=True, eq=False)
class Restraint:
    """What restraint takes from the players of one role."""

    name: str
    earned: Array
    """T, R, P and S over all runs in row 0, then in each resample, `(rows, 4)`."""
    punishing: Array
    """The most that one of the fierce would gain by another strategy where all are, `(rows,)`."""
    players: int
    """All players of the game."""
    exact: bool
    """Whether payoffs are numbers, and no means over runs."""

    @property
    def ends(self) -> tuple[Array, Array, Array, Array]:
        """T, R, P and S, `(rows,)` each."""
        T, R, P, S = self.earned.T
        return T, R, P, S

    @cached_property
    def grim(self) -> Threshold:
        """The threshold of grim play."""
        return self._threshold(grim(*self.ends))

    @cached_property
    def matching(self) -> Threshold:
        """The threshold of matching play."""
        return self._threshold(matching(*self.ends, self.players))

    def _threshold(self, rows: Array) -> Threshold:
        return threshold(rows, self.exact)


@dataclass(frozen=True, eq=False)
class Repeated:
    """How patient players must be to hold up that all are mild: the least patient role decides."""

    mild: str
    fierce: str
    roles: tuple[Restraint, ...]

    def __repr__(self) -> str:
        """Return it in words."""
        return f"<Repeated: {self.words()}>"

    @cached_property
    def grim(self) -> Threshold:
        """The threshold of grim play: the largest of any role."""
        each = np.stack([grim(*role.ends) for role in self.roles])
        return threshold(each.max(axis=0), self._exact)

    @cached_property
    def matching(self) -> Threshold:
        """The threshold of matching play: the largest of any role."""
        each = np.stack([matching(*role.ends, role.players) for role in self.roles])
        return threshold(each.max(axis=0), self._exact)

    @property
    def credible(self) -> bool:
        """Whether all fierce is an equilibrium of the stage game, by the means: then grim play is no
        empty threat."""
        return max(float(each.punishing[0]) for each in self.roles) <= 0.0

    @cached_property
    def credible_share(self) -> float:
        """The share of resamples in which it is; NaN of a single run."""
        gains = np.max([each.punishing for each in self.roles], axis=0)
        return _share(gains <= 0.0, self._exact)

    @property
    def _exact(self) -> bool:
        return self.roles[0].exact

    def words(self) -> str:
        """Return in a sentence or two what holds up restraint."""
        if self.grim.value == 0.0:
            return (
                f"{self.mild} by all is an equilibrium of the stage game: nothing need hold it up"
            )
        if not np.isfinite(self.grim.value):
            return f"no patience makes the threat of {self.fierce} for ever hold up {self.mild}"
        told = f"{self.fierce} for ever holds up {self.mild} from a discount factor of "
        told += f"{self.grim.value:.3g} a period; matching play "
        told += (
            f"from {self.matching.value:.3g}" if np.isfinite(self.matching.value) else "never does"
        )
        if not self.credible:
            told += f". {self.fierce} by all is no equilibrium of the stage game: the threat is not credible"
        return told

    def table(self) -> pd.DataFrame:
        """Return a row for each role, and one for all: thresholds of grim and matching play."""
        import pandas as pd

        rows = []
        told = [(each.name, each.grim, each.matching) for each in self.roles]
        for name, *thresholds in [*told, ("all", self.grim, self.matching)]:
            row: dict[str, Any] = {"role": name, "mild": self.mild, "fierce": self.fierce}
            for kind, each in zip(("grim", "matching"), thresholds, strict=True):
                row |= {
                    kind: each.value, f"{kind}_low": each.low, f"{kind}_high": each.high,
                    f"{kind}_needless": each.needless, f"{kind}_never": each.never,
                }  # fmt: skip
            rows.append(row | {"credible": self.credible, "credible_share": self.credible_share})
        return pd.DataFrame(rows)


def threshold(rows: Array, exact: bool) -> Threshold:
    """Return the threshold in row 0, with its interval from the rows of resamples below it."""
    value = float(rows[0])
    low = high = value
    if not exact:
        low, high = ordered_bounds(rows[1:]) if len(rows) > 1 else (np.nan, np.nan)
    return Threshold(value, low, high, _share(rows == 0.0, exact), _share(np.isinf(rows), exact))


def _share(holds: Any, exact: bool) -> float:
    """Return in which share of resamples something holds, of `(rows,)`; NaN of a single run."""
    told = holds if exact else holds[1:]
    return float(told.mean()) if len(told) else float("nan")


def repeated(game: Game, mild: Any = None, fierce: Any = None) -> Repeated:
    """Return how patient players must be for threats to hold up that all are mild.

    mild, fierce: as in `agentsim.games.classifying.classify`; of a game with more than two strategies
        a pair must be named. A player who deviates may take up any strategy of its role, not just the
        fierce one.

    Raises AgentsimError, one line, for strategies that are not known, or not named among several.
    """
    pairs = pairs_of(game, mild, fierce)
    if len(pairs) > 1:
        raise AgentsimError(
            f"there are {len(pairs)} pairs of strategies; name the mild and the fierce one"
        )
    chosen = pairs[0]
    all_mild, all_fierce = np.zeros((2, game.layout.columns), np.int64)
    all_mild[[a for a, _ in chosen]] = game.layout.sizes
    all_fierce[[b for _, b in chosen]] = game.layout.sizes
    roles = tuple(_role(game, at, chosen, all_mild, all_fierce) for at in range(len(game.roles)))
    mild_words, fierce_words = (
        " / ".join(dict.fromkeys(game.strategies[each[which]] for each in chosen))
        for which in (0, 1)
    )
    return Repeated(mild_words, fierce_words, roles)


def _role(game: Game, at: int, pairs: Pairs, all_mild: Counts, all_fierce: Counts) -> Restraint:
    """Return what a player of a role earns by each of its strategies against the mild and the fierce."""
    layout, (mild, fierce) = game.layout, pairs[at]
    part = layout.slice(at)
    own = list(range(part.start, part.stop))

    def places(counts: Counts, column: int) -> list[int]:
        found = []
        for other in own:
            after = counts.copy()
            after[column] -= 1
            after[other] += 1
            found.append(layout.place(after))
        return found

    exact = game.runs is None
    runs = game.payoffs[:, :, None] if game.runs is None else game.runs
    x = np.vstack([runs[places(all_mild, mild), own], runs[places(all_fierce, fierce), own]])
    alone = exact or x.shape[1] < 2
    rows = (x.T if alone else resampled_means(x.T)).reshape(-1, 2, len(own))
    m = mild - part.start
    rest = [k for k in range(len(own)) if k != m]
    among_mild, among_fierce = rows[:, 0], rows[:, 1]
    T, P = among_mild[:, rest].max(axis=1), among_fierce[:, rest].max(axis=1)
    earned = np.stack([T, among_mild[:, m], P, among_fierce[:, m]], axis=1)
    punishing = among_fierce.max(axis=1) - among_fierce[:, fierce - part.start]
    return Restraint(game.roles[at].name, earned, punishing, len(game.players), exact)
