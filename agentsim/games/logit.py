"""The logit path: quantal response equilibria, from players who choose at random to those who do not err.

A player errs, the less the more a mistake costs: it plays s with probability

    x_s = exp(lambda u_s(x)) / sum_t exp(lambda u_t(x)),    t over the strategies of its role

where u_s(x) is what s earns while all others do likewise. At lambda = 0 all choose at random. From there
one branch of solutions leads on, the principal branch, and its end as lambda grows is a Nash
equilibrium, the limiting logit equilibrium, one for almost every game. Players of one role mix alike.

With z the logarithms of x up to a number a role, the branch is a curve on which z = lambda u(x(z)). It is
followed by its length, so that it may turn back in lambda: a step along the tangent, then Newton's
method back to the curve. As x falls below what a float holds z goes on, linear in lambda.

Sources: McKelvey and Palfrey (1995), Quantal response equilibria for normal form games, Games and
Economic Behavior; Turocy (2005), A dynamic homotopy interpretation of the logistic quantal response
equilibrium correspondence, Games and Economic Behavior; Allgower and Georg (1990), Numerical
Continuation Methods.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.games.equilibria import Equilibrium
from agentsim.games.polishing import polished
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.games.game import Game

REGRET = 1e-8
"""Regret, as a share of `game.spread`, at which the path has arrived."""
NEAREST = 100.0
"""Lambda x `game.spread` up to which the path is followed at least."""
FARTHEST = 1e12
"""Lambda x `game.spread` beyond which it is followed no further."""
MOST_STEPS = 5000
FIRST = 0.05
"""Length of the first step, in logits."""
SHORTEST = 1e-10
CORRECTION = 0.1
"""Logits by which a step may miss the curve; one that misses by more is taken again, shorter."""
TURN = 0.95
"""Cosine of the angle by which the curve may turn within a step."""
EXACT = 1e-11
"""Size of the last Newton step, against that of z and lambda, at which a point is on the curve."""
THERE = 1e-4
"""Probability below which, at the end, a strategy is taken not to be played."""


@dataclass(frozen=True, eq=False)
class LogitPath:
    """The principal branch of quantal response equilibria."""

    game: Game
    lambdas: Array
    """In units of 1 over payoff, `(points,)`; it may fall where the branch turns back."""
    mixtures: Array
    """`(points, columns)`."""
    log_mixtures: Array
    """Their logarithms, which go on where a mixture is below what a float holds, `(points, columns)`."""
    regrets: Array
    """What a player would gain by erring no more, alone, `(points,)`."""
    limit: Equilibrium
    """Where it leads, polished."""
    arrived: bool
    """Whether the limit is an equilibrium to a regret of 1e-8 of the payoffs' spread."""
    crossings: tuple[float, ...]
    """Values of lambda at which another branch crosses. The path goes straight on."""

    def __repr__(self) -> str:
        """Return how far the path goes, and where it ends."""
        arrived = "arrived at" if self.arrived else "as far as"
        return f"<LogitPath of {len(self.lambdas)} points to lambda {self.lambdas[-1]:.3g}, {arrived} {self.limit!r}>"

    def at(self, wanted: float) -> Array:
        """Return the mixture where the branch first comes to a lambda, `(columns,)`.

        Raises AgentsimError, one line, for a lambda that it does not come to.
        """
        beyond = np.flatnonzero(self.lambdas >= wanted)
        if not (wanted >= 0.0 and len(beyond)):
            raise AgentsimError(
                f"lambda = {wanted:g} is not on the path; give one from 0 to {self.lambdas.max():g}"
            )
        curve, after = _Curve(self.game), int(beyond[0])
        if after == 0:
            return np.array(self.mixtures[0])
        low, high = self.lambdas[after - 1], self.lambdas[after]
        part = (wanted - low) / (high - low)
        guess = self.log_mixtures[after - 1] * (1.0 - part) + self.log_mixtures[after] * part
        point = np.append(curve.centred(guess), wanted * curve.unit)
        fixed = np.append(np.zeros(len(guess)), 1.0)
        found, _, _ = curve.corrected(point, fixed, most=50)
        if found is None:
            raise AgentsimError(
                f"lambda = {wanted:g} lies at a turn of the path; give one beside it"
            )
        x: Array = np.exp(curve.logs(found[:-1]))
        return x


