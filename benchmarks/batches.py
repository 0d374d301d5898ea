"""How fast batches are: `make bench`, or `python benchmarks/batches.py --quick`.

A batch is run through plan, engine and store as a user runs it. Wall times mean something on a
machine that does nothing else; ratios are of measurements in one run of this script.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from agentsim import Experiment, Results, Scenario, batch
from agentsim.batch import engine, plan, work
from agentsim.batch.plan import TOGETHER
from agentsim.lineup import resolve
from agentsim.simulation import Simulation

sys.path.insert(0, str(Path(__file__).parent))
from bench import goal, peak_memory, title

RUNS = 1_000_000
GOAL_WALL, AIM_WALL, GOAL_MEMORY = 90.0, 60.0, 500.0  # seconds, seconds, MB
GOAL_EFFICIENCY, GOAL_OVERHEAD, GOAL_QUERY = 0.85, 0.05, 2.0


def default_market(runs: int) -> Experiment:
    """Return the experiment of the default market alone: calibrated lineup, central values."""
    return Experiment(name="default_market", runs=runs, uncertainty="none")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that goes when it is done with; among the results, on the disk that they go to."""
    results = Path(__file__).parents[1] / "results"
    results.mkdir(exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="bench-", dir=results))
    try:
        yield place
    finally:
        shutil.rmtree(place)


