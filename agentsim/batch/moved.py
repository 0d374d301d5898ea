"""Moved: how far runs of two batches lie apart, bit by bit and in the mean, by DuckDB on both folders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import summaries
from agentsim.batch.clustered import Compared, Side, Values
from agentsim.batch.plan import luck_of
from agentsim.batch.results import Results
from agentsim.batch.summaries import quoted

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection


def attach(
    connection: DuckDBPyConnection, a: Results, b: Results, matched: pd.DataFrame
) -> pd.DataFrame:
    """Make views a and b of the runs of both, a table of pairs of cells, and joined of their runs.

    Cells that share their runs are one pair, and count as often as there are such cells.
    """
    for name, results in (("a", a), ("b", b)):
        files = summaries.source(results.files)
        connection.execute(f"create view {name} as select * from {files}")
    both = ["runs_of_a", "runs_of_b"]
    pairs = matched.groupby(both, as_index=False).agg(
        cell_a=("cell_a", "first"), weight=("cell_a", "size")
    )
    pairs["pair"] = np.arange(len(pairs))
    block = a.cells.set_index("cell")["base" if a.drawn else "block"]
    pairs["block"] = block.loc[pairs["runs_of_a"]].to_numpy()
    of_b = b.cells.set_index("cell")["base" if a.drawn else "block"]
    pairs["block_b"] = of_b.loc[pairs["runs_of_b"]].to_numpy()
    connection.register("pairs", pairs)
    return pairs


JOINED = (
    "pairs p join a on a.cell = p.runs_of_a join b on b.cell = p.runs_of_b and a.run = b.run"
)  # fmt: skip


def bit_by_bit(
    connection: DuckDBPyConnection,
    matched: pd.DataFrame,
    pairs: pd.DataFrame,
    outcomes: Sequence[str],
) -> pd.DataFrame:
    """Return the matched cells with how many runs both have, and how many are identical."""
    same = " and ".join(["a.status = b.status", *(_same(name) for name in outcomes)])
    found = connection.execute(
        f"select p.pair, count(*) as runs, count(*) filter (where {same}) as identical_runs "
        f"from {JOINED} group by p.pair"
    ).df()
    table = pairs.merge(found, on="pair", how="left")
    for side in ("a", "b"):
        counts = connection.execute(f"select cell, count(*) as n from {side} group by cell").df()
        counted = counts.set_index("cell")["n"].reindex(table[f"runs_of_{side}"]).fillna(0)
        table[f"only_{side}"] = counted.to_numpy() - table["runs"].fillna(0).to_numpy()
    numbers = ["runs", "only_a", "only_b", "identical_runs"]
    table[numbers] = table[numbers].fillna(0).astype(np.int64)
    every = table["runs"] == table["identical_runs"]
    table["identical"] = every & (table["only_a"] == 0) & (table["only_b"] == 0)
    taken = ["runs_of_a", "runs_of_b", *numbers, "identical"]
    return matched.merge(table[taken], on=["runs_of_a", "runs_of_b"], how="left")


def _same(name: str) -> str:
    """Return the SQL that says whether a number is the same bit for bit; NaN is as NaN."""
    x, y = f"a.{quoted(name)}", f"b.{quoted(name)}"
    return f"({x} is not distinct from {y} and not ({x} = 0 and signbit({x}) <> signbit({y})))"


def no_outcomes() -> pd.DataFrame:
    """Return a table of how outcomes moved, without a row."""
    import pandas as pd

    return pd.DataFrame(columns=list(OUTCOME_COLUMNS))


OUTCOME_COLUMNS = (
    "outcome", "identical", "a", "b", "difference", "low", "high", "excludes_zero", "n",
    "largest", "cell_a", "run",
)  # fmt: skip


def differences(
    connection: DuckDBPyConnection,
    a: Results,
    matched: pd.DataFrame,
    pairs: pd.DataFrame,
    outcomes: Sequence[str],
    kept: Sequence[str],
    level: float,
) -> pd.DataFrame:
    """Return how far each outcome moved, over the runs that both have."""
    import pandas as pd

    paired = bool(matched["paired"].all())
    apart = _apart(connection, outcomes)
    rows: list[dict[str, Any]] = []
    for name in outcomes:
        differ, largest, cell, run = apart[name]
        row = _moved(connection, name, kept, pairs, a.drawn, paired, level, differ > 0)
        there = paired and largest is not None
        row |= {"outcome": name, "identical": differ == 0, "largest": largest if there else np.nan}
        row |= {"cell_a": cell, "run": run} if there and differ else {"cell_a": None, "run": None}
        rows.append(row)
    return pd.DataFrame(rows, columns=list(OUTCOME_COLUMNS))


def _apart(
    connection: DuckDBPyConnection, outcomes: Sequence[str]
) -> dict[str, tuple[int, float | None, int | None, int | None]]:
    """Return for each outcome how many runs differ, by how much at most, and in which cell and run."""
    told = []
    for name in outcomes:
        gap = f"abs(b.{quoted(name)} - a.{quoted(name)})"
        both = f"filter (where isfinite({gap}))"
        told += [
            f"count(*) filter (where not {_same(name)})", f"max({gap}) {both}",
            f"arg_max(p.cell_a, {gap}) {both}", f"arg_max(a.run, {gap}) {both}",
        ]  # fmt: skip
    found = connection.execute(f"select {', '.join(told)} from {JOINED}").fetchone()
    assert found is not None  # a row of totals there always is
    return {
        name: (found[at], found[at + 1], found[at + 2], found[at + 3])
        for name, at in zip(outcomes, range(0, len(found), 4), strict=True)
    }


def _moved(
    connection: DuckDBPyConnection,
    name: str,
    kept: Sequence[str],
    pairs: pd.DataFrame,
    drawn: bool,
    paired: bool,
    level: float,
    differs: bool,
) -> dict[str, Any]:
    """Return the means of an outcome on both sides and their difference, with its interval."""
    num, den = summaries.ratio_parts(name, kept)
    told = ["p.pair", "a.run", f"a.{quoted(num)} as xa", f"b.{quoted(num)} as xb"]
    told += [f"a.{quoted(den)} as ya", f"b.{quoted(den)} as yb"] if den else []
    found = connection.execute(
        f"select {', '.join(told)} from {JOINED} order by p.pair, a.run"
    ).df()
    runs = _logical(found, pairs)
    before, after = (
        Values(runs[f"x{side}"].to_numpy(), runs[f"y{side}"].to_numpy() if den else None)
        for side in "ab"
    )
    run, cell = (runs[each].to_numpy() for each in ("run", "cell"))
    key, other = (
        runs[each].to_numpy() if drawn else luck_of(runs[each].to_numpy(), run)
        for each in ("block", "block_b")
    )
    cells = int(pairs["weight"].sum())
    other = key if paired else other + key.max(initial=0) + 1
    compared = Compared(
        Side(cell, other, cells), Side(cell, key, cells), paired, drawn or not run.any()
    )
    made = compared.difference(after, before, level)
    moved = {"a": made["b"], "b": made["a"], "n": made["n"]}
    if made["n"] and not differs:
        moved["b"] = moved["a"]
        return moved | {"difference": 0.0, "low": 0.0, "high": 0.0, "excludes_zero": False}
    low, high = made["low"], made["high"]
    excludes = bool(low > 0.0 or high < 0.0)
    return moved | {
        "difference": made["difference"], "low": low, "high": high, "excludes_zero": excludes,
    }  # fmt: skip


def _logical(runs: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of pairs with their block and cell: as often as cells share them."""
    weight = pairs["weight"].to_numpy()
    pair = runs["pair"].to_numpy()
    times = weight[pair]
    row = np.repeat(np.arange(len(pair)), times)
    copy = np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    again = runs.take(row)
    pair = pair[row]
    return again.assign(
        block=pairs["block"].to_numpy()[pair],
        block_b=pairs["block_b"].to_numpy()[pair],
        cell=(np.cumsum(weight) - weight)[pair] + copy,
    )
