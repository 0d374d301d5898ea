"""Symmetry tested: are players interchangeable, and what does it cost to take them for that?

A game of players one by one is made one of roles by averaging: what a strategy earns in a count profile
is the mean over all ways to tell members off to it, and over the members who follow the strategy. For
mixtures that are the same within a role, that is the mean over members of what each of them earns.

Members may be unlike in level (one firm is larger), which moves nobody's choice: only differences
between a player's own strategies do. Hence errors of levels and of differences are told apart,

    u_i(profile) - v(profile) = (mean of u_i - mean of v) + the rest,

u_i what member i earns, v what its role does, means over all profiles; and errors of gains, from one own
strategy to another with all others held fixed, are told besides.

That errors are more than noise is tested jointly: the largest of |mean error| / standard error, over
members and profiles, against that of resampled errors. Of members who are alike it says otherwise in
5% of cases or fewer; few, where errors are many, runs few and luck skewed. Source: Romano and Wolf (2005), Exact and
approximate stepdown methods for multiple hypothesis testing, Journal of the American Statistical
Association (the maximum of studentised statistics, resampled jointly).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from agentsim.errors import AgentsimError, check_known
from agentsim.games.game import Game
from agentsim.games.profiles import Counts, Layout, Role
from agentsim.games.studentised import resampled_t, standard_error
from agentsim.laws.numerics import Array

MOST_RESAMPLES = 500
"""Resamples of a test: a p-value is in steps of 1 / 501."""
BLOCK = 500
"""Errors that are resampled at a time: what is held in memory."""


@dataclass(frozen=True)
class Size:
    """How large errors are, in the unit of payoffs."""

    largest: float
    root_mean_square: float
    relative: float
    """The largest, as a share of how far the role's payoffs reach."""
    relative_root_mean_square: float

    @staticmethod
    def of(errors: Array, spread: float) -> Size:
        """Return the size of errors, against a spread of payoffs."""
        most, mean = float(np.abs(errors).max()), float(np.sqrt(np.mean(errors**2)))
        if spread == 0.0:
            return Size(most, mean, *(0.0 if each == 0.0 else np.inf for each in (most, mean)))
        return Size(most, mean, most / spread, mean / spread)


@dataclass(frozen=True, eq=False)
class RoleError:
    """How far what members earn is off what their role does.

    A player alone in its role may be off too, where it matters to it who of the others does what.
    """

    role: Role
    levels: Array
    """By how much each member's mean payoff is above its role's, `(members,)`; adds up to 0."""
    errors: Array
    """Own payoff less own mean, less the same of the role, `(members, profiles)`."""
    gains: Array
    """What a member gains by s over t, less what its role does, `(members, pairs and others' play)`."""
    scales: Array
    """The multiple of the role's gains that fits each member's best, `(members,)`: 1 if alike.

    Payoffs times a positive number leave a player's choices as they are: errors of gains that a scale
    explains change no pure equilibrium. NaN where the role gains nothing by anything.
    """
    spread: float
    """How far the role's payoffs reach."""
    by_run: Array
    """Own payoff less the role's, `(members, profiles, runs)`."""

    @cached_property
    def p_payoffs(self) -> float:
        """How often errors of payoffs as large as the largest come of luck alone; NaN without runs."""
        return exchangeable(self.by_run)

    @cached_property
    def p_differences(self) -> float:
        """The same of errors that levels are taken out of: is it more than levels that differs?"""
        return exchangeable(self.by_run - self.by_run.mean(axis=1, keepdims=True))

    @property
    def of_levels(self) -> Size:
        """How large errors of levels are."""
        return Size.of(self.levels, self.spread)

    @property
    def of_differences(self) -> Size:
        """How large errors of payoffs are, levels taken out."""
        return Size.of(self.errors, self.spread)

    @property
    def of_gains(self) -> Size:
        """How large errors of gains are."""
        return Size.of(self.gains, self.spread)


@dataclass(frozen=True, eq=False)
class SymmetryError:
    """What it costs to take players for interchangeable, by role."""

    roles: tuple[RoleError, ...]

    @property
    def largest_gain_error(self) -> float:
        """The largest error of any gain.

        A mixture that all members of a role follow has a regret in the game of players that is
        larger than that in the game of roles by this at most.
        """
        return max(each.of_gains.largest for each in self.roles)


def symmetrised(game: Game, roles: Mapping[str, Sequence[str]]) -> tuple[Game, SymmetryError]:
    """Return the game in which members of each role are interchangeable, and what that costs.

    game: players one by one, each a role of one. roles: the members of each role; every player once,
    with the same strategies. Raises AgentsimError, one line, where that is not so.
    """
    made, role_of, columns = _told_off(game, roles)
    layout, places = Layout.of(made), np.arange(game.layout.count)
    played = np.stack(
        [
            game.layout.profiles[:, game.layout.slice(at)].argmax(axis=1)
            for at in range(len(role_of))
        ]
    )
    runs = game.payoffs[:, :, None] if game.runs is None else game.runs
    start = np.array(game.layout.starts)[:, None]
    earned = runs[places, start + played]  # (players, profiles, runs)
    column = np.stack([own[x] for own, x in zip(columns, played, strict=True)])
    counts = np.zeros((len(places), layout.columns), np.int64)
    for each in column:
        counts[places, each] += 1
    place = np.array([layout.place(each) for each in counts])

    averaged = _averaged(earned, place, column, layout)
    ridden = np.bincount(place, minlength=layout.count)[:, None]
    others = {key: _added(x, place, layout.count) / ridden for key, x in game.others.items()}
    by_run = None if game.runs is None else averaged
    reduced = Game(made, averaged.mean(axis=-1), by_run, others, game.unit, game.name)
    found = []
    for at, role in enumerate(made):
        mine = np.flatnonzero(role_of == at)
        v = averaged[place, column[mine]]
        own = [np.argsort(columns[i]) for i in mine]
        shapes = [(int(i), order) for i, order in zip(mine, own, strict=True)]
        found.append(_error(role, earned[mine], v, shapes, game.layout.widths))
    return reduced, SymmetryError(tuple(found))


