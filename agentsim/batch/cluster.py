"""Cluster: chunks by Dask, on this machine or on many that see the same files.

Dask does again what a worker was at when it died, and blames its death on every task that it had
been handed, begun or not. So a chunk leaves a mark in the folder while it is worked at: how many
marks there are says how often it killed its worker, and what is in them, whether it did not end.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import socket
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from agentsim.batch import parts, work
from agentsim.batch.engine import MOST_DEATHS, deadly, hung, worker_count
from agentsim.batch.pool import load, no_interrupt, put_aside, receipt_of, tried, without_main
from agentsim.batch.work import Order, Receipt
from agentsim.errors import AgentsimError

WINDOW = 2
"""Orders handed out per worker: one that it is at and one that waits for it."""
MOST_TRIES = 100
"""Times that an order is handed out, whatever its marks say: others may have killed its workers."""
MOST_SECONDS = 1e7
"""Longest that a chunk is watched."""
CONNECT_SECONDS = 8.0
SIGHT_SECONDS = 10.0
"""How long a worker looks for a folder: a network shows new files late."""
LOOK_SECONDS = 2.0
"""How often the number of workers is looked up."""
START_SECONDS = 10.0
"""Longest wait at the end for a worker that is only just starting."""
PATIENCE = 300.0
"""Seconds to wait for a first worker, or for another when all are gone."""


class Dask:
    """A Dask cluster: that of a scheduler's address, or one of this machine, while it is needed.

    A cluster that is there already has to run this version of agentsim and see the batch's folder
    by the same path. A process does one chunk at a time, however many threads it has. `workers`,
    where given, says how many chunks are in work at once there.
    """

    def __init__(self, scheduler: str | None, workers: int | None, time_limit: float) -> None:
        _distributed()
        self.scheduler = scheduler
        self.time_limit = time_limit
        self.limit = workers
        if scheduler is None:
            self.workers = worker_count(workers)
        else:  # whether it answers is known before anything is planned
            with _connected(scheduler) as client:
                self.workers = workers or max(len(client.nthreads()), 1)

    def receipts(self, orders: Sequence[Order]) -> Generator[Receipt]:
        """Get every order done and yield its receipt, in no particular order."""
        if not orders:
            return
        with ExitStack() as opened:
            if self.scheduler is None:
                count = min(self.workers, len(orders))
                client = opened.enter_context(_own_cluster(count))
            else:
                client = opened.enter_context(_connected(self.scheduler))
            window = _Window(client, deque(orders), self.time_limit, self.limit)
            opened.callback(window.close)
            yield from window.receipts()


class _Window:
    """Orders in the hands of a cluster: a few at a time, taken back as soon as they are done.

    Dask would do what is done again, should a worker die that it takes to hold the result.
    """

    def __init__(
        self, client: Any, left: deque[Order], time_limit: float, limit: int | None
    ) -> None:
        self.client = client
        self.left = left
        self.time_limit = time_limit
        self.limit = limit
        self.out: dict[str, tuple[Order, Any]] = {}
        self.ended: SimpleQueue[str] = SimpleQueue()
        self.tries: Counter[str] = Counter()
        self.seen = 0
        self.next_look = 0.0
        self.lonely_since = time.monotonic()

    def receipts(self) -> Iterator[Receipt]:
        """Yield receipts until every order has its own."""
        while self.left or self.out:
            self._look()
            while self.left and len(self.out) < self._most():
                self._submit(self.left.popleft())
            with suppress(Empty):
                receipt = self._settle(self.ended.get(timeout=LOOK_SECONDS))
                if receipt is not None:
                    yield receipt

    def close(self) -> None:
        """Take back what is not done: workers go on with what they are at, and nothing more."""
        with suppress(Exception):  # the scheduler may be gone
            self.client.cancel([future for _, future in self.out.values()], force=True)
        self.out.clear()

    def _look(self) -> None:
        """Look up how many workers there are. Raises AgentsimError, one line, without any."""
        now = time.monotonic()
        if now < self.next_look:
            return
        try:
            self.seen = len(self.client.nthreads())
        except (OSError, TimeoutError, ValueError):
            raise self._lost() from None
        self.next_look = now + LOOK_SECONDS
        if self.seen:
            self.lonely_since = now
        elif now - self.lonely_since > PATIENCE:
            raise AgentsimError(
                f"scheduler {_address(self.client)} has had no workers for {PATIENCE:g} s; start "
                "some and run it again, it goes on from where it was"
            )

    def _most(self) -> int:
        return WINDOW * max(self.seen, 1) if self.limit is None else self.limit

    def _submit(self, order: Order) -> None:
        key = f"agentsim-{order.chunk.name}-{uuid.uuid4().hex}"
        future = self.client.submit(
            do_marked, order, self.time_limit, key=key, pure=False, retries=0
        )
        self.out[key] = order, future
        future.add_done_callback(lambda done: self.ended.put(done.key))

    def _settle(self, key: str) -> Receipt | None:
        """Return the receipt of an order that ended; None where it is to be tried again."""
        from distributed.scheduler import KilledWorker

        order, future = self.out.pop(key)
        if future.status not in ("finished", "error"):
            raise self._lost()
        error = future.exception() if future.status == "error" else None
        answer = ("died", "") if error is not None else future.result()
        future.release()
        if error is not None and not isinstance(error, KilledWorker):
            raise _unable(error, _address(self.client))
        kind, content = answer
        if kind == "hung":
            return put_aside(order, hung(self.time_limit))
        if kind == "deadly":
            return put_aside(order, deadly(MOST_DEATHS))
        if kind == "stranger":
            raise AgentsimError(content)
        if kind != "died":
            return receipt_of(order, answer)
        # Whether the order is to blame is found in its marks by the next who takes it up.
        self.tries[order.chunk.key] += 1
        if self.tries[order.chunk.key] >= MOST_TRIES:
            return put_aside(order, deadly(MOST_TRIES))
        self.left.appendleft(order)
        return None

    def _lost(self) -> AgentsimError:
        return AgentsimError(
            f"scheduler {_address(self.client)} does not answer any more; start it and run it "
            "again, it goes on from where it was"
        )


def _unable(error: BaseException, address: str) -> AgentsimError:
    """Return the error for work that a cluster could not so much as begin."""
    what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    return AgentsimError(
        f"scheduler {address} cannot do the work ({what}); install this version of agentsim there "
        "and restart scheduler and workers"
    )


# Clusters


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise AgentsimError(
            "engine dask needs dask.distributed; pip install 'agentsim[cluster]'"
        ) from None
    return distributed


def _address(client: Any) -> str:
    scheduler = getattr(client, "scheduler", None)
    return str(getattr(scheduler, "address", "") or "that was connected to")


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Connect to a scheduler; it and its workers go on when all is done."""
    distributed = _distributed()
    with _quiet():
        try:
            client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
            what = " ".join(str(error).split())[:200] or type(error).__name__
            raise AgentsimError(
                f"scheduler = {address} does not answer ({what}); give the address that "
                "`dask scheduler` shows, as in tcp://10.0.0.1:8786"
            ) from None
        try:
            yield client
        finally:
            client.close(timeout=5)


