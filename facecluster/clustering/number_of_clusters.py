"""How many clusters: a sweep over their number, judged by silhouette plus stability, with the reason in words.

Silhouette (Rousseeuw, "Silhouettes", 1987) asks whether faces are nearer to their own cluster than to the next one, and
wavers by one when the best values lie close together. Stability (Ben-Hur, Elisseeff and Guyon, "A stability based
method for discovering structure in clustered data", 2002) asks whether the same clusters come back when a part of the
faces is left out: a person cut in two is cut elsewhere the next time. Their sum is highest where both agree.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facecluster.errors import ClusteringError
from facecluster.progress import IsCancelled, OnProgress, never, stepwise
from facecluster.vectors import centers_of

if TYPE_CHECKING:
    import pandas as pd

    from facecluster.clustering.number_by_linkage import LinkageCount

Floats = NDArray[np.float32]
Labels = NDArray[np.intp]

CRITERION = "silhouette + stability"
BY_LINKAGE = "silhouette of average linkage"
_WORTH_OVERRULING = 2
_TOO_FEW = 1 / 2
_EQUAL = 0.001  # of mean silhouettes
# Ward's tree and all pairwise distances of so many faces take a second or two and about 200 MB.
MAX_FACES = 3000
_COMPONENTS = 64
_EVERY_UP_TO = 40  # beyond, numbers of clusters grow by a tenth, and the best one's surroundings are filled in
_DRAWS = 10
_SHARE_DRAWN = 0.8
# Stability is at most 1 and near 1 wherever the silhouette is good, so far below the best silhouette none can win.
_WORTH_DRAWING = 0.05
_MOST_DRAWN = 16
# Cosine between faces of different people stays below on average, even of look-alikes; one person's lie above.
_SAME_PERSON = 0.4
# Drawn people are more alike than that, but their silhouette is above this, and one person's in itself below.
_DISTINCT = 0.6


@dataclass(frozen=True)
class Suggestion:
    """How many clusters to make, and what that rests on.

    `criterion` names what was made as large as possible. `sweep` has a row for each number tried: `clusters`;
    `silhouette`, the mean over the faces, by cosine distance, in [-1, 1]; `stability`, the mean adjusted Rand index
    with clusterings of 80 % of the faces, at most 1, NaN where the silhouette is so far from the best that it could not
    matter; `score`, their sum; `weakest`, the lowest mean silhouette of a cluster; `inertia`, the sum of squared
    distances to the centres. `reason` is a sentence, with a second one where only a sample was looked at. `faces` is
    how many were looked at, `seconds` how long that took.
    """

    n_clusters: int
    criterion: str
    sweep: pd.DataFrame
    reason: str
    faces: int
    seconds: float


def suggest_n_clusters(
    embeddings: ArrayLike,
    *,
    random_state: int | None = 0,
    max_clusters: int | None = None,
    on_progress: OnProgress | None = None,
    cancelled: IsCancelled = never,
) -> Suggestion:
    """Suggests how many people the faces are of, from 1 on; all alike are one, all different are one each.

    embeddings: (n, 512) float32, unit length. `max_clusters` is half the number of faces unless given (all but one of
    up to 10). Of more than 3,000 faces as many are drawn with `random_state`, so that a person needs about
    n / 1,000 faces to be seen. Raises ClusteringError without faces, Cancelled, ValueError.
    """
    faces = np.asarray(embeddings, np.float32)
    if faces.ndim != 2:
        raise ValueError(f"embeddings must be (n, 512), got {faces.shape}")
    if not len(faces):
        raise ClusteringError("There is no face to cluster yet: index photos first.")
    if max_clusters is not None and max_clusters < 1:
        raise ValueError(f"max_clusters must be at least 1, got {max_clusters}")
    start, total = time.perf_counter(), len(faces)
    rng = np.random.default_rng(random_state)
    everything = faces
    if len(faces) > MAX_FACES:
        faces = faces[rng.choice(len(faces), MAX_FACES, replace=False)]
    sweep = _Sweep(faces)
    limit = min(max_clusters or max(10, len(faces) // 2), len(faces) - 1)
    for draw in stepwise(range(-1, _DRAWS if sweep.is_varied and limit > 1 else 0), on_progress, cancelled):
        if draw >= 0:
            sweep.draw(rng)
        elif sweep.is_varied:
            sweep.measure(limit)
    table = sweep.table()
    number, reason = _conclude(sweep, table, max_clusters)
    criterion = CRITERION
    if not table.empty and number < len(faces):
        linkage, seen = _by_linkage(everything, max_clusters, rng)
        if linkage is not None and _is_overruled(number, _silhouette_at(table, number), linkage):
            number, criterion, faces = linkage.n_clusters, BY_LINKAGE, seen
            reason = _linkage_reason(linkage)
    if total > len(faces):
        reason += f" This rests on {len(faces):,} faces, drawn from the {total:,}."
    seconds = round(time.perf_counter() - start, 3)
    return Suggestion(number, criterion, table, reason, len(faces), seconds)


class _Sweep:
    """One set of faces clustered into many numbers of clusters, by Ward's tree and Lloyd's passes from there."""

    def __init__(self, faces: Floats) -> None:
        self.faces = faces
        self.distances = np.clip(1 - faces @ faces.T, 0, 2)
        np.fill_diagonal(self.distances, 0)
        self.is_varied = bool(self.distances.max() > 1e-3)
        self.labels: dict[int, Labels] = {}
        self.silhouettes: dict[int, Floats] = {}  # by number of clusters: the mean of each cluster and, last, of all
        self.agreement: dict[int, list[float]] = {}

    def measure(self, limit: int) -> None:
        """Silhouettes for all numbers from 2 to the limit, or a grid of them and the best one's surroundings."""
        self.points = _principal(self.faces)
        self.tree = _ward(self.points)
        grid, step = list(range(2, min(limit, _EVERY_UP_TO) + 1)), _EVERY_UP_TO
        while (step := round(step * 1.1)) <= limit:
            grid.append(step)
        self._add(grid)
        while len(grid) > 1:
            at = grid.index(self.best_silhouette())
            low, high = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
            between = sorted(set(np.linspace(low, high, 9).round().astype(int).tolist()) - set(grid))
            if not between:
                break
            self._add(between)
            grid = sorted([*grid, *between])

    def _add(self, numbers: list[int]) -> None:
        for number in numbers:
            labels = _refine(self.points, _cut(self.tree, number))
            self.labels[number] = labels
            self.silhouettes[number] = _silhouettes(self.distances, labels)

    def best_silhouette(self) -> int:
        """The number of clusters with the highest mean silhouette, the smallest such."""
        return min(self.silhouettes, key=lambda number: (-self.silhouettes[number][-1], number))

    def draw(self, rng: np.random.Generator) -> None:
        """Clusters a part of the faces and notes how well that agrees with the clustering of all."""
        from sklearn.metrics import adjusted_rand_score

        best = self.silhouettes[self.best_silhouette()][-1]
        worth = [number for number, values in self.silhouettes.items() if values[-1] >= best - _WORTH_DRAWING]
        worth = sorted(worth, key=lambda number: -self.silhouettes[number][-1])[:_MOST_DRAWN]
        part = rng.choice(len(self.faces), max(2, round(_SHARE_DRAWN * len(self.faces))), replace=False)
        tree = _ward(self.points[part])
        for number in worth:
            if number < len(part):
                labels = _refine(self.points[part], _cut(tree, number))
                agreement = float(adjusted_rand_score(self.labels[number][part], labels))
                self.agreement.setdefault(number, []).append(agreement)

    def table(self) -> pd.DataFrame:
        import pandas as pd

        rows = []
        for number, values in sorted(self.silhouettes.items()):
            stability = float(np.mean(self.agreement[number])) if number in self.agreement else float("nan")
            centers = centers_of(self.faces, self.labels[number])
            inertia = float(((self.faces - centers[self.labels[number]]) ** 2).sum())
            rows.append((number, values[-1], stability, values[-1] + stability, values[:-1].min(), inertia))
        return pd.DataFrame(rows, columns=["clusters", "silhouette", "stability", "score", "weakest", "inertia"])


