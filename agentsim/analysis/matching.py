"""Matching: outcomes are put beside the points of a design by cell number, never by place.

An estimator that takes a column of numbers in the order of its sample is wrong without a word when
one is missing or two are swapped. Here every cell of the design has a value, or is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agentsim.errors import AgentsimError, shown, unknown
from agentsim.laws.numerics import Array

BLOCK = "block"
"""The column that says which cells of a design belong together."""


@dataclass(frozen=True)
class Matched:
    """The outcomes of whole blocks, in the order of the design."""

    cells: NDArray[Any]
    """Cell numbers `(blocks, cells of a block)`."""
    y: Array
    """Outcomes `(blocks, cells of a block)`."""
    dropped: int
    """Blocks left out because a cell of theirs has no value."""


def matched(
    points: pd.DataFrame,
    values: pd.Series[Any],
    size: int,
    drop_failed: bool,
    reasons: Mapping[int, str] | None,
) -> Matched:
    """Return the outcomes of a design of blocks, whole blocks only.

    points: indexed by cell, with a column `block`; ascending cells are the order of the sample.
    values: indexed by cell, in any order; NaN and infinite count as missing, and cells that are
        not in `points` are of no interest.
    size: cells of a block.
    drop_failed: leave out blocks with a missing cell, instead of refusing.
    reasons: why cells have no value, in words, for the message.
    Raises AgentsimError for cells given twice, blocks that are not whole, and missing values.
    """
    check_cells("points", points.index)
    check_cells(outcome_name(values), values.index)
    cells, blocks = _by_block(points, size)
    y = values.reindex(cells.ravel()).to_numpy(dtype=np.float64).reshape(cells.shape)
    missing = ~np.isfinite(y)
    if missing.any() and not drop_failed:
        remedy = f"drop {missing.any(axis=1).sum()} of {len(y)} blocks with drop_failed=True (--drop-failed)"
        raise no_value(values, cells[missing], dict(_pairs(cells, blocks)), reasons, remedy)
    whole = ~missing.any(axis=1)
    if whole.sum() < 2:
        raise AgentsimError(
            f"{outcome_name(values)} has {whole.sum()} of {len(y)} blocks without a missing cell; "
            "at least 2 are needed: mend what makes cells fail, or give more points"
        )
    if np.ptp(y[whole]) == 0.0:
        raise AgentsimError(
            f"{outcome_name(values)} = {y[whole][0, 0]:g} in every cell, so that nothing can be "
            "said of what moves it; choose another outcome or wider ranges"
        )
    return Matched(cells[whole], y[whole], int((~whole).sum()))


def check_cells(what: str, index: pd.Index[Any]) -> None:
    """Refuse a table in which a cell stands twice."""
    if not index.is_unique:
        cell = index[index.duplicated()][0]
        raise AgentsimError(f"{what} has cell {cell} more than once; give one row a cell")


def check_columns(what: str, table: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse a table that lacks a column, and a name given twice."""
    if not names:
        raise AgentsimError("dimensions = [] names nothing; give at least one")
    for name in names:
        if list(names).count(name) > 1:
            raise AgentsimError(f"dimensions has {shown(name)} more than once; give it once")
        if name not in table.columns:
            raise unknown(f"column of {what}", name, [str(each) for each in table.columns])


def outcome_name(values: pd.Series[Any]) -> str:
    """Return what an outcome is called in a message."""
    return str(values.name) if values.name is not None else "values"


def no_value(
    values: pd.Series[Any],
    missing: Sequence[Any] | NDArray[Any],
    block_of: Mapping[Any, Any],
    reasons: Mapping[int, str] | None,
    remedy: str,
) -> AgentsimError:
    """Return the error for cells without a value, which names the first of them."""
    cell = min(missing)
    place = f" (block {block_of[cell]})" if cell in block_of else ""
    others = f", and {len(missing) - 1} more have none" if len(missing) > 1 else ""
    why = " ".join(str((reasons or {}).get(int(cell), "")).split())
    told = f": {why}" if why else ""
    return AgentsimError(
        f"cell {cell}{place} has no value of {outcome_name(values)}{others}{told}; "
        f"mend what makes it fail, or {remedy}"
    )


def _by_block(points: pd.DataFrame, size: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the cells `(blocks, size)` and the blocks' numbers; refuse blocks not of this size."""
    if BLOCK not in points.columns:
        raise unknown("column of points", BLOCK, [str(each) for each in points.columns])
    ordered = points[BLOCK].sort_index()
    if ordered.empty:
        raise AgentsimError("points has no cells; give the design that was run")
    counts = ordered.groupby(ordered, sort=False).size()
    wrong = counts[counts != size]
    if len(wrong):
        raise AgentsimError(
            f"block {wrong.index[0]} has {wrong.iloc[0]} cells, but a block of this design has "
            f"{size}; give all cells of the design and the dimensions it was made with"
        )
    blocks = ordered.to_numpy().reshape(-1, size)
    if (blocks != blocks[:, :1]).any():
        at = int((blocks != blocks[:, :1]).any(axis=1).argmax())
        raise AgentsimError(
            f"block {blocks[at, 0]} is mixed with others; number the cells of a block in a row"
        )
    return ordered.index.to_numpy().reshape(-1, size), blocks[:, 0]


def _pairs(cells: NDArray[Any], blocks: NDArray[Any]) -> list[tuple[Any, Any]]:
    return [(cell, block) for row, block in zip(cells, blocks, strict=True) for cell in row]
