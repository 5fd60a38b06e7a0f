"""What a photo's file holds, told from its header, and the way to decode it that needs the least memory."""

from __future__ import annotations

import io
import math
import struct
from dataclasses import replace
from functools import cache

from PIL import Image, ImageFile, JpegImagePlugin, TiffImagePlugin

from facecluster.errors import UNNAMED, PhotoError
from facecluster.photos.bands import BAND_PIXELS, Bands, HeifBands, RawBands, WholeBands
from facecluster.photos.cut_off import ended
from facecluster.photos.decoding import Picture
from facecluster.photos.formats import HEAD_BYTES, format_of
from facecluster.photos.png_bands import PngBands
from facecluster.photos.tiff_bands import TiffBands
from facecluster.photos.tiff_pages import choose_page, passed_over

MAX_PIXELS = 120_000_000  # of a decoded picture: 360 MB of RGB. Larger photos are decoded at half their size
MAX_PHOTO_PIXELS = 250_000_000  # phones take 200 megapixels
MAX_SIDE = 65_535  # pixels, what a JPEG can have; libraries need memory for each row, however short it is

_WHOLE_PIXELS = 16_000_000  # up to here a picture is decoded as a whole, which is quicker
_JPEG2000_PIXELS = 30_000_000  # with OpenJPEG's 20 bytes per pixel 600 MB
# The most bytes a pixel that a library takes while it decodes, as measured, with what it gives to Pillow; of WebP and
# AVIF less the result, since they take more before that is made.
_LIBRARY_BYTES = {"WEBP": 14, "AVIF": 10, "JPEG2000": 20, "HEIF": 5}
# A pixel of the band in hand, on its way to RGB: of strips, of a picture in RGB that is one band or more, of another.
_STRIP_BYTES, _RGB_BYTES, _CUT_BYTES, _OTHER_BYTES = 60, 8, 20, 40


def look_at(content: bytes, *, cut_off: bool = False, page: int | None = None) -> Picture | None:
    """The picture in a file of these bytes, without decoding it; None for no photo.

    `page` is its number in a file of several, from 0; else the one that the file is of. With `cut_off`, one that is
    read as far as the file goes, and None where its format does not allow that. Raises PhotoError about an
    unnamed photo, and whatever Pillow's decoders raise for damaged files.
    """
    prepare_pillow()
    kind = format_of(content[:HEAD_BYTES])
    if kind is None:
        return None
    if kind == "HEIF":
        return None if cut_off else _heif(content, page)
    if kind == "PNG" and cut_off:
        return _in_bands(PngBands(content))
    if kind == "JPEG" and cut_off:
        return _whole(_open(ended(content), kind), content)
    if kind == "WEBP":
        check_size(*_webp_size(content), MAX_PIXELS)  # opening one takes the memory for its pixels
    image = _open(content, kind)
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        notes, others = choose_page(image, page)
    else:
        notes, others = _frames(image, content, page)
    check_size(*image.size, MAX_PIXELS if kind == "AVIF" else MAX_PHOTO_PIXELS)
    if cut_off or image.width * image.height > _WHOLE_PIXELS:
        bands = _bands_of(image, content, cut_off)
        if bands is not None:
            return replace(_in_bands(bands, notes), others=others)
    return None if cut_off else replace(_whole(image, content, notes), others=others)


def _open(content: bytes, kind: str) -> ImageFile.ImageFile:
    return Image.open(io.BytesIO(content), formats=(kind,))


def check_size(width: int, height: int, most: int = MAX_PHOTO_PIXELS) -> None:
    """Raises PhotoError where the picture is too large to be read."""
    if max(width, height) > MAX_SIDE:
        side = f"a side of {max(width, height):,} pixels"
        raise PhotoError(f"has {side}: make it at most {MAX_SIDE:,} pixels wide and high.", UNNAMED)
    if width * height > most:
        other = "" if most == MAX_PHOTO_PIXELS else ", or save it as JPEG"
        megapixels = f"{width * height / 1e6:.0f} megapixels"
        raise PhotoError(f"has {megapixels}: make it smaller than {most // 10**6}{other}.", UNNAMED)


def _bands_of(image: ImageFile.ImageFile, content: bytes, cut_off: bool) -> Bands | None:
    try:
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            return TiffBands(image, content, cut_off)
        if image.format == "PNG":
            return PngBands(content)
        return RawBands(image, content) if image.format in ("BMP", "PPM") else None
    except (ValueError, KeyError, TypeError):
        return None


