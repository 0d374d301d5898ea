"""The file of a game: its keys, and what is wrong with one of them by itself."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from agentsim.batch.complaints import check_distinct, flattened, levels
from agentsim.batch.design_tables import Settings, Strategies, Table, Text, Whole
from agentsim.errors import AgentsimError, check_known
from agentsim.parameters import ROLES
from agentsim.scenario import Scenario

MOST_SEATINGS = 24
MOST_RUNS = 20_000_000


class Players(Table):
    """Players who may follow the same strategies: one a firm, or all firms as one."""

    firms: list[Text] = Field(default_factory=list)
    """Firms, or a role for all of its; otherwise what the table is called."""
    play: Literal["apart", "alike", "together"] = "apart"
    """Each by itself; each by itself, and interchangeable; or all as one player, who follow one."""
    strategies: list[Text]
    payoff: Text = ""
    """What they are after, where it is not what all are."""
    dilemma: list[Text] = Field(default_factory=list)
    """The mild and the fierce strategy of these players, where they are not those of all."""
    reduced: Whole = 0
    """How many players stand for all that are alike (deviation-preserving reduction); 0 for each
    standing for itself."""

    @field_validator("firms", "strategies")
    @classmethod
    def _named(cls, given: list[str], info: Any) -> list[str]:
        check_distinct(info.field_name, given)
        return given


class Sampling(Table):
    """How candidates are confirmed on fresh runs, and how long that goes on."""

    fresh_runs: Whole = 100
    """Fresh runs in the first round; each further round has twice as many."""
    half_width: float = 0.0
    """Half the width of the interval of a candidate's regret at which it is left, in the payoff's unit;
    0 for 0.2% of how far payoffs reach."""
    most_runs: Whole = 400_000
    """Simulated markets, all rounds together, beyond which no round is begun."""
    rounds: Whole = 6

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for name, low, high in (
            ("fresh_runs", 0, 100_000), ("half_width", 0.0, 1e9), ("most_runs", 0, MOST_RUNS),
            ("rounds", 0, 10),
        ):  # fmt: skip
            given = getattr(self, name)
            if not low <= given <= high:
                raise AgentsimError(
                    f"sampling.{name} = {given:g} is out of bounds; "
                    f"it must lie between {low:g} and {high:g}"
                )
        if 0 < self.fresh_runs < 10:
            raise AgentsimError(
                f"sampling.fresh_runs = {self.fresh_runs} tells nothing; give 10 or more, or 0 for none"
            )
        return self


class GameFile(Table):
    """The keys of a game's file: players, strategies and conditions, what holds everywhere, how often each is run."""

    name: Text
    scenario: Text = "2025Q4"
    runs: Whole = 100
    """Runs of each profile, seating and condition."""
    seatings: Whole = 1
    """Ways in which interchangeable players are told off to a profile."""
    entropy: Whole = 0
    uncertainty: Text = "calibrated"
    horizon: Whole = 40
    averaged: Text = ""
    """A role whose firms are made alike, each the mean of all."""
    payoff: Text = "value"
    epsilon: float = 0.0
    """A gain that is no reason to deviate, in the payoff's unit; 0 for 0.2% of how far payoffs reach."""
    dilemma: list[Text] = Field(default_factory=list)
    """The mild and the fierce strategy between which the kind of game is told; of players who do not have
    both, the first and the last."""
    references: dict[str, Strategies] = Field(default_factory=dict)
    """Lineups by name that equilibria are set against: `competitive` and `cartel`, say."""
    players: dict[str, Players]
    lineup: Strategies = Field(default_factory=dict)
    strategies: list[Text] = Field(default_factory=list)
    """Files and folders with strategies beside the library's."""
    set: Settings = Field(default_factory=dict)
    conditions: dict[str, Any] = Field(default_factory=dict)
    """Factors whose levels are crossed: the game is played in each combination."""
    shocks: list[dict[str, Any]] = Field(default_factory=list)
    outcomes: list[Text] = Field(default_factory=list)
    """Those kept beside what games need."""
    sampling: Sampling = Field(default_factory=Sampling)

    @field_validator("scenario")
    @classmethod
    def _scenario(cls, given: str) -> str:
        Scenario.load(given)
        return given

    @field_validator("seatings")
    @classmethod
    def _seatings(cls, given: int) -> int:
        if not 1 <= given <= MOST_SEATINGS:
            raise AgentsimError(
                f"seatings = {given} is out of bounds; it must lie between 1 and {MOST_SEATINGS}"
            )
        return given

    @field_validator("epsilon")
    @classmethod
    def _epsilon(cls, given: float) -> float:
        if not 0.0 <= given < float("inf"):
            raise AgentsimError(f"epsilon = {given:g} is no gain; give a number from 0")
        return given

    @field_validator("averaged")
    @classmethod
    def _averaged(cls, given: str) -> str:
        if given:
            check_known("averaged", given, ROLES)
        return given

    @field_validator("conditions", mode="before")
    @classmethod
    def _conditions(cls, given: Any) -> Any:
        return {name: levels(name, each) for name, each in flattened("conditions", given).items()}
