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
from multiprocessing.connection import Connection, wait
from typing import Any

from agentsim.batch.engine import MOST_DEATHS, cannot_write, deadly, hung
from agentsim.batch.work import Order, Receipt, do, set_aside

SLOW_START = 60.0
"""Seconds that a worker may need on top for its first chunk: it loads the model."""


@dataclass
class Worker:
    """A process and what it is at."""

    process: Any
    pipe: Connection
    order: Order | None = None
    due: float = 0.0
    """When its chunk should be done, by the monotonic clock."""
    fresh: bool = True

    def give(self, order: Order, seconds: float) -> None:
        """Hand out an order."""
        self.order = order
        self.due = time.monotonic() + seconds + (SLOW_START if self.fresh else 0.0)
        self.fresh = False
        with suppress(OSError):  # a worker that is dead is seen to be so
            self.pipe.send(order)

    def stop(self) -> None:
        """End the process, whatever it is at."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Pool:
    """A pool of worker processes."""

    def __init__(self, workers: int, time_limit: float) -> None:
        self.workers = workers
        self.time_limit = time_limit

    def receipts(self, orders: Sequence[Order]) -> Generator[Receipt]:
        """Get every order done and yield its receipt, in no particular order."""
        left = deque(orders)
        deaths: Counter[str] = Counter()
        workers = [_start() for _ in range(min(self.workers, len(left)))]
        try:
            while True:
                for worker in workers:
                    if worker.order is None and left:
                        worker.give(left.popleft(), self.time_limit)
                busy = [worker for worker in workers if worker.order is not None]
                if not busy:
                    return
                for worker in _ready(busy):
                    receipt = self._settle(worker, workers, left, deaths)
                    if receipt is not None:
                        yield receipt
        finally:
            for worker in workers:
                worker.stop()

    def _settle(
        self, worker: Worker, workers: list[Worker], left: deque[Order], deaths: Counter[str]
    ) -> Receipt | None:
        """Return the receipt of a worker's chunk; None where the chunk is to be tried again."""
        order = worker.order
        assert order is not None  # only busy workers are asked
        answer = _answer(worker)
        if answer is not None:
            worker.order = None
            return _receipt(order, answer)
        late = worker.process.is_alive() and time.monotonic() >= worker.due
        worker.stop()
        workers[workers.index(worker)] = _start()
        if late:
            return _set_aside(order, hung(self.time_limit))
        deaths[order.chunk.key] += 1
        if deaths[order.chunk.key] >= MOST_DEATHS:
            return _set_aside(order, deadly(MOST_DEATHS))
        left.appendleft(order)
        return None


def _ready(busy: list[Worker]) -> list[Worker]:
    """Wait until some workers have answered, died or are late, and return them."""
    soonest = min(worker.due for worker in busy)
    things: list[Any] = [each for w in busy for each in (w.pipe, w.process.sentinel)]
    ready = set(wait(things, timeout=max(soonest - time.monotonic(), 0.0)))
    now = time.monotonic()
    return [w for w in busy if w.pipe in ready or w.process.sentinel in ready or now >= w.due]


def _answer(worker: Worker) -> tuple[str, Any] | None:
    """Return what a worker has to say; None if it died or is late."""
    try:
        if worker.pipe.poll():
            answer: tuple[str, Any] = worker.pipe.recv()
            return answer
    except (EOFError, OSError):
        pass
    return None


def _receipt(order: Order, answer: tuple[str, Any]) -> Receipt:
    kind, content = answer
    if kind == "receipt":
        assert isinstance(content, Receipt)
        return content
    if kind == "disk":
        raise cannot_write(order, content)
    raise RuntimeError(f"a worker failed at chunk {order.chunk.name}:\n{content}")


def _set_aside(order: Order, why: str) -> Receipt:
    try:
        return set_aside(order, why)
    except OSError as error:
        raise cannot_write(order, error.strerror or str(error)) from None


# Starting workers


def _start() -> Worker:
    context = multiprocessing.get_context("spawn")  # the global start method is left alone
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs,), daemon=True)
    with _without_main(), _no_interrupt():  # a worker inherits that Ctrl-C is ignored
        process.start()
    theirs.close()  # so that the pipe ends when the worker does
    return Worker(process, ours)


@contextmanager
def _without_main() -> Iterator[None]:
    """Keep workers from importing the user's script: they need none of it.

    Otherwise a script without `if __name__ == "__main__"` would start itself again and again.
    """
    main = sys.modules["__main__"]
    before = {name: vars(main)[name] for name in ("__spec__", "__file__") if name in vars(main)}
    main.__spec__ = None
    vars(main).pop("__file__", None)
    try:
        yield
    finally:
        vars(main).update(before)


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


# In a worker


def _work(pipe: Connection) -> None:
    # Ctrl-C reaches every process of the terminal; only the one that hands out work answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()
    while True:
        try:
            order = pipe.recv()
        except EOFError:
            return
        pipe.send(_tried(order))


def _tried(order: Order) -> tuple[str, Any]:
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
    if parent is not None:
        parent.join()
        os._exit(1)
