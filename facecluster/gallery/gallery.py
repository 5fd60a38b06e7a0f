"""The gallery on disk: one SQLite file, the copies beside it, and who may work on it just now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from facecluster.errors import GalleryBusyError, GalleryError
from facecluster.gallery.clusterings import Clusterings
from facecluster.gallery.copies import Copies
from facecluster.gallery.database import Database
from facecluster.gallery.deletion import Deletion
from facecluster.gallery.faces import PERSONS_SQL, StoredFaces
from facecluster.gallery.photos import Photos
from facecluster.gallery.sources import Sources
from facecluster.records import GalleryCounts, people_among
from facecluster.user_paths import user_path

if TYPE_CHECKING:
    from filelock import FileLock

FILE_NAME = "gallery.db"
_LOCK_NAME = "indexing.lock"


def default_gallery() -> Path:
    """`$FACECLUSTER_HOME`, or `gallery` in the user's data directory. Raises GalleryError when there is neither."""
    home = os.environ.get("FACECLUSTER_HOME")
    if home:
        return _named_folder(home, "FACECLUSTER_HOME")
    from platformdirs import user_data_path

    try:
        return user_data_path("facecluster", appauthor=False) / "gallery"
    except RuntimeError as error:
        raise GalleryError(
            "This account has no home folder for a gallery: name a folder with --gallery or FACECLUSTER_HOME."
        ) from error


def gallery_folder(path: str | Path | None) -> Path:
    """The folder that `path` names, or `default_gallery()`. Raises GalleryError when it names none."""
    return default_gallery() if path is None else _named_folder(path)


def _named_folder(path: str | Path, setting: str = "--gallery") -> Path:
    if not str(path).strip():
        raise GalleryError(f"{setting} names no folder: name the one that the gallery lies in, or leave it out.")
    return user_path(path, GalleryError)


