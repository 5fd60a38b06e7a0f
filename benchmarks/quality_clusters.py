"""How right groups and their number are on collections of unequal and of many people, before and now.

"Before" is KMeans alone and the sweep of silhouette and stability alone. Draws come from a gallery of labelled photos.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

from benchmarks.cluster_shapes import LFW_FEW, LFW_MANY, draw_sizes, synthetic_people
from facecluster import FaceClusterer, Gallery, evaluate_clustering, suggest_n_clusters
from facecluster.clustering import number_of_clusters

_UNEQUAL = {f"40:{few}, {others} others": (40, *(few,) * others) for others in (5, 7) for few in (1, 2, 3, 5)}
_ZIPF = {"Zipf, 17 people": tuple(max(1, 40 // rank) for rank in range(1, 18))}
_EVEN = {
    f"{people} people of {faces}": (faces,) * people
    for people, faces in ((17, 40), (12, 40), (8, 20), (5, 40), (4, 5), (12, 3), (2, 10))
}
_SYNTHETIC = {"158 people of 10 to 530, synthetic": LFW_MANY, "1,537 people of 2 to 10, synthetic": LFW_FEW}


def measure_quality_clusters(gallery: Path | None, draws: int) -> list[dict[str, Any]]:
    """One row a shape: mean and lowest accuracy at the right number, and how far the suggested number is off."""
    rows = []
    shapes = _ZIPF | _EVEN if gallery else {}
    plan = [(name, sizes, draws) for name, sizes in (_UNEQUAL if gallery else {}).items()]
    plan += [(name, sizes, max(1, draws // 4)) for name, sizes in shapes.items()]
    for name, sizes, number in plan:
        assert gallery is not None
        rows.append(_row(name, _drawn(gallery, sizes, number)))
    for name, sizes in _SYNTHETIC.items():
        rows.append(_row(name, (synthetic_people(sizes, seed) for seed in range(max(1, draws // 10)))))
    return rows


def _drawn(folder: Path, sizes: tuple[int, ...], draws: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    faces = Gallery.open(folder, create=False).faces()
    known = np.array([person is not None for person in faces.persons])
    for seed in range(draws):
        yield draw_sizes(faces.embeddings[known], faces.persons[known].astype(str), sizes, seed)


def _row(name: str, samples: Iterator[tuple[np.ndarray, np.ndarray]]) -> dict[str, Any]:
    found = pd.DataFrame([_measure(embeddings, persons) for embeddings, persons in samples])
    row: dict[str, Any] = {"shape": name, "draws": len(found)}
    for when in ("before", "now"):
        off = found[f"{when}_number"] / found["people"] - 1
        by = (found[f"{when}_number"] - found["people"]).abs()
        row |= {
            f"{when}_accuracy": round(float(found[f"{when}_accuracy"].mean()), 3),
            f"{when}_lowest": round(float(found[f"{when}_accuracy"].min()), 3),
            f"{when}_number_off": f"{off.mean():+.1%}",
            f"{when}_exact": round(float((by == 0).mean()), 2),
            f"{when}_within_1": round(float((by <= 1).mean()), 2),
        }
    return row | {
        "by_average": round(float(found["average"].mean()), 2),
        "seconds": round(float(found["seconds"].mean()), 1),
    }


def _measure(embeddings: np.ndarray, persons: np.ndarray) -> dict[str, Any]:
    names = np.array([str(person) for person in persons], object)
    people = len(np.unique(names))
    start = time.perf_counter()
    now = FaceClusterer(people, random_state=0).fit(embeddings)
    seconds = time.perf_counter() - start
    before = FaceClusterer(people, method="kmeans", random_state=0).fit(embeddings)
    with mock.patch.object(number_of_clusters, "_is_overruled", return_value=False):
        number_before = suggest_n_clusters(embeddings).n_clusters
    return {
        "people": people,
        "before_accuracy": evaluate_clustering(before.labels_, names).accuracy,
        "now_accuracy": evaluate_clustering(now.labels_, names).accuracy,
        "before_number": number_before,
        "now_number": suggest_n_clusters(embeddings).n_clusters,
        "average": now.method_ == "average",
        "seconds": seconds,
    }
