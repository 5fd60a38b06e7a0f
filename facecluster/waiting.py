"""Waiting for work that may never end: a read from a disk that hangs blocks its thread, and must block nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any, TypeVar

from facecluster.errors import Cancelled

T = TypeVar("T")
Call = Callable[[], None]

_LOOK = 0.1  # seconds between two looks at whether to go on waiting


class AbandonableThreads:
    """A few threads that take calls in turn, and that may be left behind.

    Unlike those of `concurrent.futures`, which the interpreter waits for when it ends, they are daemons: a process
    whose read hangs still ends at Ctrl+C, SIGTERM or its last line. So they are for reading, not for what must be done.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._threads = threads
        for number in range(threads):
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True).start()

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        future: Future[T] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function(*arguments))
                except BaseException as error:
                    future.set_exception(error)

        self._calls.put(call)
        return future

    def close(self) -> None:
        """The threads end once they are through with what was submitted; nothing waits for that."""
        for _ in range(self._threads):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            del call  # else what it took and gave would be held until the next one comes


def result_of(future: Future[T], cancelled: Callable[[], bool]) -> T:
    """The future's result. Raises Cancelled, within a fraction of a second, once `cancelled()` while it is not done."""
    while not future.done():
        wait([future], _LOOK)
        if cancelled() and not future.done():
            raise Cancelled("Cancelled: what was done until then is kept.")
    return future.result()


def run_abandonable(work: Callable[[], T], cancelled: Callable[[], bool] = lambda: False) -> T:
    """What `work` returns, done in a thread that is left behind when `cancelled()`; then raises Cancelled."""
    threads = AbandonableThreads(1, "abandonable")
    future = threads.submit(work)
    threads.close()
    return result_of(future, cancelled)
