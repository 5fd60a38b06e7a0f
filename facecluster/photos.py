"""Where photos come from: a folder, a zip or a Kaggle data set. Sources are only ever read."""

from __future__ import annotations

import lzma
import os
import stat
import threading
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from facecluster.errors import SourceError
from facecluster.files import read_regular, require_size
from facecluster.images import SUFFIXES, load_image
from facecluster.user_paths import user_path

__all__ = ["FolderPhotos", "PhotoFile", "PhotoSource", "ZipPhotos", "load_image", "open_photos", "unpack_zip"]

KAGGLE = "kaggle:"
MAX_UNPACKED = 50 * 2**30  # bytes: a zip that claims more is taken for a zip bomb
_MAX_PHOTO = 2**30  # bytes: a file that is larger is no photo, and would not fit into memory beside others
_ENCRYPTED = 0x1  # bit of a zip member's flags, PKWARE APPNOTE 4.4.4
# What zipfile lets through when members or the directory are damaged, or packed in a way it does not know.
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, ValueError, IndexError)


@dataclass(frozen=True)
class PhotoFile:
    """One image file of a source; `path` is relative to the source, with forward slashes.

    `size` is how many bytes `read` will take, as far as the source tells without opening the file.
    """

    path: str
    person: str | None
    read: Callable[[], bytes]
    size: int = 0


class PhotoSource(Protocol):
    """An ordered collection of image files. `kind` is `folder` or `zip`; `location` leads back to it later."""

    kind: str
    name: str
    location: str

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> PhotoFile: ...


class FolderPhotos:
    """The image files below a folder, sorted by path, hidden files and folders left out."""

    kind = "folder"

    def __init__(self, folder: str | Path) -> None:
        root = user_path(folder, SourceError)
        try:
            if not root.exists():
                raise SourceError(f"The folder {root} does not exist: check the path.")
            if not root.is_dir():
                raise SourceError(f"{root} is neither a folder nor a zip: name a folder of photos, or a .zip.")
            self.root = root.resolve()
            self.name = self.root.name
            self.location = _storable(str(self.root))
            self._sizes = dict(sorted(self._walk()))
            self._paths = list(self._sizes)
        except OSError as error:
            raise _unreadable(error, root) from error
        _require_photos(self._paths, f"The folder {root}")
        self._persons = _persons_by_folder(self._paths, self.name)

    def _walk(self) -> Iterator[tuple[str, int]]:
        """Path and size in bytes of each photo; sockets, devices and pipes are none, whatever their names say."""

        def stop(error: OSError) -> None:
            raise error

        for folder, folders, files in os.walk(self.root, onerror=stop):
            folders[:] = [name for name in folders if not _is_hidden(name)]
            for name in files:
                if not _is_photo_name(name):
                    continue
                file = Path(folder) / name
                try:
                    info = file.stat()
                except OSError:  # a link to nowhere: reading it tells what is wrong
                    info = None
                if info is None or stat.S_ISREG(info.st_mode):
                    yield _storable(file.relative_to(self.root).as_posix()), info.st_size if info else 0

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> PhotoFile:
        path = self._paths[index]
        return PhotoFile(path, self._persons(path), lambda: self.read_file(path), self._sizes[path])

    def read_file(self, path: str) -> bytes:
        """The bytes of one photo. Raises OSError when it cannot be read."""
        return read_regular(self.root / path, _MAX_PHOTO)


class ZipPhotos:
    """The image files inside a zip, read where they are: nothing is unpacked."""

    kind = "zip"

    def __init__(self, path: str | Path) -> None:
        file = user_path(path, SourceError)
        self._zip = _open_zip(file)
        self._lock = threading.Lock()
        self.name = file.stem
        self.location = _storable(str(file.resolve()))
        self._members = _photo_members(self._zip)
        self._paths = list(self._members)
        _require_photos(self._paths, f"The zip {file}")
        self._persons = _persons_by_folder(self._paths, self.name)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> PhotoFile:
        path = self._paths[index]
        return PhotoFile(path, self._persons(path), lambda: self.read_member(path), self._members[path].file_size)

    def read_member(self, path: str) -> bytes:
        """The bytes of one photo. Raises OSError when it cannot be unpacked."""
        member = self._members.get(path)
        if member is None:
            raise FileNotFoundError(f"is not in the zip {self.location}")
        with self._lock:  # zipfile shares one file position between its members
            return _unpack(self._zip, member)


def open_photos(source: str | Path) -> PhotoSource:
    """The photos of a folder, a `.zip`, or `kaggle:owner/dataset`.

    With sub-folders the folder that holds a photo names its person; without, photos have no person. Raises
    SourceError.
    """
    text = str(source)
    if not text.strip():
        raise SourceError("No source of photos is named: name a folder, a .zip or kaggle:owner/dataset.")
    if text.startswith(KAGGLE):
        handle = text.removeprefix(KAGGLE)
        photos = FolderPhotos(_kaggle_folder(handle))
        photos.name = handle  # the folder in kagglehub's cache is called after a version number
        return photos
    if text.lower().endswith(".zip") and not os.path.isdir(user_path(text, SourceError)):
        return ZipPhotos(text)
    return FolderPhotos(text)


