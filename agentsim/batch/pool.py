"""Pool: chunks in processes of this machine, which may die or hang without harm to the others.

Every worker has a pipe of its own, so that one that is killed in the middle of a word holds no lock
that others wait for. Python's own pool gives up altogether when a process dies.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from agentsim.batch.engine import MOST_DEATHS, cannot_write, deadly, hung
from agentsim.batch.work import Order, Receipt, do, set_aside
from agentsim.errors import AgentsimError

SLOW_START = 120.0
"""Seconds that a worker may take to load the model, on a busy machine or a slow disk."""
LONGEST_WAIT = 3600.0
"""Seconds to wait at once: the system knows no time limit of months."""
MOST_FALSE_STARTS = 10
"""Workers in a row that may end before they have loaded the model."""


@dataclass
class Worker:
    """A process and what it is at."""

    process: Any
    pipe: Connection
    due: float
    """When it should be heard of again, by the monotonic clock."""
    ready: bool = False
    """Whether it has loaded the model; only then is it given orders, and blamed on them."""
    order: Order | None = None

    def give(self, order: Order, seconds: float) -> None:
        """Hand out an order."""
        self.order = order
        self.due = time.monotonic() + seconds
        with suppress(OSError):  # a worker that is dead is seen to be so
            self.pipe.send(order)

    def stop(self) -> None:
        """End the process, whatever it is at."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.pipe.close()


class Pool:
    """A pool of worker processes."""

    def __init__(self, workers: int, time_limit: float) -> None:
        self.workers = workers
        self.time_limit = time_limit

    def receipts(self, orders: Sequence[Order]) -> Generator[Receipt]:
        """Get every order done and yield its receipt, in no particular order."""
        crew = _Crew(deque(orders), self.workers, self.time_limit)
        try:
            while waiting := crew.at_work():
                for worker in _heard_of(waiting):
                    receipt = crew.settle(worker)
                    if receipt is not None:
                        yield receipt
        finally:
            for worker in crew.workers:
                worker.stop()


class _Crew:
    """Workers, what is left for them to do, and what became of those before them."""

    def __init__(self, left: deque[Order], most: int, time_limit: float) -> None:
        self.left = left
        self.most = most
        self.time_limit = time_limit
        self.workers: list[Worker] = []
        self.deaths: Counter[str] = Counter()
        self.false_starts = 0

    def at_work(self) -> list[Worker]:
        """Hand out orders, and return the workers that will be heard of; none when all is done."""
        for worker in list(self.workers):
            if not self.left or not worker.ready or worker.order is not None:
                continue
            if worker.process.is_alive():
                worker.give(self.left.popleft(), self.time_limit)
            else:  # it was killed at rest: no order is to blame
                self.dismiss(worker)
        busy = [worker for worker in self.workers if worker.order is not None]
        while len(self.workers) < min(self.most, len(busy) + len(self.left)):
            self.workers.append(_start())
        return busy + [each for each in self.workers if self.left and not each.ready]

    def dismiss(self, worker: Worker) -> None:
        """End a worker; another is started if there is work for it."""
        self.workers.remove(worker)
        worker.stop()

    def settle(self, worker: Worker) -> Receipt | None:
        """Return the receipt of a worker's order; None where there is none as yet."""
        answer = _answer(worker)
        if answer is not None and not worker.ready:
            worker.ready, self.false_starts = True, 0
            return None
        order, worker.order = worker.order, None
        if answer is not None:
            assert order is not None  # it has nothing else to tell of
            return receipt_of(order, answer)
        late = worker.process.is_alive() and time.monotonic() >= worker.due
        self.dismiss(worker)
        if order is None:
            self._false_start()
            return None
        if late:
            return put_aside(order, hung(self.time_limit))
        self.deaths[order.chunk.key] += 1
        if self.deaths[order.chunk.key] >= MOST_DEATHS:
            return put_aside(order, deadly(MOST_DEATHS))
        self.left.appendleft(order)
        return None

    def _false_start(self) -> None:
        self.false_starts += 1
        if self.false_starts >= MOST_FALSE_STARTS:
            raise AgentsimError(
                f"engine pool: {self.false_starts} workers in a row ended before they began; "
                "see what they said above, or work without them: --engine here"
            )


