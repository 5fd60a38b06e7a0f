"""Whether a file is an image that load_image reads, told by its first bytes."""

from __future__ import annotations

HEAD_SIZE = 64
"""Bytes that are enough to tell."""
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_HEIF = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"}
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}  # bytes of the header behind the file's own


def is_image(head: bytes) -> bool:
    """Whether a file whose first HEAD_SIZE bytes are `head` is a JPEG, PNG, WebP, GIF, TIFF, BMP or HEIC."""
    if head.startswith(_STARTS):
        return True
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    if head[4:8] == b"ftyp":
        return head[8:12] in _HEIF
    return head[:2] == b"BM" and head[6:10] == bytes(4) and int.from_bytes(head[14:18], "little") in _BMP_HEADERS
