"""Whose photo it is, and what of a folder is taken."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from facecluster.photos import base
from facecluster.photos.sources import open_photos, unpack_zip
from tests.photo_sources import (
    Maker,
    assert_refused,
    both,
    listed,
    make_folder,
    make_zip,
    photo,
    zip_source,
)

# --- whose photo it is --------------------------------------------------------------------------------------------

LAYOUTS: dict[str, dict[str, str | None]] = {
    "one folder per person": {"ann/1.jpg": "ann", "ann/2.jpg": "ann", "bob/1.jpg": "bob"},
    "flat": {"1.jpg": None, "2.jpg": None},
    "nested": {"train/ann/1.jpg": "ann", "train/bob/1.jpg": "bob", "val/ann/2.jpg": "ann"},
    "mixed": {"ann/1.jpg": "ann", "both.jpg": None, "family/bob/1.jpg": "bob"},
    "wrapped": {"people/ann/1.jpg": "ann", "people/bob/1.jpg": "bob"},
    "wrapped flat": {"people/1.jpg": None, "people/2.jpg": None},
    "wrapped mixed": {"people/ann/1.jpg": "ann", "people/both.jpg": None},
    "a person called like the source": {"tom/1.jpg": "tom", "ann/1.jpg": "ann"},
}


@both
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_folder_that_holds_a_photo_names_its_person(layout: str, make: Maker, tmp_path: Path) -> None:
    place = make(tmp_path, LAYOUTS[layout])
    source = open_photos(place.rename(place.with_stem("tom")) if "tom/1.jpg" in LAYOUTS[layout] else place)
    assert listed(source) == LAYOUTS[layout]
    assert len(source) == len(LAYOUTS[layout])


@both
def test_what_a_source_says_of_itself(make: Maker, tmp_path: Path) -> None:
    place = make(tmp_path, ["ann/1.jpg"])
    source = open_photos(place)
    assert source.name == "people"
    assert source.location == str(place.resolve())
    assert source.kind == ("zip" if make is zip_source else "folder")
    assert listed(open_photos(source.location)) == listed(source), "the location leads back to it"


@both
def test_the_bytes_of_a_photo(make: Maker, tmp_path: Path) -> None:
    paths = ["a/1.png", "a/2.png", "b/1.png"]
    source = open_photos(make(tmp_path, paths))
    assert [source[index].read() for index in range(3)] == [photo(0), photo(1), photo(2)]


@both
def test_the_order_is_by_path_whatever_order_the_disk_has(make: Maker, tmp_path: Path) -> None:
    paths = ["b/2.jpg", "z.jpg", "a/9.jpg", "b/1.jpg", "a/10.jpg", "B/1.jpg"]
    source = open_photos(make(tmp_path, paths))
    assert list(listed(source)) == sorted(paths)
    with pytest.raises(IndexError):
        source[len(paths)]


@both
def test_names_in_every_script(make: Maker, tmp_path: Path) -> None:
    expected = {
        "Zoë Ünsal/ä 1.jpg": "Zoë Ünsal",
        "Владимир/фото.jpg": "Владимир",
        "山田太郎/写真.jpg": "山田太郎",
        "👩‍🚀/1.jpg": "👩‍🚀",
    }
    source = open_photos(make(tmp_path, expected))
    assert listed(source) == expected
    assert all(source[index].read().startswith(b"\x89PNG") for index in range(len(source)))


@both
def test_a_name_written_the_mac_way_is_the_same_person(make: Maker, tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "José") for form in ("NFC", "NFD"))
    source = open_photos(make(tmp_path, [f"{composed}/1.jpg", f"{decomposed}/2.jpg"]))
    assert set(listed(source).values()) == {composed}
    assert [source[index].read() for index in range(2)] != [], "both are still found"


@both
def test_suffixes_in_any_case(make: Maker, tmp_path: Path) -> None:
    names = ["1.jpg", "2.JPEG", "3.Png", "4.webp", "5.GIF", "6.tif", "7.tiff", "8.bmp", "9.HEIC", "10.heif", "11.jfif"]
    assert set(listed(open_photos(make(tmp_path, names)))) == set(names)


@both
def test_hidden_files_and_what_is_no_photo_are_left_out(make: Maker, tmp_path: Path) -> None:
    noise = [
        ".hidden.jpg",
        "ann/._1.jpg",
        ".thumbnails/1.jpg",
        "ann/.git/1.jpg",
        "__MACOSX/ann/1.jpg",
        "__MACOSX/ann/._1.jpg",
        "ann/.DS_Store",
        "ann/notes.txt",
        "ann/1.jpg.part",
        "ann/Thumbs.db",
        "ann/jpg",
        "video.mp4",
    ]
    paths = [*noise, "ann/1.jpg", "bob/1.jpg"]
    assert listed(open_photos(make(tmp_path, paths))) == {"ann/1.jpg": "ann", "bob/1.jpg": "bob"}


def test_a_source_in_a_hidden_folder_is_taken(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / ".cache" / "people", ["ann/1.jpg"])
    assert listed(open_photos(folder)) == {"ann/1.jpg": "ann"}


def test_a_folder_called_like_a_zip_or_a_photo(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "people.zip", ["ann.jpg/1.jpg"])
    source = open_photos(folder)
    assert source.kind == "folder"
    assert listed(source) == {"ann.jpg/1.jpg": "ann.jpg"}


# --- folders ------------------------------------------------------------------------------------------------------


def test_a_home_folder_may_be_written_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "people", ["1.jpg"])
    make_zip(tmp_path / "people.zip", ["1.jpg"])
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert len(open_photos("~/people")) == 1
    assert len(open_photos("~/people.zip")) == 1


def test_folders_that_cannot_be_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    make_folder(tmp_path / "texts", ["a/notes.txt", ".hidden.jpg"])
    (tmp_path / "file.rar").write_bytes(b"Rar!")
    assert_refused(tmp_path / "empty", str(tmp_path / "empty"), "holds no photos")
    assert_refused(tmp_path / "texts", str(tmp_path / "texts"), "holds no photos")
    assert_refused(tmp_path / "gone", str(tmp_path / "gone"), "does not exist", "check the path")
    assert_refused(tmp_path / "file.rar", str(tmp_path / "file.rar"), "neither a folder nor a zip")
    assert_refused(tmp_path / ("x" * 5000), "check the path")
    assert_refused(tmp_path / "file.rar" / "people", "does not exist")


def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(tmp_path / "people", ["ann/1.jpg", "bob/1.jpg"])
    list_folder = os.scandir

    def scandir(path: Any) -> Any:  # root may read everything, so the refusal is played
        if str(path) == str(tmp_path / "people"):
            raise PermissionError(13, "Permission denied", str(path))
        return list_folder(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert_refused(tmp_path / "people", str(tmp_path / "people"), "may not be read", "permission")


def test_a_folder_that_may_not_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "stat", refuse)
    assert_refused("locked/people", "may not be read", "locked")
    assert_refused("locked/people.zip", "may not be read", "locked")


def test_a_disk_that_goes_away_while_it_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(path: Any) -> Any:
        raise OSError(5, "Input/output error", str(path))

    folder = make_folder(tmp_path / "people", ["ann/1.jpg"])
    monkeypatch.setattr(os, "scandir", scandir)
    assert_refused(folder, str(folder), "Input/output error")


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "people", ["ann/1.jpg"])
    (folder / "ann" / "again").symlink_to(folder, target_is_directory=True)
    (folder / "self").symlink_to(folder / "self")
    (folder / "self.jpg").symlink_to(folder / "self.jpg")
    source = open_photos(folder)
    assert list(listed(source)) == ["ann/1.jpg", "self.jpg"]
    with pytest.raises(OSError, match=r"self\.jpg"):
        source[1].read()
    assert_refused(folder / "self", "self")


def test_a_linked_photo_is_read_and_a_broken_link_is_not(tmp_path: Path) -> None:
    elsewhere = make_folder(tmp_path / "elsewhere", ["1.jpg"])
    folder = make_folder(tmp_path / "people", [])
    (folder / "a.jpg").symlink_to(elsewhere / "1.jpg")
    (folder / "b.jpg").symlink_to(elsewhere / "gone.jpg")
    source = open_photos(folder)
    assert source[0].read() == photo(0)
    with pytest.raises(FileNotFoundError):
        source[1].read()


@both
def test_a_file_too_large_for_a_photo_is_not_read(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = open_photos(make(tmp_path, ["1.jpg"]))
    assert source[0].read() == photo(0)
    monkeypatch.setattr(base, "MAX_PHOTO", len(photo(0)) - 1)
    with pytest.raises(OSError, match="more than the"):
        source[0].read()


def digest(folder: Path) -> dict[str, tuple[str, int, int]]:
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in folder.rglob("*")
    }


def test_reading_changes_nothing(tmp_path: Path) -> None:
    place = tmp_path / "place"
    make_folder(place / "people", ["ann/1.jpg", "ann/notes.txt", "bob/1.jpg", ".hidden/1.jpg"])
    make_zip(place / "people.zip", ["ann/1.jpg", "bob/1.jpg"])
    before = digest(place)
    for source in (open_photos(place / "people"), open_photos(place / "people.zip")):
        assert [source[index].read() for index in range(len(source))]
    unpack_zip(place / "people.zip", tmp_path / "elsewhere")
    assert digest(place) == before
