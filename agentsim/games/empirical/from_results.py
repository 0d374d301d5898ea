"""Games from the results of any batch: whoever's strategy was varied is a player.

Results that `agentsim game` wrote are read as that game. Of any other batch each factor `lineup.WHO` is a
player that has its levels as strategies, unless the condition names one of them: a firm with its own
value, or a role, whose firms all follow one posture, with the value of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.errors import AgentsimError, shown
from agentsim.games.empirical.payoffs import words_of
from agentsim.games.empirical.playing import DESIGN, opened
from agentsim.games.game import Game
from agentsim.games.profiles import Layout, Role
from agentsim.games.tables import by_profile
from agentsim.laws.numerics import Array
from agentsim.parameters import ROLES

if TYPE_CHECKING:
    from agentsim.batch.results import Results

LINEUP = "lineup."


def game_from(results: Results | str | Path, condition: Mapping[str, Any] | None = None) -> Game:
    """Return the game of some results, under a condition: levels by the name of their factor.

    Raises AgentsimError, one line, where the condition leaves several games, or no strategies vary.
    """
    from agentsim.batch.results import Results

    found = Results.open(results) if isinstance(results, (str, Path)) else results
    given = dict(condition or {})
    if (found.folder / DESIGN).exists():
        return _played(found.folder, given)
    return _of_lineups(found, given)


def _played(folder: Path, condition: dict[str, Any]) -> Game:
    games = [
        each.game for each in opened(folder).conditions
        if all(each.condition.get(name) == level for name, level in condition.items())
    ]  # fmt: skip
    if len(games) != 1:
        raise AgentsimError(
            f"condition = {shown(condition)} leaves {len(games)} games of {folder}; "
            "name a level for each factor, as in condition={'demand_elasticity': 1.1}"
        )
    return games[0]


def _of_lineups(results: Results, condition: dict[str, Any]) -> Game:
    table = results.cells
    table = table[table["kind"] == "main"]
    varied = [name for name in results.factors if table[name].nunique() > 1]
    players = [
        name for name in varied
        if name.startswith(LINEUP) and name.count(".") == 1 and name not in condition
    ]  # fmt: skip
    if len(players) < 2:
        raise AgentsimError(
            f"{results.folder} leaves {len(players)} with a choice of strategies; a game has two or more: "
            "give factors lineup.WHO for each, or play a game with `agentsim game`"
        )
    open_ = [name for name in varied if name not in players and name not in condition]
    if open_:
        raise AgentsimError(
            f"{open_[0]} is varied as well; name its level, as in condition={{{open_[0]!r}: "
            f"{table[open_[0]].iloc[0]!r}}}"
        )
    strategies = [tuple(dict.fromkeys(map(str, table[name].tolist()))) for name in players]
    names = [each.removeprefix(LINEUP) for each in players]
    roles = tuple(Role(who, (who,), each) for who, each in zip(names, strategies, strict=True))
    layout = Layout.of(roles)
    payoffs = [f"{who}_value" if who in ROLES else f"value.{who}" for who in names]
    rows = results.runs(None, kind="main", **condition)
    place = np.zeros(len(rows), np.int64)
    for name, known in zip(players, strategies, strict=True):
        number = {each: at for at, each in enumerate(known)}
        place = place * len(known) + rows[name].map(number).to_numpy(np.int64)
    runs = int(rows["run"].max()) + 1
    by_run = {
        name: _filled(rows[name], place, rows["run"], layout, runs) for name in results.outcomes
    }
    missing = [each for each in payoffs if each not in by_run]
    if missing:
        raise AgentsimError(
            f"{results.folder} did not keep {missing[0]}; add it to outcomes and run again"
        )
    sound = np.isfinite([by_run[each] for each in payoffs]).all(axis=(0, 1))
    if not sound.any():
        if not results.complete:
            raise AgentsimError(
                f"{results.folder} is not complete; give the same command again to go on"
            )
        raise AgentsimError(
            f"{results.folder}: profiles are missing or failed in every run; "
            "give main cells for all combinations of strategies"
        )
    own = by_profile(np.stack([by_run[each][:, sound] for each in payoffs]), layout)
    others = {name: x[:, sound] for name, x in by_run.items()}
    return Game(roles, own.mean(axis=-1), own if own.shape[-1] > 1 else None, others, "$bn",
                words_of(condition))  # fmt: skip


def _filled(x: Any, place: Any, run: Any, layout: Layout, runs: int) -> Array:
    found = np.full((layout.count, runs), np.nan)
    found[place, run.to_numpy(np.int64)] = x.to_numpy(np.float64)
    return found
