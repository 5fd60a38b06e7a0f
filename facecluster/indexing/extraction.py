"""What indexing does in its workers: from the bytes of a batch of photos to faces that are ready to be stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facecluster.errors import OutOfMemoryError, PhotoError
from facecluster.face_settings import FaceSettings, FacesToKeep
from facecluster.photos.images import Photo, decoded_bytes, encode_jpeg, load_photo
from facecluster.photos.memory import Budget, is_free, is_lack_of_memory
from facecluster.photos.sources import PhotoFile
from facecluster.records import NewFace, NewPhoto, PhotoStatus
from facecluster.vision.detection import Detection
from facecluster.vision.faces import FaceReader, PhotoFaces, pages_to_try, why_no_face
from facecluster.vision.turning import MOST_TILT, SURE, tilt

_PICTURE_BYTES = 512 * 2**20  # that decoding and decoded pictures may take in all workers together
_BYTES_AT_ONCE = 160 * 2**20  # of these a worker holds for one detector call: 16 megapixels while they are decoded

_pictures = Budget(_PICTURE_BYTES)
# The score from which a face that was found before photos were turned is believed to be upright: 3 photos in 100 lie
# below, and 94 of 100 that lie on their side or head.
_CERTAIN = 0.99


@dataclass(frozen=True)
class Task:
    """A photo with what was read of it; `outcome` once it is settled, `skipped` when the gallery knows it.

    `starved` says that it needed more memory than there was, which says nothing about the photo.
    """

    photo: PhotoFile
    content: bytes
    sha256: str
    outcome: NewPhoto | None = None
    skipped: bool = False
    starved: bool = False


@dataclass(frozen=True)
class _Found:
    """The faces to keep of the photo at `index` of a batch: detection, crop, whether it is the main one.

    Boxes, landmarks and size are in pixels of the upright photo, of which `scale` make one of the picture looked at.
    """

    index: int
    faces: list[tuple[Detection, np.ndarray, bool]]
    unsure: tuple[Detection, ...]
    width: int
    height: int
    turn: int
    scale: float
    note: str | None
    page: int | None
    other_pages: tuple[int, ...]
    best_score: float


class _InHand:
    """The decoded pictures that a worker holds, with what they take of the memory that all workers share."""

    def __init__(self, budget: Budget) -> None:
        self.pictures: list[tuple[int, Photo]] = []
        self._budget = budget
        self._held = 0

    def make_room(self, need: int) -> bool:
        """Whether `need` bytes more are held now; of large photos few, so that a batch is worked off in parts."""
        if (self.pictures and self._held + need > _BYTES_AT_ONCE) or not self._budget.try_to_take(need):
            return False
        self._held += need
        return True

    def wait_for_room(self, need: int) -> None:
        """Waits, holding nothing, until `need` bytes may be held."""
        self._budget.take(need)
        self._held += need

    def put_down(self) -> None:
        """Lets go of the pictures and their memory."""
        self.pictures = []
        self._budget.give_back(self._held)
        self._held = 0


@dataclass(frozen=True)
class FaceExtractor:
    """Turns batches of tasks into settled ones; safe to call from several threads at once."""

    reader: FaceReader
    faces: FacesToKeep

    @property
    def settings(self) -> FaceSettings:
        """What a photo's faces depend on besides the model."""
        return FaceSettings(self.faces, self.reader.detector.min_face_size, self.reader.detector.min_score)

    def is_sure(self, faces: Sequence[tuple[float, np.ndarray]]) -> bool:
        """Whether a photo indexed before there was a least score would keep its faces, and need not be done anew.

        `faces` are the scores and landmarks (5, 2) of its faces. A photo without a face may have one in another turn;
        an unsure face, or one that does not look upright, may be none.
        """
        return (
            bool(faces)
            and all(score >= self.reader.detector.min_score for score, _ in faces)
            and max(score for score, _ in faces) >= _CERTAIN
            and all(tilt(landmarks) <= MOST_TILT for _, landmarks in faces)
        )

    def process(self, batch: Sequence[Task]) -> list[Task]:
        """The batch in its order, every task settled. Where memory runs out, its photos are tried again one by one."""
        try:
            return self._process(batch)
        except Exception as error:
            if not is_lack_of_memory(error):
                raise
        return [self._process_alone(task) for task in batch]

    def _process_alone(self, task: Task) -> Task:
        """One photo while no worker holds the picture of another."""
        try:
            with _pictures.alone():
                return self._process([task], Budget(_PICTURE_BYTES))[0]
        except Exception as error:
            if not is_lack_of_memory(error):
                raise
        return starved(task, self.settings)

    def _process(self, batch: Sequence[Task], budget: Budget | None = None) -> list[Task]:
        settled = {index: task for index, task in enumerate(batch) if task.outcome or task.skipped}
        found: list[_Found] = []
        in_hand = _InHand(budget or _pictures)
        try:
            for index, task in enumerate(batch):
                if index in settled:
                    continue
                need = decoded_bytes(task.content)
                if not in_hand.make_room(need):
                    found += self._find(in_hand.pictures)
                    in_hand.put_down()
                    in_hand.wait_for_room(need)
                try:
                    in_hand.pictures.append((index, load_photo(task.content)))
                except OutOfMemoryError as error:
                    raise MemoryError from error
                except PhotoError as error:
                    if not is_free(need):
                        raise MemoryError from error
                    settled[index] = self._unreadable(task, error)
            found += self._find(in_hand.pictures)
            in_hand.put_down()
            found = [self._best_page(batch[photo.index].content, photo, in_hand) for photo in found]
        finally:
            in_hand.put_down()
        crops = [crop for photo in found for _, crop, _ in photo.faces]
        embeddings = iter(self.reader.embed(np.stack(crops)) if crops else ())
        for photo in found:
            faces = tuple(self._new_face(*face, next(embeddings)) for face in photo.faces)
            settled[photo.index] = self._settle(batch[photo.index], photo, faces)
        return [settled[index] for index in range(len(batch))]

    def _unreadable(self, task: Task, error: PhotoError) -> Task:
        reason = error.sentence_about(Path(task.photo.path).name)
        return replace(task, outcome=outcome_of(task, "unreadable", self.settings, reason), content=b"")

    def _find(self, pictures: Sequence[tuple[int, Photo]]) -> list[_Found]:
        photos = self.reader.look([read.image for _, read in pictures])
        return [self._kept(index, read, photo) for (index, read), photo in zip(pictures, photos, strict=True)]

    def _best_page(self, content: bytes, found: _Found, in_hand: _InHand) -> _Found:
        """Of a file of several pictures without a sure face: what `FaceReader.read` tells, in bounded memory."""
        for page in pages_to_try(found.other_pages, found.best_score):
            in_hand.wait_for_room(decoded_bytes(content, page=page))
            try:
                (seen,) = self._find([(found.index, load_photo(content, page=page))])
            except OutOfMemoryError as error:
                raise MemoryError from error
            except PhotoError:
                continue
            finally:
                in_hand.put_down()
            found = max(found, seen, key=lambda one: one.best_score)
            if found.best_score >= SURE:
                break
        return found

    def _kept(self, index: int, read: Photo, photo: PhotoFaces) -> _Found:
        main = photo.main
        places = [place for place in range(len(photo.faces)) if self.faces == "all" or place == main]
        kept = [
            (photo.faces[place].times(read.scale), crop, place == main)
            for place, crop in zip(places, photo.crops(places), strict=True)
        ]
        size = (read.height, read.width) if photo.turn % 2 else (read.width, read.height)
        return _Found(
            index,
            kept,
            photo.unsure,
            *size,
            turn=photo.turn,
            scale=read.scale,
            note=read.note,
            page=read.page,
            other_pages=read.other_pages,
            best_score=photo.best_score,
        )

    def _settle(self, task: Task, photo: _Found, faces: tuple[NewFace, ...]) -> Task:
        reason = None if faces else why_no_face(round(self.reader.detector.min_face_size * photo.scale), photo.unsure)
        outcome = outcome_of(task, "indexed" if faces else "no_face", self.settings, reason)
        outcome = replace(outcome, faces=faces, turn=photo.turn, note=photo.note, page=photo.page)
        outcome = replace(outcome, width=photo.width, height=photo.height)
        return replace(task, outcome=outcome, content=b"")

    def _new_face(self, face: Detection, crop: np.ndarray, is_main: bool, embedding: np.ndarray) -> NewFace:
        return NewFace(
            box=face.box,
            landmarks=face.landmarks,
            detection_score=face.score,
            is_main=is_main,
            crop=encode_jpeg(crop),
            embedding=embedding,
            runtime=self.reader.embedder.runtime,
        )


def read_photo(photo: PhotoFile) -> Task:
    """Reads a photo's bytes and hashes them; one that cannot be read is settled as unreadable."""
    try:
        content = photo.read()
    except MemoryError:
        return starved(Task(photo, b"", ""), None)
    except OSError as error:
        if is_lack_of_memory(error):
            return starved(Task(photo, b"", ""), None)
        reason = f"{Path(photo.path).name} cannot be read: {error.strerror or error}."
        task = Task(photo, b"", "")
        return replace(task, outcome=outcome_of(task, "unreadable", None, reason))
    return Task(photo, content, hashlib.sha256(content).hexdigest())


def starved(task: Task, settings: FaceSettings | None) -> Task:
    """The task settled as unreadable for lack of memory. Like all unreadable ones it is tried again by the next run."""
    name = Path(task.photo.path).name
    reason = f"{name} needs more memory than there was: close other programs and index it again."
    return replace(task, outcome=outcome_of(task, "unreadable", settings, reason), content=b"", starved=True)


def outcome_of(task: Task, status: PhotoStatus, settings: FaceSettings | None, reason: str | None = None) -> NewPhoto:
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
