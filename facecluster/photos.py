"""Where photos come from: a folder, a zip or a Kaggle data set. Sources are only ever read."""

from __future__ import annotations

import os
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from facecluster.errors import SourceError
from facecluster.images import SUFFIXES, load_image

__all__ = ["FolderPhotos", "PhotoFile", "PhotoSource", "ZipPhotos", "load_image", "open_photos", "unpack_zip"]

KAGGLE = "kaggle:"
_MAX_UNPACKED = 50 * 2**30  # bytes: a zip that claims more is taken for a zip bomb


@dataclass(frozen=True)
class PhotoFile:
    """One image file of a source; `path` is relative to the source, with forward slashes."""

    path: str
    person: str | None
    read: Callable[[], bytes]


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
        root = Path(folder).expanduser()
        if not root.exists():
            raise SourceError(f"The folder {root} does not exist: check the path.")
        if not root.is_dir():
            raise SourceError(f"{root} is neither a folder nor a zip: name a folder of photos, or a .zip.")
        self.root = root.resolve()
        self.name = self.root.name
        self.location = str(self.root)
        try:
            self._paths = sorted(self._walk())
        except PermissionError as error:
            raise SourceError(f"{error.filename} may not be read: give yourself permission to read it.") from error
        _require_photos(self._paths, f"The folder {root}")
        self._persons = _persons_by_folder(self._paths, self.name)

    def _walk(self) -> Iterator[str]:
        def stop(error: OSError) -> None:
            raise error

        for folder, folders, files in os.walk(self.root, onerror=stop):
            folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
            for name in files:
                if _is_photo_name(name):
                    yield (Path(folder) / name).relative_to(self.root).as_posix()

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> PhotoFile:
        path = self._paths[index]
        return PhotoFile(path, self._persons(path), (self.root / path).read_bytes)


class ZipPhotos:
    """The image files inside a zip, read where they are: nothing is unpacked."""

    kind = "zip"

    def __init__(self, path: str | Path) -> None:
        file = Path(path).expanduser()
        if not file.is_file():
            raise SourceError(f"The zip {file} does not exist: check the path.")
        self._zip = _open_zip(file)
        self._lock = threading.Lock()
        self.name = file.stem
        self.location = str(file.resolve())
        self._paths = _photo_members(self._zip)
        _require_photos(self._paths, f"The zip {file}")
        self._persons = _persons_by_folder(self._paths, self.name)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> PhotoFile:
        path = self._paths[index]
        return PhotoFile(path, self._persons(path), lambda: self.read_member(path))

    def read_member(self, path: str) -> bytes:
        """The bytes of one photo. Raises OSError when it cannot be unpacked."""
        try:
            with self._lock:  # zipfile shares one file position between its members
                return self._zip.read(path)
        except RuntimeError as error:  # encrypted
            raise OSError("is protected by a password: unpack the zip first") from error
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise OSError("is damaged inside the zip: make the zip anew") from error


def open_photos(source: str | Path) -> PhotoSource:
    """The photos of a folder, a `.zip`, or `kaggle:owner/dataset`.

    With sub-folders the folder that holds a photo names its person; without, photos have no person. Raises
    SourceError.
    """
    text = str(source)
    if text.startswith(KAGGLE):
        return FolderPhotos(_kaggle_folder(text.removeprefix(KAGGLE)))
    if text.lower().endswith(".zip") and not Path(text).expanduser().is_dir():
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
        if sum(archive.getinfo(member).file_size for member in members) > _MAX_UNPACKED:
            raise SourceError("The zip unpacks to more than 50 GiB: split it into smaller ones.")
        for done, member in enumerate(members, start=1):
            place = target.joinpath(*_safe_parts(member))
            try:
                content = archive.read(member)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
                raise SourceError(f"{member} in the zip is damaged or protected: make the zip anew.") from error
            except OSError as error:
                raise SourceError(f"{place} cannot be written ({error.strerror}): free some space.") from error
            if on_progress:
                on_progress(done, len(members))


def _open_zip(file: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError) as error:
        raise SourceError(f"{file.name} is not a zip, or is damaged: make it anew.") from error


def _photo_members(archive: zipfile.ZipFile) -> list[str]:
    return sorted(
        info.filename
        for info in archive.infolist()
        if not info.is_dir() and _is_photo_name(PurePosixPath(info.filename).name) and "__MACOSX" not in info.filename
    )


def _safe_parts(member: str) -> list[str]:
    # A zip may name members ../../x or C:\x; what is unpacked stays inside its folder.
    return [part.replace(":", "_") for part in member.replace("\\", "/").split("/") if part not in ("", ".", "..")]


def _is_photo_name(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES


def _require_photos(paths: Iterable[str], where: str) -> None:
    if not any(True for _ in paths):
        raise SourceError(f"{where} holds no photos (JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC): choose another.")


def _persons_by_folder(paths: list[str], source: str) -> Callable[[str], str | None]:
    """How to read a photo's person from its path: the folder that holds it, unless that tells nobody apart."""
    folders = {PurePosixPath(path).parent.name for path in paths}
    # Packing a flat folder commonly wraps it in a folder of its own name.
    nobody = {"", source} if folders == {source} else {""}

    def person(path: str) -> str | None:
        folder = PurePosixPath(path).parent.name
        return None if folder in nobody else folder

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
