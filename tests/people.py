"""People as points on a sphere: embeddings whose grouping is known, for tests that need no photo."""

from __future__ import annotations

import numpy as np


def unit(vectors: np.ndarray) -> np.ndarray:
    """(n, 512) float32 of unit norm."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def draw_people(
    people: int, faces: int, *, scatter: float = 0.6, seed: int = 0, alike: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings (people * faces, 512) and persons (object). The cosine of two faces of one person is about
    1 / (1 + scatter²), of different people about `alike` times that."""
    rng = np.random.default_rng(seed)
    common = unit(rng.normal(size=512))
    centers = np.sqrt(alike) * common + np.sqrt(1 - alike) * unit(rng.normal(size=(people, 512)))
    around = centers[:, None] + scatter * unit(rng.normal(size=(people, faces, 512)))
    names = [f"person {person:02d}" for person in range(people)]
    return unit(around.reshape(-1, 512)), np.repeat(np.array(names, dtype=object), faces)
