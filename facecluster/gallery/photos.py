"""What indexing writes into a gallery: photos with their faces, and where known photos lie by now."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from facecluster.gallery.database import Connection
from facecluster.gallery.labels import settle_persons
from facecluster.gallery.sources import ADD_SOURCE, GallerySources
from facecluster.records import DISPLACED, KnownPhoto, NewFace, NewPhoto


class GalleryPhotos(GallerySources):
    """The part of `Gallery` that writes photos."""

    def add_photos(self, source_id: int, photos: Sequence[NewPhoto], model: str) -> None:
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
                        *(source_id, photo.path, photo.sha256, photo.size, photo.width, photo.height),
                        *(photo.status, photo.reason, photo.person, photo.settings),
                        *(photo.turn, photo.note, photo.page),
                    ),
                ).lastrowid
                for face in photo.faces:
                    _add_face(db, photo_id or 0, photo.person, face, model)
            settle_persons(db, contents)

    def move_photo(self, photo: KnownPhoto, source_id: int, path: str, person: str | None) -> None:
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
            "SELECT p.id, p.path, p.sha256 FROM photos p JOIN sources s ON s.id = p.source_id WHERE s.kind = ? AND "
        )
        of_source += "s.location = ?"
        lost = self._database.read(of_source, DISPLACED + kind, location)
        without_face = self._database.read(f"{of_source} AND p.status IN ('duplicate', 'unreadable')", kind, location)
        here, folders = set(paths), tuple(f"{folder}/" for folder in unseen)
        lost += [row for row in without_face if row["path"] not in here and not row["path"].startswith(folders)]
        if lost:
            with self._database.write() as db:
                db.executemany("DELETE FROM photos WHERE id = ?", [(row["id"],) for row in lost])
                db.execute("DELETE FROM sources WHERE kind = ? AND location = ?", (DISPLACED + kind, location))
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
    aside = (DISPLACED + row["kind"], row["location"])
    db.execute(ADD_SOURCE, (*aside, row["name"]))
    aside_id = db.execute("SELECT id FROM sources WHERE kind = ? AND location = ?", aside).fetchone()["id"]
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
            *(photo_id, person if face.is_main else None, face.is_main, *map(float, face.box)),
            *(face.landmarks.astype("<f4").tobytes(), face.detection_score, model, face.runtime),
        ),
    ).lastrowid
    db.execute("INSERT INTO crops VALUES (?, ?)", (face_id, face.crop))
    vector = face.embedding.astype("<f4").tobytes()
    db.execute("INSERT INTO embeddings VALUES (?, ?)", (face_id, vector))
