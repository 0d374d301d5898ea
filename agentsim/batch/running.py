"""Running a plan: rounds of chunks through an engine into a folder, and going on from where it was."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing as closed
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from agentsim.batch import manifest as manifests
from agentsim.batch import work
from agentsim.batch.adaptive import Adapting
from agentsim.batch.design import Experiment
from agentsim.batch.engine import Engine
from agentsim.batch.plan import Chunk, Plan, Round
from agentsim.batch.store import COMPLETE, INTERRUPTED, Folder

MOST_REASONS = 20


@dataclass
class Tally:
    """How far a batch has come."""

    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    set_aside: dict[str, str] = field(default_factory=dict)
    """Names of chunks that were never simulated, and why."""
    cpu_seconds: float = 0.0
    size: int = 0
    chunks: list[Chunk] = field(default_factory=list)
    """All of them, in order."""
    runs: int = 0
    """Runs that were there or were simulated."""

    def add(self, receipt: work.Receipt) -> None:
        """Take in a receipt."""
        self.runs += receipt.chunk.runs
        self.failed += receipt.failed
        self.reasons.update(receipt.reasons)
        self.cpu_seconds += receipt.seconds
        self.size += receipt.size
        if receipt.set_aside is not None:
            self.set_aside[receipt.chunk.name] = receipt.set_aside


class Batch:
    """One batch, from where it is to its end."""

    def __init__(
        self,
        experiment: Experiment,
        plan: Plan,
        folder: Folder,
        engine: Engine,
        manifest: dict[str, Any],
        progress: bool | None,
        retry: bool,
        complete: dict[str, Any] | None = None,
        points: bytes = b"",
    ) -> None:
        self.experiment = experiment
        self.plan = plan
        self.folder = folder
        self.engine = engine
        self.manifest = manifest
        self.progress = progress
        self.retry = retry
        self.complete = complete  # the manifest of a batch that was run to its end before
        self.points = points
        self.worked = False
        self.tally = Tally()
        self.rounds: dict[int, Round] = {}
        self.adapting = Adapting(experiment, plan, folder.path)
        self.start = time.monotonic()
        self.before = float(manifest.get("seconds") or 0.0)

    def run(self) -> dict[str, Any]:
        """Do what is left to do, and return the manifest, which says that all is complete."""
        self.folder.begin(self.plan, self.manifest, self.points)
        try:
            while not self.do_rounds():
                # What later rounds added follows from what is tried again.
                self.folder.drop_all(self.plan)
                self.retry = False
            self.folder.finish(self.plan, self.rounds, self.tally.chunks)
        except BaseException:
            with suppress(OSError):  # a full disk has no room for this either
                self.folder.write_manifest(self.closed(INTERRUPTED))
            raise
        self.tally.failed, self.tally.reasons = self.folder.failures(self.tally.chunks)
        self.tally.set_aside = self.folder.set_aside(self.tally.chunks)
        # Who only looks again leaves no trace: when it was made, and by what, stays as it was.
        looked = self.complete is not None and not self.worked
        self.manifest = self.complete or {} if looked else self.closed(COMPLETE)
        self.folder.write_manifest(self.manifest)
        return self.manifest

    def do_rounds(self) -> bool:
        """Get all rounds done; False if all has to be done again."""
        self.tally = Tally()
        self.rounds = {}
        self.adapting = Adapting(self.experiment, self.plan, self.folder.path)
        of: Round | None = self.plan.first_round
        while of is not None and of.total:
            self.rounds[of.number] = of
            if not self.do_round(of):
                return False
            of = self.adapting.next_round(of, self.tally.chunks)
        return True

    def do_round(self, of: Round) -> bool:
        """Get the chunks of a round done that are not done yet; False if all has to be done again."""
        chunks = list(self.plan.chunks(of))
        self.tally.chunks += chunks
        todo, given_up = self.folder.finished(self.plan, chunks)
        if self.retry and given_up:
            if self.experiment.adaptive is not None:
                return False
            self.folder.drop(self.plan, given_up)
            todo, given_up = self.folder.finished(self.plan, chunks)
        self.tally.runs += of.total - sum(chunk.runs for chunk in todo)
        left = set(todo)
        done = [chunk for chunk in self.tally.chunks if chunk not in left]
        self.tally.failed, self.tally.reasons = self.folder.failures(done)
        self.tally.set_aside = self.folder.set_aside(done)
        if not todo:
            return True
        self.worked = True
        work.put(self.folder.path, self.plan, self.rounds)
        orders = [work.Order(str(self.folder.path), self.plan.key, chunk) for chunk in todo]
        before = of.total - sum(chunk.runs for chunk in todo)
        with self.bar(of, before) as advance, closed(self.engine.receipts(orders)) as receipts:
            for receipt in receipts:
                self.tally.add(receipt)
                advance(receipt)
        return True

    def closed(self, status: str) -> dict[str, Any]:
        """Return the manifest as it is now."""
        failures = {
            "runs": self.tally.failed,
            "reasons": dict(self.tally.reasons.most_common(MOST_REASONS)),
        }
        return manifests.closing(
            self.manifest,
            status,
            simulated=self.tally.runs,
            rows=self.rows(),
            failures=failures,
            set_aside=self.tally.set_aside,
            adaptive=self.adapting.report(),
            seconds=self.before + time.monotonic() - self.start,
        )

    def planned(self) -> int:
        """Return how many runs are planned as yet."""
        return sum(of.total for of in self.rounds.values())

    def rows(self) -> int:
        """Return how many rows there are, those of cells that share their runs counted too."""
        cells = self.plan.cells
        runs = np.zeros(len(cells), np.int64)
        for chunk_round in self.rounds.values():
            np.add.at(runs, chunk_round.cells, chunk_round.runs)
        return int(runs[cells.stands_for()].sum())

    @contextmanager
    def bar(self, of: Round, done: int) -> Iterator[Callable[[work.Receipt], None]]:
        """A progress bar that appears once the work has taken two seconds."""
        from tqdm import tqdm

        shown = sys.stderr.isatty() if self.progress is None else self.progress
        name = self.plan.name if of.number == 0 else f"{self.plan.name}, round {of.number + 1}"
        with tqdm(
            total=of.total, initial=done, disable=not shown, delay=2.0, unit=" runs", desc=name,
            smoothing=0.1, leave=False, file=sys.stderr,
        ) as bar:  # fmt: skip

            def advance(receipt: work.Receipt) -> None:
                if self.tally.failed:
                    bar.set_postfix_str(f"{self.tally.failed:,} failed", refresh=False)
                bar.update(receipt.chunk.runs)

            yield advance
