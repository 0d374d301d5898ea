"""What firms choose: each field with its unit, bounds and what happens when it is left out."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentsim.errors import AgentsimError, shown
from agentsim.laws.numerics import Array

Number = Array | float
Mask = NDArray[np.bool_]


def choice(unit: str, meaning: str, low: float, high: float, otherwise: str = "") -> Any:
    """Declare a choice. `otherwise` says what stands when a strategy leaves it out."""
    metadata = {"unit": unit, "meaning": meaning, "low": low, "high": high, "otherwise": otherwise}
    if otherwise:
        return field(default=None, metadata=metadata)
    return field(metadata=metadata)


@dataclass(frozen=True)
class HyperscalerChoice:
    """A hyperscaler's quarter. Numbers or arrays that broadcast to `(firms, runs)`."""

    capex_rate: Number = choice(
        "1/quarter", "chips and systems to order over the fleet's replacement value", 0.0, 2.0
    )
    custom_share: Number | None = choice(
        "1", "share of that spending for custom silicon", 0.0, 1.0, "drifts to the better buy"
    )
    debt_share: Number | None = choice(
        "1", "share of capex to fund with debt even if cash would do", 0.0, 1.0, "0"
    )
    training_share: Number | None = choice(
        "1", "share of the fleet that trains", 0.0, 0.95, "last quarter's"
    )
    withheld: Number | None = choice("1", "share of serving capacity held back", 0.0, 0.999, "0")
    payout: Number | None = choice(
        "1", "share of core cash planned for shareholders", 0.0, 1.0, "the firm's habit"
    )


@dataclass(frozen=True)
class ChipVendorChoice:
    """A chip vendor's quarter. Numbers or arrays that broadcast to `(firms, runs)`."""

    price: Number = choice("$k/H100e", "posted price", 1e-3, 1e4)
    priority: Number | None = choice(
        "1",
        "when short: 1 serves hyperscalers first, -1 other buyers first, 0 pro rata",
        -1.0,
        1.0,
        "0",
    )


@dataclass(frozen=True)
class MemoryMakerChoice:
    """A memory maker's quarter. Numbers or arrays that broadcast to `(firms, runs)`."""

    expansion: Number = choice(
        "1/quarter", "capacity to add over what there is and is being built", 0.0, 1.0
    )
    withheld: Number | None = choice("1", "share of capacity not offered", 0.0, 0.95, "0")


@dataclass(frozen=True)
class LenderChoice:
    """A lender's quarter. Numbers or arrays that broadcast to `(firms, runs)`."""

    spread: Number = choice("1/year", "spread over the funding rate", 0.0, 1.0)
    advance_rate: Number = choice("1", "loan over collateral value", 0.0, 1.0)
    deployed: Number = choice("1/quarter", "share of ready funds offered", 0.0, 1.0)


Choice = HyperscalerChoice | ChipVendorChoice | MemoryMakerChoice | LenderChoice


def checked(
    made: Choice, kind: type[Any], firms: int, runs: int, who: str
) -> tuple[dict[str, Array | None], Mask | None]:
    """Broadcast a choice to `(firms, runs)` and find the runs in which it is not acceptable.

    Returns the arrays by field (None for a field left out) and, if any entry is not finite or out
    of bounds, a mask `(runs,)` of the runs concerned; there the entries are replaced by the nearest
    bound, so that other runs go on undisturbed. Errors: a wrong type or shape raises at once, as
    it concerns all runs.
    """
    if not isinstance(made, kind):
        raise AgentsimError(
            f"strategy {who} returned {type(made).__name__}; return a {kind.__name__}"
        )
    arrays: dict[str, Array | None] = {}
    bad: Mask | None = None
    for name, low, high in _bounds(kind):  # type: ignore[arg-type]  # a class can be hashed
        value = getattr(made, name)
        if value is None:
            if name not in _optional(kind):  # type: ignore[arg-type]
                raise AgentsimError(f"strategy {who} chose no {name}, which may not be left out")
            arrays[name] = None
            continue
        try:
            array = _in_full(value, (firms, runs))
        except (TypeError, ValueError):
            what = f"with shape {np.shape(value)}" if np.ndim(value) else f"= {shown(value)}"
            raise AgentsimError(
                f"strategy {who} chose {name} {what}; it must broadcast to ({firms}, {runs}) numbers"
            ) from None
        # False if there is a NaN, too.
        if not (_least(array, axis=None) >= low and _largest(array, axis=None) <= high):
            wrong = ~((array >= low) & (array <= high))
            bad = wrong.any(axis=0) if bad is None else bad | wrong.any(axis=0)
            array = np.where(np.isnan(array), low, np.clip(array, low, high))
        arrays[name] = array
    return arrays, bad


_least, _largest = np.minimum.reduce, np.maximum.reduce


@cache
def _bounds(kind: type[Any]) -> tuple[tuple[str, float, float], ...]:
    """Return name, lowest and highest value of each choice."""
    return tuple((each.name, each.metadata["low"], each.metadata["high"]) for each in fields(kind))


@cache
def _optional(kind: type[Any]) -> frozenset[str]:
    """Return the names of the choices that may be left out."""
    return frozenset(each.name for each in fields(kind) if each.metadata["otherwise"])


def _in_full(value: Any, shape: tuple[int, int]) -> Array:
    """Return numbers as an array of this shape, as they are if they have it."""
    array = np.asarray(value, dtype=np.float64)
    if array.shape == shape:
        return array
    full = np.empty(shape)
    full[...] = array
    return full


def least(kind: type[Any]) -> Any:
    """Return the least that may be chosen, with all left out that may be."""
    required = [item for item in fields(kind) if not item.metadata["otherwise"]]
    return kind(**{item.name: item.metadata["low"] for item in required})


def complaint(made: Choice, run: int, who: str) -> str:
    """Return the one line that says what is wrong with a choice in a run."""
    for item in fields(made):
        value = getattr(made, item.name)
        if value is None:
            continue
        array = np.atleast_2d(np.asarray(value, dtype=np.float64))
        column = array[:, run if array.shape[1] > 1 else 0]
        low, high = item.metadata["low"], item.metadata["high"]
        for number in column:
            if not low <= number <= high:
                return f"strategy {who} chose {item.name} = {number:g}; it must lie between {low:g} and {high:g} {item.metadata['unit']}"
    return f"strategy {who} made an unacceptable choice"
