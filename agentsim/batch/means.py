"""Means: outcomes by cell, or pooled over groups of cells, from the tables of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch import parts, summaries
from agentsim.batch.clustered import Parts, errors
from agentsim.batch.gathered import gather, read

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.tables import Tables


def means_by_cell(
    tables: Tables, cells: pd.DataFrame, outcomes: list[str], kept: Sequence[str], level: float
) -> pd.DataFrame:
    """Return means by cell, with the labels of each. kept: all outcomes that there are."""
    read = ["cell", *summaries.needed(outcomes, kept)]
    rows = summaries.even(tables.each(parts.OUTCOMES, read))
    found = summaries.by_cell(rows, len(tables.cells), outcomes, kept)
    source = cells["runs_of"].to_numpy()
    own = [each.take(source) for each in found]
    told = [(each.n, *each.interval(level)) for each in own]
    return summaries.rows_of(cells[["cell", *tables.labels]], outcomes, told)


def means_by_group(
    tables: Tables,
    cells: pd.DataFrame,
    keys: list[str],
    outcomes: list[str],
    kept: Sequence[str],
    level: float,
    drawn: bool,
) -> pd.DataFrame:
    """Return means by groups of cells that have labels in common, in which cells count alike.

    kept: all outcomes that there are; drawn: whether cells were drawn, base by base.
    """
    group = np.asarray(cells.groupby(keys, dropna=False, sort=True).ngroup(), dtype=np.int64)
    heads = cells[keys].iloc[np.unique(group, return_index=True)[1]].reset_index(drop=True)
    (runs,) = gather(tables, cells["runs_of"].to_numpy())
    # A cell's only run does not tell what it is off by: cells then stand for draws of what might be.
    loose = drawn or not runs.run.any()
    key = runs.keys(cells, drawn)
    who = np.zeros_like(runs.cell) if loose else runs.cell
    common = Parts.of(group[runs.cell], key, who, len(heads), loose)
    told = []
    for (values,) in read(tables, outcomes, kept, [runs]):
        fine = values.fine()
        if fine.all():  # as it nearly always is: nothing need be copied
            value, error = errors(values, runs.cell, group, len(heads), loose)
            n, half = common.interval(error, None, level)
        else:
            value, error = errors(values.take(fine), runs.cell[fine], group, len(heads), loose)
            n, half = common.interval(error, fine, level)
        told.append((n, value, half))
    return summaries.rows_of(heads, outcomes, told)
