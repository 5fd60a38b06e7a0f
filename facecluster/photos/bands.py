"""Pictures a band of rows at a time, so that what is made of them needs no second copy of the whole."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from PIL import Image, ImageFile

_ORIENTATION = 0x0112  # Exif 2.32
BAND_PIXELS = 1_000_000  # what is made of a band on the way to RGB takes about 30 bytes per pixel

# Bits a pixel of what Pillow calls raw modes, for formats that do not say how long a row is.
_RAW_BITS = {"1;I": 1, "L": 8, "RGB": 24, "I;16B": 16, "F;32F": 32, "F;32BF": 32}


class Bands(Protocol):
    """A picture of `width` x `height` pixels of Pillow's `mode` as it is stored, `rows` of them at a time.

    `orientation` says how to turn it: Exif 2.32, 1 to 8. Sizes and orientation hold once the first band is there.
    """

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    @property
    def mode(self) -> str: ...

    @property
    def rows(self) -> int: ...

    @property
    def orientation(self) -> int: ...

    def bands(self) -> Iterator[Image.Image]:
        """The picture from its first row to its last, as often as asked. Ends early where the file does."""
        ...


def band_rows(width: int) -> int:
    """How many rows of `width` pixels to take at once: an even number, at least 2."""
    return max(BAND_PIXELS // width // 2 * 2, 2)


def orientation_of(image: Image.Image) -> int:
    """What a picture's EXIF, or else its XMP, says of how to turn it; 1 where that makes no sense."""
    value = image.getexif().get(_ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


class WholeBands:
    """A picture that Pillow decodes as a whole, when its first band is asked for."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image

    @property
    def width(self) -> int:
        return self._image.width

    @property
    def height(self) -> int:
        return self._image.height

    @property
    def mode(self) -> str:
        return self._image.mode

    @property
    def rows(self) -> int:
        return band_rows(self.width)

    @property
    def orientation(self) -> int:
        return orientation_of(self._image)

    def bands(self) -> Iterator[Image.Image]:
        self._image.load()
        if self.height <= self.rows:
            yield self._image
            return
        for row in range(0, self.height, self.rows):
            yield self._image.crop((0, row, self.width, min(row + self.rows, self.height)))


class RawBands:
    """A BMP or PPM whose pixels are not packed; raises ValueError for others."""

    def __init__(self, image: ImageFile.ImageFile, content: bytes) -> None:
        tile = image.tile[0]
        if len(image.tile) != 1 or tile.codec_name != "raw":
            raise ValueError("the rows are packed")
        arguments = tile.args if isinstance(tile.args, tuple) else (tile.args, 0, 1)
        self._rawmode, stride, direction = arguments
        self.width, self.height, self.mode = image.width, image.height, image.mode
        if not stride and self._rawmode not in _RAW_BITS:
            raise ValueError("a row's length is not known")
        self._stride = stride or math.ceil(self.width * _RAW_BITS[self._rawmode] / 8)
        self.orientation = 4 if direction < 0 else 1  # many begin at the bottom
        self._content, self._offset, self._image = content, tile.offset, image

    @property
    def rows(self) -> int:
        return band_rows(self.width)

    def bands(self) -> Iterator[Image.Image]:
        """The picture in the order of the file, `rows` at a time. Ends early where the file does."""
        palette = self._image.palette.getdata() if self._image.palette is not None else None
        for row in range(0, self.height, self.rows):
            start = self._offset + row * self._stride
            data = self._content[start : start + min(self.rows, self.height - row) * self._stride]
            whole = len(data) // self._stride
            if not whole:
                return
            data = data[: whole * self._stride]
            band = Image.frombytes(self.mode, (self.width, whole), data, "raw", self._rawmode, self._stride, 1)
            if palette is not None:
                band.putpalette(palette[1], palette[0])
            yield band


class HeifBands:
    """The primary picture of a HEIC, or the one at `page`, which libheif decodes whole, turns and brings to 8 bits.

    `others` are the numbers of its other pictures.
    """

    orientation = 1

    def __init__(self, content: bytes, page: int | None = None) -> None:
        from pillow_heif import open_heif

        # Not through Pillow, whose picture would be a second copy of 4 bytes per pixel.
        file = open_heif(content, convert_hdr_to_8bit=True, remove_stride=False)
        number = file.primary_index if page is None else page
        self._image = file[number]
        self.others = tuple(other for other in range(len(file)) if other != number)

    @property
    def width(self) -> int:
        return int(self._image.size[0])

    @property
    def height(self) -> int:
        return int(self._image.size[1])

    @property
    def mode(self) -> str:
        return str(self._image.mode)

    @property
    def rows(self) -> int:
        return band_rows(self.width)

    def bands(self) -> Iterator[Image.Image]:
        data, stride = np.frombuffer(self._image.data, np.uint8), self._image.stride
        for row in range(0, self.height, self.rows):
            rows = min(self.rows, self.height - row)
            part = data[row * stride : (row + rows) * stride]
            yield Image.frombuffer(self.mode, (self.width, rows), part, "raw", self.mode, stride, 1)
