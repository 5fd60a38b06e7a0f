"""Whose face is found on photos that lie on their side or head: every photo of a folder in all four turns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.some_photos import SomePhotos
from facecluster import FaceDetector, FaceEmbedder, crop_face, load_image, open_photos
from facecluster.vision.faces import find_faces
from facecluster.vision.turning import TURNS, turned


@dataclass(frozen=True, eq=False)
class _Seen:
    """What came of a photo of `person` that was turned by `turn`: its main face's embedding (512,), if it has any."""

    person: str
    turn: int
    upright: bool
    embedding: np.ndarray | None


def measure_turns(
    folder: Path,
    limit: int | None = None,
    detector: FaceDetector | None = None,
    embedder: FaceEmbedder | None = None,
) -> list[dict[str, Any]]:
    """A row per turn, counted in photos; [] for a folder that names no person.

    Right and wrong go by the nearest of the people's centres, the means of their faces on the photos as they were
    given. A photo is `not upright` where it is not turned back, with a face or without.
    """
    detector, embedder = detector or FaceDetector(), embedder or FaceEmbedder()
    seen: list[_Seen] = []
    photos = SomePhotos(open_photos(folder), limit)
    for number in range(len(photos)):
        photo = photos[number]
        if photo.person is not None:
            seen += _look(load_image(photo.read()), photo.person, detector, embedder)
    centers = _centers(seen)
    return [_row(turn, [one for one in seen if one.turn == turn], centers) for turn in TURNS if seen]


def _row(turn: int, seen: list[_Seen], centers: dict[str, np.ndarray]) -> dict[str, Any]:
    faces = [one for one in seen if one.embedding is not None]
    right = sum(one.person == _nearest(one, centers) for one in faces)
    return {
        "turned by": f"{90 * turn}°",
        "photos": len(seen),
        "right person": right,
        "wrong person": len(faces) - right,
        "no face": len(seen) - len(faces),
        "not upright": sum(not one.upright for one in seen),
    }


def _look(image: np.ndarray, person: str, detector: FaceDetector, embedder: FaceEmbedder) -> list[_Seen]:
    """A photo in every turn, each found and embedded as by indexing."""
    found = find_faces(detector, [turned(image, turn) for turn in TURNS])
    mains = [photo.main for photo in found]
    crops = [
        crop_face(photo.image, photo.faces[main].box)
        for photo, main in zip(found, mains, strict=True)
        if main is not None
    ]
    embeddings = iter(embedder.embed(np.stack(crops)) if crops else ())
    return [
        _Seen(person, turn, (turn + photo.turn) % len(TURNS) == 0, None if main is None else next(embeddings))
        for turn, photo, main in zip(TURNS, found, mains, strict=True)
    ]


def _centers(seen: list[_Seen]) -> dict[str, np.ndarray]:
    """The unit centres (512,) of the people with a face on a photo as it was given."""
    faces: dict[str, list[np.ndarray]] = {}
    for one in seen:
        if one.turn == 0 and one.embedding is not None:
            faces.setdefault(one.person, []).append(one.embedding)
    means = {person: np.mean(each, axis=0) for person, each in faces.items()}
    return {person: mean / np.linalg.norm(mean) for person, mean in means.items()}


def _nearest(one: _Seen, centers: dict[str, np.ndarray]) -> str | None:
    return max(centers, key=lambda person: float(centers[person] @ one.embedding), default=None)
