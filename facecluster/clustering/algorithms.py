"""Ways to group faces, in one registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from facecluster.clustering.chinese_whispers import chinese_whispers, pair_threshold
from facecluster.errors import ClusteringError
from facecluster.records import NO_CLUSTER

# Algorithms that hold a number for every pair of faces need 400 MB to 1 GB at this size.
_PAIRS_LIMIT = 10_000
# scikit-learn's defaults, kept: what counts as a group at all.
_MIN_FACES = 5
_CHOSEN = {
    "people": "as many as people",
    "people and others": "the people who have a name, and more without one",
    "suggested": "suggested",
    "fixed": "a fixed number",
}


@dataclass(frozen=True)
class Grouping:
    """`labels` (n,) int, from 0, NO_CLUSTER (-1) for faces in no group; `parameters` what the algorithm worked with."""

    labels: np.ndarray
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Algorithm:
    """A way to group (n, 512) unit embeddings: `run(embeddings, n_clusters, seed)`.

    `needs_number` says whether it must be told the number of clusters; others do not look at it. `all_pairs` ones
    need memory for every pair of faces.
    """

    name: str
    title: str
    run: Callable[[np.ndarray, int, int], Grouping]
    needs_number: bool
    all_pairs: bool = False


def _kmeans(X: np.ndarray, n: int, seed: int) -> Grouping:
    # Here, since scikit-learn takes a second to load, which is too much for a page that only names the algorithms.
    from facecluster.clustering.face_clusterer import FaceClusterer

    return Grouping(FaceClusterer(n, random_state=seed).fit(X).labels_, {"n_clusters": n})


def _kmeans_suggested(X: np.ndarray, n: int, seed: int) -> Grouping:
    from facecluster.clustering.number_of_clusters import suggest_n_clusters

    return _kmeans(X, suggest_n_clusters(X, random_state=seed).n_clusters, seed)


def _mini_batch(X: np.ndarray, n: int, seed: int) -> Grouping:
    from sklearn.cluster import MiniBatchKMeans

    return Grouping(MiniBatchKMeans(n, n_init=10, random_state=seed).fit_predict(X), {"n_clusters": n, "n_init": 10})


def _bisecting(X: np.ndarray, n: int, seed: int) -> Grouping:
    from sklearn.cluster import BisectingKMeans

    return Grouping(BisectingKMeans(n, n_init=10, random_state=seed).fit_predict(X), {"n_clusters": n, "n_init": 10})


def _ward(X: np.ndarray, n: int, seed: int) -> Grouping:
    return Grouping(_agglomerative(X, n_clusters=n, linkage="ward"), {"n_clusters": n})


def _average(X: np.ndarray, n: int, seed: int) -> Grouping:
    return Grouping(_agglomerative(X, n_clusters=n, metric="cosine", linkage="average"), {"n_clusters": n})


def _average_threshold(X: np.ndarray, n: int, seed: int) -> Grouping:
    found = pair_threshold(X)
    labels = _agglomerative(
        X, n_clusters=None, metric="cosine", linkage="average", distance_threshold=1 - found.similarity
    )
    return Grouping(labels, {"similarity": found.similarity, "similarity_by": found.by})


def _agglomerative(X: np.ndarray, **settings: Any) -> np.ndarray:
    from sklearn.cluster import AgglomerativeClustering

    if len(X) == 1:  # scikit-learn refuses it
        return np.zeros(1, int)
    return np.asarray(AgglomerativeClustering(**settings).fit_predict(X))


def _hdbscan(X: np.ndarray, n: int, seed: int) -> Grouping:
    from sklearn.cluster import HDBSCAN

    parameters = {"min_cluster_size": _MIN_FACES}
    if len(X) < _MIN_FACES:  # scikit-learn refuses them
        return Grouping(np.full(len(X), NO_CLUSTER), parameters)
    return Grouping(HDBSCAN(min_cluster_size=_MIN_FACES, copy=True).fit_predict(X), parameters)


def _dbscan(X: np.ndarray, n: int, seed: int) -> Grouping:
    from sklearn.cluster import DBSCAN

    found = pair_threshold(X)
    labels = DBSCAN(eps=1 - found.similarity, min_samples=_MIN_FACES, metric="cosine").fit_predict(X)
    parameters = {"similarity": found.similarity, "similarity_by": found.by, "min_samples": _MIN_FACES}
    return Grouping(labels, parameters)


def _whispers(X: np.ndarray, n: int, seed: int) -> Grouping:
    found = pair_threshold(X)
    labels = chinese_whispers(X, found.similarity, seed)
    return Grouping(labels, {"similarity": found.similarity, "similarity_by": found.by})


ALGORITHMS: dict[str, Algorithm] = {
    each.name: each
    for each in (
        Algorithm("kmeans", "KMeans", _kmeans, needs_number=True),
        Algorithm("kmeans-suggested", "KMeans, suggested number", _kmeans_suggested, needs_number=False),
        Algorithm("mini-batch-kmeans", "MiniBatchKMeans", _mini_batch, needs_number=True),
        Algorithm("bisecting-kmeans", "Bisecting KMeans", _bisecting, needs_number=True),
        Algorithm("ward", "Agglomerative, Ward", _ward, needs_number=True, all_pairs=True),
        Algorithm("average", "Agglomerative, average", _average, needs_number=True, all_pairs=True),
        Algorithm(
            "average-threshold", "Agglomerative, threshold", _average_threshold, needs_number=False, all_pairs=True
        ),
        Algorithm("hdbscan", "HDBSCAN", _hdbscan, needs_number=False, all_pairs=True),
        Algorithm("dbscan", "DBSCAN", _dbscan, needs_number=False),
        Algorithm("chinese-whispers", "Chinese whispers", _whispers, needs_number=False),
    )
}


def algorithm_named(name: str) -> Algorithm:
    """Raises ClusteringError when there is no such algorithm."""
    if name not in ALGORITHMS:
        raise ClusteringError(f"There is no algorithm {name}: choose {', '.join(ALGORITHMS)}.")
    return ALGORITHMS[name]


def group_faces(embeddings: np.ndarray, name: str, n_clusters: int, seed: int = 0) -> Grouping:
    """Runs one algorithm. Raises ClusteringError when it does not exist or cannot work on so many faces or clusters."""
    algorithm = algorithm_named(name)
    check_number(n_clusters, len(embeddings))
    if reason := too_many(algorithm, len(embeddings)):
        raise ClusteringError(f"{reason}: choose another algorithm.")
    return algorithm.run(embeddings, n_clusters, seed)


def how_made(summary: Mapping[str, Any]) -> str:
    """`KMeans, 12 clusters (as many as people)`: the algorithm and parameters of a `gallery.clusterings.summary()`."""
    name, parameters, number = summary["algorithm"], summary["parameters"], summary["n_clusters"]
    words = [_CHOSEN[parameters["chosen_by"]]] if parameters.get("chosen_by") in _CHOSEN else []
    if "similarity" in parameters:
        words.append(f"similar from {parameters['similarity']:.2f} on")
    if "min_samples" in parameters:
        words.append(f"{parameters['min_samples']} similar faces make a cluster")
    if "min_cluster_size" in parameters:
        words.append(f"{parameters['min_cluster_size']} faces or more each")
    title = ALGORITHMS[name].title if name in ALGORITHMS else name
    clusters = f"{title}, {number:,} cluster{'' if number == 1 else 's'}"
    return f"{clusters} ({', '.join(words)})" if words else clusters


def why_so(summary: Mapping[str, Any]) -> str:
    """One sentence on what the clusters of a `gallery.clusterings.summary()` come from; empty where nothing was chosen.

    `KMeans started from average linkage, whose clusters are more distinct (mean silhouette 0.50 against 0.19).`
    """
    parameters, faces = summary["parameters"], summary.get("faces")
    if parameters.get("note"):
        return str(parameters["note"])
    if parameters.get("n_clusters") == 1:
        return "One cluster cannot be otherwise: it holds every face."
    if faces is not None and parameters.get("n_clusters") == faces:
        return "One cluster for each face cannot be otherwise: every face is alone."
    silhouettes = parameters.get("silhouettes") or {}
    if not {"kmeans", "average"} <= set(silhouettes):
        return ""
    kmeans, average = silhouettes["kmeans"], silhouettes["average"]
    if parameters.get("method") == "average":
        return (
            "KMeans started from average linkage, whose clusters are more distinct than its own (mean silhouette "
            f"{average:.2f} against {kmeans:.2f}): some people have many faces, others few."
        )
    return (
        "KMeans' clusters are kept, for average linkage's are no more distinct (mean silhouette "
        f"{average:.2f} against {kmeans:.2f})."
    )


def distinct_sentence(embeddings: np.ndarray, n_clusters: int) -> str:
    """Says when more clusters are asked for than there are different faces; else empty."""
    # Whole faces are compared only where their first numbers, which tell nearly all of them apart, leave a doubt.
    if n_clusters <= len(np.unique(embeddings[:, 0])):
        return ""
    different = len(np.unique(embeddings, axis=0))
    if n_clusters <= different:
        return ""
    return (
        f"Only {different:,} of the {len(embeddings):,} faces differ, so {n_clusters:,} clusters split copies of one."
    )


def check_number(n_clusters: int, faces: int) -> None:
    """Raises ClusteringError when so many clusters cannot be made of so many faces."""
    if faces == 0:
        raise ClusteringError("The gallery holds no faces yet: index photos first.")
    if not 1 <= n_clusters <= faces:
        raise ClusteringError(
            f"{n_clusters} clusters cannot be made of {faces} faces: choose a number from 1 to {faces}."
        )


def too_many(algorithm: Algorithm, faces: int) -> str:
    """Why an algorithm is not for so many faces; empty when it is."""
    if algorithm.all_pairs and faces > _PAIRS_LIMIT:
        return f"{algorithm.title} compares all pairs and is meant for up to {_PAIRS_LIMIT:,} faces, not {faces:,}"
    return ""
