"""Replicator dynamics of a game: one large population a role, and which starts end where.

    dx_s/dt = x_s (u_s(x) - sum_t x_t u_t(x)),    t over the strategies of the role of s

where u_s(x) is what a player earns by s while everybody else is drawn from the populations. Each rest
point that starts inside come to is a Nash equilibrium; a strategy that is strictly dominated dies out.
Some starts come to no rest: their shares go round.

Sources: Taylor (1979), Evolutionarily stable strategies with two types of player, Journal of Applied
Probability; Weibull (1995), Evolutionary Game Theory; for the interval of a share, Wilson (1927),
Probable inference, the law of succession, and statistical inference, Journal of the American
Statistical Association.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agentsim.batch.intervals import Interval
from agentsim.errors import AgentsimError
from agentsim.games.equilibria import Equilibrium
from agentsim.games.polishing import polished, stands_alone
from agentsim.games.replicator import EQUAL, THERE, Flags, at_rest, slopes, starting_mixes
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.games.game import Game

Places = NDArray[np.int64]

KEY = 20251231
STARTS = 200
DOUBT = 1e-3
"""What two ways to take a step may tell the logarithm of a share apart; steps are as long as that allows.
The better way, which is taken, errs by far less."""
SHORTEST, FIRST, FARTHEST = 1e-3, 0.25, 25.0
"""Time of the shortest step, of the first and of the longest, in units of 1 over how far a role's payoffs reach."""
LOOK = 25
"""Steps from one look at who is at rest to the next."""
LONGEST = 1000.0
"""Time after which a mix that still moves is followed no further, in the same units."""
NEAR = 0.02
"""Distance of shares up to which two ends belong to one rest point."""
ROUND = 0.02
"""Range of a share, over the last half of the time, from which on a mix goes round."""


@dataclass(frozen=True, eq=False)
class Basin:
    """A rest point and the share of starts that end there."""

    rest: Equilibrium
    """The rest point; its regret says how far it is an equilibrium."""
    share: Interval
    """Of all starts, with its 95% Wilson interval."""
    starts: tuple[int, ...]
    """Which they are."""
    alone: bool
    """Whether the rest point stands alone; if not it is one of a continuum, all of which is counted here."""


@dataclass(frozen=True, eq=False)
class Basins:
    """Where starts end: the basins, the largest first, and the starts that move still."""

    basins: tuple[Basin, ...]
    round: Interval
    """Share of starts whose shares go round, without end as far as they were followed."""
    slow: Interval
    """Share of starts that move still, but hardly: near a rest point, or from one to another."""
    starts: Array
    """`(starts, columns)`."""
    ends: Array
    """`(starts, columns)`."""
    low: Array
    """The least share of each strategy over the last half of the time, `(starts, columns)`."""
    high: Array
    """The largest; both are the end itself where a start came to rest."""

    def __repr__(self) -> str:
        """Return which share of starts ends where."""
        ends = [f"{100 * float(each.share.value):.0f}% {each.rest.words}" for each in self.basins]
        for name, share in (("go round", self.round), ("not settled", self.slow)):
            if float(share.value) > 0.0:
                ends.append(f"{100 * float(share.value):.0f}% {name}")
        return f"<Basins of {len(self.starts)} starts: {'; '.join(ends)}>"


