"""Who is on a probe: the Identifier answers for every face with a person or unknown, and says why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from facecluster import defaults
from facecluster.clustering.face_clusterer import FaceClusterer, restore_clusterer
from facecluster.errors import IdentificationError
from facecluster.progress import OnProgress
from facecluster.recognition.identities import clusters_of, identities_of
from facecluster.recognition.scoring import FaceMatcher
from facecluster.recognition.search import Found, build_search
from facecluster.records import Clustering, Faces

if TYPE_CHECKING:
    from facecluster.photos.images import ImageSource
    from facecluster.vision.detection import Detection, FaceDetector
    from facecluster.vision.embedding import FaceEmbedder
    from facecluster.vision.faces import FaceReader, PhotoFaces

N_CANDIDATES = 3
N_NEIGHBOURS = 6
# Names of people that read like an answer without one.
_LIKE_AN_ANSWER = re.compile(r"unknown|nobody known|cluster \d+(, not named)?", re.IGNORECASE)


@dataclass(frozen=True)
class Candidate:
    """An identity that a probe face may be. `person` is None for a cluster that nobody named; then `cluster` tells."""

    person: str | None
    cluster: int | None
    similarity: float

    @property
    def title(self) -> str:
        """The person's name, in quotes where it reads like an answer without one; else `cluster 3, not named`."""
        if self.person is None:
            return f"cluster {self.cluster}, not named"
        return f'"{self.person}"' if _LIKE_AN_ANSWER.fullmatch(self.person.strip()) else self.person


@dataclass(frozen=True)
class Neighbour:
    """A gallery face, as evidence; `similarity` is its cosine to the probe face."""

    face: int
    photo: str
    person: str | None
    similarity: float


@dataclass(frozen=True)
class Match:
    """The answer for one face of a probe.

    `box` is (x1, y1, x2, y2) in pixels of the upright probe, `detection_score` in [0, 1] says how surely it is a face
    and nothing about whose. `similarity` in [-1, 1] is the best candidate's; the face counts as known when it reaches
    `threshold`. `person` is None for an unknown face, and for a known one whose cluster has no name. `cluster` is the
    nearest cluster whether or not the face is known; which one a known face without a name belongs to, the first
    candidate tells. `crop` is (160, 160, 3) uint8.
    """

    box: tuple[float, float, float, float]
    detection_score: float
    is_known: bool
    person: str | None
    cluster: int
    similarity: float
    threshold: float
    candidates: tuple[Candidate, ...]
    neighbours: tuple[Neighbour, ...]
    crop: np.ndarray

    @property
    def title(self) -> str | None:
        """What a known face is called, as `Candidate.title` tells; None where nobody known is on it."""
        return self.candidates[0].title if self.is_known else None

    def as_dict(self) -> dict[str, Any]:
        """The JSON form of the command line; `known` tells a known face without a name from a stranger's."""
        return {
            "box": [round(value, 1) for value in self.box],
            "detection_score": round(self.detection_score, 4),
            "known": self.is_known,
            "person": self.person,
            "cluster": self.cluster,
            "similarity": round(self.similarity, 4),
            "threshold": round(self.threshold, 4),
            "candidates": [
                {"person": each.person, "similarity": round(each.similarity, 4)}
                | ({"cluster": each.cluster} if each.person is None else {})
                for each in self.candidates
            ],
            "neighbours": [
                {"face": each.face, "photo": each.photo, "person": each.person, "similarity": round(each.similarity, 4)}
                for each in self.neighbours
            ],
        }


class CurrentClustering(Protocol):
    """What an Identifier asks of a gallery's clusterings."""

    def current(self) -> Clustering | None:
        """The clusters, with their names; None before there are any."""


class ClusteredFaces(Protocol):
    """What an Identifier asks of a `Gallery`."""

    @property
    def model(self) -> str | None:
        """What made the embeddings."""

    @property
    def weights(self) -> str | None:
        """Where its weights lie, where they are a file."""

    @property
    def clusterings(self) -> CurrentClustering:
        """Its clusters."""

    def faces(self) -> Faces:
        """All faces and their embeddings."""


