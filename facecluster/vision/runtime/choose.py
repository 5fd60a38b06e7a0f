"""A torch module compiled for this machine: OpenVINO, CUDA, MPS, or eager torch. Nothing else knows which one runs.

`auto` takes CUDA (half precision) where there is an NVIDIA driver, MPS on Apple silicon, else OpenVINO: in bfloat16
where the processor has it, on other x86 processors with what a recipe allows in 8-bit integers, else in 32-bit floats.
Eager torch always works. The environment variable FACECLUSTER_RUNTIME names
another choice for the whole process.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import platform
import queue
import subprocess
import sys
import threading
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import facecluster
from facecluster.errors import RuntimeChoiceError
from facecluster.vision.runtime import model_cache, quantization
from facecluster.vision.runtime.network import Arrays, CompiledModule, Recipe, TorchRun

if TYPE_CHECKING:
    import torch

ENVIRONMENT_VARIABLE = "FACECLUSTER_RUNTIME"
RUNTIMES = ("auto", "openvino", "openvino-f32", "openvino-int8", "openvino-bf16", "cuda", "mps", "eager")

logger = logging.getLogger(__name__)
_import_lock = threading.Lock()
_this_thread = threading.local()
_runs_in: int | None = None  # the process that OpenVINO has its threads in
_CONVERSION_TIMEOUT = 1800  # seconds; the weights may have to be downloaded


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


def compile_module(
    module: torch.nn.Module,
    example_shape: tuple[int, ...],
    *,
    runtime: str = "auto",
    varying: tuple[int, ...] = (0,),
) -> CompiledModule:
    """Prepares a network in eval mode for calls with float32 arrays.

    `example_shape` is a valid input shape; only the axes in `varying` may have another length in calls. A network
    that OpenVINO cannot take runs in eager torch instead, unless a runtime was asked for. Raises RuntimeChoiceError.
    """
    name = full_precision(choose_runtime(runtime), exact=False)
    if name.startswith("openvino"):
        try:
            return CompiledModule(name, _OpenVinoRun(_converted(module, example_shape, varying), name))
        except RuntimeError as error:
            name = _instead_of_openvino(name, runtime, error)
    return CompiledModule(name, TorchRun(name, module))


def compile_recipes(recipes: Sequence[Recipe], *, runtime: str = "auto") -> tuple[CompiledModule, ...]:
    """Prepares networks like `compile_module`, and keeps what OpenVINO made of them in the user's cache.

    The next process then needs neither the networks nor torch; and the first one leaves the making to a process of
    its own, so that torch's memory goes when that is done. Raises RuntimeChoiceError, and what a recipe raises.
    """
    name = choose_runtime(runtime)
    if name.startswith("openvino"):
        in_integers = [bool(recipe.examples) and name == "openvino-int8" for recipe in recipes]
        wanted = list(zip(recipes, in_integers, strict=True))
        if not all(model_cache.has(_cache_key(*each)) for each in wanted) and model_cache.can_keep():
            _convert_apart(wanted)
        try:
            return tuple(_run_of(_kept(*each), name, each[0].exact) for each in wanted)
        except RuntimeError as error:
            name = _instead_of_openvino(name, runtime, error)
    return tuple(CompiledModule(name, TorchRun(name, recipe.build(), recipe.exact)) for recipe in recipes)


def _run_of(model: Any, name: str, exact: bool) -> CompiledModule:
    name = name if quantization.is_quantised(model) else full_precision(name, exact)
    return CompiledModule(name, _OpenVinoRun(model, name))


def share_processors() -> None:
    """Says of the calling thread that others like it work beside it, so that each had best keep to one processor.

    Meant as the `initializer` of a pool with about as many threads as processors.
    """
    _this_thread.shares = True


def shares_processors() -> bool:
    """Whether the calling thread is one of those."""
    return getattr(_this_thread, "shares", False)


# --- which ones work here ------------------------------------------------------------------------------------------


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
    try:
        able = _openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except (ImportError, OSError, RuntimeError) as error:
        logger.info("OpenVINO does not work here: %s", error)
        return []
    # Other makers' processors say INT8 too; only with these was it found to be faster.
    integers = "INT8" in able and platform.machine() in ("x86_64", "AMD64")
    works = {"openvino-bf16": "BF16" in able, "openvino-int8": integers, "openvino-f32": True}
    return [name for name, does in works.items() if does]


def _instead_of_openvino(name: str, asked: str, error: RuntimeError) -> str:
    if asked != "auto" or os.environ.get(ENVIRONMENT_VARIABLE, "auto").strip().lower() not in ("", "auto"):
        raise RuntimeChoiceError(f"The runtime {name} cannot run a network ({error}): choose eager.") from error
    logger.warning("OpenVINO cannot run a network, so eager torch does: %s", error)
    return "eager"


# --- OpenVINO: from a torch module to a model ----------------------------------------------------------------------


def _openvino() -> Any:
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


def _converted(module: torch.nn.Module, example_shape: tuple[int, ...], varying: tuple[int, ...]) -> Any:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about torch.jit.trace, which OpenVINO's converter uses
        model = _openvino().convert_model(module.eval(), example_input=torch.zeros(example_shape))
    model.reshape([-1 if axis in varying else length for axis, length in enumerate(example_shape)])
    return model


def _cache_key(recipe: Recipe, in_integers: bool = False) -> str:
    from facecluster._version import __version__

    shape = "x".join("n" if axis in recipe.varying else str(length) for axis, length in enumerate(recipe.input_shape))
    openvino_version = _openvino().__version__.partition("-")[0]
    details = f"{recipe.version}-{shape}-facecluster-{__version__}-openvino-{openvino_version}"
    if in_integers:
        return f"{recipe.name}-int8@{details}-form-{quantization.FORM}-exact-{recipe.exact_first}"
    return f"{recipe.name}@{details}"


def _kept(recipe: Recipe, in_integers: bool = False) -> Any:
    """The recipe's network as an OpenVINO model, from the user's cache if it is there, and in it afterwards."""

    def make(folder: Path | None) -> Any:
        model = _converted(recipe.build(), recipe.input_shape, recipe.varying)
        if in_integers:
            model = quantization.quantised(_openvino(), model, recipe.make_examples(), recipe.exact_first)
        if folder:
            _openvino().save_model(model, folder / "model.xml", compress_to_fp16=False)
        return model

    def load(folder: Path) -> Any:
        return _openvino().Core().read_model(folder / "model.xml")

    return model_cache.load_or_make(_cache_key(recipe, in_integers), load, make)


def _convert_apart(wanted: Sequence[tuple[Recipe, bool]]) -> None:
    """Fills the cache from another process. Its failure is no harm: this process then does it, and tells why."""
    task = json.dumps([(asdict(recipe), in_integers) for recipe, in_integers in wanted])
    command = [sys.executable, "-m", __name__, task]
    place = Path(str(facecluster.__file__)).resolve().parents[1]  # from where it is found, wherever this module lies
    try:
        subprocess.run(
            command, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=_CONVERSION_TIMEOUT
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.info("Networks could not be prepared in another process: %s", error)


# --- OpenVINO: running a model -------------------------------------------------------------------------------------


def _require_own_process() -> None:
    """Raises RuntimeChoiceError where a call would wait for ever, for threads that a fork does not copy."""
    global _runs_in
    _runs_in = _runs_in or os.getpid()
    if _runs_in != os.getpid():
        raise RuntimeChoiceError(
            "OpenVINO does not work in a process that was forked from one where it ran: start worker processes with "
            'multiprocessing.get_context("spawn").'
        )


class _OpenVinoRun:
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
        return _openvino().Core().compile_model(self._model, "CPU", settings)

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


if __name__ == "__main__":  # the other process of _convert_apart
    for fields, in_integers in json.loads(sys.argv[1]):
        _kept(Recipe.from_fields(fields), in_integers)
