"""Design: what an experiment asks, as a file or as the same object in Python.

    >>> Experiment.read("escalator_war").factors["demand_elasticity"]
    [0.8, 1.1, 1.4, 2.0]
    >>> Experiment(name="mine", runs=100, factors={"lineup.oracle": ["restrain", "escalate"]})

An experiment is checked for form here, and against scenario and strategy library when its plan is
made (`agentsim.batch.plan.make`): both before any market is simulated.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from agentsim.batch import factors as forms
from agentsim.batch import samplers
from agentsim.batch.complaints import Level, check_distinct, flattened, read_toml
from agentsim.batch.design_tables import (
    Adaptive,
    Deviation,
    Settings,
    Strategies,
    Table,
    Text,
    Variant,
    Whole,
)
from agentsim.batch.uncertainty import check_uncertainty
from agentsim.errors import AgentsimError, shown, unknown
from agentsim.settings import MOST_RUNS, check_horizon
from agentsim.shocks import Shock

__all__ = ["Adaptive", "Deviation", "Experiment", "Variant", "shipped"]

Factors = dict[str, Any]
"""Factors by name: a list of levels, or what else `agentsim.batch.factors` reads."""


PLAIN = (
    *("scenario", "runs", "entropy", "uncertainty", "horizon", "luck"),
    *("series_runs", "series_type"),
)
"""Keys of an experiment that are one value, which a command may set."""


class Experiment(Table):
    """A base market, what is varied about it, and how often each combination is run."""

    name: Text
    scenario: Text = "2025Q4"
    runs: Whole = 200
    entropy: Whole = 0
    uncertainty: Text = "calibrated"
    """"calibrated", "marked", "none", or the CSV file of a table of draws."""
    horizon: Whole = 40
    lineup: Strategies = Field(default_factory=dict)
    strategies: list[Text] = Field(default_factory=list)
    """Files and folders with strategies beside the library's."""
    set: Settings = Field(default_factory=dict)
    factors: Factors = Field(default_factory=dict)
    linked: dict[str, Factors] = Field(default_factory=dict)
    """Factors that vary together, under a name for the bundle."""
    sampler: str | dict[str, Any] = "factorial"
    luck: Literal["auto", "shared", "block", "independent", "lineups"] = "auto"
    shocks: list[dict[str, Any]] = Field(default_factory=list)
    deviations: list[Deviation] = Field(default_factory=list)
    lineups: dict[str, Strategies] = Field(default_factory=dict)
    """Lineups under a name, which deviations may give for the others: a mixed field, say."""
    variants: list[Variant] = Field(default_factory=list)
    adaptive: Adaptive | None = None
    outcomes: list[Text] = Field(default_factory=list)
    """Those kept; all of them where none is named."""
    series: list[Text] = Field(default_factory=list)
    """What is kept quarter by quarter: the market's series, and ROLE.STATE of firms."""
    series_runs: Whole = 200
    """Runs of each cell whose quarters are kept."""
    series_type: Literal["float32", "float64"] = "float32"

    @property
    def dimensions(self) -> dict[str, dict[str, forms.Factor]]:
        """What is varied, by dimension: a factor of its own, or a bundle of linked ones."""
        alone = {name: {name: forms.parse(name, each)} for name, each in self.factors.items()}
        bundles = {
            bundle: {name: forms.parse(name, each, False) for name, each in linked.items()}
            for bundle, linked in self.linked.items()
        }
        return alone | bundles

    @property
    def sampling(self) -> samplers.Sampler:
        """How points are chosen among what factors may be."""
        return samplers.parse_sampler(self.sampler)

    @staticmethod
    def read(given: str | Path) -> Experiment:
        """Return the experiment of a file, or one that is shipped, by its name.

        Raises AgentsimError: one line with the file, the field, the value and the remedy.
        """
        text = str(given)
        if text in shipped():
            with as_file(files("agentsim.experiments") / f"{text}.toml") as path:
                return _read(path)
        path = Path(given)
        if isinstance(given, Path) or path.suffix == ".toml" or len(path.parts) > 1:
            return _read(path)
        if path.is_file():
            return _read(path)
        for key in COMMANDS:
            if text in shipped(key):
                raise other_command(text, key)
        raise unknown("experiment", text, shipped(), "or give the path of a .toml file")

    def to_dict(self) -> dict[str, Any]:
        """Return plain tables, as a TOML file holds them: `Experiment(**x.to_dict()) == x`."""
        return self.model_dump(exclude_defaults=True) | {"name": self.name}

    def changed(
        self, runs: int | None = None, settings: Mapping[str, Level] | None = None
    ) -> Experiment:
        """Return a copy with other runs and settings by dotted name, as the command line gives them.

        A setting is scenario, runs, entropy, uncertainty, horizon, or any name that a factor may
        have. What is a factor keeps the one level given.
        Raises AgentsimError, one line.
        """
        tables = self.model_dump()
        if runs is not None:
            tables["runs"] = runs
        for name, value in (settings or {}).items():
            if name in PLAIN:
                tables[name] = value
            elif name in Experiment.model_fields:
                what = "the name of results" if name == "name" else "no single value"
                remedy = ", or give --out" if name == "name" else ""
                raise AgentsimError(f"{name} is {what}; change it in the experiment's file{remedy}")
            elif name in tables["factors"]:
                tables["factors"][name] = [value]
                for table in (*tables["variants"], *tables["deviations"]):
                    table["factors"].pop(name, None)
            elif any(name in linked for linked in tables["linked"].values()):
                raise AgentsimError(f"{name} is linked to others; change it in the file")
            elif name.startswith("lineup.") and name.count(".") == 1:
                tables["lineup"][name.removeprefix("lineup.")] = value
            else:
                tables["set"][name] = value
        return Experiment(**tables)

    @field_validator("name")
    @classmethod
    def _name(cls, given: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", given):
            raise AgentsimError(
                f"name = {shown(given)} cannot name a folder; use letters, digits, _ and -"
            )
        return given

    @field_validator("runs", "series_runs")
    @classmethod
    def _runs(cls, given: int, info: Any) -> int:
        if not 1 <= given <= MOST_RUNS:
            raise AgentsimError(
                f"{info.field_name} = {given} is out of bounds; "
                f"it must lie between 1 and {MOST_RUNS}"
            )
        return given

    @field_validator("entropy")
    @classmethod
    def _entropy(cls, given: int) -> int:
        if given < 0:
            raise AgentsimError(f"entropy = {given} is negative; give a whole number from 0")
        return given

    @field_validator("uncertainty")
    @classmethod
    def _uncertainty(cls, given: str) -> str:
        return check_uncertainty(given)

    @field_validator("horizon")
    @classmethod
    def _horizon(cls, given: int) -> int:
        return check_horizon(given)

    @field_validator("factors", mode="before")
    @classmethod
    def _factors(cls, given: Any) -> Factors:
        return _forms("factors", given)

    @field_validator("linked", mode="before")
    @classmethod
    def _linked(cls, given: Any) -> dict[str, Factors]:
        if not isinstance(given, Mapping):
            raise AgentsimError(
                f"linked = {shown(given)} is not a table; write [linked.NAME] and factors below"
            )
        found = {str(name): _forms(f"linked.{name}", each, False) for name, each in given.items()}
        for name, each in found.items():
            if len(each) < 2:
                raise AgentsimError(f"linked.{name} links {len(each)} factors; give two or more")
            lists = [x for x in each.values() if isinstance(x, list)]
            rows = list(zip(*lists, strict=False))  # that they are as long is seen with the plan
            if len(set(rows)) < len(rows):
                twice = next(row for place, row in enumerate(rows) if row in rows[:place])
                raise AgentsimError(
                    f"linked.{name} has the combination {shown(list(twice))} twice; give it once"
                )
        return found

    @field_validator("sampler", mode="before")
    @classmethod
    def _sampler(cls, given: Any) -> Any:
        return samplers.plain(samplers.parse_sampler(given))

    @field_validator("outcomes", "series", "strategies")
    @classmethod
    def _kept(cls, given: list[str], info: Any) -> list[str]:
        check_distinct(info.field_name, given)
        return given

    @field_validator("shocks", mode="before")
    @classmethod
    def _shocks(cls, given: Any) -> Any:
        if not isinstance(given, (list, tuple)):
            return given
        return [_shock(each) if isinstance(each, Shock) else each for each in given]

    @field_validator("variants")
    @classmethod
    def _variants(cls, given: list[Variant]) -> list[Variant]:
        check_distinct("variants", [each.name for each in given])
        return given


def _forms(what: str, given: Any, distinct: bool = True) -> Factors:
    """Return factors as plain tables, each one read and found sound."""
    flat = flattened(what, given, leaf=_is_form)
    return {name: forms.plain(forms.parse(name, each, distinct)) for name, each in flat.items()}


def _is_form(table: Mapping[str, Any]) -> bool:
    """Say whether a table is a grid, a range or a distribution, and no beginning of a name."""
    return not {"from", "to", "count", "low", "high", "distribution"}.isdisjoint(table)


TOURNAMENT, GAME = "postures", "players"
"""Keys by which a file is no experiment, but a tournament or a game, which makes one."""
COMMANDS = {TOURNAMENT: ("a tournament", "tournament"), GAME: ("a game", "game")}
"""What such a file is called, and the command that runs it."""


def shipped(key: str = "") -> tuple[str, ...]:
    """Return the names of the experiments that come with the package; or of its tournaments or games.

    key: the one that they are known by; none for experiments.
    """
    found = (x for x in files("agentsim.experiments").iterdir() if x.name.endswith(".toml"))
    tables = {x.name.removesuffix(".toml"): tomllib.loads(x.read_text("utf-8")) for x in found}
    return tuple(sorted(name for name, x in tables.items() if known_by(x) == key))


def known_by(tables: Mapping[str, Any]) -> str:
    """Return the key by which a file is a tournament or a game; none for an experiment."""
    return next((key for key in COMMANDS if key in tables), "")


def _shock(given: Shock) -> dict[str, Any]:
    """Return a shock as the table that a file would hold."""
    values = {name: value for name, value in asdict(given).items() if value is not None}
    return {"kind": given.kind, **values}


def other_command(name: str, key: str) -> AgentsimError:
    """Return the error for a file that another command runs, known by a key."""
    what, command = COMMANDS.get(key, ("an experiment", "run"))
    return AgentsimError(f"{name} is {what}; `agentsim {command} {name}` runs it")


def read_as[Made](given: str | Path, key: str, make: Callable[..., Made]) -> Made:
    """Return what a file makes that is known by a key, a tournament's or a game's; or one shipped, by its name.

    Paths that it names are seen from where it lies. Raises AgentsimError: one line with the file, the
    field, the value and the remedy.
    """
    text, what = str(given), COMMANDS[key][1]
    if text in shipped(key):
        with as_file(files("agentsim.experiments") / f"{text}.toml") as path:
            return _made(path, key, make)
    path = Path(given)
    if path.suffix == ".toml" or len(path.parts) > 1 or path.is_file():
        return _made(path, key, make)
    for other in ("", *COMMANDS):
        if text in shipped(other):
            raise other_command(text, other)
    raise unknown(what, text, shipped(key), "or give the path of a .toml file")


def _made[Made](path: Path, key: str, make: Callable[..., Made]) -> Made:
    tables = read_toml(path)
    found = known_by(tables)
    if (found and found != key) or (not found and ("factors" in tables or "deviations" in tables)):
        raise other_command(str(path), found)
    try:
        return make(**_seen_from(path, tables))
    except AgentsimError as error:
        raise AgentsimError(f"{path}: {error}") from None


def _seen_from(path: Path, tables: dict[str, Any]) -> dict[str, Any]:
    """Return the tables of a file with the files that they name as they are seen from anywhere."""
    table = tables.get("uncertainty")
    if isinstance(table, str) and table.endswith(".csv"):
        tables["uncertainty"] = str(path.parent / table)  # a table of draws
    if isinstance(tables.get("strategies"), list):
        tables["strategies"] = beside(path, tables["strategies"])
    return tables


def beside(file: Path, given: list[Any]) -> list[Any]:
    """Return paths that are seen from where a file lies as they are seen from anywhere."""
    return [
        str((file.parent / each).resolve()) if isinstance(each, str) else each for each in given
    ]


def _read(path: Path) -> Experiment:
    tables = read_toml(path)
    if key := known_by(tables):
        raise other_command(str(path), key)
    sampler = tables.get("sampler")
    if isinstance(sampler, dict) and isinstance(sampler.get("file"), str):
        # A table of points lies where the file says, beside the file.
        sampler["file"] = str(path.parent / sampler["file"])
    try:
        return Experiment(**_seen_from(path, tables))
    except AgentsimError as error:
        raise AgentsimError(f"{path}: {error}") from None
