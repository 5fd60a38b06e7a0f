"""Algorithms side by side: one table of how they group the same faces."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from facecluster.clustering.algorithms import ALGORITHMS, Algorithm, Grouping, algorithm_named, check_number, too_many
from facecluster.evaluation.clustering_scores import NO_CLUSTER, evaluate_clustering
from facecluster.progress import IsCancelled, OnProgress, never, stepwise

# One row per algorithm, in the order of ALGORITHMS. Figures about persons are NaN where nobody is labelled; `note` says
# why an algorithm was not run, or what its figures leave out.
COMPARISON_COLUMNS = (
    "algorithm",
    "title",
    "needs_number",
    "clusters",
    "left_out",
    "accuracy",
    "purity",
    "ari",
    "nmi",
    "bcubed_precision",
    "bcubed_recall",
    "bcubed_f1",
    "seconds",
    "peak_memory_mb",
    "note",
)
_SCORES = ("accuracy", "purity", "ari", "nmi", "bcubed_precision", "bcubed_recall", "bcubed_f1")
# Memory is measured on a second run, since tracing the first would slow it down up to tenfold.
_MOSTLY_ALONE = 0.9  # of the faces: then an algorithm that seeks the number has found none
_TRACED_UP_TO = 10.0  # seconds


def compare_algorithms(
    embeddings: np.ndarray,
    persons: Sequence[str | None] | np.ndarray,
    *,
    n_clusters: int,
    seed: int = 0,
    suggested: int | None = None,
    suggestion_seconds: float = 0.0,
    names: Sequence[str] | None = None,
    on_labels: Callable[[str, np.ndarray], None] = lambda name, labels: None,
    on_progress: OnProgress | None = None,
    cancelled: IsCancelled = never,
) -> pd.DataFrame:
    """COMPARISON_COLUMNS of the algorithms `names` (default: all) on (n, 512) unit embeddings.

    Those that need a number get `n_clusters`. `suggested` is a number that a sweep suggested already, which took
    `suggestion_seconds`: KMeans with the suggested number takes it, and its `seconds` count the sweep's. In the figures
    about persons (see `evaluate_clustering`) every face in no cluster counts as one of its own. `peak_memory_mb` is
    what Python and numpy allocated at most beyond what was held before, as tracemalloc sees it in a second run
    (compiled code's own buffers are not in it); NaN where the first took more than 10 seconds. `on_labels` is told
    each algorithm's name and labels (n,), a negative one of its own for every face in no cluster. Raises
    ClusteringError when there are fewer faces than clusters, and Cancelled.
    """
    check_number(n_clusters, len(embeddings))
    chosen = [algorithm_named(name) for name in names or ALGORITHMS]
    if suggested is not None:
        kmeans = partial(_with_number, ALGORITHMS["kmeans"], min(suggested, len(embeddings)))
        chosen = [replace(each, run=kmeans) if each.name == "kmeans-suggested" else each for each in chosen]
    rows = [
        _row(algorithm, embeddings, persons, n_clusters, seed, on_labels)
        for algorithm in stepwise(chosen, on_progress, cancelled)
    ]
    table = pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS))
    if suggested is not None:
        reused = table["algorithm"] == "kmeans-suggested"
        table.loc[reused, "seconds"] = (table.loc[reused, "seconds"] + suggestion_seconds).round(3)
        table.loc[reused, "note"] = "the suggestion's memory is not counted"
    return table


def best_without_number(comparison: pd.DataFrame, *, suggested: bool = True) -> pd.Series | None:
    """The row of the highest ARI among the algorithms that were told no number; None when nothing was measured.

    KMeans with a number that the sweep suggests is one of them; with `suggested=False` only those that need none.
    """
    free = ~comparison["needs_number"].astype(bool) & comparison["ari"].notna()
    if not suggested:
        free &= comparison["algorithm"] != "kmeans-suggested"
    return comparison.loc[comparison["ari"].where(free).idxmax()] if free.any() else None


def apart_from_all(labels: np.ndarray) -> np.ndarray:
    """The labels with a negative one of its own for every face in no cluster, as the metrics count them."""
    left_out = labels == NO_CLUSTER
    return np.where(left_out, NO_CLUSTER - np.cumsum(left_out) + 1, labels)


def _with_number(algorithm: Algorithm, number: int, X: np.ndarray, n: int, seed: int) -> Grouping:
    return algorithm.run(X, number, seed)


def _row(
    algorithm: Algorithm,
    embeddings: np.ndarray,
    persons: Sequence[str | None] | np.ndarray,
    n_clusters: int,
    seed: int,
    on_labels: Callable[[str, np.ndarray], None],
) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COMPARISON_COLUMNS, np.nan) | {
        "algorithm": algorithm.name,
        "title": algorithm.title,
        "needs_number": algorithm.needs_number,
        "note": too_many(algorithm, len(embeddings)),
    }
    if row["note"]:
        return row
    start = time.perf_counter()
    labels = algorithm.run(embeddings, n_clusters, seed).labels
    row["seconds"] = round(time.perf_counter() - start, 3)
    on_labels(algorithm.name, apart_from_all(labels))
    if row["seconds"] <= _TRACED_UP_TO:
        peak = _peak_memory(lambda: algorithm.run(embeddings, n_clusters, seed))
        row["peak_memory_mb"] = round(peak / 2**20, 1)
    row["clusters"] = len(np.unique(labels[labels != NO_CLUSTER]))
    row["left_out"] = int((labels == NO_CLUSTER).sum())
    if row["clusters"] + row["left_out"] > _MOSTLY_ALONE * len(labels) and not algorithm.needs_number:
        row["note"] = "hardly two faces together: their similarities show no gap between one person and two"
    if pd.notna(np.asarray(persons, dtype=object)).any():
        scores = evaluate_clustering(apart_from_all(labels), persons)
        bcubed = (scores.bcubed.precision, scores.bcubed.recall, scores.bcubed.f1)
        values = (scores.accuracy, scores.purity, scores.ari, scores.nmi, *bcubed)
        row |= dict(zip(_SCORES, values, strict=True))
    return row


def _peak_memory(run: Callable[[], Grouping]) -> int:
    """The most bytes that Python and numpy held while `run` ran, beyond those before."""
    ours = not tracemalloc.is_tracing()
    if ours:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        run()
        return max(tracemalloc.get_traced_memory()[1] - before, 0)
    finally:
        if ours:
            tracemalloc.stop()
