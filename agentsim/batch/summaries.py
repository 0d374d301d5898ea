"""Summaries: means over runs with honest intervals, by groups of cells, worked out in DuckDB.

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

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import parts
from agentsim.batch.plan import Chunk, Plan
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

LEVEL = 0.95
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
        held = {key for path in joined for key in parts.about(path)}
        if chunks is None:
            loose = sorted((folder / parts.PARTS).glob(f"{name}-*.parquet"))
            loose = [path for path in loose if not held.issuperset(parts.about(path))]
        else:
            loose = [parts.part_path(folder, name, c) for c in chunks if c.key not in held]
        found[name] = [str(path) for path in (*joined, *loose)]
    return found


def connect(threads: int | None = None) -> DuckDBPyConnection:
    """Return a connection of its own, which keeps nothing on the disk."""
    import duckdb

    connection = duckdb.connect(":memory:")
    if threads is not None:
        connection.execute(f"set threads = {threads}")
    return connection


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


def means(
    connection: DuckDBPyConnection,
    table: str,
    keys: Sequence[str],
    outcomes: Sequence[str],
    columns: Sequence[str],
    cluster: Sequence[str] = (),
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return a row a group and outcome: keys, outcome, mean, low, high, n and half_width.

    table: what is read, as SQL. keys: columns that make groups. cluster: columns that runs which are
    not independent have in common; none where all are. n counts the independent parts.
    """
    import pandas as pd

    by = ", ".join(map(quoted, keys))
    inner = table if not cluster else _summed(table, [*keys, *cluster], outcomes, columns)
    told = []
    for at, outcome in enumerate(outcomes):
        num, den = (f"s{at}", f"k{at}") if cluster else ratio_parts(outcome, columns)
        told.append(_moments(at, num, den, quote=not cluster))
    head = f"{by}, " if by else ""
    grouped = f" group by {by} order by {by}" if by else ""
    found = connection.execute(f"select {head}{', '.join(told)} from {inner}{grouped}").df()
    frames = []
    for at, outcome in enumerate(outcomes):
        n = found[f"n{at}"].to_numpy()
        value, spread = _ratio(
            {each: found[f"{each}{at}"].to_numpy(np.float64) for each in MOMENTS}
        )
        frame = found[list(keys)].copy()
        frame["outcome"] = outcome
        half = student(n, level) * np.sqrt(spread / np.maximum(n, 1))
        frame["mean"], frame["low"], frame["high"] = value, value - half, value + half
        frame["n"], frame["half_width"] = n, half
        frames.append(frame)
    every = pd.concat(frames, ignore_index=True)
    places = np.arange(len(every)).reshape(len(outcomes), -1).T.ravel()
    return every.iloc[places].reset_index(drop=True)


MOMENTS = ("mn", "md", "vn", "vd", "c")


def _moments(at: int, num: str, den: str | None, quote: bool) -> str:
    """Return the SQL for the moments of a ratio: means, variances and covariance."""
    x = quoted(num) if quote else num
    if den is None:
        where = f"filter (where isfinite({x}))"
        return (
            f"count({x}) {where} as n{at}, avg({x}) {where} as mn{at}, 1.0 as md{at}, "
            f"var_samp({x}) {where} as vn{at}, 0.0 as vd{at}, 0.0 as c{at}"
        )
    y = quoted(den) if quote else den
    where = f"filter (where isfinite({x}) and isfinite({y}))"
    if not quote:
        where = f"filter (where {y} > 0)" if y.startswith("k") else where
    return (
        f"count({x}) {where} as n{at}, avg({x}) {where} as mn{at}, avg({y}) {where} as md{at}, "
        f"var_samp({x}) {where} as vn{at}, var_samp({y}) {where} as vd{at}, "
        f"covar_samp({x}, {y}) {where} as c{at}"
    )


