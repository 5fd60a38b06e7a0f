"""What a gallery keeps of the folders and zips that its photos come from: how far each was read, and what is gone."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from facecluster.face_settings import FaceSettings, settings_from
from facecluster.gallery.database import Database
from facecluster.source_records import LeftOutFiles, MissingPhotos, UnfinishedSource

FROM_SOURCES = "FROM photos p JOIN sources s ON s.id = p.source_id"
SOURCE_ID = "SELECT id FROM sources WHERE kind = ? AND location = ? AND displaced = ?"
ADD_SOURCE = "INSERT OR IGNORE INTO sources (kind, location, displaced, name) VALUES (?, ?, ?, ?)"


class Sources:
    """The folders and zips that the gallery's photos come from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, kind: str, location: str, name: str) -> int:
        """The id of a source of photos, known or new."""
        with self._database.write() as db:
            db.execute(ADD_SOURCE, (kind, location, False, name))
        return int(self._database.read(SOURCE_ID, kind, location, False)[0]["id"])

    # --- how far a source was read --------------------------------------------------------------------------------

    def begin(
        self,
        kind: str,
        location: str,
        name: str,
        photos: int,
        people_from: str | None = None,
        settings: FaceSettings | None = None,
    ) -> int:
        """Notes that a source of so many photos is being indexed, until `end_source`; returns its id.

        `people_from` is how its people are named, as `source_naming` gives it the next time, and `settings` how faces
        are looked for; None leaves them as they are.
        """
        with self._database.write(changes=False) as db:
            db.execute(ADD_SOURCE, (kind, location, False, name))
            db.execute(
                "UPDATE sources SET unfinished = ?, people_from = coalesce(?, people_from), "
                "settings = coalesce(?, settings) WHERE kind = ? AND location = ? AND NOT displaced",
                (max(photos, 1), people_from, None if settings is None else str(settings), kind, location),
            )
            found = db.execute(SOURCE_ID, (kind, location, False)).fetchone()
        return int(found["id"])

    def known_with_settings(self, source_id: int, settings: Collection[FaceSettings]) -> int:
        """How many photos of a source were indexed with one of these settings."""
        marks = ", ".join("?" * len(settings))
        sql = f"SELECT count(*) FROM photos WHERE source_id = ? AND sha256 <> '' AND settings IN ({marks})"
        return int(self._database.read(sql, source_id, *map(str, settings))[0][0])

    def end(self, source_id: int, left_out: Mapping[str, int], examples: Mapping[str, str]) -> None:
        """Notes that a source was read to its end, and how many files of each kind in it were no photos."""
        rows = [(source_id, kind, files, examples[kind]) for kind, files in left_out.items()]
        with self._database.write(changes=False) as db:
            db.execute("UPDATE sources SET unfinished = 0 WHERE id = ?", (source_id,))
            db.execute("DELETE FROM left_out_files WHERE source_id = ?", (source_id,))
            db.executemany("INSERT INTO left_out_files VALUES (?, ?, ?, ?)", rows)

    def forget(self, kind: str, location: str) -> None:
        """Takes a source without photos off the list."""
        with self._database.write(changes=False) as db:
            db.execute("DELETE FROM sources WHERE kind = ? AND location = ? AND NOT displaced", (kind, location))

    def naming(self, kind: str, location: str) -> tuple[str, list[str]]:
        """How the people of a source are named (`people_names.Naming.stored`), and who they are; empty when unknown."""
        rows = self._database.read(
            "SELECT id, people_from FROM sources WHERE kind = ? AND location = ? AND NOT displaced", kind, location
        )
        if not rows:
            return "", []
        sql = "SELECT DISTINCT person FROM photos WHERE source_id = ? AND person NOT NULL"
        return rows[0]["people_from"], [row["person"] for row in self._database.read(sql, rows[0]["id"])]

    def location_of(self, name: str) -> str | None:
        """Where a folder of this name lay when it was last indexed."""
        rows = self._database.read(
            "SELECT location FROM sources WHERE kind = 'folder' AND name = ? AND NOT displaced ORDER BY id DESC", name
        )
        return str(rows[0]["location"]) if rows else None

    def forget_naming(self, kind: str, location: str) -> None:
        """Lets the people of a source be guessed anew."""
        with self._database.write(changes=False) as db:
            db.execute(
                "UPDATE sources SET people_from = '' WHERE kind = ? AND location = ? AND NOT displaced",
                (kind, location),
            )

    def unfinished(self) -> list[UnfinishedSource]:
        """The sources whose indexing was cut off, and is not under way unless a run is."""
        rows = self._database.read(
            "SELECT id, kind, location, name, unfinished AS photos, people_from, (SELECT count(*) FROM photos p WHERE "
            "p.source_id = s.id) AS done FROM sources s WHERE unfinished ORDER BY id"
        )
        return [UnfinishedSource(**dict(row)) for row in rows]

    def settings(self, source_id: int) -> FaceSettings | None:
        """The settings that the source was last indexed with, None when unknown.

        Earlier versions kept them with the photos alone.
        """
        sql = (
            "SELECT settings FROM (SELECT settings, 1 AS age, 0 AS id FROM sources WHERE id = ?1 UNION ALL "
            "SELECT settings, 2, -id FROM photos WHERE source_id = ?1) WHERE settings <> '' "
            "ORDER BY age, id LIMIT 1"
        )
        rows = self._database.read(sql, source_id)
        return settings_from(rows[0]["settings"]) if rows else None

    def left_out_files(self) -> list[LeftOutFiles]:
        """The files beside the photos that are none, by kind; the most numerous kind first."""
        rows = self._database.read(
            "SELECT l.kind, sum(l.files) AS files, min(s.location || '/' || l.example) AS example "
            "FROM left_out_files l JOIN sources s ON s.id = l.source_id GROUP BY l.kind ORDER BY files DESC, l.kind"
        )
        return [LeftOutFiles(**dict(row)) for row in rows]

    # --- what is gone from its source -----------------------------------------------------------------------------

    def mark_missing(self, source_id: int, paths: Collection[str], unseen: Collection[str] = ()) -> int:
        """Notes which photos of a source are not at one of its `paths` any more; returns how many.

        Of photos in folders that could not be looked into, `unseen`, nobody knows: these stay as they were.
        """
        here, folders = set(paths), tuple(f"{folder}/" for folder in unseen)
        rows = self._database.read("SELECT id, path, missing FROM photos WHERE source_id = ?", source_id)
        changed = [
            (int(row["path"] not in here), row["id"])
            for row in rows
            if bool(row["missing"]) != (row["path"] not in here) and not row["path"].startswith(folders)
        ]
        if changed:
            with self._database.write(changes=False) as db:
                db.executemany("UPDATE photos SET missing = ? WHERE id = ?", changed)
        return int(self._database.read("SELECT total(missing) FROM photos WHERE source_id = ?", source_id)[0][0])

    def mark_all_missing(self, kind: str, location: str) -> int:
        """Notes that nothing of a source is there; returns how many photos it had, 0 for one that is not known."""
        rows = self._database.read(SOURCE_ID, kind, location, False)
        return self.mark_missing(int(rows[0]["id"]), ()) if rows else 0

    def missing(self) -> list[MissingPhotos]:
        """How many photos of each source were not there when it was last indexed; only sources that lack some."""
        rows = self._database.read(
            f"SELECT s.location, sum(p.missing) AS missing, count(*) AS photos {FROM_SOURCES} GROUP BY s.id "
            "HAVING sum(p.missing) > 0 ORDER BY s.location"
        )
        return [MissingPhotos(**dict(row)) for row in rows]