class Identifier:
    """Compares faces with a gallery's people, named by folder or by hand, and with its clusters that have no name.

    `matcher` gives the similarities and the threshold (see `FaceMatcher` for how the gallery's own faces set it);
    build one with `from_gallery`. Detector and embedder load on first use, also in another process that it is sent to.
    Beyond 50,000 faces, only those in the clusters nearest to a probe are compared with it (see `ClusterSearch`), and
    `on_progress(done, total)` is told of the preparation.
    """

    def __init__(
        self,
        faces: Faces,
        clustering: Clustering,
        *,
        clusterer: FaceClusterer | None = None,
        detector: FaceDetector | None = None,
        embedder: FaceEmbedder | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        if len(clustering.faces) == 0:
            raise IdentificationError("The gallery holds no clustered faces yet: index photos, then cluster them.")
        self._faces = faces
        self._clustering = clustering
        self.clusterer = clusterer or restore_clusterer(clustering)
        self._detector = detector
        self._embedder = embedder
        self._reader: FaceReader | None = None
        clusters = clusters_of(faces.ids, clustering.faces, clustering.labels)
        found = identities_of(faces.persons, clusters, clustering.names, lambda rows: faces.embeddings[rows])
        self._identities, self._persons = found.known, found.names
        self._search = build_search(
            faces.embeddings, found.numbers, clusters, clustering.centers, identity=found.kind, on_progress=on_progress
        )
        self._paths = faces.table["path"].to_numpy(dtype=object)

    @classmethod
    def from_gallery(
        cls, gallery: ClusteredFaces, *, detector: FaceDetector | None = None, embedder: FaceEmbedder | None = None
    ) -> Identifier:
        """Raises IdentificationError when the gallery has no clusters yet, WeightsError when its model is gone."""
        clustering = gallery.clusterings.current()
        if clustering is None:
            raise IdentificationError("The gallery has no clusters yet: index photos, then run facecluster cluster.")
        from facecluster.vision.embedding import recorded_embedder

        embedder = embedder or recorded_embedder(gallery.model, gallery.weights)
        return cls(gallery.faces(), clustering, detector=detector, embedder=embedder)

    def threshold(self, fpir: float = defaults.FPIR) -> float:
        """The similarity that a share `fpir` of strangers is expected to reach."""
        return self.matcher.threshold(fpir)

    def identify(self, image: ImageSource, threshold: float | None = None) -> list[Match]:
        """One Match a face of `image`, largest face first; empty when there is none.

        `image` is (height, width, 3) uint8 RGB, or what else `load_image` takes, with the same errors. A photo that
        lies on its side is turned first: boxes are in pixels of the upright one, which `look` gives. `threshold` in
        [-1, 1] replaces the gallery's own for a FPIR of 1 %. Raises WeightsError.
        """
        return self.identify_photo(self.look(image), threshold)

    def look(self, image: ImageSource) -> PhotoFaces:
        """The faces of `image`, as `identify` takes it, and the turn that makes it upright."""
        return self.reader.read(image)[1]

    def identify_photo(self, photo: PhotoFaces, threshold: float | None = None, scale: float = 1.0) -> list[Match]:
        """The same as `identify`, for a photo that `look` has looked at; boxes are `scale` times as large."""
        if not photo.faces:
            return []
        crops = photo.crops()
        inside = [face.inside(*photo.size).times(scale) for face in photo.faces]
        return self.identify_faces(inside, crops, self.reader.embed(crops), threshold)

    def identify_faces(
        self, detections: list[Detection], crops: np.ndarray, embeddings: np.ndarray, threshold: float | None = None
    ) -> list[Match]:
        """The same for faces that are already found, cropped (n, 160, 160, 3) and embedded (n, 512)."""
        limit = self.threshold() if threshold is None else threshold
        found = self._search.find(embeddings, N_CANDIDATES, N_NEIGHBOURS)
        clusters = self.clusterer.predict(embeddings)
        return [self._match(*one, limit) for one in zip(detections, crops, clusters, found, strict=True)]

    @property
    def matcher(self) -> FaceMatcher:
        return self._search.matcher

    @property
    def reader(self) -> FaceReader:
        """What finds and embeds a probe's faces; made when it is first needed."""
        if self._reader is None:
            from facecluster.vision.detection import FaceDetector
            from facecluster.vision.embedding import FaceEmbedder
            from facecluster.vision.faces import FaceReader

            embedder = self._embedder or FaceEmbedder(self._clustering.model)
            self._reader = FaceReader(self._detector or FaceDetector(), embedder)
        return self._reader

    def _match(self, detection: Detection, crop: np.ndarray, cluster: int, found: Found, threshold: float) -> Match:
        candidates = tuple(
            Candidate(person, identity, score)
            for (person, identity), score in zip(
                (self._identities[place] for place in found.identities), found.scores.tolist(), strict=True
            )
        )
        is_known = candidates[0].similarity >= threshold
        x1, y1, x2, y2 = map(float, detection.box)
        return Match(
            box=(x1, y1, x2, y2),
            detection_score=float(detection.score),
            is_known=is_known,
            person=candidates[0].person if is_known else None,
            cluster=int(cluster),
            similarity=candidates[0].similarity,
            threshold=float(threshold),
            candidates=candidates,
            neighbours=self._neighbours(found),
            crop=crop,
        )

    def _neighbours(self, found: Found) -> tuple[Neighbour, ...]:
        ids = self._faces.ids
        return tuple(
            Neighbour(int(ids[row]), self._paths[row], self._persons[row], float(cosine))
            for row, cosine in zip(found.rows, found.cosines, strict=True)
        )
