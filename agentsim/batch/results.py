"""Results: reading what a batch left behind.

>>> results = Results.open("results/escalator_war")
>>> results.runs.query("kind == 'main'").groupby("lineup.hyperscaler")["customer_surplus"].mean()
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.store import DRAWS, MANIFEST, RUNS, SERIES, SUMMARY
from agentsim.errors import AgentsimError, unknown

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.design import Experiment
    from agentsim.laws.numerics import Array


@dataclass(frozen=True)
class Results:
    """The results of an experiment; each table is read when it is first asked for."""

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
            raise AgentsimError(f"{path / MANIFEST} is damaged; run the experiment again") from None
        return Results(path, manifest)

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment as it was run."""
        from agentsim.batch.design import Experiment

        return Experiment(**self.manifest["experiment"])

    @cached_property
    def runs(self) -> pd.DataFrame:
        """A row a run: cell, kind, variant, firm, own, others, factors, run, status, outcomes.

        What does not apply is missing, as `own` of a main cell. Outcomes of failed runs are NaN.
        """
        return self._read(RUNS)

    @cached_property
    def series(self) -> pd.DataFrame:
        """A row a cell, series and quarter (0 is the base date): mean and percentiles over runs."""
        return self._read(SERIES)

    @cached_property
    def draws(self) -> pd.DataFrame:
        """A row a run: what it drew from the marked ranges, the same in every cell."""
        return self._read(DRAWS)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row a cell and outcome: mean, its 95% interval (low, high), and runs that had it."""
        import pandas as pd

        return pd.read_csv(self.folder / SUMMARY)

    def cells(self, **labels: Any) -> pd.DataFrame:
        """Return the rows of `runs` with these labels; dots in a name may go in a dict.

        results.cells(kind="main", demand_elasticity=1.1, **{"lineup.hyperscaler": "match"})
        Raises AgentsimError for a column or level that is not there.
        """
        return _with(self.runs, labels)

    def outcome(self, name: str, **labels: Any) -> Array:
        """Return an outcome of the one cell with these labels, by run, `(runs,)`.

        Two of them are paired: run i of both met the same luck. Raises AgentsimError if the labels
        leave more than one cell.
        """
        found = _with(self.runs, labels)
        if name not in found.columns:
            raise unknown("outcome", name, found.columns, "runs.columns lists them")
        if found["cell"].nunique() != 1:
            raise AgentsimError(
                f"labels {labels} leave {found['cell'].nunique()} cells; name the others too"
            )
        return np.asarray(found[name], dtype=np.float64)

    def _read(self, name: str) -> pd.DataFrame:
        import pandas as pd

        try:
            return pd.read_parquet(self.folder / name)
        except OSError as error:
            raise AgentsimError(
                f"{self.folder / name} cannot be read: {error}; run the experiment again"
            ) from None


def _with(table: pd.DataFrame, labels: dict[str, Any]) -> pd.DataFrame:
    """Return the rows of a table with these labels."""
    rows = np.ones(len(table), dtype=bool)
    for name, level in labels.items():
        if name not in table.columns:
            raise unknown("column", name, table.columns, "its .columns lists them")
        fits = np.asarray(table[name].isna() if level is None else table[name] == level)
        if not fits.any():
            raise AgentsimError(
                f"{name} = {level!r} is in no row; there are {list(table[name].dropna().unique())}"
            )
        rows &= fits
    return table[rows]
