"""A network before and after it is compiled: how to make it, and how to call it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Recipe:
    """How to make a network, in any process: `function` of `module` with `arguments` gives a torch module.

    `name` and `version` tell it and its weights from all others. `input_shape` is a valid shape of input; the axes in
    `varying` may have other lengths in calls. `examples` names the module and the function that gives
    inputs as they will come; only with them can the network be put into integers, all but its first `exact_first`
    convolutions (see `vision.runtime.quantization`). An `exact` one runs in 32-bit floats wherever the device can.
    """

    name: str
    version: str
    module: str
    function: str
    arguments: tuple[str, ...]
    input_shape: tuple[int, ...]
    varying: tuple[int, ...] = (0,)
    examples: tuple[str, str] | tuple[()] = ()
    exact_first: int = 0
    exact: bool = False

    def build(self) -> torch.nn.Module:
        """The network, in eval mode."""
        network: torch.nn.Module = getattr(import_module(self.module), self.function)(*self.arguments)
        return network.eval()

    def make_examples(self) -> np.ndarray:
        """Inputs of the kind that the network will get, float32; for recipes that name some."""
        module, function = self.examples  # type: ignore[misc]
        return np.asarray(getattr(import_module(module), function)(), np.float32)

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Recipe:
        """The recipe whose fields went through JSON, which has lists for tuples."""
        known: dict[str, Any] = {name: tuple(f) if isinstance(f, list) else f for name, f in fields.items()}
        return cls(**known)


class CompiledModule:
    """A network ready to run: call it with a float32 array, get a tuple of float32 arrays. Safe for several threads.

    `name` is the runtime in use, such as `openvino-f32`.
    """

    def __init__(self, name: str, run: Callable[[np.ndarray], Arrays]) -> None:
        self.name = name
        self._run = run

    def __call__(self, batch: np.ndarray) -> Arrays:
        return self._run(np.ascontiguousarray(batch, np.float32))

    def in_batches(self, items: np.ndarray, sizes: Sequence[int]) -> Arrays:
        """Runs at least one item along axis 0 in batches of the given sizes only, and joins the answers.

        Runtimes prepare anew for every new shape, so a few sizes make for steady times. A last batch that lacks a few
        items is filled up with zeros, because one more call would cost more.
        """
        answers = []
        start, left = 0, len(items)
        while left:
            size = _next_size(left, sizes)
            batch = items[start : start + size]
            filled = len(batch)
            if filled < size:
                batch = np.concatenate([batch, np.zeros((size - filled, *batch.shape[1:]), np.float32)])
            answers.append([output[:filled] for output in self(batch)])
            start, left = start + filled, left - filled
        return tuple(np.concatenate(outputs) for outputs in zip(*answers, strict=True))


def _next_size(left: int, sizes: Sequence[int]) -> int:
    """The largest size that `left` items fill to seven eighths, or else the smallest size."""
    return max((size for size in sizes if 8 * left >= 7 * size), default=min(sizes))
