"""Summaries: means over runs with honest intervals, by cells and by groups of cells.

A mean is known as well as its independent parts tell. Runs of one cell are independent. Where cells
are pooled they are not: in cells that share their luck, run 17 is one draw of the world seen several
times, and in a design that places its points at random it is the point, not the run, that is drawn.
So pooled runs are added up by what they share, and the interval is over those sums. Shares (see
`SHARES`) are ratios of means. Intervals are Student's t of the linearised ratio of sums.

With e_i = s_i - R k_i, s_i and k_i the sums of numerator and denominator over independent part i
and R = sum s / sum k, the variance of R is var(e) / (n mean(k)^2): for n runs of one cell, where
all k are 1, that is the variance of a mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch import parts
from agentsim.batch.cells import Numbers
from agentsim.batch.moments import Moments, finite
from agentsim.batch.plan import Chunk, Plan
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

LEVEL = 0.95
MOST_SUMS = 4_000_000
SHARES = {
    f"customer_share{suffix}": (f"customer_surplus{suffix}", f"total_surplus{suffix}")
    for suffix in ("", "_to_horizon")
}
"""Outcomes that are shares, and of what: the mean of ratios is ruled by runs with little to share."""


def files_of(
    folder: Path, tables: Sequence[str], chunks: Sequence[Chunk] | None = None
) -> dict[str, list[str]]:
    """Return the files of each table: joined ones, and parts that are in none of those.

    chunks: those whose parts count, in their order; all that there are, in the order of their names,
    if not given.
    """
    found: dict[str, list[str]] = {}
    for name in tables:
        joined = sorted((folder / name).glob("*.parquet"))
        held = {key for path in joined for key in parts.told(path)}
        if chunks is None:
            loose = sorted((folder / parts.PARTS).glob(f"{name}-*.parquet"))
            loose = [path for path in loose if not held.issuperset(parts.told(path))]
        else:
            loose = [parts.part_path(folder, name, c) for c in chunks if c.key not in held]
        found[name] = [str(path) for path in (*joined, *loose)]
    return found


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


def by_cell(
    tables: Iterable[pa.Table], cells: int, outcomes: Sequence[str], columns: Sequence[str]
) -> list[Moments]:
    """Return the moments of each outcome by cell, `(cells,)`, over tables that come one by one."""
    found = [Moments.none(cells) for _ in outcomes]
    for table in tables:
        cell, place = np.unique(table["cell"].to_numpy(), return_inverse=True)
        for moments, outcome in zip(found, outcomes, strict=True):
            x, y = _parts_of(table, outcome, columns)
            moments.add(cell, Moments.of(x, y, place, len(cell)))
    return found


def pooled(
    tables: Iterable[pa.Table],
    layers: Sequence[Numbers],
    cluster: Callable[[pa.Table], Numbers],
    sizes: tuple[int, int],
    outcomes: Sequence[str],
    columns: Sequence[str],
) -> list[Moments]:
    """Return the moments of each outcome by group, over what runs that are not independent add up to.

    layers: the group of every cell, `(cells,)`, -1 for none; a cell whose runs stand for others'
    too is in several layers. cluster: says of every row of a table what it adds up with.
    sizes: how many groups there are, and how many clusters.
    """
    groups, clusters = sizes
    sums = np.zeros((len(outcomes), 2, groups * clusters))
    for table in tables:
        cell, part = table["cell"].to_numpy(), cluster(table)
        adders = [_adder(layer[cell], part, clusters) for layer in layers]
        ones = np.ones(len(cell))
        for at, outcome in enumerate(outcomes):
            x, y = _parts_of(table, outcome, columns)
            fine = finite(x, y)
            for side, values in enumerate((x, ones if y is None else y)):
                kept = values if fine.all() else np.where(fine, values, 0.0)
                for add in adders:
                    add(sums[at, side], kept)
    place = np.repeat(np.arange(groups), clusters)
    found = []
    for s, k in sums:
        there = k != 0.0
        found.append(Moments.of(s[there], k[there], place[there], groups))
    return found


def _adder(group: Numbers, part: Numbers, clusters: int) -> Callable[[Array, Array], None]:
    """Return what adds rows to the sums of their groups and clusters; a group of -1 is none."""
    told = group >= 0
    everywhere = bool(told.all())
    place = (group * clusters + part)[told]
    alone = bool(np.all(place[1:] > place[:-1]))

    def add(sums: Array, values: Array) -> None:
        kept = values if everywhere else values[told]
        if alone:  # several times as fast, and wrong where a place comes twice
            sums[place] += kept
        else:
            np.add.at(sums, place, kept)

    return add


def in_batches(outcomes: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield outcomes in batches whose sums, of `size` parts each, fit into little memory."""
    count = max(1, MOST_SUMS // max(size, 1))
    for start in range(0, len(outcomes), count):
        yield outcomes[start : start + count]


def rows_of(
    keys: pd.DataFrame, outcomes: Sequence[str], found: Sequence[Moments], level: float
) -> pd.DataFrame:
    """Return a row a group and outcome: keys, outcome, mean, low, high, n and half_width."""
    import pandas as pd

    count, each = len(keys), len(outcomes)
    told = [moments.interval(level) for moments in found]
    value, half = (np.stack([pair[side] for pair in told], axis=1).ravel() for side in (0, 1))
    frame: pd.DataFrame = keys.loc[keys.index.repeat(each)].reset_index(drop=True)
    frame["outcome"] = pd.array(list(outcomes), dtype="str").take(np.tile(np.arange(each), count))
    frame["mean"], frame["low"], frame["high"] = value, value - half, value + half
    frame["n"] = np.stack([moments.n for moments in found], axis=1).ravel().astype(np.int64)
    frame["half_width"] = half
    return frame


def needed(outcomes: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return the columns that outcomes are worked out from."""
    found = [each for name in outcomes for each in ratio_parts(name, columns) if each is not None]
    return list(dict.fromkeys(found))


def _parts_of(table: pa.Table, outcome: str, columns: Sequence[str]) -> tuple[Array, Array | None]:
    num, den = ratio_parts(outcome, columns)
    x = table[num].to_numpy()
    return x, None if den is None else table[den].to_numpy()


def cell_intervals(
    folder: Path, plan: Plan, chunks: Sequence[Chunk], runs: Numbers, outcome: str
) -> pd.DataFrame:
    """Return mean and interval of an outcome in every cell, over its first runs, `(cells,)` of them.

    The same to the last bit whether chunks are joined by now or not, and whether runs were added
    since: sums are taken over all that count at once, in the order of their chunks.
    """
    import pandas as pd
    import pyarrow as pa

    columns = plan.kept.outcomes
    read = ["cell", "run", *needed([outcome], columns)]
    files = files_of(folder, [parts.OUTCOMES], chunks)[parts.OUTCOMES]
    bare = [parts.read(Path(each), read).replace_schema_metadata(None) for each in files]
    every = pa.concat_tables(bare)
    counted = every["run"].to_numpy() < runs[every["cell"].to_numpy()]
    found = by_cell([every.filter(pa.array(counted))], len(plan.cells), [outcome], columns)
    keys = pd.DataFrame({"cell": np.arange(len(plan.cells))})
    return rows_of(keys, [outcome], found, LEVEL).loc[plan.cells.own].reset_index(drop=True)


def check_level(ci: float) -> float:
    """Return the level of an interval. Raises AgentsimError for what is none."""
    if isinstance(ci, bool) or not isinstance(ci, (int, float)) or not 0.0 < ci < 1.0:
        raise AgentsimError(f"ci = {ci!r} is no level; give one between 0 and 1, as 0.95")
    return float(ci)
