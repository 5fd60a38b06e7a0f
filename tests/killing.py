"""Ending a process at a chosen line of the gallery's code, as a power cut or SIGKILL does."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1] / "facecluster"
FILES = {
    str(PACKAGE / name)
    for name in (
        "workflows/add_photos.py",
        "workflows/uploads.py",
        "gallery/copies.py",
        "gallery/database.py",
        "gallery/deletion.py",
        "gallery/gallery.py",
    )
}
KILLED = 9
_A_LONG_TIME = 30  # seconds


def is_killed_at(line: int, work: Callable[[], object]) -> bool:
    """Whether `work`, in a process of its own, came to the `line`-th line that it runs of the gallery's code, and was
    ended there without a chance to clean up.
    """
    child = os.fork()
    if child == 0:
        signal.alarm(_A_LONG_TIME)  # a fork shares locks with threads that it lacks
        try:
            sys.settrace(_tracer(line))
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, KILLED), "the work failed by itself"
    return status == KILLED


def _tracer(last: int) -> Callable[[FrameType, str, Any], Any]:
    lines = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            lines += 1
            if lines == last:
                os._exit(KILLED)
        return trace

    return trace
