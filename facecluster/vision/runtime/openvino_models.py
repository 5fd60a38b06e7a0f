"""Networks as OpenVINO models: converted, put into integers, and kept in the user's cache for the next process."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import facecluster
from facecluster._version import __version__
from facecluster.vision.runtime import model_cache, quantization
from facecluster.vision.runtime.network import Recipe
from facecluster.vision.runtime.openvino_library import openvino

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)
_CONVERSION_TIMEOUT = 1800  # seconds; the weights may have to be downloaded


def converted(module: torch.nn.Module, example_shape: tuple[int, ...], varying: tuple[int, ...]) -> Any:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about torch.jit.trace, which OpenVINO's converter uses
        model = openvino().convert_model(module.eval(), example_input=torch.zeros(example_shape))
    model.reshape([-1 if axis in varying else length for axis, length in enumerate(example_shape)])
    return model


def kept_models(wanted: Sequence[tuple[Recipe, bool]]) -> list[Any]:
    """The recipes' networks as OpenVINO models, each in integers if it says so, made where they are not in the cache.

    They are made by a process of its own, so that torch's memory goes when that is done. Raises what a recipe raises.
    """
    if not all(model_cache.has(_cache_key(*each)) for each in wanted) and model_cache.can_keep():
        _convert_apart(wanted)
    return [_kept(*each) for each in wanted]


def _cache_key(recipe: Recipe, in_integers: bool = False) -> str:
    shape = "x".join("n" if axis in recipe.varying else str(length) for axis, length in enumerate(recipe.input_shape))
    openvino_version = openvino().__version__.partition("-")[0]
    details = f"{recipe.version}-{shape}-facecluster-{__version__}-openvino-{openvino_version}"
    if in_integers:
        return f"{recipe.name}-int8@{details}-form-{quantization.FORM}-exact-{recipe.exact_first}"
    return f"{recipe.name}@{details}"


def _kept(recipe: Recipe, in_integers: bool = False) -> Any:
    """The recipe's network as an OpenVINO model, from the user's cache if it is there, and in it afterwards."""

    def make(folder: Path | None) -> Any:
        model = converted(recipe.build(), recipe.input_shape, recipe.varying)
        if in_integers:
            model = quantization.quantise(model, recipe.make_examples(), recipe.exact_first)
        if folder:
            openvino().save_model(model, folder / "model.xml", compress_to_fp16=False)
        return model

    def load(folder: Path) -> Any:
        return openvino().Core().read_model(folder / "model.xml")

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


if __name__ == "__main__":  # the other process of _convert_apart
    for fields, in_integers in json.loads(sys.argv[1]):
        _kept(Recipe.from_fields(fields), in_integers)
