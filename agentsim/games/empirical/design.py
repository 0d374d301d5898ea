"""Design of a game: who plays, what each may follow, under which conditions; as a file.

    >>> game = EmpiricalGame.read("escalator_game")
    >>> game.layout.count
    350

The experiment that it makes is one as any other: a cell is a profile, a seating and a condition. All
cells share their luck, so that run i of any two of them differs by what is done and by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Self

from pydantic import model_validator

from agentsim.batch.complaints import Level, check_distinct
from agentsim.batch.design import (
    GAME,
    PLAIN,
    Experiment,
    read_as,
)
from agentsim.errors import AgentsimError, check_known, shown, unknown
from agentsim.games.empirical.averaging import averaged
from agentsim.games.empirical.game_file import MOST_RUNS, GameFile, Sampling
from agentsim.games.empirical.objectives import outcomes_of
from agentsim.games.empirical.seating import Seating, seatings
from agentsim.games.profiles import Counts, Layout, Role
from agentsim.games.reduction import Reduction, reduction
from agentsim.scenario import Scenario
from agentsim.strategy.registry import add_strategies, parse

PROFILE = "profile"
"""What the linked factors of an experiment that are the lineup are called."""

LAYERS = (
    "customer_surplus", "hyperscaler_value", "chip_vendor_value", "memory_maker_value",
    "lender_value",
)  # fmt: skip
KEPT = (*LAYERS, "total_surplus", "revenue", "resource_cost", "rent_dissipation", "hhi", "capex",
        "defaults", "lender_losses", "chip_margin", "memory_margin")  # fmt: skip
"""What is kept of every profile beside payoffs."""


@dataclass(frozen=True)
class Cell:
    """A profile as some seating has it, under a condition; places of the last two."""

    profile: int
    seating: Seating
    condition: int


class EmpiricalGame(GameFile):
    """Who plays what under which conditions, and the experiment that tells what comes of it."""

    @staticmethod
    def read(given: str | Path) -> EmpiricalGame:
        """Return the game of a file, or one that is shipped, by its name.

        Raises AgentsimError: one line with the file, the field, the value and the remedy.
        """
        return read_as(given, GAME, EmpiricalGame)

    def changed(
        self, runs: int | None = None, settings: Mapping[str, Level] | None = None
    ) -> EmpiricalGame:
        """Return a copy with other runs and settings by dotted name, as the command line gives them.

        Raises AgentsimError, one line.
        """
        tables = self.model_dump()
        if runs is not None:
            tables["runs"] = runs
        for name, value in (settings or {}).items():
            head, _, rest = name.partition(".")
            if name in (*PLAIN, "seatings", "payoff", "epsilon", "averaged"):
                tables[name] = value
            elif name in EmpiricalGame.model_fields:
                what = "the name of results" if name == "name" else "no single value"
                remedy = ", or give --out" if name == "name" else ""
                raise AgentsimError(f"{name} is {what}; change it in the game's file{remedy}")
            elif head == "sampling":
                check_known("sampling:", rest, Sampling.model_fields)
                tables["sampling"][rest] = value
            elif name in tables["conditions"]:
                tables["conditions"][name] = [value]
            elif head == "lineup" and name.count(".") == 1:
                tables["lineup"][rest] = value
            else:
                tables["set"][name] = value
        return EmpiricalGame(**tables)

    def __eq__(self, other: object) -> bool:
        """Say whether both ask the same: what is worked out from that, arrays too, has no part in it."""
        return isinstance(other, EmpiricalGame) and self.model_dump() == other.model_dump()

    # What is equal by its tables, which are dicts, has no hash.
    __hash__ = None  # type: ignore[assignment]

    # Who plays

    @cached_property
    def firms_of(self) -> dict[str, tuple[str, ...]]:
        """The firms of each table of players."""
        known = Scenario.load(self.scenario).firms
        everyone = {firm: role for role, firms in known.items() for firm in firms}
        found = {}
        for name, table in self.players.items():
            firms: list[str] = []
            for each in table.firms or [name]:
                if each not in known and each not in everyone:
                    raise unknown(f"players.{name}: firm", each, [*known, *everyone])
                firms += known.get(each, (each,))
            if len({everyone[firm] for firm in firms}) > 1:
                raise AgentsimError(
                    f"players.{name}: firms = {shown(firms)} are of several roles; "
                    "give each role a table of its own"
                )
            check_distinct(f"players.{name}: firms", firms)
            found[name] = tuple(firms)
        return found

    @cached_property
    def market_role(self) -> dict[str, str]:
        """What each table of players is in the market: hyperscaler, say."""
        known = Scenario.load(self.scenario).firms
        return {
            name: next(role for role, each in known.items() if firms[0] in each)
            for name, firms in self.firms_of.items()
        }

    @cached_property
    def seats(self) -> dict[str, tuple[str, ...]]:
        """The firms of every player, in the order of the roles' players."""
        found: dict[str, tuple[str, ...]] = {}
        for name, firms in self.firms_of.items():
            if self.players[name].play == "together":
                found[name] = firms
            else:
                found |= {firm: (firm,) for firm in firms}
        return found

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """The roles of the game: players apart are a role each."""
        return tuple(role for name in self.players for role in self._roles_of(name))

    @cached_property
    def table_of(self) -> dict[str, str]:
        """The table that each role of the game comes from."""
        return {role.name: name for name in self.players for role in self._roles_of(name)}

    def _roles_of(self, name: str) -> list[Role]:
        table, firms = self.players[name], self.firms_of[name]
        strategies = tuple(table.strategies)
        match table.play:
            case "together":
                return [Role(name, (name,), strategies)]
            case "alike" if len(firms) > 1:
                return [Role(name, firms, strategies)]
            case _:
                return [Role(firm, (firm,), strategies) for firm in firms]

    @cached_property
    def reduction(self) -> Reduction | None:
        """How few players stand for many; None where each stands for itself."""
        players = {role.name: self.players[self.table_of[role.name]].reduced for role in self.roles}
        if not any(players.values()):
            return None
        return reduction(self.roles, {name: each for name, each in players.items() if each})

    @cached_property
    def layout(self) -> Layout:
        """The profiles of the game that is solved."""
        return Layout.of(self.roles) if self.reduction is None else self.reduction.layout

    @cached_property
    def simulated(self) -> Counts:
        """The profiles that are simulated, `(profiles, columns)`, of all players."""
        return self.layout.profiles if self.reduction is None else self.reduction.profiles

    def mild_and_fierce(self, role: Role) -> tuple[str, str]:
        """Return the strategies of a role between which the kind of game is told."""
        own = self.players[self.table_of[role.name]].dilemma or self.dilemma
        if own and set(own) <= set(role.strategies):
            return own[0], own[1]
        return role.strategies[0], role.strategies[-1]

    def names_pair(self, role: Role) -> bool:
        """Say whether the file names any mild and fierce strategy, or roles differ in what they may follow."""
        named = self.dilemma or any(table.dilemma for table in self.players.values())
        return bool(named) or len({each.strategies for each in self.roles}) > 1

    def _dilemmas(self) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yield each pair with where it stands, and what strategies it may name."""
        yield "", self.dilemma, [s for t in self.players.values() for s in t.strategies]
        for name, table in self.players.items():
            yield f"players.{name}: ", table.dilemma, table.strategies

    def objective(self, role: str) -> str:
        """Return what the players of a role are after."""
        return self.players[self.table_of[role]].payoff or self.payoff

    # What is run

    @cached_property
    def every_condition(self) -> list[dict[str, Level]]:
        """The conditions, in order, each a level by name; one that is empty where nothing is varied."""
        names = list(self.conditions)
        return [dict(zip(names, each, strict=True)) for each in product(*self.conditions.values())]

    @cached_property
    def everyone(self) -> tuple[str, ...]:
        """All players, role by role."""
        return tuple(player for role in self.roles for player in role.players)

    @cached_property
    def seated(self) -> list[list[Seating]]:
        """The seatings of every profile that is simulated."""
        return [seatings(counts, self.layout, self.seatings) for counts in self.simulated]

    def lineup_of(self, seating: Seating) -> dict[str, str]:
        """Return what every firm follows in a seating."""
        strategies = [role.strategies for role in self.roles for _ in role.players]
        told = zip(self.everyone, strategies, seating.chosen, strict=True)
        return {firm: known[at] for player, known, at in told for firm in self.seats[player]}

    @property
    def kept(self) -> list[str]:
        """The outcomes that are kept."""
        own = [
            name
            for role in self.roles
            for player in role.players
            for name in outcomes_of(self.objective(role.name), self.seats[player])
        ]
        values = [f"value.{firm}" for firms in self.seats.values() for firm in firms]
        return list(dict.fromkeys([*KEPT, *own, *values, *self.outcomes]))

    def experiment(
        self,
        rows: Sequence[tuple[int, int]] | None = None,
        runs: int | None = None,
        entropy: int | None = None,
    ) -> Experiment:
        """Return the experiment: profiles, seatings and conditions, all of them or those given.

        rows: places of profiles and of conditions that are run. runs, entropy: others than the file's.
        Raises AgentsimError: one line with the field, the value and the remedy.
        """
        return self._experiment(
            [(self.lineup_of(cell.seating), cell.condition) for cell in self.cells(rows)],
            self.runs if runs is None else runs,
            self.entropy if entropy is None else entropy,
        )

    def reference_experiment(self) -> Experiment:
        """Return the experiment of the references: with the luck that profiles meet, all conditions of one
        reference after the other.

        Raises AgentsimError: one line with the field, the value and the remedy.
        """
        firms = [firm for player in self.everyone for firm in self.seats[player]]
        role_of = {firm: r for name, r in self.market_role.items() for firm in self.firms_of[name]}
        rows = []
        for name, lineup in self.references.items():
            for firm in firms:
                if firm not in lineup and role_of[firm] not in lineup:
                    raise AgentsimError(
                        f"references.{name} says nothing of {firm}, who plays; "
                        f"name what it or all of {role_of[firm]} follow"
                    )
            followed = {firm: lineup.get(firm, lineup.get(role_of[firm], "")) for firm in firms}
            rows += [(followed, at) for at in range(len(self.every_condition))]
        return self._experiment(rows, self.runs, self.entropy)

    def _experiment(
        self, rows: Sequence[tuple[dict[str, str], int]], runs: int, entropy: int
    ) -> Experiment:
        """Return the experiment of lineups of those who play, each under a condition."""
        found: list[dict[str, Level]] = [
            {
                **{f"lineup.{firm}": each for firm, each in lineup.items()},
                **self.every_condition[condition],
            }
            for lineup, condition in rows
        ]
        linked = {name: [each[name] for each in found] for name in found[0]}
        settings = averaged(Scenario.load(self.scenario), self.averaged) if self.averaged else {}
        return Experiment(
            name=self.name, scenario=self.scenario, runs=runs, entropy=entropy,
            uncertainty=self.uncertainty,
            horizon=self.horizon, lineup=self.lineup, strategies=self.strategies,
            set={**settings, **self.set}, linked={PROFILE: linked}, luck="shared",
            shocks=self.shocks, outcomes=self.kept,
        )  # fmt: skip

    def cells(self, rows: Sequence[tuple[int, int]] | None = None) -> list[Cell]:
        """Return the cells of the experiment in order.

        Cells of a lineup stand together, so that a chunk, which has one lineup, holds all conditions.
        """
        if rows is None:
            rows = list(product(range(len(self.simulated)), range(len(self.every_condition))))
        by_profile: dict[int, list[int]] = {}
        for profile, condition in rows:
            by_profile.setdefault(profile, []).append(condition)
        return [
            Cell(profile, seating, condition)
            for profile, conditions in by_profile.items()
            for seating in self.seated[profile]
            for condition in conditions
        ]

    # What is refused

    @model_validator(mode="after")
    def _sound(self) -> Self:
        Experiment(
            name=self.name, runs=self.runs, entropy=self.entropy, uncertainty=self.uncertainty,
            horizon=self.horizon, shocks=self.shocks, outcomes=self.outcomes,
        )  # fmt: skip
        for path in self.strategies:
            add_strategies(path)
        for name, table in self.players.items():
            for each in table.strategies:
                parse(self.market_role[name], each)
        firms = [firm for each in self.firms_of.values() for firm in each]
        for firm in firms:
            if firms.count(firm) > 1:
                raise AgentsimError(f"players: {firm} is in two tables; take it out of one")
        for name, table in self.players.items():
            if table.play != "apart" and name in firms and name not in self.firms_of[name]:
                raise AgentsimError(
                    f"players.{name}: {name} is a firm that plays in another table; rename the table"
                )
        if len(self.seats) < 2:
            players = "player" if len(self.seats) == 1 else "players"
            raise AgentsimError(f"the game has {len(self.seats)} {players}; give two or more")
        for where, names in (("lineup", self.lineup), ("conditions", self.conditions)):
            for name in names:
                who = name.removeprefix("lineup.")
                if who in firms and (where == "lineup" or name == f"lineup.{who}"):
                    raise AgentsimError(f"{where}: {who} is a player of the game; take it out")
        for where, pair, known in self._dilemmas():
            if len(pair) not in (0, 2) or len(set(pair)) < len(pair):
                raise AgentsimError(
                    f"{where}dilemma = {shown(pair)} is no pair; give a mild and a fierce strategy"
                )
            for each in pair:
                check_known(f"{where}dilemma:", each, known)
        for role in self.roles:
            outcomes_of(self.objective(role.name), self.seats[role.players[0]])
        for name, table in self.players.items():
            if table.reduced and table.play != "alike":
                raise AgentsimError(
                    f"players.{name}: reduced = {table.reduced} is of players who are alike; "
                    'give play = "alike"'
                )
        total = len(self.simulated) * self.seatings * len(self.every_condition) * self.runs
        if total > MOST_RUNS:
            raise AgentsimError(
                f"the game takes {total:,} runs: {len(self.simulated):,} profiles, {self.seatings} "
                f"seatings, {len(self.every_condition)} conditions, {self.runs} runs each; at most "
                f"{MOST_RUNS:,} are taken on: give fewer runs or conditions, or let players be alike"
            )
        return self
