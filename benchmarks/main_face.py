"""How often rules for the main face err: on compositions, and on a folder's photos of several faces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compositions import KINDS, SURE, compositions, pieces
from facecluster import Detection, FaceDetector, FaceEmbedder, crop_face, load_image, open_photos
from facecluster.vision.main_face import main_face

SEEDS = (0, 1)
_NEARER = 0.1  # cosine: by less, two faces are as much the person's
Measures = tuple[np.ndarray, np.ndarray, np.ndarray]  # areas, squared distances in half diagonals, scores
Rule = Callable[[Measures, tuple[int, int]], np.ndarray]


def _area_less_distance(faces: Measures, size: tuple[int, int]) -> np.ndarray:
    """facenet-pytorch's `center_weighted_size`."""
    return faces[0] - 2 * faces[1] * float((np.array(size) ** 2).sum()) / 4


def _product(faces: Measures, power: float, most: float, place: float) -> np.ndarray:
    logits = np.log(faces[2] / (1 - faces[2]))
    return np.asarray(np.log(faces[0]) + power * np.minimum(logits, most) - place * faces[1])


def _gated(rule: Rule, least: float) -> Rule:
    return lambda faces, size: rule(faces, size) - 1e9 * (faces[2] < least)


RULES: dict[str, Rule] = {
    "area - 2 distance² (facenet-pytorch's)": _area_less_distance,
    "the same, scores from 0.9 first": _gated(_area_less_distance, 0.9),
    "the same, scores from 0.99 first": _gated(_area_less_distance, 0.99),
    "largest": lambda faces, _: faces[0],
    "largest, scores from 0.9 first": _gated(lambda faces, _: faces[0], 0.9),
    "largest, scores from 0.99 first": _gated(lambda faces, _: faces[0], 0.99),
    "best score": lambda faces, _: faces[2],
    "area exp(-1.5 d²), scores from 0.9 first": _gated(lambda faces, _: _product(faces, 0, 9, 1.5), 0.9),
    "area exp(-1.5 d²), scores from 0.99 first": _gated(lambda faces, _: _product(faces, 0, 9, 1.5), 0.99),
    "area odds^0.2 exp(-1.5 d²)": lambda faces, _: _product(faces, 0.2, 9, 1.5),
    "area odds^0.5 exp(-1.5 d²)": lambda faces, _: _product(faces, 0.5, 9, 1.5),
    "area odds exp(-1.5 d²)": lambda faces, _: _product(faces, 1, 9, 1.5),
    "area odds (up to 0.989) exp(-1.5 d²)": lambda faces, _: _product(faces, 1, 4.5, 1.5),
    "area odds² (up to 0.989) exp(-1.5 d²)": lambda faces, _: _product(faces, 2, 4.5, 1.5),
    "area odds (up to 0.996) exp(-1.5 d²)": lambda faces, _: _product(faces, 1, 5.5, 1.5),
    "area odds (up to 0.989) exp(-d²)": lambda faces, _: _product(faces, 1, 4.5, 1.0),
    "area odds (up to 0.989) exp(-2 d²)": lambda faces, _: _product(faces, 1, 4.5, 2.0),
}
CHOSEN = "facecluster's: area odds (up to 0.989) exp(-1.5 d²), scores from 0.98 first"


def measure_main_face(folder: Path, each: int = 80) -> list[dict[str, Any]]:
    """A row per rule: the share in % of compositions of each kind, and of real photos, where another face is taken.

    The last column needs a folder per person. Compositions come from fixed seeds: the same photos give the same ones.
    """
    detector = FaceDetector()
    persons, look_alikes = pieces(folder, detector)
    made = [one for seed in SEEDS for one in compositions(persons, look_alikes, detector, each, seed)]
    real = _photos_of_several(folder, detector)
    rows = []
    for name in (*RULES, CHOSEN):
        row: dict[str, Any] = {"rule": name}
        for kind in KINDS:
            wrong = [_choose(name, one.found, one.size) != one.person for one in made if one.kind == kind.name]
            row[f"{kind.name} ({len(wrong)})"] = round(100 * float(np.mean(wrong)), 1) if wrong else None
        wrong = [likeness[_choose(name, found, size)] < likeness.max() - _NEARER for found, size, likeness in real]
        row[f"photos of several faces ({len(wrong)})"] = round(100 * float(np.mean(wrong)), 1) if wrong else None
        rows.append(row)
    return rows


def _choose(rule: str, found: list[Detection], size: tuple[int, int]) -> int:
    if rule == CHOSEN:
        place = main_face(found, size)
        assert place is not None
        return place
    boxes = np.stack([face.box for face in found]).astype(float)
    half = np.array(size) / 2
    away = (((boxes[:, :2] + boxes[:, 2:]) / 2 - half) ** 2).sum(axis=1) / (half**2).sum()
    scores = np.clip([face.score for face in found], 1e-7, 1 - 1e-7)
    return int(np.argmax(RULES[rule](((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), away, scores), size)))


def _photos_of_several(
    folder: Path, detector: FaceDetector
) -> list[tuple[list[Detection], tuple[int, int], np.ndarray]]:
    """Photos with several detections: these, the photo's size, and how like the person's other faces each is."""
    source, embedder = open_photos(folder), FaceEmbedder()
    alone: dict[str, list[np.ndarray]] = {}
    several = []
    for number in range(len(source)):
        photo = source[number]
        if photo.person is None:
            continue
        image = load_image(photo.read())
        (sight,) = detector.look_many([image])
        found = sight.detections
        if not found or (len(found) == 1 and found[0].score < SURE):
            continue
        embeddings = embedder.embed(np.stack([crop_face(image, face.box) for face in found]))
        if len(found) == 1:
            alone.setdefault(photo.person, []).append(embeddings[0])
        else:
            several.append((photo.person, found, image.shape[1::-1], embeddings))
    centres = {person: np.mean(faces, axis=0) for person, faces in alone.items()}
    return [
        (found, (size[0], size[1]), embeddings @ centres[person] / np.linalg.norm(centres[person]))
        for person, found, size, embeddings in several
        if person in centres
    ]
