"""From a photo that was looked at to its upright RGB picture, made band by band so that it is there only once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from facecluster.photos.bands import Bands
from facecluster.photos.colours import as_stored, needs_tone, to_rgb, tone_of

MISSING_GREY = 128  # stands where a cut-off file has no pixels, as libjpeg has it


@dataclass(frozen=True)
class Picture:
    """A photo that was looked at and not decoded yet.

    `bands` has the pixels as they are stored. `shrink` by `shrink` of them are made one, and one of the result is as
    wide as `scale` of the file's, which differ where the bands are smaller than the photo already. `size` is the
    photo's width and height as stored. `decoded_bytes` is the most that decoding takes at once, the result included.
    `notes` are sentences on what is passed over, `others` the numbers of the file's other pictures, from 0.
    """

    bands: Bands
    size: tuple[int, int]
    shrink: int
    scale: int
    decoded_bytes: int
    notes: tuple[str, ...] = ()
    others: tuple[int, ...] = ()


def decode(picture: Picture) -> tuple[np.ndarray, float]:
    """The picture upright, (height, width, 3) uint8 RGB, and the share of it that the file lacks, 0 to 1."""
    bands, shrink = picture.bands, picture.shrink
    tone = tone_of(bands.mode, bands.bands()) if needs_tone(bands.mode) else None
    upright = stored = None
    row = 0
    for band in bands.bands():
        pixels = to_rgb(band, tone)
        if shrink > 1:
            pixels = np.asarray(Image.fromarray(pixels).reduce(shrink))
        if upright is None or stored is None:
            height, width = math.ceil(bands.height / shrink), math.ceil(bands.width / shrink)
            if len(pixels) == height and bands.orientation == 1:
                return np.ascontiguousarray(pixels), 0.0
            upright = np.full(
                (width, height, 3) if bands.orientation >= 5 else (height, width, 3), MISSING_GREY, np.uint8
            )
            stored = as_stored(upright, bands.orientation)
        stored[row : row + len(pixels)] = pixels
        row += len(pixels)
    if upright is None or stored is None:
        raise OSError("not even the first rows can be read")
    return upright, 1 - row / len(stored)
