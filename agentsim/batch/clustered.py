"""Clustered: means over cells that count alike, with intervals over what is independent in them.

Runs of one cell are independent; runs of several cells need not be. In cells that share their luck,
run 17 is one draw of the world seen several times, and in a design that places its points at random
it is the point, not the run, that is drawn. So errors are added up by what runs have in common, the
parts, and it is parts that an interval is over.

With means mx_c and my_c over the n_c runs of cell c (my_c is 1 where nothing is divided by), the
value is R = sum_c mx_c / sum_c my_c: cells count alike, however many runs they have. Run i of cell c
adds to its error

    e_ci = [(x_ci - mx_c) - R (y_ci - my_c)] / n_c sqrt(n_c / (n_c - 1)) / sum_c my_c

where cells are chosen, and what they differ by is no error. Where they are drawn it is, and e_ci is
(x_ci - R y_ci) / n_c / sum_c my_c. With E_p the sum of errors over part p, the variance of R is
sum_p E_p^2. It is known as well as Satterthwaite's formula tells over the stretches of parts that
the same cells have runs in: for one cell that is Student's t with n - 1, for two independent ones
Welch's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from agentsim.batch.cells import Column, Numbers
from agentsim.batch.moments import finite, student
from agentsim.laws.numerics import Array

MOST_KEY = 2**62
"""Numbers that tell parts of groups apart must fit into 64 bits."""


@dataclass(frozen=True, eq=False)
class Values:
    """An outcome of some runs: numerators, and denominators where it is a share, `(rows,)`."""

    x: Array
    y: Array | None

    def fine(self) -> Column:
        """Say where there are numbers."""
        return finite(self.x, self.y)

    def take(self, rows: Any) -> Values:
        """Return those of some rows."""
        return Values(self.x[rows], None if self.y is None else self.y[rows])


@dataclass(frozen=True, eq=False)
class Parts:
    """What rows that are not independent have in common; parts and stretches are numbered from 0."""

    of_row: Numbers
    """The part of each row, `(rows,)`."""
    group: Numbers
    """The group that each part is in, `(parts,)`."""
    stretch: Numbers
    """The stretch of each part: the parts of its group in which the same cells have runs."""
    groups: int
    drawn: bool
    """Whether cells were drawn, and not chosen."""

    @staticmethod
    def of(group: Numbers, key: Numbers, cell: Numbers, groups: int, drawn: bool) -> Parts:
        """Return the parts of some rows, `(rows,)`: those of a group with the same key.

        cell: whose run a row is; where cells are drawn, the side of a contrast that it is on.
        """
        if int(key.max(initial=0)) >= MOST_KEY // max(groups, 1):
            key = np.unique(key, return_inverse=True)[1]
        whole = group * (int(key.max(initial=0)) + 1) + key
        _, first, of_row = np.unique(whole, return_index=True, return_inverse=True)
        own = group[first]
        there = np.zeros(len(first), np.uint64)
        if drawn:
            np.bitwise_or.at(there, of_row, np.uint64(1) << cell.astype(np.uint64))
        else:
            np.add.at(there, of_row, _mixed(cell))
        sets, which = np.unique(there, return_inverse=True)
        _, stretch = np.unique(own * len(sets) + which, return_inverse=True)
        return Parts(of_row, own, stretch, groups, drawn)

    def interval(self, error: Array, rows: Column | None, level: float) -> tuple[Numbers, Array]:
        """Return how many parts there are by group, and half the width of each mean's interval.

        error: what each row adds, `(rows,)`; rows: those that count, all if not given.
        """
        place = self.of_row if rows is None else self.of_row[rows]
        each = np.bincount(place, error, len(self.group))
        there = self._all if rows is None else np.bincount(place, minlength=len(self.group)) > 0
        n = np.bincount(self.group, there, self.groups).astype(np.int64)
        count = np.bincount(self.stretch, there)
        squares = np.bincount(self.stretch, each * each)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.drawn:
                alone = np.where(count == 1.0, np.nan, squares)
                squares = alone * count / np.maximum(count - 1.0, 1.0)
            doubt = squares * squares / np.maximum(count - 1.0, 1.0)
            variance, doubt = (np.bincount(self._owner, x, self.groups) for x in (squares, doubt))
            freedom = np.where(variance > 0.0, variance * variance / doubt, 1.0)
        half = student(freedom + 1.0, level) * np.sqrt(variance)
        return n, np.where(n > 1, half, np.nan)

    @cached_property
    def _all(self) -> Column:
        return np.ones(len(self.group), dtype=bool)

    @cached_property
    def _owner(self) -> Numbers:
        """The group of each stretch."""
        return self.group[np.unique(self.stretch, return_index=True)[1]]


def errors(
    values: Values, cell: Numbers, group: Numbers, groups: int, drawn: bool
) -> tuple[Array, Array]:
    """Return the value of each group, and what every row adds to its error, `(rows,)`.

    values: all finite; cell: that of every row, `(rows,)`; group: that of every cell, `(cells,)`.
    The value of a group without rows is NaN.
    """
    x, y = values.x, values.y
    cells = len(group)
    n = np.bincount(cell, minlength=cells).astype(np.float64)
    some = np.maximum(n, 1.0)
    mx = np.bincount(cell, x, cells) / some
    my = (n > 0).astype(np.float64) if y is None else np.bincount(cell, y, cells) / some
    below = np.bincount(group, my, groups)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.bincount(group, mx, groups) / below
        own, weight = value[group], 1.0 / (some * below[group])
        error = x - own[cell] if y is None else x - own[cell] * y
        if not drawn:
            # A cell's only run does not tell what it is off by, and counts with all that it is off.
            error -= np.where(n > 1, mx - own * my, 0.0)[cell]
            weight = weight * np.sqrt(n / np.maximum(n - 1.0, 1.0))
        return value, error * weight[cell]


@dataclass(frozen=True, eq=False)
class Side:
    """The runs of one side of a comparison, `(rows,)` each."""

    cell: Numbers
    """Which of its cells a run is of, counted from 0."""
    key: Numbers
    """What runs that are not independent have in common, on either side."""
    cells: int


class Compared:
    """Two sides, and what of them is independent: made once for all outcomes.

    matched: whether row i of one is compared with row i of the other, `cell` being the same.
    """

    def __init__(self, a: Side, b: Side, matched: bool, drawn: bool) -> None:
        self.a, self.b, self.matched, self.drawn = a, b, matched, drawn
        if matched:
            cell, key, side = a.cell, a.key, np.zeros_like(a.cell)
        else:
            cell = np.concatenate([a.cell, b.cell + a.cells])
            key = np.concatenate([a.key, b.key])
            side = np.repeat([0, 1], [len(a.cell), len(b.cell)])
        self.parts = Parts.of(np.zeros_like(cell), key, side if drawn else cell, 1, drawn)

    def difference(self, x: Values, y: Values, level: float) -> dict[str, Any]:
        """Return both values, x less y with its interval, and the number of parts it is over."""
        if self.matched:
            rows = x.fine() & y.fine()
            a, b, value, error = self._matched(x.take(rows), y.take(rows), self.a.cell[rows])
        else:
            fine = x.fine(), y.fine()
            rows = np.concatenate(fine)
            a, ea = self._value(x.take(fine[0]), self.a.cell[fine[0]], self.a.cells)
            b, eb = self._value(y.take(fine[1]), self.b.cell[fine[1]], self.b.cells)
            value, error = a - b, np.concatenate([ea, -eb])
        n, half = self.parts.interval(error, rows, level)
        return {
            "a": a, "b": b, "difference": value, "low": value - half[0], "high": value + half[0],
            "n": int(n[0]),
        }  # fmt: skip

    def _matched(self, x: Values, y: Values, cell: Numbers) -> tuple[float, float, float, Array]:
        a, ea = self._value(x, cell, self.a.cells)
        b, eb = self._value(y, cell, self.a.cells)
        if x.y is not None:
            return a, b, a - b, ea - eb
        gap = Values(x.x - y.x, None)  # small differences keep their digits
        return a, b, *self._value(gap, cell, self.a.cells)

    def _value(self, values: Values, cell: Numbers, cells: int) -> tuple[float, Array]:
        value, error = errors(values, cell, np.zeros(cells, np.int64), 1, self.drawn)
        return float(value[0]), error


def _mixed(number: Numbers) -> np.ndarray:
    """Return numbers that add up differently for different sets of them."""
    with np.errstate(over="ignore"):
        found = (number.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        found = (found ^ (found >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return found ^ (found >> np.uint64(32))
