"""The Schelling diagram: what the mild and the fierce earn, by how many of the others are fierce.

Each of n interchangeable players is mild or fierce. Where k of the n - 1 others are fierce, a mild
player earns M(k) and a fierce one F(k). All that matters to a game of two strategies can be read off
these two curves: who gains by changing, where they cross, and what all earn together.

With j fierce players nobody gains by changing if

    j = 0 or F(j - 1) >= M(j - 1)    none of the fierce would rather be mild
    j = n or M(j) >= F(j)            none of the mild would rather be fierce

and a player earns (j F(j - 1) + (n - j) M(j)) / n in the mean.

Source: Schelling (1973), Hockey helmets, concealed weapons, and daylight saving: a study of binary
choices with externalities, Journal of Conflict Resolution; and his Micromotives and Macrobehavior
(1978), chapter 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch.intervals import Interval, ordered_bounds, resampled_means
from agentsim.games.kinds import Kind, interval, kind_of_payoffs
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.games.game import Game
    from agentsim.games.profiles import Counts


@dataclass(frozen=True)
class Crossing:
    """Where the curves cross: between two whole numbers of fierce others, straight in between."""

    at: Interval
    """How many of the others are fierce there; the interval is over the resamples with as many
    crossings, in the same directions."""
    stable: bool
    """Whether more of the fierce make being fierce pay less: numbers come back here, and leave otherwise."""
    share: float
    """The share of resamples with as many crossings, in the same directions."""


@dataclass(frozen=True, eq=False)
class Diagram:
    """What the mild and the fierce of a role earn, by how many of the others are fierce."""

    role: str
    mild: str
    fierce: str
    earned: tuple[Array, Array]
    """M(k) and F(k) by run, `(n, runs)` each; one run where payoffs are numbers."""
    exact: bool
    """Whether payoffs are numbers, and no means over runs."""
    held: str = ""
    """What other roles do throughout, in words; empty where there are none, or the other is the axis."""

    @property
    def players(self) -> int:
        """How many are mild or fierce: n."""
        return len(self.earned[0])

    @cached_property
    def kind(self) -> Kind:
        """The kind of game, with greed F(0) - M(0) and fear F(n - 1) - M(n - 1) at the ends."""
        return kind_of_payoffs(self.mild, self.fierce, self.earned, self.exact)

    @cached_property
    def curves(self) -> tuple[tuple[Interval, ...], tuple[Interval, ...]]:
        """M(k) and F(k) with their intervals, n each."""
        M, F = (tuple(interval(row, self.exact) for row in each) for each in self.earned)
        return M, F

    @cached_property
    def means(self) -> Array:
        """Payoffs over all runs in row 0, then in each resample, `(rows, 2, n)`: M, then F."""
        x = np.vstack(self.earned)
        alone = self.exact or x.shape[1] < 2  # a single run tells nothing of the spread
        rows = x.T if alone else resampled_means(x.T)
        return rows.reshape(len(rows), 2, self.players)

    @cached_property
    def totals(self) -> Array:
        """What players earn in the mean with j of them fierce, j = 0 to n, `(rows, n + 1)`."""
        n, (M, F) = self.players, self.means.swapaxes(0, 1)
        found = np.zeros((len(M), n + 1))
        found[:, :n] += (n - np.arange(n)) * M / n
        found[:, 1:] += np.arange(1, n + 1) * F / n
        return found

    @cached_property
    def optimum(self) -> int:
        """How many are fierce where the players together earn most; fewest where that is a tie."""
        return int(self.totals[0].argmax())

    @cached_property
    def optimal(self) -> Array:
        """The share of resamples in which j fierce players earn most, j = 0 to n."""
        best = self._resampled(self.totals).argmax(axis=1)
        share: Array = np.bincount(best, minlength=self.players + 1) / len(best)
        return share

    @cached_property
    def equilibria(self) -> tuple[int, ...]:
        """With how many fierce nobody gains by changing between the two, alone."""
        return tuple(np.flatnonzero(self._stays(self.means[:1])[0]).tolist())

    @cached_property
    def resting(self) -> Array:
        """The share of resamples in which nobody gains by changing with j fierce, j = 0 to n."""
        return self._stays(self._resampled(self.means)).mean(axis=0)

    @cached_property
    def crossings(self) -> tuple[Crossing, ...]:
        """Where the curves cross, from few fierce to many."""
        advantage = self.means[:, 1] - self.means[:, 0]
        found = [_crossings(row) for row in advantage]
        first, rest = found[0], found[1:] or found
        alike = [each for each in rest if [s for _, s in each] == [s for _, s in first]]
        crossings = []
        for place, (at, stable) in enumerate(first):
            low = high = np.nan
            if self.exact:
                low = high = at
            elif len(alike) > 1 and self.earned[0].shape[1] > 1:
                low, high = ordered_bounds(np.array([each[place][0] for each in alike]))
            within = Interval(at, low, high, self.earned[0].shape[1])
            crossings.append(Crossing(within, stable, len(alike) / len(rest)))
        return tuple(crossings)

    def table(self) -> pd.DataFrame:
        """Return a row for each number of fierce others, k = 0 to n - 1: the curves with intervals."""
        import pandas as pd

        rows = []
        differences = self.kind.compared.differences
        for k, (m, f) in enumerate(zip(*self.curves, strict=True)):
            row: dict[str, object] = {"role": self.role, "fierce_others": k}
            for name, each in (("mild", m), ("fierce", f), ("advantage", differences[k])):
                row |= {name: each.value, f"{name}_low": each.low, f"{name}_high": each.high}
            rows.append(row)
        return pd.DataFrame(rows)

    def _stays(self, means: Array) -> Array:
        """Return 1 where nobody gains by changing with so many fierce, or else 0, `(rows, n + 1)`."""
        advantage = means[:, 1] - means[:, 0]
        everybody = np.ones((len(means), 1), dtype=bool)
        fierce = np.hstack([everybody, advantage >= 0.0])
        mild = np.hstack([advantage <= 0.0, everybody])
        rests: Array = (fierce & mild).astype(np.float64)
        return rests

    def _resampled(self, rows: Array) -> Array:
        """Return the rows of the resamples; the numbers themselves where these are all."""
        return rows[1:] if len(rows) > 1 else rows


def diagram(
    game: Game, role: int, pair: tuple[int, int], others: Counts, held: str = ""
) -> Diagram:
    """Return the diagram of a role.

    pair: the columns of the mild and of the fierce strategy.
    others: how many of the other roles' players follow what, `(columns,)`, the role's own left out.
    """
    layout, n = game.layout, game.layout.sizes[role]
    exact = game.runs is None
    runs = game.payoffs[:, :, None] if game.runs is None else game.runs
    earned = []
    for own in pair:
        rows = []
        for k in range(n):
            counts = others.copy()
            counts[pair[0]] += n - 1 - k
            counts[pair[1]] += k
            counts[own] += 1
            rows.append(runs[layout.place(counts), own])
        earned.append(np.stack(rows))
    name, words = game.roles[role].name, game.strategies
    return Diagram(name, words[pair[0]], words[pair[1]], (earned[0], earned[1]), exact, held)


def duel(game: Game, role: int, pairs: Sequence[tuple[int, int]]) -> Diagram:
    """Return the diagram of a player among others who are each alone in a role.

    Its two points are that all others are mild, and that all are fierce: with one other that is all
    there is, and with more it leaves out what mixes of them would do.
    """
    exact = game.runs is None
    runs = game.payoffs[:, :, None] if game.runs is None else game.runs
    own = pairs[role]
    earned = []
    for column in own:
        counts = np.zeros((2, game.layout.columns), np.int64)
        counts[:, column] = 1
        for at, other in enumerate(pairs):
            if at != role:
                counts[[0, 1], list(other)] = 1
        earned.append(np.stack([runs[game.layout.place(each), column] for each in counts]))
    name, words = game.roles[role].name, game.strategies
    return Diagram(name, words[own[0]], words[own[1]], (earned[0], earned[1]), exact)


def _crossings(advantage: Array) -> list[tuple[float, bool]]:
    """Return where F(k) - M(k), `(n,)`, turns from one sign to the other, and whether it is falling."""
    there = np.flatnonzero(advantage != 0.0)
    found = []
    for a, b in zip(there[:-1].tolist(), there[1:].tolist(), strict=True):
        if advantage[a] * advantage[b] < 0.0:
            if b - a > 1:  # nothing in between: the curves meet there
                at = (a + b) / 2.0
            else:
                at = a + float(advantage[a] / (advantage[a] - advantage[b]))
            found.append((at, bool(advantage[a] > 0.0)))
    return found
