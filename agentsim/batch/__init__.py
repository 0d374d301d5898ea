"""Batches of experiments: design -> plan -> engine -> store.

design     what is asked: an experiment file, or the same as an object; design_tables: its tables
factors    what varies: levels, or ranges (spreads) and distributions of them
sampling   which points are taken of it, by which sampler (samplers); points: those, also of a file
making     its cells, all checked (checking); names: what may be set; cells: column by column
plan       which runs in which chunks, with what luck and what draws
simulating from runs of a plan to their outcomes; work: a chunk from plan to file
engine     getting chunks done: here, in a pool, on a cluster
parts      files that are there whole or not at all; joining: few large ones of many small ones;
           store: the folder that they are in
running    a plan through an engine into a folder, and going on from where it was
results    reading a folder, by its tables: means by cell and group, contrasts, quarters
summaries  the arithmetic of means and their intervals, from moments
preview    a plan without running it: differences from the calibration, cautions, a trial of it
comparing  two folders of results; moved: how far their runs lie apart
provenance what results were asked for and made by, as far as two folders differ
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentsim.batch.design import Experiment
    from agentsim.batch.engine import Engine
    from agentsim.batch.results import Results


def run(
    experiment: Experiment | str | Path,
    out: str | Path | None = None,
    workers: int | None = None,
    progress: bool | None = None,
    *,
    engine: str | Engine = "pool",
    scheduler: str | None = None,
    time_limit: float | None = None,
    chunk_runs: int | None = None,
    replace: bool = False,
    retry: bool = False,
    command: list[str] | None = None,
    say: Callable[[str], None] | None = None,
) -> Results:
    """Run an experiment, or go on with it, and return its results.

    experiment: an object, a file, or the name of one that is shipped.
    out: the folder; results/NAME otherwise. If that holds the same batch, it goes on from where it
    was; if it holds other results, a new folder beside it is begun (NAME-2), unless `replace`.
    workers: processes, by default as many as there are processors.
    engine: "pool", "dask" (a cluster; `scheduler` is its address) or "here" (in this process).
    time_limit: seconds after which a chunk counts as hanging. chunk_runs: runs of a chunk.
    retry: simulate again what was set aside because it hung or killed its worker.
    progress: whether to show a bar; by default on a terminal, if it takes over two seconds.
    say: told, in a line each, why results go elsewhere and what has changed since they were begun;
    they go to stderr otherwise.
    Raises AgentsimError, one line, before any run for all that is wrong with what was asked. Runs
    that fail are rows with their status. Interrupted, it keeps what is done.
    """
    # Workers import this package too, and need none of this.
    from agentsim.batch.design import Experiment
    from agentsim.batch.engine import TIME_LIMIT
    from agentsim.batch.engine import engine as engine_of
    from agentsim.batch.opening import run_in
    from agentsim.batch.results import Results

    asked = experiment if isinstance(experiment, Experiment) else Experiment.read(experiment)
    made = (
        engine_of(engine, workers, TIME_LIMIT if time_limit is None else time_limit, scheduler)
        if isinstance(engine, str)
        else engine
    )
    name = engine if isinstance(engine, str) else type(engine).__name__
    path = run_in(
        asked,
        Path("results") / asked.name if out is None else out,
        made,
        name,
        chunk_runs=chunk_runs,
        replace=replace,
        retry=retry,
        progress=progress,
        command=command,
        say=say or _say,
    )
    return Results.open(path)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
