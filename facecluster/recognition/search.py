"""Search in large galleries: the clusters are the index, so a probe meets thousands of faces, not a million.

Up to 50,000 faces a plain product answers within milliseconds and exactly (`ExactSearch`). Beyond, a probe is compared
with the cluster centres first and then only with the faces of the nearest clusters (`ClusterSearch`): an inverted file
(Jégou, Douze and Schmid, "Product quantization for nearest neighbor search", 2011) that needs no training, because the
gallery is clustered already. The embeddings are never copied; rows are gathered where they lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facecluster.progress import OnProgress
from facecluster.recognition.sampled_scoring import LargeFaceMatcher, in_pieces
from facecluster.recognition.scoring import FaceMatcher, Identity
from facecluster.recognition.stranger_model import Floats
from facecluster.vectors import similarity_to_centers

Rows = NDArray[np.intp]

# Up to here every face is compared: that is 100 MB of embeddings to read.
EXACT_FACES = 50_000
_CLUSTERS = 64  # nearest clusters that are searched
_FACES = 4_096  # and on to more clusters until they hold as many faces, where clusters are small
# Clusters that mix people lie far from each of them: a stranger's look-alikes are then found by their own mean.
_MEANS = 16  # identities with the nearest mean embedding whose faces are searched too
_IDENTITIES = 32  # of those on the shortlist, by their nearest face, that are scored
# A face that was moved by hand, or lies between clusters, is sought where it lies and not where it was put.
_RIM = 0.02  # the share of faces least similar to their cluster's centre
_PRODUCTS = 1 << 24  # similarities that are held at once: 64 MB


@dataclass(frozen=True)
class Found:
    """What a search found for one probe face, best first.

    `identities` (c,) int index the matcher's `identities_`, `scores` (c,) float32 are their similarities; `rows` (r,)
    int index the gallery's embeddings, `cosines` (r,) float32 are theirs to the probe.
    """

    identities: Rows
    scores: Floats
    rows: Rows
    cosines: Floats


class Search(Protocol):
    """Finds a gallery's most similar identities and faces."""

    @property
    def matcher(self) -> FaceMatcher:
        """What scores identities, and holds the gallery's threshold."""

    def find(self, probes: Floats, n_identities: int, n_faces: int) -> list[Found]:
        """One Found a row of `probes` (m, 512), of at most so many identities and faces."""


def build_search(
    embeddings: Floats,
    identities: NDArray[np.int_],
    clusters: NDArray[np.int_],
    centers: Floats,
    *,
    identity: Identity = "person",
    on_progress: OnProgress | None = None,
) -> Search:
    """The search that suits the size of a gallery.

    embeddings: (n, 512) float32, unit length; identities: (n,) int, -1 where a face stands for nobody; clusters: (n,)
    int, -1 where a face is in none; centers: (k, 512) float32; `identity`: what the identities are. `on_progress` is
    for galleries that take long. Raises IdentificationError when no face has an identity.
    """
    if len(embeddings) > EXACT_FACES:
        return ClusterSearch(embeddings, identities, clusters, centers, identity=identity, on_progress=on_progress)
    return ExactSearch(embeddings, identities, identity)


class ExactSearch:
    """Compares a probe with every face."""

    def __init__(self, embeddings: Floats, identities: NDArray[np.int_], identity: Identity = "person") -> None:
        enrolled = identities >= 0
        self.matcher = FaceMatcher(identity=identity).fit(embeddings[enrolled], identities[enrolled])
        self._embeddings = embeddings

    def find(self, probes: Floats, n_identities: int, n_faces: int) -> list[Found]:
        """See `Search`."""
        found = []
        for scores, cosines in zip(self.matcher.scores(probes), probes @ self._embeddings.T, strict=True):
            best = np.argsort(-scores, kind="stable")[:n_identities]
            nearest = best_first(cosines, n_faces)
            found.append(Found(best, scores[best], nearest, cosines[nearest]))
        return found