def _conclude(sweep: _Sweep, table: pd.DataFrame, max_clusters: int | None) -> tuple[int, str]:
    """The number to suggest, and why."""
    n = len(sweep.faces)
    off = ~np.eye(n, dtype=bool)
    if n == 1 or not sweep.is_varied or max_clusters == 1:
        return 1, "1 cluster, for there is nothing to tell faces apart by." if n > 1 else "1 face, 1 cluster."
    if (1 - sweep.distances[off]).max() < _SAME_PERSON and n <= (max_clusters or n):
        return n, f"{n} clusters, one for each face, for no two faces are alike."
    if table.empty:  # two faces that are alike
        return 1, "1 cluster, for the two faces are alike."
    best = table.loc[table["score"].fillna(-1).idxmax()]
    number = int(best["clusters"])
    apart = sweep.labels[number][:, None] != sweep.labels[number]
    if 1 - sweep.distances[apart].mean() >= _SAME_PERSON and best["silhouette"] < _DISTINCT:
        return 1, f"1 cluster, for even the {number} most distinct groups look like the same person."
    at = sweep.best_silhouette()
    reason = f"{number} clusters have the highest sum of silhouette ({best['silhouette']:.3f}) and stability "
    reason += f"({best['stability']:.3f}: how well they come back when a fifth of the faces is left out)"
    reason += "." if at == number else f"; by silhouette alone it would be {at}."
    return number, reason


