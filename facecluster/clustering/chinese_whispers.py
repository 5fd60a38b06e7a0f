"""Grouping faces without knowing how many people there are: Chinese whispers on a graph of similar faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facecluster.vectors import evenly_chosen

if TYPE_CHECKING:
    import networkx

RUNS = 5
# Links of one face: as many neighbours as approximate rank-order clustering looks at (Otto, Wang & Jain 2017).
_MAX_LINKS = 200
_CHUNK = 1024
# Similarities of pairs are seen on a grid of this width, smoothed over three cells to each side.
_CELL, _SMOOTHING = 0.01, 3
_MAX_FACES = 4000
# The pairs of different people spread about normally below their most frequent similarity; four standard deviations
# above it lies one in thirty thousand of a normal distribution, and about one in a thousand of the real, longer tail.
_FAR = 4.0
# How many times its own counting error the second hill must rise out of the valley to be believed.
_CLEAR = 3.0


@dataclass(frozen=True)
class PairThreshold:
    """The cosine in [-1, 1] from which two faces probably show one person; `by` is "valley" or "tail"."""

    similarity: float
    by: str


def pair_threshold(embeddings: np.ndarray) -> PairThreshold:
    """Where the similarities of all pairs of (n, 512) unit embeddings fall apart into two hills, without any label.

    The large hill is pairs of different people, the small one beyond it pairs of one person: the threshold is the
    bottom of the valley between them ("valley"). With few faces a person, or very many people, the small hill does
    not show; then it is where the large one has run out, four standard deviations of its lower side above its top
    ("tail"). Beyond 4,000 faces, so many taken evenly are looked at.
    """
    from scipy.ndimage import gaussian_filter1d

    faces = embeddings[evenly_chosen(np.arange(len(embeddings)), _MAX_FACES)]
    edges = np.linspace(-1, 1, round(2 / _CELL) + 1)
    counts = np.zeros(len(edges) - 1)
    for start in range(0, len(faces), _CHUNK):
        part = np.clip(faces[start : start + _CHUNK] @ faces[start:].T, -1, 1)
        counts += np.histogram(part[np.triu_indices_from(part, 1)], edges)[0]
    middles = (edges[:-1] + edges[1:]) / 2
    smooth = gaussian_filter1d(counts, _SMOOTHING)
    top = int(smooth.argmax())
    ahead = np.maximum.accumulate(smooth[::-1])[::-1] - smooth
    valley = top + int(ahead[top:].argmax())
    if ahead[valley] > _CLEAR * np.sqrt(ahead[valley] + 2 * smooth[valley]):
        return PairThreshold(float(middles[valley]), "valley")
    below = np.arange(len(middles)) <= top
    spread = np.sqrt(np.average((middles[below] - middles[top]) ** 2, weights=counts[below] + 1e-12))
    return PairThreshold(float(min(middles[top] + _FAR * spread, 1 - _CELL)), "tail")


def chinese_whispers(embeddings: np.ndarray, threshold: float, seed: int = 0, runs: int = RUNS) -> np.ndarray:
    """Labels (n,) int of (n, 512) unit embeddings; faces that nothing links to are alone.

    Faces whose cosine reaches `threshold` are linked, and every face in turn takes the label that weighs most among
    its neighbours, until none changes (Biemann, "Chinese whispers", 2006; dlib groups faces so; networkx knows it as
    asynchronous label propagation, Raghavan, Albert and Kumara 2007). The order of turns is drawn by `seed`, and
    sometimes a bad one joins two people: of `runs` orders the one is kept whose clusters agree most with the others'
    (adjusted Rand index).
    """
    from sklearn.metrics import adjusted_rand_score

    graph = _linked(embeddings, threshold)
    found = [_whisper(graph, np.random.default_rng([seed, run])) for run in range(runs)]
    agreement = [sum(adjusted_rand_score(one, other) for other in found) for one in found]
    return found[int(np.argmax(agreement))]


def _linked(embeddings: np.ndarray, threshold: float) -> networkx.Graph:
    """The faces' rows, linked by their cosines."""
    import networkx

    graph = networkx.Graph()
    graph.add_nodes_from(range(len(embeddings)))
    for start in range(0, len(embeddings), _CHUNK):
        for row, similarities in enumerate(embeddings[start : start + _CHUNK] @ embeddings.T, start):
            similarities[row] = -2
            near = np.flatnonzero(similarities >= threshold)
            if len(near) > _MAX_LINKS:
                near = near[np.argsort(-similarities[near], kind="stable")[:_MAX_LINKS]]
            ends = zip(near.tolist(), similarities[near].tolist(), strict=True)
            graph.add_weighted_edges_from((row, other, cosine) for other, cosine in ends)
    return graph


def _whisper(graph: networkx.Graph, rng: np.random.Generator) -> np.ndarray:
    from networkx.algorithms.community import asyn_lpa_communities

    labels = np.empty(len(graph), int)
    for label, faces in enumerate(asyn_lpa_communities(graph, weight="weight", seed=rng)):
        labels[list(faces)] = label
    return labels
