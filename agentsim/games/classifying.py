"""Classifying: what kind of game it is for each pair of a mild and a fierce strategy.

A game of two players is of one of the kinds of 2 x 2 games, whether they are interchangeable or not. A
game of more has a Schelling diagram for each role, of which the two-player game is the shortest. A game
of several roles is told role by role, what the others do being held, and is of the kind that all agree
on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.errors import AgentsimError, check_known, shown, unknown
from agentsim.games.kinds import Signs, kind_of_all, shares_of
from agentsim.games.profiles import Counts
from agentsim.games.schelling import Diagram, diagram, duel

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.games.game import Game

Pairs = tuple[tuple[int, int], ...]
"""The columns of the mild and of the fierce strategy, a role each."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A mild and a fierce strategy of each role, and what kind of game they make."""

    diagrams: dict[str, Diagram]
    """By role; of two points where two players meet."""
    two: bool
    """Whether two players meet who are each alone in a role."""

    @property
    def mild(self) -> str:
        """The mild strategy, or that of each role."""
        return " / ".join(dict.fromkeys(each.mild for each in self.diagrams.values()))

    @property
    def fierce(self) -> str:
        """The fierce strategy, or that of each role."""
        return " / ".join(dict.fromkeys(each.fierce for each in self.diagrams.values()))

    @cached_property
    def kind(self) -> str:
        """The kind of game by the means; `unclear` if an interval leaves it open."""
        return self._of(*(each.kind.compared.told for each in self.diagrams.values()))

    @cached_property
    def of_means(self) -> str:
        """The kind by the means alone, whatever their intervals."""
        return self._of(*(each.kind.compared.means for each in self.diagrams.values()))

    @cached_property
    def resampled(self) -> dict[str, float]:
        """The share of resamples of runs that are of each kind: how sure that of the means is."""
        return self._shares([each.kind.compared.resampled for each in self.diagrams.values()])

    @cached_property
    def shares(self) -> dict[str, float]:
        """The share of runs in which the game is of each kind, largest first."""
        return self._shares([each.kind.compared.by_run for each in self.diagrams.values()])

    def _of(self, *each: Signs) -> str:
        return kind_of_all([signs.tolist() for signs in each], self.two)

    def _shares(self, each: list[Signs]) -> dict[str, float]:
        ends = np.cumsum([signs.shape[1] for signs in each])[:-1]
        return shares_of(np.hstack(each), lambda row: self._of(*np.split(row, ends)))


@dataclass(frozen=True, eq=False)
class Classified:
    """What kind of game it is, for each pair of strategies that was asked for."""

    game: Game
    pairs: tuple[Pair, ...]

    def __repr__(self) -> str:
        """Return the kind of each pair."""
        told = [f"{each.mild} or {each.fierce}: {each.kind}" for each in self.pairs]
        return f"<Classified {'; '.join(told)}>"

    @property
    def only(self) -> Pair:
        """The pair, where it is the only one. Raises AgentsimError, one line, if there are more."""
        if len(self.pairs) > 1:
            raise AgentsimError(
                f"there are {len(self.pairs)} pairs of strategies; name one with mild and fierce, "
                "or read .table()"
            )
        return self.pairs[0]

    @property
    def kind(self) -> str:
        """The kind of the only pair."""
        return self.only.kind

    def table(self) -> pd.DataFrame:
        """Return a row for each pair and role.

        mild, fierce, kind, of_means, sure (the share of resamples that are of the kind of the means),
        runs (the share of runs that are); role, players, own_kind, held; greed, fear, gain and R, S, T, P
        with _low and _high; optimum, equilibria (numbers of the fierce).
        """
        import pandas as pd

        rows = []
        players = {role.name: len(role.players) for role in self.game.roles}
        for pair in self.pairs:
            for role, each in pair.diagrams.items():
                own = each.kind
                row: dict[str, Any] = {
                    "mild": each.mild, "fierce": each.fierce, "kind": pair.kind,
                    "of_means": pair.of_means,
                    "sure": _share(pair.resampled, pair.of_means),
                    "runs": _share(pair.shares, pair.of_means),
                    "role": role, "players": players[role], "own_kind": own.kind, "held": each.held,
                }  # fmt: skip
                told = {"greed": own.greed, "fear": own.fear, "gain": own.gain} | {
                    name: own.payoffs[name] for name in "RSTP"
                }
                for name, x in told.items():
                    row |= {name: x.value, f"{name}_low": x.low, f"{name}_high": x.high}
                row |= {
                    "optimum": each.optimum,
                    "equilibria": " ".join(map(str, each.equilibria)),
                }
                rows.append(row)
        return pd.DataFrame(rows)


