"""The only way from bytes to an upright RGB picture, and back to a small JPEG."""

from __future__ import annotations

import errno
import io
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps

from facecluster.errors import UNNAMED, OutOfMemoryError, PhotoError
from facecluster.files import read_regular, require_size
from facecluster.photos.bands import WholeBands
from facecluster.photos.cut_off import MAX_MISSING, filled_up, is_coarse
from facecluster.photos.decoding import Picture, decode
from facecluster.photos.formats import FORMAT_NAMES, HEAD_BYTES, SUFFIXES, format_of, is_image
from facecluster.photos.memory import is_lack_of_memory
from facecluster.photos.opening import MAX_PHOTO_PIXELS, MAX_PIXELS, MAX_SIDE, check_size, look_at
from facecluster.user_paths import user_path

__all__ = [
    "HEAD_BYTES",
    "MAX_PHOTO_PIXELS",
    "MAX_PIXELS",
    "MAX_SIDE",
    "SUFFIXES",
    "ImageSource",
    "Photo",
    "check_image",
    "decoded_bytes",
    "encode_jpeg",
    "is_image",
    "load_image",
    "load_photo",
]

CROP_QUALITY = 92
MAX_BYTES = 2**30  # of a file: a larger one is no photo

# Decoders meet damaged files with whatever their parsing trips over.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    RuntimeError,
    ArithmeticError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo that was read: `image` is (height, width, 3) uint8 RGB, contiguous and upright.

    A photo of more than 120 megapixels is read at half its size (a JPEG 2000 of more than 30 too), a JPEG 2000 of more
    than 120 at a quarter: `scale` pixels of the photo make one of `image`, so a box in `image` times `scale` is a box
    in the photo, which has `width` and `height` pixels. `note` is a sentence or more on what was passed over: pages,
    frames, a part that the file lacks, detail; None where nothing was. `page` is the number of the picture in a file
    of several, from 0, None for the one that the file is of; `other_pages` are those of its other pictures.
    """

    image: np.ndarray
    scale: float
    width: int
    height: int
    note: str | None = None
    page: int | None = None
    other_pages: tuple[int, ...] = ()


ImageSource = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image | np.ndarray


def load_photo(source: ImageSource, *, page: int | None = None) -> Photo:
    """Reads a photo of up to 250 megapixels: a path, the bytes of a file, an open binary file, or a picture in memory.

    The content decides on the format, whatever the name says: JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC, AVIF, JPEG 2000
    and PPM are read, of animations the first frame, of a TIFF the first page that is no small copy, or of both the one
    at `page`, counted from 0. The EXIF orientation is applied; alpha is laid
    on white; 16-bit, float and palette pictures are brought to 8 bits. A JPEG, PNG, TIFF, BMP or PPM that lacks up to
    30 % of its rows is read as far as it goes; what is missing is grey. A Pillow image is left as it is, and its frame
    in hand is taken; an ndarray has to be (height, width, 3) uint8 already. Raises PhotoError, of which
    OutOfMemoryError is one, ValueError for an ndarray of another shape or type, and TypeError for anything else.
    """
    check_image(source)
    if isinstance(source, np.ndarray):
        return _as_it_is(np.ascontiguousarray(source))
    with _errors_naming(_name_of(source)):
        if isinstance(source, Image.Image):
            check_size(*source.size)
            upright = ImageOps.exif_transpose(source)
            return _as_it_is(decode(Picture(WholeBands(upright), upright.size, 1, 1, 0))[0])
        return _photo(_content(source), page)


def load_image(source: ImageSource) -> np.ndarray:
    """The picture of `load_photo`, (height, width, 3) uint8 RGB, contiguous and upright, with the same errors.

    Photos of more than 120 megapixels come out smaller than they are: take `load_photo` where boxes matter.
    """
    return load_photo(source).image


def decoded_bytes(content: bytes, *, page: int | None = None) -> int:
    """The most bytes that `load_photo` takes at once for a file of these bytes, its result included, its bytes not.

    It is told from the header alone; 0 where that is of no photo, or of none that is decoded.
    """
    try:
        found = look_at(content, page=page)
    except (PhotoError, MemoryError, *_DAMAGED, Image.DecompressionBombError):
        return 0
    return found.decoded_bytes if found is not None else 0


def encode_jpeg(image: np.ndarray, quality: int = CROP_QUALITY) -> bytes:
    """A (height, width, 3) uint8 RGB picture as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def resized(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """A smaller copy (height, width, 3) of an RGB picture (_, _, 3) uint8."""
    small = Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return np.asarray(small)


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height of a picture, as its file's header says. Raises OSError when it is none."""
    with Image.open(io.BytesIO(content)) as picture:
        return picture.size


def check_image(source: ImageSource) -> None:
    """Raises ValueError or TypeError as `load_photo`, without reading anything."""
    if isinstance(source, np.ndarray):
        if source.ndim != 3 or source.shape[2] != 3 or source.dtype != np.uint8 or not source.size:
            raise ValueError(f"image must be (height, width, 3) uint8, got {source.shape} {source.dtype}")
    elif isinstance(source, io.TextIOBase) or not (
        isinstance(source, str | os.PathLike | bytes | bytearray | memoryview | Image.Image) or hasattr(source, "read")
    ):
        raise TypeError(
            "image must be a path, the bytes of a photo, an open binary file, a Pillow image or a (height, width, 3) "
            f"uint8 ndarray, got {type(source).__name__}"
        )


def _name_of(source: ImageSource) -> str:
    """What sentences call the photo."""
    if isinstance(source, str | os.PathLike):
        if not str(source).strip():
            raise PhotoError("No photo is named: name its file.")
        return user_path(source, PhotoError).name
    attribute = "filename" if isinstance(source, Image.Image) else "name"
    return Path(str(getattr(source, attribute, ""))).name or UNNAMED


def _as_it_is(image: np.ndarray) -> Photo:
    return Photo(image, 1.0, image.shape[1], image.shape[0])


def _content(source: Any) -> bytes:
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | os.PathLike):
        return read_regular(user_path(source, PhotoError), MAX_BYTES)
    size = source.seek(0, os.SEEK_END)
    require_size(size, MAX_BYTES)
    source.seek(0)
    content: bytes = source.read(size)
    return content


