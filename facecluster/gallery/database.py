"""The SQLite file of a gallery: connections that threads do not share, transactions, and what their errors mean."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from facecluster.errors import DiskFullError, GalleryError
from facecluster.gallery.migrations import is_gallery, keep_copy, remove_kept_copies, upgrade, version_of
from facecluster.gallery.reserve import Reserve
from facecluster.gallery.schema import SCHEMA, SCHEMA_VERSION

Connection = sqlite3.Connection
T = TypeVar("T")

_PRAGMAS = (
    # First: it takes hold in an empty file alone, and else when the file is written anew. Pages can be given back then.
    "auto_vacuum = INCREMENTAL",
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "foreign_keys = ON",
    "secure_delete = ON",
)
_LEAST_FREE = 128 * 2**10  # bytes: what SQLite needs for the index of its log, which it calls an I/O error to lack
_FULL = sqlite3.SQLITE_FULL
_BY_DISK = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


class Database:
    """One SQLite file, opened once per thread; every write is a transaction, which raises the revision."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.reserve = Reserve(file.with_name(f"{file.name}-reserve"))
        self._local = threading.local()
        self._prepare()
        self._inode = _inode(file)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        if not hasattr(self._local, "connection"):
            self._local.connection = self._with_reserve(self._connect)
        connection: sqlite3.Connection = self._local.connection
        return connection

    @property
    def is_same_file(self) -> bool:
        """Whether the file is still the one that was opened, and not removed or replaced since."""
        return _inode(self.file) == self._inode

    def meta(self, key: str) -> str | None:
        """One of the gallery's own facts; None where it is not stored."""
        rows = self.read("SELECT value FROM meta WHERE key = ?", key)
        return rows[0]["value"] if rows else None

    def set_meta(self, key: str, value: str) -> None:
        """Stores one of the gallery's own facts."""
        with self.write() as connection:
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def read(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """The rows of a query. Raises GalleryError when the file cannot be read."""
        try:
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._gallery_error(error) from error

    @contextmanager
    def write(self, *, changes: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction: everything or nothing of what is executed in it is kept.

        Without `changes` the revision stays: what is written then changes nothing that was made of the gallery. Raises
        DiskFullError, and GalleryError when the file cannot be written or is no more the one that was opened.
        """
        try:
            connection = self.connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                if changes:
                    connection.execute(
                        "INSERT INTO meta VALUES ('revision', '1') "
                        "ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
                    )
                self._require_same_file()
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
        except sqlite3.Error as error:
            raise self._gallery_error(error) from error

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
            self.make_room()  # which needs none to begin with, unlike writing the file anew
        try:
            # Waits for readers of the log as long as any statement waits for others.
            in_use = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as error:
            raise self._gallery_error(error) from error
        if failure:
            raise GalleryError(
                f"Traces of what was deleted may be left in {self.file}, which could not be written anew ({failure}): "
                "free some space, and they go when the gallery is opened the next time."
            ) from failure
        if in_use:
            raise GalleryError(
                f"What was deleted may be left in {self.file.name}-wal beside {self.file}, since another program is "
                "reading the gallery: close all programs that use it, and it goes."
            )

    def make_room(self) -> None:
        """On a full disk: gives the disk what the gallery keeps for that case, what its log takes, and unused pages.

        Does what it can; raises nothing. Unused pages are given back where the file was made to be able to, or was
        written anew since.
        """
        self.reserve.release()
        for pragma in ("wal_checkpoint(TRUNCATE)", "incremental_vacuum", "wal_checkpoint(TRUNCATE)"):
            with suppress(sqlite3.Error):
                self.connection.executescript(f"PRAGMA {pragma}")  # execute() would give back one page

    def close(self) -> None:
        """Closes this thread's connection."""
        if hasattr(self._local, "connection"):
            self._local.connection.close()
            del self._local.connection

    def _with_reserve(self, work: Callable[[], T]) -> T:
        """Does work again with the reserve's room where the disk is full: even to read, SQLite writes a log's index."""
        try:
            return work()
        except sqlite3.Error as error:
            if not (self._is_disk_full(error) and self.reserve.release()):
                raise
        return work()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, timeout=30, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self) -> None:
        """Opens the file, makes it where there is none, and brings an older one forward."""
        try:
            version = self._with_reserve(self._open)
        except sqlite3.Error as error:
            self.close()
            raise self._gallery_error(error) from error
        except GalleryError:
            self.close()
            raise
        if version > SCHEMA_VERSION:
            self.close()
            raise GalleryError(
                f"The gallery {self.file} was made by a newer facecluster: update facecluster, or choose another "
                "gallery with --gallery."
            )
        self.reserve.keep()

    def _open(self) -> int:
        self._require_gallery()
        version = version_of(self.connection)
        if version < SCHEMA_VERSION:
            if version:
                keep_copy(self.connection, self.file, version)
            self._bring_forward()
        remove_kept_copies(self.file)
        return version

    def _require_gallery(self) -> None:
        """Raises GalleryError for what is no gallery, before anything of it is changed."""
        if self.file.exists() and not self.file.is_file():
            raise GalleryError(f"{self.file} is not a file: choose another gallery with --gallery.")
        if not self.file.exists() or not self.file.stat().st_size:
            with suppress(FileExistsError):  # faces are nobody else's business, whoever may enter the folder
                os.close(os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            return
        uri = f"file:{quote(str(self.file))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=30, isolation_level=None)) as connection:
            connection.execute("BEGIN")  # one look at all of it, while another process may be making it
            if not is_gallery(connection):
                raise GalleryError(
                    f"{self.file} is a database of another program: choose another gallery with --gallery."
                )

    def _bring_forward(self) -> None:
        connection = self.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            # Another process may have made or brought forward the schema while this one waited.
            version = version_of(connection)
            if version == 0:
                for statement in SCHEMA.split(";"):
                    connection.execute(statement)
                # Not from 1: what was kept of a gallery that stood here before must not pass for this one's.
                now = str(time.time_ns() // 1_000_000)
                connection.execute("INSERT INTO meta VALUES ('revision', ?)", (now,))
            if version < SCHEMA_VERSION:
                upgrade(connection)
            connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            remove_kept_copies(self.file)  # the gallery is as it was
            raise
        for end in ("", "-wal", "-shm"):
            with suppress(OSError):
                self.file.with_name(self.file.name + end).chmod(0o600)

    def _roll_back(self) -> None:
        connection = self.connection
        # After a full disk, an I/O error or a lack of memory SQLite has done so by itself; a second time is an error
        # that would hide the first.
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        if connection.in_transaction:
            self.close()

    def _require_same_file(self) -> None:
        """Raises GalleryError when what is written would be gone as soon as this process ends."""
        if not self.is_same_file:
            raise GalleryError(
                f"The gallery {self.file} was removed or replaced while it was in use: what was stored in it is gone; "
                "run again to make it anew."
            )

    def _is_disk_full(self, error: sqlite3.Error) -> bool:
        primary = _primary(error)
        if primary == _FULL:
            return True
        try:
            return primary in _BY_DISK and shutil.disk_usage(self.file.parent).free < _LEAST_FREE
        except OSError:
            return False

    def _gallery_error(self, error: sqlite3.Error) -> GalleryError:
        if self._is_disk_full(error):
            return DiskFullError(
                f"The disk that holds {self.file} is full: free some space and run again; the gallery is as it was."
            )
        if getattr(error, "sqlite_errorname", "") == "SQLITE_CONSTRAINT_FOREIGNKEY":
            return GalleryError(
                f"Faces of the gallery {self.file} were deleted or found anew in the meantime: run it again."
            )
        sentence = _SENTENCES.get(_primary(error), "{file} cannot be used ({error}): run again.")
        return GalleryError(sentence.format(file=self.file, error=error))


_NOT_WRITABLE = "The gallery {file} cannot be written: give yourself permission to write there."
_IN_USE = "The gallery {file} is in use by another program: try again when it is done."
# No sentence may lead anybody to remove a file: a gallery holds names and corrections that no photo brings back.
_DAMAGED = (
    "{file} is no gallery, or is damaged ({error}): leave it as it is, and choose another with --gallery or put a "
    "backup in its place."
)
_SENTENCES = {
    sqlite3.SQLITE_READONLY: _NOT_WRITABLE,
    sqlite3.SQLITE_PERM: _NOT_WRITABLE,
    sqlite3.SQLITE_CANTOPEN: _NOT_WRITABLE,
    sqlite3.SQLITE_AUTH: _NOT_WRITABLE,
    sqlite3.SQLITE_BUSY: _IN_USE,
    sqlite3.SQLITE_LOCKED: _IN_USE,
    sqlite3.SQLITE_NOMEM: "There is too little memory to use the gallery {file}: close other programs and run again.",
    sqlite3.SQLITE_IOERR: "The disk that holds {file} failed ({error}): check the disk, then run again.",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}


def _primary(error: sqlite3.Error) -> int:
    """SQLite's primary result code, the low byte of the extended one (sqlite.org/rescode.html); -1 without any."""
    code = getattr(error, "sqlite_errorcode", -1)
    return code & 0xFF if code >= 0 else -1


def _inode(file: Path) -> tuple[int, int] | None:
    try:
        info = file.stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino
