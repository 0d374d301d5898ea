"""Store: the folder of a batch. What is in it says how far the batch has come.

manifest.json      what was asked, by what, and how it went: "running", "interrupted" or "complete"
cells.parquet      the cells: what the rows of the other tables are about
outcomes/, ...     a folder a table, with files of at least `LEAST_ROWS` rows
parts/             chunks as they come, until all are there and are joined
draws.parquet, summary.csv
points.csv         the table of points, where the experiment has one
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agentsim.batch import joining, parts, work
from agentsim.batch.plan import Chunk, Plan, Round
from agentsim.errors import AgentsimError
from agentsim.failures import OK

MANIFEST, LOCK = "manifest.json", ".lock"
CELLS, DRAWS, SUMMARY = "cells.parquet", "draws.parquet", "summary.csv"
POINTS = "points.csv"
RUNNING, INTERRUPTED, COMPLETE = "running", "interrupted", "complete"
LEAST_ROWS = 20_000
MOST_SIBLINGS = 1000


class Folder:
    """The folder of one batch, locked while it is open; use it in a `with` statement.

    Raises AgentsimError, one line, for a place where results cannot be written, or while another
    process writes there: before any run.
    """

    def __init__(self, path: Path, shown: str) -> None:
        self.path = path
        self.shown = shown
        self._lock: Any = None

    def __enter__(self) -> Self:
        """Make the folder and lock it."""
        from filelock import FileLock, Timeout

        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self.path / LOCK)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise AgentsimError(
                f"{self.shown} is being written by {_writer(self.path)}; "
                "wait until it is done, or give another --out"
            ) from None
        except (FileExistsError, NotADirectoryError):
            raise AgentsimError(
                f"--out {self.shown} lies beneath a file, not a folder; give another place"
            ) from None
        except OSError as error:
            raise AgentsimError(
                f"--out {self.shown} cannot be written: {error.strerror}; give another place"
            ) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Unlock the folder."""
        if self._lock is not None:
            self._lock.release()

    # What is there

    def manifest(self) -> dict[str, Any] | None:
        """Return the manifest; None where there is none."""
        return manifest_in(self.path)

    def begin(self, plan: Plan, manifest: dict[str, Any], points: bytes = b"") -> None:
        """Leave what workers and readers need, and sweep up after whoever was here before.

        points: the content of a table of points, which results are to outlast.
        """
        for scrap in self.path.glob("**/.*.tmp"):
            scrap.unlink(missing_ok=True)
        self.write_manifest(manifest)
        # Always: labels may have changed that decide nothing, as the name of a variant.
        parts.write(self.path / CELLS, cells_table(plan))
        if points:
            parts.whole(self.path / POINTS, lambda file: file.write(points))

    def clear(self) -> None:
        """Remove all results; the manifest last, so that what is left is known for results."""
        for each in sorted(self.path.iterdir(), key=lambda each: each.name == MANIFEST):
            if each.name == LOCK:
                continue
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()

    def finished(self, plan: Plan, chunks: Iterable[Chunk]) -> tuple[list[Chunk], list[Chunk]]:
        """Return the chunks that are to be done, and those set aside among those that are done.

        A chunk may be a part in one table and joined already in another, where joining was
        interrupted. Joined files that are damaged are removed.
        """
        joined = {name: self._joined(name) for name in parts.tables(plan)}
        todo, given_up = [], []
        for chunk in chunks:
            held = [
                files if chunk.key in files
                else parts.chunks_in(parts.part_path(self.path, name, chunk))
                for name, files in joined.items()
            ]  # fmt: skip
            if not all(chunk.key in each for each in held):
                todo.append(chunk)
            elif held[-1][chunk.key] is not None:
                given_up.append(chunk)
        return todo, given_up

    def _joined(self, table: str) -> dict[str, str | None]:
        """Return the chunks that are in joined files, and why those were set aside that were."""
        found: dict[str, str | None] = {}
        for path in sorted((self.path / table).glob("*.parquet")):
            held = parts.chunks_in(path)
            if not held:  # damaged: its chunks are done again
                path.unlink()
            found |= held
        return found

    def failures(self, chunks: Iterable[Chunk]) -> tuple[int, Counter[str]]:
        """Return how many runs of chunks that are done failed, and how many with each status."""
        whys: Counter[str] = Counter()
        for path in self._holding(chunks):
            for each in parts.read(path, ["status"])["status"].value_counts().to_pylist():
                whys[each["values"]] += each["counts"]
        whys.pop(OK, None)
        return sum(whys.values()), whys

    def set_aside(self, chunks: Sequence[Chunk]) -> dict[str, str]:
        """Return the names of the chunks, all done, that were never simulated, and why."""
        names = {chunk.key: chunk.name for chunk in chunks}
        found = {}
        for path in self._holding(chunks):
            for key, why in parts.about(path).items():
                if why is not None and key in names:
                    found[names[key]] = why
        return found

    def _holding(self, chunks: Iterable[Chunk]) -> list[Path]:
        """Return the files that hold the runs of chunks that are done, joined or not."""
        joined = sorted((self.path / parts.OUTCOMES).glob("*.parquet"))
        held = {key for path in joined for key in parts.told(path)}
        loose = [parts.part_path(self.path, parts.OUTCOMES, c) for c in chunks if c.key not in held]
        return [*joined, *loose]

    def drop(self, plan: Plan, chunks: Iterable[Chunk]) -> None:
        """Forget chunks, and those joined with them, so that they are done again."""
        wanted = {chunk.key for chunk in chunks}
        for name in parts.tables(plan):
            for path in (self.path / name).glob("*.parquet"):
                if wanted & set(parts.chunks_in(path)):
                    path.unlink()
            for chunk in chunks:
                parts.part_path(self.path, name, chunk).unlink(missing_ok=True)

    def drop_all(self, plan: Plan) -> None:
        """Forget all chunks."""
        for name in (*parts.tables(plan), parts.PARTS):
            shutil.rmtree(self.path / name, ignore_errors=True)

    # Writing

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Write the manifest."""
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        parts.whole(self.path / MANIFEST, lambda file: file.write(text.encode()))

    def finish(self, plan: Plan, rounds: Mapping[int, Round], chunks: list[Chunk]) -> None:
        """Join the parts, and remove what only workers needed."""
        joining.compact(self.path, plan, rounds, chunks, LEAST_ROWS)
        shutil.rmtree(self.path / parts.PARTS, ignore_errors=True)
        (self.path / work.WORK).unlink(missing_ok=True)


def choose(base: Path, shown: str, experiment: str, key: str) -> tuple[Path, str, str]:
    """Return the folder for a batch, how to show it, and what of other results is in the way.

    The folder is the first of base, base-2, base-3 ... that holds this very batch, or else the
    first that holds nothing.
    Raises AgentsimError, one line, for a place that holds something else than results.
    """
    free: tuple[Path, str] | None = None
    for number in range(1, MOST_SIBLINGS):
        path = base if number == 1 else base.with_name(f"{base.name}-{number}")
        name = shown if number == 1 else f"{shown.rstrip(os.sep)}-{number}"
        held = _held(path, name, experiment, strict=number == 1)
        if held is None:
            free = free or (path, name)
            if number > 1:
                break
            continue
        if held.get("plan_key") == key:
            return path, name, ""
    assert free is not None  # a thousand siblings are more than anybody keeps
    return *free, "" if free[0] == base else shown


def _held(path: Path, shown: str, experiment: str, strict: bool) -> dict[str, Any] | None:
    """Return the manifest in a folder; None if it is empty or not there."""
    if "\0" in shown or not shown:
        raise AgentsimError(f"--out {shown!r} is no path; give a folder")
    try:
        if not path.exists():
            return None
        if not path.is_dir():
            raise AgentsimError(f"--out {shown} is a file; give a folder")
        if not any(each.name != LOCK and each.suffix != ".tmp" for each in path.iterdir()):
            return None
    except NotADirectoryError:
        return None  # making the folder says so
    except OSError as error:
        raise AgentsimError(
            f"--out {shown} cannot be read: {error.strerror}; give another place"
        ) from None
    found = manifest_in(path)
    if found is None:
        if not strict:
            return {}
        if (path / CELLS).exists():
            raise AgentsimError(
                f"--out {shown} holds results without a sound {MANIFEST}; remove it, or give another"
            )
        raise AgentsimError(
            f"--out {shown} holds something else than results; give an empty or new folder"
        )
    name = str(found["experiment"]["name"])
    if name != experiment and strict:
        raise AgentsimError(
            f"--out {shown} holds results of {name}, not of {experiment}; give another folder"
        )
    return found


def manifest_in(folder: Path) -> dict[str, Any] | None:
    """Return the manifest in a folder; None if it holds no results."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["program"] == "agentsim" and manifest["experiment"]["name"]:
            return manifest
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def writer() -> dict[str, Any]:
    """Return who writes: what another process is told that comes to the same folder."""
    return {"process": os.getpid(), "host": socket.gethostname()}