def _averaged(earned: Array, place: Counts, column: Counts, layout: Layout) -> Array:
    """Return the mean payoff of each count profile's strategies, `(profiles, columns, runs)`."""
    runs = earned.shape[-1]
    at = place * layout.columns + column
    cells = layout.count * layout.columns
    total = _added(earned.reshape(-1, runs), at.ravel(), cells)
    with np.errstate(invalid="ignore"):
        mean = total / np.bincount(at.ravel(), minlength=cells)[:, None]
    return mean.reshape(layout.count, layout.columns, runs)


def _added(x: Array, place: Counts, size: int) -> Array:
    """Return the rows of x added up by place, `(size, runs)`."""
    found = np.zeros((size, x.shape[1]))
    np.add.at(found, place, x)
    return found


def _error(role: Role, earned: Array, v: Array, own: list[tuple[int, Counts]],
           widths: tuple[int, ...]) -> RoleError:  # fmt: skip
    """Return what the role costs its members.

    earned, v: what each member and what its role earns, `(members, profiles, runs)`; own: which player
    each is, and its strategies in the order of the role's.
    """
    raw = earned - v
    by_profile = raw.mean(axis=-1)
    levels = by_profile.mean(axis=1)
    of_members = [_gains(x, *each, widths) for x, each in zip(by_profile, own, strict=True)]
    of_role = [_gains(x, *each, widths) for x, each in zip(v.mean(axis=-1), own, strict=True)]
    gains, role_gains = np.stack(of_members), np.stack(of_role)
    with np.errstate(invalid="ignore"):
        scales = 1.0 + (gains * role_gains).sum(axis=1) / (role_gains**2).sum(axis=1)
    spread = float(np.ptp(v.mean(axis=-1)))
    errors = by_profile - levels[:, None]
    return RoleError(role, levels, errors, gains, scales, spread, raw)


def _gains(x: Array, player: int, order: Counts, widths: tuple[int, ...]) -> Array:
    """Return x at one own strategy less x at another, all else held fixed, `(pairs x others' play,)`."""
    by_own = np.moveaxis(x.reshape(widths), player, 0)[order].reshape(len(order), -1)
    pairs = list(combinations(range(len(order)), 2))
    return np.concatenate([by_own[s] - by_own[t] for s, t in pairs])


def exchangeable(errors: Array) -> float:
    """Return how often mean errors as large as the largest, in standard errors, come of luck alone.

    errors: `(..., runs)`, runs without a value in one of them left out. One that does not vary and is
    not zero, as no luck can explain it, gives 0. Returns NaN for fewer than two runs.
    """
    x = errors.reshape(-1, errors.shape[-1]).T
    x = x[np.isfinite(x).all(axis=1)]
    if len(x) < 2:
        return float("nan")
    mean, s = x.mean(axis=0), standard_error(x)
    scale = float(np.abs(x).max())
    if ((s == 0.0) & (np.abs(mean) > 1e-12 * scale)).any():
        return 0.0
    x, found = x[:, s > 0.0], 0.0
    if not x.shape[1]:
        return 1.0
    found = float((np.abs(mean[s > 0.0]) / s[s > 0.0]).max())
    most = np.zeros(MOST_RESAMPLES)
    for first in range(0, x.shape[1], BLOCK):
        t = resampled_t(x[:, first : first + BLOCK], MOST_RESAMPLES)
        most = np.maximum(most, np.abs(t).max(axis=1))
    return float((1 + np.sum(most >= found)) / (1 + MOST_RESAMPLES))


def _told_off(
    game: Game, roles: Mapping[str, Sequence[str]]
) -> tuple[tuple[Role, ...], Counts, list[Counts]]:
    """Return the roles, which of them each player has, and the new column of each own strategy."""
    told = _members(game, roles)
    strategies = {role.players[0]: role.strategies for role in game.roles}
    made: list[Role] = []
    columns: dict[str, Counts] = {}
    for name, members in roles.items():
        start = sum(len(role.strategies) for role in made)
        made.append(Role(name, tuple(members), strategies[members[0]] if members else ()))
        for player in members:
            if set(strategies[player]) != set(made[-1].strategies):
                raise AgentsimError(
                    f"{player} of {name} has the strategies {', '.join(strategies[player])}, and "
                    f"{members[0]} {', '.join(made[-1].strategies)}; give members the same ones"
                )
            columns[player] = np.array(
                [start + made[-1].strategies.index(each) for each in strategies[player]]
            )
    role_of = np.array([list(roles).index(told[player]) for player in game.players])
    return tuple(made), role_of, [columns[player] for player in game.players]


def _members(game: Game, roles: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the role of each player; refuse one that is in none, or in two."""
    large = [role.name for role in game.roles if len(role.players) > 1]
    if large:
        raise AgentsimError(
            f"players of {large[0]} are interchangeable in this game already; give a game of players "
            "one by one"
        )
    told: dict[str, str] = {}
    for name, members in roles.items():
        if isinstance(members, str):
            raise AgentsimError(f"members of {name} = {members!r}; give a list of players")
        for player in members:
            check_known("player", player, game.players)
            if player in told:
                raise AgentsimError(f"{player} is in {told[player]} and in {name}; name it once")
            told[player] = name
    missing = [player for player in game.players if player not in told]
    if missing:
        raise AgentsimError(f"no role has {', '.join(missing)}; name all players")
    return told
