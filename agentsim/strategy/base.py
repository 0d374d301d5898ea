"""Strategies: what a firm does with what it sees. Start here to write one.

A strategy is a frozen dataclass. Its fields are its parameters, its docstring says what it does
and where it comes from, and `choose` maps what the firms see to what they choose, for all firms
and runs at once, in NumPy:

    @dataclass(frozen=True)
    class ReturnThreshold(HyperscalerStrategy):
        \"\"\"Grow while the return on AI capital beats a hurdle, shrink below. Source: ...\"\"\"

        hurdle: float = param(0.04, "1/quarter", "return below which capex is cut", 0.0, 1.0)

        def choose(self, sees: HyperscalerView) -> HyperscalerChoice:
            earns = sees.operating_cash > self.hurdle * sees.fleet_value
            return HyperscalerChoice(capex_rate=np.where(earns, 2.0, 0.5) * sees.wear)

Put it in `strategies/hyperscaler/return_threshold.py` and it is found under that name. A
parameter may differ from firm to firm and from run to run, so it is a number or an array that
broadcasts to `(firms, runs)`: write `np.where`, not `if self.hurdle > 0`. To write `if`, use
the plain-number bases of `agentsim.strategy.rules`.

To remember something, say in `remember` what it is at the start, read `sees.memory["name"]`,
an array `(firms, runs)`, and return the new value beside the choice:

    def remember(self) -> Memory:
        return {"belief": self.belief}

    def choose(self, sees):
        ...
        return HyperscalerChoice(...), {"belief": belief}

What is not returned stays as it was. The market keeps the memory of each firm and run; the
strategy itself never changes.

A strategy that needs what the market does not have yet says so in `unavailable`: it is listed and
described with that reason, and whoever wants to follow it is told it and what to follow instead.
"""

from __future__ import annotations

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from inspect import cleandoc
from typing import Any, ClassVar, Self

import numpy as np

from agentsim.errors import AgentsimError
from agentsim.strategy.choices import (
    ChipVendorChoice,
    HyperscalerChoice,
    LenderChoice,
    MemoryMakerChoice,
    Number,
)
from agentsim.strategy.params import Declared, declared, validate
from agentsim.strategy.views import (
    ChipVendorView,
    HyperscalerView,
    LenderView,
    MemoryMakerView,
    View,
)

Memory = Mapping[str, Number]
"""What a strategy remembers, by name: numbers or arrays that broadcast to `(firms, runs)`."""

RESERVED = frozenset(
    {"id", "role", "view", "choice", "choose", "decide", "remember", "describe"}
    | {"unavailable", "read_from"}
)


@dataclass(frozen=True)
class Description:
    """What a strategy is, as tables and help texts show it."""

    id: str
    role: str
    summary: str
    source: str
    parameters: tuple[Declared, ...]
    unavailable: str = ""
    """Why it cannot be followed yet; empty if it can."""

    def __str__(self) -> str:
        """Return a few lines for reading."""
        lines = [f"{self.id} ({self.role}): {self.summary}"]
        if self.unavailable:
            lines.append(f"  Cannot be followed yet: {self.unavailable}")
        for each in self.parameters:
            kind = each.unit if each.choices is None else " | ".join(map(str, each.choices))
            lines.append(f"  {each.name} = {each.default} [{kind}]: {each.meaning}")
        return "\n".join([*lines, f"  Source: {self.source}"] if self.source else lines)


@dataclass(frozen=True)
class Strategy(ABC):
    """Base of all strategies. Inherit from the base of a role, such as HyperscalerStrategy."""

    id: ClassVar[str] = ""
    role: ClassVar[str] = ""
    view: ClassVar[type[View]]
    choice: ClassVar[type[Any]]
    read_from: ClassVar[tuple[str, str]] = ("", "")
    """File and hash of its text, if it was read from a file that a user named."""
    unavailable: ClassVar[str] = ""
    """What the market lacks for it and what to follow instead; empty if it can be followed."""

    def __init_subclass__(cls) -> None:
        """Name the class: by its file where that lies in a role's folder, or else by itself."""
        folder, _, file = cls.__module__.rpartition(".")
        in_library = folder.rpartition(".")[2] == cls.role != ""
        snake_case = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        cls.id = file if in_library else snake_case

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuse a class that is not written as a strategy must be, or cannot be followed yet."""
        check(cls)
        if cls.unavailable:
            raise AgentsimError(f"strategy {cls.id} cannot be followed yet: {cls.unavailable}")
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Refuse parameters that make no sense."""
        validate(self)

    def __reduce__(self) -> Any:
        """Pickle by the file where a class is from one: no other process could import it by name."""
        if not self.read_from[0]:
            return super().__reduce__()
        values = {name: getattr(self, name) for name in declared(type(self))}
        return _made_again, (*self.read_from, self.role, self.id, values)

    @abstractmethod
    def choose(self, sees: Any) -> Any:
        """Return the choices of the firms asked, `(firms, runs)`, or (choices, new memory)."""

    def remember(self) -> Memory:
        """Return what to remember and its value at the start. Nothing, unless overridden."""
        return {}

    @classmethod
    def describe(cls) -> Description:
        """Return the summary, the source and the parameters."""
        main, _, source = cleandoc(cls.__doc__ or "").partition("Source:")
        summary, cited = (
            " ".join(text.strip().split("\n\n")[0].split()) for text in (main, source)
        )
        parameters = tuple(declared(cls).values())
        return Description(cls.id, cls.role, summary, cited, parameters, cls.unavailable)

    def __str__(self) -> str:
        """Return the id and the parameters that differ from their defaults, as `parse` reads it."""
        given = []
        for name, each in declared(type(self)).items():
            value = getattr(self, name)
            if isinstance(value, np.ndarray):
                given.append(f"{name}=...")
            elif value != each.default:
                given.append(f"{name}={value!r}")
        return f"{self.id}({', '.join(given)})" if given else self.id


