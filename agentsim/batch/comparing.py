"""Comparing two folders of results: what was asked, what it was made by, and what came out.

    >>> found = compare(Results.open("results/before"), Results.open("results/after"))
    >>> found.same, found.spec, found.outcomes
    >>> found.cells.query("not identical")

Cells are matched by their labels, runs by their numbers in the cell. Rows are compared in DuckDB,
which reads both folders without holding them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import parts, summaries
from agentsim.batch.moments import student
from agentsim.batch.results import Results
from agentsim.batch.summaries import LEVEL, quoted
from agentsim.errors import unknown

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

EXECUTION = ("engine", "workers", "chunk_runs", "platform", "command")
"""What does not matter for the numbers."""
ONLY_A, ONLY_B, CHANGED = "only in the first", "only in the second", "changed"
ABSENT = "not set"


@dataclass(frozen=True)
class Comparison:
    """What differs between two folders of results, a and b."""

    a: Results
    b: Results
    spec: pd.DataFrame
    """A row a key that differs, by dotted name: key, before, after."""
    model: pd.DataFrame
    """A row a file that decides what comes out and differs: file, change."""
    environment: pd.DataFrame
    """What else might move bits: what, before, after."""
    execution: pd.DataFrame
    """How it was run, which does not matter for the numbers: what, before, after."""
    cells: pd.DataFrame
    """A row a matched cell: cell_a, cell_b, labels, paired (whether the same luck is met), runs
    (that both have), only_a and only_b (runs that one has alone), identical_runs, identical."""
    only_a: pd.DataFrame
    """The cells that b has not: cell and labels."""
    only_b: pd.DataFrame
    outcomes: pd.DataFrame
    """A row an outcome, over all matched runs: outcome, identical, a and b (means), difference (b
    less a), low, high, excludes_zero, n (independent parts), largest (of single runs), and where
    that is (cell_a, run)."""
    compared: tuple[str, ...]
    """The outcomes that both kept, all of which are compared bit by bit."""
    kept_by_a: tuple[str, ...]
    """Outcomes that b has not."""
    kept_by_b: tuple[str, ...]

    @property
    def paired(self) -> bool:
        """Whether all matched runs met the same luck in both."""
        return bool(len(self.cells)) and bool(self.cells["paired"].all())

    @property
    def outcomes_same(self) -> bool:
        """Whether both have the same runs of the same cells, identical to the last bit."""
        alone = self.kept_by_a or self.kept_by_b or len(self.only_a) or len(self.only_b)
        return not alone and bool(self.cells["identical"].all())

    @property
    def same(self) -> bool:
        """Whether the same was asked of the same model, and the same came out."""
        return self.outcomes_same and self.spec.empty and self.model.empty


def compare(
    a: Results, b: Results, outcomes: str | Sequence[str] | None = None, ci: float = LEVEL
) -> Comparison:
    """Return what differs between two folders of results.

    outcomes: those whose differences are worked out; all that both kept, by default. Bit by bit all
    are compared. Where a cell and its match met the same luck, run i of one is compared with run i
    of the other, and runs of the same luck count once for an interval.
    Raises AgentsimError, one line, for an outcome that one of them has not.
    """
    level = summaries.check_level(ci)
    kept_a, kept_b = _kept(a), _kept(b)
    both = tuple(name for name in kept_a if name in kept_b)
    wanted = [outcomes] if isinstance(outcomes, str) else list(outcomes or both)
    for name in wanted:
        if name not in both:
            raise unknown("outcome", name, both)
    matched, only_a, only_b = _matched(a, b)
    if kept_a and kept_b and len(matched):
        with summaries.connect() as connection:
            pairs = _attach(connection, a, b, matched)
            matched = _bit_by_bit(connection, matched, pairs, both)
            table = _differences(connection, a, b, matched, wanted, both, level)
    else:
        matched = matched.assign(runs=0, only_a=0, only_b=0, identical_runs=0, identical=False)
        table = _no_outcomes()
    return Comparison(
        a=a,
        b=b,
        spec=_table(_spec(a, b), ("key", "before", "after")),
        model=_table(_model(a, b), ("file", "change")),
        environment=_table(_environment(a, b), ("what", "before", "after")),
        execution=_table(_execution(a, b), ("what", "before", "after")),
        cells=matched.drop(columns=["runs_of_a", "runs_of_b"]),
        only_a=only_a,
        only_b=only_b,
        outcomes=table,
        compared=both,
        kept_by_a=tuple(name for name in kept_a if name not in kept_b),
        kept_by_b=tuple(name for name in kept_b if name not in kept_a),
    )


def _kept(results: Results) -> tuple[str, ...]:
    """Return the outcomes in a folder; none where there are no runs yet."""
    return results.outcomes if _files(results) else ()


def _files(results: Results) -> list[str]:
    return summaries.files_of(results.folder, [parts.OUTCOMES])[parts.OUTCOMES]


def _table(rows: Iterator[tuple[Any, ...]], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns), dtype=object)


# What was asked, and what it was made by


def _spec(a: Results, b: Results) -> Iterator[tuple[str, Any, Any]]:
    one, other = (dict(_flat("", _asked(each))) for each in (a, b))
    count = 0
    for key in dict.fromkeys([*one, *other]):
        before, after = one.get(key, ABSENT), other.get(key, ABSENT)
        if before != after or type(before) is not type(after):
            count += 1
            yield key, before, after
    told = [each.manifest.get("spec_sha256") for each in (a, b)]
    if not count and told[0] != told[1]:
        yield "sampler.file", "its points", "other points"


def _asked(results: Results) -> dict[str, Any]:
    """Return the tables of an experiment, the sampler always as one."""
    sampler = results.experiment.sampler
    table = {"kind": sampler} if isinstance(sampler, str) else sampler
    return results.experiment.model_dump() | {"sampler": table}


def _flat(prefix: str, given: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values of nested tables by dotted name; tables in lists go by name or place."""
    if isinstance(given, Mapping):
        for name, each in given.items():
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), each)
    elif isinstance(given, (list, tuple)) and any(isinstance(each, Mapping) for each in given):
        for place, each in enumerate(given):
            name = each.get("name", each.get("kind", place)) if isinstance(each, Mapping) else place
            several = sum(
                isinstance(other, Mapping) and other.get("kind") == name for other in given
            )
            yield from _flat(f"{prefix}.{name}" + (f".{place}" if several > 1 else ""), each)
    elif given is not None:
        yield prefix, list(given) if isinstance(given, tuple) else given


