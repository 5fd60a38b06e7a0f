"""Running a network in torch itself: eager on the CPU, or on a CUDA or MPS device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facecluster.vision.runtime.network import Arrays

if TYPE_CHECKING:
    import torch


def _device(name: str) -> torch.device:
    import torch

    return torch.device("cpu" if name == "eager" else name)


class TorchRun:
    """Runs a torch module as it is: `eager` on the CPU, `mps`, or `cuda`, in half precision unless `exact`."""

    def __init__(self, name: str, module: torch.nn.Module, exact: bool = False) -> None:
        import torch

        self._device = _device(name)
        self._dtype = torch.float16 if name == "cuda" and not exact else torch.float32
        self._module = module.eval().to(self._device, self._dtype)

    def __call__(self, batch: np.ndarray) -> Arrays:
        import torch

        with torch.inference_mode():
            outputs = self._module(torch.from_numpy(batch).to(self._device, self._dtype))
            if isinstance(outputs, torch.Tensor):
                outputs = (outputs,)
            return tuple(output.float().cpu().numpy() for output in outputs)