def _summed(
    table: str, keys: Sequence[str], outcomes: Sequence[str], columns: Sequence[str]
) -> str:
    """Return the SQL that adds up runs which are not independent."""
    by = ", ".join(map(quoted, keys))
    told = []
    for at, outcome in enumerate(outcomes):
        num, den = ratio_parts(outcome, columns)
        x = quoted(num)
        if den is None:
            where = f"filter (where isfinite({x}))"
            told.append(f"sum({x}) {where} as s{at}, count({x}) {where} as k{at}")
        else:
            y = quoted(den)
            where = f"filter (where isfinite({x}) and isfinite({y}))"
            told.append(f"sum({x}) {where} as s{at}, sum({y}) {where} as k{at}")
    return f"(select {by}, {', '.join(told)} from {table} group by {by})"


def _ratio(m: Mapping[str, Array]) -> tuple[Array, Array]:
    """Return a ratio of means and the variance of its linearisation, by the moments."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = m["mn"] / m["md"]
        spread = (m["vn"] - 2.0 * value * m["c"] + value * value * m["vd"]) / (m["md"] * m["md"])
    return value, np.maximum(spread, 0.0)


def student(n: Any, level: float) -> Array:
    """Return Student's t for an interval of so many independent parts; NaN for fewer than two."""
    from scipy.special import stdtrit

    count = np.asarray(n, dtype=np.float64)
    return np.where(count > 1, stdtrit(np.maximum(count - 1.0, 1.0), 0.5 + level / 2.0), np.nan)


def cell_intervals(folder: Path, plan: Plan, chunks: Sequence[Chunk], outcome: str) -> pd.DataFrame:
    """Return mean and interval of an outcome in every cell that was simulated.

    The same to the last bit however often it is asked: sums are taken in the order of the chunks.
    """
    files = files_of(folder, [parts.OUTCOMES], chunks)[parts.OUTCOMES]
    with connect(threads=1) as connection:
        return means(connection, source(files), ["cell"], [outcome], plan.kept.outcomes)


def contrast_of(
    a: Mapping[str, Array], b: Mapping[str, Array], paired: bool, level: float
) -> dict[str, Any]:
    """Return the difference of two ratios of sums over independent parts, and its interval.

    a, b: `s` and `k`, sums of numerator and denominator by part, `(parts,)`; of paired ones, the same
    parts in the same order.
    """
    ra, ea = _linear(a)
    rb, eb = _linear(b)
    if paired:
        n = len(ea)
        variance = np.var(ea - eb, ddof=1) / n if n > 1 else np.nan
        half = float(student(n, level) * np.sqrt(variance)) if n > 1 else np.nan
        parts_of = n
    else:
        parts_of = len(ea) + len(eb)
        half = _welch(ea, eb, level)
    value = ra - rb
    return {
        "a": ra, "b": rb, "difference": value, "low": value - half, "high": value + half,
        "n": parts_of, "paired": paired,
    }  # fmt: skip


def _linear(x: Mapping[str, Array]) -> tuple[float, Array]:
    """Return a ratio of sums, and what each part adds to its error."""
    s, k = np.asarray(x["s"], np.float64), np.asarray(x["k"], np.float64)
    if not len(s) or k.sum() == 0.0:
        return float("nan"), np.full(len(s), np.nan)
    ratio = float(s.sum() / k.sum())
    return ratio, (s - ratio * k) / k.mean()


def _welch(ea: Array, eb: Array, level: float) -> float:
    """Return the half width of the interval of a difference between independent samples."""
    if min(len(ea), len(eb)) < 2:
        return float("nan")
    from scipy.special import stdtrit

    va, vb = np.var(ea, ddof=1) / len(ea), np.var(eb, ddof=1) / len(eb)
    if va + vb == 0.0:
        return 0.0
    freedom = (va + vb) ** 2 / (va**2 / (len(ea) - 1) + vb**2 / (len(eb) - 1))
    return float(stdtrit(freedom, 0.5 + level / 2.0) * np.sqrt(va + vb))


def check_level(ci: float) -> float:
    """Return the level of an interval. Raises AgentsimError for what is none."""
    if isinstance(ci, bool) or not isinstance(ci, (int, float)) or not 0.0 < ci < 1.0:
        raise AgentsimError(f"ci = {ci!r} is no level; give one between 0 and 1, as 0.95")
    return float(ci)
