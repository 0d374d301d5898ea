"""Shocks: what strikes the market at a date. Each kind is a class in the registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from agentsim.errors import AgentsimError, shown, unknown, whole
from agentsim.laws.numerics import Array
from agentsim.sectors.world import EfficiencyGap, World

KINDS: dict[str, type[Shock]] = {}


def value(unit: str, meaning: str, low: float, high: float, default: Any = None) -> Any:
    """Declare a number of a shock: a float, or an array with one number a run."""
    metadata = {"unit": unit, "meaning": meaning, "low": low, "high": high}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Shock(ABC):
    """Something that strikes at the start of `quarter`, the first quarter being 1."""

    kind: ClassVar[str]
    quarter: int = field(metadata={"unit": "quarter", "meaning": "when it strikes"})

    def __init_subclass__(cls) -> None:
        """Enter the kind in the registry."""
        KINDS[cls.kind] = cls

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        whole(f"shock.{self.kind}.quarter", self.quarter, "give a quarter from 1")
        for item in fields(self):
            if "low" not in item.metadata:
                continue
            given = getattr(self, item.name)
            numbers = check_number(f"shock.{self.kind}.{item.name}", given, **item.metadata)
            if np.ndim(given):
                object.__setattr__(self, item.name, numbers)

    def check(self, horizon: int, firms: Mapping[str, tuple[str, ...]]) -> None:
        """Refuse a shock that this market cannot meet."""
        if not 1 <= self.quarter <= horizon:
            raise AgentsimError(
                f"shock.{self.kind}.quarter = {self.quarter} is outside the horizon; it must lie between 1 and {horizon}"
            )

    def check_runs(self, runs: int) -> None:
        """Refuse numbers given run by run for another number of runs."""
        for item in fields(self):
            size = np.size(getattr(self, item.name))
            if np.ndim(getattr(self, item.name)) and size != runs:
                raise AgentsimError(
                    f"shock.{self.kind}.{item.name} has {size} values and the market {runs} runs; "
                    f"give one number, or {runs} values"
                )

    @abstractmethod
    def strike(self, w: World) -> None:
        """Change the world."""


def check_number(
    name: str, given: Any, low: float, high: float, unit: str, **_: Any
) -> NDArray[np.float64]:
    """Refuse what is not a finite number, or one a run, within bounds; return it as an array."""
    span = f"{low:g} to {high:g}" + ("" if unit == "1" else f" {unit}")
    try:
        numbers = np.array(given, dtype=np.float64, ndmin=1)
    except (TypeError, ValueError):
        numbers = np.array([np.nan])
    if (
        isinstance(given, bool | str)
        or given is None
        or numbers.ndim > 1
        or np.isnan(numbers).any()
    ):
        raise AgentsimError(f"{name} = {shown(given)} is not a number; give one from {span}")
    wrong = (numbers < low) | (numbers > high)
    if wrong.any():
        worst = numbers[wrong][0]
        raise AgentsimError(f"{name} = {worst:g} is out of bounds; give a number from {span}")
    numbers.setflags(write=False)
    return numbers


@dataclass(frozen=True, kw_only=True)
class Efficiency(Shock):
    """A jump in algorithmic efficiency: the frontier is multiplied, and firms catch up.

    Everybody but the leader starts behind by the whole jump and closes a share `diffusion` of that
    gap each quarter, the quarter of the shock included; with diffusion 1 it is open weights
    overnight. Without a leader nobody has it from the start.
    """

    kind: ClassVar[str] = "efficiency"
    factor: float | Array = value("1", "what the frontier is multiplied by", 0.01, 1e4, 10.0)
    diffusion: float | Array = value(
        "1/quarter", "share of the gap closed each quarter", 0.0, 1.0, 1.0
    )
    leader: str | None = field(
        default=None, metadata={"unit": "", "meaning": "firm that has it first"}
    )

    def check(self, horizon: int, firms: Mapping[str, tuple[str, ...]]) -> None:
        """Refuse a leader that is no hyperscaler."""
        super().check(horizon, firms)
        if self.leader is not None and self.leader not in firms["hyperscaler"]:
            raise unknown(
                "shock.efficiency.leader", self.leader, firms["hyperscaler"], "name a hyperscaler"
            )

    def strike(self, w: World) -> None:
        """Lift the frontier and leave all but the leader behind it."""
        jump = np.log(np.asarray(self.factor, dtype=np.float64))
        gap = w.full(jump, w.hyperscalers.size)
        if self.leader is not None:
            gap[w.hyperscalers.row(self.leader)] = 0.0
        w.inputs.frontier = w.inputs.frontier * self.factor
        w.gaps.append(EfficiencyGap(gap, np.asarray(self.diffusion, dtype=np.float64)))


def make(kind: str, values: Mapping[str, Any]) -> Shock:
    """Return a shock of a kind by name; unknown kinds and fields are one line with the nearest."""
    if kind not in KINDS:
        raise unknown("shock kind", kind, KINDS)
    known = [item.name for item in fields(KINDS[kind])]
    for name in values:
        if name not in known:
            raise unknown(f"shock.{kind} field", name, known)
    if "quarter" not in values:
        raise AgentsimError(f"shock.{kind}.quarter is missing; say in which quarter it strikes")
    return KINDS[kind](**values)


def collect(
    given: Sequence[Shock | Mapping[str, Any]], overrides: Mapping[str, Any]
) -> tuple[Shock, ...]:
    """Return shocks from objects or dicts with `kind`, with fields overridden by dotted name.

    `shock.efficiency.factor` sets the factor of every efficiency shock given.
    """
    if isinstance(given, Shock | Mapping):
        given = [given]
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise AgentsimError(
            f"shocks = {shown(given)} is no list; give Shock objects or dicts with kind"
        )
    made: list[Shock] = []
    for item in given:
        if isinstance(item, Shock):
            made.append(item)
        elif isinstance(item, Mapping):
            values = dict(item)
            if "kind" not in values:
                raise AgentsimError(
                    f"shock {shown(dict(item))} has no kind; known: {', '.join(sorted(KINDS))}"
                )
            kind = str(values.pop("kind"))
            when = f"shock.{kind}.quarter"  # what must be there may be there as an override
            if when in overrides:
                values.setdefault("quarter", overrides[when])
            made.append(make(kind, values))
        else:
            raise AgentsimError(
                f"shocks has {shown(item)}; give Shock objects or dicts with kind and quarter"
            )
    for name, number in overrides.items():
        parts = name.split(".")
        if len(parts) != 3:
            raise AgentsimError(f"{name} is no shock field; write shock.KIND.FIELD")
        if parts[1] not in KINDS:
            raise unknown("shock kind", parts[1], KINDS)
        known = [each.name for each in fields(KINDS[parts[1]])]
        if parts[2] not in known:
            raise unknown(f"shock.{parts[1]} field", parts[2], known)
        if not any(shock.kind == parts[1] for shock in made):
            raise AgentsimError(
                f"{name} sets a field, but there is no {parts[1]} shock; add one to shocks"
            )
        made = [
            replace(shock, **{parts[2]: number}) if shock.kind == parts[1] else shock
            for shock in made
        ]
    return tuple(made)
