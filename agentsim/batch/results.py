"""Results: reading what a batch left behind, complete or on its way.

>>> results = Results.open("results/escalator_war")
>>> results.summary(by="lineup.hyperscaler", outcomes="customer_share", kind="main")
>>> results.contrast({"lineup.hyperscaler": "escalate"}, {"lineup.hyperscaler": "restrain"},
...                  "customer_share", kind="main")
>>> results.sql("select quarter, avg(capex) from series group by quarter order by quarter")
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import parts, summaries
from agentsim.batch.cells import LABELS
from agentsim.batch.store import CELLS, DRAWS, MANIFEST
from agentsim.batch.summaries import quoted
from agentsim.errors import AgentsimError, unknown, whole
from agentsim.parameters import ROLES

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

    from agentsim.batch.design import Experiment
    from agentsim.batch.plan import Plan, Round
    from agentsim.laws.numerics import Array
    from agentsim.market import Market

Labels = Mapping[str, Any] | int
PERCENTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p95": 0.95}
INTERNAL = ("cell", "runs_of", "block")
NOT_OUTCOMES = ("cell", "run", "status")


@dataclass(frozen=True, eq=False)
class Results:
    """The results of an experiment. Tables are read when they are asked for, as far as asked."""

    folder: Path
    manifest: dict[str, Any]

    @staticmethod
    def open(folder: str | Path) -> Results:
        """Return the results in a folder. Raises AgentsimError, one line, if there are none."""
        path = Path(folder)
        try:
            manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        except OSError:
            raise AgentsimError(
                f"{path} holds no results; give a folder that `agentsim run` wrote"
            ) from None
        except ValueError:
            raise AgentsimError(
                f"{path / MANIFEST} is damaged; remove {path} and run the experiment again"
            ) from None
        if not isinstance(manifest, dict) or not (path / CELLS).exists():
            raise AgentsimError(
                f"{path} holds results of an older version; run the experiment again"
            )
        return Results(path, manifest)

    # What was asked

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment as it was run."""
        from agentsim.batch.design import Experiment

        return Experiment(**self.manifest["experiment"])

    @property
    def complete(self) -> bool:
        """Whether the batch was run to its end."""
        return bool(self.manifest.get("status") == "complete")

    @cached_property
    def cells(self) -> pd.DataFrame:
        """A row a cell: its number, the one whose runs are its own, its block of luck, its labels.

        What does not apply is missing, as `own` of a main cell. In sampled designs u0, u1 ... are the
        places of the points in the unit cube.
        """
        return self._frame(parts.read(self.folder / CELLS))

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The columns that say what a cell is: kind, variant, firm, own, others, and the factors."""
        return tuple(
            name for name in self.cells.columns if name not in INTERNAL and not _unit(name)
        )

    @property
    def factors(self) -> tuple[str, ...]:
        """The columns that are factors."""
        return self.labels[len(LABELS) :]

    @cached_property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that were kept."""
        if not self._files[parts.OUTCOMES]:
            return ()
        return tuple(name for name in self._columns(parts.OUTCOMES) if name not in NOT_OUTCOMES)

    # Runs

    def runs(self, outcomes: str | Sequence[str] | None = None, **labels: Any) -> pd.DataFrame:
        """Return a row a run: cell, labels, run, status and outcomes (all that were kept).

        labels: only cells with these; dots in a name may go in a dict.
        results.runs("customer_share", kind="main", **{"lineup.hyperscaler": "match"})
        Outcomes of failed runs are NaN. Raises AgentsimError for a name or level that is not there.
        """
        import pandas as pd

        wanted = self._outcomes(outcomes)
        cells = self._cells(labels)
        everything = self._table(parts.OUTCOMES, ["cell", "run", "status", *wanted])
        table = self._frame(everything)
        order = np.lexsort((table["run"].to_numpy(), table["cell"].to_numpy()))
        own = table["cell"].to_numpy()[order]
        source = cells["runs_of"].to_numpy()
        starts = np.searchsorted(own, source, side="left")
        counts = np.searchsorted(own, source, side="right") - starts
        row = np.repeat(np.arange(len(cells)), counts)
        within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        places = order[starts[row] + within]
        found = {"cell": cells["cell"].to_numpy()[row]}
        for name in self.labels:
            found[name] = cells[name].array.take(row)
        frame = pd.DataFrame(found)
        for name in ("run", "status", *wanted):
            frame[name] = table[name].array.take(places)
        return frame

    def outcome(self, name: str, **labels: Any) -> Array:
        """Return an outcome of the one cell with these labels, by run, `(runs,)`.

        Two of them are paired if their cells are of one block: run i of both met the same luck.
        Raises AgentsimError if the labels leave more than one cell.
        """
        cells = self._cells(labels)
        if len(cells) != 1:
            raise AgentsimError(f"labels {labels} leave {len(cells)} cells; name the others too")
        return np.asarray(self.runs(name, **labels)[name], dtype=np.float64)

    def summary(
        self,
        by: str | Sequence[str] | None = None,
        ci: float = 0.95,
        outcomes: str | Sequence[str] | None = None,
        **labels: Any,
    ) -> pd.DataFrame:
        """Return a row a group and outcome: mean, its interval (low, high), and n.

        by: columns of labels that make groups; every cell is one, by default. n is of independent
        parts: runs in a cell; where cells are pooled, runs of the same luck count once.
        Shares are ratios of means; intervals are Student's t (see `agentsim.batch.summaries`).
        """
        level, wanted = summaries.check_level(ci), self._outcomes(outcomes)
        keys = [by] if isinstance(by, str) else list(by or ())
        for name in keys:
            if name not in self.labels:
                raise unknown("by:", name, self.labels)
        cells = self._cells(labels)
        found = (
            self._by_cell(cells, wanted, level)
            if not keys
            else self._pooled(cells, keys, wanted, level)
        )
        return found.drop(columns="half_width")

    def contrast(
        self, a: Labels, b: Labels, outcome: str, ci: float = 0.95, **labels: Any
    ) -> pd.DataFrame:
        """Return the difference of an outcome between cells a and b, with its interval, in one row.

        a, b: labels, or the number of a cell; labels: what both have. Where several cells of a and b
        are left, those that agree in all other labels are compared, and pooled. Runs that met the
        same luck are compared one by one (`paired`). Of a share it is the ratios that differ.
        """
        level = summaries.check_level(ci)
        (name,) = self._outcomes(outcome)
        pairs = self._pairs(a, b, labels)
        paired = bool((pairs["block"] == pairs["block_b"]).all())
        num, den = summaries.ratio_parts(name, self.outcomes)
        import pandas as pd

        with self._connected(parts.OUTCOMES) as connection:
            connection.register("pairs", pairs)
            cluster = self._cluster() if len(pairs) > 1 else ["run"]
            found = _contrasted(connection, num, den, cluster, paired)
        told = summaries.contrast_of(*found, paired=paired, level=level)
        return pd.DataFrame([{"outcome": name, **told}])

    # Quarters

    def series(
        self,
        names: str | Sequence[str] | None = None,
        role: str | None = None,
        **labels: Any,
    ) -> pd.DataFrame:
        """Return a row a run and quarter (0 is the base date): cell, labels, run, quarter, series.

        role: that role's states instead, a row a run, quarter and firm; the label `firm`, who
        deviates in a cell, is then called deviator. Kept are the series that the experiment asks
        for, of the first `series_runs` runs of each cell.
        """
        table = self._series_table(role)
        keys = [name for name in self._columns(table) if name in parts.KEYS]
        known = [name for name in self._columns(table) if name not in keys]
        wanted = [names] if isinstance(names, str) else list(names or known)
        for name in wanted:
            if name not in known:
                raise unknown("series:", name, known)
        with self._connected(table) as connection:
            chosen = self._register(connection, self._cells(labels), list(self.labels))
            told = ", ".join(f"s.{quoted(each)}" for each in (*keys[1:], *wanted))
            order = ", ".join(f"s.{each}" for each in keys[1:])
            shown = ", ".join(
                "c.firm as deviator" if each in keys else f"c.{quoted(each)}"
                for each in self.labels
            )
            found: pd.DataFrame = connection.execute(
                f"select c.cell, {shown}, {told} "
                f"from {table} s join {chosen} c on s.cell = c.runs_of order by c.cell, {order}"
            ).df()
        return found

    def bands(self, name: str, **labels: Any) -> pd.DataFrame:
        """Return a row a cell and quarter: labels, mean and percentiles of a series over runs."""
        table = self._series_table(None)
        if name not in self._columns(table):
            raise unknown("series:", name, self._columns(table))
        x = f"s.{quoted(name)}"
        where = f"filter (where isfinite({x}))"
        told = ", ".join(
            f"quantile_cont({x}::double, {level}) {where} as {each}"
            for each, level in PERCENTILES.items()
        )
        with self._connected(table) as connection:
            chosen = self._register(connection, self._cells(labels), list(self.labels))
            shown = ", ".join(f"c.{quoted(each)}" for each in self.labels)
            found: pd.DataFrame = connection.execute(
                f"select c.cell, {shown}, s.quarter, avg({x}::double) {where} as mean, {told} "
                f"from {table} s join {chosen} c on s.cell = c.runs_of "
                f"group by c.cell, {shown}, s.quarter order by c.cell, s.quarter"
            ).df()
        return found

    @property
    def series_names(self) -> tuple[str, ...]:
        """The market's series that were kept."""
        if not self._files[parts.SERIES]:
            return ()
        return tuple(each for each in self._columns(parts.SERIES) if each not in parts.KEYS)

    @cached_property
    def draws(self) -> pd.DataFrame:
        """A row a draw: block of luck, run, and what it drew from the marked ranges."""
        if (self.folder / DRAWS).exists():
            return self._frame(parts.read(self.folder / DRAWS))
        from agentsim.batch.draws import draws_table

        return self._frame(draws_table(*self._planned()))

    def _planned(self) -> tuple[Plan, list[Round]]:
        """Return the plan as it was, and the runs there are as one round."""
        from agentsim.batch.plan import Round, make

        plan = make(self.experiment)
        if plan.key != self.manifest["plan_key"]:
            raise AgentsimError(
                f"{self.folder} was made by another version of the model; run the experiment again"
            )
        found = self.sql("select cell, count(*) as runs from outcomes group by cell order by cell")
        cells, runs = found["cell"].to_numpy(np.int64), found["runs"].to_numpy(np.int64)
        return plan, [Round(0, cells, np.zeros_like(runs), runs)]

    # One run

    def market(self, cell: int, run: int) -> Market:
        """Return the market of one run, to step and look into: it comes to the same bits.

        results.market(cell=17, run=3).run().explain("oracle", quarter=8)
        Raises AgentsimError, one line, for runs that are not there, or of another model version.
        """
        from agentsim.batch.simulating import inputs
        from agentsim.market import Market

        source = int(self._cell(cell)["runs_of"].iloc[0])
        plan, [every] = self._planned()
        most = int(every.runs[every.cells == source][0])
        if not 0 <= whole("run", run) < most:
            raise AgentsimError(
                f"run {run} of cell {cell} is not there; give one from 0 to {most - 1}"
            )
        at = np.array([source]), np.array([run])
        scenario, lineup, shocks = inputs(plan, *at)
        luck = [int(plan.luck(*at)[0])]
        chosen = {firm: each for firms in lineup.values() for firm, each in firms.items()}
        return Market(scenario, chosen, luck, plan.entropy, shocks=shocks, horizon=plan.horizon)

    # SQL

    def sql(self, query: str) -> pd.DataFrame:
        """Return what a query says, by DuckDB, which reads no more than it needs.

        Tables: runs (a row a run, with the labels of its cell), outcomes, cells; where kept series
        and hyperscaler, chip_vendor, memory_maker, lender; draws. Names with dots are quoted.
        Raises AgentsimError, one line, for a query that DuckDB refuses.
        """
        read = [name for name in self._files if name in query]
        read += [parts.OUTCOMES] if "runs" in query else []
        remedy = "see Results.sql for the tables"
        with self._connected(*read, what="sql: ", remedy=remedy) as connection:
            found: pd.DataFrame = connection.execute(query).df()
        return found

    # Within

    @cached_property
    def _files(self) -> dict[str, list[str]]:
        return summaries.files_of(self.folder, (parts.OUTCOMES, parts.SERIES, *ROLES))

    def _columns(self, table: str) -> list[str]:
        """Return the columns of a table."""
        files = self._files[table]
        if not files:
            raise AgentsimError(f"{self.folder} holds no {table} yet; run the experiment again")
        return parts.columns(Path(files[0]))

    def _read(self, file: str, columns: Sequence[str]) -> Any:
        return parts.read(Path(file), columns).replace_schema_metadata(None)

    def _table(self, table: str, columns: Sequence[str]) -> Any:
        import pyarrow as pa

        found = [self._read(each, columns) for each in self._files[table]]
        return pa.concat_tables(found).unify_dictionaries()

    def _frame(self, table: Any) -> pd.DataFrame:
        """Return a table as a frame, text as text."""
        import pyarrow as pa

        plain = [
            pa.field(each.name, pa.string()) if pa.types.is_dictionary(each.type) else each
            for each in table.schema
        ]
        frame: pd.DataFrame = table.cast(pa.schema(plain)).to_pandas()
        return frame

    @contextmanager
    def _connected(
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
            for each in set(self._files[name]) - self._sound:
                if not parts.chunks_in(Path(each)):
                    raise parts.damaged(Path(each), ValueError("its checksum is another"))
                self._sound.add(each)

    @cached_property
    def _sound(self) -> set[str]:
        return set()

    def _view(self, connection: DuckDBPyConnection) -> None:
        """Make the tables views of a connection."""
        cells = summaries.source([str(self.folder / CELLS)])
        connection.execute(f"create view cells as select * from {cells}")
        for name, files in self._files.items():
            if files:
                connection.execute(f"create view {name} as select * from {summaries.source(files)}")
        if (self.folder / DRAWS).exists():
            draws = summaries.source([str(self.folder / DRAWS)])
            connection.execute(f"create view draws as select * from {draws}")
        if self._files[parts.OUTCOMES]:
            shown = ", ".join(f"c.{quoted(each)}" for each in ("cell", "block", *self.labels))
            connection.execute(
                f"create view runs as select {shown}, o.* exclude (cell) "
                "from outcomes o join cells c on o.cell = c.runs_of"
            )

    def _outcomes(self, given: str | Sequence[str] | None) -> list[str]:
        wanted = [given] if isinstance(given, str) else list(given or self.outcomes)
        for name in wanted:
            if name not in self.outcomes:
                raise unknown("outcome", name, self.outcomes, "Results.outcomes lists them")
        return wanted

    def _cells(self, labels: Mapping[str, Any]) -> pd.DataFrame:
        return _with(self.cells, labels, self.labels)

    def _register(
        self, connection: DuckDBPyConnection, cells: pd.DataFrame, labels: Sequence[str]
    ) -> str:
        """Make a table of cells with some of their labels; return its name."""
        kept = cells[[*INTERNAL, *labels]]
        connection.register("chosen", kept)
        return "chosen"

    def _cluster(self) -> list[str]:
        """Return what runs that are not independent have in common.

        Where points are placed at random it is the point; its runs tell less than points of their own.
        If all points share one luck, intervals are for that luck.
        """
        if self.experiment.sampling.kind in ("factorial", "table"):
            return ["block", "run"]
        return ["cell"] if self.manifest["luck"] == "shared" else ["block"]

    def _tables(self, columns: Sequence[str]) -> Iterator[Any]:
        """Yield columns of the outcomes, file by file."""
        for each in self._files[parts.OUTCOMES]:
            yield self._read(each, columns)

    def _by_cell(self, cells: pd.DataFrame, wanted: list[str], level: float) -> pd.DataFrame:
        """Return means by cell, with the labels of each."""
        read = ["cell", *summaries.needed(wanted, self.outcomes)]
        found = summaries.by_cell(self._tables(read), len(self.cells), wanted, self.outcomes)
        source = cells["runs_of"].to_numpy()
        own = [each.take(source) for each in found]
        return summaries.rows_of(cells[["cell", *self.labels]], wanted, own, level)

    def _pooled(
        self, cells: pd.DataFrame, keys: list[str], wanted: list[str], level: float
    ) -> pd.DataFrame:
        """Return means by groups of cells that have labels in common."""
        group = cells.groupby(keys, dropna=False, sort=True).ngroup().to_numpy()
        heads = cells[keys].iloc[np.unique(group, return_index=True)[1]].reset_index(drop=True)
        by_cell = self._cluster() == ["cell"]
        block = self.cells["cell" if by_cell else "block"].to_numpy()
        runs = self._most_runs() if "run" in self._cluster() else 1

        def cluster(table: Any) -> Any:
            number = table["run"].to_numpy().astype(np.int64) if runs > 1 else 0
            return block[table["cell"].to_numpy()] * runs + number

        sizes = (len(heads), (int(block.max()) + 1) * runs)
        layers = self._layers(cells["runs_of"].to_numpy(), group)
        found: list[Any] = []
        for some in summaries.in_batches(wanted, sizes[0] * sizes[1]):
            read = ["cell", "run", *summaries.needed(some, self.outcomes)]
            found += summaries.pooled(
                self._tables(read), layers, cluster, sizes, some, self.outcomes
            )
        return summaries.rows_of(heads, wanted, found, level)

    def _layers(self, source: Any, group: Any) -> list[Any]:
        """Return the group of every cell whose runs are stored, as often as they stand for a cell."""
        order = np.argsort(source, kind="stable")
        source, group = source[order], group[order]
        nth = np.arange(len(source)) - np.searchsorted(source, source)
        layers = []
        for at in range(int(nth.max()) + 1):
            layer = np.full(len(self.cells), -1)
            layer[source[nth == at]] = group[nth == at]
            layers.append(layer)
        return layers

    def _most_runs(self) -> int:
        """Return the number after the greatest number of a run."""
        greatest = self.sql("select max(run) as run from outcomes")["run"].iloc[0]
        return int(greatest) + 1

    def _pairs(self, a: Labels, b: Labels, labels: Mapping[str, Any]) -> pd.DataFrame:
        """Return the cells to compare: runs_of, block of a, and the same of b."""
        given = [each if isinstance(each, Mapping) else {} for each in (a, b)]
        one, other = (
            self._cells({**labels, **each}) if isinstance(each, Mapping) else self._cell(each)
            for each in (a, b)
        )
        named = {*given[0], *given[1]}
        # A variant is no match for a main cell, unless that is what is asked. The kind goes by these.
        alike = [name for name in self.labels if name not in named and name != "kind"]
        if not isinstance(a, Mapping) or not isinstance(b, Mapping):
            alike = []
        columns = ["runs_of", "block", *alike]
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
        return pairs[["runs_of", "block", "runs_of_b", "block_b"]]

    def _cell(self, number: Any) -> pd.DataFrame:
        found: pd.DataFrame = self.cells[self.cells["cell"] == number]
        if found.empty:
            raise AgentsimError(
                f"cell {number!r} is not there; give one from 0 to {len(self.cells) - 1}"
            )
        return found

    def _series_table(self, role: str | None) -> str:
        if role is not None and role not in ROLES:
            raise unknown("role", role, ROLES)
        table = parts.SERIES if role is None else role
        if not self._files[table]:
            what = (
                "capex"
                if role is None
                else f"{role}.{'cash' if role == 'hyperscaler' else 'STATE'}"
            )
            raise AgentsimError(
                f'{self.folder} keeps no such series; add series = ["{what}"] to the experiment'
            )
        return table


def _contrasted(
    connection: DuckDBPyConnection, num: str, den: str | None, cluster: list[str], paired: bool
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the sums over independent parts on both sides."""
    x = quoted(num)
    y = "1.0" if den is None else quoted(den)
    by = ", ".join("p.block" if each == "block" else f"o.{each}" for each in cluster)

    def sides(frame: Any, which: str) -> dict[str, Array]:
        return {"s": frame[f"s{which}"].to_numpy(), "k": frame[f"k{which}"].to_numpy()}

    def finite(alias: str) -> str:
        more = "" if den is None else f" and isfinite({alias}.{y})"
        return f"isfinite({alias}.{x}){more}"

    def sums(alias: str, which: str) -> str:
        below = "count(*)::double" if den is None else f"sum({alias}.{y})"
        return f"sum({alias}.{x}) as s{which}, {below} as k{which}"

    if paired:
        found = connection.execute(
            f"select {by}, {sums('o', 'a')}, {sums('q', 'b')} from pairs p "
            f"join outcomes o on o.cell = p.runs_of join outcomes q on q.cell = p.runs_of_b "
            f"and q.run = o.run where {finite('o')} and {finite('q')} group by {by} order by {by}"
        ).df()
        return sides(found, "a"), sides(found, "b")
    both = []
    for which, cell, block in (("a", "runs_of", "block"), ("b", "runs_of_b", "block_b")):
        grouped = by.replace("p.block", f"p.{block}")
        found = connection.execute(
            f"select {grouped}, {sums('o', which)} from (select distinct {cell}, {block} from pairs) p "
            f"join outcomes o on o.cell = p.{cell} where {finite('o')} "
            f"group by {grouped} order by {grouped}"
        ).df()
        both.append(sides(found, which))
    return both[0], both[1]


def _unit(name: str) -> bool:
    return name[:1] == "u" and name[1:].isdigit()


def _with(table: pd.DataFrame, labels: Mapping[str, Any], known: Sequence[str]) -> pd.DataFrame:
    """Return the rows of a table with these labels; one of several levels, where a list is given."""
    rows = np.ones(len(table), dtype=bool)
    for name, level in labels.items():
        if name not in known:
            raise unknown("column", name, known, "Results.labels lists them")
        column = table[name]
        if level is None:
            fits = np.asarray(column.isna())
        elif isinstance(level, (list, tuple, set)):
            fits = np.asarray(column.isin(list(level)))
        else:
            fits = np.asarray((column == level).fillna(False))
        if not fits.any():
            raise AgentsimError(
                f"{name} = {level!r} is in no row; there are {column.dropna().unique().tolist()[:20]}"
            )
        rows &= fits
    return table[rows]
