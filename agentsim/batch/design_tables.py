"""Tables within an experiment's file: deviations, variants, and how runs are added to cells.

Whatever is wrong with one is an AgentsimError of one line.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    field_validator,
    model_validator,
)

from agentsim.batch.complaints import Level, check_distinct, flattened, level, levels, one_line
from agentsim.errors import AgentsimError, shown
from agentsim.settings import MOST_RUNS


class Table(BaseModel):
    """A table of the file. Whatever is wrong with it is one line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def __init__(self, /, **given: Any) -> None:
        """Take the keys of the table. Raises AgentsimError, one line."""
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise AgentsimError(one_line(error, type(self))) from None


def _set(given: Any) -> dict[str, Level]:
    return {name: level(name, each) for name, each in flattened("set", given).items()}


def _restricted(given: Any) -> dict[str, list[Level]]:
    return {name: levels(name, each) for name, each in flattened("factors", given).items()}


def _lineup(given: Any) -> dict[str, str]:
    if isinstance(given, str):
        given = {} if given == "calibrated" else {"hyperscaler": given}
    flat = flattened("lineup", given)
    for who, strategy in flat.items():
        if not isinstance(strategy, str) or not strategy.strip():
            raise AgentsimError(
                f"lineup.{who} = {shown(strategy)} is no strategy; give its name in quotes"
            )
    return flat


Text = Annotated[str, Strict()]
Whole = Annotated[int, Strict()]
Settings = Annotated[dict[str, Level], BeforeValidator(_set)]
"""What is set, by dotted name."""
Restriction = Annotated[dict[str, list[Level]], BeforeValidator(_restricted)]
"""Levels to which factors are restricted; those not named keep all of theirs."""
Strategies = Annotated[dict[str, str], BeforeValidator(_lineup)]
"""What is followed, by role or firm."""


class Deviation(Table):
    """Extra cells: one firm against the others of its role, each following one of a list."""

    firm: Text
    own: list[Text]
    others: list[Text]
    factors: Restriction = Field(default_factory=dict)

    @field_validator("own", "others")
    @classmethod
    def _strategies(cls, given: list[str], info: Any) -> list[str]:
        if not given:
            raise AgentsimError(f"{info.field_name} = [] has no strategies; give at least one")
        check_distinct(info.field_name, given)
        return given


class Variant(Table):
    """The main design once more with something else changed."""

    name: Text
    set: Settings = Field(default_factory=dict)
    lineup: Strategies = Field(default_factory=dict)
    factors: Restriction = Field(default_factory=dict)

    @field_validator("name")
    @classmethod
    def _named(cls, given: str) -> str:
        if not given.strip() or "\n" in given:
            raise AgentsimError(f"name = {given!r} is no name; give a few words")
        return given


class Adaptive(Table):
    """Adding runs to cells until an outcome's interval is as narrow as asked, or a cap is met."""

    outcome: Text
    half_width: float | None = None
    """Of the 95% interval of the mean, in the outcome's unit."""
    relative: float | None = None
    """The same as a share of the mean."""
    most_runs: Whole
    """Runs of a cell at which it is left as it is."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        widths = {"half_width": self.half_width, "relative": self.relative}
        given = {name: each for name, each in widths.items() if each is not None}
        if len(given) != 1:
            raise AgentsimError(
                f"adaptive names {' and '.join(given) or 'no width'}; "
                "give one of half_width and relative"
            )
        for name, each in given.items():
            if not (math.isfinite(each) and each > 0.0):
                raise AgentsimError(f"adaptive.{name} = {each:g} is no width; give one above 0")
        if not 2 <= self.most_runs <= MOST_RUNS:
            raise AgentsimError(
                f"adaptive.most_runs = {self.most_runs} is out of bounds; "
                f"it must lie between 2 and {MOST_RUNS}"
            )
        return self
