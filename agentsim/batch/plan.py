"""Plan: the cells of an experiment, and the chunks in which their runs are simulated.

Plain data that pickles small: what is drawn from the marked ranges is drawn again by each worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from agentsim.calibration import targets
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array
from agentsim.scenario import Scenario
from agentsim.shocks import KINDS

if TYPE_CHECKING:
    from agentsim.batch.design import Experiment

Kind = Literal["main", "deviation", "variant"]
CHUNK_RUNS = 1000
"""Most runs stepped together: about a second of work, and arrays that stay in the cache."""

LABELS = ("kind", "variant", "firm", "own", "others")
"""Columns that say what a cell is, before those of the factors."""


@dataclass(frozen=True)
class Cell:
    """One combination of an experiment's factors."""

    index: int
    kind: Kind
    labels: Mapping[str, str | float | None]
    """What the tables say of it: `LABELS`, and the level of every factor."""
    lineup: Mapping[str, str]
    """The strategy of every firm, as text."""
    values: Mapping[str, float]
    """Parameters by dotted name that differ from the calibration, or might."""
    shocks: tuple[Mapping[str, Any], ...]
    """Every field of every shock, and its kind."""
    same_as: int | None = None
    """The earlier cell with the same market, whose runs stand for this one's too."""

    @property
    def market(self) -> tuple[Any, ...]:
        """What is simulated: cells with equal markets have equal runs."""
        return (
            tuple(sorted(self.lineup.items())),
            tuple(sorted(self.values.items())),
            tuple(tuple(sorted(shock.items(), key=_key)) for shock in self.shocks),
        )

    @property
    def together(self) -> tuple[Any, ...]:
        """What runs of one chunk must share: the lineup, and what of the shocks is no number."""
        fixed = [
            tuple(sorted(((k, v) for k, v in shock.items() if k not in numbers(shock)), key=_key))
            for shock in self.shocks
        ]
        return (tuple(sorted(self.lineup.items())), tuple(fixed))


@dataclass(frozen=True)
class Piece:
    """Runs `first` to `last`, not included, of a cell."""

    cell: int
    first: int
    last: int

    @property
    def runs(self) -> int:
        """How many runs."""
        return self.last - self.first


@dataclass(frozen=True)
class Chunk:
    """Pieces of cells that are simulated together."""

    index: int
    pieces: tuple[Piece, ...]

    @property
    def runs(self) -> int:
        """How many runs in all."""
        return sum(piece.runs for piece in self.pieces)


