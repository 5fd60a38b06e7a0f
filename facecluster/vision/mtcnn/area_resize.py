"""Averages over rectangles of a photo, as MTCNN's networks take them: loops that numba compiles at their first call.

They resize as facenet-pytorch does, by torch's `interpolate(mode="area")`, that is adaptive average pooling: output
pixel i of n averages the input pixels from floor(i * size / n) to ceil((i + 1) * size / n). A summed-area table gives
every such average from four look-ups, whatever the scale (Crow, "Summed-area tables for texture mapping", 1984).

The same in numpy takes twice as long and more, and takes Python's lock some hundred times per photo.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

# From 0..255 to about -1..1, as MTCNN's networks take pixels.
_UNIT = np.float32(0.0078125)
_MIDDLE = np.float32(127.5 * 0.0078125)
_INDEX = np.uint32  # with signed ones numba asks at every look-up whether the index counts from the end


def _compiled(function: Callable[..., Any]) -> Any:
    try:
        Path.home()  # where there is none, numba would keep them in a folder named ~ that it makes here
        return numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no home folder, or neither beside this file nor in the user's cache anything can be written
        return numba.njit(nogil=True)(function)


def sum_table(image: np.ndarray) -> np.ndarray:
    """The summed-area table (height + 1, width + 1, 3) int32 of an image (height, width, 3) uint8.

    Sums of large photos wrap around, which leaves differences right as long as one bin sums to less than 2**31.
    """
    import cv2

    return cv2.integral(np.ascontiguousarray(image))


@_compiled
def _bin(number: int, size: int, bins: int) -> tuple[int, int]:
    """The first pixel and the last + 1 of one of so many bins over `size` pixels."""
    return number * size // bins, ((number + 1) * size + bins - 1) // bins


@_compiled
def _average_row(
    above: np.ndarray, below: np.ndarray, rows: int, starts: np.ndarray, stops: np.ndarray, out: np.ndarray
) -> None:
    """Writes to `out` (3, n) the averages between two rows of a table that lie `rows` apart, from starts to stops."""
    for x in range(len(starts)):
        start, stop = starts[x], stops[x]
        share = _UNIT / np.float32(rows * (stop - start))
        for channel in range(3):
            total = below[stop, channel] - above[stop, channel] - below[start, channel] + above[start, channel]
            # numba counts in 64 bits here, where nothing wraps around.
            out[channel, x] = np.float32(np.int32(total)) * share - _MIDDLE


@_compiled
def draw_level(table: np.ndarray, level_height: int, level_width: int, top: int, left: int, out: np.ndarray) -> None:
    """Writes to `out` (3, rows, columns) float32 the photo at a level's size, from the level's (top, left) on.

    `table` is the photo's `sum_table`. Beyond the level, its last pixels repeat.
    """
    height, width = table.shape[0] - 1, table.shape[1] - 1
    rows, columns = out.shape[1], out.shape[2]
    starts, stops = np.empty(columns, _INDEX), np.empty(columns, _INDEX)
    for x in range(columns):
        starts[x], stops[x] = _bin(min(left + x, level_width - 1), width, level_width)
    for y in range(rows):
        first, last = _bin(min(top + y, level_height - 1), height, level_height)
        _average_row(table[first], table[last], last - first, starts, stops, out[:, y])


@_compiled
def area_crops_beyond(table: np.ndarray, windows: np.ndarray, size: int) -> np.ndarray:
    """The same as `area_crops` for windows that reach beyond the photo, where everything is medium grey (0)."""
    height, width = table.shape[0] - 1, table.shape[1] - 1
    crops = np.empty((len(windows), 3, size, size), np.float32)
    for n in range(len(windows)):
        left, top, right, bottom = windows[n]
        for y in range(size):
            first, last = _bin(y, bottom - top, size)
            above, below = min(max(top + first, 0), height), min(max(top + last, 0), height)
            for x in range(size):
                start, stop = _bin(x, right - left, size)
                before, after = min(max(left + start, 0), width), min(max(left + stop, 0), width)
                pixels = (last - first) * (stop - start)
                inside = np.float32((below - above) * (after - before)) * _MIDDLE
                for channel in range(3):
                    total = (
                        table[below, after, channel]
                        - table[above, after, channel]
                        - table[below, before, channel]
                        + table[above, before, channel]
                    )
                    # numba counts in 64 bits here, where nothing wraps around.
                    crops[n, channel, y, x] = (np.float32(np.int32(total)) * _UNIT - inside) / np.float32(pixels)
    return crops


@_compiled
def area_crops(table: np.ndarray, windows: np.ndarray, size: int) -> np.ndarray:
    """The pixels in `windows` (n, 4) (left, top, right, bottom, not empty), resized: (n, 3, size, size) float32."""
    crops = np.empty((len(windows), 3, size, size), np.float32)
    starts, stops = np.empty(size, _INDEX), np.empty(size, _INDEX)
    for n in range(len(windows)):
        left, top, right, bottom = windows[n]
        height, width = bottom - top, right - left
        for x in range(size):
            start, stop = _bin(x, width, size)
            starts[x], stops[x] = left + start, left + stop
        for y in range(size):
            first, last = _bin(y, height, size)
            _average_row(table[top + first], table[top + last], last - first, starts, stops, crops[n, :, y])
    return crops
