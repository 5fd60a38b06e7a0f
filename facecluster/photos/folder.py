"""The photos below a folder: every file of it is a photo, or is counted among what was left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from heapq import heappop, heappush
from pathlib import Path

from facecluster.errors import NothingThereError, SourceError
from facecluster.file_names import on_disk, storable
from facecluster.files import open_regular, read_regular
from facecluster.photos import base, left_out
from facecluster.photos.base import ListedPhotos, require_choice
from facecluster.photos.formats import HEAD_BYTES
from facecluster.photos.left_out import LeftOut, folder_kind, is_photo_name, kind_by_content, kind_by_name
from facecluster.photos.people_names import AUTO
from facecluster.user_paths import user_path

_Place = tuple[int, int]


class FolderPhotos(ListedPhotos):
    """The image files below a folder, sorted by path; hidden files, and folders that systems make, are left out."""

    kind = "folder"

    def __init__(self, folder: str | Path, people_from: str = AUTO, name: str | None = None) -> None:
        """`people_from` is one of CHOICES or a number; `name` is what the folder is called, if not by its own name."""
        choice = require_choice(people_from)
        root = user_path(folder, SourceError)
        try:
            if not root.exists():
                raise NothingThereError(f"The folder {root} does not exist: check the path.")
            if not root.is_dir():
                raise SourceError(f"{root} is neither a folder nor a zip: name a folder of photos, or a .zip.")
            self.root = root.resolve()
            self.name = name or storable(self.root.name)
            self.location = storable(str(self.root))
            walk = _Walk(self.root)
            sizes = dict(walk.photos())
        except OSError as error:
            raise unreadable(error, root) from error
        self.left_out, self.unseen = walk.left_out, walk.unseen
        self._list(sizes, choice, f"The folder {root}")

    def read_file(self, path: str) -> bytes:
        """The bytes of one photo. Raises OSError when it cannot be read."""
        file = self.root / on_disk(path)
        base.require_photo(self._sizes[path], lambda: open_regular(file))
        return read_regular(file, base.MAX_PHOTO)


class _Walk:
    """One walk through a folder, which enters every folder once, however many links lead there."""

    def __init__(self, root: Path) -> None:
        self.left_out = LeftOut()
        self.unseen: list[str] = []
        self._root = str(root)
        self._entered: set[_Place] = set()
        self._above = {_place_of(os.stat(folder)) for folder in (root, *root.parents)}
        # In an order of their own, since the disk's would decide which of two links gives a folder its path.
        self._links: list[tuple[int, str]] = []

    def photos(self) -> Iterator[tuple[str, int]]:
        """Path and size in bytes of each photo. Raises OSError when the folder itself cannot be read."""
        yield from self._below("")
        # After all else: a folder is told by its own place, not by a link's, where both lie in the source.
        while self._links:
            _, link = heappop(self._links)
            try:
                place = _place_of(os.stat(os.path.join(self._root, link)))
            except OSError:
                self._unseen(link)
                continue
            if place in self._above or place in self._entered:  # a circle, or a way into the whole disk
                self.left_out.add(left_out.KNOWN_LINKS, storable(link))
            else:
                yield from self._below(link)

    def _below(self, top: str) -> Iterator[tuple[str, int]]:
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            try:
                found = self._entries(folder)
            except OSError:
                if not folder:
                    raise
                self._unseen(folder)
                continue
            for entry in found:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False) or _leads_to_a_folder(entry):
                    self._found_folder(entry, path, waiting)
                elif (size := self._size_of_photo(entry, path)) is not None:
                    yield storable(path), size

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        """What lies in a folder; nothing where it was entered already, by a link or because it is mounted twice."""
        full = os.path.join(self._root, folder) if folder else self._root
        place = _place_of(os.stat(full))
        if place in self._entered:
            return []
        with os.scandir(full) as entries:
            self._entered.add(place)
            return list(entries)

    def _found_folder(self, entry: os.DirEntry[str], path: str, waiting: list[str]) -> None:
        kind = folder_kind(entry.name)
        if kind is not None:
            self.left_out.add(kind, storable(path))
        elif entry.is_symlink():
            heappush(self._links, (path.count("/"), path))
        else:
            waiting.append(path)

    def _unseen(self, folder: str) -> None:
        is_long = len(os.fsencode(os.path.join(self._root, folder))) >= _longest_path()
        self.left_out.add(left_out.LONG_PATHS if is_long else left_out.UNREADABLE_FOLDERS, storable(folder))
        self.unseen.append(storable(folder))

    def _size_of_photo(self, entry: os.DirEntry[str], path: str) -> int | None:
        """The size in bytes of a photo; None for another file, which is counted."""
        size, kind = 0, kind_by_name(entry.name)
        if kind is None:
            try:
                info = entry.stat()
                size, kind = info.st_size, self._kind(entry, path, info)
            except OSError:
                # A link to nowhere, or what may not be looked at: called like a photo, reading it tells what is wrong.
                is_long = len(os.fsencode(os.path.join(self._root, path))) >= _longest_path()
                others = left_out.LONG_PATHS if is_long else left_out.UNREADABLE_FILES
                kind = None if is_photo_name(entry.name) and not is_long else others
        if kind is not None:
            self.left_out.add(kind, storable(path))
        return size if kind is None else None

    def _kind(self, entry: os.DirEntry[str], path: str, info: os.stat_result) -> str | None:
        if not stat.S_ISREG(info.st_mode):
            return left_out.DEVICES
        if is_photo_name(entry.name):
            return None
        with open_regular(os.path.join(self._root, path)) as file:
            return kind_by_content(entry.name, file.read(HEAD_BYTES))


def unreadable(error: OSError, path: Path) -> SourceError:
    """The sentence for a source that cannot be read."""
    where = error.filename or path
    if isinstance(error, PermissionError):
        return SourceError(f"{where} may not be read: give yourself permission to read it.")
    return SourceError(f"{where} cannot be read ({error.strerror or type(error).__name__}): check the path.")


def _place_of(info: os.stat_result) -> _Place:
    return info.st_dev, info.st_ino


def _leads_to_a_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _longest_path() -> int:
    """Bytes that a path may have for the operating system, its end among them."""
    return os.pathconf("/", "PC_PATH_MAX") if hasattr(os, "pathconf") else 32_767
