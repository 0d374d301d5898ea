"""Engine: simulating the chunks of a plan, here or in worker processes.

A chunk never loses its neighbours' work: what a strategy or a market raises becomes the status of
the runs that it concerns. Results do not depend on workers, chunk sizes or order.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from typing import Any

import numpy as np

from agentsim.batch.plan import Chunk, Piece, Plan, numbers
from agentsim.errors import AgentsimError
from agentsim.laws.numerics import Array
from agentsim.lineup import resolve
from agentsim.shocks import Shock
from agentsim.shocks import make as make_shock
from agentsim.simulation import AGGREGATES, Simulation

SERIES = (*AGGREGATES, "service_price", "spending", "surplus")
"""The series kept: the market's aggregates, what customers pay and gain, and the service price over
that at the base date."""

MOST_WORKERS = 1024
MOST_POOLS = 3
"""Times that workers are started: anew after one died."""


@dataclass
class PieceResult:
    """What became of a piece of a cell."""

    piece: Piece
    status: list[str]
    """"ok", or when and why the run failed."""
    outcomes: dict[str, Array] = field(default_factory=dict)
    """Every outcome by name, `(runs,)`; none where all of the piece failed."""
    series: dict[str, Array] = field(default_factory=dict)
    """Every series by name, `(quarters + 1, runs kept)`, from the base date on."""


@dataclass
class ChunkResult:
    """What became of a chunk, piece by piece."""

    index: int
    pieces: list[PieceResult]

    @property
    def runs(self) -> int:
        """How many runs."""
        return sum(each.piece.runs for each in self.pieces)


def run_chunk(plan: Plan, chunk: Chunk) -> ChunkResult:
    """Simulate a chunk. What it raises becomes the status of the runs of the cell at fault."""
    return ChunkResult(chunk.index, _attempt(plan, chunk.pieces))


def run_plan(
    plan: Plan, workers: int | None = None, progress: bool | None = None
) -> Iterator[ChunkResult]:
    """Simulate all chunks and yield their results as they come, in no particular order.

    workers: processes; as many as the machine has processors, by default. 1 works in this one.
    progress: whether to show a bar on stderr; by default only on a terminal.
    Raises AgentsimError if workers is no sensible number.
    """
    count = worker_count(plan, workers)
    results = _here(plan) if count == 1 else _in_pool(plan, count)
    with _bar(plan, progress) as bar:
        for result in results:
            bar.update(result.runs)
            yield result


def _here(plan: Plan) -> Iterator[ChunkResult]:
    for chunk in plan.chunks:
        yield run_chunk(plan, chunk)


def _in_pool(plan: Plan, workers: int) -> Iterator[ChunkResult]:
    """Work in processes of their own; where one dies, begin anew with what is unfinished."""
    left = {chunk.index: chunk for chunk in plan.chunks}
    for _ in range(MOST_POOLS):
        for result in _until_one_dies(plan, workers, list(left.values())):
            del left[result.index]
            yield result
        if not left:
            return
    for chunk in left.values():
        why = "failed: a worker process died before the run was finished"
        yield ChunkResult(chunk.index, [_failed(piece, why) for piece in chunk.pieces])


def _until_one_dies(plan: Plan, workers: int, chunks: list[Chunk]) -> Iterator[ChunkResult]:
    """Yield results until all are there or a worker dies. The global start method is left alone."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    pool = ProcessPoolExecutor(workers, context, _start_worker, (plan, stop))
    try:
        with _no_interrupt():  # workers start while work is handed out, and inherit this
            waiting = {pool.submit(_work, chunk) for chunk in chunks}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                assert result is not None  # only workers told to stop return nothing
                yield result
    except BrokenProcessPool:
        return
    finally:
        # Whatever ended this, chunks that have not begun return at once.
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


# In a worker: what all its chunks share.
_shared: dict[str, Any] = {}


