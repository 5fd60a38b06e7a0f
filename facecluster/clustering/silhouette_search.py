"""Merging and splitting for as long as the mean silhouette rises, with the number of clusters as it is.

KMeans cuts up whoever has many faces, and average linkage gives an odd photo a cluster of its own and two people one.
Both are mended by splitting one cluster and merging two others, judged by what neither of them looks at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from facecluster.clustering.silhouettes import own_cosine, silhouettes_of
from facecluster.vectors import centers_of, evenly_chosen

# Faces times clusters up to which it is sought: a table of 80 MB and a copy of it.
SEARCHED = 20_000_000
_NEAREST = 4  # kept of each face: three may be left out, and one is still known
_CANDIDATES = 100  # clusters that are split on trial, and as many merged: the least coherent ones
_MERGES = 8  # tried with each split
_IN_VAIN = 16  # splits that gain nothing, one after the other, end a pass
_PASSES = 20
_MOST_SPLIT = 1_500  # faces of a cluster that its halves are found on
_GAIN = 1e-6  # of the mean silhouette, above rounding


def improve(embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Labels (n,) int of as many clusters with a mean silhouette as high or higher, from (n, d) unit embeddings.

    Needs memory for faces times clusters: up to SEARCHED of them.
    """
    parts = _Parts(embeddings, labels)
    if not 2 < parts.number < len(embeddings):
        return parts.labels
    for _ in range(_PASSES):
        if not _swaps(parts):
            break
    return np.unique(parts.labels, return_inverse=True)[1]


def _swaps(parts: _Parts) -> int:
    """Splits one cluster and merges two, where that raises the silhouettes, for many clusters; how often it did."""
    total = float(parts.silhouettes().sum())
    merges, touched, made_better, failed = parts.cheapest_merges(), set[int](), 0, 0
    for split in parts.best_splits():
        cluster = split.cluster
        if cluster in touched:
            continue
        made = parts.split(split)
        tried = [pair for pair in merges if cluster not in pair and touched.isdisjoint(pair)][:_MERGES]
        tried += [(each, near) for each in (cluster, made) if (near := parts.nearest(each, {cluster, made})) >= 0]
        gains = [parts.if_merged(*pair) for pair in tried]
        best = int(np.argmax(gains))
        if gains[best] > total + _GAIN * len(parts.labels):
            total, made_better, failed = gains[best], made_better + 1, 0
            parts.merge(*tried[best])
            touched |= {cluster, made, *tried[best]}
            continue
        parts.merge(made, cluster)
        failed += 1
        if failed == _IN_VAIN:
            break
    return made_better


@dataclass(frozen=True, eq=False)
class _Split:
    """The rows `half` to take off a cluster, the mean cosine (n,) of each face to them, and the sum of the silhouettes
    then."""

    cluster: int
    half: np.ndarray
    means: np.ndarray
    silhouettes: float