def _model(a: Results, b: Results) -> Iterator[tuple[str, str]]:
    old, new = (each.manifest.get("model") or {} for each in (a, b))
    for file in sorted({*old, *new}):
        if old.get(file) != new.get(file):
            yield file, ONLY_B if file not in old else ONLY_A if file not in new else CHANGED


def _environment(a: Results, b: Results) -> Iterator[tuple[str, str, str]]:
    one, other = a.manifest, b.manifest

    def pair(what: str, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
        if before != after:
            told = ["none" if each is None else str(each) for each in (before, after)]
            yield what, told[0], told[1]

    yield from pair("Python", one.get("python"), other.get("python"))
    old, new = (each.get("packages") or {} for each in (one, other))
    for name in dict.fromkeys([*old, *new]):
        yield from pair(name, old.get(name), new.get(name))
    for which in ("baseline", "found"):
        features = [(each.get("cpu_features") or {}).get(which) for each in (one, other)]
        told = [" ".join(each) if each else None for each in features]
        yield from pair(f"processor features, {which}", *told)
    before, after = (each.get("git") or {} for each in (one, other))
    yield from pair("commit", commit(before), commit(after))
    if (
        commit(before) == commit(after)
        and before.get("dirty")
        and before.get("diff") != after.get("diff")
    ):
        yield "what is not committed", "one state", "another state"


def commit(git: Mapping[str, Any] | None) -> str | None:
    """Return a commit as a manifest has it, in short; None where there was no checkout."""
    if not git or not git.get("commit"):
        return None
    return str(git["commit"])[:7] + (" and changes" if git.get("dirty") else "")


def _execution(a: Results, b: Results) -> Iterator[tuple[str, str, str]]:
    for name in EXECUTION:
        before, after = a.manifest.get(name), b.manifest.get(name)
        if before != after:
            told = [" ".join(x) if isinstance(x, list) else str(x) for x in (before, after)]
            yield name, told[0], told[1]


# Cells


def _matched(a: Results, b: Results) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the cells that both have, side by side, and those of either alone."""
    common = [name for name in a.labels if name in b.labels]
    alike = set(a.labels) == set(b.labels)
    one, other = a.cells, b.cells
    for name in common:
        if one[name].dtype != other[name].dtype:  # text in one and numbers in the other
            one, other = (x.assign(**{name: x[name].map(_keyed)}) for x in (one, other))
    if alike:
        # Cells with the same labels, as a table of points may have, are matched in their order.
        one, other = (
            x.assign(turn=x.groupby(common, dropna=False).cumcount()) for x in (one, other)
        )
    else:  # a label that tells them apart is missing in the other folder
        one, other = (x.drop_duplicates(common, keep=False).assign(turn=0) for x in (one, other))
    taken = [*common, "turn", "cell", "runs_of", "block"]
    found = one[taken].merge(other[taken], on=[*common, "turn"], suffixes=("_a", "_b"), how="inner")
    entropies = {each.manifest.get("entropy") for each in (a, b)}
    same_scenario = a.experiment.scenario == b.experiment.scenario
    found["paired"] = (found["block_a"] == found["block_b"]) & (len(entropies) == 1) & same_scenario
    only_a = a.cells[~a.cells["cell"].isin(found["cell_a"])][["cell", *a.labels]]
    only_b = b.cells[~b.cells["cell"].isin(found["cell_b"])][["cell", *b.labels]]
    columns = ["cell_a", "cell_b", *common, "paired", "runs_of_a", "runs_of_b"]
    return found[columns], only_a.reset_index(drop=True), only_b.reset_index(drop=True)


def _keyed(value: Any) -> str:
    """Return a label as text, numbers with all their digits."""
    if value is None or value != value:
        return ""
    return repr(float(value)) if isinstance(value, (int, float, np.number)) else f"'{value}"


# Runs


def _attach(
    connection: DuckDBPyConnection, a: Results, b: Results, matched: pd.DataFrame
) -> pd.DataFrame:
    """Make views a and b of the runs of both, a table of pairs of cells, and joined of their runs.

    Cells that share their runs are one pair, and count as often as there are such cells.
    """
    for name, results in (("a", a), ("b", b)):
        files = summaries.source(_files(results))
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


def _bit_by_bit(
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


def _no_outcomes() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=list(OUTCOME_COLUMNS))


OUTCOME_COLUMNS = (
    "outcome", "identical", "a", "b", "difference", "low", "high", "excludes_zero", "n",
    "largest", "cell_a", "run",
)  # fmt: skip


def _differences(
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


def shown(value: Any) -> str:
    """Return a value of a spec in one line; text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
