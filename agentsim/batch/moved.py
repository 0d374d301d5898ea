"""Moved: how far runs of two batches lie apart, bit by bit and in the mean, by DuckDB on both folders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import parts, summaries
from agentsim.batch.moments import student
from agentsim.batch.results import Results
from agentsim.batch.summaries import quoted

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection


def files_of(results: Results) -> list[str]:
    """Return the files that hold the runs of some results."""
    return summaries.files_of(results.folder, [parts.OUTCOMES])[parts.OUTCOMES]


def attach(
    connection: DuckDBPyConnection, a: Results, b: Results, matched: pd.DataFrame
) -> pd.DataFrame:
    """Make views a and b of the runs of both, a table of pairs of cells, and joined of their runs.

    Cells that share their runs are one pair, and count as often as there are such cells.
    """
    for name, results in (("a", a), ("b", b)):
        files = summaries.source(files_of(results))
        connection.execute(f"create view {name} as select * from {files}")
    both = ["runs_of_a", "runs_of_b"]
    pairs = matched.groupby(both, as_index=False).agg(
        cell_a=("cell_a", "first"), weight=("cell_a", "size")
    )
    pairs["pair"] = np.arange(len(pairs))
    block = a.cells.set_index("cell")["base" if a._cluster() == ["base"] else "block"]
    pairs["block"] = block.loc[pairs["runs_of_a"]].to_numpy()
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
    b: Results,
    matched: pd.DataFrame,
    outcomes: Sequence[str],
    kept: Sequence[str],
    level: float,
) -> pd.DataFrame:
    """Return how far each outcome moved, over the runs that both have."""
    import pandas as pd

    paired = bool(matched["paired"].all())
    cluster = ["block"] if a._cluster() == ["base"] else ["block", "run"]
    apart = _apart(connection, outcomes)
    rows: list[dict[str, Any]] = []
    for name in outcomes:
        differ, largest, cell, run = apart[name]
        row = _moved(connection, name, kept, cluster, paired, level, differ > 0)
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
    cluster: Sequence[str],
    paired: bool,
    level: float,
    differs: bool,
) -> dict[str, Any]:
    """Return the means of an outcome on both sides and their difference, with its interval.

    Sums are taken over what shares its luck, in the database; what they leave of each other is
    squared in a second pass, so that small differences keep their digits.
    """
    num, den = summaries.ratio_parts(name, kept)
    below = [f"{side}.{quoted(den)}" if den else "1e0" for side in ("a", "b")]
    x, y = f"a.{quoted(num)}", f"b.{quoted(num)}"
    by = ", ".join("p.block" if each == "block" else "a.run" for each in cluster)
    fine = " and ".join(f"isfinite({each})" for each in (x, y, *(below if den else ())))
    sums = (
        f"(select sum(p.weight * {x}) as sa, sum(p.weight * {y}) as sb, "
        f"sum(p.weight * {below[0]}) as ka, sum(p.weight * {below[1]}) as kb, "
        f"sum(p.weight * ({y} - {x})) as d from {JOINED} where {fine} group by {by})"
    )
    first = connection.execute(
        f"select count(*), sum(sa), sum(sb), sum(ka), sum(kb), sum(d) from {sums}"
    ).fetchone()
    assert first is not None  # a row of totals there always is
    n, sa, sb, ka, kb, d = first
    nothing = float("nan")
    if not n or not ka or not kb:
        return {each: nothing for each in ("a", "b", "difference", "low", "high")} | {
            "n": 0,
            "excludes_zero": False,
        }
    ra, rb = sa / ka, sb / kb
    if not differs:
        same = {"difference": 0.0, "low": 0.0, "high": 0.0, "excludes_zero": False}
        return {"a": ra, "b": ra, "n": n, **same}
    value = rb - ra if den else d / ka
    ea, eb = f"(sa - {ra!r} * ka) / {ka / n!r}", f"(sb - {rb!r} * kb) / {kb / n!r}"
    if not paired:
        spread = f"var_samp({ea}) + var_samp({eb})"
    elif den:
        spread = f"var_samp({eb} - {ea})"
    else:
        spread = f"var_samp((d - {value!r} * ka) / {ka / n!r})"
    second = connection.execute(f"select {spread} from {sums}").fetchone()
    variance = nothing if second is None or second[0] is None else float(second[0])
    half = float(student(n, level)) * float(np.sqrt(variance / n))
    low, high = value - half, value + half
    return {
        "a": ra, "b": rb, "difference": value, "low": low, "high": high, "n": n,
        "excludes_zero": bool(low > 0.0 or high < 0.0),
    }  # fmt: skip
