"""Photos put together from crops, of which it is known whom they are of: a person beside bystanders and look-alikes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from facecluster import Detection, FaceDetector, load_image, open_photos
from facecluster.vision.turning import TURNS, turned

CANVAS = (960, 720)  # width, height
SURE = 0.9  # from here on a face is a person's
LOOK_ALIKE = (0.7, 0.96)  # detection scores of what is no face, or hardly one
_SAME = 0.4  # intersection over union of a found box with the place where it was put
_TRIES = 12


@dataclass(frozen=True)
class Kind:
    """How a second thing is placed beside the person; sizes are widths of its box in the person's, places shares of
    half the canvas's diagonal from the centre."""

    name: str
    other: str  # "face" or "look-alike"
    size: tuple[float, float]
    place: tuple[float, float]
    person_place: tuple[float, float]


KINDS = (
    Kind("smaller look-alike nearer the centre", "look-alike", (0.45, 0.75), (0.0, 0.25), (0.45, 0.75)),
    Kind("larger look-alike nearer the centre", "look-alike", (1.0, 1.5), (0.0, 0.3), (0.45, 0.75)),
    Kind("look-alike anywhere, of any size", "look-alike", (0.5, 1.5), (0.0, 0.75), (0.0, 0.6)),
    Kind("smaller bystander nearer the centre", "face", (0.4, 0.75), (0.0, 0.25), (0.45, 0.75)),
    Kind("smaller bystander anywhere", "face", (0.4, 0.8), (0.0, 0.8), (0.0, 0.6)),
    Kind("bystander at the edge, a little larger", "face", (1.0, 1.25), (0.65, 0.85), (0.0, 0.2)),
)


@dataclass(frozen=True, eq=False)
class Piece:
    """A cut-out (height, width, 3) uint8 and the box (4,) of the face, or of what looks like one, in it."""

    picture: np.ndarray
    box: np.ndarray


@dataclass(frozen=True, eq=False)
class _Placed:
    """A piece's picture at its size on the canvas, `where` (4,) it lies there, and the `box` (4,) of its face."""

    picture: np.ndarray
    where: np.ndarray
    box: np.ndarray


@dataclass(frozen=True, eq=False)
class Composition:
    """What the detector found on one, and which of it is the person's face."""

    kind: str
    size: tuple[int, int]
    found: list[Detection]
    person: int


def pieces(folder: Path, detector: FaceDetector) -> tuple[list[Piece], list[Piece]]:
    """Persons and look-alikes from a folder's photos.

    Persons come from photos with one sure face and nothing else; look-alikes are what scores from 0.7 to 0.96 in any
    turn of a photo, away from its sure faces.
    """
    persons, look_alikes = [], []
    source = open_photos(folder)
    for number in range(len(source)):
        image = load_image(source[number].read())
        views = [turned(image, turn) for turn in TURNS]
        sights = [sight.detections for sight in detector.look_many(views)]
        if len(sights[0]) == 1 and sights[0][0].score >= SURE:
            persons.append(_cut(image, sights[0][0].box, 0.9))
        taken = np.zeros(image.shape[:2], bool)
        for face in sights[0]:
            if face.score > LOOK_ALIKE[1]:
                left, top, right, bottom = np.clip(face.box, 0, None).astype(int)
                taken[top:bottom, left:right] = True
        for turn, view in zip(TURNS, views, strict=True):
            for found in sights[turn]:
                left, top, right, bottom = np.clip(found.box, 0, None).astype(int)
                face_here = turned(taken[..., None], turn)[top:bottom, left:right]
                if LOOK_ALIKE[0] <= found.score <= LOOK_ALIKE[1] and face_here.size and not face_here.any():
                    look_alikes.append(_cut(view, found.box, 0.4))
    return persons, look_alikes


def compositions(
    persons: Sequence[Piece], look_alikes: Sequence[Piece], detector: FaceDetector, each: int, seed: int
) -> Iterator[Composition]:
    """About `each` of every kind, on which the detector found both; the same for the same pieces and seed."""
    for number, kind in enumerate(KINDS):
        others = persons if kind.other == "face" else look_alikes
        random = np.random.default_rng([seed, number])
        made = 0
        for _ in range(each * _TRIES if others else 0):
            composed = _compose(kind, random, persons, others, detector)
            if composed is not None:
                made += 1
                yield composed
            if made == each:
                break


def _compose(
    kind: Kind, random: np.random.Generator, persons: Sequence[Piece], others: Sequence[Piece], detector: FaceDetector
) -> Composition | None:
    canvas = _background(random)
    width = random.uniform(110, 200)
    person = _placed(persons[int(random.integers(len(persons)))], width, kind.person_place, random)
    other = _placed(others[int(random.integers(len(others)))], width * random.uniform(*kind.size), kind.place, random)
    if person is None or other is None or _overlap(person.where, other.where) > 0:
        return None
    for each in (other, person):
        _paste(canvas, each)
    found = detector.look_many([canvas])[0].detections
    if len(found) != 2:
        return None
    own = int(np.argmax([_overlap(face.box, person.box) for face in found]))
    low, high = LOOK_ALIKE if kind.other == "look-alike" else (SURE, 1.0)
    if _overlap(found[own].box, person.box) < _SAME or _overlap(found[1 - own].box, other.box) < _SAME:
        return None
    return Composition(kind.name, CANVAS, found, own) if low <= found[1 - own].score <= high else None


def _cut(image: np.ndarray, box: np.ndarray, margin: float) -> Piece:
    sides = box[2:] - box[:2]
    corner = np.maximum(box[:2] - margin * sides, 0).astype(int)
    end = np.minimum(box[2:] + margin * sides, image.shape[1::-1]).astype(int)
    return Piece(image[corner[1] : end[1], corner[0] : end[0]], box - np.tile(corner, 2))


def _placed(piece: Piece, width: float, place: tuple[float, float], random: np.random.Generator) -> _Placed | None:
    """None where the face has no room; its surroundings may be cut off."""
    scale = width / float(piece.box[2] - piece.box[0])
    size = np.maximum((np.array(piece.picture.shape[1::-1]) * scale).astype(int), 1)
    picture = np.asarray(Image.fromarray(np.ascontiguousarray(piece.picture)).resize(tuple(size.tolist())))
    box = piece.box * scale
    angle, away = random.uniform(0, 2 * np.pi), random.uniform(*place)
    half = np.array(CANVAS) / 2
    centre = half + away * float(np.hypot(*half)) * np.array([np.cos(angle), np.sin(angle)])
    corner = np.round(centre - (box[:2] + box[2:]) / 2)
    box = box + np.tile(corner, 2)
    if (box[:2] < 0).any() or (box[2:] > CANVAS).any():
        return None
    return _Placed(picture, np.concatenate([corner, corner + size]), box)


def _paste(canvas: np.ndarray, placed: _Placed) -> None:
    left, top, right, bottom = placed.where.astype(int)
    x, y = max(left, 0), max(top, 0)
    inside = placed.picture[y - top : CANVAS[1] - top, x - left : CANVAS[0] - left]
    canvas[y:bottom, x:right] = inside


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boxes."""
    shared = np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None).prod()
    areas = (one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - shared
    return float(shared / areas)


def _background(random: np.random.Generator) -> np.ndarray:
    """A soft pattern of colours, without anything that looks like a face."""
    few = random.integers(40, 216, (4, 5, 3), dtype=np.uint8)
    return np.array(Image.fromarray(few).resize(CANVAS, Image.Resampling.BICUBIC))
