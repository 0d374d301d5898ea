"""Equilibria: those found, how far each is one by the game's own regret, and whether they are all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from agentsim.games.profiles import Counts
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.games.game import Game


NAMED = 5e-4
"""Share of a role from which on a strategy is named in words."""


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """A profile from which nobody gains by another strategy, alone; pure, or a mixture a role."""

    game: Game
    counts: Counts | None = None
    """How many follow what, `(columns,)`, where it is pure."""
    mixture: Array | None = None
    """Probabilities by column, `(columns,)`; None where players of one role do different things."""
    found_by: tuple[str, ...] = field(default=())
    """The solvers that found it."""

    @property
    def pure(self) -> bool:
        """Whether nobody mixes."""
        return self.counts is not None

    @cached_property
    def weights(self) -> Array:
        """How likely each profile is, `(profiles,)`."""
        if self.counts is not None:
            found = np.zeros(self.game.layout.count)
            found[self.game.layout.place(self.counts)] = 1.0
            return found
        assert self.mixture is not None
        return self.game.weights(self.mixture)

    @cached_property
    def regret(self) -> float:
        """The most that a player would gain by another strategy, alone."""
        return self.game.regret(self.counts if self.counts is not None else self.mixture)

    @cached_property
    def shares(self) -> Array:
        """Which part of each role follows what, in the mean, `(columns,)`; a pure profile's too."""
        if self.counts is not None:
            sizes = np.array(self.game.layout.sizes)[self.game.layout.role_of]
            found: Array = self.counts / sizes
            return found
        assert self.mixture is not None
        return self.mixture

    @cached_property
    def payoffs(self) -> dict[str, float]:
        """What a player of each role earns, in the mean over luck and over the players of the role."""
        game = self.game
        if self.counts is not None:
            earned = game.payoffs[game.layout.place(self.counts)]
        else:
            assert self.mixture is not None
            earned = game.deviations(self.mixture)
        found = {}
        for at, role in enumerate(game.roles):
            part = game.layout.slice(at)
            played = self.shares[part] > 0.0
            found[role.name] = float(self.shares[part][played] @ earned[part][played])
        return found

    @property
    def words(self) -> str:
        """Who does what: "microsoft escalate, others match", or "mild 0.75, fierce 0.25"."""
        if self.counts is not None:
            return _one_and_others(self.game, self.counts) or self.game.words(
                self.game.layout.place(self.counts)
            )
        parts = []
        for at, role in enumerate(self.game.roles):
            shares = self.shares[self.game.layout.slice(at)]
            played = [(s, p) for s, p in zip(role.strategies, shares, strict=True) if p >= NAMED]
            mixed = ", ".join(s if len(played) == 1 else f"{s} {p:.3g}" for s, p in played)
            parts.append(f"{role.name} {mixed}" if len(self.game.roles) > 1 else mixed)
        return "; ".join(parts)

    def __repr__(self) -> str:
        """Return who does what, and what it is."""
        kind = "pure" if self.pure else "mixed"
        return f"<{kind} equilibrium: {self.words}; regret {self.regret:.1g}>"


def _one_and_others(game: Game, counts: Counts) -> str | None:
    """Return words for a profile that all share, or all but one; None for any other."""
    roles = game.roles
    if len(roles) < 3 or any(len(role.players) > 1 for role in roles):
        return None
    chosen = [game.strategies[column] for column in np.flatnonzero(counts)]
    for strategy in dict.fromkeys(chosen):
        unlike = [at for at, each in enumerate(chosen) if each != strategy]
        if not unlike:
            return f"all {strategy}"
        if len(unlike) == 1:
            return f"{roles[unlike[0]].name} {chosen[unlike[0]]}, others {strategy}"
    return None


@dataclass(frozen=True, eq=False)
class Equilibria:
    """The equilibria that were found: pure ones first."""

    game: Game
    found: tuple[Equilibrium, ...]
    complete: bool
    """Whether there are no others, of the kind that `why` names."""
    why: str
    """Why that may be said, or what may be missing."""
    pure_complete: bool = True
    """Whether all pure ones are among them."""
    continua: bool = False
    """Whether some of them seem not to stand alone: that there are others without end. Known for two
    players; for more, where a player goes from one pure equilibrium to another at no loss, or where what
    makes players indifferent does not settle how they mix."""
    sets: tuple[tuple[int, ...], ...] = ()
    """Where `continua` are known in full, as of two players: which of those found span each of the sets
    within which every mixture of row mixtures goes with every mixture of column mixtures."""

    @property
    def pure(self) -> tuple[Equilibrium, ...]:
        """The pure ones."""
        return tuple(each for each in self.found if each.pure)

    @property
    def mixed(self) -> tuple[Equilibrium, ...]:
        """The mixed ones."""
        return tuple(each for each in self.found if not each.pure)

    def __len__(self) -> int:
        """Return how many were found."""
        return len(self.found)

    def __iter__(self) -> Iterator[Equilibrium]:
        """Go through those found."""
        return iter(self.found)

    def __getitem__(self, at: int) -> Equilibrium:
        """Return one of those found."""
        return self.found[at]

    def table(self) -> pd.DataFrame:
        """Return a frame with a row an equilibrium.

        Columns: `kind` (pure or mixed), `words`, `regret` (in the unit of payoffs), `found_by`, for each
        role `payoff.ROLE`, and for each strategy the share of its role that follows it, under the name
        that `game.columns` gives it.
        """
        import pandas as pd

        names = ["kind", "words", "regret", "found_by"]
        earned = [f"payoff.{role.name}" for role in self.game.roles]
        rows = [
            [
                *(
                    "pure" if each.pure else "mixed",
                    each.words,
                    each.regret,
                    ", ".join(each.found_by),
                ),
                *each.payoffs.values(),
                *each.shares.tolist(),
            ]
            for each in self.found
        ]
        return pd.DataFrame(rows, columns=[*names, *earned, *self.game.columns])

    def __repr__(self) -> str:
        """Return those found, a line each, and whether they are all."""
        count = f"{len(self.pure)} pure and {len(self.mixed)} mixed equilibria"
        told = "complete" if self.complete else "perhaps not all"
        return "\n".join([f"{count} ({told}: {self.why})", *(f"  {each!r}" for each in self.found)])
