"""A torch module compiled for this machine: by OpenVINO, for CUDA or MPS, or eager torch. Nothing else knows which."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from facecluster.errors import RuntimeChoiceError
from facecluster.vision.runtime import quantization
from facecluster.vision.runtime.choose import ENVIRONMENT_VARIABLE, choose_runtime, full_precision
from facecluster.vision.runtime.network import CompiledModule, Recipe
from facecluster.vision.runtime.openvino_models import converted, kept_models
from facecluster.vision.runtime.openvino_run import OpenVinoRun
from facecluster.vision.runtime.torch_run import TorchRun

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)


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
            return CompiledModule(name, OpenVinoRun(converted(module, example_shape, varying), name))
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
        try:
            models = kept_models(list(zip(recipes, in_integers, strict=True)))
            return tuple(_run_of(model, name, recipe.exact) for model, recipe in zip(models, recipes, strict=True))
        except RuntimeError as error:
            name = _instead_of_openvino(name, runtime, error)
    return tuple(CompiledModule(name, TorchRun(name, recipe.build(), recipe.exact)) for recipe in recipes)


def _run_of(model: Any, name: str, exact: bool) -> CompiledModule:
    name = name if quantization.is_quantised(model) else full_precision(name, exact)
    return CompiledModule(name, OpenVinoRun(model, name))


def _instead_of_openvino(name: str, asked: str, error: RuntimeError) -> str:
    if asked != "auto" or os.environ.get(ENVIRONMENT_VARIABLE, "auto").strip().lower() not in ("", "auto"):
        raise RuntimeChoiceError(f"The runtime {name} cannot run a network ({error}): choose eager.") from error
    logger.warning("OpenVINO cannot run a network, so eager torch does: %s", error)
    return "eager"