def _silhouette_at(table: pd.DataFrame, number: int) -> float:
    return float(table.loc[table["clusters"] == number, "silhouette"].max())


def _by_linkage(
    faces: Floats, max_clusters: int | None, rng: np.random.Generator
) -> tuple[LinkageCount | None, Floats]:
    """What average linkage says, and the faces that it saw."""
    from facecluster.clustering import number_by_linkage

    if len(faces) > number_by_linkage.MAX_FACES:
        faces = faces[rng.choice(len(faces), number_by_linkage.MAX_FACES, replace=False)]
    return number_by_linkage.count_by_linkage(faces, max_clusters or max(10, 2 * len(faces) // 3)), faces


def _is_overruled(number: int, silhouette: float, linkage: LinkageCount) -> bool:
    """Whether average linkage's number is taken instead of the sweep's, whose mean silhouette is given.

    Numbers that differ by one are not worth it: stability decides these better. Silhouettes are as high for far too
    few clusters where some people have one face or two, so what is far below the people that cosines show is overruled
    too.
    """
    if abs(linkage.n_clusters - number) < _WORTH_OVERRULING:
        return False
    is_too_few = number <= _TOO_FEW * linkage.people and linkage.is_as_good
    return is_too_few or (number > 1 and linkage.average >= silhouette - _EQUAL)


def _linkage_reason(linkage: LinkageCount) -> str:
    return (
        f"{linkage.n_clusters:,} clusters: so many groups are as alike within as faces of one person, and average "
        f"linkage tells them apart {'better than' if linkage.is_clearly_better else 'as well as'} KMeans (silhouette "
        f"{linkage.average:.3f}, KMeans {linkage.kmeans:.3f})."
    )


def _principal(faces: Floats) -> Floats:
    """The first 64 principal components, which hold what tells people apart and save time."""
    from sklearn.decomposition import PCA

    if min(faces.shape) <= _COMPONENTS:
        return faces
    return np.asarray(PCA(_COMPONENTS, random_state=0).fit_transform(faces), np.float32)


def _ward(points: Floats) -> NDArray[np.float64]:
    from scipy.cluster.hierarchy import linkage

    return np.asarray(linkage(points, "ward"))


def _cut(tree: NDArray[np.float64], number: int) -> Labels:
    """The labels where so many clusters are left; fewer where distances are equal."""
    from scipy.cluster.hierarchy import fcluster

    return np.asarray(fcluster(tree, number, "maxclust") - 1)


def _refine(points: Floats, labels: Labels) -> Labels:
    """The labels after KMeans' passes from these."""
    from sklearn.cluster import KMeans

    start = centers_of(points, labels)
    fitted = KMeans(len(start), init=start, n_init=1).fit(points)
    return np.unique(fitted.labels_, return_inverse=True)[1]


def _silhouettes(distances: Floats, labels: Labels) -> Floats:
    """Mean silhouette of each cluster and, last, of all faces; a face that is alone counts 0, as in scikit-learn."""
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    sums = np.add.reduceat(distances[:, order], np.concatenate([[0], np.cumsum(counts)[:-1]]), axis=1)
    rows, alone = np.arange(len(labels)), counts[labels] == 1
    within = sums[rows, labels] / np.maximum(counts[labels] - 1, 1)
    means = sums / counts
    means[rows, labels] = np.inf
    nearest = means.min(axis=1)
    values = np.where(alone, 0, (nearest - within) / np.maximum(np.maximum(nearest, within), 1e-12))
    return np.append(np.bincount(labels, values) / counts, values.mean()).astype(np.float32)