def unpack_zip(path: str | Path, folder: str | Path, on_progress: Callable[[int, int], None] | None = None) -> None:
    """Copies the photos of a zip into `folder`, which is created: for zips that will not stay where they are.

    Raises SourceError when the file is no zip, holds no photos or too much, or `folder` cannot be written.
    """
    target = Path(folder)
    with _open_zip(Path(path)) as archive:
        members = _photo_members(archive)
        _require_photos(members, "The zip")
        if sum(member.file_size for member in members.values()) > MAX_UNPACKED:
            raise SourceError(f"The zip unpacks to more than {MAX_UNPACKED / 2**30:.0f} GiB: split it.")
        for done, (name, member) in enumerate(members.items(), start=1):
            try:
                content = _unpack(archive, member)
            except OSError as error:
                raise SourceError(f"{name} in the zip {error.strerror or error}.") from error
            # A colon would name a drive or a hidden stream on Windows.
            place = target / name.replace(":", "_")
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            except OSError as error:
                raise SourceError(f"{place} cannot be written ({error.strerror}): free some space.") from error
            if on_progress:
                on_progress(done, len(members))


def _open_zip(file: Path) -> zipfile.ZipFile:
    try:
        if not file.is_file():
            raise SourceError(f"The zip {file} does not exist: check the path.")
        try:
            # Finder packs names as UTF-8 without saying so; zipfile would take them for code page 437.
            return zipfile.ZipFile(file, metadata_encoding="utf-8")
        except UnicodeDecodeError:
            return zipfile.ZipFile(file)
    except _DAMAGED as error:
        raise SourceError(f"{file.name} is not a zip, or is damaged: make it anew.") from error
    except OSError as error:
        raise _unreadable(error, file) from error


def _photo_members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The photos of a zip by their path in it, sorted; a path never leads out of the zip, whatever its name says."""
    members = {}
    for info in archive.infolist():
        # Some packers on Windows write backslashes; and a zip may name members ../../x or /x.
        parts = [part for part in info.filename.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        if not info.is_dir() and parts and _is_photo_name(parts[-1]) and not any(map(_is_hidden, parts[:-1])):
            members["/".join(parts)] = info
    return dict(sorted(members.items()))


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The bytes of one member. Raises OSError whose text goes on from "the photo"."""
    require_size(member.file_size, _MAX_PHOTO)
    if member.flag_bits & _ENCRYPTED:
        raise OSError("is protected by a password: unpack the zip first")
    try:
        return archive.read(member)
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk; without a number it is bz2's complaint
            raise
        raise OSError("is damaged inside the zip: make the zip anew") from error


def _unreadable(error: OSError, path: Path) -> SourceError:
    where = error.filename or path
    if isinstance(error, PermissionError):
        return SourceError(f"{where} may not be read: give yourself permission to read it.")
    return SourceError(f"{where} cannot be read ({error.strerror or type(error).__name__}): check the path.")


def _is_hidden(folder: str) -> bool:
    return folder.startswith((".", "__MACOSX"))


def _is_photo_name(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES


def _storable(path: str) -> str:
    """`path`, when a gallery can hold it. Raises SourceError for names in another encoding than the file system's."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        shown = path.encode(errors="surrogateescape").decode(errors="replace")
        raise SourceError(f"The name of {shown} is not valid UTF-8: rename it.") from error
    return path


def _require_photos(paths: Iterable[str], where: str) -> None:
    if not any(True for _ in paths):
        raise SourceError(f"{where} holds no photos (JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC): choose another.")


def _persons_by_folder(paths: list[str], source: str) -> Callable[[str], str | None]:
    """How to read a photo's person from its path: the name of the folder that holds it, in Unicode's form NFC.

    macOS writes é as two characters where others write one. Photos that lie beside the folders have no person.
    """
    # Packing a folder commonly wraps it in a folder of its own name.
    wrapped = all(path.startswith(f"{source}/") for path in paths)
    outermost = {".", source} if wrapped else {"."}

    def person(path: str) -> str | None:
        folder = PurePosixPath(path).parent
        return None if str(folder) in outermost else unicodedata.normalize("NFC", folder.name)

    return person


def _kaggle_folder(handle: str) -> Path:
    if handle.count("/") < 1 or not all(handle.split("/")):
        raise SourceError(f"kaggle:{handle} names no data set: write kaggle:owner/dataset.")
    try:
        import kagglehub
    except ImportError as error:
        raise SourceError(
            "Loading from Kaggle needs the package kagglehub: run pip install kagglehub, or download the data set in "
            "a browser and name its zip."
        ) from error
    try:
        return Path(kagglehub.dataset_download(handle))
    except Exception as error:  # kagglehub lets its HTTP library's and its own errors through
        raise SourceError(
            f"kaggle:{handle} could not be downloaded ({type(error).__name__}): check the name, the connection and "
            "your Kaggle key, or download it in a browser and name its zip."
        ) from error
