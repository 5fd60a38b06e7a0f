"""The photos inside a zip, read where they are, or handed out one by one to be copied to a disk."""

from __future__ import annotations

import io
import lzma
import stat
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, TypeVar

from facecluster.errors import NothingThereError, SourceError
from facecluster.file_names import on_disk, storable
from facecluster.files import require_size
from facecluster.photos import base, left_out
from facecluster.photos.base import ListedPhotos, require_choice
from facecluster.photos.folder import unreadable
from facecluster.photos.formats import HEAD_BYTES
from facecluster.photos.left_out import LeftOut, folder_kind, is_photo_name, kind_by_content, kind_by_name
from facecluster.photos.people_names import AUTO
from facecluster.photos.zip_names import NamesAsBytes, SafePaths, names_of, path_of
from facecluster.user_paths import user_path

MAX_UNPACKED = 50 * 2**30
"""Bytes: a zip that claims more is taken for a zip bomb."""
_ENCRYPTED = 0x1  # bit of a zip member's flags, PKWARE APPNOTE 4.4.4
_DEFLATE64 = 9  # 4.4.5
_UNIX = 3  # 4.4.2: the upper half of the external attributes is a file's mode
# What zipfile lets through when members or the directory are damaged, or packed in a way it does not know.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError, IndexError)
_COPY_CHUNK = 2**20

T = TypeVar("T")


class DamagedMemberError(Exception):
    """Why a photo in a zip cannot be unpacked; no OSError, which the disk that it is written to may raise as well."""


@dataclass(frozen=True)
class Member:
    """One photo in a zip, to be copied to a disk.

    `path` is where: relative, unlike that of any other member, and such as every file system takes it. `name` is its
    path in the zip, by which its person is read. `size` in bytes is the most that it gives.
    """

    path: str
    name: str
    size: int
    _zip: ZipPhotos = field(repr=False)

    def open(self) -> BinaryIO:
        """The photo's bytes as a stream.

        Raises OSError when it cannot be unpacked, as does reading from the stream; the text goes on from its name.
        """
        return self._zip.open_member(self.name)

    def chunks(self) -> Iterator[bytes]:
        """The photo's bytes, of which no more than a mebibyte lies in memory. Raises DamagedMemberError."""
        try:
            with self.open() as stream:
                while chunk := stream.read(_COPY_CHUNK):
                    yield chunk
        except OSError as error:
            raise DamagedMemberError(error.strerror or str(error)) from error


class ZipPhotos(ListedPhotos):
    """The image files inside a zip: nothing is unpacked."""

    kind = "zip"

    def __init__(self, zipped: str | Path | BinaryIO, people_from: str = AUTO, name: str | None = None) -> None:
        """`zipped` is a path, or an open file whose name is `name`. Raises SourceError."""
        choice = require_choice(people_from)
        self._lock = threading.Lock()
        if isinstance(zipped, str | Path):
            file = user_path(on_disk(str(zipped)), SourceError)
            self._zip = _open_zip(file, file)
            self.name, self.location = storable(file.stem), storable(str(file.resolve()))
        else:
            file = Path(name or "upload.zip")
            self._zip = _open_zip(zipped, file)
            self.name = self.location = file.stem
        self.left_out = LeftOut()
        try:
            self._members = self._photo_members()
        except OSError as error:
            raise unreadable(error, file) from error
        self._list({path: info.file_size for path, info in self._members.items()}, choice, f"The zip {file}")

    def __contains__(self, path: object) -> bool:
        return path in self._members

    def close(self) -> None:
        self._zip.close()

    def read_file(self, path: str) -> bytes:
        """The bytes of one photo. Raises OSError when it cannot be unpacked."""
        with self._lock:  # zipfile shares one file position between its members
            base.require_photo(self._sizes.get(path, 0), lambda: self.open_member(path))
            with self.open_member(path) as stream:
                return stream.read()

    def open_member(self, path: str) -> BinaryIO:
        """One photo as a stream, of at most the bytes that the zip's directory tells. Raises OSError."""
        info = self._members.get(path)
        if info is None:
            raise FileNotFoundError(f"is not in the zip {self.location}")
        require_size(info.file_size, base.MAX_PHOTO)
        return _Stream(self._zip, info)

    def members(self) -> Iterator[Member]:
        """The photos one by one, to be copied to a disk. Raises SourceError when that would be too much."""
        if sum(self._sizes.values()) > MAX_UNPACKED:
            raise SourceError(f"The zip unpacks to more than {MAX_UNPACKED / 2**30:.0f} GiB: split it.")
        safe = SafePaths()
        for path in self._paths:
            yield Member(safe.path(path), path, self._sizes[path], self)

    def _photo_members(self) -> dict[str, zipfile.ZipInfo]:
        members: dict[str, zipfile.ZipInfo] = {}
        infos, told = self._zip.infolist(), set[str]()
        for info, name in zip(infos, names_of(infos), strict=True):
            path = path_of(name)
            if not path or name.replace("\\", "/").endswith("/"):
                continue
            folder, kind = _left_out_folder(path)
            if kind is None:
                kind = self._kind_of_file(info, path.rpartition("/")[2])
            elif folder in told:
                continue
            told.add(folder)
            if kind is None:
                members[self._free_path(path, info, members)] = info
            else:
                self.left_out.add(kind, folder or path)
        return members

    def _kind_of_file(self, info: zipfile.ZipInfo, name: str) -> str | None:
        if info.create_system == _UNIX and stat.S_ISLNK(info.external_attr >> 16):
            return left_out.LINKS
        if (kind := kind_by_name(name)) or is_photo_name(name):
            return kind
        try:
            with _Stream(self._zip, info) as stream:
                return kind_by_content(name, stream.read(HEAD_BYTES))
        except OSError:
            return left_out.UNREADABLE_FILES

    def _free_path(self, path: str, info: zipfile.ZipInfo, members: dict[str, zipfile.ZipInfo]) -> str:
        """The path, or one with a number where another member's name comes to the same."""
        other = members.get(path)
        if other is None:
            return path
        if other.orig_filename == info.orig_filename:  # changed and packed again: the last one counts
            self.left_out.add(left_out.DOUBLE_NAMES, path)
            return path
        stem, dot, suffix = path.rpartition(".")
        number = 2
        while (free := f"{stem} ({number}){dot}{suffix}") in members:
            number += 1
        return free


