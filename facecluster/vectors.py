"""A cluster's centre and how similar faces are to it, and a sample of rows without chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def centers_of(embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean (k, d) of the embeddings (n, d) in each of the clusters 0 to k - 1 of `labels` (n,); none is empty."""
    counts = np.bincount(labels)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    sums = np.add.reduceat(embeddings[np.argsort(labels, kind="stable")], starts, axis=0)
    return np.asarray(sums / counts[:, None], embeddings.dtype)


def similarity_to_centers(embeddings: np.ndarray, centers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float32 in [-1, 1]: the cosine of each (n, 512) unit embedding to the centre of its cluster."""
    directions = centers / np.maximum(np.linalg.norm(centers, axis=1, keepdims=True), 1e-12)
    return np.einsum("nd,nd->n", embeddings, directions[labels]).astype(np.float32)


def evenly_chosen(rows: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """At most `most` of the rows (n,), evenly spread from the first to the last: the same ones every time."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).round().astype(int)]
