"""A game: players, strategies and payoffs; what anybody earns who plays anything against anything.

    >>> game = Game.from_payoffs([[[3, 0], [5, 1]], [[3, 5], [0, 1]]])  # the prisoner's dilemma
    >>> game.regret(["1", "1"])
    2.0
    >>> game.equilibria().found[0]

Payoffs may be numbers, or means over runs of a simulation, which are then kept beside them: intervals
come from these. Everything here goes by profiles that count (`agentsim.games.profiles`), so that a game
of interchangeable players and one of players who are all different are solved by the same code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.games.profiles import Counts, Layout, Role
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.batch.results import Results
    from agentsim.games.alpha_rank import AlphaRank
    from agentsim.games.best_replies import BestReplies
    from agentsim.games.classifying import Classified
    from agentsim.games.correlated import Bounds
    from agentsim.games.equilibria import Equilibria
    from agentsim.games.logit import LogitPath
    from agentsim.games.measures import Measures
    from agentsim.games.populations import Basins
    from agentsim.games.repeated import Repeated

SMALL = 1e-9
"""Probability below which a strategy is not played."""


@dataclass(frozen=True, eq=False, repr=False)
class Game:
    """Players with strategies and payoffs. Make one with `from_payoffs` or `from_results`."""

    roles: tuple[Role, ...]
    payoffs: Array
    """What a player who follows a strategy earns, `(profiles, columns)`; NaN where nobody does."""
    runs: Array | None = None
    """The same run by run, of which `payoffs` are the means, `(profiles, columns, runs)`."""
    others: dict[str, Array] = field(default_factory=dict)
    """What else came of each profile, such as customers' surplus, `(profiles, runs)`; runs may be 1."""
    unit: str = ""
    name: str = ""
    pairs: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The mild and the fierce strategy of each role, where a file named them."""

    def __post_init__(self) -> None:
        """Refuse payoffs of another shape, and those that are missing or no numbers."""
        shape = (self.layout.count, self.layout.columns)
        if self.payoffs.shape != shape:
            raise AgentsimError(
                f"payoffs have shape {self.payoffs.shape}, and {len(self.roles)} roles have "
                f"{shape[0]} profiles of {shape[1]} strategies; give {shape}"
            )
        lacking = (self.layout.profiles > 0) & ~np.isfinite(self.payoffs)
        if lacking.any():
            place, column = (int(each[0]) for each in np.nonzero(lacking))
            what = self.payoffs[place, column]
            raise AgentsimError(
                f"the payoff of {self.columns[column]} in the profile {self.words(place)} is "
                f"{what:g}; give a finite number for every player and profile"
            )

    def __repr__(self) -> str:
        """Return who plays, how many profiles there are, and over how many runs."""
        runs = 1 if self.runs is None else self.runs.shape[-1]
        who = ", ".join(
            f"{len(each.players)} {each.name}" if len(each.players) > 1 else each.name
            for each in self.roles
        )
        return f"<Game of {who}: {self.layout.count:,} profiles, {runs:,} run{'s' * (runs > 1)}>"

    # Who and what

    @staticmethod
    def from_payoffs(
        given: Any,
        players: Sequence[str] | None = None,
        strategies: Sequence[Sequence[str]] | None = None,
        name: str = "",
    ) -> Game:
        """Return the game of payoffs in an array or a frame.

        given: an array `(players, strategies of player 1, ..., of player n)`, or a frame with a row a
        profile (see `agentsim.games.tables`). players and strategies are numbered from 1 where they
        are not named. Raises AgentsimError, one line, for payoffs that make no game.
        """
        from agentsim.games.tables import game_of_array, game_of_frame, is_frame

        if is_frame(given):
            return game_of_frame(given, name)
        return game_of_array(given, players, strategies, name)

    @staticmethod
    def from_results(
        results: Results | str | Path, condition: Mapping[str, Any] | None = None
    ) -> Game:
        """Return the game of the results of a batch: of `agentsim game`, or of any that varies lineups.

        condition: a level by name for every other factor. Raises AgentsimError, one line
        (see `agentsim.games.empirical.from_results`).
        """
        from agentsim.games.empirical.from_results import game_from

        return game_from(results, condition)

    @cached_property
    def layout(self) -> Layout:
        """The profiles."""
        return Layout.of(self.roles)

    @property
    def players(self) -> tuple[str, ...]:
        """All players, role by role."""
        return tuple(player for role in self.roles for player in role.players)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """What each column is: the strategy, with the role where there are several."""
        if len(self.roles) == 1:
            return self.roles[0].strategies
        return tuple(f"{role.name}: {each}" for role in self.roles for each in role.strategies)

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategy of each column."""
        return tuple(each for role in self.roles for each in role.strategies)

    def words(self, place: int) -> str:
        """Return a profile in words."""
        parts = []
        for at, role in enumerate(self.roles):
            counts = self.layout.profiles[place, self.layout.slice(at)]
            played = [
                strategy if len(role.players) == 1 else f"{count} {strategy}"
                for strategy, count in zip(role.strategies, counts.tolist(), strict=True)
                if count
            ]
            parts.append((f"{role.name} " if len(self.roles) > 1 else "") + " and ".join(played))
        return ", ".join(parts)

    # What is earned

    def deviations(self, mixture: Array) -> Array:
        """Return what a player earns by each strategy while all others mix, `(columns,)`.

        mixture: probabilities by column, `(columns,)`, one distribution a role; or many of them,
        `(..., columns)`. It need not add up to one, and the result is a polynomial in it.
        """
        found = np.empty(mixture.shape)
        for role in range(len(self.roles)):
            met = self.layout.likely(mixture, but=role)
            found[..., self.layout.slice(role)] = met @ self._earned[role]
        return found

    def slopes(self, mixture: Array) -> Array:
        """Return how deviations move with the mixture, `(columns, by column)`."""
        found = np.empty((self.layout.columns, self.layout.columns))
        for role in range(len(self.roles)):
            others = self.layout.others(role)
            factors, slopes = _factors(mixture, others.counts)
            ones = np.ones((len(factors), 1))
            before = np.hstack([ones, np.cumprod(factors[:, :-1], axis=1)])
            after = np.hstack([np.cumprod(factors[:, :0:-1], axis=1)[:, ::-1], ones])
            weights = others.orders[:, None] * slopes * before * after
            found[self.layout.slice(role)] = self._earned[role].T @ weights
        return found

    @cached_property
    def _earned(self) -> tuple[Array, ...]:
        """Payoffs by what a player meets and what it does, `(met, own)`, a role each."""
        return tuple(
            self.payoffs[self.layout.others(role).place, np.arange(part.start, part.stop)]
            for role, part in enumerate(map(self.layout.slice, range(len(self.roles))))
        )

    def weights(self, mixture: Array) -> Array:
        """Return how likely each profile is when all mix, `(profiles,)`, or `(..., profiles)`."""
        return self.layout.likely(mixture)

    def gains(self, mixture: Array) -> Array:
        """Return what a player of the mixture would gain by each strategy alone, `(columns,)`."""
        earned = self.deviations(mixture)
        mean = np.array(
            [
                mixture[part] @ earned[part]
                for part in map(self.layout.slice, range(len(self.roles)))
            ]
        )
        gains: Array = earned - mean[self.layout.role_of]
        return gains

    @cached_property
    def pure_gains(self) -> Array:
        """Return what one player who follows s gains by taking up t, `(profiles, s, t)`; NaN elsewhere."""
        moved = self.layout.moved
        columns = np.arange(self.layout.columns)
        after = self.payoffs[np.maximum(moved, 0), columns[None, None, :]]
        gains: Array = np.where(moved >= 0, after - self.payoffs[:, :, None], np.nan)
        return gains

    @cached_property
    def pure_regrets(self) -> Array:
        """The largest gain of any player in each profile, `(profiles,)`."""
        regrets: Array = np.nanmax(self.pure_gains, axis=(1, 2))
        return regrets

    @cached_property
    def spread(self) -> float:
        """How far payoffs reach: the largest spread of any role, by which tolerances are measured."""
        found = [
            float(np.nanmax(part) - np.nanmin(part))
            for part in (self.payoffs[:, self.layout.slice(at)] for at in range(len(self.roles)))
        ]
        return max(found)

    # Answers

    def regret(self, profile: Any) -> float:
        """Return the most that a player would gain by another strategy, alone.

        profile: see `read`. Raises AgentsimError, one line, for what is no profile.
        """
        counts, mixture = self.read(profile)
        if counts is not None:
            return float(self.pure_regrets[self.layout.place(counts)])
        assert mixture is not None
        return float(self.gains(mixture).max())

    def read(self, profile: Any) -> tuple[Counts | None, Array | None]:
        """Return a profile as counts `(columns,)`, or as a mixture `(columns,)`; the other is None.

        profile: a strategy for each player, in a list; a dict from player (or role, for all its
        players) to a strategy, or to a dict of probabilities; an array `(columns,)` of probabilities,
        or of whole numbers of players. Raises AgentsimError, one line.
        """
        from agentsim.games.reading import read

        return read(self, profile)

    def mixture_of(self, counts: Counts) -> Array | None:
        """Return a pure profile as a mixture; None where players of a role differ."""
        found = np.zeros(self.layout.columns)
        for at, size in enumerate(self.layout.sizes):
            part = self.layout.slice(at)
            if counts[part].max() < size:
                return None
            found[part] = counts[part] / size
        return found

    def equilibria(self, gambit: bool | None = None) -> Equilibria:
        """Return what equilibria were found, and whether these are all (`agentsim.games.solving`).

        gambit: whether Gambit's solvers are asked as well; by default where pygambit is installed.
        """
        from agentsim.games.solving import equilibria

        return equilibria(self, gambit)

    def classify(self, mild: Any = None, fierce: Any = None, held: Any = None) -> Classified:
        """Return what kind of game it is, by pair of strategies (`agentsim.games.classifying`)."""
        from agentsim.games.classifying import classify

        return classify(self, mild, fierce, held)

    def repeated(self, mild: Any = None, fierce: Any = None) -> Repeated:
        """Return how patient players must be to hold up restraint (`agentsim.games.repeated`)."""
        from agentsim.games.repeated import repeated

        return repeated(self, mild, fierce)

    def measures(self, equilibria: Any = None, references: Any = None) -> Measures:
        """Return what equilibria are worth, and to whom (`agentsim.games.measures`)."""
        from agentsim.games.measures import measures

        return measures(self, equilibria, references)

    def replicator(self, starts: int = 200, longest: float = 1000.0) -> Basins:
        """Return where replicators lead from so many starts (`agentsim.games.populations`)."""
        from agentsim.games.populations import basins

        return basins(self, starts, longest)

    def logit(self) -> LogitPath:
        """Return the path of quantal responses from even play on (`agentsim.games.logit`)."""
        from agentsim.games.logit import logit_path

        return logit_path(self)

    def correlated(self, objective: Any = "welfare", coarse: bool = False) -> Bounds:
        """Return the least and the most of something in correlated equilibria (`.correlated`)."""
        from agentsim.games.correlated import bounds

        return bounds(self, objective, coarse)

    def best_replies(self, rule: Literal["best", "better", "as good"] = "best") -> BestReplies:
        """Return where best replies lead, one player at a time (`agentsim.games.best_replies`)."""
        from agentsim.games.best_replies import best_replies

        return best_replies(self, rule)

    def alpha_rank(self, alpha: float = np.inf) -> AlphaRank:
        """Return how long populations that copy dwell where (`agentsim.games.alpha_rank`)."""
        from agentsim.games.alpha_rank import alpha_rank

        return alpha_rank(self, alpha)


def _factors(mixture: Array, counts: Counts) -> tuple[Array, Array]:
    """Return mixture to the power of counts, and its slope in the mixture, `(rows, columns)` each."""
    powers = np.ones((int(counts.max(initial=0)) + 1, len(mixture)))
    np.cumprod(np.broadcast_to(mixture, (len(powers) - 1, len(mixture))), axis=0, out=powers[1:])
    columns = np.arange(len(mixture))
    return powers[counts, columns], counts * powers[np.maximum(counts - 1, 0), columns]
