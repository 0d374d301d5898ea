"""Measures: what equilibria are worth, and to whom, beside the best and the worst that could be played.

Nothing is said of "the" equilibrium: each has a row, and the worst and the best of them are named. With
W total surplus,

    price of anarchy    max over profiles of W / W in the worst equilibrium
    price of stability  max over profiles of W / W in the best equilibrium

where both are above zero; the differences say the same in money and always can be told. The best profile
is a pure one, as W in a mixture is a mean of W over pure profiles: so that price of anarchy >= price
of stability >= 1. Welfare may further be set against references, such as the competitive and the
cartel end.

Intervals are over runs, with what is played held fixed: the equilibria, and which of them and of the
profiles is best and worst, are those of the means. Of many profiles that hardly differ, the best one's mean
flatters it, the more the fewer runs there are.

Sources: Koutsoupias and Papadimitriou (1999), Worst-case equilibria, STACS; Anshelevich, Dasgupta, Kleinberg,
Tardos, Wexler and Roughgarden (2008), The price of stability for network design with fair cost allocation,
SIAM Journal on Computing; for dissipation Tullock (1980), Efficient rent seeking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.intervals import Interval
from agentsim.errors import AgentsimError, shown
from agentsim.games.equilibria import Equilibria, Equilibrium
from agentsim.games.worth import (
    CUSTOMERS,
    MONEY,
    SHARES,
    TOTAL,
    expected,
    mean,
    money,
    ratio,
    ratio_of_positive,
    shares,
    surplus,
)
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.games.game import Game

COMPETITIVE, CARTEL = "competitive", "cartel"


@dataclass(frozen=True, eq=False)
class Row:
    """A way of playing, or a reference, and what it is worth."""

    name: str
    what: str
    """The profile, or the mixture, in words."""
    weights: Array | None
    """How likely each profile is, `(profiles,)`; None of a reference given in numbers."""
    regret: float
    """NaN of a reference given in numbers."""
    worth: dict[str, Interval]
    """Money and ratios by name."""
    by_run: Array
    """Total surplus by run, `(runs,)`."""
    marks: tuple[str, ...] = field(default=())
    """Whether it is the best or the worst equilibrium; of equals the first."""


@dataclass(frozen=True, eq=False)
class Measures:
    """What equilibria are worth, beside the best and worst profile, uniform play and references."""

    game: Game
    equilibria: tuple[Row, ...]
    best: Row
    """The profile with most total surplus, whoever would play it."""
    worst: Row
    uniform: Row
    """All players draw a strategy, each as likely as any other."""
    references: tuple[Row, ...]
    complete: bool
    """Whether there are no other equilibria."""
    why: str
    """Why that may be said, or what may be missing."""

    def __repr__(self) -> str:
        """Return what is told, and the prices."""
        anarchy, stability = (
            float(self.price_of_anarchy.value),
            float(self.price_of_stability.value),
        )
        return (
            f"<Measures of {len(self.equilibria)} equilibria: price of anarchy {anarchy:.3g}, of stability "
            f"{stability:.3g}; .table() has all>"
        )

    @property
    def worst_equilibrium(self) -> Row | None:
        """The equilibrium with least total surplus; None where none was found."""
        return next((each for each in self.equilibria if "worst" in each.marks), None)

    @property
    def best_equilibrium(self) -> Row | None:
        """The equilibrium with most total surplus; None where none was found."""
        return next((each for each in self.equilibria if "best" in each.marks), None)

    @cached_property
    def price_of_anarchy(self) -> Interval:
        """Best profile over worst equilibrium; NaN unless both are above zero."""
        return self._price(self.worst_equilibrium)

    @cached_property
    def price_of_stability(self) -> Interval:
        """Best profile over best equilibrium; NaN unless both are above zero."""
        return self._price(self.best_equilibrium)

    @cached_property
    def lost_to_anarchy(self) -> Interval:
        """Best profile less worst equilibrium, in the unit of total surplus."""
        return self._lost(self.worst_equilibrium)

    @cached_property
    def lost_at_best(self) -> Interval:
        """Best profile less best equilibrium, in the unit of total surplus."""
        return self._lost(self.best_equilibrium)

    def against(self, row: Row, reference: str) -> Interval:
        """Return total surplus of a row less that of a reference, run by run where both have runs.

        Raises AgentsimError, one line, for a reference that was not given.
        """
        return mean(row.by_run - self._reference(reference).by_run, self._exact)

    def between(self, row: Row, low: str = CARTEL, high: str = COMPETITIVE) -> Interval:
        """Return where total surplus lies between two references: 0 at the first, 1 at the second."""
        a, b = self._reference(low).by_run, self._reference(high).by_run
        return ratio(row.by_run - a, b - a, self._exact)

    def prices(self) -> pd.DataFrame:
        """Return a row each for the prices of anarchy and of stability, and what is lost in money."""
        import pandas as pd

        found = {
            name: getattr(self, name)
            for name in (
                "price_of_anarchy", "price_of_stability", "lost_to_anarchy", "lost_at_best",
            )
        }  # fmt: skip
        return pd.DataFrame(
            [
                {"measure": n, "value": x.value, "low": x.low, "high": x.high}
                for n, x in found.items()
            ]
        )

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows: equilibria, the best and worst profile, uniform play, references."""
        return (*self.equilibria, self.best, self.worst, self.uniform, *self.references)

    def table(self) -> pd.DataFrame:
        """Return a row for each way of playing: what is told in money and ratios, with _low and _high.

        lost: total surplus of the best profile less that of the row; over_NAME: that of the row less
        that of a reference; between: where it lies from the cartel end, 0, to the competitive, 1.
        """
        import pandas as pd

        rows = []
        ends = {each.name for each in self.references} >= {CARTEL, COMPETITIVE}
        for each in self.rows:
            told = each.worth | {"lost": self._lost(each)}
            for reference in self.references:
                told[f"over_{reference.name}"] = self.against(each, reference.name)
            if ends:
                told["between"] = self.between(each)
            row: dict[str, Any] = {
                "name": each.name, "mark": " and ".join(each.marks), "what": each.what,
                "regret": each.regret,
            }  # fmt: skip
            for name, x in told.items():
                row |= {name: x.value, f"{name}_low": x.low, f"{name}_high": x.high}
            rows.append(row)
        return pd.DataFrame(rows)

    def _price(self, row: Row | None) -> Interval:
        if row is None:
            return Interval(np.nan, np.nan, np.nan, 0)
        return ratio_of_positive(self.best.by_run, row.by_run, self._exact)

    def _lost(self, row: Row | None) -> Interval:
        if row is None:
            return Interval(np.nan, np.nan, np.nan, 0)
        return mean(self.best.by_run - row.by_run, self._exact)

    def _reference(self, name: str) -> Row:
        for each in self.references:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in self.references) or "none"
        raise AgentsimError(f"reference {name!r} is not known; given: {known}")

    @property
    def _exact(self) -> bool:
        return self.game.runs is None


