"""What indexing does in its workers: from the bytes of a batch of photos to faces that are ready to be stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from facecluster.detection import Detection, FaceDetector, main_face
from facecluster.embedding import FaceEmbedder, crop_face
from facecluster.errors import PhotoError
from facecluster.images import encode_jpeg, load_image
from facecluster.photos import PhotoFile
from facecluster.records import NewFace, NewPhoto, PhotoStatus

FacesToKeep = Literal["largest", "all"]

_PIXELS_AT_ONCE = 16_000_000  # decoded pixels a worker holds for one detector call: 48 MB


@dataclass(frozen=True)
class Task:
    """A photo with what was read of it; `outcome` once it is settled, `skipped` when the gallery knows it."""

    photo: PhotoFile
    content: bytes
    sha256: str
    outcome: NewPhoto | None = None
    skipped: bool = False


@dataclass(frozen=True)
class _Found:
    """The faces to keep of the photo at `index` of a batch: detection, crop, whether it is the main one."""

    index: int
    faces: list[tuple[Detection, np.ndarray, bool]]
    width: int
    height: int


@dataclass(frozen=True)
class FaceExtractor:
    """Turns batches of tasks into settled ones; safe to call from several threads at once."""

    detector: FaceDetector
    embedder: FaceEmbedder
    faces: FacesToKeep

    @property
    def settings(self) -> str:
        """What a photo's faces depend on besides the model; a photo indexed with other settings is done anew."""
        return f"{self.faces}/{self.detector.min_face_size}"

    def process(self, batch: Sequence[Task]) -> list[Task]:
        """The batch in its order, every task settled."""
        settled = {index: task for index, task in enumerate(batch) if task.outcome or task.skipped}
        waiting: list[tuple[int, np.ndarray]] = []
        found: list[_Found] = []
        for index, task in enumerate(batch):
            if index in settled:
                continue
            try:
                waiting.append((index, load_image(task.content)))
            except PhotoError as error:
                reason = str(error).replace("The photo", Path(task.photo.path).name, 1)
                settled[index] = replace(task, outcome=outcome_of(task, "unreadable", self.settings, reason))
            if sum(image.shape[0] * image.shape[1] for _, image in waiting) > _PIXELS_AT_ONCE:
                found += self._find(waiting)
                waiting = []
        found += self._find(waiting)
        del waiting
        crops = [crop for photo in found for _, crop, _ in photo.faces]
        embeddings = iter(self.embedder.embed(np.stack(crops)) if crops else ())
        for photo in found:
            faces = tuple(self._new_face(*face, next(embeddings)) for face in photo.faces)
            settled[photo.index] = self._settle(batch[photo.index], photo, faces)
        return [settled[index] for index in range(len(batch))]

    def _find(self, images: Sequence[tuple[int, np.ndarray]]) -> list[_Found]:
        found = []
        detections = self.detector.detect_many([image for _, image in images]) if images else []
        for (index, image), faces in zip(images, detections, strict=True):
            height, width = image.shape[:2]
            main = main_face(faces, (width, height))
            kept = [
                (face, crop_face(image, face.box), number == main)
                for number, face in enumerate(faces)
                if self.faces == "all" or number == main
            ]
            found.append(_Found(index, kept, width, height))
        return found

    def _settle(self, task: Task, photo: _Found, faces: tuple[NewFace, ...]) -> Task:
        reason = None if faces else f"No face of {self.detector.min_face_size} pixels or more was found."
        outcome = outcome_of(task, "indexed" if faces else "no_face", self.settings, reason)
        outcome = replace(outcome, faces=faces, width=photo.width, height=photo.height)
        return replace(task, outcome=outcome, content=b"")

    def _new_face(self, face: Detection, crop: np.ndarray, is_main: bool, embedding: np.ndarray) -> NewFace:
        return NewFace(
            box=face.box,
            landmarks=face.landmarks,
            detection_score=face.score,
            is_main=is_main,
            crop=encode_jpeg(crop),
            embedding=embedding,
            runtime=self.embedder.runtime,
        )


def read_photo(photo: PhotoFile) -> Task:
    """Reads a photo's bytes and hashes them; one that cannot be read is settled as unreadable."""
    try:
        content = photo.read()
    except OSError as error:
        reason = f"{Path(photo.path).name} cannot be read: {error.strerror or error}."
        task = Task(photo, b"", "")
        return replace(task, outcome=outcome_of(task, "unreadable", "", reason))
    return Task(photo, content, hashlib.sha256(content).hexdigest())


def outcome_of(task: Task, status: PhotoStatus, settings: str, reason: str | None = None) -> NewPhoto:
    """How a photo ended, without faces."""
    return NewPhoto(
        path=task.photo.path,
        sha256=task.sha256,
        size=len(task.content),
        status=status,
        settings=settings,
        person=task.photo.person,
        reason=reason,
    )
