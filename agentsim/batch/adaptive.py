"""Adaptive replication: adding runs to cells until an outcome is known as well as asked.

After each round the interval of the outcome's mean is worked out in every cell. A cell whose
interval is wider than asked gets as many runs as should make it narrow enough, at most three times
what it has, until all are narrow or have as many runs as they may. What is added follows from the
results alone, so that a batch that was interrupted goes on to the same end.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.plan import Chunk, Plan, Round
from agentsim.batch.summaries import cell_intervals

if TYPE_CHECKING:
    from agentsim.batch.design import Experiment

MOST_GROWTH = 4
"""A cell has at most so many times the runs it had before: its spread is only guessed as yet."""
MOST_LISTED = 1_000


class Adapting:
    """What became of the wish for narrow intervals; nothing where there is none."""

    def __init__(self, experiment: Experiment, plan: Plan, folder: Path) -> None:
        self.asked = experiment.adaptive
        self.plan = plan
        self.folder = folder
        self.runs = np.zeros(len(plan.cells), np.int64)
        self.wide = np.zeros(0, np.int64)
        self.rounds = 0

    def next_round(self, last: Round, chunks: Sequence[Chunk]) -> Round | None:
        """Return the runs to add now that a round is done; None where there are none."""
        if self.asked is None:
            return None
        np.add.at(self.runs, last.cells, last.runs)
        self.rounds = last.number + 1
        found = cell_intervals(self.folder, self.plan, chunks, self.asked.outcome)
        cells = found["cell"].to_numpy()
        mean, half = found["mean"].to_numpy(), found["half_width"].to_numpy()
        if self.asked.half_width is not None:
            wanted = np.full(len(cells), self.asked.half_width)
        else:
            assert self.asked.relative is not None  # one of the two is given
            wanted = self.asked.relative * np.abs(mean)
        # A cell without an interval, all but one of its runs having failed, is not narrow either.
        wide = ~(half <= wanted)
        self.wide = cells[wide]
        grow = wide & (self.runs[cells] < self.asked.most_runs) & (found["n"].to_numpy() > 1)
        if not grow.any():
            return None
        with np.errstate(divide="ignore"):  # of a mean of nothing no share is narrow enough
            return self._round(last.number + 1, cells[grow], half[grow] / wanted[grow])

    def _round(self, number: int, cells: np.ndarray, over: np.ndarray) -> Round:
        """Return the runs that should make intervals narrow that are so many times too wide."""
        assert self.asked is not None  # there is something to add
        have = self.runs[cells]
        need = np.ceil(have * np.minimum(over**2, MOST_GROWTH)).astype(np.int64)
        add = np.clip(need, have + 1, self.asked.most_runs) - have
        order = np.argsort(self.plan.cells.group[cells], kind="stable")
        cells, have, add = cells[order], have[order], add[order]
        return Round(number, cells, have, add)

    def report(self) -> dict[str, Any] | None:
        """Return what came of it, for the manifest."""
        if self.asked is None:
            return None
        return {
            "rounds": self.rounds,
            "cells": len(self.plan.cells.own),
            "most_runs": int(self.runs.max()),
            "cells_wider_than_asked": len(self.wide),
            "wider_than_asked": self.wide[:MOST_LISTED].tolist(),
        }
