"""What SQLite's errors are told as, who may read the file, and that a lost file is noticed."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from facecluster import Gallery
from facecluster.errors import DiskFullError, GalleryError
from tests.galleries import clustered_gallery
from tests.gallery.test_full_disk import photos


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery.open(tmp_path / "gallery")


def sqlite_error(code: int, text: str = "no luck") -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    error.sqlite_errorname = ""
    return error


# Results after which SQLite rolls a transaction back by itself (sqlite.org/lang_transaction.html, 3).
ROLLED_BACK = {
    sqlite3.SQLITE_FULL: r"disk that holds .* is full: free some space",
    sqlite3.SQLITE_IOERR_WRITE: r"disk that holds .* failed \(no luck\): check the disk",
    sqlite3.SQLITE_NOMEM: r"too little memory to use .*: close other programs",
    sqlite3.SQLITE_BUSY: r"in use by another program: try again",
    sqlite3.SQLITE_INTERRUPT: r"cannot be used \(no luck\): run again",
}


@pytest.mark.parametrize("code", ROLLED_BACK)
def test_an_error_after_which_sqlite_rolled_back_by_itself_is_told_as_what_it_is(gallery: Gallery, code: int) -> None:
    def fail() -> None:
        with gallery._database.write() as db:
            db.execute("INSERT INTO meta VALUES ('name', 'value')")
            db.execute("ROLLBACK")  # as SQLite does it
            raise sqlite_error(code)

    with pytest.raises(GalleryError, match=ROLLED_BACK[code]) as told:
        fail()
    assert "delete it" not in str(told.value)
    assert gallery._database.read("SELECT * FROM meta WHERE key = 'name'") == []
    gallery.use_model("casia-webface")  # the connection is good for the next


def test_an_error_of_ours_in_a_transaction_is_raised_and_nothing_of_it_is_kept(gallery: Gallery) -> None:
    def fail() -> None:
        with gallery._database.write() as db:
            db.execute("INSERT INTO meta VALUES ('name', 'value')")
            raise KeyError("name")

    with pytest.raises(KeyError):
        fail()
    assert gallery._database.read("SELECT * FROM meta WHERE key = 'name'") == []


def test_more_pages_than_the_file_may_have_is_told_as_a_full_disk_by_the_real_sqlite(gallery: Gallery) -> None:
    source = gallery.sources.add("folder", "/people", "people")
    gallery._database.connection.execute("PRAGMA max_page_count = 60")
    with pytest.raises(DiskFullError, match="is full: free some space and run again; the gallery is as it was"):
        gallery.photos.add(source, photos(5, 10), "casia-webface")
    assert gallery.counts().photos == 0


def test_a_damaged_file_is_left_as_it_is_and_nobody_is_told_to_delete_it(tmp_path: Path) -> None:
    file = tmp_path / "gallery.db"
    file.write_bytes(b"these are no tables, but maybe somebody's only copy" * 100)
    before = file.read_bytes()
    with pytest.raises(
        GalleryError, match=r"no gallery, or is damaged .*: leave it as it is, and choose another"
    ) as told:
        Gallery.open(tmp_path)
    assert "delete" not in str(told.value)
    assert file.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="Windows has other rights")
def test_the_file_is_its_owners_alone_also_in_a_folder_that_others_may_enter(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    gallery = Gallery.open(tmp_path / "open")
    gallery.use_model("casia-webface")
    gallery.copies.write(gallery.uploads / "0123456789ab" / "zip" / "Ada" / "1.jpg", [b"copy"])
    with gallery.indexing():
        pass
    modes = {path.name: path.stat().st_mode & 0o077 for path in gallery.path.rglob("*")}
    assert set(modes) >= {"gallery.db", "gallery.db-wal", "gallery.db-shm", "uploads", "Ada", "1.jpg"}
    assert {name: mode for name, mode in modes.items() if mode} == {}


@pytest.mark.parametrize("replaced", [False, True])
def test_what_is_stored_in_a_file_that_was_removed_or_replaced_fails(gallery: Gallery, replaced: bool) -> None:
    gallery.use_model("casia-webface")
    assert gallery.is_there
    shutil.rmtree(gallery.path)
    if replaced:
        Gallery.open(gallery.path).close()
    assert not gallery.is_there
    with pytest.raises(
        GalleryError, match=r"was removed or replaced while it was in use: .* run again to make it anew"
    ):
        gallery.sources.add("folder", "/people", "people")


def test_a_pipe_or_folder_in_the_files_place_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gallery.db")
    with pytest.raises(GalleryError, match="is not a file: choose another gallery"):
        Gallery.open(tmp_path)
    (tmp_path / "other" / "gallery.db").mkdir(parents=True)
    with pytest.raises(GalleryError, match="is not a file: choose another gallery"):
        Gallery.open(tmp_path / "other")


def test_a_gallery_that_another_process_is_making_is_not_taken_for_another_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facecluster.gallery import migrations

    tables = migrations._tables

    def made_meanwhile(connection: sqlite3.Connection) -> set[str]:
        with monkeypatch.context() as patch:
            patch.setattr(migrations, "_tables", tables)
            Gallery.open(tmp_path).close()
        return tables(connection)

    with sqlite3.connect(tmp_path / "gallery.db") as db:  # as far as another one has come: no tables yet
        db.execute("PRAGMA journal_mode = WAL")
    monkeypatch.setattr(migrations, "_tables", made_meanwhile)
    assert Gallery.open(tmp_path).counts().photos == 0


def test_a_name_that_was_taken_back_is_gone_from_the_file(tmp_path: Path) -> None:
    gallery = Gallery.open(clustered_gallery(tmp_path / "gallery"))
    gallery.clusterings.name(0, "Zebedee Quicksilver of the long and secret name")
    gallery.clusterings.name(0, "Al")
    gallery.close()
    left = b"".join(file.read_bytes() for file in (tmp_path / "gallery").iterdir() if file.is_file())
    assert b"Al" in left
    assert b"Quicksilver" not in left
