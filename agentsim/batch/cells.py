"""Cells: the combinations of an experiment's factors, column by column.

A cell is a row. There may be a million of them, so nothing here is an object a cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agentsim.laws.numerics import Array

Column = NDArray[Any]
"""A column of labels, or of anything else."""
Numbers = NDArray[np.int64]
"""A column of whole numbers: of cells, runs, blocks."""

LABELS = ("kind", "variant", "firm", "own", "others")
"""Columns that say what a cell is, before those of the factors."""

NONE = -1


@dataclass(frozen=True)
class Group:
    """What runs that are stepped together must share: code paths, and not numbers."""

    lineup: Mapping[str, str]
    """The strategy of every firm, as text."""
    shocks: tuple[Mapping[str, Any], ...]
    """Kind and fields of every shock, those left out that are numbers and differ from run to run."""

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells groups apart."""
        return (
            tuple(self.lineup.items()),
            tuple(tuple(shock.items()) for shock in self.shocks),
        )


@dataclass(frozen=True, eq=False)
class Cells:
    """All cells; every array is `(cells,)`, and every number NaN where a cell does not set it."""

    labels: dict[str, Column]
    """What the tables say of them: `LABELS` and the factors; text (None where there is none) or
    numbers (NaN)."""
    groups: tuple[Group, ...]
    group: Numbers
    """The row in `groups`."""
    block: Numbers
    """Cells of one block meet the same luck."""
    base: Numbers
    """Cells that a sampler placed together, as around one base sample; each its own otherwise."""
    values: dict[str, Array]
    """Parameters by dotted name that differ from the calibration, or might."""
    drawn: dict[str, Array] = field(default_factory=dict)
    """Factors that stand for marked ranges, by the range's name: what follows from them follows."""
    shocks: dict[tuple[int, str], Array] = field(default_factory=dict)
    """Number fields of shocks, by the place of the shock and the field."""
    tuning: dict[tuple[str, str], Array] = field(default_factory=dict)
    """Strategies' parameters, by firm and parameter."""
    unit: Array | None = None
    """Where a sampler put the cells in the unit cube, `(cells, dimensions)`."""

    @cached_property
    def same_as(self) -> Numbers:
        """The earlier cell with the same market and luck, whose runs stand for this one's; or -1."""
        return _same_as(self.numbers())

    def __len__(self) -> int:
        """Return how many cells there are."""
        return len(self.group)

    def numbers(self) -> list[Array]:
        """Return all columns that decide what is simulated."""
        by_name: tuple[dict[Any, Array], ...] = (
            self.values, self.drawn, self.shocks, self.tuning,
        )  # fmt: skip
        columns = [each[name] for each in by_name for name in sorted(each)]
        return [self.group.astype(np.float64), self.block.astype(np.float64), *columns]

    @cached_property
    def own(self) -> Numbers:
        """The cells that are simulated, those of a group together."""
        own = np.flatnonzero(self.same_as == NONE)
        order = np.argsort(self.group[own], kind="stable")
        return own[order].astype(np.int64)

    def stands_for(self) -> Numbers:
        """Return for every cell the one whose runs are its runs."""
        return np.where(self.same_as == NONE, np.arange(len(self)), self.same_as)

    def digest(self) -> str:
        """Return a hash of all that decides what is simulated."""
        found = sha256(repr([group.key for group in self.groups]).encode())
        for each in (self.values, self.drawn, self.shocks, self.tuning):
            found.update(repr(sorted(each)).encode())
        for column in self.numbers():
            found.update(np.ascontiguousarray(column).tobytes())
        return found.hexdigest()

    def without_labels(self) -> Cells:
        """Return what decides the outcome alone."""
        return replace(self, labels={}, unit=None)

    def label(self, cell: int) -> dict[str, Any]:
        """Return what the tables say of a cell, what does not apply left out."""
        found = {name: column[cell] for name, column in self.labels.items()}
        return {k: v for k, v in found.items() if v is not None and v == v}

    @staticmethod
    def together(parts: Sequence[Cells]) -> Cells:
        """Return several lists of cells as one; groups are numbered alike in all of them."""
        if len(parts) == 1:
            return parts[0]
        sizes = [len(part) for part in parts]

        def stacked(columns: Sequence[Mapping[Any, Array]]) -> dict[Any, Array]:
            names = dict.fromkeys(name for each in columns for name in each)
            return {
                name: np.concatenate(
                    [
                        each[name] if name in each else np.full(size, np.nan)
                        for each, size in zip(columns, sizes, strict=True)
                    ]
                )
                for name in names
            }

        return Cells(
            labels={
                name: np.concatenate([part.labels[name] for part in parts])
                for name in parts[0].labels
            },
            groups=parts[0].groups,
            group=np.concatenate([part.group for part in parts]),
            block=np.concatenate([part.block for part in parts]),
            base=np.arange(sum(sizes), dtype=np.int64),
            values=stacked([part.values for part in parts]),
            drawn=stacked([part.drawn for part in parts]),
            shocks=stacked([part.shocks for part in parts]),
            tuning=stacked([part.tuning for part in parts]),
        )


def _same_as(columns: Sequence[Array]) -> Numbers:
    """Return for every row the first row that is equal to it, or -1 for the first ones."""
    rows = len(columns[0])
    mixed = np.zeros(rows, np.uint64)
    with np.errstate(over="ignore"):
        for column in columns:
            bits = np.where(np.isnan(column), np.nan, column + 0.0).view(np.uint64)
            bits = (bits ^ (bits >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
            mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9) + bits
    _, first, place = np.unique(mixed, return_index=True, return_inverse=True)
    earlier = first[place]
    same = earlier < np.arange(rows)
    # Rows that mix to the same number by accident are told apart.
    for column in columns:
        other = column[earlier]
        same &= (column == other) | (np.isnan(column) & np.isnan(other))
    return np.where(same, earlier, NONE).astype(np.int64)
