"""PNGs a band of rows at a time: large ones in little memory, and those that are cut off as far as they go."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from facecluster.photos.bands import band_rows, orientation_of

_SIGNATURE = 8  # bytes
_PIECE = 2**16  # bytes: zlib hands back what it did not take yet, so it is fed little at once
_LARGEST_TEXT = 2**24  # bytes of a chunk beside the picture that may tell how it is turned
# Colour type of the PNG specification, 11.2.2, to Pillow's mode and samples per pixel.
_MODES = {0: ("L", 1), 2: ("RGB", 3), 3: ("P", 1), 4: ("LA", 2), 6: ("RGBA", 4)}
_NEEDED = frozenset((b"PLTE", b"tRNS", b"eXIf"))
_TEXTS = frozenset((b"tEXt", b"zTXt", b"iTXt"))


@dataclass(frozen=True)
class _Chunk:
    kind: bytes
    content: memoryview


class PngBands:
    """A PNG of 8 or 16 bits a sample that is not interlaced; anything else raises ValueError."""

    def __init__(self, content: bytes) -> None:
        self._chunks = list(_chunks(memoryview(content)))
        if not self._chunks or self._chunks[0].kind != b"IHDR":
            raise ValueError("no PNG")
        self._header = bytes(self._chunks[0].content)
        self.width, self.height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", self._header)
        if interlaced or depth not in (8, 16) or colour not in _MODES:
            raise ValueError("not in rows of whole bytes")
        self.mode, samples = _MODES[colour]
        self._wide = depth == 16
        self._row_bytes = 1 + self.width * samples * depth // 8

    def head(self) -> Image.Image:
        """One pixel with the palette, the transparency and the EXIF of the PNG, wherever in the file they are."""
        try:
            return self._head(_NEEDED | _TEXTS)
        except ValueError:  # Pillow refuses texts that unpack to more than 1 MB, which many an editor writes
            return self._head(_NEEDED)

    def _head(self, kinds: frozenset[bytes]) -> Image.Image:
        kept = [
            (each.kind, bytes(each.content))
            for each in self._chunks
            # The transparent colour of 16 bits would not be found among 8.
            if each.kind in kinds and len(each.content) <= _LARGEST_TEXT and not (self._wide and each.kind == b"tRNS")
        ]
        header = struct.pack(">II", 1, 1) + bytes((8,)) + self._header[9:]
        chunks = [(b"IHDR", header), *kept, (b"IDAT", zlib.compress(bytes(5))), (b"IEND", b"")]
        file = io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(_packed(kind, content) for kind, content in chunks))
        image = Image.open(file, formats=("PNG",))
        image.load()
        return image

    @property
    def rows(self) -> int:
        return band_rows(self.width)

    @property
    def orientation(self) -> int:
        return orientation_of(self.head())

    def bands(self) -> Iterator[Image.Image]:
        """The picture from top to bottom, `rows` at a time; of 16 bits the upper 8. Ends early where the file does."""
        head = self.head()
        palette = head.getpalette("RGB") if self.mode == "P" else None
        samples = len(self.mode) if self.mode != "P" else 1
        previous = bytes(self.width * samples)
        for filtered in self._filtered(self.rows):
            if self._wide:  # a byte's filter looks at bytes of the same place in a sample only
                filtered = np.concatenate((filtered[:, :1], filtered[:, 1::2]), axis=1)
            # The row before, as one without a filter: the filters of the band's first row need it.
            packed = zlib.compress(b"\0" + previous + filtered.tobytes(), 0)
            try:
                band = Image.frombytes(self.mode, (self.width, len(filtered) + 1), packed, "zip", self.mode)
            except (OSError, ValueError):
                return
            previous = band.crop((0, len(filtered), self.width, len(filtered) + 1)).tobytes()
            band = band.crop((0, 1, self.width, len(filtered) + 1))
            if palette is not None:
                band.putpalette(palette)
            if "transparency" in head.info:
                band.info["transparency"] = head.info["transparency"]
            yield band

    def _filtered(self, rows: int) -> Iterator[np.ndarray]:
        """The unpacked rows as (rows, 1 + bytes of a row) uint8, each with its filter before it."""
        left = self.height
        buffer = bytearray()
        for piece in self._unpacked(rows * self._row_bytes):
            buffer += piece
            while left and len(buffer) >= min(rows, left) * self._row_bytes:
                size = min(rows, left) * self._row_bytes
                yield np.frombuffer(bytes(buffer[:size]), np.uint8).reshape(-1, self._row_bytes)
                del buffer[:size]
                left -= min(rows, left)
        whole = min(len(buffer) // self._row_bytes, left)
        if whole:
            size = whole * self._row_bytes
            yield np.frombuffer(bytes(buffer[:size]), np.uint8).reshape(-1, self._row_bytes)

    def _unpacked(self, most: int) -> Iterator[bytes]:
        """What the IDAT chunks hold, at most `most` bytes at once, as far as it can be unpacked."""
        inflater = zlib.decompressobj()
        try:
            for chunk in self._chunks:
                for start in range(0, len(chunk.content) if chunk.kind == b"IDAT" else 0, _PIECE):
                    packed = bytes(chunk.content[start : start + _PIECE])
                    while packed and not inflater.eof:  # behind its end nothing is taken any more
                        yield inflater.decompress(packed, most)
                        packed = inflater.unconsumed_tail
            yield inflater.flush()
        except zlib.error:
            return


def _chunks(content: memoryview) -> Iterator[_Chunk]:
    place = _SIGNATURE
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        yield _Chunk(kind, content[place + 8 : place + 8 + length])
        if kind == b"IEND":
            return
        place += length + 12


def _packed(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
