"""Galleries of earlier versions are brought forward with all they hold; other programs' databases are left alone."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import pytest

from facecluster import Gallery
from facecluster.errors import GalleryError
from facecluster.gallery import migrations
from facecluster.gallery.schema import SCHEMA_VERSION
from tests.galleries import edit
from tests.old_galleries import gallery_of_version_1, gallery_of_version_3

PEOPLE = ["Ada", "Bob", "Cleo"]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def columns(file: Path) -> dict[str, list[str]]:
    """The columns of each table, in their order."""
    with closing(sqlite3.connect(file)) as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {table: sorted(row[1] for row in db.execute(f"PRAGMA table_info ({table})")) for table in tables}


def test_a_gallery_of_version_1_keeps_all_it_holds(tmp_path: Path) -> None:
    folder = gallery_of_version_1(tmp_path / "old", tmp_path / "photos", PEOPLE)
    gallery = Gallery.open(folder)
    assert sorted(gallery.photos.everybody()) == PEOPLE
    assert gallery.faces().embeddings.argmax(axis=1).tolist() == [1, 2, 3]
    assert (gallery.revision, gallery.model) == (7, "casia-webface")
    clustering = gallery.clusterings.current()
    assert clustering is not None
    assert clustering.names == {0: "The band"}
    assert gallery.photos.get(1).turn == 0
    assert gallery.delete_person("Ada") == 1
    assert (tmp_path / "photos" / "Ada" / "1.jpg").exists()


def test_it_has_the_tables_and_rights_of_a_new_one(tmp_path: Path) -> None:
    folder = gallery_of_version_1(tmp_path / "old", tmp_path / "photos", PEOPLE)
    Gallery.open(folder).close()
    Gallery.open(tmp_path / "new").close()
    assert columns(folder / "gallery.db") == columns(tmp_path / "new" / "gallery.db")
    assert mode(folder / "gallery.db") == 0o600
    with closing(sqlite3.connect(folder / "gallery.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION


def test_the_copies_that_version_1_made_are_known_and_nothing_else_in_uploads(tmp_path: Path) -> None:
    uploads = tmp_path / "old" / "uploads"
    folder = gallery_of_version_1(tmp_path / "old", uploads / "0123456789ab" / "party", PEOPLE)
    own = uploads / "0123456789ab" / "party" / "Ada" / "own.jpg"
    own.write_bytes(b"mine")
    gallery = Gallery.open(folder)
    assert len(gallery.copies.all()) == 3
    gallery.delete_person("Bob")
    assert not (own.parent.parent / "Bob").exists()
    gallery.delete_all()
    assert [path for path in uploads.rglob("*") if path.is_file()] == [own]


def test_a_folder_of_the_users_called_uploads_that_version_1_indexed_is_no_copy(tmp_path: Path) -> None:
    photos = tmp_path / "old" / "uploads" / "holidays"
    gallery = Gallery.open(gallery_of_version_1(tmp_path / "old", photos, PEOPLE))
    assert gallery.copies.all() == []
    gallery.delete_person("Ada")
    gallery.delete_all()
    assert len(list(photos.rglob("*.jpg"))) == 3


def test_a_migration_that_fails_leaves_the_gallery_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = gallery_of_version_1(tmp_path / "old", tmp_path / "photos", PEOPLE)
    before = columns(folder / "gallery.db")
    with monkeypatch.context() as patch:
        patch.setattr(
            "facecluster.gallery.migrations._record_copies", Mock(side_effect=sqlite3.OperationalError("no luck"))
        )
        with pytest.raises(GalleryError):
            Gallery.open(folder)
    assert columns(folder / "gallery.db") == before
    assert not list(folder.glob("*of-version*"))
    assert sorted(Gallery.open(folder).photos.everybody()) == PEOPLE


def test_a_photo_that_version_3_had_displaced_is_still_displaced(tmp_path: Path) -> None:
    folder = gallery_of_version_3(tmp_path / "old", tmp_path / "photos", PEOPLE)
    with closing(sqlite3.connect(folder / "gallery.db")) as db:
        db.execute(
            "INSERT INTO sources (id, kind, location, name) SELECT 2, 'displaced folder', location, name FROM sources"
        )
        db.execute("UPDATE photos SET source_id = 2 WHERE id = 1")
        db.execute("INSERT INTO left_out_files VALUES (1, 'videos', 3, 'Ada/film.mp4')")
        db.commit()
    gallery = Gallery.open(folder)
    assert [gallery.photos.get(number).is_displaced for number in (1, 2, 3)] == [True, False, False]
    assert {gallery.photos.get(number).source_kind for number in (1, 2, 3)} == {"folder"}
    assert [kind.files for kind in gallery.sources.left_out_files()] == [3]
    assert [place.photos for place in gallery.photos.by_source()] == [2, 1]
    gallery.photos.forget_lost("folder", str(tmp_path / "photos"), ["Bob/1.jpg", "Cleo/1.jpg"])
    assert sorted(gallery.photos.everybody()) == ["Bob", "Cleo"]
    with closing(sqlite3.connect(folder / "gallery.db")) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_copy_is_kept_until_the_gallery_was_brought_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = gallery_of_version_1(tmp_path / "old", tmp_path / "photos", PEOPLE)
    before, seen = columns(folder / "gallery.db"), []
    upgrade = migrations._to_version_3

    def look(connection: migrations.Connection) -> None:
        (copy,) = folder.glob("gallery.db.of-version-1.*")
        seen.append((columns(copy), mode(copy)))
        upgrade(connection)

    monkeypatch.setattr(migrations, "_to_version_3", look)
    Gallery.open(folder).close()
    assert seen == [(before, 0o600)]
    assert not list(folder.glob("*of-version*"))


def test_the_copy_of_a_process_that_died_goes_when_the_gallery_is_opened(tmp_path: Path) -> None:
    Gallery.open(tmp_path).close()
    (tmp_path / "gallery.db.of-version-2.4711").write_bytes(b"faces")
    Gallery.open(tmp_path).close()
    assert not list(tmp_path.glob("*of-version*"))


@pytest.mark.parametrize("version", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_database_of_another_program_is_refused_and_stays_as_it_is(
    tmp_path: Path, version: int, journal: str
) -> None:
    file = tmp_path / "gallery.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute(f"PRAGMA journal_mode = {journal}")
        db.execute("CREATE TABLE photos (id INTEGER PRIMARY KEY, person TEXT)")
        db.execute("INSERT INTO photos VALUES (1, 'Ada')")
        db.execute(f"PRAGMA user_version = {version}")
        db.commit()
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(GalleryError, match=r"^.*gallery.db is a database of another program: choose another gallery"):
        Gallery.open(tmp_path)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_a_gallery_of_a_newer_version_is_refused_in_a_sentence(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path)
    gallery.close()
    edit(tmp_path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(GalleryError, match=r"made by a newer facecluster: update facecluster, or choose another"):
        Gallery.open(tmp_path)
