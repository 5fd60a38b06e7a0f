"""Faces that the frame cuts are found, and those inside stay as they were."""

from __future__ import annotations

import numpy as np
import pytest

from facecluster.samples.sample_photos import draw_portrait
from facecluster.vision.detection import FaceDetector
from facecluster.vision.mtcnn import area_resize
from facecluster.vision.mtcnn import boxes as box_math


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


def cut(person: int, share: float, side: str, detector: FaceDetector) -> tuple[np.ndarray, np.ndarray]:
    """A drawn portrait whose frame cuts the face by `share`, and the face's box in it."""
    portrait = np.asarray(draw_portrait(person, person + 1))
    left, top, right, bottom = detector.detect(portrait)[0].box
    if side == "left":
        start = int(left + share * (right - left))
        return np.ascontiguousarray(portrait[:, start:]), np.array([left - start, top, right - start, bottom])
    if side == "right":
        return np.ascontiguousarray(portrait[:, : int(right - share * (right - left))]), np.array(
            [left, top, right, bottom]
        )
    return np.ascontiguousarray(portrait[: int(bottom - share * (bottom - top))]), np.array([left, top, right, bottom])


def test_most_faces_that_the_frame_cuts_by_three_tenths_are_found_where_they_are(detector: FaceDetector) -> None:
    found = 0
    for side in ("left", "right", "bottom"):
        for person in range(12):
            image, box = cut(person, 0.3, side, detector)
            shares = [box_math.shares_covered(face.box[None], box[None]).max() for face in detector.detect(image)]
            found += any(share > 0.7 for share in shares)
    assert found >= 29  # of 36; stretched to the edge as by facenet-pytorch, 22


def test_a_sure_face_at_the_edge_keeps_its_box(detector: FaceDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [cut(person, 0.1, "left", detector)[0] for person in range(8)]
    now = detector.detect_many(images)
    monkeypatch.setattr(FaceDetector, "_cut_by_the_edge", lambda _, photos, faces: [[] for _ in photos])
    for faces, before in zip(now, detector.detect_many(images), strict=True):
        sure = [face.box for face in before if face.score >= 0.95]
        assert sure
        for box in sure:
            assert min(np.abs(face.box - box).max() for face in faces) == 0


def test_what_lies_beyond_the_photo_is_medium_grey_and_the_rest_is_as_ever() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    table = area_resize.sum_table(image)
    windows = np.array([[10, 5, 58, 53], [-24, 10, 24, 58], [60, 40, 108, 88], [200, 200, 248, 248]])
    crops = area_resize.area_crops_beyond(table, windows, 48)
    np.testing.assert_allclose(crops[0], area_resize.area_crops(table, windows[:1], 48)[0], atol=1e-5)
    pixels = (image.transpose(2, 0, 1).astype(np.float32) - 127.5) / 128
    np.testing.assert_allclose(crops[1][:, :, :24], 0, atol=1e-5)
    np.testing.assert_allclose(crops[1][:, :, 24:], pixels[:, 10:58, :24], atol=1e-5)
    np.testing.assert_allclose(crops[2][:, :20, :20], pixels[:, 40:, 60:], atol=1e-5)
    np.testing.assert_allclose(crops[2][:, 20:], 0, atol=1e-5)
    np.testing.assert_allclose(crops[3], 0, atol=1e-5)


def test_half_a_crop_beyond_the_edge_is_averaged_with_grey() -> None:
    white = area_resize.sum_table(np.full((8, 8, 3), 255, np.uint8))
    crops = area_resize.area_crops_beyond(white, np.array([[-4, 0, 4, 8]]), 1)
    np.testing.assert_allclose(crops.ravel(), 127.5 / 128 / 2, atol=1e-5)


def test_how_far_a_box_reaches_beyond_the_photo() -> None:
    boxes = np.array([[10, 10, 50, 50], [-10, 10, 30, 50], [60, 20, 120, 80], [20, -30, 80, 30]], np.float32)
    np.testing.assert_allclose(box_math.shares_beyond(boxes, 100, 100), [-0.25, 0.25, 1 / 3, 0.5], atol=1e-6)
