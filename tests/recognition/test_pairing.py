"""Two photos as the verify page takes them: the face each is about, and an answer that admits a close call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from facecluster.photos.images import encode_jpeg
from facecluster.recognition.pairing import ProbeFace, compare_faces, main_probe_face, pair_verdict
from facecluster.recognition.probes import Probe
from facecluster.recognition.verification import PairErrors, Verification
from facecluster.vision.detection import Detection
from tests.people import draw_people, unit


def probe(*boxes: tuple[int, int, int, int], scale: float = 0.5) -> Probe:
    """A photo of 400 x 200 px, kept at half its size, with these faces."""
    number = len(boxes)
    return Probe(
        "photo.jpg",
        picture=encode_jpeg(np.full((100, 200, 3), 128, np.uint8)),
        scale=scale,
        detections=tuple(Detection(np.array(box, np.float32), np.zeros((5, 2), np.float32), 0.99) for box in boxes),
        crops=np.arange(number, dtype=np.uint8)[:, None, None, None] * np.ones((1, 160, 160, 3), np.uint8),
        embeddings=np.eye(512, dtype=np.float32)[:number],
    )


def found(similarity: float, threshold: float = 0.5) -> Verification:
    return Verification(similarity, threshold, similarity >= threshold, 0.001, 0.02)


def test_a_photo_is_about_the_face_in_its_middle_not_one_as_large_at_its_edge() -> None:
    face = main_probe_face(probe((0, 0, 60, 60), (170, 70, 230, 130)))
    assert face is not None
    assert (face.place, int(face.crop[0, 0, 0]), int(face.embedding.argmax())) == (1, 1, 1)
    assert face.box == (85, 35, 115, 65)  # pixels of the picture that is shown, half the photo's


def test_a_photo_without_a_face_or_one_that_cannot_be_read_has_no_main_face() -> None:
    assert main_probe_face(probe()) is None
    assert main_probe_face(Probe("notes.txt", error="notes.txt is not a photo.")) is None


@pytest.mark.parametrize(
    ("similarity", "verdict"),
    [(0.9, "same"), (0.551, "same"), (0.549, "close"), (0.5, "close"), (0.451, "close"), (0.449, "different")],
)
def test_close_to_the_threshold_neither_answer_is_given(similarity: float, verdict: str) -> None:
    assert pair_verdict(found(similarity)) == verdict


def test_a_stricter_rate_can_only_turn_same_into_different() -> None:
    embeddings, persons = draw_people(12, 6, scatter=0.9, alike=0.3)
    pairs = PairErrors().fit(embeddings, persons)
    rng = np.random.default_rng(0)

    def face(vector: np.ndarray) -> ProbeFace:
        whatever: Any = np.zeros((160, 160, 3), np.uint8)
        return ProbeFace(0, whatever, vector, (0, 0, 1, 1))

    for row in range(0, len(embeddings), 7):
        other = face(unit(embeddings[row] + 0.5 * unit(rng.normal(size=512))))
        answers = [compare_faces(face(embeddings[row]), other, pairs, rate) for rate in (0.05, 0.01, 0.001)]
        assert len({answer.similarity for answer in answers}) == 1
        assert [answer.same for answer in answers] == sorted((answer.same for answer in answers), reverse=True)
        assert answers[0].threshold <= answers[1].threshold <= answers[2].threshold