def _heard_of(waiting: list[Worker]) -> list[Worker]:
    """Wait until some workers have answered, died or are late, and return them."""
    soonest = min(worker.due for worker in waiting)
    things: list[Any] = [each for w in waiting for each in (w.pipe, w.process.sentinel)]
    patience = min(max(soonest - time.monotonic(), 0.0), LONGEST_WAIT)
    ready = set(wait(things, timeout=patience))
    now = time.monotonic()
    return [w for w in waiting if w.pipe in ready or w.process.sentinel in ready or now >= w.due]


def _answer(worker: Worker) -> tuple[str, Any] | None:
    """Return what a worker has to say; None if it died or is late."""
    try:
        if worker.pipe.poll():
            answer: tuple[str, Any] = worker.pipe.recv()
            return answer
    except (EOFError, OSError):
        pass
    return None


def receipt_of(order: Order, answer: tuple[str, Any]) -> Receipt:
    """Return the receipt in an answer. Raises AgentsimError, one line, for a disk that is full."""
    kind, content = answer
    if kind == "receipt":
        assert isinstance(content, Receipt)
        return content
    if kind == "disk":
        raise cannot_write(order, content)
    raise RuntimeError(f"a worker failed at chunk {order.chunk.name}:\n{content}")


def put_aside(order: Order, why: str) -> Receipt:
    """Set an order aside. Raises AgentsimError, one line, for a disk that is full."""
    try:
        return set_aside(order, why)
    except OSError as error:
        raise cannot_write(order, error.strerror or str(error)) from None


# Starting workers


def _start() -> Worker:
    context = multiprocessing.get_context("spawn")  # the global start method is left alone
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs,), daemon=True)
    try:
        with without_main(), no_interrupt():
            process.start()
    except OSError as error:
        ours.close()
        raise AgentsimError(
            f"engine pool: no worker can be started: {error.strerror}; give fewer --workers"
        ) from None
    finally:
        theirs.close()  # so that the pipe ends when the worker does
    return Worker(process, ours, time.monotonic() + SLOW_START)


@contextmanager
def without_main() -> Iterator[None]:
    """Keep workers from importing the user's script: they need none of it.

    Otherwise a script without `if __name__ == "__main__"` would start itself again and again.
    """
    main = sys.modules["__main__"]
    names = ("__spec__", "__file__")
    before: dict[str, Any] = {name: vars(main)[name] for name in names if name in vars(main)}
    main.__spec__ = None
    vars(main).pop("__file__", None)
    try:
        yield
    finally:
        vars(main).update(before)


@contextmanager
def no_interrupt() -> Iterator[None]:
    """Put off Ctrl-C for a moment; processes and threads begun in it never hear of it.

    Ctrl-C reaches every process of the terminal; only the one that hands out work answers it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # begun within, it would end what is put off too early
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# In a worker


def _work(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    load()
    with suppress(EOFError, OSError):  # whoever hands out work is gone
        pipe.send(("ready", None))
        while True:
            pipe.send(tried(pipe.recv()))


def load() -> None:
    """Import now what a first chunk would import, so that it is not slower than the others."""
    from pyarrow import parquet

    assert parquet


def tried(order: Order) -> tuple[str, Any]:
    """Do an order and return what became of it: "receipt", "disk" or "error", and more."""
    try:
        return "receipt", do(order)
    except OSError as error:
        return "disk", error.strerror or str(error)
    except MemoryError:
        os._exit(1)  # as good as killed: another worker may have the room
    except Exception:
        return "error", traceback.format_exc()


def _follow_parent() -> None:
    """End with the process that hands out work, should that be killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    # A process that was forked off the parent may hold the parent's end of the pipe.
    while os.getppid() == parent.pid and parent.is_alive():
        parent.join(timeout=5.0)
    os._exit(1)
