"""The gallery on disk: photos, faces, clusterings. All SQL stands here and in the rooms it is made of.

`gallery.py` opens and clusters; `gallery_photos.py` writes photos; `deletion.py` removes them; `copies.py` keeps the
copies of uploads; `gallery_views.py` holds what pages and commands read; `schema.py` the tables.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facecluster.errors import GalleryBusyError, GalleryError
from facecluster.gallery.database import Connection, Database
from facecluster.gallery.deletion import Deletion
from facecluster.gallery.photos import GalleryPhotos
from facecluster.records import Clustering, name_key
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


class Gallery(GalleryPhotos):
    """The indexed photos, faces and clusters in one folder. Safe to use from several threads and processes."""

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
    def uploads(self) -> Path:
        """Where copies of photos go that have no home on this machine: uploaded zips and the sample people."""
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
        self._set_meta("name", name)

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
            self._set_meta("model", model)
            self._set_meta("weights", place)

    def keep_sweep(self, document: str, revision: int) -> None:
        """Stores the JSON of a sweep (`cluster_number_sweep`) beside the faces; not when the gallery has moved on."""
        with self._database.write(changes=False) as db:
            if self.revision == revision:
                db.execute("INSERT OR REPLACE INTO meta VALUES ('sweep', ?)", (document,))

    # --- clustering -----------------------------------------------------------------------------------------------

    def save_clustering(self, clustering: Clustering) -> Clustering:
        """Makes `clustering` the gallery's; a cluster's name passes to the one that most of its faces are in.

        Raises GalleryError when one of its faces was deleted since they were read.
        """
        with self._database.write() as db:
            replace_clustering(db, clustering, inherited_names(self.clustering(), clustering))
            saved = self.clustering()
        assert saved is not None
        return saved

    def name_cluster(self, cluster: int, name: str) -> None:
        """Gives a cluster of the current clustering a name; an empty one takes its name away.

        Its faces that have no person by their folder are then that person's.
        """
        name = name_key(name)
        current = self._clustering_id()
        if current is None:
            raise GalleryError("There are no clusters to name yet: cluster the faces first.")
        with self._database.write() as db:
            db.execute("DELETE FROM cluster_names WHERE clustering_id = ? AND cluster = ?", (current, cluster))
            if name:
                db.execute("INSERT INTO cluster_names VALUES (?, ?, ?)", (current, cluster, name))

    # --- deleting -------------------------------------------------------------------------------------------------

    def delete_person(self, person: str) -> int:
        """Removes a person's photos, faces and uploaded copies for good; returns how many photos that were.

        The person's original photos outside the gallery stay. Other people's photos of the same content stay too, as
        duplicates whose face the next index of their source finds; an original without a person of its own keeps its
        face and loses the name that the person's copy gave it. What is cut off goes on when the gallery is opened next.
        Raises GalleryError when there is no such person, and, once all else is deleted, when a copy or a trace in the
        file could not be removed.
        """
        return self._deletion.of_person(person)

    def delete_photos(self, photos: Sequence[int]) -> int:
        """Removes photos by their ids, with their faces and uploaded copies, as `delete_person`; ids without a photo
        are passed over. Returns how many photos that were.
        """
        return self._deletion.of_photos(photos)

    def delete_faces(self, faces: Sequence[int]) -> int:
        """Removes faces by their ids, with crops and embeddings; ids without a face are passed over.

        Their photos stay, one that has no face left as a photo without a face. Indexing does not look at them again,
        also with other settings or after they were renamed, until the photo itself is deleted. Returns how many faces
        that were. Raises GalleryError when a trace in the file could not be removed, once all else is.
        """
        return self._deletion.of_faces(faces)

    def delete_all(self) -> None:
        """Removes everything the gallery holds, and the copies of uploaded photos, for good. Original photos stay.

        So does every other file in the gallery's folder (`Copies.others`). Raises GalleryError when some of it could
        not be removed, once all else is.
        """
        self._deletion.of_everything()

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

    def _set_meta(self, key: str, value: str) -> None:
        with self._database.write() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def replace_clustering(db: Connection, clustering: Clustering, names: dict[int, str]) -> None:
    """Makes `clustering`, with these names of its clusters, the gallery's only one."""
    db.execute("DELETE FROM clusterings")
    new_id = db.execute(
        "INSERT INTO clusterings (algorithm, parameters, seed, model, versions, inertia, seconds, n_clusters, centers, "
        "created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(nullif(?, ''), datetime('now')))",
        (
            *(clustering.algorithm, json.dumps(clustering.parameters), clustering.seed, clustering.model),
            *(json.dumps(clustering.versions), clustering.inertia, clustering.seconds, clustering.n_clusters),
            *(clustering.centers.astype("<f4").tobytes(), clustering.created),
        ),
    ).lastrowid
    columns = (clustering.labels.tolist(), clustering.similarity.tolist(), clustering.faces.tolist())
    db.executemany(
        "INSERT INTO assignments (clustering_id, cluster, similarity, face_id) VALUES (?, ?, ?, ?)",
        ((new_id, label, similarity, face) for label, similarity, face in zip(*columns, strict=True)),
    )
    db.executemany(
        "INSERT INTO cluster_names VALUES (?, ?, ?)", ((new_id, number, name) for number, name in names.items())
    )


def inherited_names(old: Clustering | None, new: Clustering) -> dict[int, str]:
    """The new clusters that hold more than half of a named old one's faces; without such an heir a name ends."""
    if old is None or not old.names:
        return {}
    label_of = dict(zip(new.faces.tolist(), new.labels.tolist(), strict=True))
    names: dict[int, str] = {}
    for number, name in old.names.items():
        faces = old.faces[old.labels == number].tolist()
        heirs = np.bincount([label_of[face] for face in faces if face in label_of], minlength=1)
        if 2 * heirs.max() > len(faces):
            names.setdefault(int(heirs.argmax()), name)
    return names
