"""Uploads that were cut off: what is kept of them, so that they go on without a second upload, and what is useless."""

from __future__ import annotations

from pathlib import Path

from facecluster.file_names import on_disk
from facecluster.gallery.copies import Copies
from facecluster.gallery.database import Database


def kept_zips(database: Database, copies: Copies) -> list[Path]:
    """The copies of uploaded zips that were not unpacked to their end."""
    rows = database.read("SELECT location FROM sources WHERE kind = 'zip' AND unfinished")
    zips = [Path(on_disk(row["location"])) for row in rows]
    return [zipped for zipped in zips if zipped.is_relative_to(copies.root.resolve())]


def copies_of_kept_zips(database: Database, copies: Copies, folder: Path) -> list[str]:
    """The copies, by path, of these zips and of all that was unpacked from them so far; `folder` is the gallery's."""
    folders = {zipped.parent for zipped in kept_zips(database, copies)}
    return [path for copy in copies.all() if folders.intersection((folder / (path := copies.path(copy.file))).parents)]


def useless_copies(database: Database, copies: Copies, folder: Path) -> list[str]:
    """The copies, by path, that no photo of the gallery was indexed from, and none will be: half files, unpacked zips.

    What belongs to a source that was cut off is kept. `folder` is the gallery's, without links on the way.
    """
    of_photos = "EXISTS (SELECT 1 FROM photos p WHERE p.source_id = s.id)"
    rows = database.read(f"SELECT s.location FROM sources s WHERE s.unfinished OR {of_photos}")
    wanted = {Path(on_disk(row["location"])) for row in rows}
    kept = set(copies_of_kept_zips(database, copies, folder))
    useless = []
    for copy in copies.all():
        path = copies.path(copy.file)
        is_wanted = path in kept or wanted.intersection((folder / path).parents)
        if copy.sha256 is None or not is_wanted:
            useless.append(path)
    return useless