def measures(
    game: Game,
    equilibria: Equilibria | None = None,
    references: Mapping[str, Any] | None = None,
) -> Measures:
    """Return what equilibria are worth, and to whom.

    equilibria: `game.equilibria()` where it is not given.
    references: by name, a profile of the game as `Game.read` takes it; or a dict from outcome to a
        number or to numbers by run, `total_surplus` among them. Those called competitive and cartel are
        the ends that welfare is placed between.

    Raises AgentsimError, one line, for a reference that is neither.
    """
    found = game.equilibria() if equilibria is None else equilibria
    welfare = np.nanmean(surplus(game), axis=1)
    played = [_row(game, _name(at, found), each.words, each.weights, each.regret)
              for at, each in enumerate(found.found)]  # fmt: skip
    worth = [float(each.weights @ welfare) for each in found.found]
    marks = [
        tuple(w for w, end in (("best", max), ("worst", min)) if at == worth.index(end(worth)))
        for at in range(len(worth))
    ]
    rows = tuple(_marked(row, mark) for row, mark in zip(played, marks, strict=True))
    best, worst = (
        _profile(game, name, int(at))
        for name, at in (("best profile", welfare.argmax()), ("worst profile", welfare.argmin()))
    )
    even = np.concatenate([np.full(m, 1.0 / m) for m in game.layout.widths])
    uniform = _row(
        game, "uniform play", "all strategies alike", game.weights(even), game.regret(even)
    )
    ends = tuple(_reference(game, name, what) for name, what in (references or {}).items())
    return Measures(game, rows, best, worst, uniform, ends, found.complete, found.why)


def _name(at: int, found: Equilibria) -> str:
    return "equilibrium" if len(found.found) == 1 else f"equilibrium {at + 1}"


def _marked(row: Row, marks: tuple[str, ...]) -> Row:
    return Row(row.name, row.what, row.weights, row.regret, row.worth, row.by_run, marks)


def _profile(game: Game, name: str, at: int) -> Row:
    weights = np.zeros(game.layout.count)
    weights[at] = 1.0
    return _row(game, name, game.words(at), weights, float(game.pure_regrets[at]))


def _row(game: Game, name: str, what: str, weights: Array, regret: float) -> Row:
    """Return what a way of playing is worth."""
    exact = game.runs is None
    worth = {
        each: mean(expected(weights, x), exact) for each, x in money(game).items()
    }  # fmt: skip
    for each, (num, den) in shares(game).items():
        worth[each] = ratio(expected(weights, num), expected(weights, den), exact)
    return Row(name, what, weights, regret, worth, expected(weights, surplus(game)))


def _reference(game: Game, name: str, what: Any) -> Row:
    """Return a reference as a row: a profile of the game, or numbers."""
    known = {*MONEY, *SHARES, *game.others}
    if not (isinstance(what, Mapping) and any(each in known for each in what)):
        counts, mixture = game.read(what)
        each = Equilibrium(game, counts, mixture)
        return _row(game, name, each.words, each.weights, each.regret)
    if TOTAL not in what:
        raise AgentsimError(
            f"reference {name} = {shown(dict(what))} lacks {TOTAL}; give it, or a profile of the game"
        )
    worth, by_run = {}, {}
    runs = surplus(game).shape[1]
    for outcome, given in what.items():
        x = np.atleast_1d(np.asarray(given, dtype=np.float64))
        if x.shape not in ((1,), (runs,)):
            raise AgentsimError(
                f"{outcome} of reference {name} has shape {x.shape}; give a number, or one for each of "
                f"{runs} runs"
            )
        by_run[outcome] = x
        worth[str(outcome)] = mean(x, exact=len(x) == 1)
    if CUSTOMERS in by_run:
        told = by_run[CUSTOMERS], by_run[TOTAL]
        worth["customer_share"] = ratio(*told, exact=len(told[1]) == 1)
    return Row(name, "given", None, float("nan"), worth, by_run[TOTAL])
