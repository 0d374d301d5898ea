"""Correlated equilibria: what may come of it when players act on signals that are not independent.

A distribution p over profiles is drawn from, and each player is told what to play. It is a correlated
equilibrium if nobody gains by doing anything else than told; a coarse one if nobody gains by doing one and
the same thing whatever it would be told. Every Nash equilibrium is a correlated one, and every
correlated one is coarse. Both sets are polyhedra, so that the best and the worst of anything that is
linear in p is a linear programme: bounds on what any equilibrium, and any play in which nobody has
regrets in the long run, can bring.

With c the counts of a profile and n_r the players of role r, one of them is told s with probability c_s / n_r,
as interchangeable players are told off at random. Taking up t instead it earns u_t(c - s + t). So

    sum_c p(c) c_s (u_t(c - s + t) - u_s(c)) <= 0    for all s and t of a role,

and for coarse equilibria the sum of this over s. Nothing is lost by looking at distributions that are the
same for all players of a role: from any other, the mean over all ways to swap such players is one of
these, meets the constraints as they do, and brings the same in all, as what is looked at does not go by
who is who.

A ratio, such as customers' share, is a linear programme too: the constraints hold for y = p / (d p) as
they do for p, and d y = 1 takes the place of probabilities that add up to one.

Sources: Aumann (1974), Subjectivity and correlation in randomized strategies, Journal of Mathematical
Economics; Aumann (1987), Correlated equilibrium as an expression of Bayesian rationality, Econometrica;
Moulin and Vial (1978), Strategically zero-sum games, International Journal of Game Theory (coarse ones);
Charnes and Cooper (1962), Programming with linear fractional functionals, Naval Research Logistics
Quarterly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.errors import AgentsimError, unknown
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.games.game import Game

WELFARE = "welfare"
REGRET = 1e-8
"""What a player may gain by not doing as told, as a share of `game.spread`."""

Objective = str | Sequence[str] | Array


@dataclass(frozen=True, eq=False)
class Extreme:
    """A distribution over profiles, and what it brings."""

    value: float
    weights: Array
    """`(profiles,)`."""
    regret: float
    """The most that a player would gain by not doing as told."""


@dataclass(frozen=True, eq=False)
class Bounds:
    """The least and the most that correlated equilibria can bring."""

    worst: Extreme
    best: Extreme
    coarse: bool

    def __repr__(self) -> str:
        """Return the least and the most."""
        kind = "coarse correlated" if self.coarse else "correlated"
        return f"<Bounds of {kind} equilibria: {self.worst.value:.6g} to {self.best.value:.6g}>"


def bounds(game: Game, objective: Objective = WELFARE, coarse: bool = False) -> Bounds:
    """Return the correlated equilibria that bring least and most; coarse ones if asked.

    objective: "welfare", the sum of all payoffs; a name in `game.others`; two of these, for their ratio,
    such as ("customer_surplus", "total_surplus"); or numbers by profile, `(profiles,)`. Raises
    AgentsimError, one line, for a name that is not known and for a ratio of something to what need not
    be above zero in equilibrium.
    """
    above, below = _ratio(game, objective)
    rows = constraints(game, coarse)
    if below is not None:
        least = _programme(rows, below, np.ones_like(below))
        if not least @ below > 0.0:
            what = objective[1] if isinstance(objective, (list, tuple)) else "what it is divided by"
            raise AgentsimError(
                f"{what} can be {least @ below:g} in an equilibrium, where a share of it says nothing; "
                "give a ratio to what stays above 0"
            )
    per = np.ones_like(above) if below is None else below
    worst, best = (
        _extreme(game, _programme(rows, sign * above, per), above, per, coarse)
        for sign in (1.0, -1.0)
    )
    if worst.value > best.value:  # one and the same, but for rounding
        worst, best = best, worst
    return Bounds(worst, best, coarse)


def value_of(game: Game, objective: Objective, weights: Array) -> float:
    """Return what a distribution over profiles `(profiles,)` brings; objective as in `bounds`."""
    above, below = _ratio(game, objective)
    return float(weights @ above / (1.0 if below is None else weights @ below))


def regret(game: Game, weights: Array, coarse: bool = False) -> float:
    """Return the most that a player would gain by not doing as told, `weights` `(profiles,)`.

    As an expectation before it is told: what it gains when told s, times the chance of that; coarse, by one
    strategy whatever it would be told. Never below zero.
    """
    layout = game.layout
    sizes = np.asarray(layout.sizes)[layout.role_of]
    told = weights[:, None] * layout.profiles / sizes
    gains = np.einsum("ps,pst->st", told, np.nan_to_num(game.pure_gains))
    gains = gains[layout.role_of[:, None] == layout.role_of].ravel() if not coarse else gains.sum(0)
    return float(max(gains.max(), 0.0))


def constraints(game: Game, coarse: bool = False) -> Array:
    """Return what must not be above zero, as rows by profile, `(constraints, profiles)`.

    In units of `game.spread`.
    """
    layout = game.layout
    gains = np.nan_to_num(game.pure_gains) * layout.profiles[:, :, None] / (game.spread or 1.0)
    if coarse:
        return np.ascontiguousarray(gains.sum(axis=1).T)
    s, t = np.nonzero(layout.role_of[:, None] == layout.role_of)
    s, t = s[s != t], t[s != t]
    return np.ascontiguousarray(gains[:, s, t].T)


def welfare(game: Game) -> Array:
    """Return the sum of all players' payoffs in each profile, `(profiles,)`."""
    found: Array = (game.layout.profiles * np.nan_to_num(game.payoffs)).sum(axis=1)
    return found


def _programme(rows: Array, cost: Array, per: Array) -> Array:
    """Return the distribution of least cost x / per x among those that meet rows x <= 0."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    cost, per = (each / (np.abs(each).max() or 1.0) for each in (cost, per))
    found = linprog(
        cost, csr_array(rows), np.zeros(len(rows)), per[None, :], [1.0],
        bounds=(0.0, None), method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )  # fmt: skip
    if found.x is None:
        raise AgentsimError(
            f"the linear programme was not solved ({found.message}); give payoffs of like size"
        )
    x = np.maximum(found.x, 0.0)
    weights: Array = x / x.sum()
    return weights


def _extreme(game: Game, weights: Array, above: Array, per: Array, coarse: bool) -> Extreme:
    """Return a solution with what it brings, held against the game's own gains."""
    left = regret(game, weights, coarse)
    if left > REGRET * game.spread:
        raise AgentsimError(
            f"the linear programme left a player {left:g} to gain; give payoffs of like size"
        )
    return Extreme(float(weights @ above / (weights @ per)), weights, left)


def _ratio(game: Game, objective: Objective) -> tuple[Array, Array | None]:
    """Return what is looked at by profile, and what it is divided by."""
    if isinstance(objective, str):
        return _by_profile(game, objective), None
    if isinstance(objective, np.ndarray):
        if objective.shape != (game.layout.count,) or not np.isfinite(objective).all():
            raise AgentsimError(
                f"the objective has shape {objective.shape}; give a finite number for each of the "
                f"{game.layout.count} profiles"
            )
        return objective.astype(np.float64), None
    if len(objective) != 2:
        raise AgentsimError(f"a ratio is of two things, and {len(objective)} are given; give two")
    above, below = objective
    return _by_profile(game, above), _by_profile(game, below)


def _by_profile(game: Game, name: Any) -> Array:
    if name in game.others:
        found: Array = game.others[name].mean(axis=1)
        return found
    if name == WELFARE:
        return welfare(game)
    raise unknown("objective", name, [WELFARE, *game.others])
