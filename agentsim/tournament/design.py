"""Design of a tournament: what is asked, as a file, and the experiment that it makes.

    >>> Tournament.read("tournament").experiment().deviations[0].firm
    'microsoft'

The experiment is one as any other: each firm that is a seat deviates, with each posture, from fields
in which all do the same and from mixed ones, which are drawn. A mixed field has luck of its own, so that
fields are independent draws; those in which all do the same share theirs. So postures in a seat are
compared run by run, and so are markets in which all follow one posture or another.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from agentsim.batch.complaints import Level, check_distinct, flattened, levels
from agentsim.batch.design import (
    PLAIN,
    TOURNAMENT,
    Experiment,
    read_as,
)
from agentsim.batch.design_tables import Deviation, Settings, Strategies, Table, Text, Whole
from agentsim.errors import AgentsimError, check_known, shown, unknown
from agentsim.parameters import ROLES
from agentsim.scenario import Scenario
from agentsim.strategy.registry import add_strategies, ids, parse

ALL = "all"
MIXED = "field"
"""What the name of a mixed field begins with."""
MOST_FIELDS = 10_000
MEASURED = ("customer_surplus", "customer_share", "total_surplus")
"""What is kept beside the values of seats, and of the role."""
SETTABLE = tuple(name for name in PLAIN if name not in ("luck", "series_runs", "series_type"))


class Population(Table):
    """How postures are taken to spread, once it is known what each of them earns."""

    size: Whole = 50
    """Players of the finite population."""
    strength: float = 1.0
    """How surely the better one is copied: log odds for a gain of one standard deviation of payoffs."""
    mutation: float = 0.001
    """Chance, each time that a player looks about, of taking a posture at random."""
    starts: Whole = 500
    """Mixes from which it starts."""
    generations: Whole = 400

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for name, low, high in (
            ("size", 2, 1000), ("strength", 0.0, 100.0), ("mutation", 0.0, 1.0),
            ("starts", 10, 10_000), ("generations", 1, 10_000),
        ):  # fmt: skip
            given = getattr(self, name)
            if not low <= given <= high:
                raise AgentsimError(
                    f"population.{name} = {given:g} is out of bounds; "
                    f"it must lie between {low:g} and {high:g}"
                )
        return self


class Tournament(Table):
    """Postures, seats and fields; what holds everywhere; and how often each is run."""

    name: Text
    scenario: Text = "2025Q4"
    role: Text = "hyperscaler"
    postures: list[Text] | Text
    """Strategies, or "all" of the role's."""
    without: list[Text] = Field(default_factory=list)
    """Strategies that are left out of "all"."""
    seats: list[Text] | Text | Whole = ALL
    """Firms in whose place postures are tried, "all" of the role's, or how many are drawn."""
    fields: Whole = 20
    """Mixed fields: what each firm follows is drawn from the postures."""
    runs: Whole = 32
    """Runs of each posture in each seat and field."""
    entropy: Whole = 0
    uncertainty: Text = "calibrated"
    horizon: Whole = 40
    lineup: Strategies = Field(default_factory=dict)
    strategies: list[Text] = Field(default_factory=list)
    """Files and folders with strategies beside the library's."""
    set: Settings = Field(default_factory=dict)
    conditions: dict[str, Any] = Field(default_factory=dict)
    """Factors whose levels are crossed: the tournament is held in each combination."""
    shocks: list[dict[str, Any]] = Field(default_factory=list)
    outcomes: list[Text] = Field(default_factory=list)
    """Those kept besides what the tables need."""
    population: Population = Field(default_factory=Population)

    @staticmethod
    def read(given: str | Path) -> Tournament:
        """Return the tournament of a file, or one that is shipped, by its name.

        Raises AgentsimError: one line with the file, the field, the value and the remedy.
        """
        return read_as(given, TOURNAMENT, Tournament)

    def changed(
        self, runs: int | None = None, settings: Mapping[str, Level] | None = None
    ) -> Tournament:
        """Return a copy with other runs and settings by dotted name, as the command line gives them.

        Raises AgentsimError, one line.
        """
        tables = self.model_dump()
        if runs is not None:
            tables["runs"] = runs
        if {"postures", "role"} & set(settings or {}):
            tables["without"] = []  # it was said of the file's own
        for name, value in (settings or {}).items():
            head, _, rest = name.partition(".")
            if name in (*SETTABLE, "fields", "role", "seats", "postures", "without"):
                tables[name] = value
            elif name in Tournament.model_fields:
                raise AgentsimError(
                    f"{name} is no single value; change it in the tournament's file"
                )
            elif name in tables["conditions"]:
                tables["conditions"][name] = [value]
            elif head == "population":
                check_known("population:", rest, Population.model_fields)
                tables["population"][rest] = value
            elif head == "lineup" and name.count(".") == 1:
                tables["lineup"][rest] = value
            else:
                tables["set"][name] = value
        return Tournament(**tables)

    @property
    def firms(self) -> tuple[str, ...]:
        """The firms of the role."""
        return tuple(Scenario.load(self.scenario).firms[self.role])

    @property
    def played(self) -> list[str]:
        """The postures: those named, or all of the role's that can be followed, without those left out."""
        if self.postures != ALL:
            return list(self.postures)
        return [id for id in self._every if _problem(self.role, id) is None]

    @property
    def left_out(self) -> list[str]:
        """Why strategies of the role take no part, where all are asked for: a line each."""
        if self.postures != ALL:
            return []
        problems = (_problem(self.role, id) for id in self._every)
        return [each for each in problems if each is not None]

    @property
    def _every(self) -> list[str]:
        """The role's strategies, without those that the file leaves out."""
        return [id for id in ids(self.role) if id not in self.without]

    @property
    def taken(self) -> list[str]:
        """The firms in whose place postures are tried."""
        firms = self.firms
        if self.seats == ALL:
            return list(firms)
        if isinstance(self.seats, int):
            drawn = _draws(self.entropy, "seats").permutation(len(firms))[: self.seats]
            return [firms[place] for place in sorted(drawn.tolist())]
        return list(self.seats)

    @property
    def mixed(self) -> dict[str, dict[str, str]]:
        """The mixed fields by name: what each firm follows, a posture drawn evenly from all.

        A field is the same however many there are.
        """
        postures, firms = self.played, self.firms
        digits = len(str(self.fields))
        found = {}
        for number in range(1, self.fields + 1):
            drawn = _draws(self.entropy, "fields", number).integers(0, len(postures), len(firms))
            found[f"{MIXED}_{number:0{digits}d}"] = {
                firm: postures[place] for firm, place in zip(firms, drawn.tolist(), strict=True)
            }
        return found

    @property
    def kept(self) -> list[str]:
        """The outcomes that are kept."""
        values = [f"value.{seat}" for seat in self.taken]
        return list(dict.fromkeys([*MEASURED, *values, *self.outcomes]))

    def check_by(self, by: str) -> None:
        """Refuse to rank by an outcome that is not kept. Raises AgentsimError, one line."""
        if by != "value" and by not in self.kept:
            remedy = "name others in outcomes of the tournament's file"
            raise unknown("--by", by, ["value", *self.kept], remedy)

    def experiment(self) -> Experiment:
        """Return the experiment: a batch as any other, of which the tables are made.

        Raises AgentsimError: one line with the field, the value and the remedy.
        """
        postures, seats, mixed = self.played, self.taken, self.mixed
        others = [*postures, *mixed]
        return Experiment(
            name=self.name, scenario=self.scenario, runs=self.runs, entropy=self.entropy,
            uncertainty=self.uncertainty, horizon=self.horizon, lineup=self.lineup, set=self.set,
            strategies=self.strategies,
            factors=self.conditions, shocks=self.shocks, lineups=mixed, luck="lineups",
            outcomes=self.kept,
            deviations=[Deviation(firm=seat, own=postures, others=others) for seat in seats],
        )  # fmt: skip

    @field_validator("scenario")
    @classmethod
    def _scenario(cls, given: str) -> str:
        Scenario.load(given)
        return given

    @field_validator("role")
    @classmethod
    def _role(cls, given: str) -> str:
        check_known("role", given, ROLES)
        return given

    @field_validator("fields")
    @classmethod
    def _fields(cls, given: int) -> int:
        if not 2 <= given <= MOST_FIELDS:
            raise AgentsimError(
                f"fields = {given} is out of bounds; it must lie between 2 and {MOST_FIELDS}, "
                "as intervals are over fields"
            )
        return given

    @field_validator("conditions", mode="before")
    @classmethod
    def _conditions(cls, given: Any) -> Any:
        return {name: levels(name, each) for name, each in flattened("conditions", given).items()}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for path in self.strategies:
            add_strategies(path)
        firms = self.firms
        if len(firms) < 2:
            raise AgentsimError(f"role = {self.role} has {len(firms)} firm; give one with rivals")
        self._check_postures()
        self._check_seats(firms)
        for where, names in (("lineup", self.lineup), ("conditions", self.conditions)):
            for name in names:
                who = name.removeprefix("lineup.") if where == "conditions" else name
                if who.partition(".")[0] in (self.role, *firms) and (
                    where == "lineup" or name.startswith("lineup.")
                ):
                    raise AgentsimError(
                        f"{where}: {who} is of the role whose postures compete; take it out"
                    )
        return self

    def _check_postures(self) -> None:
        if isinstance(self.postures, str) and self.postures != ALL:
            raise AgentsimError(
                f'postures = {shown(self.postures)} is neither "all" nor a list; '
                "write strategies in [brackets]"
            )
        if self.without and self.postures != ALL:
            raise AgentsimError(
                f'without = {shown(self.without)} leaves out of postures = "all" alone; take it out'
            )
        for each in self.without:
            check_known("without:", each, ids(self.role))
        check_distinct("without", self.without)
        made = [str(parse(self.role, each)) for each in self.played]
        if len(made) < 2:
            raise AgentsimError(
                f"postures = {shown(self.postures)} are {len(made)}; give 2 or more"
            )
        check_distinct("postures", made)

    def _check_seats(self, firms: tuple[str, ...]) -> None:
        if isinstance(self.seats, int):
            if not 1 <= self.seats <= len(firms):
                raise AgentsimError(
                    f"seats = {self.seats} is out of bounds; {self.role} has {len(firms)} firms"
                )
        elif isinstance(self.seats, str):
            if self.seats != ALL:
                raise AgentsimError(
                    f'seats = {shown(self.seats)} is neither "all", a number, nor a list; '
                    "write firms in [brackets]"
                )
        else:
            if not self.seats:
                raise AgentsimError('seats = [] has no firms; give at least one, or "all"')
            for each in self.seats:
                check_known("seats:", each, firms)
            check_distinct("seats", self.seats)


def _problem(role: str, id: str) -> str | None:
    """Return why a strategy cannot be followed; None if it can."""
    try:
        parse(role, id)
    except AgentsimError as error:
        return f"{id} takes no part: {error}"
    return None


def _draws(entropy: int, what: str, number: int = 0) -> np.random.Generator:
    """Return random numbers for one purpose, that no other purpose draws."""
    return np.random.Generator(
        np.random.Philox(np.random.SeedSequence(entropy, spawn_key=(*what.encode(), number)))
    )
