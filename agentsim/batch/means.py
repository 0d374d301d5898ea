"""Means: outcomes by cell, or pooled over groups of cells, from the tables of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import parts, summaries

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.cells import Numbers
    from agentsim.batch.moments import Moments
    from agentsim.batch.tables import Tables


def means_by_cell(
    tables: Tables, cells: pd.DataFrame, outcomes: list[str], kept: Sequence[str], level: float
) -> pd.DataFrame:
    """Return means by cell, with the labels of each. kept: all outcomes that there are."""
    read = ["cell", *summaries.needed(outcomes, kept)]
    found = summaries.by_cell(tables.each(parts.OUTCOMES, read), len(tables.cells), outcomes, kept)
    source = cells["runs_of"].to_numpy()
    own = [each.take(source) for each in found]
    return summaries.rows_of(cells[["cell", *tables.labels]], outcomes, own, level)


def means_by_group(
    tables: Tables,
    cells: pd.DataFrame,
    keys: list[str],
    outcomes: list[str],
    kept: Sequence[str],
    level: float,
    cluster: Sequence[str],
) -> pd.DataFrame:
    """Return means by groups of cells that have labels in common.

    kept: all outcomes that there are; cluster: what runs that are not independent have in common.
    """
    group = np.asarray(cells.groupby(keys, dropna=False, sort=True).ngroup(), dtype=np.int64)
    heads = cells[keys].iloc[np.unique(group, return_index=True)[1]].reset_index(drop=True)
    block = tables.cells["base" if "base" in cluster else "block"].to_numpy()
    runs = _most_runs(tables) if "run" in cluster else 1

    def part_of(table: Any) -> Any:
        number = table["run"].to_numpy().astype(np.int64) if runs > 1 else 0
        return block[table["cell"].to_numpy()] * runs + number

    sizes = (len(heads), (int(block.max()) + 1) * runs)
    layers = _layers(cells["runs_of"].to_numpy(), group, len(tables.cells))
    found: list[Moments] = []
    for some in summaries.in_batches(outcomes, sizes[0] * sizes[1]):
        read = ["cell", "run", *summaries.needed(some, kept)]
        found += summaries.pooled(
            tables.each(parts.OUTCOMES, read), layers, part_of, sizes, some, kept
        )
    return summaries.rows_of(heads, outcomes, found, level)


def _layers(source: Numbers, group: Numbers, cells: int) -> list[Numbers]:
    """Return the group of every cell whose runs are stored, as often as they stand for a cell."""
    order = np.argsort(source, kind="stable")
    source, group = source[order], group[order]
    nth = np.arange(len(source)) - np.searchsorted(source, source)
    layers = []
    for at in range(int(nth.max()) + 1):
        layer = np.full(cells, -1)
        layer[source[nth == at]] = group[nth == at]
        layers.append(layer)
    return layers


def _most_runs(tables: Tables) -> int:
    """Return the number after the greatest number of a run."""
    greatest = tables.sql("select max(run) as run from outcomes")["run"].iloc[0]
    return int(greatest) + 1
