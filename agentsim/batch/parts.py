"""Parts: files of a batch, each written whole or not at all, each saying which chunks it holds.

A chunk leaves a file in every table that is kept. The one with outcomes is written last: where it
is, sound and with the chunk's key, the chunk is done.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from agentsim.batch.plan import Chunk, Plan
from agentsim.errors import AgentsimError

if TYPE_CHECKING:
    import pyarrow as pa

    from agentsim.batch.simulating import Simulated

PARTS = "parts"
OUTCOMES, SERIES = "outcomes", "series"
CHUNKS, SET_ASIDE = b"agentsim.chunks", b"agentsim.set_aside"
CHECKSUM = b"agentsim.checksum"
BLANK = b"0" * 64
KEYS = ("cell", "run", "quarter", "firm", "status")
MOST_SAID = 200


def tables(plan: Plan) -> tuple[str, ...]:
    """Return the tables that are kept, the one with outcomes last."""
    market = (SERIES,) if plan.kept.market else ()
    return (*market, *plan.kept.firms, OUTCOMES)


def part_path(folder: Path, table: str, chunk: Chunk) -> Path:
    """Return where a chunk's part of a table goes."""
    return folder / PARTS / f"{table}-{chunk.name}.parquet"


def write_chunk(
    folder: Path, plan: Plan, chunk: Chunk, made: Simulated, set_aside: str | None = None
) -> int:
    """Write what became of a chunk; return the bytes written.

    set_aside: why it was never simulated, where it was not.
    """
    size = 0
    for name in tables(plan):
        table = _table(name, plan, made)
        said = {CHUNKS: json.dumps([chunk.key])}
        if set_aside is not None:
            said[SET_ASIDE] = json.dumps({chunk.key: set_aside})
        path = part_path(folder, name, chunk)
        write(path, table.replace_schema_metadata(said))
        size += path.stat().st_size
    return size


def write(path: Path, table: pa.Table) -> None:
    """Write a table to a file that is there whole or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    floats = [
        field.name for field in table.schema
        if field.name not in KEYS and str(field.type) in ("double", "float")
    ]  # fmt: skip
    keys = [name for name in table.column_names if name not in floats]
    # The format's own checksums leave out what says how values are to be read.
    blank = table.replace_schema_metadata({**(table.schema.metadata or {}), CHECKSUM: BLANK})

    def to(file: Any) -> None:
        # Floats that differ in every run do not repeat; by bytes they compress, and quickly.
        made = pa.BufferOutputStream()
        parquet.write_table(
            blank, made, compression="lz4", use_dictionary=keys, use_byte_stream_split=floats,
            write_page_checksum=True, write_statistics=keys,
        )  # fmt: skip
        content = memoryview(made.getvalue())
        place = _checksum_place(content)
        told = sha256(content).hexdigest().encode()
        for each in (content[: place.start], told, content[place.stop :]):
            file.write(each)

    whole(path, to)


def whole(path: Path, write: Callable[[Any], Any]) -> None:
    """Write a file under a temporary name, and rename it when all of it is on the disk."""
    path.parent.mkdir(exist_ok=True)
    # Two machines may be at one chunk, where a cluster lost sight of a worker: no name is shared.
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def chunks_in(path: Path) -> dict[str, str | None]:
    """Return the keys of the chunks that a file holds, and why those were set aside that were.

    None are held by a file that is not there or is damaged, be it by one byte.
    """
    from pyarrow import ArrowException

    try:
        content = memoryview(path.read_bytes())
        place = _checksum_place(content)
        found = sha256(content[: place.start])
        found.update(BLANK)
        found.update(content[place.stop :])
        return about(path) if bytes(content[place]) == found.hexdigest().encode() else {}
    except (OSError, ValueError, KeyError, TypeError, ArrowException):
        return {}


def _checksum_place(content: memoryview) -> slice:
    """Return where the footer holds the checksum of all else: after its name, and its length."""
    footer = int.from_bytes(content[-8:-4], "little") + 8
    tail = bytes(content[-footer:])
    start = len(content) - len(tail) + tail.rindex(CHECKSUM) + len(CHECKSUM) + 2
    return slice(start, start + len(BLANK))


def told(path: Path) -> dict[str, str | None]:
    """Return what a file says of its chunks. Raises AgentsimError, one line, if it is damaged."""
    from pyarrow import ArrowException

    try:
        return about(path)
    except (OSError, ValueError, KeyError, ArrowException) as error:
        raise damaged(path, error) from None


class GoneError(AgentsimError):
    """A file is not where it was: a batch that is running joins parts."""


def damaged(path: Path, error: Exception) -> AgentsimError:
    """Return the error for a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return GoneError(f"{path} is gone; open the results again")
    what = " ".join(str(error).split())[:MOST_SAID]
    return AgentsimError(f"{path} is damaged ({what}); run the experiment again, which mends it")


