"""How far a photo has to be turned to be upright, told by its faces: for scans and cameras that write no EXIF.

MTCNN was trained on upright faces. On a photo that lies on its side it finds none, or things that it takes for one,
with low scores and landmarks that fit no upright face; the constants were chosen on that (docs/detection.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from facecluster.vision.detection import Detection, Sight

TURNS = (0, 1, 2, 3)  # quarter turns clockwise
SURE = 0.95  # a photo whose surest face stays below is looked at in every turn
_SURE_TURNED = 0.98  # from here on a face in another turn is believed: below, every hundredth landscape has one
MOST_TILT = 40.0  # degrees; upright portraits lean by up to 33


def turned(image: np.ndarray, turn: int) -> np.ndarray:
    """A picture (height, width, 3) after so many quarter turns clockwise, contiguous; turn 0 gives it as it is."""
    return image if turn % 4 == 0 else np.ascontiguousarray(np.rot90(image, -turn))


def tilt(landmarks: np.ndarray) -> float:
    """By how many degrees, 0 to 180, a face leans, by `landmarks` (5, 2) as in `Detection`.

    The larger of two angles: of the eyes' line with the photo's width, and of the line from mouth to eyes with its
    height. On a face that lies they often disagree. 0 where all lie in one point, as they do in no face.
    """
    across = landmarks[1] - landmarks[0]
    up = landmarks[:2].mean(axis=0) - landmarks[3:].mean(axis=0)
    return max(_angle(across[0], across[1]), _angle(-up[1], up[0]))


def _angle(along: float, beside: float) -> float:
    return math.degrees(math.atan2(abs(float(beside)), float(along) + 0.0))


def surest(detections: Sequence[Detection]) -> Detection | None:
    """The one with the best score."""
    return max(detections, key=lambda face: face.score, default=None)


def looks_upright(sight: Sight) -> bool:
    """Whether a photo can stay as it is without a look at the other turns: for all but a few of upright photos."""
    face = surest(sight.detections)
    return face is not None and face.score >= SURE and tilt(face.landmarks) <= MOST_TILT and not sight.may_lie


def upright_turn(sights: Sequence[Sight]) -> int:
    """The turn that makes a photo upright, from what was seen in each of the four turns; 0 when none is sure."""

    def score(turn: int) -> float:
        face = surest(sights[turn].detections)
        if face is None or tilt(face.landmarks) > MOST_TILT:
            return 0.0
        return face.score if turn == 0 or face.score >= _SURE_TURNED else 0.0

    return max(TURNS, key=score)
