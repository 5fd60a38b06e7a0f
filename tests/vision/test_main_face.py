"""The face that a photo is of is sure, large and not far from the centre: what a person would point at."""

from __future__ import annotations

import numpy as np
import pytest

from facecluster.vision.detection import Detection
from facecluster.vision.main_face import main_face


def face(*box: float, score: float = 0.9999) -> Detection:
    return Detection(np.array(box, np.float32), np.zeros((5, 2), np.float32), score)


def square(x: float, y: float, side: float, score: float = 0.9999) -> Detection:
    """A face with its centre at (x, y)."""
    return face(x - side / 2, y - side / 2, x + side / 2, y + side / 2, score=score)


@pytest.mark.parametrize(
    ("faces", "main"),
    [
        ([], None),
        ([face(0, 0, 10, 10)], 0),
        ([face(160, 160, 240, 240), face(120, 120, 280, 280)], 1),  # both in the middle: the larger
        ([face(0, 0, 120, 120), face(150, 150, 250, 250)], 1),  # a passer-by in the corner is a little larger
        ([face(0, 60, 280, 340), face(190, 190, 210, 210)], 0),  # a small one in the middle does not win
        ([square(100, 110, 110), square(205, 210, 75)], 0),  # nor does a smaller bystander
    ],
)
def test_the_main_face_is_large_and_near_the_center(faces: list[Detection], main: int | None) -> None:
    assert main_face(faces, (400, 400)) == main


@pytest.mark.parametrize("score", [0.8, 0.81, 0.85, 0.94])
@pytest.mark.parametrize("times", [0.6, 1.2])
def test_a_fold_of_cloth_in_the_middle_is_not_what_a_photo_is_of(score: float, times: float) -> None:
    own, cloth = square(110, 120, 120, 0.9995), square(200, 200, 120 * times, score)
    assert main_face([own, cloth], (400, 400)) == 0
    assert main_face([cloth, own], (400, 400)) == 1


def test_a_body_much_larger_than_the_face_above_it_is_not_what_a_photo_is_of() -> None:
    own, body = face(242, 82, 354, 254, score=0.9999), face(80, 282, 370, 619, score=0.975)
    assert main_face([body, own], (474, 592)) == 1
    assert main_face([body], (474, 592)) == 0, "where there is nothing else it may be a face"


def test_among_sure_faces_the_score_decides_nothing() -> None:
    assert main_face([square(200, 200, 100, 0.99), square(200, 80, 80, 1.0)], (400, 400)) == 0


def test_the_photos_size_does_not_matter() -> None:
    faces = [square(90, 90, 90), square(210, 200, 60), square(300, 300, 50, 0.9)]
    small = [Detection(each.box / 8, each.landmarks, each.score) for each in faces]
    assert main_face(faces, (400, 400)) == main_face(small, (50, 50)) == 0


def test_a_box_without_area_and_a_score_of_one_are_no_trouble() -> None:
    assert main_face([face(5, 5, 5, 5, score=1.0), face(0, 0, 20, 20, score=1.0)], (40, 40)) == 1
