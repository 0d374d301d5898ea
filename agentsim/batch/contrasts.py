"""Contrasts: which cells are compared with which, and the sums that their difference is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import parts, summaries
from agentsim.batch.moments import student
from agentsim.batch.summaries import quoted
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

    from agentsim.batch.tables import Tables

Labels = Mapping[str, Any] | int
"""Labels of cells, or the number of one."""
Sums = dict[str, "Array"]
"""Sums of numerator (s) and denominator (k) over independent parts."""


def contrast(
    tables: Tables,
    pairs: pd.DataFrame,
    outcome: str,
    kept: Sequence[str],
    level: float,
    cluster: Sequence[str],
) -> dict[str, Any]:
    """Return the difference of an outcome over pairs of cells, with its interval.

    kept: all outcomes that there are; cluster: what runs that are not independent have in common.
    """
    paired = bool((pairs["block"] == pairs["block_b"]).all())
    num, den = summaries.ratio_parts(outcome, kept)
    with tables.connected(parts.OUTCOMES) as connection:
        connection.register("pairs", pairs)
        sums = _paired_sums if paired else _sums
        a, b = sums(connection, num, den, cluster)
    return difference(a, b, paired=paired, level=level)


def pairs_of(tables: Tables, a: Labels, b: Labels, labels: Mapping[str, Any]) -> pd.DataFrame:
    """Return the cells to compare: runs_of, block of a, and the same of b."""
    one, other = (
        tables.cells_with({**labels, **each}) if isinstance(each, Mapping) else tables.cell(each)
        for each in (a, b)
    )
    alike: list[str] = []
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        # A variant is no match for a main cell, unless that is what is asked. The kind goes by these.
        alike = [name for name in tables.labels if name not in {*a, *b, "kind"}]
    columns = ["runs_of", "block", "base", *alike]
    if alike:
        pairs = one[columns].merge(other[columns], on=alike, suffixes=("", "_b"))
    else:
        pairs = one[columns].merge(other[columns], how="cross", suffixes=("", "_b"))
        if len(pairs) != 1:
            raise AgentsimError(
                f"contrast: {len(one)} cells against {len(other)} with nothing to match them by; "
                "name one cell on each side"
            )
    if pairs.empty:
        raise AgentsimError(
            "contrast: no cell of a and cell of b agree in all other labels; name more of them"
        )
    return pairs[["runs_of", "block", "base", "runs_of_b", "block_b", "base_b"]]


def _paired_sums(
    connection: DuckDBPyConnection, num: str, den: str | None, cluster: Sequence[str]
) -> tuple[Sums, Sums]:
    """Return the sums over independent parts on both sides, of runs that both have."""
    by = _grouped(cluster, "")
    found = connection.execute(
        f"select {by}, {_summed('o', num, den, 'a')}, {_summed('q', num, den, 'b')} from pairs p "
        "join outcomes o on o.cell = p.runs_of join outcomes q on q.cell = p.runs_of_b "
        f"and q.run = o.run where {_finite('o', num, den)} and {_finite('q', num, den)} "
        f"group by {by} order by {by}"
    ).df()
    return _side(found, "a"), _side(found, "b")


def _sums(
    connection: DuckDBPyConnection, num: str, den: str | None, cluster: Sequence[str]
) -> tuple[Sums, Sums]:
    """Return the sums over independent parts on either side, of all of its runs."""

    def side(which: str, suffix: str) -> Sums:
        by, cell = _grouped(cluster, suffix), f"runs_of{suffix}"
        found = connection.execute(
            f"select {by}, {_summed('o', num, den, which)} "
            f"from (select distinct {cell}, block{suffix}, base{suffix} from pairs) p "
            f"join outcomes o on o.cell = p.{cell} where {_finite('o', num, den)} "
            f"group by {by} order by {by}"
        ).df()
        return _side(found, which)

    return side("a", ""), side("b", "_b")


def _grouped(cluster: Sequence[str], suffix: str) -> str:
    """Return what sums are grouped by; the pairs know blocks and bases, of b with a suffix."""
    return ", ".join("o.run" if each == "run" else f"p.{each}{suffix}" for each in cluster)


def _summed(alias: str, num: str, den: str | None, which: str) -> str:
    below = "count(*)::double" if den is None else f"sum({alias}.{quoted(den)})"
    return f"sum({alias}.{quoted(num)}) as s{which}, {below} as k{which}"


def _finite(alias: str, num: str, den: str | None) -> str:
    columns = [num] if den is None else [num, den]
    return " and ".join(f"isfinite({alias}.{quoted(each)})" for each in columns)


def _side(frame: pd.DataFrame, which: str) -> Sums:
    return {"s": frame[f"s{which}"].to_numpy(), "k": frame[f"k{which}"].to_numpy()}


def difference(
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
