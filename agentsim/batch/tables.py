"""Tables: gathering what chunks bring into the tables that a batch leaves behind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from agentsim.batch.engine import SERIES, ChunkResult, PieceResult
from agentsim.batch.intervals import Interval, bootstrap_mean, quantiles, ratio_of_means
from agentsim.batch.plan import Plan
from agentsim.failures import OK
from agentsim.laws.numerics import Array
from agentsim.outcomes import OUTCOMES

STATISTICS = ("mean", "p05", "p25", "p50", "p75", "p95")
PERCENTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
NEVER = "failed: never run"
SHARES = {
    f"customer_share{suffix}": (f"customer_surplus{suffix}", f"total_surplus{suffix}")
    for suffix in ("", "_to_horizon")
}
"""Outcomes that are shares, and of what: the mean of ratios is ruled by runs with little to share."""


@dataclass
class Bands:
    """A cell's series while its pieces come in, then their statistics alone."""

    waiting: int
    """Runs still to come."""
    series: Array
    """`(series, quarters + 1, runs)`"""
    statistics: Array | None = None
    """`(statistics, series, quarters + 1)`"""

    def finish(self) -> None:
        """Reduce the runs to statistics; what is NaN, as all of a failed run, is left out."""
        x, self.series = self.series, np.empty(0)
        told = np.isfinite(x)
        with np.errstate(invalid="ignore"):
            mean = np.where(told, x, 0.0).sum(axis=-1) / told.sum(axis=-1)
        self.statistics = np.concatenate([mean[None], quantiles(x, PERCENTILES)])


