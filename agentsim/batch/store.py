"""Store: a folder of results, there whole or not at all.

Everything is written into a folder beside the one that is meant, which takes its name when all is
complete; older results of the same experiment stay until then.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agentsim.batch.tables import Tables
from agentsim.errors import AgentsimError

MANIFEST = "manifest.json"
RUNS, DRAWS, SERIES, SUMMARY = "outcomes.parquet", "draws.parquet", "series.parquet", "summary.csv"


class Folder:
    """Where the results of an experiment go; use it in a `with` statement.

    Raises AgentsimError, one line, for a place where results cannot be written, before any run.
    """

    def __init__(self, path: str | Path, experiment: str) -> None:
        self.path = Path(os.path.abspath(path))
        self.shown = str(path)
        self.experiment = experiment
        self._partial = self.path.with_name(f".{self.path.name}.partial-{os.getpid()}")

    def __enter__(self) -> Self:
        """Check the place by making the folder in which everything is written first."""
        if "\0" in self.shown or not self.shown:
            raise AgentsimError(f"--out {self.shown!r} is no path; give a folder")
        self._check()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self._partial, ignore_errors=True)
            self._partial.mkdir()
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
        """Leave nothing half written behind."""
        shutil.rmtree(self._partial, ignore_errors=True)

    def _check(self) -> None:
        """Refuse to write over what is not of this experiment."""
        try:
            if not self.path.exists():
                return
            if not self.path.is_dir():
                raise AgentsimError(f"--out {self.shown} is a file; give a folder")
            if os.path.ismount(self.path) or self.path == Path.cwd():
                raise AgentsimError(f"--out {self.shown} cannot be replaced; give a folder in it")
            if not any(self.path.iterdir()):
                return
        except NotADirectoryError:
            return  # the caller says so
        except OSError as error:
            raise AgentsimError(
                f"--out {self.shown} cannot be read: {error.strerror}; give another place"
            ) from None
        found = experiment_in(self.path)
        if found is None:
            raise AgentsimError(
                f"--out {self.shown} holds something else than results; give an empty or new folder"
            )
        if found != self.experiment:
            raise AgentsimError(
                f"--out {self.shown} holds results of {found}, not of {self.experiment}; "
                "give another folder"
            )

    def write(self, tables: Tables) -> None:
        """Write the tables."""
        from pyarrow import csv, parquet

        def columns(make: Callable[[], Any]) -> Callable[[Any], Any]:
            return lambda file: parquet.write_table(make(), file, compression="zstd")

        self._whole(RUNS, columns(tables.runs))
        self._whole(DRAWS, columns(tables.draws))
        self._whole(SERIES, columns(tables.series))
        self._whole(SUMMARY, lambda file: csv.write_csv(tables.summary(), file))

    def finish(self, manifest: dict[str, Any]) -> None:
        """Write the manifest and put the folder in its place.

        Raises AgentsimError, saying where the results are, if that place cannot be taken.
        """
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        self._whole(MANIFEST, lambda file: file.write(text.encode()))
        _sync(self._partial)
        old = self.path.with_name(f".{self.path.name}.old-{os.getpid()}")
        try:
            if self.path.exists():
                self.path.rename(old)
            self._partial.rename(self.path)
        except OSError as error:
            kept = self.path.with_name(f"{self.path.name}-{os.getpid()}")
            self._partial.rename(kept)
            if old.exists():
                old.rename(self.path)
            raise AgentsimError(
                f"--out {self.shown} cannot be replaced: {error.strerror}; results are in {kept}"
            ) from None
        _sync(self.path.parent)
        shutil.rmtree(old, ignore_errors=True)

    def _whole(self, name: str, write: Callable[[Any], Any]) -> None:
        """Write a file under a temporary name, and rename it when all of it is on the disk."""
        temporary = self._partial / f"{name}.tmp"
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self._partial / name)


def experiment_in(folder: Path) -> str | None:
    """Return the name of the experiment whose results a folder holds; None if it holds none."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["program"] == "agentsim":
            return str(manifest["experiment"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _sync(folder: Path) -> None:
    """Ask that the names in a folder are on the disk too, where the system can be asked."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
