"""The box arithmetic of MTCNN as pure functions on arrays.

Formulas and the order of the float32 operations follow facenet-pytorch (models/utils/detect_face.py), so that the same
network outputs give the same boxes; the method is Zhang et al., "Joint Face Detection and Alignment using Multi-task
Cascaded Convolutional Networks", 2016. Boxes are (n, 4) float32, (x1, y1, x2, y2) in pixels.
"""

from __future__ import annotations

import numpy as np


def suppress(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """Greedy non-maximum suppression: indices (k,) int64 of the boxes that stay, best score first.

    `boxes` (n, 4) and `scores` (n,) in (0, 1]; a box goes when its intersection over union with a better one is more
    than `threshold`. Equal scores keep their order, as with torchvision's `nms`.
    """
    import cv2

    if not len(boxes):
        return np.empty(0, np.int64)
    corner_and_size = np.concatenate([boxes[:, :2], boxes[:, 2:4] - boxes[:, :2]], axis=1, dtype=np.float64)
    kept = cv2.dnn.NMSBoxes(corner_and_size, scores, 0.0, threshold)  # type: ignore[arg-type]
    return np.asarray(kept, np.int64).reshape(-1)


def suppress_contained(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """Like `suppress`, with the intersection over the smaller box: this also removes boxes inside a better one.

    Sides are counted as x2 - x1 + 1 pixels. Meant for the few boxes of the last stage.
    """
    x1, y1, x2, y2 = boxes.T
    areas = (x2 - x1 + 1) * (y2 - y1 + 1)
    left = np.argsort(scores)[::-1]
    kept: list[int] = []
    while left.size:
        best, others = left[0], left[1:]
        kept.append(int(best))
        width = np.minimum(x2[best], x2[others]) - np.maximum(x1[best], x1[others]) + 1
        height = np.minimum(y2[best], y2[others]) - np.maximum(y1[best], y1[others]) + 1
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        left = others[shared / np.minimum(areas[best], areas[others]) <= threshold]
    return np.array(kept, np.int64)


def shift_by_size(boxes: np.ndarray, offsets: np.ndarray, extra: float) -> np.ndarray:
    """Boxes whose corners are moved by `offsets` (n, 4), in units of the box's width and height plus `extra` pixels.

    This applies a network's bounding box regression: P-Net's counts sides without (extra 0), R-Net's and O-Net's with
    one more pixel (extra 1).
    """
    sides = boxes[:, 2:4] - boxes[:, :2] + np.float32(extra)
    return np.asarray(boxes[:, :4] + offsets * np.tile(sides, 2), np.float32)


def squares(boxes: np.ndarray) -> np.ndarray:
    """The squares (n, 4) with the boxes' centres and their longer sides."""
    sides = boxes[:, 2:4] - boxes[:, :2]
    longest = sides.max(axis=1, keepdims=True)
    half = np.float32(0.5)
    corners = boxes[:, :2] + sides * half - longest * half
    return np.concatenate([corners, corners + longest], axis=1)


def pixel_windows(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """The pixels that boxes cover inside the photo: (n, 4) int64 of left, top, right, bottom, the last two exclusive.

    facenet-pytorch counts pixels from 1 here, so a window begins one pixel before the truncated corner. Windows may
    be empty (right <= left) for boxes outside the photo.
    """
    corners = np.trunc(np.clip(boxes, -1e9, 1e9)).astype(np.int64)
    return np.stack(
        [
            np.maximum(corners[:, 0], 1) - 1,
            np.maximum(corners[:, 1], 1) - 1,
            np.minimum(corners[:, 2], width),
            np.minimum(corners[:, 3], height),
        ],
        axis=1,
    )


def windows_beyond(boxes: np.ndarray) -> np.ndarray:
    """Like `pixel_windows`, with what lies beyond the photo: never empty."""
    corners = np.trunc(np.clip(boxes, -1e6, 1e6)).astype(np.int64)
    return np.concatenate([corners[:, :2] - 1, np.maximum(corners[:, 2:4], corners[:, :2])], axis=1)


def shares_beyond(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """By how much of its width or height, (n,), each box reaches beyond one edge of the photo; 0 or less inside."""
    sides = np.maximum(boxes[:, 2:4] - boxes[:, :2], np.float32(1))
    beyond = np.concatenate([-boxes[:, :2], boxes[:, 2:4] - np.array([width, height], np.float32)], axis=1)
    return np.asarray((beyond / np.tile(sides, 2)).max(axis=1, initial=-np.inf))


def shares_covered(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The intersection of each box (n, 4) with each other (m, 4), as a share (n, m) of the smaller one's area."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    areas = [(each[:, 2:] - each[:, :2]).prod(axis=1) for each in (boxes, others)]
    smaller = np.minimum(areas[0][:, None], areas[1][None])
    return np.asarray(np.clip(high - low, 0, None).prod(axis=2) / np.maximum(smaller, 1e-6))


def landmark_pixels(boxes: np.ndarray, relative: np.ndarray) -> np.ndarray:
    """Landmarks (n, 5, 2) float32 in pixels from O-Net's (n, 10): five x, then five y, as shares of the box."""
    sides = boxes[:, 2:4] - boxes[:, :2] + np.float32(1)
    shares = relative.reshape(-1, 2, 5).transpose(0, 2, 1)
    return np.asarray(sides[:, None, :] * shares + boxes[:, None, :2] - np.float32(1), np.float32)
