"""A gallery's photos: what indexing writes of them, and what is read of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from facecluster.errors import GalleryError
from facecluster.face_settings import settings_from
from facecluster.gallery.clusterings import HAND_NAME_SQL, as_table
from facecluster.gallery.database import Connection, Database
from facecluster.gallery.labels import CONTRADICTIONS_SQL, settle_persons
from facecluster.gallery.sources import ADD_SOURCE, FROM_SOURCES, SOURCE_ID
from facecluster.records import LEFT_OUT_COLUMNS, KnownPhoto, NewFace, NewPhoto
from facecluster.source_records import SourcePhotos

if TYPE_CHECKING:
    import pandas as pd


_ORPHAN = "Same content as a photo that the gallery no longer holds: add its folder or zip again to find its face."
_PHOTO = (
    "p.id, p.path, p.sha256, p.size, p.status, p.settings, p.person, p.turn, p.reason, p.page, p.source_id, "
    "s.kind AS source_kind, s.location AS source_location, s.displaced AS is_displaced "
)


class Photos:
    """The gallery's photos: what was found in each, where it lies, and why it gave no face."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, sha256: str) -> KnownPhoto | None:
        """The photo with this content that was read and is no duplicate, if there is one."""
        return self._photo("WHERE p.sha256 = ? AND p.status IN ('indexed', 'no_face') ORDER BY p.id LIMIT 1", sha256)

    def get(self, photo_id: int) -> KnownPhoto:
        """Raises GalleryError when there is no such photo."""
        found = self._photo("WHERE p.id = ?", photo_id)
        if found is None:
            raise GalleryError(f"The gallery holds no photo {photo_id}: it was deleted; reload the page.")
        return found

    def _photo(self, where: str, *values: object) -> KnownPhoto | None:
        rows = self._database.read(
            f"SELECT {_PHOTO} FROM photos p JOIN sources s ON s.id = p.source_id {where}", *values
        )
        if not rows:
            return None
        row = dict(rows[0])
        row |= {"settings": settings_from(row["settings"]), "is_displaced": bool(row["is_displaced"])}
        return KnownPhoto(**row)

    def by_person(self) -> pd.DataFrame:
        """Columns person (that of the main face, by folder or by hand; None for nobody) and photos; most first."""
        sql = (
            f"SELECT coalesce(f.person, {HAND_NAME_SQL}) AS person, count(*) AS photos FROM photos p "
            "LEFT JOIN faces f ON f.photo_id = p.id AND f.is_main "
            "WHERE p.status = 'indexed' GROUP BY 1 ORDER BY photos DESC, 1"
        )
        return as_table(self._database.read(sql), ("person", "photos"))

    def everybody(self) -> dict[str, int]:
        """How many photos there are of each person, those without a face among them; by name."""
        sql = "SELECT person, count(*) FROM photos WHERE person NOT NULL GROUP BY person ORDER BY person"
        return dict(map(tuple, self._database.read(sql)))

    def left_out(self, limit: int = 1000, offset: int = 0) -> pd.DataFrame:
        """LEFT_OUT_COLUMNS: photos that gave no face of their own, unreadable ones first; then those that were not read
        in full, with what was passed over."""
        # A duplicate's reason is read, not stored: the name of its original changes, and goes when that is deleted.
        original = (
            "SELECT o.path FROM photos o WHERE o.sha256 = photos.sha256 AND o.status IN ('indexed', 'no_face') "
            "ORDER BY o.id LIMIT 1"
        )
        sql = (
            "SELECT path AS photo, person, status, CASE WHEN status <> 'duplicate' THEN "
            "trim(coalesce(reason, '') || ' ' || coalesce(note, '')) "
            f"ELSE coalesce('Same content as ' || ({original}) || '.', ?) END AS reason FROM photos "
            "WHERE status <> 'indexed' OR note NOT NULL "
            "ORDER BY status = 'indexed', status = 'duplicate', status DESC, path LIMIT ? OFFSET ?"
        )
        return as_table(self._database.read(sql, _ORPHAN, limit, offset), LEFT_OUT_COLUMNS)

    def read_in_part(self, kind: str, location: str) -> list[tuple[str, str]]:
        """Path and note of a source's photos that were not read in full."""
        sql = (
            "SELECT p.path, p.note FROM photos p JOIN sources s ON s.id = p.source_id "
            "WHERE s.kind = ? AND s.location = ? AND NOT s.displaced AND p.note NOT NULL ORDER BY p.path"
        )
        return [tuple(row) for row in self._database.read(sql, kind, location)]

    def contradictions(self, kind: str | None = None, location: str | None = None) -> list[dict[str, str]]:
        """Photos of one content in folders of different people: photo, person, other_photo and other_person.

        The face counts as `person`. With a source's `kind` and `location` only those that a photo of it takes part in.
        """
        of_source = (
            "AND (a.kind = ?1 AND a.location = ?2 AND NOT a.displaced OR "
            "b.kind = ?1 AND b.location = ?2 AND NOT b.displaced) "
            if kind
            else ""
        )
        sql = f"{CONTRADICTIONS_SQL}{of_source}ORDER BY a.path, b.path, b.id"
        values = (kind, location) if kind else ()
        return [dict(row) for row in self._database.read(sql, *values)]

    def by_source(self) -> list[SourcePhotos]:
        """How many photos each folder and zip gave, most first."""
        sql = (
            f"SELECT s.kind, s.name, s.location, count(*) AS photos {FROM_SOURCES} GROUP BY s.id "
            "ORDER BY photos DESC, s.id"
        )
        return [SourcePhotos(**dict(row)) for row in self._database.read(sql)]

    def at(self, path: str) -> list[KnownPhoto]:
        """The photos whose path is this one, relative to their source or with the source's location before it."""
        rows = self._database.read(
            f"SELECT p.id {FROM_SOURCES} WHERE p.path = ? OR s.location || '/' || p.path = ? ORDER BY p.id", path, path
        )
        return [self.get(row["id"]) for row in rows]

    def missing(self) -> list[KnownPhoto]:
        """The photos that were not there when their source was last indexed."""
        return [self.get(row["id"]) for row in self._database.read("SELECT id FROM photos WHERE missing ORDER BY id")]

    def mark_found(self, photos: Sequence[int]) -> None:
        """Notes that photos lie at their places again."""
        if photos:
            with self._database.write(changes=False) as db:
                db.executemany("UPDATE photos SET missing = 0 WHERE id = ?", [(photo_id,) for photo_id in photos])

    def add(self, source_id: int, photos: Sequence[NewPhoto], model: str) -> None:
        """Stores a batch of photos with their faces at once, in place of what stood at the same paths.

        A photo of other content that stood there keeps its faces until `forget_lost`, since it may lie elsewhere. A
        duplicate that has a person gives it to the photo of the same content that has none.
        """
        if not photos:
            return
        with self._database.write() as db:
            contents = {photo.sha256 for photo in photos}
            for photo in photos:
                contents.add(_make_room(db, source_id, photo.path, photo.sha256))
                photo_id = db.execute(
                    "INSERT INTO photos (source_id, path, sha256, size, width, height, status, reason, person, "
                    "settings, turn, note, page) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        source_id,
                        photo.path,
                        photo.sha256,
                        photo.size,
                        photo.width,
                        photo.height,
                        photo.status,
                        photo.reason,
                        photo.person,
                        str(photo.settings or ""),
                        photo.turn,
                        photo.note,
                        photo.page,
                    ),
                ).lastrowid
                for face in photo.faces:
                    _add_face(db, photo_id or 0, photo.person, face, model)
            settle_persons(db, contents)

    def move(self, photo: KnownPhoto, source_id: int, path: str, person: str | None) -> None:
        """Follows a photo that was renamed or moved: its faces stay, its person is read from the new place."""
        with self._database.write() as db:
            contents = {photo.sha256}
            if (photo.source_id, photo.path) != (source_id, path):
                contents.add(_make_room(db, source_id, path, photo.sha256))
            db.execute(
                "UPDATE photos SET source_id = ?, path = ?, person = ?, missing = 0 WHERE id = ?",
                (source_id, path, person, photo.id),
            )
            settle_persons(db, contents)

    def forget_lost(self, kind: str, location: str, paths: Collection[str], unseen: Collection[str] = ()) -> None:
        """After a whole run over a source: removes its photos whose place another one took and that lie nowhere else,
        and the duplicates and unreadable files that are not at one of its `paths` any more.

        What lies in one of the folders `unseen` that could not be looked into stays.
        """
        of_source = (
            "SELECT p.id, p.path, p.sha256 FROM photos p JOIN sources s ON s.id = p.source_id "
            "WHERE s.kind = ? AND s.location = ? AND s.displaced = ?"
        )
        lost = self._database.read(of_source, kind, location, True)
        of_no_face = f"{of_source} AND p.status IN ('duplicate', 'unreadable')"
        without_face = self._database.read(of_no_face, kind, location, False)
        here, folders = set(paths), tuple(f"{folder}/" for folder in unseen)
        lost += [row for row in without_face if row["path"] not in here and not row["path"].startswith(folders)]
        if lost:
            with self._database.write() as db:
                db.executemany("DELETE FROM photos WHERE id = ?", [(row["id"],) for row in lost])
                db.execute("DELETE FROM sources WHERE kind = ? AND location = ? AND displaced", (kind, location))
                settle_persons(db, [row["sha256"] for row in lost])