def _share(shares: dict[str, float], kind: str) -> float:
    """Return the share of a kind; NaN where nothing was shared out."""
    return shares.get(kind, 0.0) if shares else float("nan")


def classify(game: Game, mild: Any = None, fierce: Any = None, held: Any = None) -> Classified:
    """Return what kind of game it is.

    mild, fierce: a strategy that all roles have, or a dict from role to strategy. Of two strategies the
        first is the mild one, if it is not said otherwise; of more, all pairs are told, the one that
        is named first being the mild one.
    held: what the other roles do while one is looked at, a pure profile as `Game.read` takes it; by
        default they are mild, but where each player is alone in its role: then all others are mild, or
        all are fierce. It is of no matter to one role, or to two players.

    Raises AgentsimError, one line, for strategies that are not known, and for one player alone.
    """
    if len(game.players) < 2:
        raise AgentsimError(f"{game.players[0]} plays alone; a kind of game takes two players")
    return Classified(game, tuple(_pair(game, each, held) for each in pairs_of(game, mild, fierce)))


def pairs_of(game: Game, mild: Any = None, fierce: Any = None) -> list[Pairs]:
    """Return the pairs of columns that were asked for; all pairs where none was named."""
    if (mild is None) != (fierce is None):
        given, lacking = ("fierce", "mild") if mild is None else ("mild", "fierce")
        raise AgentsimError(f"{given} is named and {lacking} is not; name both, or neither")
    starts, widths = game.layout.starts, game.layout.widths
    if mild is None and game.pairs and set(game.pairs) == {role.name for role in game.roles}:
        mild, fierce = ({name: pair[at] for name, pair in game.pairs.items()} for at in (0, 1))
    if mild is not None:
        places = [(_named(game, at, "mild", mild), _named(game, at, "fierce", fierce))
                  for at in range(len(game.roles))]  # fmt: skip
        return [tuple(places)]
    if set(widths) == {2}:
        return [tuple((start, start + 1) for start in starts)]
    named = game.roles[0].strategies
    if any(set(role.strategies) != set(named) for role in game.roles):
        raise AgentsimError(
            "roles have different strategies; name a mild and a fierce one for each: "
            "mild={role: strategy}, fierce={role: strategy}"
        )
    return [pairs_of(game, a, b)[0] for a, b in combinations(named, 2)]


def _named(game: Game, at: int, which: str, given: Any) -> int:
    """Return the column of a strategy of a role that was named as mild or as fierce."""
    role = game.roles[at]
    if isinstance(given, Mapping):
        for name in given:
            if name not in [each.name for each in game.roles]:
                raise unknown(f"role in {which}", name, [each.name for each in game.roles])
        if role.name not in given:
            raise AgentsimError(
                f"{which} = {shown(dict(given))} says nothing of {role.name}; name its strategy"
            )
        given = given[role.name]
    check_known(f"{which} strategy of {role.name}", given, role.strategies)
    return game.layout.starts[at] + role.strategies.index(given)


def _pair(game: Game, pairs: Pairs, held: Any) -> Pair:
    if same := [a for a, b in pairs if a == b]:
        raise AgentsimError(
            f"mild and fierce are both {game.strategies[same[0]]}; name two strategies"
        )
    if max(game.layout.sizes) == 1 and (held is None or len(game.roles) == 2):
        found = {role.name: duel(game, at, pairs) for at, role in enumerate(game.roles)}
        return Pair(found, len(game.roles) == 2)
    others = _held(game, pairs, held)
    diagrams = {}
    for at, role in enumerate(game.roles):
        rest = others.copy()
        rest[game.layout.slice(at)] = 0
        words = _words(game, others, at)
        diagrams[role.name] = diagram(game, at, pairs[at], rest, words)
    return Pair(diagrams, False)


def _held(game: Game, pairs: Pairs, held: Any) -> Counts:
    """Return what all do while a role is looked at, `(columns,)`."""
    if held is None:
        counts = np.zeros(game.layout.columns, np.int64)
        counts[[mild for mild, _ in pairs]] = game.layout.sizes
        return counts
    read, _ = game.read(held)
    if read is None:
        raise AgentsimError(f"held = {shown(held)} mixes; give a strategy for each player")
    return read


def _words(game: Game, counts: Counts, at: int) -> str:
    """Return in words what the roles other than one do."""
    parts = []
    for place, role in enumerate(game.roles):
        played = counts[game.layout.slice(place)].tolist()
        each = [f"{n} {what}" for what, n in zip(role.strategies, played, strict=True) if n]
        if place != at:
            parts.append(f"{role.name} {' and '.join(each)}")
    return ", ".join(parts)
