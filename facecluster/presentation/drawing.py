"""Boxes drawn on photos, for looking at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from facecluster.photos.images import encode_jpeg

_BOX, _EDGE, _OTHER = (
    (56, 189, 248),
    (15, 23, 42),
    (226, 232, 240),
)  # light blue within a dark edge is seen on any skin and ground


def photo_with_box(
    image: np.ndarray,
    box: Sequence[float],
    others: Sequence[Sequence[float]] = (),
    longest: int = 1200,
    zoom: float = 1.0,
) -> bytes:
    """A JPEG of the photo with one box and thinner ones around other faces, no side longer than `longest` pixels.

    `image` is (height, width, 3) uint8 RGB, boxes are (x1, y1, x2, y2) in its pixels. With a `zoom` from 1 on it is the
    part around the box that is so many times less wide and high.
    """
    left, top, right, bottom = _part(image, box, zoom)
    image = image[top:bottom, left:right]
    box, *others = [(x1 - left, y1 - top, x2 - left, y2 - top) for x1, y1, x2, y2 in (box, *others)]
    others = [
        each for each in others if each[2] > 0 and each[3] > 0 and each[0] < right - left and each[1] < bottom - top
    ]
    photo = Image.fromarray(image)
    photo.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    # Drawn after the resizing, so that the line is as thick on a large photo as on a small one.
    scale = photo.width / image.shape[1]
    line = max(2, round(max(photo.size) / 240))
    pen = ImageDraw.Draw(photo)
    for each in others:
        pen.rectangle(_within(photo, each, scale), outline=_OTHER, width=max(1, line // 2))
    x1, y1, x2, y2 = _within(photo, box, scale)
    pen.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline=_EDGE, width=line + 2)
    pen.rectangle((x1, y1, x2, y2), outline=_BOX, width=line)
    return encode_jpeg(np.asarray(photo))


def _part(image: np.ndarray, box: Sequence[float], zoom: float) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the part to show, as near to the middle of the box as the photo's edges allow."""
    ends = []
    for size, middle in ((image.shape[1], (box[0] + box[2]) / 2), (image.shape[0], (box[1] + box[3]) / 2)):
        length = max(round(size / zoom), 1)
        start = int(np.clip(round(middle - length / 2), 0, size - length))
        ends.append((start, start + length))
    return ends[0][0], ends[1][0], ends[0][1], ends[1][1]


def _within(photo: Image.Image, box: Sequence[float], scale: float) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (scale * value for value in box)
    x1, x2 = sorted(np.clip((x1, x2), 0, photo.width - 1).tolist())
    y1, y2 = sorted(np.clip((y1, y2), 0, photo.height - 1).tolist())
    return x1, y1, x2, y2
