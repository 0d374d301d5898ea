"""Plan: which runs of which cells are simulated, in which chunks, with what luck and what draws.

A run is known by its cell and its number in the cell. A chunk is what a worker is given at once,
about a second of work; it names runs and nothing else, so that any worker can simulate it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from agentsim.batch.cells import Cells, Numbers
from agentsim.batch.kept import Kept, check_outcome, kept
from agentsim.calibration import targets
from agentsim.calibration.draws import clear_of_each_other
from agentsim.calibration.fitted import Fitted
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array
from agentsim.scenario import Scenario

if TYPE_CHECKING:
    from agentsim.batch.design import Experiment

MOST_CHUNK_RUNS = 20_000
"""About a second of work, and a file that need not be joined with others."""
LARGE = 100_000
"""Runs from which on chunks are that large; below, workers would have too few to share."""
LEAST_CHUNK_RUNS = 1_000
FEWEST_CHUNKS = 16
TOGETHER = 2_000
"""Most runs stepped side by side: arrays that stay in the cache."""
MOST_DRAWN_TOGETHER = 1_000
"""Draws of one Latin hypercube. Finer strata would not tell; and run i can be drawn alone."""
LUCK_BITS = 32
"""Bits of a run's number in the randomness that count the runs of a block; the others name it."""


@dataclass(frozen=True)
class Chunk:
    """A stretch of the runs of a round."""

    round: int
    index: int
    start: int
    stop: int
    key: str
    """A hash of all that decides what comes out: the same key, the same rows."""

    @property
    def runs(self) -> int:
        """How many runs."""
        return self.stop - self.start

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.round}-{self.index:06d}"


@dataclass(frozen=True, eq=False)
class Round:
    """Runs that are planned at once: for each cell `runs` of them, from the number `first` on."""

    number: int
    cells: Numbers
    first: Numbers
    runs: Numbers

    @cached_property
    def ends(self) -> Numbers:
        """Where the runs of each cell end when all are laid end to end."""
        return np.cumsum(self.runs)

    @property
    def total(self) -> int:
        """All runs of the round."""
        return int(self.ends[-1]) if len(self.ends) else 0

    def at(self, start: int, stop: int) -> tuple[Numbers, Numbers]:
        """Return cell and number of the runs of a stretch, `(runs,)` each."""
        places = np.arange(start, stop, dtype=np.int64)
        row = np.searchsorted(self.ends, places, side="right")
        begins = self.ends[row] - self.runs[row]
        return self.cells[row], self.first[row] + (places - begins)