class Gallery:
    """The indexed photos, faces and clusters in one folder. Safe to use from several threads and processes.

    What is stored of each lies in `sources`, `photos`, `faces` and `clusterings`; `copies` are its files of uploads.
    """

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self._database = database
        self.copies = Copies(path, database)
        self.sources = Sources(database)
        self.photos = Photos(database)
        self.faces = StoredFaces(database, self.photos)
        self.clusterings = Clusterings(database)

    @classmethod
    def open(cls, path: str | Path | None = None, *, create: bool = True) -> Gallery:
        """The gallery in the folder `path` (default: `default_gallery()`); an absent one is created.

        Raises GalleryError when `path` cannot hold a gallery, or, with `create=False`, when there is none.
        """
        folder = gallery_folder(path)
        try:
            folder = folder.absolute()
            if not create and not (folder / FILE_NAME).is_file():
                raise GalleryError(f"There is no gallery in {folder}: index photos into it first (facecluster index).")
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # faces are nobody else's business
        except OSError as error:
            raise GalleryError(
                f"The gallery folder {folder} cannot be {'made' if create else 'opened'} ({error.strerror}): choose "
                "another with --gallery."
            ) from error
        gallery = cls(folder, Database(folder / FILE_NAME))
        gallery._deletion.resume()
        return gallery

    @property
    def is_there(self) -> bool:
        """Whether the gallery's file is still the one that was opened, and not removed or replaced since."""
        return self._database.is_same_file

    @cached_property
    def _lock(self) -> FileLock:
        from filelock import FileLock

        # The owner's alone: whoever may open it could hold it for ever.
        return FileLock(self.path / _LOCK_NAME, mode=0o600)

    def close(self) -> None:
        """Closes this thread's connection."""
        self._database.close()

    @property
    def name(self) -> str:
        """What it is called: the name that it was given, else that of its folder."""
        return self._database.meta("name") or self.path.name

    @property
    def revision(self) -> int:
        """Grows with every change: a cache keyed by it is never stale."""
        return int(self._database.meta("revision") or 0)

    @property
    def model(self) -> str | None:
        """The model of the gallery's embeddings, None before the first run."""
        return self._database.meta("model")

    @property
    def weights(self) -> str | None:
        """What loads that model: its name, or the file it was read from, which may be gone or changed since."""
        return self._database.meta("weights") or self.model

    @property
    def bytes_on_disk(self) -> int:
        """What the gallery takes, in bytes, with its copies of uploads; not what else lies in its folder."""
        own = self.path.glob(f"{self._database.file.name}*")
        return sum(file.stat().st_size for file in own if file.is_file()) + self.copies.bytes_on_disk()

    def counts(self) -> GalleryCounts:
        """How many photos, faces, people and clusters the gallery holds."""
        by_status = dict(map(tuple, self._database.read("SELECT status, count(*) FROM photos GROUP BY status")))
        faces = self._database.read("SELECT count(*) FROM faces")[0][0]
        by_folder = dict(map(tuple, self._database.read(PERSONS_SQL)))
        by_hand = self.clusterings.faces_by_name()
        clusters = self._database.read("SELECT n_clusters FROM clusterings ORDER BY id DESC LIMIT 1")
        return GalleryCounts(
            photos=sum(by_status.values()),
            indexed=by_status.get("indexed", 0),
            no_face=by_status.get("no_face", 0),
            unreadable=by_status.get("unreadable", 0),
            duplicates=by_status.get("duplicate", 0),
            faces=faces,
            people=people_among([*by_folder, *by_hand]),
            clusters=clusters[0][0] if clusters else 0,
            people_by_folder=len(by_folder),
            faces_by_folder=sum(by_folder.values()),
            faces_by_hand=sum(by_hand.values()),
            in_part=self._database.read("SELECT count(*) FROM photos WHERE note NOT NULL")[0][0],
        )

    @property
    def uploads(self) -> Path:
        """Where copies of photos go that have no place on this machine: uploaded zips and the sample people."""
        return self.copies.root

    # --- indexing -------------------------------------------------------------------------------------------------

    @contextmanager
    def indexing(self) -> Iterator[None]:
        """Held while photos are added or deleted; a thread may enter it again.

        Raises GalleryBusyError when another run holds it, in any process.
        """
        from filelock import Timeout

        lock = self._lock
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise GalleryBusyError(
                f"Photos are being indexed into {self.path} already: wait until that is done, or cancel it."
            ) from error
        except OSError as error:
            raise GalleryError(
                f"The gallery {self.path} cannot be locked ({error.strerror}): see what {_LOCK_NAME} in it is, and "
                "whether you may write there."
            ) from error
        try:
            yield
        finally:
            lock.release()

    @property
    def is_indexing(self) -> bool:
        """Whether another thread or process adds or deletes photos just now."""
        try:
            with self.indexing():
                return False
        except GalleryBusyError:
            return True

    def rename(self, name: str) -> None:
        """Gives the gallery another name; its folder stays. `galleries.rename_gallery` looks whether it is free."""
        self._database.set_meta("name", name)

    def require_model(self, model: str) -> None:
        """Raises GalleryError when the gallery holds embeddings of another model."""
        held = self.model
        if held is not None and held != model and self.counts().faces:
            raise GalleryError(
                f"The gallery {self.path} holds embeddings of {held}, which cannot be compared with those of {model}: "
                f"index with --model {held}, or into another gallery with --gallery."
            )

    def use_model(self, model: str, weights: str | None = None) -> None:
        """Settles the model whose embeddings the gallery holds, and the file that `weights` names if it is from one.

        Raises GalleryError when the gallery holds another's.
        """
        self.require_model(model)
        place = model if weights in (None, model) else str(user_path(str(weights), GalleryError).absolute())
        if (self.model, self.weights) != (model, place):
            self._database.set_meta("model", model)
            self._database.set_meta("weights", place)

    # --- deleting -------------------------------------------------------------------------------------------------

    def delete_person(self, person: str) -> int:
        """Removes a person's photos, faces and uploaded copies for good; returns how many photos that were.

        The person's original photos outside the gallery stay. Other people's photos of the same content stay too, as
        duplicates whose face the next index of their source finds; an original without a person of its own keeps its
        face and loses the name that the person's copy gave it. What is cut off goes on when the gallery is opened next.
        Raises GalleryError when there is no such person, and, once all else is deleted, when a copy or a trace in the
        file could not be removed.
        """
        return self._deletion.delete_person(person)

    def delete_photos(self, photos: Sequence[int]) -> int:
        """Removes photos by their ids, with their faces and uploaded copies, as `delete_person`; ids without a photo
        are passed over. Returns how many photos that were.
        """
        return self._deletion.delete_photos(photos)

    def delete_faces(self, faces: Sequence[int]) -> int:
        """Removes faces by their ids, with crops and embeddings; ids without a face are passed over.

        Their photos stay, one that has no face left as a photo without a face. Indexing does not look at them again,
        also with other settings or after they were renamed, until the photo itself is deleted. Returns how many faces
        that were. Raises GalleryError when a trace in the file could not be removed, once all else is.
        """
        return self._deletion.delete_faces(faces)

    def delete_all(self) -> None:
        """Removes everything the gallery holds, and the copies of uploaded photos, for good. Original photos stay.

        So does every other file in the gallery's folder (`Copies.others`). Raises GalleryError when some of it could
        not be removed, once all else is.
        """
        self._deletion.delete_all()

    @property
    def deletion_is_pending(self) -> bool:
        """Whether something that was deleted is not gone from the disk yet."""
        return self._deletion.is_pending

    def finish_deletion(self) -> None:
        """Goes on with what was cut off or failed. Raises GalleryError where something is left still."""
        self._deletion.finish()

    def dismiss_unfinished(self, source_id: int) -> None:
        """Takes a source for finished: what it gave stays, what was kept of an uploaded zip to go on with is removed.

        Raises GalleryError, and GalleryBusyError while photos are being indexed.
        """
        self._deletion.dismiss_unfinished(source_id)

    def uploading(self) -> AbstractContextManager[None]:
        """`indexing()`, at whose end copies that no photo was indexed from are removed, also if the process dies."""
        return self._deletion.uploading()

    @property
    def _deletion(self) -> Deletion:
        return Deletion(self)
