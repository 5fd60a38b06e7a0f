"""How much memory may be held at once, and what a lack of it looks like."""

from __future__ import annotations

import errno
import mmap
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

# What libraries say, in errors of other classes, when the system gives them no memory: numpy and Python raise
# MemoryError, torch and OpenVINO RuntimeError, OpenCV its own error.
_SIGNS = (
    "bad_alloc",
    "bad alloc",
    "can't alloc",
    "cannot allocate",
    "failed to allocate",
    "insufficient memory",
    "out of memory",
    "not enough memory",  # libavif and libheif; libtiff
)


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether an error, of whatever library, says that there was too little memory."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return any(sign in str(error).lower() for sign in _SIGNS)


def is_free(size: int) -> bool:
    """Whether the system would give `size` bytes now. Some decoders call a file damaged when it does not."""
    try:
        mmap.mmap(-1, max(size, 1)).close()
    except (OSError, MemoryError, OverflowError):
        return False
    return True


class Budget:
    """Bytes that threads may hold together, first come, first served. What is larger than all of it is granted alone.

    A thread that waits must hold nothing of it: then whoever holds something goes on and gives it back, so that no two
    wait for each other.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = 0
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()

    def take(self, size: int) -> None:
        """Waits until `size` bytes fit, or until nothing else is held."""
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._waiting[0] is ticket and self._fits(size))
            self._waiting.popleft()
            self._held += size
            self._changed.notify_all()

    def try_to_take(self, size: int) -> bool:
        """Takes `size` bytes if they fit and nobody waits; whether it did."""
        with self._changed:
            if self._waiting or not self._fits(size):
                return False
            self._held += size
            return True

    def give_back(self, size: int) -> None:
        with self._changed:
            self._held -= size
            self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Waits until nothing is held, and keeps it so."""
        self.take(self.limit + 1)
        try:
            yield
        finally:
            self.give_back(self.limit + 1)

    def _fits(self, size: int) -> bool:
        return not self._held or self._held + size <= self.limit
