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
            if isinstance(value, np.ndarray):
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

    The lag may differ from run to run. `longest` is the largest lag that will ever be used.
    """

    def __init__(self, shape: tuple[int, ...], longest: int) -> None:
        self.shape = shape
        self.slots: deque[Array] = deque(np.zeros(shape) for _ in range(longest + 1))

    def order(self, amount: Array, lags: Iterable[tuple[int, Array | None]]) -> None:
        """Add `amount`, to arrive after the lag. `lags` are (lag, mask of the runs with it)."""
        for lag, mask in lags:
            if mask is None:
                self.slots[lag] = self.slots[lag] + amount
            else:
                self.slots[lag] = self.slots[lag] + np.where(mask, amount, 0.0)

    def arrive(self) -> Array:
        """Take out what arrives this quarter and move the rest a quarter closer."""
        arriving = self.slots.popleft()
        self.slots.append(np.zeros(self.shape))
        return arriving

    def copy(self) -> Pipeline:
        """Return a pipeline of its own; slots are never written into, so they may be shared."""
        twin = copy.copy(self)
        twin.slots = deque(self.slots)
        return twin

    def total(self) -> Array:
        """Return everything still to come, added up in the order of arrival."""
        result = np.zeros(self.shape)
        for slot in self.slots:
            result = result + slot
        return result

    def scale(self, factor: Array) -> None:
        """Cancel a share of everything still to come."""
        for index, slot in enumerate(self.slots):
            self.slots[index] = slot * factor


def lag_masks(lag: Array) -> list[tuple[int, Array | None]]:
    """Split whole-numbered lags, shared or one a run, into (lag, mask of its runs) pairs."""
    values = np.asarray(lag)
    found = np.unique(values)
    if found.size == 1:
        return [(int(found[0]), None)]
    return [(int(value), values == value) for value in found]