class Tables:
    """Outcomes by run, series by cell, the draws and a summary."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.row = {cell.index: row for row, cell in enumerate(plan.own_cells)}
        shape = (len(self.row), plan.runs)
        self.status = np.full(shape, NEVER, dtype=object)
        self.outcomes: dict[str, Array] = {
            name: np.full(shape, np.nan) for name in OUTCOMES
        }  # in the order of the table
        self.bands: dict[int, Bands] = {}

    def add(self, result: ChunkResult) -> None:
        """Take in what became of a chunk."""
        for piece in result.pieces:
            self._add_outcomes(piece)
            self._add_series(piece)

    def _add_outcomes(self, result: PieceResult) -> None:
        piece = result.piece
        place = (self.row[piece.cell], slice(piece.first, piece.last))
        self.status[place] = result.status
        # A failed run has no outcome: nothing that it left half done may enter a mean.
        fine = np.array([status == OK for status in result.status])
        for name, array in result.outcomes.items():
            if name not in self.outcomes:
                self.outcomes[name] = np.full(self.status.shape, np.nan)
            self.outcomes[name][place] = np.where(fine, array, np.nan)

    def _add_series(self, result: PieceResult) -> None:
        piece, kept = result.piece, min(self.plan.runs, self.plan.series_runs)
        last = min(piece.last, kept)
        if last <= piece.first:
            return
        if piece.cell not in self.bands:
            shape = (len(SERIES), self.plan.horizon + 1, kept)
            self.bands[piece.cell] = Bands(kept, np.full(shape, np.nan))
        bands = self.bands[piece.cell]
        fine = np.array([status == OK for status in result.status])[: last - piece.first]
        for row, name in enumerate(SERIES):
            if name in result.series:
                array = np.where(fine, result.series[name], np.nan)
                bands.series[row, :, piece.first : last] = array
        bands.waiting -= last - piece.first
        if bands.waiting == 0:
            bands.finish()

    @property
    def failures(self) -> dict[str, Any]:
        """How many runs failed, and the commonest reasons. Runs that cells share count once."""
        whys = Counter(str(status) for status in self.status.ravel() if status != OK)
        return {"runs": sum(whys.values()), "reasons": dict(whys.most_common(20))}

    # The tables. Cells that share their runs with an earlier one have rows of their own.

    def runs(self) -> pa.Table:
        """Return a row a run: the cell's columns, run, status, outcomes."""
        plan = self.plan
        rows = [self._row(cell.index) for cell in plan.cells]
        labels = self._labels(np.full(len(plan.cells), plan.runs))
        numbers = np.tile(np.arange(plan.runs, dtype=np.int64), len(plan.cells))
        return pa.table(
            labels
            | {"run": numbers, "status": pa.array(self.status[rows].ravel(), pa.string())}
            | {name: array[rows].ravel() for name, array in self.outcomes.items()}
        )

    def series(self) -> pa.Table:
        """Return a row a cell, series and quarter: mean and percentiles over runs."""
        plan, quarters = self.plan, self.plan.horizon + 1
        each = len(SERIES) * quarters
        found = np.stack([self._statistics(cell.index) for cell in plan.cells])
        columns = np.swapaxes(found, 0, 1).reshape(len(STATISTICS), -1)
        names = np.tile(np.repeat(np.array(SERIES, dtype=object), quarters), len(plan.cells))
        return pa.table(
            self._labels(np.full(len(plan.cells), each))
            | {
                "series": pa.array(names, pa.string()),
                "quarter": np.tile(np.arange(quarters), len(plan.cells) * len(SERIES)),
            }
            | dict(zip(STATISTICS, columns, strict=True))
        )

    def draws(self) -> pa.Table:
        """Return a row a run: what it drew from the marked ranges."""
        return pa.table({"run": np.arange(self.plan.runs, dtype=np.int64)} | self.plan.draws)

    def summary(self) -> pa.Table:
        """Return a row a cell and outcome: mean, its 95% interval, and the runs it is over.

        Of the shares in SHARES it is the ratio of means, as everywhere else.
        """
        plan, names = self.plan, list(self.outcomes)
        own = [self._intervals(row) for row in range(len(self.row))]
        intervals = [own[self._row(cell.index)] for cell in plan.cells]
        repeated = np.tile(np.array(names, dtype=object), len(plan.cells))
        return pa.table(
            self._labels(np.full(len(plan.cells), len(names)))
            | {"outcome": pa.array(repeated, pa.string())}
            | {
                column: np.concatenate([getattr(each, attribute) for each in intervals])
                for column, attribute in (
                    ("mean", "value"), ("low", "low"), ("high", "high"), ("n", "n"),
                )
            }
        )  # fmt: skip

    def _intervals(self, row: int) -> Interval:
        """Return mean and interval of every outcome in a cell, each an array by outcome."""
        found = bootstrap_mean(np.stack([each[row] for each in self.outcomes.values()], axis=1))
        for at, name in enumerate(self.outcomes):
            if name in SHARES:
                share = ratio_of_means(*(self.outcomes[part][row] for part in SHARES[name]))
                for field in ("value", "low", "high", "n"):
                    getattr(found, field)[at] = getattr(share, field)
        return found

    def _row(self, cell: int) -> int:
        """Return the row of the cell whose runs stand for this one's."""
        same_as = self.plan.cells[cell].same_as
        return self.row[cell if same_as is None else same_as]

    def _statistics(self, cell: int) -> Array:
        same_as = self.plan.cells[cell].same_as
        bands = self.bands[cell if same_as is None else same_as]
        assert bands.statistics is not None  # every run has come in
        return bands.statistics

    def _labels(self, repeats: Any) -> dict[str, Any]:
        """Return the columns that say what a cell is, each cell so many times."""
        cells = self.plan.cells
        columns: dict[str, Any] = {
            "cell": np.repeat(np.array([cell.index for cell in cells]), repeats)
        }
        for name in self.plan.columns:
            columns[name] = _column([cell.labels[name] for cell in cells], repeats)
        return columns


def _column(levels: list[Any], repeats: Any) -> pa.Array:
    """Return levels as a column: of numbers if all are, otherwise of text."""
    where = np.repeat(np.arange(len(levels)), repeats)
    given = [level for level in levels if level is not None]
    if given and not any(isinstance(level, str) for level in given):
        return pa.array(
            [None if each is None else float(each) for each in levels], pa.float64()
        ).take(where)
    return pa.array([None if each is None else str(each) for each in levels], pa.string()).take(
        where
    )
