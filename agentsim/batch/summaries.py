"""Summaries: means over runs with honest intervals, by cells and by groups of cells.

Runs of one cell are independent, and the interval of a mean is Student's t. Shares (see `SHARES`)
are ratios of means, R = sum x / sum y; their intervals are those of the linearised ratio: with
e_i = x_i - R y_i, the variance of R over n runs is var(e) / (n mean(y)^2), which for a mean, where
all y are 1, is that of a mean. What is pooled over cells is in `clustered`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import joining
from agentsim.batch.moments import Moments
from agentsim.batch.plan import Chunk, Plan
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

LEVEL = 0.95
ROWS = 20_000
"""Rows that are summed at once."""
SHARES = {
    f"customer_share{suffix}": (f"customer_surplus{suffix}", f"total_surplus{suffix}")
    for suffix in ("", "_to_horizon")
}
"""Outcomes that are shares, and of what: the mean of ratios is ruled by runs with little to share."""


def connect() -> DuckDBPyConnection:
    """Return a connection of its own, which keeps nothing on the disk."""
    import duckdb

    return duckdb.connect(":memory:")


def source(files: Sequence[str]) -> str:
    """Return the SQL that reads files as one table."""
    listed = ", ".join("'" + each.replace("'", "''") + "'" for each in files)
    return f"read_parquet([{listed}])"


def quoted(name: str) -> str:
    """Return a column's name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def ratio_parts(outcome: str, columns: Sequence[str]) -> tuple[str, str | None]:
    """Return numerator and denominator of an outcome, as columns; a mean has no denominator."""
    num, den = SHARES.get(outcome, (outcome, None))
    return (num, den) if den is None or {num, den} <= set(columns) else (outcome, None)


def even(tables: Iterable[pa.Table], rows: int = ROWS) -> Iterator[pa.Table]:
    """Yield the rows of tables so many at a time: sums then do not hang on how files were cut."""
    import pyarrow as pa

    held: list[pa.Table] = []
    count = 0
    for table in tables:
        held.append(table)
        count += table.num_rows
        while count >= rows:
            whole = pa.concat_tables(held)
            yield whole.slice(0, rows)
            held, count = [whole.slice(rows)], count - rows
    if count:
        yield pa.concat_tables(held)


def by_cell(
    tables: Iterable[pa.Table], cells: int, outcomes: Sequence[str], columns: Sequence[str]
) -> list[Moments]:
    """Return the moments of each outcome by cell, `(cells,)`, over tables that come one by one."""
    found = [Moments.none(cells) for _ in outcomes]
    for table in tables:
        cell, place = np.unique(table["cell"].to_numpy(), return_inverse=True)
        for moments, outcome in zip(found, outcomes, strict=True):
            x, y = columns_of(table, outcome, columns)
            moments.add(cell, Moments.of(x, y, place, len(cell)))
    return found


def rows_of(
    keys: pd.DataFrame, outcomes: Sequence[str], told: Sequence[tuple[Any, Array, Array]]
) -> pd.DataFrame:
    """Return a row a group and outcome: keys, outcome, mean, low, high, n and half_width.

    told: of each outcome n, mean and half_width, `(groups,)` each.
    """
    import pandas as pd

    count, each = len(keys), len(outcomes)
    n, value, half = (np.stack([of[at] for of in told], axis=1).ravel() for at in range(3))
    frame: pd.DataFrame = keys.loc[keys.index.repeat(each)].reset_index(drop=True)
    frame["outcome"] = pd.array(list(outcomes), dtype="str").take(np.tile(np.arange(each), count))
    frame["mean"], frame["low"], frame["high"] = value, value - half, value + half
    frame["n"] = n.astype(np.int64)
    frame["half_width"] = half
    return frame


def needed(outcomes: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return the columns that outcomes are worked out from."""
    found = [each for name in outcomes for each in ratio_parts(name, columns) if each is not None]
    return list(dict.fromkeys(found))


def columns_of(table: pa.Table, outcome: str, columns: Sequence[str]) -> tuple[Array, Array | None]:
    """Return numerators and denominators of an outcome, as the rows of a table have them."""
    num, den = ratio_parts(outcome, columns)
    x = table[num].to_numpy()
    return x, None if den is None else table[den].to_numpy()


def cell_intervals(folder: Path, plan: Plan, chunks: Sequence[Chunk], outcome: str) -> pd.DataFrame:
    """Return mean and interval of an outcome in every cell, over the runs of some chunks.

    The same to the last bit whatever the size of chunks, and whether they are joined by now or not:
    sums are taken run by run, in the order of the chunks.
    """
    import pandas as pd

    columns = plan.kept.outcomes
    read = ["cell", *needed([outcome], columns)]
    found = Moments.one_by_one(
        lambda: (
            (table["cell"].to_numpy(), *columns_of(table, outcome, columns))
            for table in joining.in_order(folder, chunks, read)
        ),
        len(plan.cells),
    )
    keys = pd.DataFrame({"cell": np.arange(len(plan.cells))})
    told = [(found.n, *found.interval(LEVEL))]
    return rows_of(keys, [outcome], told).loc[plan.cells.own].reset_index(drop=True)


def check_level(ci: float) -> float:
    """Return the level of an interval. Raises AgentsimError for what is none."""
    if isinstance(ci, bool) or not isinstance(ci, (int, float)) or not 0.0 < ci < 1.0:
        raise AgentsimError(f"ci = {ci!r} is no level; give one between 0 and 1, as 0.95")
    return float(ci)
