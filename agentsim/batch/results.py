"""Results: reading what a batch left behind, complete or on its way.

>>> results = Results.open("results/escalator_war")
>>> results.summary(by="lineup.hyperscaler", outcomes="customer_share", kind="main")
>>> results.contrast({"lineup.hyperscaler": "escalate"}, {"lineup.hyperscaler": "restrain"},
...                  "customer_share", kind="main")
>>> results.sql("select quarter, avg(capex) from series group by quarter order by quarter")
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import contrasts, parts, quarters, summaries
from agentsim.batch.cells import LABELS
from agentsim.batch.contrasts import Labels
from agentsim.batch.means import means_by_cell, means_by_group
from agentsim.batch.store import CELLS, MANIFEST, POINTS, RUNNING
from agentsim.batch.tables import Tables, frame_of
from agentsim.errors import AgentsimError, unknown, whole
from agentsim.strategy import added

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.design import Experiment
    from agentsim.batch.plan import Plan, Round
    from agentsim.laws.numerics import Array
    from agentsim.market import Market

NOT_OUTCOMES = ("cell", "run", "status")


def _steady[**P, Answer](method: Callable[P, Answer]) -> Callable[P, Answer]:
    """Let a method answer from one listing of the files, again if a running batch joined some."""

    @wraps(method)
    def steady(*given: P.args, **named: P.kwargs) -> Answer:
        results: Any = given[0]
        found: Answer = results.steadily(partial(method, *given, **named))
        return found

    return steady


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
            if isinstance(manifest, dict) and manifest.get("status") == RUNNING:
                raise AgentsimError(f"{path} is only being begun; open it again in a moment")
            raise AgentsimError(
                f"{path} holds results of an older version; run the experiment again"
            )
        return Results(path, manifest)

    def __repr__(self) -> str:
        """Return where the results are, and how far they came."""
        m = self.manifest
        return (
            f"<Results {self.folder}: {m.get('status')}, {m.get('cells', 0):,} cells, "
            f"{m.get('runs_simulated', 0):,} runs>"
        )

    # What was asked

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment as it was run; where its table of points is gone, with the copy kept here."""
        from agentsim.batch.design import Experiment

        found = Experiment(**self.manifest["experiment"])
        file = found.sampling.file
        return self._with_copy(found) if file and not Path(file).exists() else found

    def _with_copy(self, experiment: Experiment) -> Experiment:
        """Return an experiment that takes its points, if it has a table, from the copy kept here."""
        if not experiment.sampling.file or not (self.folder / POINTS).exists():
            return experiment
        sampler = {"kind": "table", "file": str(self.folder / POINTS)}
        return type(experiment)(**experiment.to_dict() | {"sampler": sampler})

    @property
    def complete(self) -> bool:
        """Whether the batch was run to its end."""
        return bool(self.manifest.get("status") == "complete")

    @property
    def cells(self) -> pd.DataFrame:
        """A row a cell: its number, the one whose runs are its own, its block of luck, its base
        sample, its labels.

        What does not apply is missing, as `own` of a main cell. In sampled designs u0, u1 ... are the
        places of the points in the unit cube.
        """
        return self._tables.cells

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns that say what a cell is: kind, variant, firm, own, others, and the factors."""
        return self._tables.labels

    @property
    def factors(self) -> tuple[str, ...]:
        """The columns that are factors."""
        return self.labels[len(LABELS) :]

    @property
    @_steady
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that were kept; none where there are no runs yet."""
        if not self._tables.files[parts.OUTCOMES]:
            return ()
        return tuple(
            name for name in self._tables.columns(parts.OUTCOMES) if name not in NOT_OUTCOMES
        )

    @property
    def drawn(self) -> bool:
        """Whether points were drawn and not chosen: then means over them are known as points tell.

        What was placed at once, as around a base sample, is one draw; runs of a point tell less than
        points of their own would. If all points share one luck, intervals are for that luck.
        """
        return self.experiment.sampling.kind not in ("factorial", "table")

    # Runs

    @_steady
    def runs(self, outcomes: str | Sequence[str] | None = None, **labels: Any) -> pd.DataFrame:
        """Return a row a run: cell, labels, run, status and outcomes (all that were kept).

        labels: only cells with these; dots in a name may go in a dict.
        results.runs("customer_share", kind="main", **{"lineup.hyperscaler": "match"})
        Outcomes of failed runs are NaN. Raises AgentsimError for a name or level that is not there.
        """
        wanted = self._wanted(outcomes)
        return self._tables.runs(self._tables.cells_with(labels), wanted)

    def outcome(self, name: str, **labels: Any) -> Array:
        """Return an outcome of the one cell with these labels, by run, `(runs,)`.

        Two of them are paired if their cells are of one block: run i of both met the same luck.
        Raises AgentsimError if the labels leave more than one cell.
        """
        cells = self._tables.cells_with(labels)
        if len(cells) != 1:
            raise AgentsimError(f"labels {labels} leave {len(cells)} cells; name the others too")
        return np.asarray(self.runs(name, **labels)[name], dtype=np.float64)

    @_steady
    def summary(
        self,
        by: str | Sequence[str] | None = None,
        ci: float = 0.95,
        outcomes: str | Sequence[str] | None = None,
        **labels: Any,
    ) -> pd.DataFrame:
        """Return a row a group and outcome: mean, its interval (low, high), and n.

        by: columns of labels that make groups; every cell is one, by default. In a group cells count
        alike, however many runs they have. n is of independent parts: runs in a cell; where cells
        are pooled, runs of the same luck count once, and what chosen cells differ by is no error.
        Shares are ratios of means; intervals are Student's t (see `agentsim.batch.clustered`).
        """
        level, wanted = summaries.check_level(ci), self._wanted(outcomes)
        keys = [by] if isinstance(by, str) else list(by or ())
        for name in keys:
            if name not in self.labels:
                raise unknown("by:", name, self.labels)
        cells = self._tables.cells_with(labels)
        kept = self.outcomes
        found = (
            means_by_group(self._tables, cells, keys, wanted, kept, level, self.drawn)
            if keys
            else means_by_cell(self._tables, cells, wanted, kept, level)
        )
        return found.drop(columns="half_width")

    @_steady
    def contrast(
        self,
        a: Labels,
        b: Labels,
        outcome: str | Sequence[str],
        ci: float = 0.95,
        **labels: Any,
    ) -> pd.DataFrame:
        """Return the difference a less b of outcomes between cells, with its interval, a row each.

        a, b: labels, or the number of a cell; labels: what both have. Where several cells of a and b
        are left, those that agree in all other labels are compared, and pairs count alike; where a
        sampler left none that agree, all of a are compared with all of b, point by point. Runs that
        met the same luck are compared one by one (`paired`). Of a share it is the ratios that differ.
        """
        import pandas as pd

        level = summaries.check_level(ci)
        names = self._wanted(outcome)
        factorial = self.experiment.sampling.kind == "factorial"
        sides = contrasts.sides_of(self._tables, a, b, labels, factorial)
        told = contrasts.contrast(self._tables, sides, names, self.outcomes, level, self.drawn)
        return pd.DataFrame(
            {"outcome": name, **each} for name, each in zip(names, told, strict=True)
        )

    # Quarters

    @_steady
    def series(
        self,
        names: str | Sequence[str] | None = None,
        role: str | None = None,
        **labels: Any,
    ) -> pd.DataFrame:
        """Return a row a run and quarter (0 is the base date): cell, labels, run, quarter, series.

        role: that role's states instead, a row a run, quarter and firm; the label `firm`, who
        deviates in a cell, is then called deviator. `series("hyperscaler.debt")` says it too. Kept are the series that the experiment asks
        for, of the first `series_runs` runs of each cell.
        """
        if role is None and names is not None:
            role, names = quarters.of_role([names] if isinstance(names, str) else list(names))
        return quarters.series(self._tables, names, role, labels)

    @_steady
    def bands(self, name: str, **labels: Any) -> pd.DataFrame:
        """Return a row a cell and quarter: labels, mean and percentiles of a series over runs."""
        return quarters.bands(self._tables, name, labels)

    @property
    @_steady
    def series_names(self) -> tuple[str, ...]:
        """The market's series that were kept."""
        if not self._tables.files[parts.SERIES]:
            return ()
        return tuple(each for each in self._tables.columns(parts.SERIES) if each not in parts.KEYS)

    @cached_property
    @_steady
    def draws(self) -> pd.DataFrame:
        """A row a draw: block of luck, run, and what it drew from the marked ranges."""
        if self._tables.draws is not None:
            return self._tables.draws
        from agentsim.batch.draws import draws_table

        return frame_of(draws_table(*self._planned()))

    # One run

    @_steady
    def market(self, cell: int, run: int) -> Market:
        """Return the market of one run, to step and look into: it comes to the same bits.

        results.market(cell=17, run=3).run().explain("oracle", quarter=8)
        Raises AgentsimError, one line, for runs that are not there, or of another model version.
        """
        from agentsim.batch.simulating import inputs
        from agentsim.market import Market

        source = int(self._tables.cell(cell)["runs_of"].iloc[0])
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

    @_steady
    def sql(self, query: str) -> pd.DataFrame:
        """Return what a query says, by DuckDB, which reads no more than it needs.

        Tables: runs (a row a run, with the labels of its cell), outcomes, cells; where kept series
        and hyperscaler, chip_vendor, memory_maker, lender; draws. Names with dots are quoted.
        Raises AgentsimError, one line, for a query that DuckDB refuses.
        """
        return self._tables.sql(query)

    # Within

    def steadily[Answer](self, answer: Callable[[], Answer]) -> Answer:
        """Return an answer from one listing of the files, again if some went in the meantime."""
        return self._tables.steadily(answer, settled=self.complete)

    @property
    def files(self) -> list[str]:
        """The files that hold the runs."""
        return self._tables.files[parts.OUTCOMES]

    @cached_property
    def _tables(self) -> Tables:
        return Tables(self.folder)

    def _wanted(self, given: str | Sequence[str] | None) -> list[str]:
        """Return the outcomes that are asked for."""
        if not self.outcomes:
            raise self._tables.no_runs()
        wanted = [given] if isinstance(given, str) else list(given or self.outcomes)
        for name in wanted:
            if name not in self.outcomes:
                raise unknown("outcome", name, self.outcomes, "Results.outcomes lists them")
        return wanted

    def _planned(self) -> tuple[Plan, list[Round]]:
        """Return the plan as it was, and the runs there are as one round."""
        from agentsim.batch.plan import Round, make

        added.name_those_there(self.manifest.get("added_strategies", ()))
        plan = make(self._with_copy(self.experiment))
        if plan.key != self.manifest["plan_key"]:
            raise AgentsimError(
                f"{self.folder} was made by another version of the model; run the experiment again"
            )
        found = self.sql("select cell, count(*) as runs from outcomes group by cell order by cell")
        cells, runs = found["cell"].to_numpy(np.int64), found["runs"].to_numpy(np.int64)
        return plan, [Round(0, cells, np.zeros_like(runs), runs)]
