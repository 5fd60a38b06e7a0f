"""What networks are shown, and how a failure of their weights reads."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

from facecluster.errors import WeightsError
from facecluster.samples.sample_photos import draw_portrait


def one_sentence(error: pytest.ExceptionInfo[WeightsError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert "Traceback" not in text
    assert text.endswith(".")
    assert not re.search(r"\.\s+[A-Z]", text), text
    return text


def inputs() -> Iterator[np.ndarray]:
    """Noise, nothing and two drawn faces, each (1, 3, 160, 160) float32."""
    rng = np.random.default_rng(0)
    yield from (rng.normal(size=(1, 3, 160, 160)).astype(np.float32) for _ in range(2))
    yield np.zeros((1, 3, 160, 160), np.float32)
    for person in range(2):
        portrait = np.asarray(draw_portrait(person, 1).convert("RGB").resize((160, 160)), np.float32)
        yield ((portrait - 127.5) / 128).transpose(2, 0, 1)[None].copy()
