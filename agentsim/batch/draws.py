"""Draws: what every run of a batch drew from the marked ranges, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from agentsim.batch.cells import Numbers
from agentsim.batch.plan import Plan, Round


def draws_table(plan: Plan, rounds: Sequence[Round]) -> Any:
    """Return a row a draw: its block of luck (where there are several), run, and what it drew.

    Cells of one block share their draws: a draw has one row, whatever the number of cells.
    """
    import pyarrow as pa

    block = np.concatenate([np.repeat(plan.cells.block[of.cells], of.runs) for of in rounds])
    run = np.concatenate([_numbers(of) for of in rounds])
    cell = np.concatenate([np.repeat(of.cells, of.runs) for of in rounds])
    _, first = np.unique(block * (int(run.max()) + 1) + run, return_index=True)
    draws = plan.draw_numbers(cell[first], run[first])
    columns: dict[str, Any] = {"block": block[first]} if plan.blocks > 1 else {}
    columns["run"] = run[first]
    for name in plan.drawn_ranges:
        columns[name] = np.empty(len(first))
    hypercube, place = np.divmod(draws, plan.drawn_together)
    for number in np.unique(hypercube) if plan.drawn_ranges else ():
        here = hypercube == number
        raw = plan.raw_draws(int(number))
        for name in plan.drawn_ranges:
            columns[name][here] = raw[name][place[here]]
    return pa.table(columns)


def _numbers(of: Round) -> Numbers:
    """Return the numbers of the runs of a round in their cells, laid end to end."""
    begins = of.ends - of.runs
    return np.arange(of.total) - np.repeat(begins, of.runs) + np.repeat(of.first, of.runs)
