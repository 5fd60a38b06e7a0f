"""The box arithmetic is facenet-pytorch's: same inputs, same boxes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facenet_pytorch.models.utils import detect_face
from torchvision.ops import nms  # type: ignore[import-untyped]

from facecluster.vision.mtcnn import boxes as box_math


def crowd(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes on whole pixels in a few heaps, so that many overlap and some scores are equal, as P-Net gives them."""
    rng = np.random.default_rng(seed)
    heaps = rng.uniform(0, 300, (max(1, count // 6), 2))
    corners = (heaps[rng.integers(0, len(heaps), count)] + rng.normal(0, 8, (count, 2))).round()
    sides = rng.integers(12, 60, (count, 1))
    scores = rng.uniform(0.6, 1, count).round(2)
    return np.hstack([corners, corners + sides]).astype(np.float32), scores.astype(np.float32)


@pytest.mark.parametrize("threshold", [0.5, 0.7])
@pytest.mark.parametrize("count", [1, 2, 50, 400])
def test_suppression_is_torchvisions(count: int, threshold: float) -> None:
    for seed in range(5):
        boxes, scores = crowd(seed, count)
        expected = nms(torch.from_numpy(boxes), torch.from_numpy(scores), threshold)
        assert box_math.suppress(boxes, scores, threshold).tolist() == expected.tolist()


def test_a_box_at_the_threshold_stays() -> None:
    boxes = np.array([[0, 0, 12, 12], [4, 0, 16, 12]], np.float32)  # they share 96 of 192 pixels
    assert box_math.suppress(boxes, np.array([0.9, 0.8], np.float32), 0.5).tolist() == [0, 1]
    assert box_math.suppress(boxes, np.array([0.9, 0.8], np.float32), 0.49).tolist() == [0]


def test_suppression_of_contained_boxes_is_facenet_pytorchs() -> None:
    for seed in range(5):
        boxes, _ = crowd(seed, 40)
        scores = np.random.default_rng(seed).permutation(40).astype(np.float32) / 40
        expected = detect_face.nms_numpy(boxes, scores, 0.7, "Min")
        assert box_math.suppress_contained(boxes, scores, 0.7).tolist() == expected.tolist()


def test_a_face_inside_a_better_one_goes() -> None:
    boxes = np.array([[0, 0, 100, 100], [10, 10, 30, 30], [200, 0, 240, 40]], np.float32)
    assert box_math.suppress_contained(boxes, np.array([0.9, 0.8, 0.7], np.float32), 0.7).tolist() == [0, 2]


def test_no_boxes_are_no_trouble() -> None:
    none, no_scores = np.empty((0, 4), np.float32), np.empty(0, np.float32)
    assert box_math.suppress(none, no_scores, 0.5).shape == (0,)
    assert box_math.suppress_contained(none, no_scores, 0.5).shape == (0,)
    assert box_math.squares(none).shape == (0, 4)
    assert box_math.shift_by_size(none, none, 1).shape == (0, 4)
    assert box_math.pixel_windows(none, 10, 10).shape == (0, 4)
    assert box_math.landmark_pixels(none, np.empty((0, 10), np.float32)).shape == (0, 5, 2)


def test_regression_squares_and_windows_are_facenet_pytorchs_to_the_bit() -> None:
    boxes, _ = crowd(0, 300)
    boxes += np.random.default_rng(1).normal(0, 0.4, boxes.shape).astype(np.float32)
    offsets = np.random.default_rng(2).normal(0, 0.2, boxes.shape).astype(np.float32)
    as_torch = lambda array: torch.from_numpy(array.copy())  # noqa: E731
    moved = box_math.shift_by_size(boxes, offsets, 1)
    np.testing.assert_array_equal(moved, detect_face.bbreg(as_torch(boxes), as_torch(offsets)).numpy())
    square = box_math.squares(moved)
    np.testing.assert_array_equal(square, detect_face.rerec(as_torch(moved)).numpy())
    top, bottom, left, right = detect_face.pad(as_torch(square), 300, 200)
    windows = box_math.pixel_windows(square, 200, 300)
    np.testing.assert_array_equal(windows, np.stack([left - 1, top - 1, right, bottom], axis=1))


def test_landmarks_are_shares_of_the_box_counted_from_one() -> None:
    box = np.array([[10, 20, 109, 219]], np.float32)  # 100 by 200 pixels
    relative = np.array([[0, 1, 0.5, 0.25, 0.75, 0, 1, 0.5, 0.25, 0.75]], np.float32)
    expected = [[9, 19], [109, 219], [59, 119], [34, 69], [84, 169]]
    assert box_math.landmark_pixels(box, relative)[0].tolist() == expected
