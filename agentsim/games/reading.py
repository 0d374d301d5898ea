"""Reading a profile as people write it: strategies in a list, a dict by player or role, probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.errors import AgentsimError, check_known, shown, unknown
from agentsim.games.profiles import Counts
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.games.game import Game

SLACK = 1e-6
"""What probabilities may fail to add up to one by; they are scaled."""


def read(game: Game, profile: Any) -> tuple[Counts | None, Array | None]:
    """Return a profile as counts, or as a mixture, as `Game.read` says."""
    if isinstance(profile, Mapping):
        return _by_name(game, profile)
    if isinstance(profile, np.ndarray) and profile.dtype.kind in "fiu":
        return _by_column(game, profile)
    if isinstance(profile, str) or not isinstance(profile, Sequence):
        raise AgentsimError(
            f"profile = {shown(profile)} is none; give a strategy for each player, in a list, or a dict"
        )
    if profile and not any(isinstance(each, (str, Mapping)) for each in profile):
        return _by_column(game, np.asarray(profile, dtype=np.float64))
    if len(profile) != len(game.players):
        raise AgentsimError(
            f"profile = {shown(profile)} has {len(profile)} strategies; "
            f"give {len(game.players)}: {', '.join(game.players)}"
        )
    return _by_name(game, dict(zip(game.players, profile, strict=True)))


def _by_name(game: Game, given: Mapping[Any, Any]) -> tuple[Counts | None, Array | None]:
    roles = {role.name: role.players for role in game.roles}
    played: dict[str, Any] = {}
    for name, what in given.items():
        if name not in roles and name not in game.players:
            raise unknown("player", name, [*roles, *game.players])
        played |= dict.fromkeys(roles.get(name, (name,)), what)
    for name, what in played.items():
        if not isinstance(what, (str, Mapping)):
            raise AgentsimError(
                f"profile: {name} = {shown(what)} is no strategy; give its name, or a dict of probabilities"
            )
    missing = [each for each in game.players if each not in played]
    if missing:
        raise AgentsimError(f"the profile says nothing of {', '.join(missing)}; name all players")
    if all(isinstance(each, str) for each in played.values()):
        counts = np.zeros(game.layout.columns, np.int64)
        for at, role in enumerate(game.roles):
            for player in role.players:
                check_known(f"strategy of {player}", played[player], role.strategies)
                counts[game.layout.starts[at] + role.strategies.index(played[player])] += 1
        return counts, None
    return None, np.concatenate([_mixed(role.name, role.strategies, [played[p] for p in role.players])
                                 for role in game.roles])  # fmt: skip


def _mixed(role: str, strategies: tuple[str, ...], given: list[Any]) -> Array:
    """Return the distribution that all players of a role follow."""
    if any(each != given[0] for each in given):
        raise AgentsimError(
            f"players of {role} mix differently; they are interchangeable: give one mixture for {role}"
        )
    x = np.zeros(len(strategies))
    chosen = {given[0]: 1.0} if isinstance(given[0], str) else dict(given[0])
    for strategy, probability in chosen.items():
        check_known(f"strategy of {role}", strategy, strategies)
        x[strategies.index(strategy)] = probability
    return _distribution(role, x)


def _by_column(game: Game, given: Any) -> tuple[Counts | None, Array | None]:
    layout = game.layout
    if given.shape != (layout.columns,):
        raise AgentsimError(
            f"profile has shape {given.shape}; give {layout.columns} numbers: {', '.join(game.columns)}"
        )
    if given.dtype.kind in "iu":
        sums = [int(given[layout.slice(at)].sum()) for at in range(len(layout.sizes))]
        if tuple(sums) != layout.sizes or (given < 0).any():
            raise AgentsimError(
                f"profile = {shown(given.tolist())} counts {sums} players; give {list(layout.sizes)}"
            )
        return given.astype(np.int64), None
    parts = [
        _distribution(role.name, given[layout.slice(at)]) for at, role in enumerate(game.roles)
    ]
    return None, np.concatenate(parts)


def _distribution(role: str, x: Array) -> Array:
    total = float(x.sum())
    if not (np.isfinite(x).all() and (x >= 0.0).all() and abs(total - 1.0) <= SLACK):
        raise AgentsimError(
            f"probabilities of {role} = {shown(x.tolist())} add up to {total:g}; "
            "give none below 0, adding up to 1"
        )
    return x / total
