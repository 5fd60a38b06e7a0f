"""The files that photos were indexed from: what they hold, as long as it is what was indexed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from facecluster.errors import PhotoError
from facecluster.file_names import on_disk
from facecluster.files import read_regular
from facecluster.photos.sources import ZipPhotos
from facecluster.records import KnownPhoto


class Originals:
    """Reads photos where they were indexed from; a zip is opened once, and stays open as long as this object lives."""

    def __init__(self) -> None:
        self._zips: dict[str, ZipPhotos | Exception] = {}

    def read(self, photo: KnownPhoto) -> bytes:
        """The photo's bytes. Raises PhotoError when its file is no longer there, or holds another photo by now."""
        try:
            content = self._content(photo)
        except Exception as error:  # the source may be gone, moved, damaged or on a disk that is not there
            raise _missing(photo) from error
        if hashlib.sha256(content).hexdigest() != photo.sha256:
            raise _missing(photo)
        return content

    def hold(self, photo: KnownPhoto) -> bool:
        """Whether the photo can be read where it was indexed from."""
        try:
            self.read(photo)
        except PhotoError:
            return False
        return True

    def lie_there(self, photo: KnownPhoto) -> bool:
        """Whether anything lies where the photo was indexed from; it is not read."""
        if photo.is_displaced:
            return False
        if photo.source_kind != "zip":
            return os.path.lexists(os.path.join(on_disk(photo.source_location), on_disk(photo.path)))
        try:
            return photo.path in self._zip(photo.source_location)
        except Exception:  # gone, damaged, or on a disk that is not there
            return False

    def _content(self, photo: KnownPhoto) -> bytes:
        if photo.is_displaced:
            raise _missing(photo)
        if photo.source_kind == "zip":
            return self._zip(photo.source_location).read_file(photo.path)
        file = Path(on_disk(photo.source_location)) / on_disk(photo.path)
        if file.stat().st_size != photo.size:
            raise _missing(photo)
        return read_regular(file, photo.size)

    def _zip(self, location: str) -> ZipPhotos:
        if location not in self._zips:
            try:
                self._zips[location] = ZipPhotos(location)
            except Exception as error:
                self._zips[location] = error
        found = self._zips[location]
        if isinstance(found, Exception):
            raise found
        return found


def read_original(photo: KnownPhoto) -> bytes:
    """The file a photo was indexed from. Raises PhotoError when it is no longer there, or is another photo now."""
    return Originals().read(photo)


def _missing(photo: KnownPhoto) -> PhotoError:
    return PhotoError(
        f"{photo.path} is no longer in {photo.source_location}: put it back, or index the folder's new place."
    )
