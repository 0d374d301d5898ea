"""A sector: firms of one kind, their state declared once and stored as arrays `(firms, runs)`."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np

from agentsim.laws.numerics import Array

SeenBy = Literal["owner", "all"]


@dataclass(frozen=True)
class State:
    """Declaration of one state variable: its unit, what it means and who may see it."""

    unit: str
    meaning: str
    seen_by: SeenBy
    name: str = ""


def state(unit: str, meaning: str, seen_by: SeenBy = "owner") -> Any:
    """Declare a state variable; storage, recording, agents' attributes and docs follow from it."""
    return State(unit, meaning, seen_by)


class Sector:
    """Base of the sectors. Every declared state is an attribute of shape `(firms, runs)`."""

    role: ClassVar[str]
    states: ClassVar[dict[str, State]]

    def __init_subclass__(cls) -> None:
        """Collect the declared states in the order written."""
        cls.states = {
            name: State(value.unit, value.meaning, value.seen_by, name)
            for name, value in vars(cls).items()
            if isinstance(value, State)
        }

    def __init__(self, firms: tuple[str, ...], runs: int) -> None:
        self.firms = firms
        self.runs = runs
        for name in self.states:
            setattr(self, name, np.zeros((len(firms), runs)))

    def copy(self) -> Self:
        """Return a sector with its own arrays."""
        twin = copy.copy(self)
        for name, value in vars(self).items():
            if is_writeable(value):
                setattr(twin, name, value.copy())
        return twin

    @property
    def size(self) -> int:
        """Number of firms."""
        return len(self.firms)

    def row(self, firm: str) -> int:
        """Return the row that a firm has in every array."""
        return self.firms.index(firm)


class Pipeline:
    """What is ordered and has not arrived: one array a quarter ahead, each of the same shape.

    The lag may differ from run to run. `longest` is the largest lag that will ever be used. Slots
    hold the arrays that were ordered, or `nothing`, and are never written into.
    """

    def __init__(self, shape: tuple[int, ...], longest: int) -> None:
        self.nothing = constant(0.0, shape)
        self.slots: deque[Array] = deque([self.nothing] * (longest + 1))

    def order(self, amount: Array, lags: Iterable[tuple[int, Array | None]]) -> None:
        """Add `amount`, to arrive after the lag. `lags` are (lag, 1 in the runs with it or None)."""
        for lag, has_it in lags:
            self.add(lag, amount if has_it is None else amount * has_it)

    def add(self, ahead: int, amount: Array) -> None:
        """Add what arrives so many quarters from now, `(firms, runs)`."""
        due = self.slots[ahead]
        self.slots[ahead] = amount if due is self.nothing else due + amount

    def arrive(self) -> Array:
        """Take out what arrives this quarter and move the rest a quarter closer."""
        arriving = self.slots.popleft()
        self.slots.append(self.nothing)
        return arriving

    def copy(self) -> Pipeline:
        """Return a pipeline of its own; slots are never written into, so they may be shared."""
        twin = copy.copy(self)
        twin.slots = deque(self.slots)
        return twin

    def total(self) -> Array:
        """Return everything still to come, added up in the order of arrival."""
        due = [slot for slot in self.slots if slot is not self.nothing]
        if len(due) < 2:
            return due[0] if due else self.nothing
        total = due[0] + due[1]
        for slot in due[2:]:
            total += slot
        return total

    def scale(self, factor: Array) -> None:
        """Multiply everything still to come."""
        for ahead, slot in enumerate(self.slots):
            if slot is not self.nothing:
                self.slots[ahead] = slot * factor


def constant(value: Array | float, shape: tuple[int, ...]) -> Array:
    """Return an array of this shape that holds `value` and cannot be written to."""
    array = np.empty(shape)
    array[...] = value
    array.flags.writeable = False
    return array


def is_writeable(value: object) -> bool:
    """Whether this is an array that may change; a constant need not be copied."""
    return isinstance(value, np.ndarray) and value.flags.writeable


def lag_masks(lag: Array) -> list[tuple[int, Array | None]]:
    """Split whole-numbered lags, shared or one a run: (lag, 1 in its runs and 0 in others) pairs.

    None stands for all runs.
    """
    values = np.asarray(lag)
    found = np.unique(values)
    if found.size == 1:
        return [(int(found[0]), None)]
    return [(int(value), (values == value).astype(np.float64)) for value in found]