def many_cells(cells: int) -> Experiment:
    """Return an experiment of as many cells as there may be, a run and a quarter each."""
    return Experiment(
        name="many_cells",
        runs=1,
        horizon=1,
        uncertainty="none",
        outcomes=["customer_share", "customer_surplus", "total_surplus"],
        factors={
            "substitution": np.linspace(3.0, 9.0, cells // 1000).tolist(),
            "power_limit": np.linspace(5.0, 20.0, 500).tolist(),
            "demand_elasticity": [1.1, 1.2],
        },
    )


BATCHES: dict[str, Callable[[int], Experiment]] = {"runs": default_market, "cells": many_cells}


def one_batch(size: int, workers: int, out: Path, what: str = "runs") -> tuple[float, float, float]:
    """Run a batch in a process of its own; return its wall time, its CPU time with its workers',
    both in seconds, and the driver's peak memory in MB."""
    words = [sys.executable, __file__, "--batch", what, str(size), str(workers), str(out)]
    start = time.perf_counter()
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    return time.perf_counter() - start, float(said[0]), float(said[1])


def run_batch(what: str, size: int, workers: int, out: str) -> None:
    """Run a batch here, and print CPU seconds and peak memory."""
    batch.run(BATCHES[what](size), out, workers=workers, progress=False)
    spent = sum(
        each.ru_utime + each.ru_stime
        for each in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    print(spent, peak_memory())


def a_million(runs: int, repeats: int) -> None:
    """Print what a large batch takes, what a second worker adds, and what summaries take."""
    title(f"A batch of {runs:,} forty-quarter runs of the default market, outcomes stored")
    most = min(2, engine.worker_count(None))
    walls: dict[int, list[float]] = {workers: [] for workers in range(1, most + 1)}
    memories = []
    with folder() as place:
        for at in range(repeats):
            for workers, found in walls.items():  # in turn, so that a noisy minute hits both
                out = place / f"{at}-{workers}"
                wall, _, memory = one_batch(runs, workers, out)
                found.append(wall)
                memories.append(memory)
                if (at, workers) != (repeats - 1, most):
                    shutil.rmtree(out)
        size = sum(each.stat().st_size for each in out.rglob("*") if each.is_file())
        best, scale = walls[most], runs / RUNS
        for workers, found in walls.items():
            print(f"{workers} worker{'s' * (workers > 1)}, start to end: {_span(found)}")
        print(f"{repeats} batches each, in turn; load {load()}")
        print(
            f"{runs / min(best):,.0f} runs a second at best; {size / runs:.0f} bytes a run on disk"
        )
        print(f"driver's peak memory: {max(memories):.0f} MB")
        print(goal(max(best) <= GOAL_WALL * scale, f"at most {GOAL_WALL * scale:.0f} s"))
        print(goal(max(best) <= AIM_WALL * scale, f"(aim) at most {AIM_WALL * scale:.0f} s"))
        print(goal(max(memories) <= GOAL_MEMORY, f"at most {GOAL_MEMORY:.0f} MB"))
        if most == 2:
            share = min(walls[1]) / min(walls[2]) / 2
            print(f"two workers do {2 * share:.2f} times as much as one, {share:.0%} of twice")
            print(goal(share >= GOAL_EFFICIENCY, f"at least {GOAL_EFFICIENCY:.0%} of twice one"))
        queries(out, runs)


def a_million_cells(cells: int) -> None:
    """Print what a batch of as many cells as runs takes, and what summaries of it take."""
    title(f"A batch of {cells:,} cells of one run, of one quarter")
    with folder() as place:
        wall, _, memory = one_batch(
            cells, min(2, engine.worker_count(None)), place / "out", "cells"
        )
        print(f"start to end: {wall:.1f} s; driver's peak memory: {memory:.0f} MB; load {load()}")
        print(goal(memory <= GOAL_MEMORY, f"at most {GOAL_MEMORY:.0f} MB"))
        results = Results.open(place / "out")
        one, other = {"demand_elasticity": 1.1}, {"demand_elasticity": 1.2}
        timed(
            f"{cells:,} cells",
            {
                "contrast of a factor's levels, cell by cell": lambda: results.contrast(
                    one, other, "customer_share"
                ),
                "summary(by='substitution')": lambda: results.summary(by="substitution"),
            },
        )


def queries(out: Path, runs: int) -> None:
    """Print what summary and contrast take."""
    results = Results.open(out)
    timed(
        f"{runs:,} runs",
        {
            "summary(), all outcomes": results.summary,
            "contrast(0, 0, share), a cell of all runs against itself": lambda: results.contrast(
                0, 0, "customer_share"
            ),
            "summary(by='kind'), all outcomes pooled": lambda: results.summary(by="kind"),
        },
    )


def timed(what: str, asked: dict[str, Callable[[], object]]) -> None:
    """Print how long answers take, once modules are loaded."""
    for name, ask in asked.items():
        ask()
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            ask()
            seconds.append(time.perf_counter() - start)
        print(f"{name}, on {what}: {min(seconds):.2f} to {max(seconds):.2f} s")
        print(goal(max(seconds) <= GOAL_QUERY, f"under {GOAL_QUERY:.0f} s"))


def overhead(runs: int, repeats: int) -> None:
    """Print what plan, engine and store take besides the simulation, in CPU time of one process."""
    title(f"Plan, engine and store against the simulation ({runs:,} runs, CPU time)")
    scenario = Scenario.load("2025Q4")

    def bare() -> None:
        for start in range(0, runs, TOGETHER):
            numbers = np.arange(start, min(start + TOGETHER, runs), dtype=np.int64)
            market = Simulation(scenario, resolve(None, scenario.firms), numbers, 0)
            market.run()
            market.outcomes()

    def whole() -> None:
        with folder() as place:
            batch.run(default_market(runs), place / "out", engine="here", progress=False)

    plain, all_of_it = [], []
    whole()  # loads what has to be loaded
    for _ in range(repeats):  # in turn, so that a noisy minute hits both
        plain.append(_cpu(bare))
        all_of_it.append(_cpu(whole))
    more = [b / a - 1.0 for a, b in zip(plain, all_of_it, strict=True)]
    share = min(all_of_it) / min(plain) - 1.0
    print(f"simulation alone: {_span(plain)}; with plan, engine and store: {_span(all_of_it)}")
    print(f"overhead: {share:.1%} ({min(more):.1%} to {max(more):.1%} pair by pair)")
    print(goal(share <= GOAL_OVERHEAD, f"under {GOAL_OVERHEAD:.0%}"))
    start_up(runs, min(plain))


def start_up(runs: int, plain: float) -> None:
    """Print what processes cost that no size of a batch changes: starting, and loading modules."""
    with folder() as place:
        _, spent, _ = one_batch(1, 1, place / "one")
    print(f"on top, whatever the size: {spent:.1f} s of CPU for driver and one worker to start and")
    print(f"to load modules, {spent / plain:.0%} of {runs:,} runs here")


def small_chunks() -> None:
    """Print how long a chunk takes."""
    made = plan.make(default_market(RUNS))
    chunk = next(iter(made.chunks(made.first_round)))
    with folder() as place:
        work.put(place, made, {0: made.first_round})
        order = work.Order(str(place), made.key, chunk)
        seconds = min(_cpu(lambda: work.do(order)) for _ in range(3))
    print(f"\nA chunk of {chunk.runs:,} runs: {seconds:.2f} s of CPU")


def _cpu(do: Callable[[], object]) -> float:
    start = time.process_time()
    do()
    return time.process_time() - start


def _span(seconds: list[float]) -> str:
    return f"{min(seconds):.2f} to {max(seconds):.2f} s"


def load() -> str:
    """Return the machine's load, for those who wonder about a figure."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--batch", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.batch is not None:
        what, size, workers, out = given.batch
        run_batch(what, int(size), int(workers), out)
        return
    overhead(100_000, 2 if given.quick else 4)
    small_chunks()
    size = RUNS // 10 if given.quick else RUNS
    a_million(size, 1 if given.quick else 2)
    a_million_cells(size)


if __name__ == "__main__":
    main()
