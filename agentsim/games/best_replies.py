"""Best replies: players who move one at a time, each to what is best for it while the others stay.

Profiles and moves make a graph. Where nobody can gain it stops: a pure Nash equilibrium. A part of the
graph that no move leads out of, and in which all is reached from all, is a sink: a profile at rest, or
a cycle that play goes round in for ever. Every start leads to a sink, and some may lead to several.

A player who plays a best reply stays; one who does not may move to any of its best replies, where there are
several (`Rule` "best"), or to anything that is better than what it plays ("better"). The graph of
alpha-rank also lets players drift to what is as good ("as good"), and its chain try anything ("any").

Sources: Young (1993), The evolution of conventions, Econometrica; Monderer and Shapley (1996), Potential
games, Games and Economic Behavior; Goemans, Mirrokni and Vetta (2005), Sink equilibria and convergence,
FOCS.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from agentsim.errors import check_known
from agentsim.games.chains import sinks
from agentsim.games.profiles import Counts
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.games.game import Game

Rule = Literal["best", "better", "as good", "any"]
RULES = ("best", "better", "as good")

TIED = 1e-12
"""Gain, as a share of `game.spread`, up to which two strategies earn the same."""


@dataclass(frozen=True, eq=False)
class Moves:
    """Moves of one player from profile to profile, `(moves,)` each."""

    start: Counts
    end: Counts
    left: Counts
    """The column of the strategy that is left."""
    players: Counts
    """How many players can make it: as many as follow the strategy that is left."""
    gains: Array
    """What the one who moves gains."""


@dataclass(frozen=True, eq=False)
class Sink:
    """Profiles among which play stays."""

    game: Game
    places: tuple[int, ...]
    """The profiles of the sink."""
    cycle: tuple[int, ...]
    """The shortest way from the first of them back to it, without the return; the profile itself at rest."""

    @property
    def rests(self) -> bool:
        """Whether it is a profile at which nobody gains by moving."""
        return len(self.places) == 1

    @property
    def words(self) -> str:
        """The profile, or the cycle and how much of the sink it is."""
        told = [self.game.words(place) for place in self.cycle]
        if self.rests:
            return told[0]
        rest = len(self.places) - len(self.cycle)
        more = f" (a cycle of a sink with {rest} profiles more)" if rest else ""
        return " -> ".join([*told, told[0]]) + more


@dataclass(frozen=True, eq=False)
class BestReplies:
    """Where play leads."""

    game: Game
    rule: Rule
    moves: Moves
    sinks: tuple[Sink, ...]
    """In the order of their first profiles."""

    def __repr__(self) -> str:
        """Return where best replies lead."""
        return f"<BestReplies lead to: {'; '.join(each.words for each in self.sinks)}>"

    @property
    def rests(self) -> tuple[Sink, ...]:
        """The sinks that are profiles at rest."""
        return tuple(each for each in self.sinks if each.rests)

    @property
    def cycles(self) -> tuple[Sink, ...]:
        """The sinks that are not."""
        return tuple(each for each in self.sinks if not each.rests)

    @cached_property
    def leads(self) -> NDArray[np.bool_]:
        """Whether some order of moves leads from a profile to a sink, `(profiles, sinks)`."""
        found = np.zeros((self.game.layout.count, len(self.sinks)), dtype=bool)
        for at, sink in enumerate(self.sinks):
            found[list(sink.places), at] = True
            edge = found[:, at].copy()
            while edge.any():
                before = np.zeros(len(found), dtype=bool)
                before[self.moves.start[edge[self.moves.end]]] = True
                edge = before & ~found[:, at]
                found[edge, at] = True
        return found

    @cached_property
    def chances(self) -> Array:
        """How likely play ends in each sink from each profile, `(profiles, sinks)`.

        Where every player that gains by a move is as likely as another to make the next one, and every
        move open to it too.
        """
        from scipy.sparse import csr_array, eye_array
        from scipy.sparse.linalg import splu

        count = self.game.layout.count
        found = np.zeros((count, len(self.sinks)))
        for at, sink in enumerate(self.sinks):
            found[list(sink.places), at] = 1.0
        passing = np.flatnonzero(found.sum(axis=1) == 0.0)
        if not len(passing):
            return found
        chain = csr_array((_odds(self), (self.moves.start, self.moves.end)), (count, count))
        chain = chain[passing]
        left = (eye_array(len(passing)) - chain[:, passing]).tocsc()
        found[passing] = splu(left).solve(chain @ found)
        return found


def best_replies(game: Game, rule: Rule = "best") -> BestReplies:
    """Return where play leads when one player at a time moves, to a best or to any better reply."""
    check_known("rule", rule, RULES)
    found = moves(game, rule)
    return BestReplies(game, rule, found, sinks_of(game, found))


def moves(game: Game, rule: Rule = "best") -> Moves:
    """Return the moves that players make by a rule."""
    gains, same = game.pure_gains, TIED * game.spread
    with np.errstate(invalid="ignore"):
        made = gains > same
        if rule == "best":
            best = np.nan_to_num(gains, nan=-np.inf).max(axis=2, keepdims=True)
            made &= gains >= best - same
        elif rule == "as good":
            made = gains >= -same
        elif rule == "any":
            made = np.isfinite(gains)
    columns = np.arange(game.layout.columns)
    made[:, columns, columns] = False
    start, s, t = np.nonzero(made)
    end, players = game.layout.moved[start, s, t], game.layout.profiles[start, s]
    return Moves(start, end, s, players, gains[start, s, t])


def sinks_of(game: Game, found: Moves) -> tuple[Sink, ...]:
    """Return the sinks of the graph of some moves."""
    after: dict[int, list[int]] = {}
    for start, end in zip(found.start.tolist(), found.end.tolist(), strict=True):
        after.setdefault(start, []).append(end)
    return tuple(
        Sink(game, each, _cycle(each[0], after))
        for each in sinks(found.start, found.end, game.layout.count)
    )


def _cycle(first: int, after: dict[int, list[int]]) -> tuple[int, ...]:
    """Return the shortest way from a profile back to it, the first in order of profiles if tied."""
    came: dict[int, int] = {}
    queue = deque([first])
    while queue:
        here = queue.popleft()
        for there in sorted(after.get(here, ())):
            if there == first:
                way = [here]
                while way[-1] != first:
                    way.append(came[way[-1]])
                return tuple(reversed(way))
            if there not in came:
                came[there] = here
                queue.append(there)
    return (first,)


def _odds(found: BestReplies) -> Array:
    """Return how likely each move is the next one from where it starts, `(moves,)`."""
    moves, count = found.moves, found.game.layout.count
    # Moves of one kind of player from one profile share what it is worth: they leave one column.
    _, kind, open_ = np.unique(
        np.stack([moves.start, moves.left]), axis=1, return_inverse=True, return_counts=True
    )
    weight = moves.players / open_[kind]
    odds: Array = weight / np.bincount(moves.start, weight, count)[moves.start]
    return odds
