"""OpenVINO itself, imported so that it sends nothing anywhere and does not lock up."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any

import numpy as np

logger = logging.getLogger(__name__)
_import_lock = threading.Lock()


def openvino() -> Any:
    """The module openvino, imported so that it sends nothing anywhere. Raises ImportError."""
    with _import_lock:
        # Its converter reports every import and conversion to its maker through this package, and takes a stub that
        # does nothing where the package cannot be imported: None here means just that.
        if "openvino_telemetry" not in sys.modules:
            sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
        import openvino
        import openvino.opset13

        # The first tensors of a process, made in two threads at once, wait for each other for ever: one holds the
        # interpreter's lock and waits for numpy's interface to be set up, the other sets it up and waits for the lock.
        openvino.Tensor(np.zeros(1, np.float32))
        return openvino


def processor_abilities() -> list[str]:
    """What OpenVINO says that this machine's processor computes in, such as BF16; nothing where OpenVINO does not work.

    Where it works there is at least FP32.
    """
    try:
        return list(openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    except (ImportError, OSError, RuntimeError) as error:
        logger.info("OpenVINO does not work here: %s", error)
        return []
