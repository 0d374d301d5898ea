"""Batches of experiments: design -> plan -> engine -> store.

design   what is asked: an experiment file, or the same as an object
plan     its cells and the chunks in which they are simulated, all checked
engine   simulating chunks, here or in worker processes
tables   gathering what comes back; intervals, its uncertainty
store    writing a folder of results, whole or not at all; results reads it
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentsim.batch.design import Experiment
    from agentsim.batch.results import Results


def run(
    experiment: Experiment,
    out: str | Path | None = None,
    workers: int | None = None,
    progress: bool | None = None,
    command: list[str] | None = None,
) -> Results:
    """Run an experiment and return its results, which lie in `out` or results/NAME.

    workers: processes, by default as many as there are processors; 1 works in this one.
    progress: whether to show a bar; by default on a terminal, if it takes over two seconds.
    Raises AgentsimError, one line, before any run for all that is wrong with what was asked. Runs
    that fail are rows with their status. Interrupted, it leaves no results and older ones alone.
    """
    # Workers import this package too, and need none of this.
    from agentsim.batch import manifest, plan
    from agentsim.batch.engine import run_plan, worker_count
    from agentsim.batch.results import Results
    from agentsim.batch.store import Folder
    from agentsim.batch.tables import Tables

    start = manifest.now()
    planned = plan.make(experiment)
    count = worker_count(planned, workers)
    total = sum(chunk.runs for chunk in planned.chunks)
    done = 0
    path = Path("results") / experiment.name if out is None else out
    with Folder(path, experiment.name) as folder:
        try:
            tables = Tables(planned)
            for result in run_plan(planned, count, progress):
                tables.add(result)
                done += result.runs
            folder.write(tables)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"after {done:,} of {total:,} runs; nothing was written"
            ) from None
        folder.finish(
            manifest.manifest(
                experiment,
                start,
                simulated=total,
                rows=len(planned.cells) * planned.runs,
                cells=len(planned.cells),
                workers=count,
                failures=tables.failures,
                command=command,
            )
        )
    return Results.open(path)
