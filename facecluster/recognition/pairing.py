"""Two photos as the verify page compares them: each read once, judged as often as the strictness changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from facecluster.photos.images import size_of
from facecluster.recognition.probes import CLOSE_MARGIN, Probe
from facecluster.recognition.verification import Verification, verify
from facecluster.vision.main_face import main_face

if TYPE_CHECKING:
    from facecluster.recognition.verification import PairErrors

PairVerdict = Literal["same", "close", "different"]


@dataclass(frozen=True, eq=False)
class ProbeFace:
    """One face of a probe: its place among the detections, crop (160, 160, 3) uint8, embedding (512,) float32,
    and box (x1, y1, x2, y2) in pixels of the probe's picture."""

    place: int
    crop: np.ndarray
    embedding: np.ndarray
    box: tuple[float, float, float, float]


def probe_faces(probe: Probe) -> list[ProbeFace]:
    """The faces of a probe in the order of its detections; none when it could not be read or shows no face."""
    if probe.crops is None or probe.embeddings is None:
        return []
    scaled = [tuple(float(value) * probe.scale for value in found.box) for found in probe.detections]
    return [
        ProbeFace(place, probe.crops[place], probe.embeddings[place], (x1, y1, x2, y2))
        for place, (x1, y1, x2, y2) in enumerate(scaled)
    ]


def main_probe_face(probe: Probe) -> ProbeFace | None:
    """The face that a photo is about; None when it could not be read or shows no face."""
    if probe.picture is None:
        return None
    width, height = size_of(probe.picture)
    place = main_face(list(probe.detections), (round(width / probe.scale), round(height / probe.scale)))
    return None if place is None else probe_faces(probe)[place]


def compare_faces(one: ProbeFace, other: ProbeFace, pairs: PairErrors, fmr: float) -> Verification:
    """`verification.verify` of two faces at the threshold for a false match rate in (0, 1)."""
    return verify(one.embedding, other.embedding, pairs, fmr)


def pair_verdict(found: Verification) -> PairVerdict:
    """Same or different; too close to tell when the similarity lies within 0.05 of the threshold, on either side."""
    if abs(found.similarity - found.threshold) < CLOSE_MARGIN:
        return "close"
    return "same" if found.same else "different"
