"""Long calculations step by step: progress told after each, and a place to stop before the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from facecluster.errors import Cancelled

OnProgress = Callable[[int, int], None]
IsCancelled = Callable[[], bool]

Item = TypeVar("Item")


def never() -> bool:
    """The default of every `cancelled`."""
    return False


def stepwise(
    items: Iterable[Item], on_progress: OnProgress | None = None, cancelled: IsCancelled = never
) -> Iterator[Item]:
    """The items one by one; calls `on_progress(done, total)` before the first and after each.

    Raises Cancelled before an item once `cancelled()` is true.
    """
    work = list(items)
    if on_progress:
        on_progress(0, len(work))
    for done, item in enumerate(work, 1):
        if cancelled():
            raise Cancelled("The evaluation was cancelled: the gallery is as it was.")
        yield item
        if on_progress:
            on_progress(done, len(work))
