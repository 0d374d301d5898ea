"""Work: what is done to one chunk, in whatever process. Doing it twice does no harm.

A worker is told a folder and a chunk, finds the plan in the folder, writes what became of the chunk
there, and returns a receipt: nothing larger passes between processes or machines.
"""

from __future__ import annotations

import pickle
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from agentsim.batch.parts import chunks_in, part_path, tables, whole, write_chunk
from agentsim.batch.plan import Chunk, Plan, Round
from agentsim.batch.simulating import failed, simulate
from agentsim.errors import AgentsimError
from agentsim.failures import OK
from agentsim.strategy import added

WORK = "work.pickle"
MOST_REASONS = 5


@dataclass(frozen=True)
class Order:
    """A chunk to be done, and where."""

    folder: str
    key: str
    """Of the plan: a worker that remembers an older one reads it anew."""
    chunk: Chunk


@dataclass(frozen=True)
class Receipt:
    """What became of a chunk."""

    chunk: Chunk
    failed: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """The commonest statuses of failed runs."""
    seconds: float = 0.0
    """CPU time."""
    size: int = 0
    """Bytes written."""
    set_aside: str | None = None
    """Why it was never simulated."""


def put(folder: Path, plan: Plan, rounds: dict[int, Round]) -> None:
    """Leave plan and rounds where workers find them, without what is only told in tables."""
    bare = replace(plan, cells=plan.cells.without_labels())
    left = (bare, rounds, added.paths(), added.texts())
    # The newest protocol writes arrays as they lie in memory, without a copy.
    whole(folder / WORK, lambda file: pickle.dump(left, file, pickle.HIGHEST_PROTOCOL))


def do(order: Order) -> Receipt:
    """Simulate a chunk and write it. What runs raise is their status; OSError is the disk's."""
    start = time.process_time()
    plan, of = planned(order)
    cells, numbers = of.at(order.chunk.start, order.chunk.stop)
    made = simulate(plan, cells, numbers)
    size = write_chunk(Path(order.folder), plan, order.chunk, made)
    whys = Counter(made.status[made.status != OK].tolist())
    return Receipt(
        order.chunk,
        sum(whys.values()),
        dict(whys.most_common(MOST_REASONS)),
        time.process_time() - start,
        size,
    )


def set_aside(order: Order, why: str) -> Receipt:
    """Write a chunk that cannot be simulated as failed runs."""
    plan, of = planned(order)
    cells, numbers = of.at(order.chunk.start, order.chunk.stop)
    status = f"failed: {why}"
    made = failed(plan, cells, numbers, [status] * len(cells))
    size = write_chunk(Path(order.folder), plan, order.chunk, made, why)
    return Receipt(order.chunk, len(cells), {status: len(cells)}, 0.0, size, why)


def done(folder: Path, plan: Plan, chunk: Chunk) -> bool:
    """Say whether all parts of a chunk are there and sound."""
    return all(chunk.key in chunks_in(part_path(folder, name, chunk)) for name in tables(plan))


def planned(order: Order) -> tuple[Plan, Round]:
    """Return plan and round of an order, from the folder, or remembered from an order before.

    A process that outlives a batch may remember rounds of it that have been planned anew since:
    where set-aside chunks were tried again, an adaptive batch adds other runs.
    """
    asked = order.chunk
    for _ in range(2):
        plan, rounds = read(order.folder, order.key, asked.round)
        of = rounds.get(asked.round)
        if of is not None and _holds(plan, of, asked):
            return plan, of
        read.cache_clear()
    raise AgentsimError(f"{order.folder} holds another plan now; start the batch again")


def _holds(plan: Plan, of: Round, chunk: Chunk) -> bool:
    if of.total < chunk.stop:
        return False
    return plan.chunk(of, chunk.index, chunk.start, chunk.stop).key == chunk.key


@lru_cache(maxsize=1)
def read(folder: str, key: str, round: int) -> tuple[Plan, dict[int, Round]]:
    """Read plan and rounds once for all chunks of a round."""
    with open(Path(folder) / WORK, "rb") as file:
        plan, rounds, paths, texts = pickle.load(file)
    if plan.key != key:
        raise AgentsimError(f"{folder} holds another plan now; start the batch again")
    for path in paths:
        added.name(path)
    for name, digest in added.texts().items():
        if texts.get(name, digest) != digest:
            raise AgentsimError(f"{name} has changed since the batch began; start the batch again")
    return plan, rounds
