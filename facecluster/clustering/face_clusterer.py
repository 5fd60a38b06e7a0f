"""Faces into groups: FaceClusterer, a scikit-learn estimator."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.cluster import AgglomerativeClustering, KMeans, MiniBatchKMeans
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import (
    euclidean_distances,
    pairwise_distances,
    pairwise_distances_argmin,
    pairwise_distances_argmin_min,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from facecluster.clustering.average_linkage import AverageTree
from facecluster.clustering.silhouette_search import SEARCHED, improve
from facecluster.clustering.silhouettes import face_silhouettes
from facecluster.records import Clustering
from facecluster.vectors import centers_of

# Up to here every restart sees all faces; Ward's tree then takes 100 MB and a second.
_FULL_LIMIT = 5_000
# Beyond, Ward's tree is built on this many faces a cluster, and at most on as many as fit 600 MB of distances.
_SAMPLE_PER_CLUSTER = 10
_SAMPLE_LIMIT = 12_000
_PASSES = 10  # over all faces, from a start that is already good: more change inertia by less than 0.1 %
_COMPONENTS = 64
_MAX_SPLITS = 50
# Faces times clusters times random starts, and times merges with a split: a few seconds each.
_STARTS, _SPLITS = 2_000_000, 10_000_000
# Mean silhouettes this close tell nothing: then KMeans is right more often than average linkage.
CLEARLY = 0.01


class FaceClusterer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):
    """KMeans on unit embeddings that does not get stuck in a bad start.

    KMeans finds the optimum near its start, and on faces a random start is often a bad one (two people in one cluster,
    another person split in two). This one starts from Ward's hierarchical clustering, which needs no luck, and from
    `n_init` random starts on the first 64 principal components; takes the best; and then merges the two closest
    clusters and splits the widest for as long as that lowers the inertia (the split-and-merge of Ueda et al., "SMEM
    algorithm for mixture models", 2000). Beyond 5,000 faces Ward's method sees a sample, a few passes over all faces
    follow, and there are no restarts; beyond 1,200 clusters, mini-batches take its place.

    Inertia pays for cutting up whoever has many faces, not for telling those with few apart. So on unit embeddings
    KMeans' passes also start from average linkage (cosine), mended by `silhouette_search`, and that result is taken
    where its mean silhouette (cosine) is higher by 0.01.

    Parameters
    ----------
    n_clusters : int, default=8
    n_init : int, default=10
        Random starts beside Ward's; fewer where faces times clusters are more than 200,000 a start.
    algorithm : {"auto", "full", "sampled"}, default="auto"
        Whether starts are sought among all faces or a sample; "auto" goes by size.
    method : {"auto", "kmeans"}, default="auto"
        "kmeans" seeks the lowest inertia alone.
    mend : bool, default=True
        Whether average linkage's clusters are mended before they are compared: right more often, and most of the time
        where the number of clusters is far off.
    random_state : int or None, default=None
        Seeds the random starts. On well separated faces every seed gives the same clusters.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,), int32
    cluster_centers_ : ndarray of shape (n_clusters, n_features), float32
        Means of the clusters' faces; not of unit norm.
    inertia_ : float
        Sum of squared Euclidean distances of the faces to their centres.
    algorithm_ : str
        "full", "sampled" or "mini-batch": what was done.
    n_init_ : int
        How many random starts were made.
    method_ : str
        "kmeans" or "average": which start the clusters come from.
    silhouettes_ : dict of str to float
        Mean silhouette (cosine) by start; empty where there was nothing to choose.
    n_features_in_ : int
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        n_init: int = 10,
        algorithm: Literal["auto", "full", "sampled"] = "auto",
        method: Literal["auto", "kmeans"] = "auto",
        mend: bool = True,
        random_state: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_init = n_init
        self.algorithm = algorithm
        self.method = method
        self.mend = mend
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Clusters the embeddings `X` of shape (n_samples, n_features), float32. Raises ValueError."""
        X = validate_data(self, X, dtype=[np.float32, np.float64], order="C")
        if not isinstance(self.n_clusters, int | np.integer) or not 1 <= self.n_clusters <= len(X):
            raise ValueError(f"n_clusters must be between 1 and n_samples={len(X)}, got {self.n_clusters!r}")
        if self.algorithm not in ("auto", "full", "sampled"):
            raise ValueError(f"algorithm must be 'auto', 'full' or 'sampled', got {self.algorithm!r}")
        if self.method not in ("auto", "kmeans"):
            raise ValueError(f"method must be 'auto' or 'kmeans', got {self.method!r}")
        by_size: Literal["full", "sampled"] = "full" if len(X) <= _FULL_LIMIT else "sampled"
        wanted = by_size if self.algorithm == "auto" else self.algorithm
        fitted = self._best_start(X, self._fit_full(X) if wanted == "full" else self._fit_sampled(X))
        self.labels_ = fitted.labels_
        self.cluster_centers_ = fitted.cluster_centers_
        self.inertia_ = float(fitted.inertia_)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The nearest cluster of each row of `X`: (n_samples,) int32."""
        return pairwise_distances_argmin(self._checked(X), self.cluster_centers_).astype(np.int32)

    def transform(self, X: Any) -> np.ndarray:
        """The Euclidean distance of each row of `X` to each centre: (n_samples, n_clusters)."""
        return np.asarray(euclidean_distances(self._checked(X), self.cluster_centers_))

    def score(self, X: Any, y: Any = None) -> float:
        """Minus the inertia of `X` on the fitted centres: 0 at best, as KMeans scores."""
        _, distances = pairwise_distances_argmin_min(self._checked(X), self.cluster_centers_)
        return -float((distances.astype(np.float64) ** 2).sum())

    @property
    def _n_features_out(self) -> int:
        return len(self.cluster_centers_)

    def _checked(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, dtype=[np.float32, np.float64], order="C", reset=False))

    def _best_start(self, X: np.ndarray, kmeans: KMeans) -> KMeans:
        """Of KMeans and its passes from average linkage's clusters, the one of more distinct clusters."""
        self.method_, self.silhouettes_ = "kmeans", {}
        if self.method == "kmeans" or not 2 <= self.n_clusters < len(X) or not _of_unit_norm(X):
            return kmeans
        labels = AverageTree(X).cut(self.n_clusters)
        if self.mend and len(X) * self.n_clusters <= SEARCHED:
            labels = improve(X, labels)
        average = self._lloyd(X, centers_of(X, labels), passes=_PASSES)
        found = {"kmeans": kmeans, "average": average}
        self.silhouettes_ = {name: float(face_silhouettes(X, each.labels_).mean()) for name, each in found.items()}
        if self.silhouettes_["average"] > self.silhouettes_["kmeans"] + CLEARLY:
            self.method_ = "average"
        return found[self.method_]

    def _fit_full(self, X: np.ndarray) -> KMeans:
        work = len(X) * self.n_clusters
        self.algorithm_ = "full"
        self.n_init_ = min(self.n_init, _STARTS // work) if len(X) > 1 else 0
        if len(X) == 1:  # neither a tree nor components
            return self._lloyd(X, X)
        reduced = self._reduced(X)
        ward = AgglomerativeClustering(self.n_clusters, linkage="ward").fit_predict(reduced)
        best = self._lloyd(X, centers_of(X, ward))
        if self.n_init_:
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", ConvergenceWarning
                )  # where there are fewer distinct faces than clusters
                start = KMeans(self.n_clusters, n_init=self.n_init_, random_state=self.random_state).fit(reduced)
            if len(np.unique(start.labels_)) == self.n_clusters:
                rival = self._lloyd(X, centers_of(X, start.labels_))
                best = min(best, rival, key=lambda fitted: fitted.inertia_)
        for _ in range(min(_MAX_SPLITS, max(1, _SPLITS // work))):
            rival = self._lloyd(X, self._merge_and_split(X, best))
            if not rival.inertia_ < best.inertia_ * (1 - 1e-6):
                break
            best = rival
        return best

    def _fit_sampled(self, X: np.ndarray) -> KMeans:
        size = min(len(X), max(_FULL_LIMIT, _SAMPLE_PER_CLUSTER * self.n_clusters))
        if size > _SAMPLE_LIMIT:
            self.algorithm_, self.n_init_ = "mini-batch", 1
            return MiniBatchKMeans(self.n_clusters, batch_size=4096, n_init=1, random_state=self.random_state).fit(X)
        self.algorithm_, self.n_init_ = "sampled", 0
        sample = X[np.random.default_rng(self.random_state).choice(len(X), size, replace=False)]
        ward = AgglomerativeClustering(self.n_clusters, linkage="ward").fit_predict(self._reduced(sample))
        return self._lloyd(X, centers_of(sample, ward), passes=_PASSES)

    def _reduced(self, X: np.ndarray) -> np.ndarray:
        """`X` on its first principal components: starts are found there several times faster."""
        components = min(_COMPONENTS, *X.shape)
        if components == X.shape[1]:
            return X
        return PCA(components, random_state=self.random_state).fit_transform(X)

    def _lloyd(self, X: np.ndarray, start: np.ndarray, passes: int = 300) -> KMeans:
        with warnings.catch_warnings():
            # Stopping after a few passes is meant, and fewer distinct faces than clusters is no news to the caller.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return KMeans(len(start), init=start, n_init=1, max_iter=passes, random_state=self.random_state).fit(X)

    def _merge_and_split(self, X: np.ndarray, fitted: KMeans) -> np.ndarray:
        """Centres after merging the pair that costs least and splitting the cluster that gains most."""
        sizes = np.bincount(fitted.labels_, minlength=self.n_clusters).astype(float)
        centers = fitted.cluster_centers_
        # Of two clusters, merged, none is left to be split.
        if self.n_clusters < 3:
            return centers
        gaps = pairwise_distances(centers, metric="sqeuclidean")
        cost = gaps * (sizes[:, None] * sizes[None] / np.maximum(sizes[:, None] + sizes[None], 1))
        np.fill_diagonal(cost, np.inf)
        first, second = np.unravel_index(cost.argmin(), cost.shape)
        spread = np.bincount(fitted.labels_, _squared_distances(X, fitted), minlength=self.n_clusters)
        spread[[first, second]] = -1
        widest = X[fitted.labels_ == spread.argmax()]
        if len(widest) < 2 or np.allclose(widest, widest[0]):  # copies of one face
            return centers
        halves = KMeans(2, n_init=5, random_state=self.random_state).fit(widest).cluster_centers_
        merged = np.average(centers[[first, second]], axis=0, weights=sizes[[first, second]] + 1e-12)
        kept = np.delete(centers, [first, second, int(spread.argmax())], axis=0)
        return np.vstack([kept, merged[None], halves]).astype(X.dtype)


def restore_clusterer(clustering: Clustering) -> FaceClusterer:
    """The fitted estimator of a stored clustering, without fitting again."""
    model = FaceClusterer(clustering.n_clusters, random_state=clustering.seed)
    model.cluster_centers_ = clustering.centers
    model.labels_ = clustering.labels
    model.inertia_ = clustering.inertia
    model.algorithm_ = clustering.parameters.get("passes", "full")
    model.n_init_ = clustering.parameters.get("n_init", model.n_init)
    model.method_ = clustering.parameters.get("method", "kmeans")
    model.silhouettes_ = clustering.parameters.get("silhouettes", {})
    model.n_features_in_ = clustering.centers.shape[1]
    return model


def library_versions() -> dict[str, str]:
    """The versions that a clustering depends on."""
    return {name: version(name) for name in ("numpy", "scikit-learn", "torch")}


def _squared_distances(X: np.ndarray, fitted: KMeans) -> np.ndarray:
    return ((X - fitted.cluster_centers_[fitted.labels_]) ** 2).sum(axis=1)


def _of_unit_norm(X: np.ndarray) -> bool:
    return bool(np.allclose(np.einsum("nd,nd->n", X, X), 1, atol=1e-3))