@dataclass(frozen=True, eq=False)
class Flow:
    """The dynamics of a game, in logarithms of shares, with payoffs in units of how far they reach, role by role.

    A share may fall below what a float holds and still come back: its logarithm is kept.
    """

    game: Game

    @cached_property
    def _units(self) -> Array:
        """How far the payoffs of each column's role reach, `(columns,)`: by this its clock goes.

        Where one role's payoffs are a thousand times another's, the other would otherwise hardly move.
        """
        game = self.game
        parts = [game.payoffs[:, game.layout.slice(at)] for at in range(len(game.roles))]
        reach = np.array([float(np.nanmax(each) - np.nanmin(each)) for each in parts])
        units: Array = np.where(reach > 0.0, reach, 1.0)[game.layout.role_of]
        return units

    @cached_property
    def _alike(self) -> Array:
        """Whether two columns are of one role, `(columns, columns)`."""
        role = self.game.layout.role_of
        found: Array = (role[:, None] == role).astype(np.float64)
        return found

    def above(self, logs: Array) -> Array:
        """Return what each strategy earns more than the mean of its role, `(..., columns)`."""
        x = np.exp(logs)
        earned = self.game.deviations(x) / self._units
        found: Array = earned - (x * earned) @ self._alike
        return found

    def grown(self, logs: Array, by: Array) -> Array:
        """Return logarithms of shares that grew by so much, put back to a sum of one in each role."""
        grown = logs + by
        found: Array = grown - np.log(np.exp(grown) @ self._alike)
        return found

    def stepped(self, logs: Array, h: Array) -> tuple[Array, Array]:
        """Return where mixes `(starts, columns)` are after steps of time h `(starts,)`.

        And how far two ways to take the step differ, `(starts,)`: the fourth-order one, which is
        taken, and one of second order from the same slopes.
        """
        h = h[:, None]
        k1, k2, k3, k4 = slopes(self.above, self.grown, logs, h)
        apart = np.abs(h / 6.0 * (k1 - k2 - k3 + k4)).max(axis=1)
        return self.grown(logs, h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)), apart


@dataclass(eq=False)
class Walk:
    """Mixes on their way, each by steps of its own length."""

    flow: Flow
    logs: Array
    """Logarithms of shares, `(starts, columns)`."""
    clock: Array
    """Time since the start, `(starts,)`."""
    h: Array
    """Time of the next step, `(starts,)`."""

    @staticmethod
    def from_starts(game: Game, starts: Array) -> Walk:
        """Return mixes `(starts, columns)` at time 0."""
        with np.errstate(divide="ignore"):
            logs = np.log(starts)
        return Walk(Flow(game), logs, np.zeros(len(starts)), np.full(len(starts), FIRST))

    def step(self, at: Places, until: float) -> None:
        """Take the mixes at some places a step further, none beyond a time."""
        h = np.minimum(self.h[at], until - self.clock[at])
        logs, apart = self.flow.stepped(self.logs[at], h)
        taken = (apart <= 8.0 * DOUBT) | (h <= SHORTEST)
        self.logs[at] = np.where(taken[:, None], logs, self.logs[at])
        self.clock[at] += np.where(taken, h, 0.0)
        # The difference goes by the third power of the step.
        longer = np.cbrt(DOUBT / np.maximum(apart, DOUBT / 64.0))
        self.h[at] = np.clip(h * np.clip(longer, 0.3, 2.0), SHORTEST, FARTHEST)


def path(game: Game, starts: Array, times: Sequence[float]) -> Array:
    """Return mixes at times from 0 on, `(times, starts, columns)`, from starts `(starts, columns)`.

    times: in units of 1 over how far the role's payoffs reach, rising.
    """
    walk, found = Walk.from_starts(game, np.asarray(starts, dtype=np.float64)), []
    for time in times:
        while len(at := np.flatnonzero(walk.clock < time)):
            walk.step(at, time)
        found.append(np.exp(walk.logs))
    return np.stack(found)


def starts_of(game: Game, count: int = STARTS) -> Array:
    """Return mixes drawn evenly from all there are, `(count, columns)`: a flat Dirichlet a role.

    The same game and count give the same.
    """
    rng = np.random.Generator(np.random.Philox(key=[KEY, count]))
    return np.hstack([starting_mixes(count, m, rng) for m in game.layout.widths])


