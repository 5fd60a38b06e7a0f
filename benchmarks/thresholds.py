"""How many strangers get a name where FPIR 1 % was asked for, by how many photos of each person the gallery holds."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from facecluster import Gallery, index_photos, open_photos
from facecluster.evaluation.held_out import same_photos
from facecluster.recognition.scoring import FaceMatcher
from facecluster.records import known_persons

PEOPLE = (1, 2, 5, 12)
PHOTOS = (1, 2, 3, 5, 10, 20)
DRAWS = 60
_PROBES = 12  # photos of each known person that are identified


def measure_thresholds(folder: Path, gallery: Path | None = None, draws: int = DRAWS) -> list[dict[str, Any]]:
    """A row per number of people and of photos of each: mean, 90th percentile and largest FPIR over the draws, mean
    FNIR and mean threshold; shares in %.

    A draw enrols so many people at random with so many photos each; the others' faces are all strangers. Copies of a
    photo take no part. The faces are those of `gallery`, or of `folder`, which holds one folder per person.
    """
    embeddings, persons = _faces(folder, gallery)
    names = np.unique(persons)
    rows = []
    for people in PEOPLE:
        for photos in PHOTOS:
            if people >= len(names):
                continue
            rates = np.array([_draw(embeddings, persons, names, people, photos, seed) for seed in range(draws)])
            fpir, fnir, threshold = rates.T
            shares = {
                "fpir": fpir.mean(),
                "fpir_90": np.quantile(fpir, 0.9),
                "fpir_worst": fpir.max(),
                "fnir": np.nanmean(fnir),
            }
            row: dict[str, Any] = {"people": people, "photos": photos, "draws": draws}
            row |= {name: round(100 * float(share), 2) for name, share in shares.items()}
            rows.append(row | {"threshold": round(float(threshold.mean()), 3)})
    return rows


def _faces(folder: Path, gallery: Path | None) -> tuple[np.ndarray, np.ndarray]:
    with tempfile.TemporaryDirectory() as scratch:
        opened = Gallery.open(gallery or Path(scratch) / "gallery")
        if gallery is None:
            index_photos(opened, open_photos(folder))
        faces = opened.faces()
        opened.close()
    known = known_persons(faces.persons)
    embeddings, persons = faces.embeddings[known], faces.persons[known].astype(str)
    first = np.unique(same_photos(embeddings), return_index=True)[1]
    return embeddings[first], persons[first]


def _draw(
    embeddings: np.ndarray, persons: np.ndarray, names: np.ndarray, people: int, photos: int, seed: int
) -> tuple[float, float, float]:
    """FPIR, FNIR (NaN without probes) and threshold of one draw."""
    rng = np.random.default_rng([seed, photos, people])
    known = rng.permutation(names)[:people]
    rows = [rng.permutation(np.flatnonzero(persons == name)) for name in known]
    enrolled = [of_person[:photos] for of_person in rows]
    probes = [of_person[photos:][-_PROBES:] for of_person in rows]
    who = np.repeat(np.arange(people), [len(part) for part in enrolled])
    matcher = FaceMatcher().fit(embeddings[np.concatenate(enrolled)], who)
    threshold = matcher.threshold()
    strange = matcher.scores(embeddings[~np.isin(persons, known)]).max(axis=1) >= threshold
    if not sum(map(len, probes)):
        return float(strange.mean()), float("nan"), threshold
    scores = matcher.scores(embeddings[np.concatenate(probes)])
    own = np.repeat(np.arange(people), [len(part) for part in probes])
    missed = (scores.max(axis=1) < threshold) | (scores.argmax(axis=1) != own)
    return float(strange.mean()), float(missed.mean()), threshold