@dataclass(frozen=True, eq=False)
class Plan:
    """All that a worker needs to know. Plain data: it pickles, and a worker works out the rest."""

    name: str
    scenario: str
    uncertainty: str
    entropy: int
    horizon: int
    runs: int
    """Runs of each cell in the first round; they are numbered from 0 in each."""
    cells: Cells
    kept: Kept
    series_runs: int
    series_type: str
    chunk_runs: int
    fitted: Fitted | None = None
    """Draws of some marked ranges that are taken from a table; the others are drawn."""
    adaptive: str = ""
    """Until when runs are added, as text."""
    model: str = ""
    """A hash of the code and the calibration that decide what comes out."""
    key: str = field(init=False)
    """A hash of all that decides what comes out."""

    def __post_init__(self) -> None:
        """Work out the key."""
        parts = (
            self.scenario, self.uncertainty, self.entropy, self.horizon, self.runs,
            self.kept.outcomes, self.kept.market, sorted(self.kept.firms.items()),
            self.series_runs, self.series_type, self.cells.digest(), self.adaptive, self.model,
            "" if self.fitted is None else self.fitted.digest,
        )  # fmt: skip
        object.__setattr__(self, "key", sha256(repr(parts).encode()).hexdigest())

    def __getstate__(self) -> dict[str, object]:
        """Return the fields alone."""
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    @cached_property
    def base(self) -> Scenario:
        """The calibration, nothing changed."""
        return Scenario.load(self.scenario)

    # Rounds and chunks

    @cached_property
    def first_round(self) -> Round:
        """Every run of every cell that is simulated."""
        own = self.cells.own
        return Round(0, own, np.zeros(len(own), np.int64), np.full(len(own), self.runs, np.int64))

    def chunks(self, of: Round) -> Iterator[Chunk]:
        """Yield the chunks of a round, of nearly equal size; every run is in one of them."""
        count = -(-of.total // self.chunk_runs)
        for index in range(count):
            start, stop = index * of.total // count, (index + 1) * of.total // count
            yield self.chunk(of, index, start, stop)

    def chunk(self, of: Round, index: int, start: int, stop: int) -> Chunk:
        """Return a chunk with its key."""
        cells, numbers = of.at(start, stop)
        found = sha256(self.key.encode())
        found.update(cells.astype(np.int64).tobytes())
        found.update(numbers.astype(np.int64).tobytes())
        return Chunk(of.number, index, start, stop, found.hexdigest())

    # Luck and draws

    def luck(self, cells: Numbers, numbers: Numbers) -> Numbers:
        """Return the runs' numbers in the randomness: runs of one number meet the same luck."""
        return luck_of(self.cells.block[cells], numbers)

    @cached_property
    def blocks(self) -> int:
        """How many blocks of luck there are."""
        return int(self.cells.block.max()) + 1

    @cached_property
    def drawn_together(self) -> int:
        """How many draws make a Latin hypercube."""
        every = self.blocks * self.runs
        return -(-every // -(-every // MOST_DRAWN_TOGETHER))

    def draw_numbers(self, cells: Numbers, numbers: Numbers) -> Numbers:
        """Return which draw each run is: runs of the same luck are the same draw.

        Runs that are added to a cell later are further draws, not parts of the first ones.
        """
        later, number = np.divmod(numbers, self.runs)
        draws: Numbers = (later * self.blocks + self.cells.block[cells]) * self.runs + number
        return draws

    @cached_property
    def _pinned(self) -> Scenario:
        """The calibration with what every cell sets: that is no longer drawn."""
        pinned = {}
        for name, given in self.cells.values.items():
            if not np.isnan(given).any():
                pinned[name] = float(given[0])
        # What is drawn for saturated_elasticity keeps below demand_elasticity in every cell.
        for name, pick, tied in (
            ("demand_elasticity", np.min, "saturated_elasticity"),
            ("saturated_elasticity", np.max, "demand_elasticity"),
        ):
            columns = self.cells.drawn if name in self.cells.drawn else self.cells.values
            fixed = name in pinned or name in self.cells.drawn
            if fixed and tied not in pinned and tied not in self.cells.drawn:
                pinned[name] = float(pick(columns[name]))
        return self.base.replace(pinned)

    @cached_property
    def drawn_ranges(self) -> tuple[str, ...]:
        """The marked ranges that are drawn."""
        if self.uncertainty == "none":
            return ()
        return tuple(name for name in self._pinned.ranges if name not in self.cells.drawn)

    def raw_draws(self, block: int) -> dict[str, Array]:
        """Return draws of the marked ranges, `(drawn_together,)` each, by name.

        They are a Latin hypercube, but for those that come from a table, row by row.
        """
        entropy = self.entropy if block == 0 else (self.entropy, block)
        known = self.from_table
        rest = [name for name in self.drawn_ranges if name not in known]
        found = self._pinned.draw(self.drawn_together, entropy, rest)
        if self.fitted is not None and known:
            ranges = {name: self._pinned.ranges[name] for name in known}
            numbers = block * self.drawn_together + np.arange(self.drawn_together, dtype=np.int64)
            found |= self.fitted.drawn(ranges, self.base.firms, numbers)
            found = clear_of_each_other(found, self._pinned.values)
        return found

    @cached_property
    def from_table(self) -> tuple[str, ...]:
        """The marked ranges whose draws are taken from a table."""
        columns = {} if self.fitted is None else self.fitted.columns
        return tuple(name for name in self.drawn_ranges if name in columns)

    def drawn(self, cells: Numbers, numbers: Numbers) -> dict[str, Array]:
        """Return what the runs draw and what follows from it, by single values, `(runs,)` each.

        Nothing follows from what cells set: that is another world, and no doubt about this one.
        """
        if not self.drawn_ranges and not self.cells.drawn:
            return {}
        factors = {name: each[cells] for name, each in self.cells.drawn.items()}
        draws = self._draws(self.draw_numbers(cells, numbers), followed=not factors)
        if not factors:
            return draws
        draws |= {k: v for k, v in factors.items() if not np.isnan(v).all()}
        return by_target(self.base, self.base.following(draws))

    def _draws(self, draws: Numbers, followed: bool) -> dict[str, Array]:
        """Return the draws of some numbers, put together from the hypercubes that they are in."""
        if not self.drawn_ranges:
            return {}
        block, place = np.divmod(draws, self.drawn_together)
        make = self._followed if followed else self._raw
        if (block == block[0]).all():
            return {name: each[place] for name, each in make(int(block[0])).items()}
        found: dict[str, Array] = {}
        for number in np.unique(block):
            here = block == number
            for name, each in make(int(number)).items():
                found.setdefault(name, np.empty(len(draws)))[here] = each[place[here]]
        return found

    @cached_property
    def _raw(self) -> Callable[[int], dict[str, Array]]:
        return lru_cache(maxsize=8)(self.raw_draws)

    @cached_property
    def _followed(self) -> Callable[[int], dict[str, Array]]:
        def followed(block: int) -> dict[str, Array]:
            return by_target(self.base, self.base.following(self.raw_draws(block)))

        return lru_cache(maxsize=8)(followed)

    @cached_property
    def varied(self) -> tuple[str, ...]:
        """What is given run by run. The same in every chunk, so that all take the same path."""
        one = np.zeros(1, np.int64)
        return tuple(sorted({*self.drawn(one, one), *self.cells.values}))

    def values(self, cells: Numbers, numbers: Numbers) -> dict[str, Array]:
        """Return all that is given run by run, by dotted name, `(runs,)` each."""
        drawn = self.drawn(cells, numbers)
        found = {}
        for name in self.varied:
            x = drawn.get(name)
            if name in self.cells.values:
                given = self.cells.values[name][cells]
                otherwise = self.base[name] if x is None else x
                x = np.where(np.isnan(given), otherwise, given)
            assert x is not None  # varied names are drawn or set
            found[name] = x
        return found


def luck_of(block: Numbers, number: Numbers) -> Numbers:
    """Return what runs of some numbers in a block are called in the randomness, `(runs,)`."""
    luck: Numbers = (block << LUCK_BITS) | number
    return luck


def by_target(scenario: Scenario, given: dict[str, Array]) -> dict[str, Array]:
    """Return draws by the names of the values that they set, one a firm."""
    found: dict[str, Array] = {}
    for name in sorted(given, key=lambda each: each in scenario.values):  # roles before firms
        for target in targets(name, scenario.firms):
            found[target] = given[name]
    return found


def chunk_size(runs: int, asked: int | None = None) -> int:
    """Return how many runs a chunk holds, of so many in all.

    Raises AgentsimError if what is asked for is no sensible number.
    """
    if asked is not None:
        if isinstance(asked, bool) or not isinstance(asked, int) or not 1 <= asked <= 1_000_000:
            raise AgentsimError(
                f"chunk_runs = {asked!r} is not a whole number from 1 to 1000000; give one"
            )
        return asked
    if runs >= LARGE:
        return MOST_CHUNK_RUNS
    size = max(runs // FEWEST_CHUNKS, LEAST_CHUNK_RUNS)
    # No stretch of a chunk should be much shorter than what is stepped side by side.
    return size if size <= LEAST_CHUNK_RUNS else -(-size // TOGETHER) * TOGETHER


def make(experiment: Experiment, chunk_runs: int | None = None) -> Plan:
    """Return the plan of an experiment, everything in it checked.

    Raises AgentsimError: one line with the field, the value and the remedy.
    """
    from agentsim.batch.checking import check_rows  # these know Experiment; workers need not
    from agentsim.batch.fingerprint import model_key
    from agentsim.batch.making import cells_of
    from agentsim.batch.uncertainty import fitted_draws, kind_of

    base = Scenario.load(experiment.scenario)
    keep = kept(experiment.outcomes, experiment.series, base.firms)
    if experiment.adaptive is not None:
        check_outcome("adaptive.outcome", experiment.adaptive.outcome, keep)
        if experiment.runs < 2:
            raise AgentsimError(
                f"runs = {experiment.runs} has no interval for adaptive to go by; give 2 or more"
            )
        if experiment.adaptive.most_runs <= experiment.runs:
            raise AgentsimError(
                f"adaptive.most_runs = {experiment.adaptive.most_runs} is not above "
                f"runs = {experiment.runs}; raise it, or lower runs"
            )
    fitted = fitted_draws(experiment.uncertainty, base)
    cells = cells_of(experiment)
    check_rows(len(cells), experiment.runs)
    plan = Plan(
        name=experiment.name,
        scenario=experiment.scenario,
        uncertainty=kind_of(experiment.uncertainty),
        entropy=experiment.entropy,
        horizon=experiment.horizon,
        runs=experiment.runs,
        cells=cells,
        kept=keep,
        series_runs=experiment.series_runs,
        series_type=experiment.series_type,
        chunk_runs=chunk_size(len(cells.own) * experiment.runs, chunk_runs),
        fitted=fitted,
        adaptive="" if experiment.adaptive is None else repr(experiment.adaptive),
        model=model_key(experiment.scenario, cells),
    )
    _check_draws(plan)
    return plan


def _check_draws(plan: Plan) -> None:
    """Ask that the draws agree with what cells set, before anything is simulated.

    Looked at are the first draws in the cells at the ends of every column, which are the ones to
    disagree if any do.
    """
    cells, numbers = plan.cells, np.arange(min(plan.runs, plan.drawn_together), dtype=np.int64)
    ends = {int(np.nanargmin(x)) for x in cells.values.values()}
    ends |= {int(np.nanargmax(x)) for x in cells.values.values()}
    for cell in sorted(ends | {0}):
        try:
            plan.base.replace(plan.values(np.full(len(numbers), cell, np.int64), numbers))
        except AgentsimError as error:
            kind, variant = cells.labels["kind"][cell], cells.labels["variant"][cell]
            what = f"variant {variant!r}" if kind == "variant" else "a cell"
            raise AgentsimError(f"{what} and the marked ranges disagree: {error}") from None
