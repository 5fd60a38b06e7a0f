"""Photos on their way through indexing: read ahead, put into batches, worked off, in bounded memory and in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import Any, Protocol

from facecluster.indexing.extraction import Task, read_photo
from facecluster.photos.sources import PhotoSource
from facecluster.waiting import AbandonableThreads, result_of

BATCH_SIZE = 16
_SMALLEST_BATCH = 4
_READ_AHEAD = 2 * BATCH_SIZE
_HELD_BYTES = 256 * 2**20  # contents that were read and are not settled; one larger file goes alone
_BATCH_BYTES = 32 * 2**20  # so that several batches fit, and workers do not wait for each other


class Wait(Protocol):
    """Calls a function in a thread that may be abandoned, and waits for what it returns."""

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any: ...


class Conveyor:
    """Takes the photos of a source through reading, deciding and processing.

    Everything that was read and is not settled lies in one of three places: being read, in the batch that is forming,
    or in a batch that is worked on. While their sum is at its limit nothing more is read; then the batch that is
    forming is handed on however small, and after that the oldest batch is waited for. So one of the three always goes
    on, and the run never waits for bytes that it holds itself.
    """

    def __init__(
        self,
        source: PhotoSource,
        readers: AbandonableThreads,
        processors: Executor,
        workers: int,
        batch_size: int,
        cancelled: Callable[[], bool],
    ) -> None:
        self._source = source
        self._readers = readers
        self._processors = processors
        self._workers = workers
        self._batch_size = batch_size
        self._cancelled = cancelled
        self._held = 0
        self._next = 0
        self._reading: deque[tuple[int, Future[Task]]] = deque()
        self._forming: list[Task] = []
        self._working: deque[tuple[int, Future[list[Task]]]] = deque()

    def settled(
        self, decide: Callable[[Task, Wait], Task], process: Callable[[Sequence[Task]], list[Task]]
    ) -> Iterator[list[Task]]:
        """The batches, every task in them settled, in the order of the source.

        `decide` is called in this thread, in order. Raises Cancelled also while a read hangs.
        """
        batched = 0
        while self._next < len(self._source) or self._reading or self._forming or self._working:
            self._read_ahead()
            if self._reading and len(self._working) <= self._workers:
                task = self._read()
                if task.starved:
                    batched += self._hand_on(process)
                    while self._working:
                        yield self._oldest()
                    task = self._wait(read_photo, task.photo)
                self._forming.append(decide(task, self._wait))
                self._held += len(self._forming[-1].content)
            can_read = bool(self._reading) or self._may_read()
            if self._is_full(self._wanted(len(self._source) - batched)) or not can_read:
                batched += self._hand_on(process)
            if self._working and (len(self._working) > self._workers or not can_read):
                yield self._oldest()

    def _read_ahead(self) -> None:
        while len(self._reading) < _READ_AHEAD and self._may_read():
            photo = self._source[self._next]
            self._next += 1
            self._held += photo.size
            self._reading.append((photo.size, self._readers.submit(read_photo, photo)))

    def _may_read(self) -> bool:
        if self._next == len(self._source):
            return False
        return not self._held or self._held + self._source[self._next].size <= _HELD_BYTES

    def _read(self) -> Task:
        """The next task; from then on what was really read counts, not what the source had said."""
        size, future = self._reading.popleft()
        task = result_of(future, self._cancelled)
        self._held -= size
        return task

    def _wanted(self, left: int) -> int:
        # Smaller batches at the end: else one worker has a whole one to do when the others are done.
        return min(self._batch_size, max(_SMALLEST_BATCH, left // (2 * self._workers)))

    def _is_full(self, wanted: int) -> bool:
        return len(self._forming) >= wanted or sum(len(task.content) for task in self._forming) >= _BATCH_BYTES

    def _hand_on(self, process: Callable[[Sequence[Task]], list[Task]]) -> int:
        """Gives the batch that is forming to a worker; returns how many tasks it has, which may be none."""
        batch, self._forming = self._forming, []
        if batch:
            self._working.append((sum(len(task.content) for task in batch), self._processors.submit(process, batch)))
        return len(batch)

    def _oldest(self) -> list[Task]:
        size, future = self._working.popleft()
        batch = result_of(future, self._cancelled)
        self._held -= size
        return batch

    def _wait(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return result_of(self._readers.submit(function, *arguments), self._cancelled)