class _Parts:
    """A partition, with the mean cosine of every face to every cluster; one column is spare for a split.

    A cluster that was merged into another leaves its column to the next split.
    """

    def __init__(self, embeddings: np.ndarray, labels: np.ndarray) -> None:
        self.embeddings = embeddings
        self.labels = np.unique(labels, return_inverse=True)[1].astype(np.intp)
        self.number = int(self.labels.max()) + 1
        self.rows = np.arange(len(labels))
        self.itself = np.einsum("nd,nd->n", embeddings, embeddings)
        self.counts = np.append(np.bincount(self.labels), 0)
        self.means = np.full((len(labels), self.number + 1), -np.inf, np.float32)
        self.means[:, :-1] = embeddings @ centers_of(embeddings, self.labels).T
        self.spare = self.number
        self.places = np.zeros((len(labels), _NEAREST), np.intp)
        self.nearest_means = np.full((len(labels), _NEAREST), -np.inf, np.float32)
        self._look(self.rows)

    def silhouettes(self) -> np.ndarray:
        """(n,) of all faces."""
        return self._values(self.means[self.rows, self.labels], self.counts[self.labels], self.nearest_means.max(1))

    def best_splits(self) -> list[_Split]:
        """Clusters and the half of each to take off, the highest silhouettes first."""
        loss = np.bincount(self.labels, 1 - self.silhouettes(), minlength=len(self.counts))
        clusters = np.argsort(-np.where(self.counts > 1, loss, -np.inf), kind="stable")[:_CANDIDATES]
        halves = [
            (cluster, half)
            for cluster in clusters[self.counts[clusters] > 1].tolist()
            for half in _halves(self.embeddings, np.flatnonzero(self.labels == cluster))
        ]
        if not halves:
            return []
        taken = (self.embeddings @ np.stack([self.embeddings[half].mean(axis=0) for _, half in halves]).T).T
        found = [_Split(*halves[i], taken[i], self._if_split(*halves[i], taken[i])) for i in range(len(halves))]
        return sorted(found, key=lambda split: -split.silhouettes)

    def cheapest_merges(self) -> list[tuple[int, int]]:
        """Clusters and the nearest other of each, the highest silhouettes first."""
        sums = np.bincount(self.labels, self.silhouettes(), minlength=len(self.counts))
        clusters = np.argsort(np.where(self.counts > 0, sums, np.inf), kind="stable")[: min(_CANDIDATES, self.number)]
        pairs = [(int(cluster), self.nearest(int(cluster), {int(cluster)})) for cluster in clusters]
        return sorted(pairs, key=lambda pair: -self.if_merged(*pair))

    def nearest(self, cluster: int, but: set[int]) -> int:
        """The cluster with the highest mean cosine to a cluster, but for some; -1 where none is left."""
        means = self.means[self.labels == cluster].mean(axis=0)
        means[list(but)] = -np.inf
        return int(means.argmax()) if np.isfinite(means.max()) else -1

    def if_merged(self, one: int, other: int) -> float:
        """The sum of all silhouettes if two clusters were one."""
        counts = self.counts[one] + self.counts[other]
        mean = (self.means[:, one] * self.counts[one] + self.means[:, other] * self.counts[other]) / counts
        inside = (self.labels == one) | (self.labels == other)
        apart = self._without([one, other])
        own = np.where(inside, mean, self.means[self.rows, self.labels])
        near = np.where(inside, apart, np.maximum(apart, mean))
        return float(self._values(own, np.where(inside, counts, self.counts[self.labels]), near).sum())

    def split(self, split: _Split) -> int:
        """Takes the half off its cluster; the number of the one it is then."""
        cluster, half, made = split.cluster, split.half, self.spare
        self.means[:, cluster] = self._rest(cluster, half, split.means)
        self.means[:, made] = split.means
        self.counts[cluster] -= len(half)
        self.counts[made] = len(half)
        self.labels[half] = made
        self._update({cluster}, [cluster, made])
        return made

    def merge(self, gone: int, into: int) -> None:
        counts = self.counts[[gone, into]]
        self.means[:, into] = (self.means[:, gone] * counts[0] + self.means[:, into] * counts[1]) / counts.sum()
        self.means[:, gone] = -np.inf
        self.counts[[gone, into]] = 0, counts.sum()
        self.labels[self.labels == gone] = into
        self.spare = gone
        self._update({gone, into}, [into])

    def _if_split(self, cluster: int, half: np.ndarray, taken: np.ndarray) -> float:
        rest = self._rest(cluster, half, taken)
        inside, off = self.labels == cluster, np.zeros(len(self.labels), bool)
        off[half] = True
        own = np.where(inside, np.where(off, taken, rest), self.means[self.rows, self.labels])
        apart = self._without([cluster])
        near = np.maximum(apart, np.where(inside, np.where(off, rest, taken), np.maximum(rest, taken)))
        counts = np.where(off, len(half), self.counts[self.labels] - len(half) * inside)
        return float(self._values(own, counts, near).sum())

    def _rest(self, cluster: int, half: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """The mean cosine (n,) of each face to a cluster without a half, from that to the half."""
        left = self.counts[cluster] - len(half)
        return np.asarray((self.means[:, cluster] * self.counts[cluster] - taken * len(half)) / left)

    def _values(self, own: np.ndarray, counts: np.ndarray, near: np.ndarray) -> np.ndarray:
        return silhouettes_of(own_cosine(own, counts, self.itself), near, counts)

    def _without(self, clusters: list[int]) -> np.ndarray:
        """The highest mean cosine (n,) to another cluster than one's own and these, of which there are at most two."""
        left_out = np.isin(self.places, clusters)
        return np.where(left_out, -np.inf, self.nearest_means).max(axis=1)

    def _update(self, gone: set[int], changed: list[int]) -> None:
        stale = np.isin(self.places, list(gone)).any(axis=1) | np.isin(self.labels, changed)
        for cluster in changed:
            stale |= self.means[:, cluster] > self.nearest_means[:, -1]
        self._look(np.flatnonzero(stale))

    def _look(self, rows: np.ndarray) -> None:
        """Finds the nearest other clusters of some faces anew."""
        kept = min(_NEAREST, self.means.shape[1])
        for start in range(0, len(rows), 4_096):
            part = rows[start : start + 4_096]
            means = self.means[part]
            means[np.arange(len(part)), self.labels[part]] = -np.inf
            places = np.argpartition(-means, kept - 1, axis=1)[:, :kept]
            values = np.take_along_axis(means, places, axis=1)
            order = np.argsort(-values, axis=1)
            self.places[part, :kept] = np.take_along_axis(places, order, axis=1)
            self.nearest_means[part, :kept] = np.take_along_axis(values, order, axis=1)


def _halves(embeddings: np.ndarray, members: np.ndarray) -> list[np.ndarray]:
    """The smaller of the two parts that average linkage and Ward's method split a cluster's rows into."""
    shown = evenly_chosen(members, _MOST_SPLIT)
    cosines = embeddings[shown] @ embeddings[shown].T
    distances = np.clip(1 - cosines[np.triu_indices(len(shown), 1)], 0, 2)
    halves = []
    # For unit vectors the squared Euclidean distance is twice the cosine distance.
    for method, apart in (("average", distances), ("ward", np.sqrt(2 * distances))):
        labels = fcluster(linkage(apart, method), 2, "maxclust") - 1
        if labels.max() < 1:
            continue
        if len(shown) < len(members):
            labels = (embeddings[members] @ centers_of(embeddings[shown], labels).T).argmax(axis=1)
        smaller = members[labels == np.bincount(labels, minlength=2).argmin()]
        if len(smaller):
            halves.append(smaller)
    return halves