def _in_bands(bands: Bands, notes: tuple[str, ...] = ()) -> Picture:
    check_size(bands.width, bands.height, MAX_PHOTO_PIXELS)
    pixels = bands.width * bands.height
    shrink = _shrink(pixels)
    work = _STRIP_BYTES * min(max(bands.rows * bands.width, BAND_PIXELS), pixels)
    return Picture(bands, (bands.width, bands.height), shrink, shrink, 3 * pixels // shrink**2 + work, notes)


def _whole(image: ImageFile.ImageFile, content: bytes, notes: tuple[str, ...] = ()) -> Picture:
    size, kind = image.size, image.format or ""
    pixels = size[0] * size[1]
    shrink, scale = _shrink(pixels), 1
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        library = _bytes_of_jpeg(image)
        if shrink > 1:
            image.draft(None, (size[0] // 2, size[1] // 2))
            shrink, scale = 1, 2
        bytes_a_pixel = library + 4 / scale**2
    elif kind == "JPEG2000":
        halvings = _halvings(image, content)
        scale = 2**halvings
        bytes_a_pixel = _LIBRARY_BYTES[kind] / scale**2
        # Pillow rounds where OpenJPEG rounds up, and then does not know the picture: so no rounding is left to do.
        image._size = (math.ceil(size[0] / scale) * scale, math.ceil(size[1] / scale) * scale)
        image.reduce = halvings  # type: ignore[method-assign, assignment]
        shrink = 1
    else:
        _check_effort(image, pixels)
        bytes_a_pixel = _LIBRARY_BYTES.get(kind, _bytes_in_pillow(image.mode) * (2 if kind == "TIFF" else 1))
    rgb_bytes = _RGB_BYTES if pixels <= BAND_PIXELS else _CUT_BYTES
    work = (rgb_bytes if image.mode == "RGB" else _OTHER_BYTES) * min(BAND_PIXELS, pixels)
    result = 3 * pixels // (scale * shrink) ** 2
    copies = 2 * len(content) if kind == "WEBP" else 0
    decoded_bytes = int(bytes_a_pixel * pixels) + result + work + copies
    return Picture(WholeBands(image), size, shrink, scale * shrink, decoded_bytes, notes)


def _heif(content: bytes, page: int | None) -> Picture:
    bands = HeifBands(content, page)
    pixels = bands.width * bands.height
    check_size(bands.width, bands.height, MAX_PHOTO_PIXELS)
    shrink = _shrink(pixels)
    work = _OTHER_BYTES * min(BAND_PIXELS, pixels) + 2 * len(content)
    decoded_bytes = _LIBRARY_BYTES["HEIF"] * pixels + 3 * pixels // shrink**2 + work
    which = "" if page is None else f"Picture {page + 1} was read, "
    notes = (which + passed_over(len(bands.others), "picture"),) if bands.others else ()
    return Picture(bands, (bands.width, bands.height), shrink, shrink, decoded_bytes, notes, bands.others)


def _frames(image: ImageFile.ImageFile, content: bytes, page: int | None) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Turns an animation to `page`, or leaves its first picture; a sentence on that, and the numbers of the others.

    Nothing for the JPEGs behind a JPEG: they are its preview, or its map of brightness.
    """
    if image.format not in ("GIF", "PNG", "WEBP", "AVIF"):
        return (), ()
    if image.format == "GIF":
        with _open(content, "GIF") as other:  # looking for the second frame takes the first one's place
            number = _number_of_frames(other)
    else:
        number = _number_of_frames(image)
    if page is not None:
        image.seek(page)
    if number == 1:
        return (), ()
    which = "the first picture" if page is None else f"picture {page + 1}"
    others = tuple(frame for frame in range(number) if frame != (page or 0))
    return (f"Only {which} of the animation was read.",), others


def _number_of_frames(image: ImageFile.ImageFile) -> int:
    try:
        if not getattr(image, "is_animated", False):
            return 1
        return int(getattr(image, "n_frames", 1))
    except Exception:  # what comes after the first picture is damaged
        return 2


def _shrink(pixels: int) -> int:
    return 1 if pixels <= MAX_PIXELS else 2


def _bytes_in_pillow(mode: str) -> int:
    return 1 if mode in ("1", "L", "P") else 2 if mode.startswith("I;16") else 4


def _bytes_of_jpeg(image: JpegImagePlugin.JpegImageFile) -> float:
    """What libjpeg holds a pixel: of a progressive JPEG all coefficients, of 2 bytes each."""
    if "progressive" not in image.info:
        return 0.0
    across, down = (max(layer[place] for layer in image.layer) for place in (1, 2))
    return 2 * sum(layer[1] * layer[2] for layer in image.layer) / (across * down)


def _check_effort(image: ImageFile.ImageFile, pixels: int) -> None:
    """Pillow reads a PPM of numbers in words, or of unusual depth, in Python: a second for a million pixels."""
    if pixels > _WHOLE_PIXELS and image.format == "PPM":
        raise PhotoError("is a large PPM of an unusual kind, which takes too long to read: save it as PNG.", UNNAMED)


def _halvings(image: ImageFile.ImageFile, content: bytes) -> int:
    """How many times a JPEG 2000 is halved, which its decoder can as often as its encoder did."""
    pixels, halvings = image.width * image.height, 0
    while pixels >> 2 * halvings > _JPEG2000_PIXELS:
        halvings += 1
    halvings = min(halvings, _levels(content))
    if pixels >> 2 * halvings > MAX_PIXELS:
        check_size(*image.size, MAX_PIXELS)
    return halvings


def _levels(content: bytes) -> int:
    """NumDecompositionLevels of the segment COD: ISO/IEC 15444-1, A.6.1."""
    place = content.find(b"\xff\x4f\xff\x51") + 2
    while place + 10 <= len(content):
        marker, length = struct.unpack_from(">HH", content, place)
        if marker == 0xFF52:
            return content[place + 9]
        place += 2 + length
    return 0


def _webp_size(content: bytes) -> tuple[int, int]:
    """Width and height: RFC 9649. Zeros where the header is too short, which opening it tells."""
    head, kind = content[:30].ljust(30, b"\0"), content[12:16]
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF


@cache
def prepare_pillow() -> None:
    """Sets what can be set for the whole process only, once: it is read while photos are, from several threads."""
    import warnings

    Image.init()  # formats can be named only once their plugins are loaded
    Image.MAX_IMAGE_PIXELS = MAX_PHOTO_PIXELS
    # Pillow warns where the limits above already decide, and about metadata that nothing here reads. Set once, because
    # warnings.catch_warnings around each photo would change the filters of the whole process from several threads.
    warnings.filterwarnings("ignore", module=r"PIL\.")
