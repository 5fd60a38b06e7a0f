"""The formats of photos that are read, told by a file's first bytes: whatever its name says, the content decides."""

from __future__ import annotations

import re

HEAD_BYTES = 64  # enough of a file to tell its format: HEIF and AVIF list their brands in as many

SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".apng",
        ".webp",
        ".gif",
        ".bmp",
        ".tif",
        ".tiff",
        ".heic",
        ".heics",
        ".heif",
        ".heifs",
        ".hif",
        ".avif",
        ".avifs",
        ".jp2",
        ".j2k",
        ".j2c",
        ".jpc",
        ".jpf",
        ".jpx",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".pfm",
    }
)
FORMAT_NAMES = "JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC, AVIF, JPEG 2000, PPM"

_MAGIC = {
    b"\xff\xd8\xff": "JPEG",  # and MPO, which is a JPEG with more of them behind
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "TIFF",  # BigTIFF
    b"MM\x00+": "TIFF",
    b"\xff\x4f\xff\x51": "JPEG2000",  # the bare code stream
    b"\x00\x00\x00\x0cjP  \r\n\x87\n": "JPEG2000",
}
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_ANY_HEIF_BRANDS = frozenset((b"mif1", b"msf1"))  # ISO/IEC 23008-12: which codec, only the compatible brands tell
_BMP_HEADERS = frozenset((12, 40, 52, 56, 64, 108, 124))  # bytes of the header after the file's own
# "P5" alone begins many a text; a size or a comment has to follow. P1 to P6 are of Netpbm, Pf of PFM.
_ANYMAP = re.compile(rb"P[1-6f]\s+(#|\d+\s+\d+\s)")


def is_image(head: bytes) -> bool:
    """Whether a file that begins with these bytes, 64 or all it has, is in a format that `load_image` reads."""
    return format_of(head) is not None


def format_of(head: bytes) -> str | None:
    """Pillow's name of the format of a file that begins with `head`, 64 bytes or all it has; None for no photo."""
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _heif_or_avif(head)
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    return "PPM" if _ANYMAP.match(head[:HEAD_BYTES]) else None


def _heif_or_avif(head: bytes) -> str | None:
    brand = head[8:12]
    if brand in _ANY_HEIF_BRANDS:
        end = min(int.from_bytes(head[:4], "big"), len(head))
        compatible = {head[place : place + 4] for place in range(16, end, 4)}
        return "AVIF" if compatible & _AVIF_BRANDS and not compatible & _HEIF_BRANDS else "HEIF"
    return "AVIF" if brand in _AVIF_BRANDS else "HEIF" if brand in _HEIF_BRANDS else None