@contextmanager
def _own_cluster(workers: int) -> Iterator[Any]:
    """Start a cluster on this machine, and end it within seconds, whatever its workers are at."""
    distributed = _distributed()
    # Workers that die are started anew at any time, so the user's script is kept from them all
    # the while.
    with _quiet(), without_main():
        try:
            with no_interrupt():
                cluster = distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    memory_limit=0,  # a worker that is paused for its memory would never end
                    silence_logs=logging.CRITICAL,
                    scheduler_kwargs={"allowed_failures": 0},  # the marks say who is to blame
                )
                client = distributed.Client(cluster, set_as_default=False)
        except (OSError, TimeoutError, RuntimeError) as error:
            what = " ".join(str(error).split())[:200] or type(error).__name__
            raise AgentsimError(
                f"engine dask: no cluster can be started here ({what}); give fewer --workers, or "
                "--engine pool"
            ) from None
        try:
            yield client
        finally:
            _end(cluster)
            client.close(timeout=5)
            cluster.close(timeout=10)


def _end(cluster: Any) -> None:
    """Kill the workers of a cluster of our own: they would be asked to finish first.

    One that takes the place of a dead one may only just be starting: Dask cannot close a process that
    has no number yet, and gives up over it.
    """
    nannies = list(cluster.workers.values())
    for nanny in nannies:
        nanny.auto_restart = False
    until = time.monotonic() + START_SECONDS
    while any(map(_is_starting, nannies)) and time.monotonic() < until:
        time.sleep(0.02)
    for nanny in nannies:
        if nanny.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGKILL)


