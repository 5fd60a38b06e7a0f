"""A process that dies while it deletes or unpacks: what it began is ended, and nothing is left that no list names."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from facecluster import Gallery, index_photos, open_photos
from facecluster.workflows.add_photos import add_photos
from facecluster.workflows.cluster import cluster_gallery
from facecluster.workflows.jobs import Job
from facecluster.workflows.uploads import UploadedZip
from tests.fakes import FakeDetector, FakeEmbedder, write_copy, write_photo
from tests.galleries import edit
from tests.killing import is_killed_at

SECRET = "Tom Secret"
# A step that shares no factor with the lines of loops, so that over the rounds every part of them is met.
STEP = 11

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are killed in a fork, which Windows lacks")


class Detector(FakeDetector):
    def load(self) -> None: ...


class Embedder(FakeEmbedder):
    def load(self) -> None: ...


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A closed gallery with uploads of two people, and a file of the user's among them."""
    gallery = Gallery.open(tmp_path / "made")
    folder = gallery.uploads / "0123456789ab" / "party"
    for number in range(1, 4):
        write_copy(gallery, folder / SECRET / f"{number}.png", number)
        write_copy(gallery, folder / "Zoe" / f"{number}.png", number + 3)
    write_photo(gallery.uploads / "mine" / "own.png", 9)
    index_photos(gallery, open_photos(folder), detector=FakeDetector(), embedder=FakeEmbedder())  # type: ignore[arg-type]
    cluster_gallery(gallery)
    gallery.close()
    return gallery.path


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> list[str]:
    """Files with the deleted person's name in their bytes or path."""
    found = [path for path in folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    return [str(path) for path in found] + [path for path in map(str, folder.rglob("*")) if SECRET in path]


def fresh(made: Path, place: Path) -> Path:
    """A copy of the gallery whose photos lie in it."""
    shutil.rmtree(place, ignore_errors=True)
    made.rename(place) if not made.exists() else shutil.copytree(made, place)
    edit(place, "UPDATE sources SET location = ?", str(place / "uploads" / "0123456789ab" / "party"))
    return place


def test_a_deletion_of_a_person_that_is_killed_anywhere_ends_at_the_next_opening(made: Path, tmp_path: Path) -> None:
    kills = undone = 0
    for line in range(1, 10_000, STEP):
        place = fresh(made, tmp_path / "gallery")
        if not is_killed_at(line, lambda place=place: Gallery.open(place).delete_person(SECRET)):  # type: ignore[misc]
            break
        kills += 1
        gallery = Gallery.open(place)
        assert gallery.photos.everybody().get("Zoe") == 3
        assert (place / "uploads" / "mine" / "own.png").exists()
        if SECRET in gallery.photos.everybody():  # it was not recorded yet: all of it is still there
            undone += 1
            assert gallery.photos.everybody()[SECRET] == 3
            assert len(files(place / "uploads")) == 7
        else:
            assert names(place) == []
            assert len(files(place / "uploads")) == 4
        gallery.close()
    assert kills > 20
    assert 0 < undone < kills


def test_a_deletion_of_everything_that_is_killed_anywhere_ends_at_the_next_opening(made: Path, tmp_path: Path) -> None:
    kills = 0
    for line in range(1, 10_000, STEP):
        place = fresh(made, tmp_path / "gallery")
        if not is_killed_at(line, lambda place=place: Gallery.open(place).delete_all()):  # type: ignore[misc]
            break
        kills += 1
        gallery = Gallery.open(place)
        if gallery.counts().photos:
            assert gallery.counts().photos == 6
            assert len(files(place / "uploads")) == 7
        else:
            assert names(place) == []
            assert files(place / "uploads") == {"mine/own.png"}
        gallery.close()
    assert kills > 20


def test_an_upload_that_is_killed_anywhere_leaves_nothing_that_is_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # OpenMP, which clustering uses, does not work in a fork.
    monkeypatch.setattr("facecluster.workflows.add_photos._cluster_anew", lambda *_: None)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        for number in range(1, 4):
            photo = write_photo(tmp_path / "photos" / f"{number}.png", number)
            archive.write(photo, f"{SECRET}/{number}.png")

    def upload(place: Path) -> None:
        add_photos(
            Gallery.open(place),
            UploadedZip("party.zip", zipped),
            Job("Adding"),
            detector=Detector(),  # type: ignore[arg-type]
            embedder=Embedder(),  # type: ignore[arg-type]
        )

    kills = begun = kept = 0
    for line in range(1, 20_000, 4 * STEP + 1):
        place = tmp_path / "gallery"
        shutil.rmtree(place, ignore_errors=True)
        if not is_killed_at(line, lambda place=place: upload(place)):  # type: ignore[misc]
            break
        kills += 1
        gallery = Gallery.open(place)
        listed = {gallery.copies.path(copy.file).removeprefix("uploads/") for copy in gallery.copies.all()}
        assert files(place / "uploads") == listed
        if gallery.counts().photos:
            begun += 1
            assert len(listed) == 3
            gallery.delete_person(SECRET)
        elif unfinished := gallery.sources.unfinished():  # kept, so that it goes on without a second upload
            kept += 1
            assert any(name.endswith(".zip") for name in listed) or len(listed) == 3
            for source in unfinished:
                gallery.dismiss_unfinished(source.id)
        assert names(place) == []
        assert not (place / "uploads").exists()
        gallery.close()
    assert kills > 20
    assert kept
    assert 0 < begun < kills
