"""Which part of a photo a face's crop shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CROP_SIZE = 160  # pixels: what InceptionResnetV1 was trained on
MARGIN = 32  # pixels of the crop: clusters best of 0, 14, 32 and 44


def crop_place(
    box: np.ndarray | Sequence[float], width: int, height: int, size: int = CROP_SIZE, margin: int = MARGIN
) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) in whole pixels of the `width` by `height` photo, at least one pixel each way.

    `box` is (x1, y1, x2, y2). The place is that of facenet-pytorch's `extract_face` (models/utils/detect_face.py): the
    box with `margin` pixels of the square crop of `size`, in all, around it, cut to the photo.
    """
    x1, y1, x2, y2 = box
    extra_x = margin * (x2 - x1) / (size - margin)
    extra_y = margin * (y2 - y1) / (size - margin)
    left = min(int(max(x1 - extra_x / 2, 0)), width - 1)
    top = min(int(max(y1 - extra_y / 2, 0)), height - 1)
    right = max(int(min(x2 + extra_x / 2, width)), left + 1)
    bottom = max(int(min(y2 + extra_y / 2, height)), top + 1)
    return left, top, right, bottom
