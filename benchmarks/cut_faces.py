"""How many faces are found that the frame cuts: a folder's photos, cut through their main face from every side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.parity import overlaps
from benchmarks.some_photos import SomePhotos
from facecluster import FaceDetector, load_image, open_photos
from facecluster.vision.faces import find_faces

SHARES = (0.1, 0.2, 0.3, 0.4)  # of the face's box, taken by the frame
SIDES = ("left", "right", "top", "bottom")
_SAME = 0.5  # intersection over union with what is left of the face, above which it counts as found
_PHOTOS = 85  # of the 680: every eighth


def measure_cut_faces(
    folder: Path, limit: int | None = None, detector: FaceDetector | None = None
) -> list[dict[str, Any]]:
    """A row per share that the frame takes: how many of the cut faces are found, in %, with the default least score.

    Of the folder's photos 85 are taken, or `limit`, evenly spread; those without a face are left out.
    """
    photos, detector = SomePhotos(open_photos(folder), limit or _PHOTOS), detector or FaceDetector()
    found: dict[tuple[float, str], list[bool]] = {(share, side): [] for share in SHARES for side in SIDES}
    for number in range(len(photos)):
        (photo,) = find_faces(detector, [load_image(photos[number].read())])
        if photo.main is None:
            continue
        face = photo.faces[photo.main].inside(*photo.size).box
        cuts = [cut(photo.image, face, share, side) for share, side in found]
        answers = detector.detect_many([picture for picture, _ in cuts])
        for seen, (picture, left_over), faces in zip(found.values(), cuts, answers, strict=True):
            boxes = np.array([each.inside(*picture.shape[1::-1]).box for each in faces]).reshape(-1, 4)
            seen.append(bool((overlaps(boxes, left_over[None]) > _SAME).any()))
    return [
        {"taken": f"{share:.0%}", "photos": len(found[share, SIDES[0]])}
        | {side: round(100 * float(np.mean(found[share, side])), 1) if found[share, side] else None for side in SIDES}
        for share in SHARES
    ]


def cut(image: np.ndarray, face: np.ndarray, share: float, side: str) -> tuple[np.ndarray, np.ndarray]:
    """A picture (height, width, 3) that ends in the middle of a face, and the box (4,) of what is left of that.

    `share` of the box `face` (4,), in pixels of `image`, is cut off on that side, with all that lies beyond.
    """
    x1, y1, x2, y2 = (float(place) for place in face)
    height, width = image.shape[:2]
    left = round(x1 + share * (x2 - x1)) if side == "left" else 0
    top = round(y1 + share * (y2 - y1)) if side == "top" else 0
    right = round(x2 - share * (x2 - x1)) if side == "right" else width
    bottom = round(y2 - share * (y2 - y1)) if side == "bottom" else height
    window = np.array([left, top, right, bottom])
    rest = np.concatenate([np.maximum([x1, y1], window[:2]), np.minimum([x2, y2], window[2:])])
    return np.ascontiguousarray(image[top:bottom, left:right]), rest - np.tile(window[:2], 2)