def _make_room(db: Connection, source_id: int, path: str, sha256: str) -> str:
    """Frees a place for a photo of this content; one of another content is set aside, in a source of its own.

    Returns the sha256 of what stood there, empty where nothing did.
    """
    row = db.execute(
        "SELECT p.id, p.sha256, p.status, s.kind, s.location, s.name FROM photos p "
        "JOIN sources s ON s.id = p.source_id WHERE p.source_id = ? AND p.path = ?",
        (source_id, path),
    ).fetchone()
    if row is None:
        return ""
    if row["sha256"] == sha256 or row["status"] not in ("indexed", "no_face"):
        db.execute("DELETE FROM photos WHERE id = ?", (row["id"],))
        return str(row["sha256"])
    aside = (row["kind"], row["location"], True)
    db.execute(ADD_SOURCE, (*aside, row["name"]))
    aside_id = db.execute(SOURCE_ID, aside).fetchone()["id"]
    # A run that was cut short may have set another one aside from this path already.
    db.execute(
        "UPDATE photos SET source_id = ?, path = CASE WHEN EXISTS (SELECT 1 FROM photos WHERE source_id = ? AND "
        "path = ?) THEN path || ' (' || id || ')' ELSE path END WHERE id = ?",
        (aside_id, aside_id, path, row["id"]),
    )
    return str(row["sha256"])


def _add_face(db: Connection, photo_id: int, person: str | None, face: NewFace, model: str) -> None:
    face_id = db.execute(
        "INSERT INTO faces (photo_id, person, is_main, x1, y1, x2, y2, landmarks, detection_score, model, runtime) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            photo_id,
            person if face.is_main else None,
            face.is_main,
            *map(float, face.box),
            face.landmarks.astype("<f4").tobytes(),
            face.detection_score,
            model,
            face.runtime,
        ),
    ).lastrowid
    db.execute("INSERT INTO crops VALUES (?, ?)", (face_id, face.crop))
    vector = face.embedding.astype("<f4").tobytes()
    db.execute("INSERT INTO embeddings VALUES (?, ?)", (face_id, vector))
