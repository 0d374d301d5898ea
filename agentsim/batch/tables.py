"""Tables: reading the files that a batch left in a folder, each one found sound first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import parts, summaries
from agentsim.batch.gathered import places_of
from agentsim.batch.store import CELLS, DRAWS
from agentsim.batch.summaries import quoted
from agentsim.errors import AgentsimError, shown, unknown
from agentsim.parameters import ROLES

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

INTERNAL = ("cell", "runs_of", "block", "base")
"""Columns of cells that are no labels."""


QUERIES = ("SELECT", "MULTI")
"""Kinds of statements that read; the last is `pivot`, which DuckDB takes for several."""
MOST_TRIES, PAUSE = 20, 0.05
"""How often an answer is looked for while files come and go, and seconds in between."""


@dataclass(eq=False)
class Tables:
    """The tables of a folder, read when they are asked for, as far as asked.

    A batch may be writing there: parts come, and are joined to larger files and go.
    """

    folder: Path
    _asked: bool = False

    @cached_property
    def files(self) -> dict[str, list[str]]:
        """The files of each table of runs and quarters, as they were when last listed."""
        return parts.files_of(self.folder, (parts.OUTCOMES, parts.SERIES, *ROLES))

    def steadily[Answer](self, answer: Callable[[], Answer], settled: bool) -> Answer:
        """Return an answer, made again if files went while it was made.

        settled: whether the batch is complete, so that files need not be listed for every answer.
        """
        if self._asked:  # part of an answer: from the same files
            return answer()
        self._asked = True
        try:
            if not settled:
                self.__dict__.pop("files", None)
            for _ in range(MOST_TRIES):
                try:
                    return answer()
                except AgentsimError as error:
                    before = self.__dict__.pop("files", None)
                    if not self._changed(before) and not isinstance(error, parts.GoneError):
                        raise
                    time.sleep(PAUSE)
            return answer()
        finally:
            self._asked = False

    def _changed(self, before: dict[str, list[str]] | None) -> bool:
        """Say whether the files are others than before; they are if they cannot even be listed."""
        try:
            return self.files != before
        except AgentsimError:
            return True

    @cached_property
    def cells(self) -> pd.DataFrame:
        """A row a cell, as `Results.cells` has it."""
        frame = frame_of(parts.read(self.folder / CELLS))
        if not {*INTERNAL} <= {*frame.columns}:
            raise AgentsimError(
                f"{self.folder} holds results of an older version; run the experiment again"
            )
        return frame

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The columns that say what a cell is."""
        return tuple(
            name for name in self.cells.columns if name not in INTERNAL and not _is_place(name)
        )

    @cached_property
    def draws(self) -> pd.DataFrame | None:
        """A row a draw, where they were written."""
        path = self.folder / DRAWS
        return frame_of(parts.read(path)) if path.exists() else None

    def columns(self, table: str) -> list[str]:
        """Return the columns of a table."""
        files = self.files[table]
        if not files:
            raise AgentsimError(f"{self.folder} holds no {table} yet; run the experiment again")
        return parts.columns(Path(files[0]))

    def no_runs(self) -> AgentsimError:
        """Return the error for a batch of which nothing is done yet."""
        return AgentsimError(
            f"{self.folder} holds no runs yet; run the experiment, or wait for some"
        )

    def rows(self, table: str) -> int:
        """Return how many rows a table has."""
        return sum(parts.rows(Path(file)) for file in self.files[table])

    def each(self, table: str, columns: Sequence[str]) -> Iterator[Any]:
        """Yield columns of a table, file by file."""
        self.columns(table)  # says so where there are no files
        for file in self.files[table]:
            yield parts.read(Path(file), columns).replace_schema_metadata(None)

    def whole(self, table: str, columns: Sequence[str]) -> Any:
        """Return columns of a table, all of its files together."""
        import pyarrow as pa

        return pa.concat_tables(list(self.each(table, columns))).unify_dictionaries()

    def cells_with(self, labels: Mapping[str, Any]) -> pd.DataFrame:
        """Return the cells with these labels; one of several levels, where a list is given."""
        rows = np.ones(len(self.cells), dtype=bool)
        for name, level in labels.items():
            if name not in self.labels:
                raise unknown("column", name, self.labels, "Results.labels lists them")
            column = self.cells[name]
            if level is None:
                fits = np.asarray(column.isna())
            elif isinstance(level, (list, tuple, set)):
                fits = np.asarray(column.isin(list(level)))
            else:
                fits = np.asarray((column == level).fillna(False))
            if not fits.any():
                there = column.dropna().unique().tolist()[:20]
                raise AgentsimError(f"{name} = {level!r} is in no row; there are {there}")
            rows &= fits
        return self.cells[rows]

    def cell(self, number: Any) -> pd.DataFrame:
        """Return the one cell of a number."""
        found: pd.DataFrame = self.cells[self.cells["cell"] == number]
        if found.empty:
            raise AgentsimError(
                f"cell {number!r} is not there; give one from 0 to {len(self.cells) - 1}"
            )
        return found

    def runs(self, cells: pd.DataFrame, outcomes: Sequence[str]) -> pd.DataFrame:
        """Return a row a run of some cells: cell, labels, run, status and outcomes."""
        import pandas as pd

        columns = ("run", "status", *outcomes)
        table = frame_of(self.whole(parts.OUTCOMES, ["cell", *columns]))
        row, places = places_of(
            cells["runs_of"].to_numpy(),
            *(table[name].to_numpy(np.int64) for name in ("cell", "run")),
        )
        found = {"cell": cells["cell"].to_numpy()[row]}
        for name in self.labels:
            found[name] = cells[name].array.take(row)
        frame = pd.DataFrame(found)
        for name in columns:
            frame[name] = table[name].array.take(places)
        return frame

    # SQL

    def sql(self, query: str) -> pd.DataFrame:
        """Return what a query says, as `Results.sql` does."""
        if not isinstance(query, str):
            raise AgentsimError(f"sql: {query!r} is no query; give one as text")
        asked = query.lower()  # DuckDB knows names in any case
        read = [name for name in self.files if name in asked]
        read += [parts.OUTCOMES] if "runs" in asked else []
        if read and not self.files[parts.OUTCOMES]:
            raise self.no_runs()
        remedy = "give a select; Results.sql lists the tables"
        with self.connected(*read, what="sql: ", remedy=remedy) as connection:
            kinds = [each.type.name for each in connection.extract_statements(query)]
            if len(kinds) != 1 or kinds[0] not in QUERIES:
                raise AgentsimError(f"sql: {shown(query)} is not one query that reads; {remedy}")
            found: pd.DataFrame = connection.execute(query).df()
        return found

    @contextmanager
    def connected(
        self, *tables: str, what: str = "", remedy: str = "run the experiment again"
    ) -> Iterator[DuckDBPyConnection]:
        """Give a connection with the tables as views; what DuckDB refuses is one line.

        tables: those that are read, whose files are found sound first: DuckDB checks no checksums.
        """
        import duckdb

        try:
            with summaries.connect() as connection:
                self._view(connection)
                self._verify(tables)
                yield connection
        except duckdb.Error as error:
            said = " ".join(str(error).split())[: parts.MOST_SAID]
            raise AgentsimError(f"{what or f'{self.folder}: '}{said}; {remedy}") from None

    def _verify(self, tables: Sequence[str]) -> None:
        """Refuse damaged files of some tables; each is looked at once."""
        for name in tables:
            for each in set(self.files[name]) - self._sound:
                if not parts.chunks_in(Path(each)):
                    raise parts.damaged(Path(each), ValueError("its checksum is another"))
                self._sound.add(each)

    @cached_property
    def _sound(self) -> set[str]:
        return set()

    def _view(self, connection: DuckDBPyConnection) -> None:
        """Make the tables views of a connection."""
        files = {"cells": [str(self.folder / CELLS)]} | self.files
        if (self.folder / DRAWS).exists():
            files["draws"] = [str(self.folder / DRAWS)]
        for name, paths in files.items():
            if paths:
                connection.execute(f"create view {name} as select * from {summaries.source(paths)}")
        if self.files[parts.OUTCOMES]:
            shown = ", ".join(f"c.{quoted(each)}" for each in ("cell", "block", *self.labels))
            connection.execute(
                f"create view runs as select {shown}, o.* exclude (cell) "
                "from outcomes o join cells c on o.cell = c.runs_of"
            )


def frame_of(table: Any) -> pd.DataFrame:
    """Return a table as a frame, text as text."""
    import pyarrow as pa

    plain = [
        pa.field(each.name, pa.string()) if pa.types.is_dictionary(each.type) else each
        for each in table.schema
    ]
    frame: pd.DataFrame = table.cast(pa.schema(plain)).to_pandas()
    return frame


def _is_place(name: str) -> bool:
    """Say whether a column is a place in the unit cube: u0, u1 ..."""
    return name[:1] == "u" and name[1:].isdigit()
