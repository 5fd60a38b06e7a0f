"""Which face a photo is of, where it shows several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from facecluster.detection import Detection


def main_face(detections: Sequence[Detection], image_size: tuple[int, int]) -> int | None:
    """The index of the face that a photo is of, by size and closeness to the centre; None without faces.

    `image_size` is (width, height) in pixels. The measure is facenet-pytorch's `center_weighted_size`
    (models/mtcnn.py): the box's area minus twice the squared distance of its centre from the photo's.
    """
    if not detections:
        return None
    boxes = np.stack([detection.box for detection in detections])
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    distances = ((centres - np.array(image_size) / 2) ** 2).sum(axis=1)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return int(np.argmax(areas - 2.0 * distances))
