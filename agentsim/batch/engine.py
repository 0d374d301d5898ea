"""Engine: getting chunks done, here, in a pool of processes, or on a cluster.

An engine is an object with one method. It is given orders, gets `work.do` done for each, wherever
it likes, and yields the receipts as they come. Whatever happens to its workers, every order ends in
one receipt: `work.set_aside` writes the chunk that cannot be done. An engine that is closed stops.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from typing import Protocol

from agentsim.batch.work import Order, Receipt, do
from agentsim.errors import AgentsimError

ENGINES = ("pool", "dask", "here")
MOST_WORKERS = 1024
MOST_DEATHS = 3
"""Times that a chunk may kill its worker before it is set aside."""
TIME_LIMIT = 600.0
"""Seconds after which a chunk counts as hanging, unless told otherwise."""


class Engine(Protocol):
    """What gets chunks done."""

    workers: int

    def receipts(self, orders: Sequence[Order]) -> Generator[Receipt]:
        """Get every order done and yield its receipt, in no particular order.

        Closed early, it stops its workers within seconds. Raises AgentsimError, one line, if work
        cannot go on at all, as on a full disk: what is done stays done.
        """
        ...


class Here:
    """Works in this process, one chunk after the other; nothing protects it from what kills it."""

    workers = 1

    def receipts(self, orders: Sequence[Order]) -> Generator[Receipt]:
        """Get the orders done one by one."""
        for order in orders:
            try:
                yield do(order)
            except OSError as error:
                raise cannot_write(order, error.strerror or str(error)) from None


def engine(
    name: str = "pool",
    workers: int | None = None,
    time_limit: float = TIME_LIMIT,
    scheduler: str | None = None,
) -> Engine:
    """Return an engine by name.

    workers: processes; as many as there are processors, by default. time_limit: seconds a chunk.
    scheduler: address of a Dask scheduler; without one a cluster is started on this machine.
    Raises AgentsimError, one line, for what makes no sense.
    """
    if name not in ENGINES:
        raise AgentsimError(f"engine = {name!r} is not known; give one of {', '.join(ENGINES)}")
    if scheduler is not None and name != "dask":
        raise AgentsimError(
            f"scheduler = {scheduler} is for engine dask, not {name}; add --engine dask"
        )
    if (
        isinstance(time_limit, bool)
        or not isinstance(time_limit, (int, float))
        or not time_limit > 0
    ):
        raise AgentsimError(f"time_limit = {time_limit!r} is no time; give seconds above 0")
    if name == "here":
        for what, given, usual in (("workers", workers, 1), ("time_limit", time_limit, TIME_LIMIT)):
            if given not in (None, usual):
                raise AgentsimError(
                    f"{what} = {given} is not for engine here, which works in this process alone "
                    f"and has no time limit; leave {what} (--{what.replace('_', '-')}) out, or give "
                    "engine pool"
                )
        return Here()
    if name == "dask":
        from agentsim.batch.cluster import Dask

        return Dask(scheduler, None if workers is None else worker_count(workers), time_limit)
    from agentsim.batch.pool import Pool

    return Pool(worker_count(workers), time_limit)


def worker_count(given: int | None) -> int:
    """Return how many processes to work in. Raises AgentsimError for no sensible number."""
    if given is None:
        given = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MOST_WORKERS:
        raise AgentsimError(
            f"workers = {given!r} is not a whole number from 1 to {MOST_WORKERS}; give one"
        )
    return given


def cannot_write(order: Order, why: str) -> AgentsimError:
    """Return the error for a chunk that was simulated and could not be written."""
    return AgentsimError(
        f"{order.folder} cannot be written: {why}; make room there and run it again, "
        "it goes on from where it was"
    )


def hung(seconds: float) -> str:
    """Return why a chunk that did not end was set aside."""
    return f"its chunk did not end within {seconds:g} s"


def deadly(times: int) -> str:
    """Return why a chunk whose workers died was set aside."""
    return f"its chunk killed its worker {times} times"
