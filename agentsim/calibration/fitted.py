"""Fitted: draws of marked ranges that history does not contradict, kept as a table.

`agentsim calibrate` makes the table: it opens the market with the books of 2023Q1 and keeps those
draws whose quarters look like the facts. Each row is one draw, all equally likely, in no order; each
column is a marked range, by its label.

What holds at one date alone, such as a price, says nothing about another date. An assumption is
about the market and not about a date if both calibrations mark the same range for it; only those
columns count for calibrations other than the one that was fitted.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from agentsim.calibration.draws import Range
from agentsim.laws.numerics import Array

BASE = "2023Q1"
"""The calibration that was fitted."""
DATE = "scenario"
"""The column of a table that says of which calibration the draws are."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """Draws of some marked ranges, by label, `(rows,)` each."""

    columns: Mapping[str, Array]

    @property
    def rows(self) -> int:
        """How many draws there are."""
        return len(next(iter(self.columns.values()), ()))

    @property
    def digest(self) -> str:
        """A hash of names and values."""
        found = sha256()
        for label, column in self.columns.items():
            found.update(label.encode())
            found.update(np.ascontiguousarray(column, np.float64).tobytes())
        return found.hexdigest()

    def of(self, ranges: Mapping[str, Range]) -> Fitted:
        """Return the columns of these ranges alone."""
        return Fitted({label: x for label, x in self.columns.items() if label in ranges})

    def drawn(
        self,
        ranges: Mapping[str, Range],
        firms: Mapping[str, tuple[str, ...]],
        numbers: NDArray[np.int64],
    ) -> dict[str, Array]:
        """Return draws of the given numbers by the names that they set; after the last comes the first.

        ranges: those that are still uncertain.
        """
        mine = self.of(ranges)
        if not mine.columns:
            return {}
        place = numbers % mine.rows
        return {
            name: column[place]
            for label, column in mine.columns.items()
            for name in ranges[label].set_by(label, firms)
        }


@cache
def shipped() -> Fitted:
    """Return the table that comes with the package."""
    text = (files(__package__) / "fitted" / f"{BASE}.csv").read_text(encoding="utf-8")
    header, *rows = list(csv.reader(text.splitlines()))
    columns = zip(header, zip(*rows, strict=True), strict=True)
    return Fitted({label: np.array(x, np.float64) for label, x in columns if label != DATE})


def alike(one: Mapping[str, Range], other: Mapping[str, Range]) -> set[str]:
    """Return the labels of ranges that two calibrations mark alike."""
    return {
        label
        for label, marked in one.items()
        if label in other and (marked.low, marked.high) == (other[label].low, other[label].high)
    }