@dataclass(frozen=True)
class Plan:
    """All that a worker needs to know."""

    name: str
    scenario: str
    uncertainty: Literal["marked", "none"]
    entropy: int
    horizon: int
    runs: int
    """Runs of each cell; they are numbered from 0 in each."""
    factors: tuple[str, ...]
    cells: tuple[Cell, ...]
    chunk_runs: int = CHUNK_RUNS
    series_runs: int = CHUNK_RUNS
    """Runs of each cell whose quarters are kept: enough for bands, and memory stays flat."""

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields alone: a worker can work out the rest for itself."""
        return {item.name: self.__dict__[item.name] for item in fields(self)}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that say what a cell is."""
        return (*LABELS, *self.factors)

    @cached_property
    def own_cells(self) -> tuple[Cell, ...]:
        """The cells that are simulated: those that are not the same as an earlier one."""
        return tuple(cell for cell in self.cells if cell.same_as is None)

    @cached_property
    def base(self) -> Scenario:
        """The calibration, nothing changed."""
        return Scenario.load(self.scenario)

    @cached_property
    def draws(self) -> dict[str, Array]:
        """What run i draws from the marked ranges, by name, `(runs,)`; the same in every cell.

        Ranges of what every cell sets are not drawn. `--runs 100` is not the first half of 200:
        a Latin hypercube is as fine as there are runs.
        """
        if self.uncertainty == "none":
            return {}
        return self.base.replace(self._set_everywhere()).draw(self.runs, self.entropy)

    @cached_property
    def drawn(self) -> dict[str, Array]:
        """The draws, and what follows, by the names of the values that they set, one a firm."""
        found: dict[str, Array] = {}
        everything = self.base.replace(self._set_everywhere()).following(self.draws)
        for name, draw in sorted(everything.items(), key=lambda each: each[0] in self.base.values):
            for target in targets(name, self.base.firms):
                found[target] = draw
        return found

    @cached_property
    def varied(self) -> tuple[str, ...]:
        """What is given run by run. The same in every chunk, so that all take the same path."""
        return tuple(sorted({*self.drawn, *(name for cell in self.cells for name in cell.values)}))

    def values(self, name: str, piece: Piece) -> Array:
        """Return a varied value in the runs of a piece, `(runs,)`."""
        given = self.cells[piece.cell].values
        if name in given:
            return np.full(piece.runs, given[name])
        if name in self.drawn:
            return self.drawn[name][piece.first : piece.last]
        return np.full(piece.runs, self.base[name])

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """Every run of every cell once, in chunks of nearly equal size."""
        groups: dict[Any, list[Cell]] = {}
        for cell in self.own_cells:
            groups.setdefault(cell.together, []).append(cell)
        pieces = [each for cells in groups.values() for each in self._cut(cells)]
        return tuple(Chunk(index, each) for index, each in enumerate(pieces))

    def _cut(self, cells: list[Cell]) -> Iterator[tuple[Piece, ...]]:
        """Lay the cells' runs end to end and cut them into chunks."""
        total = len(cells) * self.runs
        size = -(-total // -(-total // self.chunk_runs))
        for start in range(0, total, size):
            end = min(start + size, total)
            yield tuple(
                Piece(
                    cells[at].index,
                    max(start - at * self.runs, 0),
                    min(end - at * self.runs, self.runs),
                )
                for at in range(start // self.runs, -(-end // self.runs))
            )

    def _set_everywhere(self) -> dict[str, float]:
        """Return what no cell leaves to the ranges, with a value that the draws can be tied to.

        The draw of saturated_elasticity keeps below demand_elasticity, so below the least of them.
        """
        common = set(self.cells[0].values)
        for cell in self.cells:
            common &= set(cell.values)
        pinned = {name: self.cells[0].values[name] for name in common}
        for name, pick, tied in (
            ("demand_elasticity", min, "saturated_elasticity"),
            ("saturated_elasticity", max, "demand_elasticity"),
        ):
            if name in common and tied not in common:
                pinned[name] = pick(cell.values[name] for cell in self.cells)
        return pinned


def make(experiment: Experiment, chunk_runs: int = CHUNK_RUNS) -> Plan:
    """Return the plan of an experiment, everything in it checked.

    Raises AgentsimError: one line with the field, the value and the remedy.
    """
    from agentsim.batch.cells import cells_of  # knows Experiment; workers need not load it

    plan = Plan(
        name=experiment.name,
        scenario=experiment.scenario,
        uncertainty=experiment.uncertainty,
        entropy=experiment.entropy,
        horizon=experiment.horizon,
        runs=experiment.runs,
        factors=tuple(experiment.factors),
        cells=(),
        chunk_runs=chunk_runs,
    )
    plan = replace(plan, cells=cells_of(experiment))
    _check_draws(plan)
    return plan


def _check_draws(plan: Plan) -> None:
    """Ask that the draws agree with what each cell sets, before anything is simulated."""
    drawn = plan.base.replace(plan.drawn)
    seen = set()
    for cell in plan.own_cells:
        key = tuple(sorted(cell.values.items()))
        if key not in seen:
            seen.add(key)
            try:
                drawn.replace(cell.values)
            except AgentsimError as error:
                what = f"variant {cell.labels['variant']!r}" if cell.kind == "variant" else "a cell"
                raise AgentsimError(f"{what} and the marked ranges disagree: {error}") from None


def numbers(shock: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields of a shock that may differ from run to run."""
    fields = KINDS[shock["kind"]].__dataclass_fields__
    return tuple(name for name, item in fields.items() if "low" in item.metadata)


def _key(item: tuple[str, Any]) -> str:
    return item[0]