class _Stream(io.RawIOBase, BinaryIO):
    """A member's bytes, no more than the zip's directory tells; its errors are OSErrors that say why."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        super().__init__()
        self._file: IO[bytes] | None = None
        if info.flag_bits & _ENCRYPTED:
            raise OSError("it is protected by a password: unpack the zip first")
        self._info = info
        self._file = self._saying_what_to_do(lambda: archive.open(info))

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        assert self._file is not None
        file = self._file
        return self._saying_what_to_do(lambda: file.read(-1 if size is None else size))

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()

    def _saying_what_to_do(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except NotImplementedError as error:
            if self._info.compress_type == _DEFLATE64:
                raise OSError(
                    "it is packed as Deflate64, as Windows Explorer does above 2 GB: unpack the zip and add its folder"
                ) from error
            raise OSError(
                f"it is packed in a way that is not known (method {self._info.compress_type}): make the zip anew, or "
                "unpack it and add its folder"
            ) from error
        except (*_DAMAGED, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # the disk; without a number it is bz2's
                raise
            raise OSError("it is damaged inside the zip: make the zip anew") from error


def _left_out_folder(path: str) -> tuple[str, str | None]:
    """The outermost folder above a member that is left out, and why; an empty one where none is."""
    parts = path.split("/")[:-1]
    for depth, name in enumerate(parts, start=1):
        if kind := folder_kind(name):
            return "/".join(parts[:depth]), kind
    return "", None


def unpack_members(path: str | Path) -> Iterator[Member]:
    """The photos of a zip one by one; a damaged one tells so when it is opened or read, and the others go on.

    Raises SourceError when the file is no zip, or holds no photos or too much.
    """
    archive = ZipPhotos(path)
    try:
        yield from archive.members()
    finally:
        archive.close()


def unpack_zip(
    path: str | Path, folder: str | Path, on_progress: Callable[[int, int], None] | None = None
) -> dict[str, str]:
    """Copies the photos of a zip into `folder`, which is created: for zips that will not stay where they are.

    Returns why some could not be unpacked, by their paths. Raises SourceError when the file is no zip, holds no photos
    or too much, or `folder` cannot be written.
    """
    archive, damaged = ZipPhotos(path), dict[str, str]()
    for done, member in enumerate(archive.members(), start=1):
        place = Path(folder) / member.path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as file:
                file.writelines(member.chunks())
        except DamagedMemberError as error:
            damaged[member.name] = str(error)
            place.unlink()
        except OSError as error:
            raise SourceError(f"{place} cannot be written ({error.strerror}): free some space.") from error
        if on_progress:
            on_progress(done, len(archive))
    archive.close()
    return damaged


class _OpenedZip(zipfile.ZipFile):
    """A zip of `NamesAsBytes` that closes its file as well: zipfile leaves that to whoever opened it."""

    def __init__(self, file: Path) -> None:
        with ExitStack() as until_it_works:
            self._file = until_it_works.enter_context(file.open("rb"))
            super().__init__(NamesAsBytes(self._file))
            until_it_works.pop_all()

    def close(self) -> None:
        super().close()
        self._file.close()


def _open_zip(zipped: Path | BinaryIO, file: Path) -> zipfile.ZipFile:
    try:
        if isinstance(zipped, Path) and not zipped.is_file():
            raise NothingThereError(f"The zip {file} does not exist: check the path.")
        try:
            return zipfile.ZipFile(zipped)
        except UnicodeDecodeError:  # a name that is not the UTF-8 it claims to be
            return _OpenedZip(zipped) if isinstance(zipped, Path) else zipfile.ZipFile(NamesAsBytes(zipped))
    except _DAMAGED as error:
        raise SourceError(f"{file.name} is not a zip, or is damaged: make it anew.") from error
    except OSError as error:
        raise unreadable(error, file) from error
