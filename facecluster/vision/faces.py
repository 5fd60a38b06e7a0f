"""What is found on a photo: its faces, what was too unsure to be one, and the turn that makes the photo upright."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facecluster.crop_place import CROP_SIZE
from facecluster.errors import PhotoError
from facecluster.photos.images import load_photo
from facecluster.vectors import evenly_chosen
from facecluster.vision.embedding import EMBEDDING_SIZE, crop_face
from facecluster.vision.main_face import main_face
from facecluster.vision.turning import SURE, TURNS, looks_upright, turned, upright_turn

if TYPE_CHECKING:
    from facecluster.photos.images import ImageSource, Photo
    from facecluster.vision.detection import Detection, FaceDetector, Sight
    from facecluster.vision.embedding import FaceEmbedder

MOST_PAGES = 20
"""Of the pictures of one file so many are looked at for a face, spread evenly: the frames of a clip are much alike."""


@dataclass(frozen=True, eq=False)
class PhotoFaces:
    """The faces of one photo, largest first, and the unsure ones below the detector's `min_score`.

    `turn` counts the quarter turns clockwise from the photo as it was given to `image` (height, width, 3), which is
    upright; boxes and landmarks are in pixels of `image`.
    """

    image: np.ndarray
    turn: int
    faces: tuple[Detection, ...]
    unsure: tuple[Detection, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of `image` in pixels."""
        return self.image.shape[1], self.image.shape[0]

    @property
    def main(self) -> int | None:
        """The place among `faces` of the one that the photo is of; None without faces."""
        return main_face(self.faces, self.size)

    @property
    def best_score(self) -> float:
        """The detection score of the surest face, unsure ones included; 0 without any."""
        return max((face.score for face in (*self.faces, *self.unsure)), default=0.0)

    def crops(self, places: Sequence[int] | None = None) -> np.ndarray:
        """(n, 160, 160, 3) uint8: what the embedder sees of the faces at these places among `faces`, or of all."""
        chosen = range(len(self.faces)) if places is None else places
        found = [crop_face(self.image, self.faces[place].box) for place in chosen]
        return np.stack(found) if found else np.empty((0, CROP_SIZE, CROP_SIZE, 3), np.uint8)


@dataclass(frozen=True)
class FaceReader:
    """From a picture to its faces, their crops and embeddings: a detector and an embedder that work as one.

    Networks load when they are first needed; several threads may use one reader.
    """

    detector: FaceDetector
    embedder: FaceEmbedder

    def load(self) -> None:
        """Makes both ready now. Raises WeightsError and RuntimeChoiceError."""
        # At once, since at the first use on a machine each is prepared in a process of its own, for some seconds.
        with ThreadPoolExecutor(1, "load") as beside:
            detector = beside.submit(self.detector.load)
            self.embedder.load()
            detector.result()

    def look(self, images: Sequence[np.ndarray]) -> list[PhotoFaces]:
        """See `find_faces`."""
        return find_faces(self.detector, images)

    def read(self, source: ImageSource) -> tuple[Photo, PhotoFaces]:
        """A photo as `load_photo` reads it, with its faces as `look` finds them, and the same errors.

        Of a file of several pictures (pages of a TIFF, an animation, a HEIC) it is the one that the file is of; where
        that has no sure face, the first other one that has, or else the one with the surest face.
        """
        photo = load_photo(source)
        (found,) = self.look([photo.image])
        for page in pages_to_try(photo.other_pages, found.best_score):
            try:
                other = load_photo(source, page=page)
            except PhotoError:  # a page that is damaged costs the others nothing
                continue
            (seen,) = self.look([other.image])
            if seen.best_score > found.best_score:
                photo, found = other, seen
            if found.best_score >= SURE:
                break
        return photo, found

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """(n, 512) float32 of unit length for crops (n, 160, 160, 3) uint8; without any, no network loads."""
        return self.embedder.embed(crops) if len(crops) else np.empty((0, EMBEDDING_SIZE), np.float32)

    def why_no_face(self, photo: PhotoFaces, scale: float) -> str | None:
        """The sentence for a photo without a face, None where it has one; `scale` is how much larger its file is."""
        return None if photo.faces else why_no_face(round(self.detector.min_face_size * scale), photo.unsure)


def find_faces(detector: FaceDetector, images: Sequence[np.ndarray]) -> list[PhotoFaces]:
    """The faces of each photo (height, width, 3) uint8 RGB, turned where it lies on its side or head.

    A photo is looked at in all four turns only where its surest face is unsure or does not look upright.
    """
    sights = detector.look_many(images) if images else []
    return [_upright(detector, image, sight) for image, sight in zip(images, sights, strict=True)]


def _upright(detector: FaceDetector, image: np.ndarray, sight: Sight) -> PhotoFaces:
    turn = 0
    if not looks_upright(sight):
        # One after the other: turned copies of a large photo are not held together.
        others = [detector.look_many([turned(image, other)])[0] for other in TURNS[1:]]
        seen = [sight, *others]
        turn = upright_turn(seen)
        sight = seen[turn]
    faces = tuple(face for face in sight.detections if face.score >= detector.min_score)
    unsure = tuple(face for face in sight.detections if face.score < detector.min_score)
    return PhotoFaces(turned(image, turn), turn, faces, unsure)


def pages_to_try(others: Sequence[int], best_score: float) -> list[int]:
    """Which of a file's `others` pictures are looked at too, where the surest face so far has `best_score`."""
    if best_score >= SURE or not others:
        return []
    return [int(page) for page in evenly_chosen(np.array(others), MOST_PAGES)]


def unsure_in_words(unsure: Sequence[Detection]) -> str:
    """`one unsure face, score 0.74` or `3 unsure faces, the best with score 0.86`; empty without any."""
    if not unsure:
        return ""
    # Rounded down, so that it never reads as the least score itself.
    best = math.floor(100 * max(face.score for face in unsure)) / 100
    if len(unsure) == 1:
        return f"one unsure face, score {best:.2f}"
    return f"{len(unsure)} unsure faces, the best with score {best:.2f}"


def why_no_face(min_face_size: int, unsure: Sequence[Detection]) -> str:
    """The sentence for a photo without a face."""
    if not unsure:
        return f"No face of {min_face_size} pixels or more was found."
    return f"No sure face of {min_face_size} pixels or more was found, only {unsure_in_words(unsure)}."