class HyperscalerStrategy(Strategy):
    """Base of strategies for hyperscalers."""

    role = "hyperscaler"
    view = HyperscalerView
    choice = HyperscalerChoice

    @abstractmethod
    def choose(self, sees: HyperscalerView) -> HyperscalerChoice | tuple[HyperscalerChoice, Memory]:
        """Return the choices of the firms asked, `(firms, runs)`, or (choices, new memory)."""


class ChipVendorStrategy(Strategy):
    """Base of strategies for chip vendors."""

    role = "chip_vendor"
    view = ChipVendorView
    choice = ChipVendorChoice

    @abstractmethod
    def choose(self, sees: ChipVendorView) -> ChipVendorChoice | tuple[ChipVendorChoice, Memory]:
        """Return the choices of the firms asked, `(firms, runs)`, or (choices, new memory)."""


class MemoryMakerStrategy(Strategy):
    """Base of strategies for memory makers."""

    role = "memory_maker"
    view = MemoryMakerView
    choice = MemoryMakerChoice

    @abstractmethod
    def choose(self, sees: MemoryMakerView) -> MemoryMakerChoice | tuple[MemoryMakerChoice, Memory]:
        """Return the choices of the firms asked, `(firms, runs)`, or (choices, new memory)."""


class LenderStrategy(Strategy):
    """Base of strategies for lenders."""

    role = "lender"
    view = LenderView
    choice = LenderChoice

    @abstractmethod
    def choose(self, sees: LenderView) -> LenderChoice | tuple[LenderChoice, Memory]:
        """Return the choices of the firms asked, `(firms, runs)`, or (choices, new memory)."""


BASES: dict[str, type[Strategy]] = {
    base.role: base
    for base in (HyperscalerStrategy, ChipVendorStrategy, MemoryMakerStrategy, LenderStrategy)
}


@cache
def check(cls: type[Strategy]) -> None:
    """Raise AgentsimError, in one line, if a class is not written as a strategy must be."""
    who = f"strategy class {cls.__name__}"
    if cls.role not in BASES:
        bases = ", ".join(base.__name__ for base in BASES.values())
        raise AgentsimError(f"{who} has no role; inherit from one of {bases}")
    missing = sorted(cls.__abstractmethods__)
    if missing:
        raise AgentsimError(f"{who} lacks the method {missing[0]}")
    if "__dataclass_params__" not in vars(cls):
        raise AgentsimError(f"{who} is not a dataclass; write @dataclass(frozen=True) above it")
    documented = cls.__doc__ and not cls.__doc__.startswith(cls.__name__ + "(")
    if not documented and sys.flags.optimize < 2:
        raise AgentsimError(f"{who} has no docstring; say what it does and where it comes from")
    for item in fields(cls):
        if item.name in RESERVED:
            raise AgentsimError(f"{who} has a parameter called {item.name!r}; rename it")
        if "meaning" not in item.metadata:
            raise AgentsimError(f"{who}: declare the field {item.name!r} with param() or option()")
        if not all(isinstance(item.metadata[name], str) for name in ("unit", "meaning")):
            how = "option(default, choices, meaning)"
            if "choices" not in item.metadata:
                how = "param(default, unit, meaning, low, high)"
            raise AgentsimError(
                f"{who}: field {item.name!r} lacks its unit or meaning; declare it as {how}"
            )


def parts(returned: Any) -> tuple[Any, Memory]:
    """Split what a strategy returned into the choice and the new memory."""
    if isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], Mapping):
        return returned
    return returned, {}


def _made_again(file: str, digest: str, role: str, id: str, values: dict[str, Any]) -> Strategy:
    """Return a strategy as another process had it, from the file of its class."""
    from agentsim.strategy import added

    return replace(added.again(file, digest, role, id)(), **values)