def _photo(content: bytes, page: int | None) -> Photo:
    damage: Exception
    try:
        found = look_at(content, page=page)
        if found is None:
            raise PhotoError(f"is not a photo in a format that can be read ({FORMAT_NAMES}).", UNNAMED)
        return replace(_as_photo(found, *decode(found)), page=page)
    except _DAMAGED as error:
        damage = error.with_traceback(None)  # which would hold what was decoded so far
    found = None
    return replace(_as_far_as_it_goes(content, damage, page), page=page)


def _as_far_as_it_goes(content: bytes, damage: Exception, page: int | None) -> Photo:
    """A cut-off photo, marked as such. Raises `damage` where it is of no use."""
    try:
        found = look_at(content, cut_off=True, page=page)
        if found is None:
            raise damage
        image, missing = decode(found)
    except _DAMAGED as error:
        raise damage from error
    is_jpeg = format_of(content[:HEAD_BYTES]) == "JPEG"
    if is_jpeg and is_coarse(content):
        raise PhotoError("is cut off before its details begin: replace it with a complete copy.", UNNAMED)
    if is_jpeg:
        missing = filled_up(image, found.bands.orientation)
    return _as_photo(found, image, missing, ends_early=is_jpeg)


def _as_photo(found: Picture, image: np.ndarray, missing: float, ends_early: bool = False) -> Photo:
    notes = list(found.notes)
    if missing > MAX_MISSING:
        lost = f"{100 * missing:.0f} % of its rows"
        raise PhotoError(f"is cut off and lacks {lost}: replace it with a complete copy.", UNNAMED)
    if missing >= 0.005:
        notes.append(f"The file is cut off: the last {100 * missing:.0f} % of the picture are missing.")
    elif ends_early:
        notes.append("The file is cut off or damaged: a part of the picture may be wrong.")
    if found.scale > 1:
        notes.append(f"It was read at 1/{found.scale} of its width and height, so that it needs less memory.")
    width, height = found.size if found.bands.orientation < 5 else found.size[::-1]
    return Photo(image, float(found.scale), width, height, " ".join(notes) or None, other_pages=found.others)


@contextmanager
def _errors_naming(name: str) -> Iterator[None]:
    """Whatever goes wrong becomes a sentence about `name`."""
    try:
        yield
    except PhotoError as error:
        if error.name is None:
            raise
        raise PhotoError(error.problem, name) from error
    except MemoryError as error:
        raise _too_little_memory(name) from error
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"has too many pixels: make it smaller than {MAX_PHOTO_PIXELS // 10**6} megapixels.", name
        ) from error
    except _DAMAGED as error:
        raise _sentence(name, error) from error


def _sentence(name: str, error: Exception) -> PhotoError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return PhotoError("does not exist: check the path.", name)
    if isinstance(error, PermissionError):
        return PhotoError("may not be read: give yourself permission to read it.", name)
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return PhotoError(f"{error.strerror}: make it smaller.", name)
    if isinstance(error, OSError) and error.errno == errno.EINVAL:
        return PhotoError(f"{error.strerror}: name a photo.", name)
    if isinstance(error, OSError) and error.errno is not None:
        return PhotoError(f"cannot be read ({error.strerror}): check the disk, or replace it.", name)
    if is_lack_of_memory(error):
        return _too_little_memory(name)
    return PhotoError("is damaged or cut off: replace it with a complete copy.", name)


def _too_little_memory(name: str) -> OutOfMemoryError:
    return OutOfMemoryError("needs more memory than there is: close other programs and try again.", name)
