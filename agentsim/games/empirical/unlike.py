"""Unlike members: what it costs to count firms as interchangeable that are not.

A role's payoff is the mean over its members, each in every place that the seatings give it. What one of
them gains by s over t, as far as seatings tell, less what the role does is the error of a gain; what each
would gain by leaving an equilibrium is a regret of its own, and shows whether the profile is an
equilibrium of the firms too. The others of its role then sit as the seatings have it, and not in all
orders. Runs are those of all profiles, and what is told here are means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agentsim.games.empirical.payoffs import Conditioned
from agentsim.games.equilibria import Equilibrium
from agentsim.games.symmetry import exchangeable
from agentsim.laws.numerics import Array


@dataclass(frozen=True)
class Unlike:
    """How unlike the members of a role are, under one condition."""

    role: str
    largest: float
    """The largest error of a gain, in the unit of payoffs."""
    root_mean_square: float
    gains: float
    """Root mean square of the role's own gains, to set errors against."""
    scales: dict[str, float]
    """The multiple of the role's gains that fits each member's best; 1 if it is as the role."""
    chance: float
    """How often luck alone would set members as far apart in payoffs, where they follow the same in a
    profile, as the furthest of them are; NaN where one run tells nothing of luck."""

    @property
    def relative(self) -> float:
        """Errors over gains, root mean squares."""
        return self.root_mean_square / self.gains if self.gains > 0.0 else 0.0


def unlike(x: Conditioned) -> list[Unlike]:
    """Return how unlike the members of each role are whose players count as interchangeable."""
    game, found, first = x.game, [], 0
    if not np.isfinite(x.members).any():
        return []
    for at, role in enumerate(game.roles):
        count = len(role.players)
        if count > 1:
            own = slice(first, first + count)
            gains, of_role = _gains(x, at, own)
            there = np.isfinite(gains)
            errors = (gains - of_role[:, None])[there]
            scales = {
                player: _multiple(gains[:, j], of_role) for j, player in enumerate(role.players)
            }
            found.append(
                Unlike(
                    role.name, float(np.abs(errors).max(initial=0.0)), _size(errors),
                    _size(of_role), scales, _chance(x, role.name),
                )
            )  # fmt: skip
        first += count
    return found


def own_regrets(x: Conditioned, each: Equilibrium) -> dict[str, float]:
    """Return the most that each player would gain by leaving a pure equilibrium, where seatings tell."""
    if each.counts is None or not np.isfinite(x.members).any():
        return {}
    game, layout = x.game, x.game.layout
    p, players = layout.place(each.counts), game.players
    found: dict[str, float] = {}
    for s in np.flatnonzero(each.counts):
        for j in np.flatnonzero(np.isfinite(x.members[p, s])):
            part = layout.slice(int(layout.role_of[s]))
            after = [
                x.members[layout.moved[p, s, t], t, j]
                for t in range(part.start, part.stop)
                if t != s
            ]
            gain = np.nanmax(after) - x.members[p, s, j] if np.isfinite(after).any() else 0.0
            found[players[j]] = max(found.get(players[j], 0.0), float(gain))
    return found


def _gains(x: Conditioned, role: int, own: slice) -> tuple[Array, Array]:
    """Return gains by one strategy over another, `(moves, members)`, and the role's, `(moves,)`."""
    layout = x.game.layout
    part = layout.slice(role)
    p, s, t = np.nonzero(layout.moved[:, part, part] >= 0)
    s, t = s + part.start, t + part.start
    other = s < t  # either way round it is the same gain
    p, s, t = p[other], s[other], t[other]
    after = layout.moved[p, s, t]
    gains = x.members[after, t, own] - x.members[p, s, own]
    return gains, x.game.payoffs[after, t] - x.game.payoffs[p, s]


def _chance(x: Conditioned, role: str) -> float:
    errors = x.apart.get(role)
    if errors is None or errors.shape[1] < 2:
        return float("nan")
    return exchangeable(errors)


def _multiple(gains: Array, of_role: Array) -> float:
    there = np.isfinite(gains)
    squares = float((of_role[there] ** 2).sum())
    return float((gains[there] * of_role[there]).sum()) / squares if squares > 0.0 else float("nan")


def _size(x: Array) -> float:
    return float(np.sqrt(np.mean(np.square(x)))) if len(x) else 0.0
