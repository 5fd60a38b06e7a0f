"""Bringing a gallery that an older facecluster made to today's schema, and telling galleries from other databases."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from facecluster.gallery.schema import APPLICATION_ID, COPY_TABLES, SCHEMA_VERSION, SOURCES_TABLE

# What galleries of version 1, which carry no mark of ours, must hold at least.
_VERSION_1 = {
    "sources",
    "photos",
    "faces",
    "crops",
    "embeddings",
    "clusterings",
    "assignments",
    "cluster_names",
    "meta",
}
_UPLOADED = re.compile(r"(?:^|[/\\])(uploads[/\\](?:[0-9a-f]{12}[/\\][^/\\]+|sample-people))$")
"""Where version 1 put copies: a folder named by the zip's content and one named after the zip, or the sample people."""


_COPY = ".of-version-"
_DISPLACED = "displaced "


class Connection(Protocol):
    """As much of a connection to SQLite as is needed here."""

    def execute(self, sql: str, parameters: Sequence[object] = ..., /) -> Any: ...


def is_gallery(connection: Connection) -> bool:
    """Whether the file is a gallery, or an empty one that may become it, rather than another program's database."""
    version, tables = version_of(connection), _tables(connection)
    if version == 0:
        return not tables
    if version == 1:
        return tables >= _VERSION_1
    return int(connection.execute("PRAGMA application_id").fetchone()[0]) == APPLICATION_ID


def version_of(connection: Connection) -> int:
    """The schema's version, 0 for a new file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def upgrade(connection: Connection) -> None:
    """Brings an older gallery forward, within a transaction of the caller's."""
    version = version_of(connection)
    if version == 1:
        _to_version_2(connection)
    if version in (1, 2):
        _to_version_3(connection)
    if version in (1, 2, 3):
        _to_version_4(connection)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def keep_copy(connection: Connection, file: Path, version: int) -> None:
    """Writes the gallery as it is beside its file, until it was brought forward: a process may die on the way.

    `connection` is in no transaction.
    """
    copy = file.with_name(f"{file.name}{_COPY}{version}.{os.getpid()}")
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))  # SQLite takes an empty file for none
    connection.execute("VACUUM INTO ?", (str(copy),))


def remove_kept_copies(file: Path) -> None:
    """Removes what `keep_copy` wrote, in this process or in one that died: the gallery's own file is sound."""
    for copy in file.parent.glob(f"{glob.escape(file.name)}{_COPY}*"):
        copy.unlink(missing_ok=True)


def _to_version_2(connection: Connection) -> None:
    for column in ("people_from TEXT NOT NULL DEFAULT ''", "unfinished INTEGER NOT NULL DEFAULT 0"):
        connection.execute(f"ALTER TABLE sources ADD COLUMN {column}")
    for column in ("turn INTEGER NOT NULL DEFAULT 0", "note TEXT", "missing INTEGER NOT NULL DEFAULT 0"):
        connection.execute(f"ALTER TABLE photos ADD COLUMN {column}")
    for statement in filter(str.strip, COPY_TABLES.split(";")):
        connection.execute(statement)
    _record_copies(connection)


def _to_version_3(connection: Connection) -> None:
    connection.execute("ALTER TABLE photos ADD COLUMN page INTEGER")
    connection.execute("ALTER TABLE sources ADD COLUMN settings TEXT NOT NULL DEFAULT ''")
    # Version 2 looked for faces on one picture of a file only: those without any are looked at again by the next run.
    connection.execute(
        "UPDATE photos SET settings = '' WHERE status = 'no_face' AND reason LIKE 'No %' "
        "AND (note LIKE '% passed over.%' OR note LIKE 'Only the first picture of the animation%')"
    )


def _to_version_4(connection: Connection) -> None:
    """A source of displaced photos was one whose kind began with `displaced`; now a column of its own says so."""
    # The table is made anew, since SQLite cannot change the UNIQUE of one that exists. Until its rows are back, photos
    # refer to none, and dropping it deletes the rows that refer to it with ON DELETE CASCADE.
    connection.execute("PRAGMA defer_foreign_keys = ON")
    columns = "id, location, name, people_from, unfinished, settings"
    rows = connection.execute(f"SELECT {columns}, kind FROM sources").fetchall()
    left_out = connection.execute("SELECT source_id, kind, files, example FROM left_out_files").fetchall()
    connection.execute("DROP TABLE sources")
    connection.execute(SOURCES_TABLE)
    for *values, kind in rows:
        sql = f"INSERT INTO sources ({columns}, kind, displaced) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        connection.execute(sql, (*values, kind.removeprefix(_DISPLACED), kind.startswith(_DISPLACED)))
    for values in left_out:
        connection.execute("INSERT INTO left_out_files VALUES (?, ?, ?, ?)", tuple(values))


def _record_copies(connection: Connection) -> None:
    """Version 1 kept no list of its copies: they are what it indexed from the folders that it unpacked zips into.

    Nothing else that lies in `uploads` is taken for a copy, and none of these once its content is another.
    """
    rows = connection.execute(
        "SELECT s.location, p.path, p.sha256 FROM photos p JOIN sources s ON s.id = p.source_id "
        "WHERE s.kind IN ('folder', 'displaced folder') AND p.sha256 <> ''"
    ).fetchall()
    for location, path, sha256 in rows:
        if place := _UPLOADED.search(location):
            copy = f"{place[1]}/{path}".replace("\\", "/")
            connection.execute("INSERT OR REPLACE INTO copies VALUES (?, '', ?, 0)", (copy, sha256))


def _tables(connection: Connection) -> set[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    )
    return {row[0] for row in rows}
