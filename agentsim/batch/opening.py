"""Opening a batch: finding its folder, and saying what is different from what lies there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentsim.batch import manifest as manifests
from agentsim.batch import parts
from agentsim.batch import plan as plans
from agentsim.batch.design import Experiment
from agentsim.batch.engine import Engine
from agentsim.batch.plan import Plan, Round
from agentsim.batch.running import Batch
from agentsim.batch.store import COMPLETE, DRAWS, SUMMARY, Folder, choose, manifest_in
from agentsim.errors import AgentsimError

Say = Callable[[str], None]
MOST_DRAWS, MOST_SUMMARY = 20_000, 2_000_000
"""Draws, and entries of the summary, up to which they are written; `Results` works out any."""


def run_in(
    experiment: Experiment,
    out: str | Path,
    engine: Engine,
    engine_name: str,
    *,
    chunk_runs: int | None,
    replace: bool,
    retry: bool,
    progress: bool | None,
    command: list[str] | None,
    say: Say,
) -> Path:
    """Run an experiment in the folder where it belongs; return that."""
    plan = plans.make(experiment, chunk_runs)
    manifest = manifests.opening(experiment, plan, engine_name, engine.workers, command)
    if left := (manifest["git"] or {}).get("diff_left_out"):
        say(f"what is not committed is long: the manifest leaves out {left:,} characters of it")
    shown = str(out)
    base = Path(os.path.abspath(out)) if "\0" not in shown and shown else Path(shown)
    if replace:
        path, name = base, shown
        choose(base, shown, experiment.name, plan.key)  # refuses what is no results of this name
    else:
        path, name, instead_of = choose(base, shown, experiment.name, plan.key)
        if instead_of:
            other = manifest_in(base) or {}
            why = "; ".join(manifests.differing(other, manifest)) or "its plan differs"
            say(f"{shown} holds other results ({why}); this goes to {name}")
    _check_place(path, name, replace)
    file = experiment.sampling.file
    points = Path(file).read_bytes() if file else b""  # which may lie in what is replaced
    with Folder(path, name) as folder:
        before = folder.manifest()
        if before is not None and replace:
            folder.clear()
            before = None
        if before is not None and before.get("plan_key") != plan.key:
            raise AgentsimError(f"{name} was written by another process just now; run it again")
        if before is not None:
            plan = _as_begun(plan, experiment, before, chunk_runs, name)
            warnings = manifests.changes(before, manifest)
            for change in warnings:
                say(f"since {name} was begun: {change}; bits may differ")
            manifest = manifests.resumed(before, manifest, warnings)
            manifest["chunk_runs"] = plan.chunk_runs
        done = before if before is not None and before.get("status") == COMPLETE else None
        batch = Batch(experiment, plan, folder, engine, manifest, progress, retry, done, points)
        try:
            batch.run()
            write_extras(path, plan, list(batch.rounds.values()))
        except OSError as error:
            raise AgentsimError(
                f"{name} cannot be written: {error.strerror or error}; make room there and run it "
                "again, it goes on from where it was"
            ) from None
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"after {batch.tally.runs:,} of {batch.planned():,} runs, which are kept; "
                f"{_again(command)} goes on from there"
            ) from None
    return path


def has_summary(plan: Plan) -> bool:
    """Say whether a summary is small enough to be written."""
    rows, columns = len(plan.cells) * len(plan.kept.outcomes), len(plan.cells.labels) + 6
    return rows * columns <= MOST_SUMMARY


def write_extras(path: Path, plan: Plan, rounds: list[Round]) -> None:
    """Write what is convenient where it is small: the draws, and a summary as CSV."""
    from agentsim.batch.draws import draws_table
    from agentsim.batch.results import Results

    if plan.blocks * max(int((of.first + of.runs).max()) for of in rounds) <= MOST_DRAWS:
        parts.write(path / DRAWS, draws_table(plan, rounds))
    if has_summary(plan):
        text = Results.open(path).summary().to_csv(index=False)
        parts.whole(path / SUMMARY, lambda file: file.write(text.encode()))


def _as_begun(
    plan: Plan, experiment: Experiment, before: dict[str, Any], asked: int | None, shown: str
) -> Plan:
    """Return the plan cut into chunks as it was when the batch was begun."""
    begun = int(before["chunk_runs"])
    if asked is not None and asked != begun and before.get("status") != COMPLETE:
        raise AgentsimError(
            f"chunk_runs = {asked} is not that of {shown}, {begun}; leave it out, or begin anew "
            "with --replace"
        )
    return plan if plan.chunk_runs == begun else plans.make(experiment, begun)


def _check_place(path: Path, shown: str, replace: bool) -> None:
    """Refuse to empty a folder that is in use for something else."""
    if replace and (os.path.ismount(path) or path == Path.cwd()):
        raise AgentsimError(f"--out {shown} cannot be replaced; give a folder in it")


def _again(command: list[str] | None) -> str:
    return "the same call" if command is None else f"`{' '.join(command)}`"
