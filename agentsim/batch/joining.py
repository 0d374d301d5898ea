"""Joining: many small parts become few large files, and either is read in the order of the chunks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentsim.batch.parts import (
    CHUNKS,
    OUTCOMES,
    SERIES,
    SET_ASIDE,
    chunks_in,
    part_path,
    read,
    tables,
    told,
    write,
)
from agentsim.batch.plan import Chunk, Plan, Round

if TYPE_CHECKING:
    import pyarrow as pa


def compact(
    folder: Path,
    plan: Plan,
    rounds: Mapping[int, Round],
    chunks: Sequence[Chunk],
    least_rows: int,
) -> None:
    """Join parts into files of at least so many rows, in the order of the chunks.

    It may be interrupted anywhere: which chunks go into which file follows from the plan alone, and
    parts are removed when the file that holds them is there.
    """
    recorded = [_recorded(plan, rounds, chunk) for chunk in chunks] if plan.kept.series else []
    for name in tables(plan):
        target = folder / name
        target.mkdir(exist_ok=True)
        runs = [chunk.runs for chunk in chunks] if name == OUTCOMES else recorded
        rows = [each * rows_of_run(plan, name) for each in runs]
        groups = list(_groups(chunks, rows, least_rows))
        sizes = {chunk.key: count for chunk, count in zip(chunks, rows, strict=True)}
        _part_others(folder, name, chunks, groups, sizes)
        for number, group in enumerate(groups):
            _join(folder, name, target / f"{number:05d}.parquet", group)


def _part_others(
    folder: Path,
    name: str,
    chunks: Sequence[Chunk],
    groups: Sequence[Sequence[Chunk]],
    sizes: Mapping[str, int],
) -> None:
    """Take files apart again that were joined by other rules than these, as by an older version."""
    names = {f"{at:05d}": [chunk.key for chunk in group] for at, group in enumerate(groups)}
    by_key = {chunk.key: chunk for chunk in chunks}
    for path in sorted((folder / name).glob("*.parquet")):
        held = told(path)
        if list(held) == names.get(path.stem):
            continue
        table, start = read(path), 0
        for key, why in held.items():
            said = {CHUNKS: json.dumps([key])} | (
                {SET_ASIDE: json.dumps({key: why})} if why else {}
            )
            part = table.slice(start, sizes[key]).replace_schema_metadata(said)
            write(part_path(folder, name, by_key[key]), part)
            start += sizes[key]
        path.unlink()


def rows_of_run(plan: Plan, table: str) -> int:
    """Return how many rows of a table a run has of which it is kept."""
    if table == OUTCOMES:
        return 1
    return (plan.horizon + 1) * (1 if table == SERIES else len(plan.base.firms[table]))


def _recorded(plan: Plan, rounds: Mapping[int, Round], chunk: Chunk) -> int:
    """Return of how many runs of a chunk the quarters are kept."""
    _, numbers = rounds[chunk.round].at(chunk.start, chunk.stop)
    return int((numbers < plan.series_runs).sum())


def _groups(chunks: Sequence[Chunk], rows: Sequence[int], least_rows: int) -> Iterator[list[Chunk]]:
    """Yield chunks that go into one file; what is left over at the end goes with the last.

    rows: how many each has in the table.
    """
    groups: list[list[Chunk]] = []
    count = least_rows
    for chunk, more in zip(chunks, rows, strict=True):
        if count >= least_rows:
            groups.append([])
            count = 0
        groups[-1].append(chunk)
        count += more
    if len(groups) > 1 and count < least_rows:
        last = groups.pop()
        groups[-1] += last
    return iter(groups)


def _join(folder: Path, name: str, target: Path, group: Sequence[Chunk]) -> None:
    """Make one file of the parts of some chunks, and remove the parts."""
    import pyarrow as pa

    parts = [part_path(folder, name, chunk) for chunk in group]
    wanted = [chunk.key for chunk in group]
    if not target.exists() or list(chunks_in(target)) != wanted:
        if len(parts) == 1:
            parts[0].replace(target)
            return
        read_parts = [read(part) for part in parts]
        aside: dict[str, str] = {}
        for each in read_parts:
            aside |= json.loads((each.schema.metadata or {}).get(SET_ASIDE, b"{}"))
        said = {CHUNKS: json.dumps(wanted)} | ({SET_ASIDE: json.dumps(aside)} if aside else {})
        bare = [each.replace_schema_metadata(None) for each in read_parts]
        joined = pa.concat_tables(bare).unify_dictionaries().combine_chunks()
        write(target, joined.replace_schema_metadata(said))
    for part in parts:
        part.unlink(missing_ok=True)


def in_order(folder: Path, chunks: Sequence[Chunk], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Yield columns of the outcomes of chunks, chunk by chunk, whether they are joined or not."""
    runs = {chunk.key: chunk.runs for chunk in chunks}
    joined: dict[str, tuple[Path, int]] = {}
    for path in sorted((folder / OUTCOMES).glob("*.parquet")):
        start = 0
        for key in told(path):
            if key not in runs:  # of a later round, as are all that come after it in the file
                break
            joined[key] = path, start
            start += runs[key]
    held: tuple[Path, pa.Table] | None = None
    for chunk in chunks:
        path, start = joined.get(chunk.key, (part_path(folder, OUTCOMES, chunk), 0))
        if held is None or held[0] != path:
            held = path, read(path, columns)
        yield held[1].slice(start, chunk.runs)