def _writer(folder: Path) -> str:
    found = (manifest_in(folder) or {}).get("writer") or {}
    if not found:
        return "another process"
    return f"process {found.get('process')} on {found.get('host')}"


def cells_table(plan: Plan) -> Any:
    """Return a row a cell: its number, the one whose runs stand for its own, block, base, labels."""
    import numpy as np
    import pyarrow as pa

    cells = plan.cells
    columns: dict[str, Any] = {
        "cell": np.arange(len(cells), dtype=np.int32),
        "runs_of": cells.stands_for().astype(np.int32),
        "block": cells.block,
        "base": cells.base,
    }
    for name, given in cells.labels.items():
        if given.dtype == object:
            columns[name] = _texts(given)
        else:
            columns[name] = pa.array(given, pa.float64(), from_pandas=True)
    if cells.unit is not None:
        for at in range(cells.unit.shape[1]):
            columns[f"u{at}"] = np.ascontiguousarray(cells.unit[:, at])
    return pa.table(columns)


def _texts(given: Any) -> Any:
    """Return a column of text of which there are few, None where there is none."""
    import numpy as np
    import pyarrow as pa

    if len(given) and given.strides == (0,):  # one value, seen from every row
        places = pa.array(
            np.zeros(len(given), np.int32), mask=np.full(len(given), given[0] is None)
        )
        values = [] if given[0] is None else [given[0]]
        return pa.DictionaryArray.from_arrays(places, pa.array(values, pa.string()))
    return pa.array(given, pa.string()).dictionary_encode()