def about(path: Path) -> dict[str, str | None]:
    """Return what a file says of the chunks that it holds, without reading them."""
    from pyarrow import parquet

    said = parquet.read_schema(path).metadata or {}
    aside = json.loads(said.get(SET_ASIDE, b"{}"))
    return {key: aside.get(key) for key in json.loads(said[CHUNKS])}


def read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return a file's table, its checksums verified. Raises AgentsimError if it is damaged."""
    from pyarrow import ArrowException, parquet

    try:
        # On files of this size threads cost more than they gain.
        with parquet.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(None if columns is None else list(columns), use_threads=False)
    except (OSError, ValueError, ArrowException) as error:
        raise damaged(path, error) from None


def columns(path: Path) -> list[str]:
    """Return the columns of a file. Raises AgentsimError if it is damaged."""
    from pyarrow import ArrowException, parquet

    try:
        return list(parquet.read_schema(path).names)
    except (OSError, ValueError, ArrowException) as error:
        raise damaged(path, error) from None


def files_of(folder: Path, tables: Sequence[str]) -> dict[str, list[str]]:
    """Return the files of each table: joined ones, and parts that are in none of those."""
    found: dict[str, list[str]] = {}
    for name in tables:
        # Parts first: one that is joined in between is then in both lists, and not in neither.
        loose = sorted((folder / PARTS).glob(f"{name}-*.parquet"))
        joined = sorted((folder / name).glob("*.parquet"))
        held = {key for path in joined for key in told(path)}
        loose = [path for path in loose if not held.issuperset(told(path))]
        found[name] = [str(path) for path in (*joined, *loose)]
    return found


def rows(path: Path) -> int:
    """Return how many rows a file has. Raises AgentsimError if it is damaged."""
    from pyarrow import ArrowException, parquet

    try:
        return int(parquet.read_metadata(path).num_rows)
    except (OSError, ValueError, ArrowException) as error:
        raise damaged(path, error) from None


def _table(name: str, plan: Plan, made: Simulated) -> pa.Table:
    """Return runs as rows of a table."""
    if name == OUTCOMES:
        return _outcomes(made)
    return _market(plan, made) if name == SERIES else _firms(name, plan, made)


def _outcomes(made: Simulated) -> pa.Table:
    """Return a row a run."""
    import pyarrow as pa

    columns: dict[str, Any] = {
        "cell": made.cells.astype(np.int32),
        "run": made.numbers.astype(np.int32),
        "status": pa.array(made.status, pa.string()).dictionary_encode(),
    }
    return pa.table(columns | made.outcomes)


def _market(plan: Plan, made: Simulated) -> pa.Table:
    """Return a row a run and quarter."""
    import pyarrow as pa

    columns = _quarters(plan, made, 1)
    for name, series in made.market.items():
        columns[name] = series.astype(plan.series_type).ravel()
    return pa.table(columns)


def _firms(role: str, plan: Plan, made: Simulated) -> pa.Table:
    """Return a row a run, quarter and firm."""
    import pyarrow as pa

    firms = plan.base.firms[role]
    columns = _quarters(plan, made, len(firms))
    each = np.tile(np.arange(len(firms), dtype=np.int8), len(columns["cell"]) // len(firms))
    columns["firm"] = pa.DictionaryArray.from_arrays(each, pa.array(firms, pa.string()))
    for name, states in made.firms[role].items():
        columns[name] = states.astype(plan.series_type).ravel()
    return pa.table(columns)


def _quarters(plan: Plan, made: Simulated, each: int) -> dict[str, Any]:
    """Return cell, run and quarter of every row, `each` of them a quarter."""
    quarters = plan.horizon + 1
    cells, numbers = made.cells[made.recorded], made.numbers[made.recorded]
    return {
        "cell": np.repeat(cells.astype(np.int32), quarters * each),
        "run": np.repeat(numbers.astype(np.int32), quarters * each),
        "quarter": np.tile(np.repeat(np.arange(quarters, dtype=np.int16), each), len(cells)),
    }
