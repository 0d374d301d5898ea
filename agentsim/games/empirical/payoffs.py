"""Payoffs: the results of a game's batch read as a game for each condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.games.empirical.design import Cell, EmpiricalGame
from agentsim.games.empirical.objectives import outcomes_of, payoff, unit_of
from agentsim.games.game import Game
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    from agentsim.batch.results import Results

Objective = Callable[[str, Mapping[str, Array]], Array]
"""What a player earns, from its name and outcomes by name `(cells, runs)`: in the same shape."""


@dataclass(frozen=True, eq=False)
class Conditioned:
    """The game under one condition."""

    condition: dict[str, Any]
    """The level of each factor by name."""
    game: Game
    members: Array
    """Mean payoffs of each player where it follows a strategy, `(profiles, columns, players)`; NaN
    where no seating has it do so."""
    apart: dict[str, Array] = field(default_factory=dict)
    """What members earn less what those do who follow the same in a profile, by role, `(rows, runs)`."""
    references: dict[str, dict[str, Array]] = field(default_factory=dict)
    """What came of lineups that equilibria are set against: by name and outcome, `(runs,)`."""

    @property
    def words(self) -> str:
        """The condition in words; empty where nothing is varied."""
        return words_of(self.condition)


@dataclass(frozen=True, eq=False)
class Payoffs:
    """What a batch tells of a game: payoffs of some profiles, under conditions, run by run."""

    asked: EmpiricalGame
    cells: list[Cell]
    by_player: Array
    """`(cells, players, runs)`; NaN where a run failed."""
    others: dict[str, Array]
    """What else came of them, `(cells, runs)` each."""
    references: dict[str, dict[str, Array]] = field(default_factory=dict)
    """What came of other lineups, by name and outcome, `(conditions, runs)`."""

    @property
    def runs(self) -> int:
        """How many runs a cell has."""
        return int(self.by_player.shape[-1])

    @cached_property
    def sound(self) -> Any:
        """Which runs came through in all cells, `(runs,)`: the others are left out everywhere."""
        sound = np.isfinite(self.by_player).all(axis=(0, 1))
        for told in self.references.values():
            sound &= np.isfinite(told["total_surplus"]).all(axis=0)
        return sound


def words_of(condition: Mapping[str, Any]) -> str:
    """Return a condition in words."""
    return ", ".join(
        f"{name} = {level if isinstance(level, str) else format(level, 'g')}"
        for name, level in condition.items()
    )


def payoffs_of(
    asked: EmpiricalGame,
    results: Results,
    rows: Sequence[tuple[int, int]] | None = None,
    objective: Objective | None = None,
) -> Payoffs:
    """Return the payoffs in the results of a game's batch.

    rows: the profiles and conditions that it ran, where these are not all.
    objective: what players earn, instead of what the file says.
    Raises AgentsimError, one line, for results of another experiment.
    """
    cells = asked.cells(rows)
    place = _places(asked, results, cells)
    outcomes = {name: each[place] for name, each in _by_cell(results, asked.kept).items()}
    found = []
    for role in asked.roles:
        for player in role.players:
            if objective is not None:
                found.append(np.asarray(objective(player, outcomes), dtype=np.float64))
            else:
                found.append(payoff(asked.objective(role.name), asked.seats[player], outcomes))
    own = {n for r in asked.roles for p in r.players for n in outcomes_of("value", asked.seats[p])}
    others = {name: each for name, each in outcomes.items() if name not in own}
    return Payoffs(asked, cells, np.stack(found, axis=1), others)


def references_of(asked: EmpiricalGame, results: Results) -> dict[str, dict[str, Array]]:
    """Return what came of the references in their batch, by name and outcome, `(conditions, runs)`."""
    count = len(asked.every_condition)
    source = results.cells["runs_of"].to_numpy(np.int64)
    own = {int(cell): at for at, cell in enumerate(sorted(set(source.tolist())))}
    place = np.array([own[int(each)] for each in source])
    outcomes = {
        name: each[place]
        for name, each in _by_cell(results, asked.kept).items()
        if not name.startswith("value.")
    }
    return {
        name: {of: x[at * count : (at + 1) * count] for of, x in outcomes.items()}
        for at, name in enumerate(asked.references)
    }


def games_of(x: Payoffs) -> list[Conditioned]:
    """Return the game of each condition, of the runs that came through in all cells.

    Raises AgentsimError, one line, if there are none.
    """
    if not x.sound.any():
        raise AgentsimError(_hopeless(x))
    return [_game(x, at) for at in range(len(x.asked.every_condition))]


@dataclass(frozen=True, eq=False)
class Tabled:
    """Payoffs under one condition by profile that was simulated, means over seatings.

    NaN where nothing was run.
    """

    payoffs: Array
    """`(profiles, columns, runs)`."""
    others: dict[str, Array]
    """`(profiles, runs)` each."""
    members: Array
    """Means over runs, `(profiles, columns, players)`."""
    apart: dict[str, Array]
    """By role whose players are alike: what a member earns less what all of those do who follow the same
    in the profile, `(profiles and members, runs)`. By luck alone, if they are alike indeed."""


def tabled(x: Payoffs, condition: int) -> Tabled:
    """Return the payoffs under a condition, of the runs that came through in all cells."""
    asked, layout, profiles, sound = x.asked, x.asked.layout, x.asked.simulated, x.sound
    column = [layout.starts[at] for at, role in enumerate(asked.roles) for _ in role.players]
    payoffs = np.zeros((*profiles.shape, int(sound.sum())))
    others = {name: np.zeros((len(profiles), payoffs.shape[-1])) for name in x.others}
    weights = np.zeros((*profiles.shape, len(column)))
    own: dict[tuple[int, int, int], Array] = {}
    there = np.zeros(len(profiles), dtype=bool)
    for row, cell in enumerate(x.cells):
        if cell.condition != condition:
            continue
        share, p = cell.seating.weight, cell.profile
        there[p] = True
        earned = x.by_player[row][:, sound]
        for player, chosen in enumerate(cell.seating.chosen):
            at = column[player] + chosen
            payoffs[p, at] += share / profiles[p, at] * earned[player]
            weights[p, at, player] += share
            own[p, at, player] = own.get((p, at, player), 0.0) + share * earned[player]
        for name, each in x.others.items():
            others[name][p] += share * each[row][sound]
    payoffs[(profiles == 0) | ~there[:, None]] = np.nan
    for each in others.values():
        each[~there] = np.nan
    members = np.full(weights.shape, np.nan)
    for key, each in own.items():
        members[key] = (each / weights[key]).mean()
    return Tabled(payoffs, others, members, _apart(asked, own, weights))


def _apart(
    asked: EmpiricalGame, own: dict[tuple[int, int, int], Array], weights: Array
) -> dict[str, Array]:
    """Return what members earn less what those do who follow the same, by role whose players are alike."""
    together: dict[tuple[int, int], list[Array]] = {}
    for (p, at, player), each in own.items():
        together.setdefault((p, at), []).append(each / weights[p, at, player])
    found: dict[str, list[Array]] = {}
    for (_, at), told in together.items():
        role = asked.roles[int(asked.layout.role_of[at])]
        if len(told) > 1:
            rows = np.stack(told)
            found.setdefault(role.name, []).append(rows - rows.mean(axis=0))
    return {name: np.concatenate(each) for name, each in found.items()}


def in_game(asked: EmpiricalGame, payoffs: Array) -> Array:
    """Return payoffs of profiles that were simulated as those of the game that is solved, by run."""
    if asked.reduction is None:
        return payoffs
    runs = asked.reduction.game(payoffs).runs
    assert runs is not None
    return runs


def _game(x: Payoffs, condition: int) -> Conditioned:
    asked, found = x.asked, tabled(x, condition)
    levels = asked.every_condition[condition]
    units = {unit_of(asked.objective(role.name)) for role in asked.roles}
    unit, name = units.pop() if len(units) == 1 else "", words_of(levels)
    ends = {
        end: {of: each[condition][x.sound] for of, each in told.items()}
        for end, told in x.references.items()
    }
    if asked.reduction is not None:
        game = asked.reduction.game(found.payoffs, found.others, name, unit)
        nobody = np.full((*game.payoffs.shape, len(game.players)), np.nan)
        return Conditioned(
            levels, game, nobody, {}, ends
        )  # who stands for whom cannot be told apart
    runs = found.payoffs if x.runs > 1 else None
    pairs = {
        role.name: asked.mild_and_fierce(role) for role in asked.roles if asked.names_pair(role)
    }
    game = Game(asked.roles, found.payoffs.mean(axis=-1), runs, found.others, unit, name, pairs)
    return Conditioned(levels, game, found.members, found.apart, ends)


def _places(asked: EmpiricalGame, results: Results, cells: list[Cell]) -> Any:
    """Return where the runs of each cell are among those simulated."""
    table = results.cells
    firms = [firm for player in asked.everyone for firm in asked.seats[player]]
    names = [*(f"lineup.{firm}" for firm in firms), *asked.conditions]
    missing = [name for name in names if name not in table.columns]
    if missing or len(table) != len(cells):
        raise AgentsimError(
            f"{results.folder} holds results of another experiment than the game {asked.name}; "
            "give the folder that `agentsim game` wrote"
        )
    known = {key: at for at, key in enumerate(zip(*(table[name].tolist() for name in names),
                                                  strict=True))}  # fmt: skip
    source = table["runs_of"].to_numpy(np.int64)
    own = {int(cell): at for at, cell in enumerate(sorted(set(source.tolist())))}
    found = []
    for cell in cells:
        lineup, levels = asked.lineup_of(cell.seating), asked.every_condition[cell.condition]
        key = (*(lineup[firm] for firm in firms), *levels.values())
        found.append(own[int(source[known[key]])])
    return np.array(found, np.int64)


def _by_cell(results: Results, names: Sequence[str]) -> dict[str, Array]:
    """Return outcomes by name, `(cells simulated, runs)` each."""
    columns = ", ".join(f'"{name}"' for name in names)
    table = results.sql(f"select run, {columns} from outcomes order by cell, run")
    runs = int(table["run"].max()) + 1
    return {name: table[name].to_numpy(np.float64).reshape(-1, runs) for name in names}


def _hopeless(x: Payoffs) -> str:
    """Return the line that says where runs failed, where none came through everywhere."""
    failed = ~np.isfinite(x.by_player).all(axis=1)
    worst = int(failed.sum(axis=1).argmax())
    cell = x.cells[worst]
    lineup = ", ".join(f"{k} {v}" for k, v in x.asked.lineup_of(cell.seating).items())
    return (
        f"no run came through in every profile; most failed ({int(failed[worst].sum())} of {x.runs}) "
        f"with {lineup}: see the column status of outcomes/, and take that strategy out"
    )