def _is_starting(nanny: Any) -> bool:
    """Say whether a nanny has made a process that has no number yet."""
    process = getattr(nanny.process, "process", None)
    return process is not None and process.pid is None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from telling of every worker that comes or goes: a batch copes with that."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "asyncio")]
    before = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for each, level in zip(loggers, before, strict=True):
            each.setLevel(level)


# In a worker

_TURN = threading.Lock()
"""A process does one chunk at a time: strategies need know nothing of threads."""


def do_marked(order: Order, seconds: float) -> tuple[str, Any]:
    """Do an order unless it killed or kept too many workers already; return what became of it."""
    with _TURN:
        try:
            _check_here(order.folder, order.key, order.chunk.round)
            before = list(_marks(order))
            if any(size > 0 for size in before):
                return "hung", ""
            if len(before) >= MOST_DEATHS:
                return "deadly", ""
            load()
            return _watched(order, seconds)
        except AgentsimError as error:
            return "stranger", str(error)
        except OSError as error:
            return "disk", error.strerror or str(error)


def _watched(order: Order, seconds: float) -> tuple[str, Any]:
    """Do an order, with a mark in the folder as long as it is worked at.

    If it does not end, the process does, and the mark says where it was. This is watched by a
    thread of its own that Python's code cannot hold up, whatever it is at.
    """
    mark = _folder(order) / f".{order.chunk.name}.{uuid.uuid4().hex}.mark.tmp"
    mark.parent.mkdir(exist_ok=True)
    with open(mark, "wb") as file:
        faulthandler.dump_traceback_later(min(seconds, MOST_SECONDS), exit=True, file=file)
        try:
            answer = tried(order)
        finally:
            faulthandler.cancel_dump_traceback_later()
    mark.unlink(missing_ok=True)
    return answer


def _folder(order: Order) -> Path:
    return Path(order.folder) / parts.PARTS


def _marks(order: Order) -> Iterator[int]:
    """Yield the sizes of the marks that were left by workers that died at an order."""
    for mark in _folder(order).glob(f".{order.chunk.name}.*.mark.tmp"):
        with suppress(FileNotFoundError):
            yield mark.stat().st_size


@lru_cache(maxsize=8)
def _check_here(folder: str, key: str, round: int) -> None:
    """Ask once a batch that this machine can work at it. Raises AgentsimError, one line."""
    from agentsim.batch.fingerprint import model_key

    here = f"the worker on {socket.gethostname()}"
    until = time.monotonic() + SIGHT_SECONDS
    while not (Path(folder) / work.WORK).exists():
        if time.monotonic() > until:
            raise AgentsimError(
                f"--out {folder} is not seen by {here}; give a folder on a file system that all "
                "workers share"
            )
        time.sleep(0.2)
    plan, _ = work.read(folder, key, round)
    if model_key(plan.scenario, plan.cells) != plan.model:
        raise AgentsimError(
            f"agentsim on {here} is not the version that planned this; install the same there "
            "and restart the workers"
        )
