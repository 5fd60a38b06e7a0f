"""Which runtimes work here, and a process that knows nothing of this one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from facecluster.vision.runtime.choose import available_runtimes

ROOT = Path(__file__).resolve().parents[1]
WORKING = available_runtimes()
needs_openvino = pytest.mark.skipif("openvino-f32" not in WORKING, reason="OpenVINO does not work on this machine")


def run_apart(code: str, home: Path) -> str:
    """What a new Python process with an empty home prints.

    It finds the package by its own path, which the processes that it starts do not inherit, as PYTHONPATH would be.
    """
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "USERPROFILE": str(home)}
    found = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", found + code], capture_output=True, text=True, cwd=home, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class TwoHeads(nn.Module):
    """A small network of the kind MTCNN's are: convolution, PReLU, two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.PReLU(8), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.left, self.right = nn.Linear(8, 2), nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.body(x)
        return torch.softmax(self.left(features), dim=1), self.right(features)


def batch(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)
