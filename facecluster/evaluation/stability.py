"""Whether the clusters would come back: the same clustering from other seeds and on other samples of the faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from facecluster.clustering.algorithms import group_faces
from facecluster.evaluation.clustering_scores import NO_CLUSTER
from facecluster.evaluation.intervals import CONFIDENCE
from facecluster.progress import IsCancelled, OnProgress, never, stepwise
from facecluster.records import known_persons

SEEDS, BOOTSTRAPS = 5, 20
_ABSENT = -1  # the label of a face that a sample did not draw

# One row per person with at least two faces, least stable first. `together`: the share of the person's pairs of faces
# that share a cluster, mean over the bootstrap samples; `low` and `high`: the middle 95 % of the samples' shares.
STABILITY_COLUMNS = ("person", "faces", "together", "low", "high", "worst")


@dataclass(frozen=True)
class Stability:
    """`people` has STABILITY_COLUMNS. Mean adjusted Rand index over all pairs of runs, on the faces both saw:

    `seed_ari` between the same faces clustered from different seeds, `bootstrap_ari` between bootstrap samples; 1 when
    every run finds the same clusters. `low` and `high` are the middle 95 % of the latter.
    """

    algorithm: str
    n_clusters: int
    seeds: int
    bootstraps: int
    seed_ari: float
    bootstrap_ari: float
    low: float
    high: float
    people: pd.DataFrame


def measure_stability(
    embeddings: np.ndarray,
    persons: Sequence[str | None] | np.ndarray,
    *,
    n_clusters: int,
    algorithm: str = "kmeans",
    seeds: int = SEEDS,
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
    on_progress: OnProgress | None = None,
    cancelled: IsCancelled = never,
) -> Stability:
    """Clusters (n, 512) unit embeddings again and again (Hennig, "Cluster-wise assessment of cluster stability", 2007).

    A bootstrap sample draws n faces with replacement; each drawn face takes part once, so about 63 % do. Faces
    in no cluster are together with nobody. Persons (n,) with None for unknown; without any, `people` is
    empty. Raises ClusteringError (see `group_faces`) and Cancelled.
    """
    n = len(embeddings)
    runs = []
    for run in stepwise(range(seeds + bootstraps), on_progress, cancelled):
        rows = np.arange(n) if run < seeds else np.unique(np.random.default_rng([seed, run]).integers(0, n, n))
        found = group_faces(embeddings[rows], algorithm, min(n_clusters, len(rows)), seed + run).labels
        labels = np.full(n, _ABSENT)
        # Each face in no cluster on its own, so that two of them are not together.
        labels[rows] = np.where(found == NO_CLUSTER, found.max() + 1 + np.arange(len(rows)), found)
        runs.append(labels)
    samples = runs[seeds:] or runs
    agreement = _agreements(samples)
    tail = 100 * (1 - CONFIDENCE) / 2
    return Stability(
        algorithm=algorithm,
        n_clusters=n_clusters,
        seeds=seeds,
        bootstraps=bootstraps,
        seed_ari=float(np.mean(_agreements(runs[:seeds]))),
        bootstrap_ari=float(np.mean(agreement)),
        low=float(np.percentile(agreement, tail)),
        high=float(np.percentile(agreement, 100 - tail)),
        people=_people(samples, persons, tail),
    )


def pairs_together(labels: np.ndarray) -> float:
    """Share of all pairs of (n,) labels that are equal; NaN for fewer than two."""
    n = len(labels)
    if n < 2:
        return float("nan")
    counts = np.unique(labels, return_counts=True)[1]
    return float((counts * (counts - 1)).sum() / (n * (n - 1)))


def _agreements(runs: list[np.ndarray]) -> list[float]:
    """The adjusted Rand index of every pair of runs, over the faces that both saw; one run agrees with itself."""
    from sklearn.metrics import adjusted_rand_score

    found = []
    for one, other in combinations(runs, 2):
        both = (one != _ABSENT) & (other != _ABSENT)
        found.append(float(adjusted_rand_score(one[both], other[both])))
    return found or [1.0]


def _people(runs: list[np.ndarray], persons: Sequence[str | None] | np.ndarray, tail: float) -> pd.DataFrame:
    names = np.asarray(persons, dtype=object)
    rows = []
    for person in sorted(set(names[known_persons(names)].tolist())):
        mine = names == person
        shares = np.array([pairs_together(run[mine & (run != _ABSENT)]) for run in runs])
        shares = shares[~np.isnan(shares)]
        if len(shares):
            low, high = np.percentile(shares, [tail, 100 - tail])
            rows.append((person, int(mine.sum()), shares.mean(), low, high, shares.min()))
    table = pd.DataFrame(rows, columns=list(STABILITY_COLUMNS))
    return table.sort_values(["together", "person"], ignore_index=True)
