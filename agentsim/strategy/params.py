"""Parameters of strategies: how they are declared, checked, and set for many firms and runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.errors import AgentsimError, shown, unknown

if TYPE_CHECKING:
    from agentsim.strategy.base import Strategy


@dataclass(frozen=True)
class Declared:
    """A declared parameter: a number within bounds, or an option with `choices`."""

    name: str
    default: Any
    unit: str
    meaning: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[Any, ...] | None = None

    @property
    def bounds(self) -> str:
        """What a number must be, in words."""
        unit = "" if self.unit in ("", "1") else f" {self.unit}".replace(" 1/", " per ")
        if math.isinf(self.low) and math.isinf(self.high):
            return "finite"
        if math.isinf(self.high):
            return f"at least {self.low:g}{unit}"
        if math.isinf(self.low):
            return f"at most {self.high:g}{unit}"
        return f"between {self.low:g} and {self.high:g}{unit}"


def param(
    default: float, unit: str, meaning: str, low: float = -math.inf, high: float = math.inf
) -> Any:
    """Declare a numeric parameter; `low` and `high` are the bounds it must keep, both allowed.

    In `choose` it is a float, or an array that broadcasts to `(firms, runs)`.
    """
    metadata = {"unit": unit, "meaning": meaning, "low": low, "high": high}
    return field(default=default, metadata=metadata)


def option(default: Any, choices: tuple[Any, ...], meaning: str) -> Any:
    """Declare a parameter that selects code: always one of `choices`, never an array.

    Firms with different options are asked apart, and all runs of a chunk share it; so
    `if self.kind == "a"` is fine.
    """
    return field(default=default, metadata={"unit": "", "meaning": meaning, "choices": choices})


@cache
def declared(cls: type[Strategy]) -> dict[str, Declared]:
    """Return the declared parameters of a strategy class by name, in the order written."""
    return {item.name: Declared(item.name, item.default, **item.metadata) for item in fields(cls)}


def validate(strategy: Strategy) -> None:
    """Raise AgentsimError, in one line, if a parameter is no number, not finite or out of bounds.

    Whole numbers become floats. An array must have two dimensions and broadcast to `(firms, runs)`.
    """
    for name, each in declared(type(strategy)).items():
        value = getattr(strategy, name)
        who = f"strategy {strategy.id}: {name} = {shown(value)}"
        if each.choices is not None:
            if isinstance(value, np.ndarray) or value not in each.choices:
                known = ", ".join(map(repr, each.choices))
                raise AgentsimError(f"{who} is not an option; choose one of {known}")
        elif isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype == np.float64:
            acceptable = np.isfinite(value) & (value >= each.low) & (value <= each.high)
            if not acceptable.all():
                firm, run = (int(index) for index in np.argwhere(~acceptable)[0])
                who = f"strategy {strategy.id}: {name} = {value[firm, run]:g} in column {run}"
                raise AgentsimError(f"{who} must be {each.bounds}")
        elif not is_number(value):
            many = "; with_values(strategy, ...) takes arrays" if np.ndim(value) else ""
            raise AgentsimError(f"{who} must be a number, {each.bounds}{many}")
        elif not (math.isfinite(value) and each.low <= value <= each.high):
            raise AgentsimError(f"{who} must be {each.bounds}")
        else:
            object.__setattr__(strategy, name, float(value))


def with_values[S: Strategy](strategy: S, values: Mapping[str, Any]) -> S:
    """Return the strategy with other parameters, each a number or an array.

    Arrays broadcast to `(firms, runs)`; a one-dimensional one has a number for each run. They are
    copied and made read-only. Raises AgentsimError, in one line, for an unknown parameter, for an
    array of options (they select code) and for values that are not finite numbers within bounds.
    """
    known = declared(type(strategy))
    changes: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise unknown(f"parameter of strategy {strategy.id}", name, known)
        if np.ndim(value) == 0:
            changes[name] = value.item() if isinstance(value, np.ndarray) else value
            continue
        if known[name].choices is not None:
            raise AgentsimError(f"strategy {strategy.id}: {name} selects code; give it one value")
        try:
            array = np.array(value, np.float64, ndmin=2)
        except (TypeError, ValueError):
            raise AgentsimError(f"strategy {strategy.id}: {name} must hold numbers") from None
        array.flags.writeable = False
        changes[name] = array
    return replace(strategy, **changes)


def is_number(value: object) -> bool:
    """Whether a value is a real number, Python's or NumPy's; a truth value is not."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
