"""What a gallery tells of its sources: cut off, gone from disk, beside the photos; success means that it is there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from facecluster import Gallery, IndexReport, index_photos, open_photos
from facecluster.errors import Cancelled, GalleryError, NothingThereError
from facecluster.face_settings import FaceSettings
from facecluster.photos.originals import read_original
from facecluster.workflows.known_sources import open_known
from facecluster.workflows.missing import delete_missing
from tests.fakes import FakeDetector, FakeEmbedder, write_photo
from tests.photo_sources import make_zip

ROOT = Path(__file__).resolve().parents[2]


def index(gallery: Gallery, source: Path, **options: Any) -> IndexReport:
    fakes: dict[str, Any] = {"detector": FakeDetector(), "embedder": FakeEmbedder(), "batch_size": 1, "workers": 1}
    return index_photos(gallery, open_photos(source), **{**fakes, **options})


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery.open(tmp_path / "gallery")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three people of two photos each, a copy and a text called a photo."""
    folder = tmp_path / "photos"
    for seed, person in enumerate(("Ann", "Ann", "Bob", "Bob", "Tom Hanks", "Tom Hanks"), start=1):
        write_photo(folder / person / f"{seed}.png", seed)
    shutil.copy(folder / "Ann" / "1.png", folder / "Bob" / "copy.png")
    (folder / "Bob" / "text.jpg").write_text("no image")
    return folder


def missing(gallery: Gallery) -> list[tuple[int, int]]:
    return [(source.missing, source.photos) for source in gallery.sources.missing()]


# --- what is gone from disk -----------------------------------------------------------------------------------------


def test_photos_that_are_gone_are_told_and_stay_until_they_are_removed(gallery: Gallery, photos: Path) -> None:
    assert index(gallery, photos).missing == 0
    shutil.move(photos / "Tom Hanks", photos.parent / "away")
    assert index(gallery, photos).missing == 2
    assert missing(gallery) == [(2, 8)]
    assert "Tom Hanks" in gallery.photos.everybody()
    shutil.move(photos.parent / "away", photos / "Tom Hanks")
    assert index(gallery, photos).missing == 0
    assert missing(gallery) == []
    shutil.rmtree(photos / "Tom Hanks")
    index(gallery, photos)
    assert delete_missing(gallery) == 2
    assert "Tom Hanks" not in gallery.photos.everybody()
    assert (gallery.counts().faces, missing(gallery)) == (4, [])
    assert delete_missing(gallery) == 0


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_what_is_back_at_its_place_is_not_removed_as_missing(kind: str, gallery: Gallery, photos: Path) -> None:
    def put() -> Path:
        return Path(shutil.make_archive(str(photos), "zip", photos)) if kind == "zip" else photos

    index(gallery, put())
    shutil.move(photos / "Tom Hanks", photos.parent / "away")
    index(gallery, put())
    (photos / "Tom Hanks").mkdir()
    shutil.move(photos.parent / "away" / "5.png", photos / "Tom Hanks")
    put()
    assert delete_missing(gallery) == 1
    assert gallery.photos.everybody()["Tom Hanks"] == 1


def test_a_photo_that_was_moved_to_another_place_is_not_missing(gallery: Gallery, photos: Path, tmp_path: Path) -> None:
    index(gallery, photos)
    shutil.move(photos / "Tom Hanks", tmp_path / "other" / "Tom Hanks")
    write_photo(tmp_path / "other" / "Zoe" / "9.png", 9)
    index(gallery, photos)
    assert missing(gallery) == [(2, 8)]
    index(gallery, tmp_path / "other")
    assert missing(gallery) == []


