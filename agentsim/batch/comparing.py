"""Comparing two folders of results: what was asked, what it was made by, and what came out.

    >>> found = compare(Results.open("results/before"), Results.open("results/after"))
    >>> found.same, found.spec, found.outcomes
    >>> found.cells.query("not identical")

Cells are matched by their labels, runs by their numbers in the cell. Rows are compared in DuckDB,
which reads both folders without holding them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch import provenance, summaries
from agentsim.batch.moved import attach, bit_by_bit, differences, no_outcomes
from agentsim.batch.results import Results
from agentsim.batch.summaries import LEVEL
from agentsim.errors import unknown

if TYPE_CHECKING:
    import pandas as pd


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
        """Whether the same was asked of the same model, and the same came out; by whatever name."""
        asked = self.spec[self.spec["key"] != "name"]
        return self.outcomes_same and asked.empty and self.model.empty


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
    return a.steadily(lambda: b.steadily(lambda: _compare(a, b, outcomes, level)))


def _compare(
    a: Results, b: Results, outcomes: str | Sequence[str] | None, level: float
) -> Comparison:
    """Return what differs between two folders, from the files that are there."""
    kept_a, kept_b = a.outcomes, b.outcomes
    both = tuple(name for name in kept_a if name in kept_b)
    wanted = [outcomes] if isinstance(outcomes, str) else list(outcomes or both)
    for name in wanted:
        if name not in both:
            raise unknown("outcome", name, both)
    matched, only_a, only_b = _matched(a, b)
    if kept_a and kept_b and len(matched):
        with summaries.connect() as connection:
            pairs = attach(connection, a, b, matched)
            matched = bit_by_bit(connection, matched, pairs, both)
            table = differences(connection, a, matched, pairs, wanted, both, level)
    else:
        matched = matched.assign(runs=0, only_a=0, only_b=0, identical_runs=0, identical=False)
        table = no_outcomes()
    return Comparison(
        a=a,
        b=b,
        spec=provenance.spec(a, b),
        model=provenance.model(a, b),
        environment=provenance.environment(a, b),
        execution=provenance.execution(a, b),
        cells=matched.drop(columns=["runs_of_a", "runs_of_b"]),
        only_a=only_a,
        only_b=only_b,
        outcomes=table,
        compared=both,
        kept_by_a=tuple(name for name in kept_a if name not in kept_b),
        kept_by_b=tuple(name for name in kept_b if name not in kept_a),
    )


def _matched(a: Results, b: Results) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the cells that both have, side by side, and those of either alone."""
    common = [name for name in a.labels if name in b.labels]
    one, other = a.cells, b.cells
    for name in common:
        if one[name].dtype != other[name].dtype:  # text in one and numbers in the other
            one, other = (x.assign(**{name: x[name].map(_keyed)}) for x in (one, other))
    if set(a.labels) == set(b.labels):
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
    # Draws of the marked ranges are as fine as there are runs: with other runs, other draws.
    drawn = {
        each.experiment.runs if each.experiment.uncertainty != "none" else 0 for each in (a, b)
    }
    same_luck = same_scenario and len(entropies) == 1 and len(drawn) == 1
    found["paired"] = (found["block_a"] == found["block_b"]) & same_luck
    only_a = a.cells[~a.cells["cell"].isin(found["cell_a"])][["cell", *a.labels]]
    only_b = b.cells[~b.cells["cell"].isin(found["cell_b"])][["cell", *b.labels]]
    columns = ["cell_a", "cell_b", *common, "paired", "runs_of_a", "runs_of_b"]
    return found[columns], only_a.reset_index(drop=True), only_b.reset_index(drop=True)


def _keyed(value: Any) -> str:
    """Return a label as text, numbers with all their digits."""
    if value is None or value != value:
        return ""
    return repr(float(value)) if isinstance(value, (int, float, np.number)) else f"'{value}"
