"""Study: the results of an experiment as the report reads them.

An experiment may vary anything. The report sets three factors apart, and holds the others at a
reference level: what firms do (`posture`: lines and bars), what strikes the market (`shock`:
panels), and how demand responds (`demand`: along an axis). In an experiment without one of them
its place is taken by another factor, or stays empty: an axis with the one level None.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from agentsim.batch.making import levels_of
from agentsim.games import worth
from agentsim.laws.numerics import Array
from agentsim.report.axes import Axis, Level, places
from agentsim.report.words import doing_words, level_words
from agentsim.strategy import added

if TYPE_CHECKING:
    import pandas as pd

    from agentsim.batch.design import Experiment
    from agentsim.batch.results import Results
    from agentsim.games.kinds import Kind

Key = tuple[Level, Level, Level]
"""Levels of posture, shock and demand."""

LAYERS, TOTAL = worth.LAYERS, worth.TOTAL
BURNT = "resource_cost"
SPLIT: dict[str, str] = LAYERS | {BURNT: "resources burnt"}
"""The layers, and what nobody gets."""


class Study:
    """Outcomes by posture, shock and demand; deviations and variants beside them."""

    def __init__(self, results: Results) -> None:
        self.results = results
        added.name_those_there(results.manifest.get("added_strategies", ()))
        self.experiment: Experiment = results.experiment
        self.runs: pd.DataFrame = results.runs()
        self.games: dict[tuple[Any, ...], Kind] = {}  # `kinds.game` keeps them for all figures
        factors = {
            name: tuple(_level(self.runs, name, each) for each in levels)
            for name, levels in levels_of(self.experiment).items()
        }
        self.posture, self.shock, self.demand, others = places(factors)
        self.held: dict[str, Level] = {
            name: self._reference(name, factors[name]) for name in others
        }

    @staticmethod
    def of(given: Results | Study) -> Study:
        """Return a study of results; a study as it is."""
        return given if isinstance(given, Study) else Study(given)

    # What is compared

    @cached_property
    def reference(self) -> Level:
        """The level of demand at which the headline is told: the nearest to the calibration's."""
        return self._reference(self.demand.column, self.demand.levels)

    @property
    def calm(self) -> Level:
        """The shock level of the headline: none where there is such a level, else the first."""
        return self.shock.levels[0] if self.shock.baseline is None else self.shock.baseline

    @cached_property
    def mild(self) -> Level:
        """The posture that escalation starts from."""
        return _named(self.posture.levels, "restrain", 0)

    @cached_property
    def fierce(self) -> Level:
        """The posture that escalation ends in."""
        return _named(self.posture.levels, "escalate", -1)

    @cached_property
    def middle(self) -> Level:
        """A posture between the two to start from instead; None where there is none."""
        if "best_response" in set(self.posture.levels) - {self.mild, self.fierce}:
            return "best_response"
        at = sorted(self.posture.levels.index(each) for each in (self.mild, self.fierce))
        between = self.posture.levels[at[0] + 1 : at[1]]
        return between[(len(between) - 1) // 2] if between else None

    @property
    def move(self) -> str:
        """What going from the mild to the fierce posture is called."""
        named = self.posture.column == "lineup.hyperscaler" and self.fierce == "escalate"
        return "escalation" if named else "the move"

    def doing(self, level: Level) -> str:
        """Return what it is called when a posture is taken: `all escalate`."""
        return doing_words(self.posture.column, level)

    @property
    def strikes(self) -> tuple[Level, ...]:
        """The levels of shock at which something strikes; none without a level at which not."""
        if self.shock.baseline is None:
            return ()
        return tuple(each for each in self.shock.levels if each != self.shock.baseline)

    @property
    def strike(self) -> Level:
        """The shock that stands for all of them: the middle one."""
        return self.strikes[len(self.strikes) // 2]

    def setting(self, demand: bool = True) -> str:
        """Return where the numbers hold: `at a demand elasticity of 1.1`; empty if nowhere else."""
        parts = [level_words(name, level) for name, level in self.held.items()]
        if demand and self.demand.column is not None:
            parts.insert(0, self.demand.words(self.reference))
        return "at " + ", ".join(parts) if parts else ""

    # Outcomes

    def x(
        self, outcome: str, posture: Level, shock: Level, demand: Level, variant: str | None = None
    ) -> Array:
        """Return an outcome by run, `(runs,)`: run i of any two cells met the same luck.

        All NaN where there is no such cell.
        """
        kind = ("main", None) if variant is None else ("variant", variant)
        return self._take(outcome, (*kind, None, None, None, posture, shock, demand))

    def payoff(self, firm: str, own: Level, others: Level, shock: Level, demand: Level) -> Array:
        """Return the value of a firm that does `own` while the others of its role do `others`."""
        key = ("deviation", None, firm, own, others, None, shock, demand)
        return self._take(f"value.{firm}", key)

    def keeps(self, outcome: str) -> bool:
        """Say whether an outcome was kept."""
        return outcome in self._columns

    def has(self, posture: Level, shock: Level, demand: Level, variant: str) -> bool:
        """Say whether a variant was run at these levels."""
        key = ("variant", variant, None, None, None, posture, shock, demand)
        return key in self._places

    @cached_property
    def variants(self) -> tuple[str, ...]:
        """Names of the variants, in order."""
        return tuple(each.name for each in self.experiment.variants)

    @cached_property
    def deviators(self) -> dict[str, tuple[tuple[Level, ...], tuple[Level, ...]]]:
        """The firms that deviate: what they do, and what the others do."""
        found: dict[str, tuple[tuple[Level, ...], tuple[Level, ...]]] = {}
        for each in self.experiment.deviations:
            own, others = found.get(each.firm, ((), ()))
            found[each.firm] = (
                tuple(dict.fromkeys((*own, *each.own))),
                tuple(dict.fromkeys((*others, *each.others))),
            )
        return found

    def series(self, name: str, posture: Level, shock: Level, demand: Level) -> pd.DataFrame:
        """Return a series of a main cell: a row a quarter, with mean and percentiles."""
        table = self._main_series
        rows = table["series"] == name
        for axis, level in zip(self.axes, (posture, shock, demand), strict=True):
            if axis.column is not None:
                rows &= table[axis.column] == level
        return table[rows].sort_values("quarter")

    @cached_property
    def series_names(self) -> frozenset[str]:
        """The series there are."""
        return frozenset(self._main_series["series"].unique())

    @property
    def axes(self) -> tuple[Axis, Axis, Axis]:
        """Posture, shock and demand."""
        return self.posture, self.shock, self.demand

    @cached_property
    def count(self) -> int:
        """Runs of each cell."""
        return int(self.runs["run"].nunique())

    @cached_property
    def failed(self) -> int:
        """Rows whose run failed."""
        return int((self.runs["status"] != "ok").sum())

    @cached_property
    def _main_series(self) -> pd.DataFrame:
        import pandas as pd

        held = {name: level for name, level in self.held.items() if level is not None}
        found = [
            self.results.bands(name, kind="main", **held).assign(series=name)
            for name in self.results.series_names
        ]
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame({"series": []})

    def _take(self, outcome: str, key: tuple[Level, ...]) -> Array:
        rows = self._places.get(key)
        if rows is None or outcome not in self._columns:
            return np.full(self.count, np.nan)
        found = np.full(self.count, np.nan)  # cells may have runs that others have not
        found[self._numbers[rows]] = self._columns[outcome][rows]
        return found

    @cached_property
    def _numbers(self) -> Array:
        """The number of every row's run."""
        return np.asarray(self.runs["run"].to_numpy())

    @cached_property
    def _columns(self) -> dict[str, Array]:
        """Every outcome as an array."""
        found = self.runs.select_dtypes("number")
        return {str(name): found[name].to_numpy(dtype=np.float64) for name in found.columns}

    @cached_property
    def _places(self) -> dict[tuple[Level, ...], Any]:
        """The rows of every cell in the order of their runs.

        By kind, variant, firm, own, others, posture, shock and demand; None for what a cell lacks.
        """
        table = self.runs
        rows = np.ones(len(table), dtype=bool)
        for name, level in self.held.items():
            rows &= (table[name] == level).to_numpy()
        deviating = (table["kind"] == "deviation").to_numpy()
        # A posture that deviations cross (a vendor's, say) is held at its reference there.
        posture = self.posture.column
        if posture is not None:
            of_another = deviating & table[posture].notna().to_numpy()
            rows &= ~of_another | (table[posture] == self.mild).to_numpy()
        names = ("kind", "variant", "firm", "own", "others")
        columns = [*names, *(axis.column for axis in self.axes if axis.column is not None)]
        order = np.lexsort((table["run"].to_numpy(), *(_codes(table[name]) for name in columns)))
        order = order[rows[order]]
        codes = np.stack([_codes(table[name])[order] for name in columns])
        starts = np.flatnonzero(np.any(codes[:, 1:] != codes[:, :-1], axis=0)) + 1
        found = {}
        for place in np.split(order, starts) if len(order) else ():
            first = table.iloc[place[0]]
            label = {name: _clean(first[name]) for name in columns}
            key = [label[name] for name in names]
            for axis in self.axes:
                key.append(None if axis.column is None else label[axis.column])
            if label["kind"] == "deviation":
                key[5] = None
            found[tuple(key)] = place
        return found

    def _reference(self, name: str | None, levels: tuple[Level, ...]) -> Level:
        """Return the level nearest to the calibration's value; else the first."""
        numbers = [each for each in levels if isinstance(each, float)]
        if name is None or len(numbers) < len(levels) or not numbers:
            return levels[0]
        if (usual := self.usual(name)) is None:
            return levels[0]
        return min(numbers, key=lambda each: abs(each - usual))

    def usual(self, name: str) -> float | None:
        """Return the calibration's value of a parameter; None for a name of several firms."""
        from agentsim.scenario import Scenario

        try:
            return float(np.mean(Scenario.load(self.experiment.scenario)[name]))
        except ValueError:
            return None


def _named(levels: tuple[Level, ...], name: str, otherwise: int) -> Level:
    return name if name in levels else levels[otherwise]


def _level(table: pd.DataFrame, name: str, given: Any) -> Level:
    """Return a level as the tables hold it: a number, or text."""
    from pandas.api.types import is_numeric_dtype

    return float(given) if is_numeric_dtype(table[name]) else str(given)


def _clean(given: Any) -> Level:
    """Return a label as a level: None for what is missing."""
    if isinstance(given, str):
        return given
    return None if given is None or math.isnan(given) else float(given)


def _codes(column: pd.Series[Any]) -> Array:
    """Return a number for each distinct label of a column."""
    import pandas as pd

    return np.asarray(pd.factorize(column)[0])
