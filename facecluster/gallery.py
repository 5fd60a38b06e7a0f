"""The gallery on disk: photos, faces, clusterings. All SQL stands here and in the rooms it is made of.

`gallery.py` opens, clusters and deletes; `gallery_photos.py` writes photos; `gallery_views.py` holds what pages and
commands read; `database.py` the schema.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from facecluster.centers import centers_of, similarity_to_centers
from facecluster.database import Connection, Database
from facecluster.errors import GalleryBusyError, GalleryError
from facecluster.gallery_photos import GalleryPhotos
from facecluster.labels import settle_persons
from facecluster.records import Clustering, name_key
from facecluster.uploads import person_of, remove_files

FILE_NAME = "gallery.db"
_LOCK_NAME = "indexing.lock"
_UPLOADS = "uploads"


def default_gallery() -> Path:
    """`$FACECLUSTER_HOME`, or `gallery` in the user's data directory."""
    home = os.environ.get("FACECLUSTER_HOME")
    if home:
        return Path(home).expanduser()
    from platformdirs import user_data_path

    return user_data_path("facecluster", appauthor=False) / "gallery"


class Gallery(GalleryPhotos):
    """The indexed photos, faces and clusters in one folder. Safe to use from several threads and processes."""

    @classmethod
    def open(cls, path: str | Path | None = None, *, create: bool = True) -> Gallery:
        """The gallery in the folder `path` (default: `default_gallery()`); an absent one is created.

        Raises GalleryError when `path` cannot hold a gallery, or, with `create=False`, when there is none.
        """
        folder = (Path(path).expanduser() if path is not None else default_gallery()).absolute()
        if not create and not (folder / FILE_NAME).is_file():
            raise GalleryError(f"There is no gallery in {folder}: index photos into it first (facecluster index).")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # faces are nobody else's business
        except OSError as error:
            raise GalleryError(
                f"The gallery folder {folder} cannot be made ({error.strerror}): choose another with --gallery."
            ) from error
        return cls(folder, Database(folder / FILE_NAME))

    def close(self) -> None:
        """Closes this thread's connection."""
        self._database.close()

    @property
    def uploads(self) -> Path:
        """Where copies of photos go that have no home on this machine: uploaded zips and the sample people."""
        return self.path / _UPLOADS

    # --- indexing -------------------------------------------------------------------------------------------------

    @contextmanager
    def indexing(self) -> Iterator[None]:
        """Held while photos are indexed. Raises GalleryBusyError when another run holds it, in any process."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.path / _LOCK_NAME)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise GalleryBusyError(
                f"Photos are being indexed into {self.path} already: wait until that is done, or cancel it."
            ) from error
        try:
            yield
        finally:
            lock.release()

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
        place = model if weights in (None, model) else str(Path(str(weights)).expanduser().absolute())
        if (self.model, self.weights) != (model, place):
            self._set_meta("model", model)
            self._set_meta("weights", place)

    def keep_sweep(self, document: str, revision: int) -> None:
        """Stores JSON of `facecluster.sweeps` beside the faces; not when the gallery is no more at that revision."""
        with self._database.write(changes=False) as db:
            if self.revision == revision:
                db.execute("INSERT OR REPLACE INTO meta VALUES ('sweep', ?)", (document,))

    # --- clustering -----------------------------------------------------------------------------------------------

    def save_clustering(self, clustering: Clustering) -> Clustering:
        """Makes `clustering` the gallery's; a cluster's name passes to the one that most of its faces are in.

        Raises GalleryError when one of its faces was deleted since they were read.
        """
        with self._database.write() as db:
            _replace_clustering(db, clustering, _inherited_names(self.clustering(), clustering))
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
        face and loses the name that the person's copy gave it. Raises GalleryError when there is no such person,
        and, once all else is deleted, when a copy or a trace in the file could not be removed.
        """
        with self.indexing():
            copies = self._uploaded()
            photos = self._database.read("SELECT count(*) FROM photos WHERE person = ?", person)[0][0]
            if not photos:
                raise GalleryError(f"The gallery holds nobody named {person}: see the names on the gallery page.")
            with self._database.write() as db:
                before = self.clustering()
                contents = [row[0] for row in db.execute("SELECT sha256 FROM photos WHERE person = ?", (person,))]
                db.execute("DELETE FROM photos WHERE person = ?", (person,))
                settle_persons(db, contents)
                # Once the reasons of duplicates were stored, with the names of other people's photos.
                db.execute("UPDATE photos SET reason = NULL WHERE status = 'duplicate' AND reason NOT NULL")
                db.execute("DELETE FROM sources WHERE NOT EXISTS (SELECT 1 FROM photos WHERE source_id = sources.id)")
                self._renew_centers(db, before, person)
            _do_all(
                lambda: remove_files(self.uploads.resolve(), lambda file: copies.get(file, person_of(file)) == person),
                self._database.forget_deleted,
            )
        return int(photos)

    def _uploaded(self) -> dict[Path, str | None]:
        """The person of each copy of an uploaded photo, as far as the gallery knows it."""
        uploads = self.uploads.resolve()
        sources = self._database.read("SELECT id, location FROM sources WHERE kind = 'folder'")
        return {
            Path(source["location"]) / row["path"]: row["person"]
            for source in sources
            if Path(source["location"]).is_relative_to(uploads)
            for row in self._database.read("SELECT path, person FROM photos WHERE source_id = ?", source["id"])
        }

    def _renew_centers(self, db: Connection, before: Clustering | None, gone: str) -> None:
        """Makes the clusters' centres anew from the faces that are left: a centre is a portrait of who was in it.

        Of the names of the clustering `before` those stay that do not speak of the person who is `gone`.
        """
        old, faces = self.clustering(), self.faces()
        if old is None or not len(old.faces):
            db.execute("DELETE FROM clusterings")
            return
        embeddings = faces.embeddings[np.searchsorted(faces.ids, old.faces)]
        _, labels = np.unique(old.labels, return_inverse=True)
        centers = centers_of(embeddings, labels)
        renewed = replace(
            old,
            labels=labels.astype(np.int32),
            centers=centers,
            similarity=similarity_to_centers(embeddings, centers, labels),
            inertia=float(((embeddings - centers[labels]) ** 2).sum()),
        )
        names = {} if before is None else _inherited_names(before, renewed)
        word = re.compile(rf"(?<!\w){re.escape(gone)}(?!\w)", re.IGNORECASE)
        _replace_clustering(db, renewed, {cluster: name for cluster, name in names.items() if not word.search(name)})

    def delete_all(self) -> None:
        """Removes everything the gallery holds, and the copies of uploaded photos, for good. Original photos stay.

        Raises GalleryError when some of it could not be removed, once all else is.
        """
        with self.indexing():
            # The copies first: on a full disk the file cannot be written before there is room.
            _do_all(self._remove_uploads, self._empty)

    def _remove_uploads(self) -> None:
        remove_files(self.uploads.resolve(), lambda file: True)
        if self.uploads.is_dir() and not self.uploads.is_symlink():
            self.uploads.rmdir()

    def _empty(self) -> None:
        # The file stays, since other sessions may have it open; written anew, it holds nothing but the empty tables.
        with self._database.write() as db:
            for table in ("clusterings", "photos", "sources"):
                db.execute(f"DELETE FROM {table}")
            db.execute("DELETE FROM meta WHERE key <> 'revision'")
        self._database.forget_deleted()

    def _set_meta(self, key: str, value: str) -> None:
        with self._database.write() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def _do_all(*steps: Callable[[], None]) -> None:
    """Takes every step, whatever becomes of the others. Raises GalleryError of those that failed."""
    failures = []
    for step in steps:
        try:
            step()
        except GalleryError as error:
            failures.append(str(error))
    if failures:
        raise GalleryError(" ".join(failures))


def _replace_clustering(db: Connection, clustering: Clustering, names: dict[int, str]) -> None:
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


def _inherited_names(old: Clustering | None, new: Clustering) -> dict[int, str]:
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
