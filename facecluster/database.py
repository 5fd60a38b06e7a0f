"""The SQLite file of a gallery: its schema, its settings, and connections that threads do not share."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facecluster.errors import GalleryError

Connection = sqlite3.Connection
SCHEMA_VERSION = 1

# Crops and embeddings lie in tables of their own, so that a list of faces is read without paging through them.
_SCHEMA = """
CREATE TABLE sources (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, location TEXT NOT NULL, name TEXT NOT NULL,
                      UNIQUE (kind, location));
CREATE TABLE photos (id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES sources, path TEXT NOT NULL,
                     sha256 TEXT NOT NULL, size INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
                     status TEXT NOT NULL, reason TEXT, person TEXT, settings TEXT NOT NULL,
                     indexed_at TEXT NOT NULL DEFAULT (datetime('now')), UNIQUE (source_id, path));
CREATE INDEX photos_by_content ON photos (sha256);
CREATE INDEX photos_by_status ON photos (status, person);
CREATE TABLE faces (id INTEGER PRIMARY KEY AUTOINCREMENT, photo_id INTEGER NOT NULL REFERENCES photos ON DELETE CASCADE,
                    person TEXT, is_main INTEGER NOT NULL, x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL,
                    y2 REAL NOT NULL, landmarks BLOB NOT NULL, detection_score REAL NOT NULL,
                    model TEXT NOT NULL, runtime TEXT NOT NULL);
CREATE INDEX faces_by_photo ON faces (photo_id);
CREATE INDEX faces_by_person ON faces (person);
CREATE TABLE crops (face_id INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE, jpeg BLOB NOT NULL);
CREATE TABLE embeddings (face_id INTEGER PRIMARY KEY REFERENCES faces ON DELETE CASCADE, vector BLOB NOT NULL);
CREATE TABLE clusterings (id INTEGER PRIMARY KEY AUTOINCREMENT, algorithm TEXT NOT NULL, parameters TEXT NOT NULL,
                          seed INTEGER NOT NULL, model TEXT NOT NULL, versions TEXT NOT NULL, inertia REAL NOT NULL,
                          seconds REAL NOT NULL, n_clusters INTEGER NOT NULL, centers BLOB NOT NULL,
                          created TEXT NOT NULL DEFAULT (datetime('now')));
CREATE TABLE assignments (clustering_id INTEGER NOT NULL REFERENCES clusterings ON DELETE CASCADE,
                          cluster INTEGER NOT NULL, similarity REAL NOT NULL,
                          face_id INTEGER NOT NULL REFERENCES faces ON DELETE CASCADE,
                          PRIMARY KEY (clustering_id, cluster, similarity, face_id)) WITHOUT ROWID;
CREATE INDEX assignments_by_face ON assignments (face_id, clustering_id);
CREATE TABLE cluster_names (clustering_id INTEGER NOT NULL REFERENCES clusterings ON DELETE CASCADE,
                            cluster INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (clustering_id, cluster));
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Database:
    """One SQLite file, opened once a thread; every write is a transaction, which raises the revision."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._local = threading.local()
        self._prepare()

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        connection: sqlite3.Connection = self._local.connection
        return connection

    def read(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """The rows of a query. Raises GalleryError when the file cannot be read."""
        try:
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._broken(error) from error

    @contextmanager
    def write(self, *, changes: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction: everything or nothing of what is executed in it is kept.

        Without `changes` the revision stays: what is written then changes nothing that was made of the gallery.
        """
        connection = self.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                if changes:
                    connection.execute(
                        "INSERT INTO meta VALUES ('revision', '1') "
                        "ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
                    )
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def forget_deleted(self) -> None:
        """Writes the file anew and empties the write-ahead log.

        secure_delete overwrites deleted rows, but not the copies of them that SQLite leaves in the unused room of pages
        when it shares their rows out anew. Raises GalleryError when such traces may be left.
        """
        failure: sqlite3.Error | None = None
        try:
            self.connection.execute("VACUUM")
        except sqlite3.Error as error:
            failure = error
        try:
            # Waits for readers of the log as long as any statement waits for others.
            in_use = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as error:
            raise self._broken(error) from error
        if failure:
            raise GalleryError(
                f"Traces of what was deleted may be left in {self.file}, which could not be written anew ({failure}): "
                "free some space, and the next deletion removes them."
            ) from failure
        if in_use:
            raise GalleryError(
                f"What was deleted may be left in {self.file.name}-wal beside {self.file}, since another program is "
                "reading the gallery: close all programs that use it, and it goes."
            )

    def close(self) -> None:
        """Closes this thread's connection."""
        if hasattr(self._local, "connection"):
            self._local.connection.close()
            del self._local.connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=30, isolation_level=None)
        connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _prepare(self) -> None:
        try:
            version = self.connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._create()
        except sqlite3.Error as error:
            self.close()
            raise self._broken(error) from error
        if version > SCHEMA_VERSION:
            self.close()
            raise GalleryError(
                f"The gallery {self.file} was made by a newer facecluster: update facecluster, or choose another "
                "gallery with --gallery."
            )

    def _create(self) -> None:
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        # Another process may have made the schema while this one waited.
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            # Not from 1: what was kept of a gallery that stood here before must not pass for this one's.
            connection.execute("INSERT INTO meta VALUES ('revision', ?)", (str(time.time_ns() // 1_000_000),))
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")

    def _broken(self, error: sqlite3.Error) -> GalleryError:
        if "full" in str(error):
            return GalleryError(f"The disk that holds {self.file} is full: free some space and run again.")
        if "readonly" in str(error) or "unable to open" in str(error):
            return GalleryError(f"The gallery {self.file} cannot be written: give yourself permission to write there.")
        if "locked" in str(error):
            return GalleryError(f"The gallery {self.file} is in use by another program: try again when it is done.")
        if "FOREIGN KEY" in str(error):
            return GalleryError(
                f"Faces of the gallery {self.file} were deleted or found anew in the meantime: run it again."
            )
        return GalleryError(
            f"{self.file} is no gallery, or is damaged ({error}): choose another with --gallery, or delete it and "
            "index the photos again."
        )
