"""A photo's pixels as MTCNN's networks take them: shrunk when huge, summed up, and cropped where a face may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from facecluster.vision.mtcnn import area_resize
from facecluster.vision.mtcnn import boxes as box_math

# A photo's table takes 12 bytes per pixel, so few photos are in hand at once, and only one that is larger than this.
HUGE_PIXELS = 6_000_000
# A larger photo is shrunk by a whole number first, so that its table stays below 300 MB.
_MOST_PIXELS = 24_000_000


@dataclass(frozen=True, eq=False)
class PhotoPixels:
    """A photo's pixels as a summed-area table, and the boxes (n, 4) float32 that P-Net proposes on it.

    `shrunk` says how many pixels of the original make one of these, across and down.
    """

    table: np.ndarray
    proposals: np.ndarray
    shrunk: np.ndarray


def shrink(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The photo with at most about _MOST_PIXELS pixels, and the factors (2,) float32 it shrank by, across and down."""
    import cv2

    height, width = image.shape[:2]
    factor = math.ceil(math.sqrt(height * width / _MOST_PIXELS))
    if factor > 1:
        image = cv2.resize(image, (max(1, width // factor), max(1, height // factor)), interpolation=cv2.INTER_AREA)
    return image, np.array([width / image.shape[1], height / image.shape[0]], np.float32)


def in_batches(images: Iterable[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """The photos in turn, in batches of at most HUGE_PIXELS, or of one photo."""
    batch: list[np.ndarray] = []
    pixels = 0
    for image in images:
        size = image.shape[0] * image.shape[1]
        if batch and pixels + size > HUGE_PIXELS:
            yield batch
            batch, pixels = [], 0
        batch.append(image)
        pixels += size
    if batch:
        yield batch


Crops = Callable[[Sequence[PhotoPixels], Sequence[np.ndarray], int], tuple[list[np.ndarray], np.ndarray]]


def crops_of(
    photos: Sequence[PhotoPixels], boxes: Sequence[np.ndarray], size: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """The boxes of each photo that cover a pixel of it, and their crops, of all photos in turn."""
    inside, crops = [], []
    for photo, candidates in zip(photos, boxes, strict=True):
        windows = box_math.pixel_windows(candidates, photo.table.shape[0] - 1, photo.table.shape[1] - 1)
        covers = (windows[:, 2] > windows[:, 0]) & (windows[:, 3] > windows[:, 1])
        inside.append(candidates[covers])
        crops.append(area_resize.area_crops(photo.table, windows[covers], size))
    return inside, np.concatenate(crops)


def crops_beyond(
    photos: Sequence[PhotoPixels], boxes: Sequence[np.ndarray], size: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """The same with all boxes, as if photos went on in medium grey beyond their edges.

    `crops_of` cuts a box at the edge and stretches what is left, as facenet-pytorch does: half a face becomes a broad
    one, which is none.
    """
    crops = [
        area_resize.area_crops_beyond(photo.table, box_math.windows_beyond(candidates), size)
        for photo, candidates in zip(photos, boxes, strict=True)
    ]
    return list(boxes), np.concatenate(crops)


def split(parts: Sequence[np.ndarray]) -> list[tuple[np.ndarray, slice]]:
    """Each part with the slice of the joined array that it takes."""
    ends = np.cumsum([len(part) for part in parts]).tolist()
    return [(part, slice(end - len(part), end)) for part, end in zip(parts, ends, strict=True)]
