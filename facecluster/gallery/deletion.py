"""Deleting from a gallery for good: recorded first, so that what is cut off goes on when the gallery is opened next.

Originals outside the gallery stay. What is deleted goes from the tables, from the copies of uploaded photos, and from
the bytes of the file, which SQLite would leave there.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facecluster.errors import DiskFullError, FaceClusterError, GalleryBusyError, GalleryError
from facecluster.file_names import storable
from facecluster.gallery.database import Connection
from facecluster.gallery.labels import settle_persons
from facecluster.gallery.unfinished_uploads import copies_of_kept_zips, kept_zips, useless_copies
from facecluster.records import LAST_FACE_DELETED, ONE_FACE_DELETED, Clustering
from facecluster.vectors import centers_of, similarity_to_centers

if TYPE_CHECKING:
    from facecluster.gallery.gallery import Gallery

logger = logging.getLogger(__name__)

# Photos deleted at once where the disk has no room for the log of all: some hundred kilobytes.
_FEW = 16
_UPLOADING = "uploading"  # in `meta` while copies are made that may come to nothing
_FORGET_EMPTY = (
    "DELETE FROM sources WHERE NOT unfinished AND NOT EXISTS (SELECT 1 FROM photos WHERE source_id = sources.id)"
)
_ALL_TABLES = ("clusterings", "photos", "sources")


class Deletion:
    """Removes people, photos, faces or everything from one gallery."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self._database = gallery._database
        self._copies = gallery.copies

    @property
    def is_pending(self) -> bool:
        """Whether an earlier deletion, or an upload, was cut off and left something to be removed."""
        sql = (
            "SELECT EXISTS (SELECT 1 FROM deletions) OR EXISTS (SELECT 1 FROM copies WHERE doomed) "
            "OR EXISTS (SELECT 1 FROM meta WHERE key = ?)"
        )
        return bool(self._database.read(sql, _UPLOADING)[0][0])

    def delete_person(self, person: str) -> int:
        """See `Gallery.delete_person`."""
        with self._gallery.indexing():
            photos = self._photos("person = ?", person)
            copies = self._unindexed_copies(person)
            if not photos and not copies:
                raise GalleryError(f"The gallery holds nobody named {person}: see the names on the gallery page.")
            self._record("INSERT INTO deletions (person) VALUES (?)", person, copies=copies + self._copies_of(photos))
            self._go_on()
        return len(photos)

    def delete_photos(self, photos: Sequence[int]) -> int:
        """See `Gallery.delete_photos`."""
        with self._gallery.indexing():
            wanted = set(photos)
            known = [photo for photo in self._photos("1") if photo in wanted]
            if known:
                self._with_room(lambda: self._delete_photos(known, None), lambda: None)
                self._remove_traces()
        return len(known)

    def delete_faces(self, faces: Sequence[int]) -> int:
        """See `Gallery.delete_faces`."""
        with self._gallery.indexing():
            rows = self._database.read("SELECT id, photo_id FROM faces")
            photo_of = {row["id"]: row["photo_id"] for row in rows}
            known = sorted({face for face in faces if face in photo_of})
            if known:
                photos = {photo_of[face] for face in known}
                self._with_room(lambda: self._delete_faces(known, photos), lambda: None)
                self._remove_traces()
        return len(known)

    def delete_all(self) -> None:
        """See `Gallery.delete_all`."""
        with self._gallery.indexing():
            copies = [self._copies.path(copy.file) for copy in self._copies.all()]
            self._record("INSERT INTO deletions (everything) VALUES (1)", copies=copies)
            self._go_on()

    def dismiss_unfinished(self, source_id: int) -> None:
        """See `Gallery.dismiss_unfinished`."""
        with self._gallery.indexing():
            with self._database.write(changes=False) as db:
                db.execute("UPDATE sources SET unfinished = 0 WHERE id = ?", (source_id,))
            self.remove_unfinished_uploads()

    def resume(self) -> None:
        """Ends what was cut off, unless another process is at it. What cannot be ended yet stays recorded; logged."""
        try:
            if self.is_pending:
                self.finish()
        except GalleryBusyError:
            return
        except FaceClusterError as error:
            logger.warning("A deletion could not be ended: %s", error)

    def finish(self) -> None:
        """See `Gallery.finish_deletion`."""
        with self._gallery.indexing():
            self.remove_unfinished_uploads()
            self._go_on()

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """Held while copies are made and first looked at: those that came to nothing are removed at its end, or, if the
        process dies before, when the gallery is opened next.
        """
        with self._gallery.indexing():
            self._database.set_meta(_UPLOADING, "1")
            try:
                yield
            finally:
                self.remove_unfinished_uploads()

    def remove_unfinished_uploads(self) -> None:
        """Removes what uploads left that came to nothing. Raises GalleryError where that fails."""
        unused = useless_copies(self._database, self._copies, self._gallery.path.resolve())
        self._copies.doom(unused)
        with self._database.write(changes=False) as db:
            db.execute(_FORGET_EMPTY)
            if unused:  # the list names the folders of zips, and so people
                db.execute("INSERT INTO deletions (traces) VALUES (1)")
            db.execute("DELETE FROM meta WHERE key = ?", (_UPLOADING,))
        if unused:
            self._remove_traces()

    def _record(self, sql: str, *values: object, copies: Sequence[str]) -> None:
        """Where a full disk has no room to record anything, the copies go first, which makes room."""

        def record() -> None:
            with self._database.write(changes=False) as db:
                db.execute(sql, values)

        self._with_room(record, lambda: self._copies.remove_unrecorded(copies))

    def _go_on(self) -> None:
        """Does what is recorded, and raises GalleryError of what failed once all else is done."""
        for row in self._database.read("SELECT * FROM deletions ORDER BY id"):
            if row["everything"]:
                self._with_room(self._delete_everything, lambda: self._delete_by_few("1"))
            elif row["person"] is not None:
                self._go_on_with(row["person"])
        self._remove_traces()

    def _go_on_with(self, person: str) -> None:
        self._with_room(
            lambda: self._delete_photos(self._photos("person = ?", person), person),
            lambda: self._delete_by_few("person = ?", person),
        )

    def _with_room(self, work: Callable[[], None], make_more: Callable[[], None]) -> None:
        """Does a piece of work; where the disk is full, again after making room, and again after making more."""
        try:
            work()
        except DiskFullError:
            self._database.make_room()
            try:
                work()
            except DiskFullError:
                make_more()
                self._database.make_room()
                work()

    def _delete_everything(self) -> None:
        with self._database.write() as db:
            db.execute("UPDATE copies SET doomed = 1")
            for table in _ALL_TABLES:
                db.execute(f"DELETE FROM {table}")
            db.execute("DELETE FROM meta WHERE key NOT IN ('revision', 'name')")
            db.execute("UPDATE deletions SET everything = 0, person = NULL, traces = 1")

    def _delete_photos(self, photos: Sequence[int], person: str | None) -> None:
        """The photos with their faces and copies, in one transaction that leaves only traces to be removed."""
        gallery = self._gallery
        copies = self._copies_of(photos) + (self._unindexed_copies(person) if person else [])
        # A zip that was not unpacked to its end may hold these photos as well.
        indexed = self._photos_by_copy()
        of_zips = copies_of_kept_zips(self._database, self._copies, gallery.path.resolve())
        copies += [path for path in of_zips if path not in indexed]
        forget_zips = [(storable(str(zipped)),) for zipped in kept_zips(self._database, self._copies)]
        with self._database.write() as db:
            before = gallery.clusterings.current()
            db.executemany("UPDATE copies SET doomed = 1 WHERE path = ?", [(path,) for path in copies])
            self._delete_rows(db, photos)
            # Once the reasons of duplicates were stored, with the names of other people's photos.
            db.execute("UPDATE photos SET reason = NULL WHERE status = 'duplicate' AND reason NOT NULL")
            db.executemany("UPDATE sources SET unfinished = 0 WHERE kind = 'zip' AND location = ?", forget_zips)
            db.execute(_FORGET_EMPTY)
            self._renew_centers(db, before, person)
            db.execute("DELETE FROM deletions WHERE person = ?", (person,))
            db.execute("INSERT INTO deletions (traces) VALUES (1)")

    def _delete_faces(self, faces: Sequence[int], photos: Collection[int]) -> None:
        """The faces, whose photos stay known and marked: these are not looked at again, so that nothing comes back."""
        with self._database.write() as db:
            before = self._gallery.clusterings.current()
            db.executemany("DELETE FROM faces WHERE id = ?", [(face,) for face in faces])
            db.executemany("UPDATE photos SET reason = ? WHERE id = ?", [(ONE_FACE_DELETED, photo) for photo in photos])
            db.executemany(
                "UPDATE photos SET status = 'no_face', reason = ? WHERE id = ? "
                "AND NOT EXISTS (SELECT 1 FROM faces WHERE photo_id = photos.id)",
                [(LAST_FACE_DELETED, photo) for photo in photos],
            )
            self._renew_centers(db, before, None)
            db.execute("INSERT INTO deletions (traces) VALUES (1)")

    def _delete_rows(self, db: Connection, photos: Sequence[int]) -> None:
        """Copies of other people's lose the names that these photos gave them."""
        wanted = [(photo,) for photo in photos]
        contents = [db.execute("SELECT sha256 FROM photos WHERE id = ?", photo).fetchone()[0] for photo in wanted]
        db.executemany("DELETE FROM photos WHERE id = ?", wanted)
        settle_persons(db, contents)

    def _delete_by_few(self, where: str, *values: object) -> None:
        """Makes the work that is left small enough for a log with little room, and gives the room back in between."""
        few = _FEW
        while photos := self._photos(f"{where} LIMIT ?", *values, few):
            copies = self._copies_of(photos)
            self._copies.remove_unrecorded(copies)
            try:
                with self._database.write() as db:
                    db.executemany("UPDATE copies SET doomed = 1 WHERE path = ?", [(path,) for path in copies])
                    self._delete_rows(db, photos)
            except DiskFullError:
                if few == 1:
                    raise
                few //= 2
            self._database.make_room()

    def _remove_traces(self) -> None:
        failures = []
        for step in (self._copies.remove_doomed, self._database.forget_deleted):
            try:
                step()
            except GalleryError as error:
                failures.append(str(error))
        if failures:
            raise GalleryError(" ".join(failures))
        with self._database.write(changes=False) as db:
            db.execute("DELETE FROM deletions WHERE traces")

    def _photos(self, where: str, *values: object) -> list[int]:
        return [row[0] for row in self._database.read(f"SELECT id FROM photos WHERE {where}", *values)]

    def _copies_of(self, photos: Sequence[int]) -> list[str]:
        """The copies, by path, that these photos were indexed from."""
        wanted, by_copy = set(photos), self._photos_by_copy()
        return [path for path, photo in by_copy.items() if photo in wanted]

    def _unindexed_copies(self, person: str) -> list[str]:
        """Copies that lie in a folder of the person's name and were not indexed, as after a cancelled upload."""
        indexed = self._photos_by_copy()
        paths = [self._copies.path(copy.file) for copy in self._copies.all()]
        # The first three folders are `uploads`, one named by the zip's content, and one after the zip.
        return [path for path in paths if path not in indexed and person in map(_as_name, path.split("/")[3:-1])]

    def _photos_by_copy(self) -> dict[str, int]:
        folder = self._gallery.path.resolve()
        sources = self._database.read("SELECT id, location FROM sources WHERE kind = 'folder'")
        found: dict[str, int] = {}
        for source in sources:
            location = Path(source["location"])
            if location.is_relative_to(folder):
                rows = self._database.read("SELECT id, path FROM photos WHERE source_id = ?", source["id"])
                found |= {(location / row["path"]).relative_to(folder).as_posix(): row["id"] for row in rows}
        return found

    def _renew_centers(self, db: Connection, before: Clustering | None, gone: str | None) -> None:
        """Makes the clusters' centres anew from the faces that are left: a centre is a portrait of who was in it.

        Of the names of the clustering `before` those stay that do not speak of the person who is `gone`.
        """
        from facecluster.gallery.stored_clustering import inherited_names, replace_clustering

        old, faces = self._gallery.clusterings.current(), self._gallery.faces()
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
        names = {} if before is None else inherited_names(before, renewed)
        if gone is not None:
            word = re.compile(rf"(?<!\w){re.escape(gone)}(?!\w)", re.IGNORECASE)
            names = {cluster: name for cluster, name in names.items() if not word.search(name)}
        replace_clustering(db, renewed, names)


def _as_name(folder: str) -> str:
    """A person's name as it is read from a folder's."""
    return unicodedata.normalize("NFC", folder).strip()
