"""The names of a zip's members: in which encoding they were written, and where one may lie on a disk."""

from __future__ import annotations

import os
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import BinaryIO

from facecluster.encodings import decoded

_UTF8 = 0x800  # bit of a member's flags: its name is UTF-8. PKWARE APPNOTE 4.4.4
_UNICODE_PATH = 0x7075  # extra field with the name in UTF-8. 4.6.9
_END, _MEMBER, _HEADER = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
_HEADER_SIZE = 30  # bytes before a member's name: 4.3.7
_LONGEST = 200  # bytes of a name on a disk: file systems take 255, and the writing of one adds something
_RESERVED = '<>:"|?*'  # on Windows, where a colon also names a drive or a hidden stream


def names_of(members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The members' names as they were meant. The zip has to be opened without an encoding of its own."""
    names = [_told_name(member) for member in members]
    unknown = [index for index, name in enumerate(names) if name is None]
    # Finder packs names as UTF-8 without saying so, and old packers used whatever their system did.
    guessed = decoded([members[index].orig_filename.encode("cp437") for index in unknown])
    for index, name in zip(unknown, guessed, strict=True):
        names[index] = name
    return [name or "" for name in names]


def path_of(name: str) -> str:
    """A member's path in the zip, which never leads out of it, whatever its name says; empty for none."""
    # Some packers on Windows write backslashes; and a zip may name members ../../x or /x.
    parts = [part for part in name.split("\0")[0].replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(
        "".join("_" if unicodedata.category(letter) == "Cc" else letter for letter in part) for part in parts
    )


class SafePaths:
    """Gives every member a path of its own that all file systems take, as much like the one in the zip as may be."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, str]] = set()

    def path(self, path: str) -> str:
        """The path for writing; the same folders for members of the same folder."""
        place = ""
        parts = path.split("/")
        for depth, part in enumerate(parts):
            place = "/".join(filter(None, [place, self._part(place, part, is_file=depth == len(parts) - 1)]))
        return place

    def _part(self, folder: str, part: str, is_file: bool) -> str:
        if not is_file and (folder, part) in self._given:
            return self._given[folder, part]
        stem, suffix = os.path.splitext(_safe(part)) if is_file else (_safe(part), "")
        number, name = 1, stem + suffix
        # Some file systems take Ann and ann for the same.
        while (folder, name.casefold() if is_file else name) in self._taken:
            number += 1
            name = f"{stem} ({number}){suffix}"
        self._taken.add((folder, name.casefold() if is_file else name))
        self._given[folder, part] = name
        return name


def _safe(part: str) -> str:
    safe = "".join("_" if letter in _RESERVED else letter for letter in part)
    if len(safe.encode()) <= _LONGEST:
        return safe
    suffix = PurePosixPath(safe).suffix[:12]
    mark = f"~{zlib.crc32(part.encode()):08x}{suffix}"
    return safe.encode()[: _LONGEST - len(mark.encode())].decode(errors="ignore") + mark


def _told_name(member: zipfile.ZipInfo) -> str | None:
    """The name as far as the zip states its encoding."""
    if member.flag_bits & _UTF8:
        return member.orig_filename
    raw = member.orig_filename.encode("cp437")
    # Asked first: where it is there, a plain name may be no more than what is left of the real one.
    told = _unicode_path(member.extra, raw)
    return raw.decode() if told is None and raw.isascii() else told


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name in the Unicode path extra field, if it is of this name: that is given by its CRC."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _UNICODE_PATH and len(field) > 5 and field[0] == 1:
            if struct.unpack_from("<I", field, 1)[0] == zlib.crc32(raw):
                return field[5:].decode(errors="replace")
            return None
    return None


class NamesAsBytes:
    """A zip file in which no member claims that its name is UTF-8, for those that claim it wrongly.

    zipfile refuses the whole zip for one such name.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._start, self._directory = _directory(file)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        start = self._file.tell()
        content = bytearray(self._file.read(size))
        first, last = max(start, self._start), min(start + len(content), self._start + len(self._directory))
        if first < last:
            content[first - start : last - start] = self._directory[first - self._start : last - self._start]
        elif size == _HEADER_SIZE and content.startswith(_HEADER):  # zipfile reads a member's own header by itself
            struct.pack_into("<H", content, 6, struct.unpack_from("<H", content, 6)[0] & ~_UTF8)
        return bytes(content)

    def close(self) -> None:
        self._file.close()


def _directory(file: BinaryIO) -> tuple[int, bytes]:
    """Where the central directory begins, and its bytes without the claims. Raises zipfile.BadZipFile."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 65_557))  # the end record with the longest comment: PKWARE APPNOTE 4.3.16
    tail = file.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + 22:
        raise zipfile.BadZipFile
    length = struct.unpack_from("<I", tail, end + 12)[0]
    start = size - len(tail) + end - length
    if start < 0:
        raise zipfile.BadZipFile
    file.seek(start)
    content = bytearray(file.read(length))
    at = 0
    while content[at : at + 4] == _MEMBER and len(content) >= at + 46:
        flags, name, extra, comment = (struct.unpack_from("<H", content, at + place)[0] for place in (8, 28, 30, 32))
        struct.pack_into("<H", content, at + 8, flags & ~_UTF8)
        at += 46 + name + extra + comment
    return start, bytes(content)
