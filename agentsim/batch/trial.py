"""Trial: what a plan would take, worked out from a little of it.

Stretches of real chunks, spread over the lineups, are simulated and written. Runs are stepped side by
side, so that a stretch costs so much whatever its size, and so much more for each run; both are taken
from stretches of several sizes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from agentsim.batch import joining, parts
from agentsim.batch.cells import LABELS, Numbers
from agentsim.batch.engine import worker_count
from agentsim.batch.opening import MOST_DRAWS, has_summary
from agentsim.batch.plan import TOGETHER, Chunk, Plan, Round
from agentsim.batch.simulating import TOGETHER_RECORDED, simulate
from agentsim.batch.store import CELLS, LEAST_ROWS, cells_table
from agentsim.failures import OK

TRIAL = 1.8
"""Seconds that a trial takes, more or less."""
MOST_TRIED = 6
"""Stretches of which a trial is made."""
SIZES = (16, 128, 1000)
"""Runs of one stretch that are tried one after the other, as long as there is time."""
WARM_UP = 8
MOST_CELLS_TRIED = 20_000
STARTING = 1.5
"""Seconds until a worker has loaded the model."""
SUMMARY_ROW, SUMMARY_LABEL = 110, 18
"""Bytes of a row of summary.csv, more or less, and of each factor in it that has a range."""
MOST_LEVELS = 24


@dataclass(frozen=True)
class Cost:
    """What some runs take."""

    runs: int
    seconds_here: float
    """In one process."""
    seconds: float
    """With the workers."""
    size: int
    """Bytes that stay."""
    most_size: int
    """Bytes that are needed on the way."""


@dataclass(frozen=True)
class Trial:
    """What came of simulating a few runs."""

    runs: int
    seconds: float
    failed: int
    reason: str
    """The commonest status of failed runs."""
    rough: bool
    """Whether there was too little time to tell what more runs cost: times are upper limits."""
    least: Cost
    most: Cost
    """The same as `least` but where runs are added until intervals are narrow."""
    chunk_seconds: float


@dataclass(frozen=True)
class _Stretches:
    """Runs of a round that are stepped together, one after the other."""

    start: Numbers
    size: Numbers
    recorded: Any
    stepped: Any
    """Sizes of what is stepped together."""
    stepped_recorded: Any


def _stretches(plan: Plan, of: Round) -> _Stretches:
    """Return how `simulating` steps the runs of a round, without going through the runs."""
    count = -(-of.total // plan.chunk_runs)
    begins = of.ends - of.runs
    group = plan.cells.group[of.cells]
    cuts = [np.arange(count) * of.total // count, begins[1:][group[1:] != group[:-1]]]
    if plan.kept.series:
        border = plan.series_runs - of.first
        within = (border > 0) & (border < of.runs)
        cuts += [(begins + border)[within], of.ends[within]]
    start = np.unique(np.concatenate(cuts))
    start = start[start < of.total]
    size = np.diff(np.append(start, of.total))
    _, number = _at(of, start)
    recorded = (number < plan.series_runs) & plan.kept.series
    most = np.where(recorded & bool(plan.kept.firms), TOGETHER_RECORDED, TOGETHER)
    pieces = -(-size // most)
    row = np.repeat(np.arange(len(start)), pieces)
    at = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    first, last = at * size[row] // pieces[row], (at + 1) * size[row] // pieces[row]
    # Runs of a group that are kept, or not, are stepped together, wherever they lie in their chunk.
    chunk = np.searchsorted(cuts[0], start, side="right")
    cells, _ = _at(of, start)
    key = (chunk * len(plan.cells.groups) + plan.cells.group[cells]) * 2 + recorded
    kinds, place = np.unique(key, return_inverse=True)
    together = np.bincount(place, size).astype(np.int64)
    kept = kinds % 2 == 1
    times = -(-together // np.where(kept & bool(plan.kept.firms), TOGETHER_RECORDED, TOGETHER))
    return _Stretches(
        start[row] + first,
        last - first,
        recorded[row],
        np.repeat(together / times, times),
        np.repeat(kept, times),
    )


def _at(of: Round, places: Numbers) -> tuple[Numbers, Numbers]:
    """Return cell and number of the runs at some places of a round."""
    row = np.searchsorted(of.ends, places, side="right")
    return of.cells[row], of.first[row] + places - (of.ends[row] - of.runs[row])


class _Tried:
    """What a trial has found out."""

    def __init__(self) -> None:
        self.runs = 0
        self.whys: Counter[str] = Counter()
        self.stepped: list[tuple[bool, int, float]] = []
        """Whether recorded, runs, seconds."""
        self.written: list[tuple[int, float]] = []
        self.rough = False
        self.data: Counter[str] = Counter()
        """Bytes of columns, by table."""
        self.held: Counter[str] = Counter()
        """Runs that those bytes hold."""
        self.frame: dict[str, int] = {}
        """Bytes of a file beside its columns, by table."""
        self.cells = 0
        """Bytes of the table of cells."""


def tried_out(plan: Plan, of: Round, most: Round, workers: int) -> Trial:
    """Simulate and write some runs, and work out what all would take."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="agentsim-") as folder:
        found = _try(plan, most, Path(folder))  # stretches as large as they get
        found.cells = _cells_size(plan, Path(folder))
    least = _cost(plan, of, found, workers)
    chunks = -(-of.total // plan.chunk_runs)
    failed = sum(found.whys.values())
    return Trial(
        runs=found.runs,
        seconds=time.monotonic() - began,
        failed=failed,
        reason=found.whys.most_common(1)[0][0] if failed else "",
        rough=found.rough,
        least=least,
        most=least if most is of else _cost(plan, most, found, workers),
        chunk_seconds=least.seconds_here / chunks,
    )


def _try(plan: Plan, of: Round, folder: Path) -> _Tried:
    """Simulate stretches of several sizes, spread over the lineups, as long as there is time."""
    stretches = _stretches(plan, of)
    left = _chosen(plan, of, stretches)
    # The first runs of a process cost more: modules are loaded, ranges are drawn.
    warm = _Tried()
    made, took = _step(plan, of, stretches, left[0], WARM_UP, warm)
    _write(plan, folder, made, warm)
    if took > TRIAL:
        warm.rough = True
        return warm
    found = _Tried()
    spent, asked = 0.0, len(left)
    for place, each in enumerate(left):
        if place >= asked or spent > TRIAL:
            break
        share = (TRIAL - spent) / (asked - place)
        size = int(stretches.size[each])
        known: list[tuple[int, float]] = []
        for runs in (min(size, n) for n in SIZES):
            if known and (runs == known[-1][0] or _next(known, runs) > share):
                break
            made, took = _step(plan, of, stretches, each, runs, found)
            _write(plan, folder, made, found)
            known.append((runs, took))
            share, spent = share - took, spent + took
            if place == 0 and len(known) == 1:
                asked = int(np.clip(TRIAL / (6.0 * max(took, 1e-3)), 1, len(left)))
                share = TRIAL / asked - took
        found.rough |= len(known) == 1 and known[0][0] < size
    return found


def _next(known: Sequence[tuple[int, float]], runs: int) -> float:
    """Return the seconds that more runs should take, by those of fewer."""
    if len(known) == 1:  # so far mostly what a stretch costs whatever its size
        return 2.0 * known[0][1]
    (n, before), (m, after) = known[-2:]
    return after + (after - before) / (m - n) * (runs - m)


def _chosen(plan: Plan, of: Round, stretches: _Stretches) -> list[int]:
    """Return stretches to try: of several lineups, recorded and not."""
    cells, _ = _at(of, stretches.start)
    kinds = plan.cells.group[cells] * 2 + stretches.recorded
    known = np.unique(kinds)
    count = min(len(known), MOST_TRIED)
    picked = known[(np.arange(count) * 2 + 1) * len(known) // (2 * count)]
    # Far apart ones first, should time be short.
    picked = picked[np.argsort(np.arange(count) * 0.618 % 1.0)]
    rows = [np.flatnonzero(kinds == each) for each in picked]
    return [int(each[len(each) // 2]) for each in rows]


def _step(
    plan: Plan, of: Round, stretches: _Stretches, each: int, runs: int, found: _Tried
) -> tuple[Any, float]:
    """Simulate runs spread over a stretch; return them and the seconds that they took."""
    start, size = int(stretches.start[each]), int(stretches.size[each])
    runs = min(runs, size)
    places = start + (np.arange(runs, dtype=np.int64) * 2 + 1) * size // (2 * runs)
    before = time.process_time()
    made = simulate(plan, *_at(of, places))
    took = time.process_time() - before
    found.runs += runs
    found.stepped.append((bool(stretches.recorded[each]), runs, took))
    found.whys.update(made.status[made.status != OK].tolist())
    return made, took


def _write(plan: Plan, folder: Path, made: Any, found: _Tried) -> None:
    """Write runs as a chunk, and take down the time and the bytes."""
    from pyarrow import parquet

    runs = len(made.cells)
    place = len(found.written)
    chunk = Chunk(0, place, 0, runs, f"trial {place}")
    before = time.perf_counter()
    parts.write_chunk(folder, plan, chunk, made)
    found.written.append((runs, time.perf_counter() - before))
    for name in parts.tables(plan):
        path = parts.part_path(folder, name, chunk)
        about = parquet.read_metadata(path)
        groups = [about.row_group(at) for at in range(about.num_row_groups)]
        data = sum(
            group.column(at).total_compressed_size
            for group in groups
            for at in range(group.num_columns)
        )
        found.data[name] += data
        found.held[name] += runs if name == parts.OUTCOMES else len(made.recorded)
        found.frame[name] = max(found.frame.get(name, 0), path.stat().st_size - data)


def _cells_size(plan: Plan, folder: Path) -> int:
    """Return the bytes of the table of cells, by those of its first rows."""
    table, path = cells_table(plan), folder / CELLS
    parts.write(path, table.slice(0, MOST_CELLS_TRIED))
    return int(path.stat().st_size * max(len(plan.cells) / MOST_CELLS_TRIED, 1.0))


def _cost(plan: Plan, of: Round, found: _Tried, workers: int) -> Cost:
    """Return what a round takes."""
    stretches = _stretches(plan, of)
    chunks = -(-of.total // plan.chunk_runs)
    stepping = 0.0
    for recorded in (False, True):
        size = stretches.stepped[stretches.stepped_recorded == recorded]
        if len(size):
            points = [(n, s) for kept, n, s in found.stepped if kept == recorded]
            fixed, each = _line(points or [(n, s) for _, n, s in found.stepped])
            stepping += fixed * len(size) + each * float(size.sum())
    fixed, each = _line(found.written)
    writing = fixed * chunks + each * of.total
    joining = each * of.total  # parts are read and written once more, by one process
    working = stepping + writing
    busy = min(workers, worker_count(None), chunks)
    rounds = -(-chunks // busy)
    size, most_size = _size(plan, of, stretches, chunks, found)
    return Cost(
        runs=of.total,
        seconds_here=working + joining,
        seconds=STARTING + working / chunks * rounds + joining,
        size=size,
        most_size=most_size,
    )


def _line(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Return what is paid once and what for each run, by runs and seconds; neither is negative."""
    n = np.array([each[0] for each in points], dtype=np.float64)
    seconds = np.array([each[1] for each in points])
    if n.max() < 2.0 * n.min():
        return 0.0, float(seconds.sum() / n.sum())
    slope = float(np.cov(n, seconds, bias=True)[0, 1] / n.var())
    slope = float(np.clip(slope, 0.0, seconds.sum() / n.sum()))
    return max(float(seconds.mean() - slope * n.mean()), 0.0), slope


def _size(
    plan: Plan, of: Round, stretches: _Stretches, chunks: int, found: _Tried
) -> tuple[int, int]:
    """Return the bytes of all tables, and those needed while parts are there too."""
    recorded = int(stretches.size[stretches.recorded].sum())
    data = frames = parts_frames = most = 0.0
    for name in parts.tables(plan):
        held = of.total if name == parts.OUTCOMES else recorded
        rows = held * joining.rows_of_run(plan, name)
        files = max(rows // max(LEAST_ROWS, rows // chunks), 1)
        bytes_of = found.data[name] / max(found.held[name], 1) * held
        data += bytes_of
        frames += found.frame[name] * files
        parts_frames += found.frame[name] * chunks
        most = max(most, bytes_of / files)
    extra = float(found.cells)
    draws = plan.blocks * int(of.runs.max())
    if draws <= MOST_DRAWS:
        extra += draws * 8.0 * (len(plan.drawn_ranges) + 1)
    rows = len(plan.cells) * len(plan.kept.outcomes)
    if has_summary(plan):
        ranged = sum(
            name not in LABELS and len(np.unique(column)) > MOST_LEVELS
            for name, column in plan.cells.labels.items()
            if column.dtype != object
        )
        extra += rows * (SUMMARY_ROW + SUMMARY_LABEL * ranged)
    # Parts of one file are there beside it until it is whole.
    return int(data + frames + extra), int(data + parts_frames + most + extra)