def _start_worker(plan: Plan, stop: Event) -> None:
    _shared.update(plan=plan, stop=stop)
    # Ctrl-C reaches every process of the terminal; only the one that hands out work answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End with the process that hands out work, should that be killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(chunk: Chunk) -> ChunkResult | None:
    return None if _shared["stop"].is_set() else run_chunk(_shared["plan"], chunk)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Ignore Ctrl-C for a moment, where this thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _bar(plan: Plan, progress: bool | None) -> Iterator[Any]:
    """A progress bar that appears once the work has taken two seconds."""
    from tqdm import tqdm

    shown = sys.stderr.isatty() if progress is None else progress
    total = sum(chunk.runs for chunk in plan.chunks)
    with tqdm(
        total=total, disable=not shown, delay=2.0, unit=" runs", desc=plan.name, smoothing=0.1,
        leave=False, file=sys.stderr,
    ) as bar:  # fmt: skip
        yield bar


def worker_count(plan: Plan, given: int | None = None) -> int:
    """Return how many processes to work in: no more than there are chunks.

    Raises AgentsimError if `given` is no sensible number.
    """
    if given is None:
        given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MOST_WORKERS:
        raise AgentsimError(
            f"workers = {given!r} is not a whole number from 1 to {MOST_WORKERS}; give one"
        )
    return min(given, len(plan.chunks))


# Simulating


def _attempt(plan: Plan, pieces: tuple[Piece, ...]) -> list[PieceResult]:
    """Simulate pieces together; if that raises, halve them until the cells at fault are alone."""
    try:
        return _simulate(plan, pieces)
    except Exception as error:
        if len(pieces) == 1:
            what = " ".join(str(error).split())
            if not isinstance(error, AgentsimError):
                what = f"{type(error).__name__}: {what}"
            return [_failed(pieces[0], f"failed: {what}")]
        half = len(pieces) // 2
        return _attempt(plan, pieces[:half]) + _attempt(plan, pieces[half:])


def _failed(piece: Piece, why: str) -> PieceResult:
    return PieceResult(piece, [why] * piece.runs)


def _simulate(plan: Plan, pieces: tuple[Piece, ...]) -> list[PieceResult]:
    """Simulate pieces side by side and take the results apart again."""
    scenario = plan.base.replace(
        {
            name: np.concatenate([plan.values(name, piece) for piece in pieces])
            for name in plan.varied
        }
    )
    keep = any(piece.first < plan.series_runs for piece in pieces)
    simulation = Simulation(
        scenario,
        resolve(plan.cells[pieces[0].cell].lineup, scenario.firms),
        np.concatenate([np.arange(p.first, p.last, dtype=np.int64) for p in pieces]),
        plan.entropy,
        _shocks(plan, pieces),
        plan.horizon,
        "series" if keep else "outcomes",
        "mark_runs",  # what concerns all may be the fault of one cell: see _attempt
    )
    simulation.run()
    outcomes = simulation.outcomes()
    series = _series(simulation) if keep else {}
    results, start = [], 0
    for piece in pieces:
        runs = slice(start, start + piece.runs)
        kept = slice(start, start + max(min(piece.last, plan.series_runs) - piece.first, 0))
        results.append(
            PieceResult(
                piece,
                simulation.status[runs].tolist(),
                {name: array[runs].copy() for name, array in outcomes.items()},
                {name: array[:, kept].copy() for name, array in series.items()}
                if kept.stop > kept.start
                else {},
            )
        )
        start += piece.runs
    return results


def _shocks(plan: Plan, pieces: tuple[Piece, ...]) -> list[Shock]:
    """Return the shocks of all pieces, their numbers given run by run."""
    made = []
    for each in zip(*(plan.cells[piece.cell].shocks for piece in pieces), strict=True):
        values = dict(each[0])
        for name in numbers(values):
            given = [np.full(p.runs, s[name]) for p, s in zip(pieces, each, strict=True)]
            values[name] = np.concatenate(given)
        made.append(make_shock(values.pop("kind"), values))
    return made


def _series(simulation: Simulation) -> dict[str, Array]:
    """Return every series kept, `(quarters + 1, runs)`."""
    market = [snapshot.market for snapshot in simulation.history]
    found = {name: np.stack([each[name] for each in market]) for name in SERIES}
    found["service_price"] = found["service_price"] / found["service_price"][0]
    return found