def basins(game: Game, starts: int = STARTS, longest: float = LONGEST) -> Basins:
    """Return which share of starts ends where under the replicator dynamics.

    longest: how long a start is followed at most, in units of 1 over how far the role's payoffs reach.
    """
    if starts < 1:
        raise AgentsimError(f"starts = {starts}; give one start or more")
    first = starts_of(game, starts)
    ends, still, low, high = _followed(game, first, longest)
    goes_round = ~still & ((high - low).max(axis=1) > ROUND)
    found = _basins(game, ends, np.flatnonzero(still))
    found.sort(key=lambda each: (-len(each.starts), each.starts))
    return Basins(
        tuple(found),
        wilson(int(goes_round.sum()), starts),
        wilson(int((~still & ~goes_round).sum()), starts),
        first, ends, low, high,
    )  # fmt: skip


def wilson(hits: int, of: int) -> Interval:
    """Return a share with its 95% interval by Wilson (1927)."""
    z, p = 1.959963984540054, hits / of
    middle = (p + z * z / (2.0 * of)) / (1.0 + z * z / of)
    half = z / (1.0 + z * z / of) * np.sqrt(p * (1.0 - p) / of + z * z / (4.0 * of * of))
    # At the ends the bound is the share itself, which rounding would miss.
    low = 0.0 if hits == 0 else float(middle - half)
    high = 1.0 if hits == of else float(middle + half)
    return Interval(p, low, high, of)


def _followed(game: Game, starts: Array, longest: float) -> tuple[Array, Flags, Array, Array]:
    """Return ends, whether each is at rest, and the range of shares over the last half of the time."""
    walk, still = Walk.from_starts(game, starts), np.zeros(len(starts), dtype=bool)
    low, high = np.full_like(starts, np.inf), np.full_like(starts, -np.inf)
    while len(moving := np.flatnonzero(~still & (walk.clock < longest))):
        for _ in range(LOOK):
            at = moving[walk.clock[moving] < longest]
            if not len(at):
                break
            walk.step(at, longest)
            late = at[walk.clock[at] > 0.5 * longest]
            x = np.exp(walk.logs[late])
            low[late], high[late] = np.minimum(low[late], x), np.maximum(high[late], x)
        x, above = np.exp(walk.logs[moving]), walk.flow.above(walk.logs[moving])
        # From inside all strategies may come back, those too whose share is too small for a float.
        still[moving] = at_rest(x, above) & (above.max(axis=1) < EQUAL)
    ends = np.exp(walk.logs)
    low[still], high[still] = ends[still], ends[still]
    return ends, still, low, high


def _basins(game: Game, ends: Array, which: Places) -> list[Basin]:
    """Return the basins of starts that came to rest; rest points of one continuum go together."""
    points: list[Equilibrium] = []
    members: list[list[int]] = []
    continua: dict[bytes, int] = {}
    for group in _groups(ends, which):
        point = _rest_point(game, ends[group])
        assert point.mixture is not None
        played = (point.mixture > THERE).tobytes()
        if stands_alone(game, point.mixture):
            points.append(point)
            members.append(group)
        elif played in continua:
            members[continua[played]] += group
        else:
            continua[played] = len(points)
            points.append(point)
            members.append(group)
    return [
        Basin(
            point, wilson(len(group), len(ends)), tuple(sorted(group)), at not in continua.values()
        )
        for at, (point, group) in enumerate(zip(points, members, strict=True))
    ]


def _groups(ends: Array, which: Places) -> list[list[int]]:
    """Return starts that ended near one another, or in a row of such."""
    left, found = which.tolist(), []
    while left:
        group, edge = [], [left.pop(0)]
        while edge:
            group += edge
            gap = np.abs(ends[left][:, None] - ends[edge]).max(axis=-1, initial=0.0)
            close = (gap <= NEAR).any(axis=1)
            edge = [start for start, joins in zip(left, close.tolist(), strict=True) if joins]
            left = [start for start, joins in zip(left, close.tolist(), strict=True) if not joins]
        found.append(sorted(group))
    return found


def _rest_point(game: Game, ends: Array) -> Equilibrium:
    """Return the rest point of ends near one another, to the last digits where it stands alone."""
    middle = ends[np.abs(ends - ends.mean(axis=0)).max(axis=1).argmin()]
    return polished(game, middle, THERE, "replicator")
