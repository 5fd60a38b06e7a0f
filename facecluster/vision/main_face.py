"""Which face a photo is of, where it shows several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from facecluster.vision.detection import Detection

# Of the rules tried on photos put together for it, this one errs least (docs/detection.md).
_SURE = 0.989  # a score above says no more about whose photo it is
_LIKELY = 0.98  # what scores below is taken only where nothing reaches it: bodies and cloth come up to 0.975
_PLACE = 1.5  # a face in the corner counts as one of a fifth of its area in the centre


def main_face(detections: Sequence[Detection], image_size: tuple[int, int]) -> int | None:
    """The index of the face that a photo is of: a sure, large one not far from the centre; None without faces.

    `image_size` is (width, height) in pixels. Of the faces with a score from 0.98 on, or of all where none has that,
    the one with the largest product of three measures: the area of its box; the odds score / (1 - score) that it is a
    face, for scores up to 0.989; and exp(-1.5 d²), d being the distance of its centre from the photo's in halves of the
    photo's diagonal.
    """
    if not detections:
        return None
    boxes = np.stack([detection.box for detection in detections]).astype(np.float64)
    scores = np.clip([detection.score for detection in detections], 1e-6, _SURE)
    areas = (boxes[:, 2:] - boxes[:, :2]).clip(1e-6).prod(axis=1)
    half = np.array(image_size) / 2
    away = (((boxes[:, :2] + boxes[:, 2:]) / 2 - half) ** 2).sum(axis=1) / (half**2).sum()
    measures = np.log(areas) + np.log(scores / (1 - scores)) - _PLACE * away
    return int(np.argmax(np.where(scores >= min(_LIKELY, scores.max()), measures, -np.inf)))