def test_photos_in_a_folder_that_cannot_be_looked_into_are_not_missing(
    gallery: Gallery, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(gallery, photos)
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("/Bob"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    report = index(gallery, photos)
    assert (report.missing, report.left_out) == (0, {"unreadable folders": 1})
    assert gallery.counts().photos == 8, "also the copy and the text stay"


@pytest.mark.parametrize("gone", ["removed", "empty"])
def test_where_nothing_is_left_the_disk_is_asked_for_and_nothing_is_removed(
    gone: str, gallery: Gallery, photos: Path
) -> None:
    index(gallery, photos)
    shutil.rmtree(photos)
    if gone == "empty":
        photos.mkdir()
    with pytest.raises(NothingThereError, match=r"None of the 8 photos .* is there \(is the disk there\?\)"):
        open_known(gallery, photos)
    assert missing(gallery) == [(8, 8)]
    assert gallery.sources.missing()[0].is_disk_in_doubt
    assert "is the disk there?" in str(gallery.sources.missing()[0])
    assert gallery.counts().photos == 8
    with pytest.raises(NothingThereError, match="does not exist: check the path"):
        open_known(gallery, photos.parent / "never known")


# --- what was cut off -----------------------------------------------------------------------------------------------


def test_a_run_that_is_cut_off_is_told_until_it_is_finished(gallery: Gallery, photos: Path) -> None:
    with pytest.raises(Cancelled):
        index(gallery, photos, cancelled=lambda: gallery.counts().photos == 3)
    (source,) = gallery.sources.unfinished()
    assert (source.location, source.done, source.photos, source.name) == (str(photos), 3, 8, "photos")
    assert gallery.sources.settings(source.id) == FaceSettings("largest", 40, 0.9)
    index(gallery, photos)
    assert gallery.sources.unfinished() == []


def test_an_unfinished_source_can_be_dismissed(gallery: Gallery, photos: Path) -> None:
    with pytest.raises(Cancelled):
        index(gallery, photos, cancelled=lambda: True)
    gallery.dismiss_unfinished(gallery.sources.unfinished()[0].id)
    assert gallery.sources.unfinished() == []
    assert gallery.counts().photos == 1


def test_a_killed_run_is_unfinished(sample_photos: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "facecluster", "index", str(sample_photos), "--gallery", str(tmp_path / "g")]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    while run.poll() is None:
        if (tmp_path / "g" / "gallery.db").exists() and Gallery.open(tmp_path / "g").counts().photos:
            break
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    (source,) = Gallery.open(tmp_path / "g").sources.unfinished()
    assert 0 < source.done < source.photos == 144


# --- success means that it is there -----------------------------------------------------------------------------------


def remove(gallery: Gallery) -> None:
    shutil.rmtree(gallery.path)


def remove_file(gallery: Gallery) -> None:
    (gallery.path / "gallery.db").unlink()


def replace(gallery: Gallery) -> None:
    shutil.copy(gallery.path / "gallery.db", gallery.path / "copy.db")
    os.replace(gallery.path / "copy.db", gallery.path / "gallery.db")


@pytest.mark.parametrize("vanish", [remove, remove_file, replace])
@pytest.mark.parametrize("after", [2, 8], ids=["in the middle", "after the last batch"])
@pytest.mark.parametrize("again", [False, True], ids=["new", "known"])
def test_a_gallery_that_goes_away_while_photos_are_added_is_no_success(
    vanish: Any, after: int, again: bool, gallery: Gallery, photos: Path
) -> None:
    if again:
        index(gallery, photos)

    def tell(progress: Any) -> None:
        if progress.done == after:
            vanish(gallery)

    with pytest.raises(GalleryError, match="was removed or replaced while it was in use"):
        index(gallery, photos, on_progress=tell)


# --- what is no photo -------------------------------------------------------------------------------------------------


def test_what_was_left_out_is_kept_with_the_source_and_told_anew(
    gallery: Gallery, photos: Path, tmp_path: Path
) -> None:
    (photos / "Ann" / "v.mp4").write_bytes(b"x")
    (photos / "@eaDir").mkdir()
    report = index(gallery, photos)
    assert report.left_out == {"system folders": 1, "videos": 1}
    index(gallery, make_zip(tmp_path / "more.zip", ["Zoe/1.png", "Yan/2.png", "w.mp4"]))
    kinds = {kind.kind: (kind.files, kind.example) for kind in gallery.sources.left_out_files()}
    assert kinds == {
        "system folders": (1, f"{photos}/@eaDir"),
        "videos": (2, f"{tmp_path}/more.zip/w.mp4"),
    }
    (photos / "Ann" / "v.mp4").unlink()
    (photos / "@eaDir").rmdir()
    index(gallery, photos)
    assert {kind.kind: kind.files for kind in gallery.sources.left_out_files()} == {"videos": 1}
    gallery.delete_all()
    assert gallery.sources.left_out_files() == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has file names of any bytes")
def test_a_photo_whose_name_is_no_utf8_is_found_again(gallery: Gallery, photos: Path) -> None:
    name = os.fsdecode(b"Zo\xeb")
    write_photo(photos / "Ann" / "7.png", 7)
    (photos / "Ann" / "7.png").rename(photos / os.fsdecode(b"7\xff.png"))
    (photos / name).mkdir()
    shutil.move(write_photo(photos / "8.png", 8), photos / name / "8.png")
    index(gallery, photos)
    assert index(gallery, photos).skipped == 8
    assert "Zoë" in gallery.photos.everybody()
    (photo,) = gallery.photos.at("Zo\\xeb/8.png")
    assert read_original(photo) == (photos / name / "8.png").read_bytes()
    assert gallery.photos.at(f"{photos}/7\\xff.png")
    shutil.rmtree(photos / name)
    assert index(gallery, photos).missing == 1
