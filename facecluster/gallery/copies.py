"""The files that facecluster writes into a gallery's folder: listed before they exist, and removed one by one.

Whatever else lies in that folder is somebody's own, wherever it lies and whatever it is called. So a file is removed
only if it is listed, lies in the folder itself and not behind a link, and still holds what was written.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from facecluster.errors import GalleryError, SourceError
from facecluster.files import open_regular
from facecluster.gallery.database import Database
from facecluster.writing import put_new

UPLOADS = "uploads"
_CHUNK = 2**20


@dataclass(frozen=True)
class Copy:
    """A listed file: where it lies, under what name it is written, and what it holds once it is whole."""

    file: Path
    part: Path | None
    sha256: str | None


class Copies:
    """The copies in a gallery's folder: uploaded photos, the sample people, and zips while they are unpacked."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database

    @property
    def root(self) -> Path:
        return self._folder / UPLOADS

    def write(self, file: Path, content: Iterable[bytes]) -> str:
        """Writes a new file below `root`; returns its sha256.

        It appears as a whole or not at all, and nothing is ever replaced. Raises SourceError when something is there
        already, the folder is behind a link, or it cannot be written.
        """
        part = file.with_name(f".{secrets.token_hex(8)}.part")
        try:
            if os.path.lexists(file):
                raise FileExistsError
            self._list(file, part)
            try:
                self._make_folder(file.parent)  # listed before, since folders are called after people
                sha256 = _written(part, content)
                with self._database.write(changes=False) as db:
                    db.execute("UPDATE copies SET sha256 = ? WHERE path = ?", (sha256, self.path(file)))
                put_new(part, file)
            except BaseException:
                with suppress(GalleryError):
                    self.remove([file])
                raise
        except FileExistsError as error:
            raise SourceError(f"{file} is in the way: move it to another folder, and try again.") from error
        except OSError as error:
            raise SourceError(f"{file} cannot be written ({error.strerror}): free some space.") from error
        return sha256

    def hold(self, file: Path) -> bool:
        """Whether this is a listed file that still is as it was written."""
        rows = self._database.read("SELECT * FROM copies WHERE path = ?", self.path(file))
        return bool(rows) and _sha256(file) == rows[0]["sha256"] is not None

    def all(self) -> list[Copy]:
        return self._listed("")

    def remove(self, files: Iterable[Path]) -> None:
        """Removes listed files at once, as `remove_doomed` does."""
        self.doom([self.path(file) for file in files])
        self.remove_doomed()

    def doom(self, paths: Sequence[str] | None = None) -> None:
        """Marks files to be removed, by their paths relative to the gallery's folder; all of them without `paths`."""
        with self._database.write(changes=False) as db:
            if paths is None:
                db.execute("UPDATE copies SET doomed = 1")
            else:
                db.executemany("UPDATE copies SET doomed = 1 WHERE path = ?", [(path,) for path in paths])

    def remove_doomed(self) -> None:
        """Removes the marked files, takes them off the list, and removes the folders that are empty then.

        Raises GalleryError, once all else is removed, for a file that cannot be removed, which stays listed, and for
        one that somebody changed, which is no copy any more.
        """
        failed: list[OSError] = []
        changed: list[Path] = []
        gone: list[Copy] = []
        for copy in self._listed("WHERE doomed"):
            try:
                if not self._remove(copy):
                    changed.append(copy.file)
                gone.append(copy)
            except OSError as error:
                failed.append(error)
        self._take_off(gone)
        if failed:
            raise GalleryError(
                f"Everything else is deleted, but {failed[0].filename} could not be removed ({failed[0].strerror}): "
                "remove it yourself."
            )
        if changed:
            raise GalleryError(
                f"Everything else is deleted, but {changed[0]} was changed since it was copied there, and stays: look "
                "whether you still need it."
            )

    def remove_unrecorded(self, paths: Sequence[str]) -> None:
        """Removes listed files as far as possible, and leaves them listed, where there is no room to write anything."""
        wanted = set(paths)
        for copy in self.all():
            if self.path(copy.file) in wanted:
                with suppress(OSError):
                    self._remove(copy)

    def others(self, folder: Path | None = None) -> int:
        """How many files in `folder` (default: `root`) facecluster did not write; a link counts as one of them."""
        folder = folder or self.root
        if folder.is_symlink() or folder.is_file():
            return 1
        listed = {place for copy in self.all() for place in (copy.file, copy.part)}
        return sum(
            Path(place) / name not in listed
            for place, folders, names in os.walk(folder)
            for name in [*names, *(name for name in folders if (Path(place) / name).is_symlink())]
        )

    def bytes_on_disk(self) -> int:
        """What the copies take, in bytes."""
        sizes = 0
        for copy in self.all():
            with suppress(OSError):
                sizes += copy.file.lstat().st_size
        return sizes

    def _listed(self, where: str) -> list[Copy]:
        rows = self._database.read(f"SELECT path, part, sha256 FROM copies {where} ORDER BY path")
        files = [(self._folder / row["path"], row) for row in rows]
        return [Copy(file, file.with_name(row["part"]) if row["part"] else None, row["sha256"]) for file, row in files]

    def _list(self, file: Path, part: Path) -> None:
        with self._database.write(changes=False) as db:
            db.execute("INSERT OR REPLACE INTO copies VALUES (?, ?, NULL, 0)", (self.path(file), part.name))

    def _take_off(self, copies: Sequence[Copy]) -> None:
        if not copies:
            return
        # Folders first: one that is called after a person would have no list that names it any more.
        folders = {folder for copy in copies for folder in copy.file.parents if folder.is_relative_to(self.root)}
        for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
            if self._is_ours(folder):
                with suppress(OSError):  # not empty, or gone
                    folder.rmdir()
        with self._database.write(changes=False) as db:
            db.executemany("DELETE FROM copies WHERE path = ?", [(self.path(copy.file),) for copy in copies])

    def _remove(self, copy: Copy) -> bool:
        """Whether nothing of the copy is left; False for a file that is another by now."""
        if not self._is_ours(copy.file.parent):
            return not os.path.lexists(copy.file)
        if copy.part is not None:
            _unlink(copy.part)
        if copy.file.is_symlink() or (copy.file.exists() and (_sha256(copy.file) or "") != copy.sha256):
            return False
        _unlink(copy.file)
        return True

    def _make_folder(self, folder: Path) -> None:
        for parent in (*reversed(folder.parents), folder):
            if not parent.is_relative_to(self.root):
                continue
            if not self._is_ours(parent):
                raise SourceError(
                    f"{parent} lies behind a link: copies are kept in the gallery's own folder; remove the link."
                )
            parent.mkdir(mode=0o700, exist_ok=True)  # their names are people's; parents=True would not hide them

    def _is_ours(self, folder: Path) -> bool:
        """Whether a folder lies in the gallery's, with no link on the way."""
        return folder.resolve() == self._folder.resolve() / folder.relative_to(self._folder)

    def path(self, file: Path) -> str:
        """A copy's path as it is listed: relative to the gallery's folder, with forward slashes."""
        return file.relative_to(self._folder).as_posix()


def _written(part: Path, content: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in content:
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _unlink(file: Path) -> None:
    with suppress(FileNotFoundError):
        file.unlink()


def _sha256(file: Path) -> str | None:
    """None for what is no file, or cannot be read."""
    digest = hashlib.sha256()
    try:
        with open_regular(file) as opened:
            while chunk := opened.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()
