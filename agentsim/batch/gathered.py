"""Gathered: the runs of some cells out of all that are stored, and outcomes of them, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import parts, summaries
from agentsim.batch.cells import Column, Numbers
from agentsim.batch.clustered import Values
from agentsim.batch.plan import luck_of

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.tables import Tables

MOST_NUMBERS = 32_000_000
"""Numbers of a table that are held at once, a quarter of a gigabyte."""


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of some cells, cell by cell and by number, `(rows,)` each."""

    cell: Numbers
    """Which of the cells, counted from 0."""
    run: Numbers
    place: Numbers
    """Where the row lies in the table of outcomes."""

    def take(self, rows: Column) -> Runs:
        """Return some of the rows."""
        return Runs(self.cell[rows], self.run[rows], self.place[rows])

    def as_they_lie(self) -> Any:
        """Return the places, as a slice that copies nothing where they follow each other."""
        n = len(self.place)
        if n and self.place[-1] - self.place[0] == n - 1 and (np.diff(self.place) == 1).all():
            return slice(int(self.place[0]), int(self.place[0]) + n)
        return self.place

    def keys(self, cells: pd.DataFrame, drawn: bool) -> Numbers:
        """Return what tells runs apart that are independent, `(rows,)`.

        Where cells were drawn it is the base sample that they are of, otherwise their luck: that of
        run i is the same in all cells of a block.
        """
        if drawn:
            return cells["base"].to_numpy()[self.cell]
        return luck_of(cells["block"].to_numpy()[self.cell], self.run)


def gather(tables: Tables, *sources: Numbers) -> list[Runs]:
    """Return the runs of several lists of cells. sources: the cells whose runs they are."""
    table = tables.whole(parts.OUTCOMES, ["cell", "run"])
    cell, run = (table[name].to_numpy().astype(np.int64) for name in ("cell", "run"))
    wanted = np.zeros(max(int(cell.max(initial=0)), *(int(x.max()) for x in sources)) + 1, bool)
    for source in sources:
        wanted[source] = True
    at = np.flatnonzero(wanted[cell])
    if len(at) < len(cell):
        cell, run = cell[at], run[at]
    found = []
    for source in sources:
        own, place = places_of(source, cell, run)
        found.append(Runs(own, run[place], at[place]))
    return found


def places_of(source: Numbers, cell: Numbers, run: Numbers) -> tuple[Numbers, Numbers]:
    """Return which of some cells each of their runs is of, and where it lies, `(rows,)` each.

    source: the cells whose runs they are, `(cells,)`; cell, run: of all that are stored.
    """
    order = np.argsort(cell * (int(run.max(initial=0)) + 1) + run, kind="stable")
    sorted_cells = cell[order]
    starts = np.searchsorted(sorted_cells, source, side="left")
    counts = np.searchsorted(sorted_cells, source, side="right") - starts
    own = np.repeat(np.arange(len(source)), counts)
    within = np.arange(len(own)) - np.repeat(np.cumsum(counts) - counts, counts)
    return own, order[starts[own] + within]


def read(
    tables: Tables, outcomes: Sequence[str], kept: Sequence[str], runs: Sequence[Runs]
) -> Iterator[list[Values]]:
    """Yield each outcome, of several lists of runs. kept: all outcomes that there are."""
    rows = max(sum(len(each.cell) for each in runs), tables.rows(parts.OUTCOMES))
    count = max(1, MOST_NUMBERS // max(rows, 1) // 2)
    places = [each.as_they_lie() for each in runs]
    for start in range(0, len(outcomes), count):
        some = outcomes[start : start + count]
        table = tables.whole(parts.OUTCOMES, summaries.needed(some, kept))
        for outcome in some:
            x, y = summaries.columns_of(table, outcome, kept)
            yield [Values(x, y).take(place) for place in places]


def in_both(a: Runs, b: Runs) -> tuple[Runs, Runs]:
    """Return the runs of two lists of cells that have a match: the same place, the same number."""
    most = int(max(a.run.max(initial=0), b.run.max(initial=0))) + 1
    one, other = a.cell * most + a.run, b.cell * most + b.run
    if np.array_equal(one, other):
        return a, b
    _, of_a, of_b = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    return a.take(of_a), b.take(of_b)
