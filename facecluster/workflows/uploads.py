"""Copies of photos that have no place on this machine: those of an uploaded zip, and the drawn sample people.

A zip itself is kept until all of it is unpacked and its photos are known as a source of the gallery, so that whatever
cuts this off, it can go on without a second upload.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from facecluster.errors import SourceError
from facecluster.face_settings import FaceSettings
from facecluster.file_names import storable
from facecluster.files import open_regular
from facecluster.photos.people_names import AUTO
from facecluster.photos.sources import MAX_UNPACKED, DamagedMemberError, ListedPhotos, ZipPhotos, open_photos
from facecluster.workflows.jobs import Progress, Stage

if TYPE_CHECKING:
    from facecluster.gallery.copies import Copies
    from facecluster.gallery.gallery import Gallery

Report = Callable[[Progress], None]

_SAMPLE_FOLDER = "sample-people"
_MEGABYTE = 10**6
_COPY_CHUNK = 4 * 2**20


@dataclass(frozen=True)
class UploadedZip:
    """A zip that somebody dropped into the browser, with the name it had there."""

    name: str
    file: BinaryIO


@dataclass(frozen=True)
class KeptZip:
    """The copy of an uploaded zip that was not unpacked to its end."""

    file: Path

    @property
    def name(self) -> str:
        """What the zip was called."""
        return self.file.name


def draw_samples(copies: Copies, report: Report, people: int, portraits: int) -> Path:
    """The folder in the gallery's uploads that holds the sample people; draws those that are not there.

    Raises SourceError.
    """
    from facecluster.samples.sample_photos import is_current, sample_files

    folder = _own_folder(copies, _SAMPLE_FOLDER)
    files = sample_files(people, portraits)
    drawing = Stage("Drawing sample people", report, "portraits")
    for done, (path, draw) in enumerate(files.items(), start=1):
        file = folder / path
        if copies.hold(file) and not is_current(file):
            copies.remove([file])
        if not copies.hold(file):
            copies.write(file, [draw()])
        drawing(done, len(files))
    return folder


def unpack_upload(
    gallery: Gallery, upload: UploadedZip | KeptZip, report: Report, people_from: str, settings: FaceSettings
) -> ListedPhotos:
    """The folder in the gallery's uploads that holds the zip's photos, named by content so that it is made once.

    A photo that cannot be unpacked is one of it that cannot be read; the others go on. Until all is unpacked the zip
    is an unfinished source of the gallery, with `people_from` and the `settings` that its photos will be indexed with.
    Raises SourceError, with nothing kept, and Cancelled.
    """
    copies = gallery.copies
    zipped = upload.file if isinstance(upload, KeptZip) else _copy_upload(copies, upload, report)
    location = storable(str(zipped.resolve()))
    naming = None if people_from == AUTO else people_from
    try:
        with open_regular(zipped) as opened:
            inside = ZipPhotos(opened, name=upload.name)
            folder = zipped.with_suffix("")
            _require_room(folder, sum(photo.size for photo in inside))
            gallery.sources.begin("zip", location, folder.name, len(inside), naming, settings)
            damaged = _unpack(copies, inside, folder, report)
        if len(damaged) == len(inside):
            name, reason = next(iter(damaged.items()))
            raise SourceError(f"No photo in {upload.name} can be unpacked. The first one is {name}: {reason}.")
        photos = open_photos(folder, people_from)
    except (SourceError, OSError) as error:
        gallery.sources.forget("zip", location)
        copies.remove([zipped])
        if isinstance(error, OSError):
            raise SourceError(f"{upload.name} cannot be read ({error.strerror}): add it again.") from error
        raise
    photos.add_what_stayed(damaged, inside.left_out)
    gallery.sources.begin(photos.kind, photos.location, photos.name, len(photos), naming, settings)
    gallery.sources.forget("zip", location)
    copies.remove([zipped])
    return photos


def _unpack(copies: Copies, inside: ZipPhotos, folder: Path, report: Report) -> dict[str, str]:
    """Copies what is not there yet; returns why which photos could not be."""
    told, damaged = Stage("Unpacking", report), dict[str, str]()
    for done, member in enumerate(inside.members(), start=1):
        file = folder / member.path
        try:
            if not copies.hold(file):
                copies.write(file, member.chunks())
        except DamagedMemberError as error:
            damaged[member.path] = str(error)
        told(done, len(inside))
    return damaged


def _own_folder(copies: Copies, name: str) -> Path:
    """A folder for copies that holds nothing else: the name, or the name with a number where somebody's files are."""
    for number in count(1):
        folder = copies.root / (name if number == 1 else f"{name}-{number}")
        if not copies.others(folder):
            return folder
    raise AssertionError("count() has no end")


def _require_room(folder: Path, size: int) -> None:
    """Raises SourceError when `size` bytes are too many for a zip, or for the disk."""
    if size > MAX_UNPACKED:
        raise SourceError(f"The zip unpacks to more than {MAX_UNPACKED / 2**30:.0f} GiB: split it.")
    place = next(parent for parent in folder.parents if parent.exists())
    free = shutil.disk_usage(place).free
    if size > free:
        raise SourceError(
            f"The zip unpacks to {size / 2**20:,.0f} MiB, and {place} has room for {free / 2**20:,.0f} MiB: free some "
            "space, or unpack it on another disk and add that folder."
        )


def _copy_upload(copies: Copies, upload: UploadedZip, report: Report) -> Path:
    """A file among the copies with the upload's bytes, in a folder that is called by their sha256."""
    upload.file.seek(0)
    digest = hashlib.sha256()
    while chunk := upload.file.read(_COPY_CHUNK):
        digest.update(chunk)
        report(Progress("Copying the zip"))  # where somebody may cancel
    size = upload.file.tell()
    file = _own_folder(copies, digest.hexdigest()[:12]) / f"{_stem(upload.name)}.zip"
    if copies.hold(file):
        return file
    told = Stage("Copying the zip", report, "MB", _MEGABYTE)
    upload.file.seek(0)

    def chunks() -> Iterator[bytes]:
        copied = 0
        while chunk := upload.file.read(_COPY_CHUNK):
            yield chunk
            copied += len(chunk)
            told(copied, size)

    try:
        copies.write(file, chunks())
    except SourceError as error:
        raise SourceError(f"{upload.name} cannot be copied into the gallery. {error}") from error
    return file


def _stem(name: str) -> str:
    """A zip's name without what a file system might take amiss; browsers send names as they please."""
    stem = PurePosixPath(name.replace("\\", "/")).stem
    return "".join(letter for letter in stem if letter.isalnum() or letter in " -_.()").strip(" .") or "photos"
