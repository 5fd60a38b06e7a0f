"""What goes into a gallery and comes out of it: frozen values, and the names of table columns in one place."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from facecluster.face_settings import FaceSettings

if TYPE_CHECKING:
    import pandas as pd

EMBEDDING_SIZE = 512
DUPLICATE_COSINE = 0.9999
"""The cosine of copies of one photo, by the same model: what differs is resizing and compression."""

PhotoStatus = Literal["indexed", "no_face", "unreadable", "duplicate"]

FACE_COLUMNS = ("face", "photo", "path", "person", "main", "detection_score", "x1", "y1", "x2", "y2")
CLUSTER_COLUMNS = ("cluster", "name", "faces", "person", "purity", "people", "similarity")
NO_CLUSTER = -1
"""The cluster of a face that an algorithm puts into none."""
LEFT_OUT_COLUMNS = ("photo", "person", "status", "reason")

LAST_FACE_DELETED = "Its face was deleted by hand."
"""Why a photo has no face since its last one was deleted."""
ONE_FACE_DELETED = "One of its faces was deleted by hand."
"""Kept with a photo that has other faces left."""


@dataclass(frozen=True)
class NewFace:
    """One detection, ready to be stored. `box` is (4,) float32 in pixels of the upright photo, `landmarks` (5, 2)."""

    box: np.ndarray
    landmarks: np.ndarray
    detection_score: float
    is_main: bool
    crop: bytes
    embedding: np.ndarray
    runtime: str


@dataclass(frozen=True)
class NewPhoto:
    """One photo's outcome, ready to be stored. `sha256` is empty when not even its bytes could be read.

    `page` is the number of the picture in a file of several, from 0, None for the one that the file is of. `turn` is
    how many quarter turns clockwise bring that upright, 0 to 3; width, height and boxes are those of the upright one.
    `note` is a sentence on what of the file was passed over, None where nothing was. `settings` are None where the file
    was not looked at.
    """

    path: str
    sha256: str
    size: int
    status: PhotoStatus
    settings: FaceSettings | None
    person: str | None = None
    reason: str | None = None
    width: int = 0
    height: int = 0
    faces: tuple[NewFace, ...] = ()
    turn: int = 0
    note: str | None = None
    page: int | None = None


@dataclass(frozen=True)
class KnownPhoto:
    """A photo that the gallery holds, with the way back to its file, and what that held: `size` bytes of `sha256`.

    It is displaced while another photo lies at its path and it was not found elsewhere yet. `page`
    is the number of the picture in a file of several, from 0, None for the one that the file is of; `turn` how many
    quarter turns clockwise bring it upright, 0 to 3.
    """

    id: int
    path: str
    sha256: str
    size: int
    status: PhotoStatus
    settings: FaceSettings | None
    person: str | None
    source_id: int
    source_kind: str
    source_location: str
    is_displaced: bool = False
    turn: int = 0
    reason: str | None = None
    page: int | None = None

    @property
    def lost_a_face(self) -> bool:
        """Whether a face of it was deleted by hand: then the photo is not looked at again, whatever the settings."""
        return self.reason in (LAST_FACE_DELETED, ONE_FACE_DELETED)


@dataclass(frozen=True)
class FaceRecord:
    """One stored face: `box` is (x1, y1, x2, y2) in pixels of the upright photo."""

    id: int
    photo: KnownPhoto
    person: str | None
    is_main: bool
    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    detection_score: float
    model: str
    runtime: str


@dataclass(frozen=True)
class Faces:
    """All faces of a gallery: `table` has FACE_COLUMNS, `embeddings` is (n_faces, 512) float32 of unit norm."""

    table: pd.DataFrame
    embeddings: np.ndarray

    def __len__(self) -> int:
        return len(self.embeddings)

    @property
    def ids(self) -> np.ndarray:
        """(n_faces,) int64."""
        return self.table["face"].to_numpy()

    @property
    def persons(self) -> np.ndarray:
        """(n_faces,) object: the person's name, or None where it is not known."""
        # pandas stores a missing name as NaN.
        return self.table["person"].astype(object).where(self.table["person"].notna(), None).to_numpy(dtype=object)


@dataclass(frozen=True)
class Clustering:
    """A stored result of clustering, with everything needed to make it again.

    `faces` (n,) int64 are the clustered faces' ids, `labels` (n,) int32 their clusters, `similarity` (n,) float32
    their cosine similarity to the cluster's centre, `centers` (n_clusters, 512) float32 the means of their faces.
    """

    algorithm: str
    parameters: dict[str, Any]
    seed: int
    model: str
    versions: dict[str, str]
    inertia: float
    seconds: float
    faces: np.ndarray
    labels: np.ndarray
    similarity: np.ndarray
    centers: np.ndarray
    id: int = 0
    created: str = ""
    names: dict[int, str] = field(default_factory=dict)

    @property
    def n_clusters(self) -> int:
        return len(self.centers)


@dataclass(frozen=True)
class KnownFaces:
    """How many `of` a gallery's faces have a person, by the folder of their photo or by hand (a cluster's name).

    What compares with people (accuracy, held-out photos, strangers) rests on the folders alone: names given to clusters
    cannot tell whether the clusters are right.
    """

    by_folder: int
    by_hand: int
    of: int

    @property
    def is_everybody(self) -> bool:
        """Whether every face has a person by folder."""
        return self.by_folder == self.of

    @property
    def sentence(self) -> str:
        """Which share of the faces the figures speak of."""
        told = f"{self.by_folder:,} of {self.of:,} faces have a known person"
        if self.is_everybody:
            return f"{told}."
        if self.by_hand:
            told += f" by folder, {self.by_hand:,} more by hand, through the name of their cluster"
        of = "the first" if self.by_hand else "these"
        return f"{told}; figures that compare with people speak of {of} alone."

    def as_dict(self) -> dict[str, int]:
        """Its JSON form."""
        return {"by_folder": self.by_folder, "by_hand": self.by_hand, "of": self.of}


@dataclass(frozen=True)
class GalleryCounts:
    """How much a gallery holds. `photos` is the sum of the four numbers after it.

    `people` are known by the folders of their photos (`people_by_folder`) or by the names of clusters;
    `faces_by_folder` and `faces_by_hand` are how many faces have a person the one way or the other. `in_part` photos
    were not read in full: pages were passed over, the end is missing, or they were read smaller.
    """

    photos: int
    indexed: int
    no_face: int
    unreadable: int
    duplicates: int
    faces: int
    people: int
    clusters: int
    people_by_folder: int = 0
    faces_by_folder: int = 0
    faces_by_hand: int = 0
    in_part: int = 0

    @property
    def known(self) -> KnownFaces:
        return KnownFaces(self.faces_by_folder, self.faces_by_hand, self.faces)


@dataclass(frozen=True)
class Unclustered:
    """How many faces are in no cluster: found after the clusters were made, and put into none by
    their algorithm."""

    found_later: int
    in_none: int


def name_key(name: str) -> str:
    """What two names have in common when they mean one person: letters in Unicode's form NFC, no blanks at the ends."""
    return unicodedata.normalize("NFC", name).strip()


def people_among(names: Iterable[str]) -> int:
    """How many people these names of folders and of clusters are."""
    return len({name_key(name) for name in names} - {""})


def known_persons(persons: Sequence[str | None] | np.ndarray) -> np.ndarray:
    """(n,) bool: which faces have a person. None and NaN are nobody, as tables hold them."""
    import pandas as pd

    return np.asarray(pd.notna(np.asarray(persons, dtype=object)))