class ClusterSearch:
    """Compares a probe with the faces of the nearest clusters.

    The shortlist is the faces of the 64 nearest clusters and of the 16 identities with the nearest mean embedding; it
    is ranked exactly. Of the identities on it, the 32 with the nearest face are scored, from all their faces. Faces
    without a cluster, and the 2 % least similar to their centre, are sought with the nearest centre.

    Measured against all cosines on synthetic galleries of 200,000 faces of 2,000 people, whose 1,200 clusters mix
    people: of 150 new faces of known people all, and of 150 strangers all, got the same most similar identity; the same
    six nearest faces got all and 149. Time grows with the faces in 64 clusters and 16 identities, and slowly with the
    number of clusters and identities; where there are no more than 64 clusters, all faces are compared.
    """

    def __init__(
        self,
        embeddings: Floats,
        identities: NDArray[np.int_],
        clusters: NDArray[np.int_],
        centers: Floats,
        *,
        identity: Identity = "person",
        on_progress: OnProgress | None = None,
    ) -> None:
        self._embeddings = embeddings
        self._identities = identities
        self._centers = centers / np.maximum(np.linalg.norm(centers, axis=1, keepdims=True), 1e-12)
        cells = self._cells(clusters)
        # Faces in the order of their clusters: cluster i's are rows_[edges_[i] : edges_[i + 1]].
        self._rows = np.argsort(cells, kind="stable")
        self._edges = np.concatenate([[0], np.cumsum(np.bincount(cells, minlength=len(centers)))])
        self.matcher = LargeFaceMatcher(identity=identity).fit(embeddings, identities, on_progress)
        self._column = np.searchsorted(self.matcher.identities_, identities)

    def find(self, probes: Floats, n_identities: int, n_faces: int) -> list[Found]:
        """See `Search`."""
        return [self._find(probe, n_identities, n_faces) for probe in np.asarray(probes, np.float32)]

    def _find(self, probe: Floats, n_identities: int, n_faces: int) -> Found:
        rows = self._shortlist(probe)
        if len(rows) == len(self._embeddings):  # gathering them would copy the gallery
            cosines = self._embeddings @ probe
        else:
            cosines = np.concatenate([self._embeddings[part] @ probe for part in in_pieces(rows)])
        identities = self._on(rows, cosines)
        scores = self.matcher.scores_of(probe[None], identities)[0]
        best = np.argsort(-scores, kind="stable")[:n_identities]
        nearest = best_first(cosines, n_faces)
        return Found(identities[best], scores[best], rows[nearest], cosines[nearest])

    def _shortlist(self, probe: Floats) -> Rows:
        """The faces of the nearest clusters and of the identities with the nearest mean, (s,) ascending."""
        order = np.argsort(-(self._centers @ probe), kind="stable")
        held = np.cumsum(np.diff(self._edges)[order])
        number = max(_CLUSTERS, int(np.searchsorted(held, _FACES)) + 1)
        parts = [self._rows[self._edges[i] : self._edges[i + 1]] for i in order[:number]]
        parts += [self.matcher.rows_of(column) for column in self.matcher.nearest(probe[None], _MEANS)[0]]
        return np.unique(np.concatenate(parts))

    def _on(self, rows: Rows, cosines: Floats) -> Rows:
        """The identities on the shortlist, by their nearest face, as the matcher's columns, ascending."""
        enrolled = self._identities[rows] >= 0
        order = np.argsort(-cosines[enrolled], kind="stable")
        found, first = np.unique(self._column[rows[enrolled][order]], return_index=True)
        return np.sort(found[np.argsort(first)][:_IDENTITIES])

    def _cells(self, clusters: NDArray[np.int_]) -> Rows:
        """The cluster that each face is sought in, (n,)."""
        cells = np.asarray(clusters, np.intp).copy()
        similarity = np.full(len(cells), -2, np.float32)  # no cluster is further than any
        for part in in_pieces(np.flatnonzero(cells >= 0)):
            similarity[part] = similarity_to_centers(self._embeddings[part], self._centers, cells[part])
        away = min(len(cells), round(_RIM * len(cells)) + int((cells < 0).sum()))
        for part in in_pieces(np.argpartition(similarity, away - 1)[:away], max(1, _PRODUCTS // len(self._centers))):
            cells[part] = (self._embeddings[part] @ self._centers.T).argmax(axis=1)
        return cells


def best_first(values: Floats, number: int) -> Rows:
    """Where the `number` largest of (n,) values are, largest first."""
    number = min(number, len(values))
    best = np.argpartition(-values, number - 1)[:number]
    return best[np.argsort(-values[best], kind="stable")]
