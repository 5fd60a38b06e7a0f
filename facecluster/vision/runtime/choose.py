"""Which runtime runs the networks on this machine.

`auto` takes CUDA (half precision) where there is an NVIDIA driver, MPS on Apple silicon, else OpenVINO: in bfloat16
where the processor has it, on other x86 processors with what a recipe allows in 8-bit integers, else in 32-bit floats.
Eager torch always works. The environment variable FACECLUSTER_RUNTIME names another choice for the whole process.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys

from facecluster.errors import RuntimeChoiceError
from facecluster.vision.runtime.openvino_library import processor_abilities

ENVIRONMENT_VARIABLE = "FACECLUSTER_RUNTIME"
RUNTIMES = ("auto", "openvino", "openvino-f32", "openvino-int8", "openvino-bf16", "cuda", "mps", "eager")


def available_runtimes() -> tuple[str, ...]:
    """The runtimes that work on this machine, best first; `eager` is always the last."""
    names = []
    if _cuda_works():
        names.append("cuda")
    if _mps_works():
        names.append("mps")
    return (*names, *_openvino_runtimes(), "eager")


def choose_runtime(runtime: str = "auto") -> str:
    """The runtime that a request comes down to, such as `openvino-f32` for `auto` or `openvino`.

    `auto` asks FACECLUSTER_RUNTIME first. Raises RuntimeChoiceError for a name that is unknown or does not work here.
    """
    origin = "The runtime"
    if runtime == "auto" and os.environ.get(ENVIRONMENT_VARIABLE):
        runtime, origin = os.environ[ENVIRONMENT_VARIABLE].strip().lower(), ENVIRONMENT_VARIABLE
    if runtime == "eager":
        return runtime
    works = available_runtimes()
    if runtime == "auto":
        return works[0]
    found = next((name for name in works if runtime in (name, name.split("-")[0])), None)
    if found is None:
        problem = "does not work on this machine" if runtime in RUNTIMES else "is not known"
        raise RuntimeChoiceError(f"{origin} {runtime!r} {problem}: choose {', '.join(('auto', *works))}.")
    return found


def full_precision(runtime: str, exact: bool = True) -> str:
    """The runtime of an `exact` network; of another, one that comes without examples and so takes no integers."""
    shortened = ("openvino-int8", "openvino-bf16") if exact else ("openvino-int8",)
    return "openvino-f32" if runtime in shortened else runtime


def _cuda_works() -> bool:
    # Asking torch means importing it, which takes seconds; without a driver there is nothing to ask.
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    import torch

    return torch.cuda.is_available()


def _mps_works() -> bool:
    if sys.platform != "darwin" or platform.machine() != "arm64":
        return False
    import torch

    return torch.backends.mps.is_available()


def _openvino_runtimes() -> list[str]:
    able = processor_abilities()
    # Other makers' processors say INT8 too; only with these was it found to be faster.
    integers = "INT8" in able and platform.machine() in ("x86_64", "AMD64")
    works = {"openvino-bf16": "BF16" in able, "openvino-int8": integers, "openvino-f32": bool(able)}
    return [name for name, does in works.items() if does]
