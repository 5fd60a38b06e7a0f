"""Running an OpenVINO model on the processor's cores."""

from __future__ import annotations

import os
import queue
import threading
from typing import Any

import numpy as np

from facecluster.errors import RuntimeChoiceError
from facecluster.vision.runtime.network import Arrays
from facecluster.vision.runtime.openvino_library import openvino

_this_thread = threading.local()
_runs_in: int | None = None  # the process that OpenVINO has its threads in


def share_processors() -> None:
    """Says of the calling thread that others like it work beside it, so that each had best keep to one processor.

    Meant as the `initializer` of a pool with about as many threads as processors.
    """
    _this_thread.shares = True


def shares_processors() -> bool:
    """Whether the calling thread is one of those."""
    return getattr(_this_thread, "shares", False)


def _require_own_process() -> None:
    """Raises RuntimeChoiceError where a call would wait for ever, for threads that a fork does not copy."""
    global _runs_in
    _runs_in = _runs_in or os.getpid()
    if _runs_in != os.getpid():
        raise RuntimeChoiceError(
            "OpenVINO does not work in a process that was forked from one where it ran: start worker processes with "
            'multiprocessing.get_context("spawn").'
        )


class OpenVinoRun:
    """Runs a model on the CPU: one call at a time on all cores, or any number of calls on one core each.

    The first is quicker for a single photo. The second does more in all, since no core waits for another, and so it
    is for the threads of `share_processors`.
    """

    def __init__(self, model: Any, name: str) -> None:
        self._model = model
        self._precision = "bf16" if name == "openvino-bf16" else "f32"
        self._outputs = len(model.outputs)
        self._lock = threading.Lock()
        self._wide: queue.LifoQueue[Any] = queue.LifoQueue()
        self._wide.put(self._compiled(streams=1).create_infer_request())
        self._narrow: Any = None
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()

    def _compiled(self, streams: int) -> Any:
        _require_own_process()
        settings = {
            "INFERENCE_PRECISION_HINT": self._precision,
            # Without streams a call runs in its caller's thread alone, with the numbers still in that core's cache.
            "NUM_STREAMS": str(streams),
            # Tied to cores, threads of several networks or processes wait for one core while another is idle.
            "ENABLE_CPU_PINNING": "NO",
        }
        return openvino().Core().compile_model(self._model, "CPU", settings)

    def __call__(self, batch: np.ndarray) -> Arrays:
        _require_own_process()
        narrow = shares_processors()
        request = self._narrow_request() if narrow else self._wide.get()
        try:
            answer = request.infer({0: batch}, share_inputs=True)
            return tuple(answer[index] for index in range(self._outputs))
        finally:
            (self._idle if narrow else self._wide).put(request)

    def _narrow_request(self) -> Any:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            with self._lock:
                if self._narrow is None:
                    self._narrow = self._compiled(streams=0)
            return self._narrow.create_infer_request()
