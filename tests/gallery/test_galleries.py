"""Several galleries below one home: their list, new ones, other names, and what is no gallery of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from facecluster.errors import GalleryError
from facecluster.gallery.galleries import (
    MAIN,
    MAX_NAME,
    GalleryEntry,
    create_gallery,
    gallery_keys,
    gallery_path,
    list_galleries,
    rename_gallery,
    sample_gallery,
)
from facecluster.gallery.gallery import Gallery


def names(home: Path) -> list[str]:
    return [entry.name for entry in list_galleries(home)]


def test_a_new_home_has_its_main_gallery_alone(tmp_path: Path) -> None:
    assert list_galleries(tmp_path / "home") == [GalleryEntry(MAIN, "home")]
    assert not (tmp_path / "home").exists(), "looking makes nothing"
    assert gallery_path(tmp_path, MAIN) == tmp_path


def test_galleries_are_made_listed_and_renamed(tmp_path: Path) -> None:
    keys = [create_gallery(tmp_path, name) for name in (" Żółw  2024 ", "alps", "zo\u0301w 2024", "照片")]
    assert names(tmp_path) == [tmp_path.name, "alps", "zów 2024", "Żółw 2024", "照片"]
    assert len(set(keys)) == 4
    rename_gallery(tmp_path, keys[1], "Alps 2025")
    rename_gallery(tmp_path, MAIN, "Family")
    assert names(tmp_path)[:2] == ["Family", "Alps 2025"]
    path = gallery_path(tmp_path, keys[1])
    assert Gallery.open(path).name == "Alps 2025"
    assert path.stat().st_mode & 0o077 == 0, "nobody else's business"
    Gallery.open(path).delete_all()
    assert names(tmp_path)[1] == "Alps 2025", "empty, it is still called so"


@pytest.mark.parametrize(
    ("name", "told"),
    [(" \t", "Give the gallery a name"), ("x" * (MAX_NAME + 1), "at most 60"), ("ALPS", "called ALPS already")],
)
def test_a_name_that_cannot_be_is_refused_in_a_sentence(tmp_path: Path, name: str, told: str) -> None:
    create_gallery(tmp_path, "Alps")
    other = create_gallery(tmp_path, "Other")
    for attempt in (lambda: create_gallery(tmp_path, name), lambda: rename_gallery(tmp_path, other, name)):
        with pytest.raises(GalleryError, match=told):
            attempt()
    assert names(tmp_path)[1:] == ["Alps", "Other"]
    rename_gallery(tmp_path, other, "OTHER")


@pytest.mark.parametrize("key", ["..", "../../etc", "/etc", "absent", "link", "empty", "."])
def test_only_what_is_listed_is_a_gallery(tmp_path: Path, key: str) -> None:
    home = tmp_path / "home"
    create_gallery(home, "Alps")
    Gallery.open(tmp_path / "elsewhere").close()
    (home / "galleries" / "link").symlink_to(tmp_path / "elsewhere")
    (home / "galleries" / "empty").mkdir()
    assert gallery_keys(home) == [MAIN, "alps"]
    with pytest.raises(GalleryError, match="no such gallery"):
        gallery_path(home, key)


def test_the_sample_people_have_one_gallery_whatever_it_is_called(tmp_path: Path) -> None:
    taken = create_gallery(tmp_path, "Sample people ")
    key = sample_gallery(tmp_path)
    assert key != taken, "one that an analyst made may hold anybody"
    rename_gallery(tmp_path, key, "Drawn")
    assert sample_gallery(tmp_path) == key
    assert names(tmp_path)[1:] == ["Drawn", "Sample people"]


def test_a_gallery_that_cannot_be_opened_is_called_after_its_folder(tmp_path: Path) -> None:
    key = create_gallery(tmp_path, "Alps")
    (gallery_path(tmp_path, key) / "gallery.db").write_bytes(b"no database at all" * 100)
    assert names(tmp_path)[1:] == ["alps"]
