"""Silhouettes by cosine without a matrix of all pairs: the mean cosine to a cluster is the product with its mean."""

from __future__ import annotations

import numpy as np

from facecluster.vectors import centers_of

_CELLS = 8_000_000  # faces times clusters looked at in one piece: 32 MB


def face_silhouettes(embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(n,) float32 in [-1, 1]: each face's silhouette by cosine distance (Rousseeuw, "Silhouettes", 1987).

    embeddings: (n, d) of unit norm; labels: (n,) int. A face that is alone counts 0, as do all in a single cluster.
    Time grows with faces times clusters, memory with faces.
    """
    labels = np.unique(labels, return_inverse=True)[1]
    counts = np.bincount(labels)
    if len(counts) == 1:
        return np.zeros(len(labels), np.float32)
    centers = centers_of(embeddings, labels)
    values = np.empty(len(labels), np.float32)
    step = max(1, _CELLS // len(counts))
    for start in range(0, len(labels), step):
        part = slice(start, start + step)
        rows, mine = np.arange(len(labels[part])), labels[part]
        cosines = embeddings[part] @ centers.T
        itself = np.einsum("nd,nd->n", embeddings[part], embeddings[part])
        own = own_cosine(cosines[rows, mine], counts[mine], itself)
        cosines[rows, mine] = -np.inf
        values[part] = silhouettes_of(own, cosines.max(axis=1), counts[mine])
    return values


def own_cosine(mean: np.ndarray, counts: np.ndarray, itself: np.ndarray | float = 1.0) -> np.ndarray:
    """The mean cosine of faces to the other `counts` - 1 of their cluster, from that to all of them."""
    return (mean * counts - itself) / np.maximum(counts - 1, 1)


def silhouettes_of(own: np.ndarray, nearest: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Silhouettes from the mean cosine to the own cluster's others and to the nearest other cluster."""
    within, apart = 1 - own, 1 - nearest
    values = (apart - within) / np.maximum(np.maximum(apart, within), 1e-12)
    return np.where(counts == 1, 0, values)
