"""TIFFs a band of rows at a time: large ones in little memory, and those that are cut off as far as they go.

A TIFF keeps its rows in strips or tiles that are packed one by one. A band is a small TIFF made of some of them, with
the tags of the large one, so that Pillow and libtiff decode every kind of TIFF that they know.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from typing import Any

from PIL import Image, TiffImagePlugin

from facecluster.photos.bands import band_rows, orientation_of

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_OFFSETS, _SAMPLES, _ROWS, _SIZES, _PLANAR = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_SIZES = 322, 323, 324, 325
# TIFF 6.0: what says how pixels are kept. FillOrder, Predictor, ColorMap, ExtraSamples, SampleFormat, JPEGTables and
# YCbCrSubSampling are among them.
_KEPT = (_WIDTH, _BITS, _COMPRESSION, _PHOTOMETRIC, 266, _SAMPLES, _PLANAR, 317, 320, 338, 339, 347, 530)
_FEW_ROWS = 16
_RAW, _OLD_JPEG, _YCBCR = 1, 6, 6
_SHORT, _LONG, _UNDEFINED = 3, 4, 7


class TiffBands:
    """The current page of an opened TIFF; raises ValueError where its strips cannot be told apart.

    A band of which a part is missing is lost, so a page that is `cut_off` comes in small ones.
    """

    def __init__(self, image: TiffImagePlugin.TiffImageFile, content: bytes, cut_off: bool = False) -> None:
        tags = image.tag_v2
        self._content, self._tags, self._prefix = memoryview(content), tags, tags.prefix
        self.width, self.height, self.mode = int(tags[_WIDTH]), int(tags[_HEIGHT]), image.mode
        self.orientation = orientation_of(image)
        self._most_rows = _FEW_ROWS if cut_off else band_rows(self.width)
        self._tiled = _TILE_OFFSETS in tags
        offsets = tags.get(_TILE_OFFSETS if self._tiled else _OFFSETS, ())
        sizes = tags.get(_TILE_SIZES if self._tiled else _SIZES, ())
        self._rows = min(int(tags[_TILE_HEIGHT] if self._tiled else tags.get(_ROWS, self.height)), self.height)
        self._across = math.ceil(self.width / int(tags[_TILE_WIDTH])) if self._tiled else 1
        self._planes = int(tags.get(_SAMPLES, 1)) if tags.get(_PLANAR, 1) == 2 else 1
        self._places = list(zip(offsets, sizes, strict=True))
        blocks = self._planes * self._across * math.ceil(self.height / self._rows) if self._rows > 0 else -1
        if tags.get(_COMPRESSION, _RAW) == _OLD_JPEG or len(self._places) != blocks:
            raise ValueError("the strips cannot be told apart")
        if self._can_be_split:
            self._split(self._most_rows)

    @property
    def rows(self) -> int:
        """Rows of a band."""
        together = max(1, self._most_rows // self._rows)
        return self._rows * (together + together % 2 * self._rows % 2)  # even, so that pairs of rows stay together

    @property
    def _can_be_split(self) -> bool:
        tags = self._tags
        plain = tags.get(_COMPRESSION, _RAW) == _RAW and tags.get(_PHOTOMETRIC) != _YCBCR
        return plain and not self._tiled and self._planes == 1

    def bands(self) -> Iterator[Image.Image]:
        """The page from top to bottom, `rows` at a time, fewer in the last. Ends early where the file does."""
        together = self.rows // self._rows
        levels = math.ceil(self.height / self._rows)
        for level in range(0, levels, together):
            height = min(self.rows, self.height - level * self._rows)
            try:
                band = self._band(range(level, min(level + together, levels)), height)
                band.load()
            except (OSError, ValueError):  # cut off, or damaged from here on
                return
            yield band

    def _split(self, rows: int) -> None:
        """Makes many strips of those that are not packed at all: some writers put a whole picture into one."""
        if self._rows <= rows or (len(self._places) > 1 and self._rows % rows):
            return  # few enough rows, or the last part of each strip would be shorter than the others
        bits = self._tags.get(_BITS, (1,))
        row_bytes = math.ceil(self.width * sum(bits if len(bits) > 1 else bits * int(self._tags.get(_SAMPLES, 1))) / 8)
        places = []
        for level, (offset, _) in enumerate(self._places):
            here = min(self._rows, self.height - level * self._rows)
            places += [(offset + row * row_bytes, min(rows, here - row) * row_bytes) for row in range(0, here, rows)]
        self._places, self._rows = places, rows

    def _band(self, levels: range, height: int) -> Image.Image:
        blocks = []
        for plane in range(self._planes):
            first = plane * len(self._places) // self._planes
            blocks += self._places[first + levels.start * self._across : first + levels.stop * self._across]
        if any(offset + size > len(self._content) for offset, size in blocks):
            raise ValueError("the file ends before")
        values: dict[int, Any] = {tag: self._tags[tag] for tag in _KEPT if tag in self._tags}
        values[_HEIGHT] = height
        starts = [8 + sum(size for _, size in blocks[:number]) for number in range(len(blocks))]
        if self._tiled:
            values |= {tag: self._tags[tag] for tag in (_TILE_WIDTH, _TILE_HEIGHT)}
        else:
            values[_ROWS] = self._rows
        values[_TILE_OFFSETS if self._tiled else _OFFSETS] = starts
        values[_TILE_SIZES if self._tiled else _SIZES] = [size for _, size in blocks]
        data = b"".join(self._content[offset : offset + size] for offset, size in blocks)
        data += bytes(len(data) % 2)
        file = io.BytesIO(_tiff(self._prefix, data, values))
        return Image.open(file, formats=("TIFF",))


def _tiff(prefix: bytes, data: bytes, values: dict[int, Any]) -> bytes:
    """A TIFF of one page whose pixels lie at byte 8; `prefix` is its byte order, II or MM."""
    order = "<" if prefix == b"II" else ">"
    place = 8 + len(data)
    entries, outside = b"", b""
    outside_at = place + 2 + 12 * len(values) + 4
    for tag, value in sorted(values.items()):
        if isinstance(value, bytes):
            kind, count, packed = _UNDEFINED, len(value), value
        else:
            numbers = [int(number) for number in (value if isinstance(value, list | tuple) else (value,))]
            kind = _LONG if tag in (_OFFSETS, _SIZES, _TILE_OFFSETS, _TILE_SIZES) or max(numbers) > 65535 else _SHORT
            count, packed = len(numbers), struct.pack(f"{order}{len(numbers)}{'L' if kind == _LONG else 'H'}", *numbers)
        if len(packed) > 4:
            packed += bytes(len(packed) % 2)
            reference = struct.pack(order + "L", outside_at + len(outside))
            outside += packed
        else:
            reference = packed.ljust(4, b"\0")
        entries += struct.pack(order + "HHL", tag, kind, count) + reference
    header = prefix + struct.pack(order + "HL", 42, place)
    return header + data + struct.pack(order + "H", len(values)) + entries + bytes(4) + outside