def logit_path(game: Game) -> LogitPath:
    """Return the principal branch of a game's quantal response equilibria, and its limit.

    `arrived` says whether that is an equilibrium; where the branch could not be followed so far, the path
    shows how far it came.
    """
    curve = _Curve(game)
    points, crossings = [], []
    for point, crossed_at in _followed(curve):
        points.append(point)
        if crossed_at is not None:
            crossings.append(crossed_at / curve.unit)
    z = np.stack(points)
    logs = np.stack([curve.logs(each) for each in z[:, :-1]])
    mixtures = np.exp(logs)
    regrets = curve.regrets(mixtures)
    limit = polished(game, mixtures[-1], THERE, "logit")
    return LogitPath(
        game, z[:, -1] / curve.unit, mixtures, logs, regrets,
        limit, bool(limit.regret <= REGRET * curve.unit), tuple(crossings),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Curve:
    """The curve 0 = H(z, lambda) = z - lambda C u(x(z)), with u in units of the payoffs' spread.

    C takes the mean of each role away. A point is `(columns + 1,)`, lambda last.
    """

    game: Game

    @cached_property
    def unit(self) -> float:
        return self.game.spread or 1.0

    @cached_property
    def _alike(self) -> Array:
        role = self.game.layout.role_of
        found: Array = (role[:, None] == role).astype(np.float64)
        return found

    def centred(self, values: Array) -> Array:
        """Return values less the mean of their role; along the first axis."""
        alike = self._alike
        found: Array = values - (alike / alike.sum(axis=1)) @ values
        return found

    def logs(self, z: Array) -> Array:
        """Return the logarithms of probabilities, `(columns,)`."""
        found = np.empty_like(z)
        for role in range(len(self.game.roles)):
            part = self.game.layout.slice(role)
            most = z[part].max()
            found[part] = z[part] - most - np.log(np.exp(z[part] - most).sum())
        return found

    def value(self, point: Array) -> tuple[Array, Array]:
        """Return H, `(columns,)`, and its slopes, `(columns, columns + 1)`."""
        z, strength = point[:-1], point[-1]
        x = np.exp(self.logs(z))
        u = self.centred(self.game.deviations(x) / self.unit)
        # dx/dz is diag(x) - x x' within a role.
        x_by_z = np.diag(x) - self._alike * np.outer(x, x)
        u_by_z = self.centred(self.game.slopes(x) / self.unit @ x_by_z)
        slopes = np.column_stack([np.eye(len(z)) - strength * u_by_z, -u])
        return z - strength * u, slopes

    def corrected(
        self, point: Array, across: Array, most: int = 6
    ) -> tuple[Array | None, float, Array]:
        """Return the point of the curve in the plane through `point` and at right angles to `across`.

        None if Newton's method does not come to it. With it how far off the curve `point` was, and the
        slopes of H.
        """
        now, off = point, np.inf
        slopes = np.empty(0)
        for count in range(most):
            value, slopes = self.value(now)
            try:
                step = np.linalg.solve(np.vstack([slopes, across]), np.append(-value, 0.0))
            except np.linalg.LinAlgError:
                return None, off, slopes
            size = float(np.linalg.norm(step))
            if not np.isfinite(size) or (count and size > off):
                return None, off, slopes
            off = size if count == 0 else off
            now = now + step
            if size <= EXACT * (1.0 + float(np.linalg.norm(now))):
                return now, off, slopes
        return None, off, slopes

    def tangent(self, slopes: Array, before: Array) -> tuple[Array, float]:
        """Return the direction of the curve that goes on from another; and which way it is turned.

        slopes: of H, at the point. The second is the sign of a determinant, which changes where another branch crosses; at the
        crossing itself it is 0, and there is no one direction.
        """
        square = np.vstack([slopes, before])
        try:
            along = np.linalg.solve(square, np.append(np.zeros(len(slopes)), 1.0))
        except np.linalg.LinAlgError:
            return before, 0.0
        along = along / np.linalg.norm(along)
        sign, _ = np.linalg.slogdet(np.vstack([slopes, along]))
        return along, float(sign)

    def arrived(self, point: Array) -> bool:
        """Say whether the regret of a point's mixture is next to nothing."""
        mixture = np.exp(self.logs(point[:-1]))
        return bool(self.regrets(mixture[None])[0] <= REGRET * self.unit)

    def regrets(self, mixtures: Array) -> Array:
        """Return the regret of mixtures `(points, columns)`, in payoff."""
        earned = self.game.deviations(mixtures)
        gains: Array = earned - (mixtures * earned) @ self._alike
        return gains.max(axis=1)


def _followed(curve: _Curve) -> Iterator[tuple[Array, float | None]]:
    """Give points of the branch one after the other, and where another crossed just before each."""
    columns = curve.game.layout.columns
    point = np.zeros(columns + 1)
    along, sign = curve.tangent(curve.value(point)[1], np.append(np.zeros(columns), 1.0))
    length = FIRST
    yield point, None
    for _ in range(MOST_STEPS):
        arrived = point[-1] >= NEAREST and curve.arrived(point)
        if arrived or point[-1] >= FARTHEST or length < SHORTEST:
            return
        found, off, slopes = curve.corrected(point + length * along, along)
        if found is None or off > CORRECTION:
            length *= 0.5
            continue
        ahead, turned = curve.tangent(slopes, along)
        if ahead @ along < TURN or turned == 0.0:
            length *= 0.6
            continue
        crosses = turned != sign
        yield found, _crossing(curve, point, along, length, sign) if crosses else None
        point, along, sign = found, ahead, turned
        if off < 0.3 * CORRECTION:
            length *= 2.0 if off < 0.05 * CORRECTION else 1.3


def _crossing(curve: _Curve, point: Array, along: Array, length: float, sign: float) -> float:
    """Return lambda x `game.spread` where, on the next `length` of the branch, another crosses."""
    low, high = 0.0, length
    for _ in range(40):
        middle = 0.5 * (low + high)
        found, _, slopes = curve.corrected(point + middle * along, along)
        same = found is not None and curve.tangent(slopes, along)[1] == sign
        low, high = (middle, high) if same else (low, middle)
    return float((point + low * along)[-1])
