"""How many people by average linkage: for faces of which some people have many, others one or two, or of very many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facecluster.clustering.average_linkage import AverageTree
from facecluster.clustering.face_clusterer import CLEARLY, FaceClusterer
from facecluster.clustering.silhouettes import face_silhouettes

# So many are drawn of more; a person then needs about n / 5,000 faces to be seen.
MAX_FACES = 10_000
_STEP = 1.07  # between numbers that are tried, of which the best one's surroundings are filled in
_FILLED = 8


@dataclass(frozen=True)
class LinkageCount:
    """The number to make, the least number of `people` that the cosines show, and the mean silhouettes (cosine) of
    average linkage's and of KMeans' clusters of that number."""

    n_clusters: int
    people: int
    average: float
    kmeans: float

    @property
    def is_clearly_better(self) -> bool:
        """Whether the faces are of the kind that KMeans does not tell apart."""
        return self.average > self.kmeans + CLEARLY

    @property
    def is_as_good(self) -> bool:
        return self.average > self.kmeans - CLEARLY


def count_by_linkage(faces: np.ndarray, limit: int) -> LinkageCount | None:
    """Counts the people of (n, d) unit embeddings, n at least 3; None where they are one, or more than the limit.

    Silhouettes do not see people of one face (a face that is alone counts 0), so the least number is that of
    `AverageTree.people`, which compares cosines with those of strangers; from there on it is the first number whose
    mean silhouette comes within 0.01 of the best.
    """
    tree = AverageTree(faces)
    least, limit = tree.people(), min(limit, len(faces) - 1)
    if not 2 <= least <= limit:
        return None
    silhouettes: dict[int, float] = {}
    number, steps = float(least), []
    while number <= limit:
        steps.append(round(number))
        number = max(number + 1, number * _STEP)
    while steps:
        silhouettes |= {each: float(face_silhouettes(faces, tree.cut(each)).mean()) for each in steps}
        known = sorted(silhouettes)
        at = known.index(max(known, key=silhouettes.__getitem__))
        low, high = known[max(at - 1, 0)], known[min(at + 1, len(known) - 1)]
        steps = sorted(set(np.linspace(low, high, _FILLED).round().astype(int).tolist()) - set(known))
    best = min(each for each in silhouettes if silhouettes[each] >= max(silhouettes.values()) - CLEARLY)
    model = FaceClusterer(best, n_init=0, random_state=0).fit(faces)
    if not model.silhouettes_:
        return None
    return LinkageCount(best, least, model.silhouettes_["average"], model.silhouettes_["kmeans"])
