"""Indexing: what is done, what is left out and why, what a second or a killed run does."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facecluster import Gallery, IndexReport, index_photos, open_photos
from facecluster.errors import Cancelled, GalleryBusyError, GalleryError
from facecluster.indexing.run import IndexProgress
from facecluster.photos.formats import FORMAT_NAMES
from facecluster.photos.originals import read_original
from facecluster.records import Faces
from facecluster.vision.detection import FaceDetector
from facecluster.vision.runtime.openvino_run import shares_processors
from tests.fakes import FakeDetector, FakeEmbedder, write_photo


def index(gallery: Gallery, folder: Path, **options: Any) -> IndexReport:
    fakes: dict[str, Any] = {"detector": FakeDetector(), "embedder": FakeEmbedder()}
    return index_photos(gallery, open_photos(folder), **{**fakes, **options})


def digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(bytes(path) + path.read_bytes() for path in files)).hexdigest()


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery.open(tmp_path / "gallery")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six photos of two people, of which one has no face, one is a copy and one is text."""
    folder = tmp_path / "photos"
    for seed, name in enumerate(["ann/1.png", "ann/2.png", "bob/1.png", "bob/2.png"]):
        write_photo(folder / name, seed)
    shutil.copy(folder / "ann/2.png", folder / "bob/copy.png")
    (folder / "bob/text.jpg").write_text("no image")
    return folder


def counted(report: IndexReport) -> tuple[int, ...]:
    return (report.photos, report.indexed, report.faces, report.no_face)


def left(report: IndexReport) -> tuple[int, ...]:
    return (report.unreadable, report.duplicates, report.skipped)


def test_every_photo_is_accounted_for_with_its_reason(gallery: Gallery, photos: Path) -> None:
    report = index(gallery, photos)
    assert counted(report) == (6, 4, 3, 1)
    assert left(report) == (1, 1, 0)
    reasons = dict(gallery.photos.left_out()[["photo", "reason"]].itertuples(index=False))
    assert reasons == {
        "ann/1.png": "No face of 40 pixels or more was found.",
        "bob/copy.png": "Same content as ann/2.png.",
        "bob/text.jpg": f"text.jpg is not a photo in a format that can be read ({FORMAT_NAMES}).",
    }


def test_faces_carry_the_person_of_their_folder(gallery: Gallery, photos: Path) -> None:
    index(gallery, photos)
    faces = gallery.faces()
    assert faces.table[["path", "person"]].to_numpy().tolist() == [
        ["ann/2.png", "ann"],
        ["bob/1.png", "bob"],
        ["bob/2.png", "bob"],
    ]
    assert faces.table[["x1", "y1", "x2", "y2"]].to_numpy().tolist() == [[24, 20, 72, 60]] * 3
    assert faces.embeddings.shape == (3, 512)
    np.testing.assert_allclose(np.linalg.norm(faces.embeddings, axis=1), 1, atol=1e-6)


def test_a_second_run_does_only_what_is_new(gallery: Gallery, photos: Path) -> None:
    index(gallery, photos)
    again = index(gallery, photos)
    assert (again.indexed, again.skipped, again.duplicates, again.unreadable) == (0, 4, 1, 1)
    write_photo(photos / "cat/1.png", 77)
    third = index(gallery, photos)
    assert (third.photos, third.indexed, third.skipped) == (7, 1, 4)


def test_a_renamed_photo_is_followed_not_done_again(gallery: Gallery, photos: Path) -> None:
    index(gallery, photos)
    (photos / "cat").mkdir()
    (photos / "bob/2.png").rename(photos / "cat/new.png")
    report = index(gallery, photos)
    assert (report.indexed, report.skipped) == (0, 4)
    assert gallery.faces().table[["path", "person"]].to_numpy().tolist()[-1] == ["cat/new.png", "cat"]


def test_a_moved_folder_is_followed(gallery: Gallery, photos: Path, tmp_path: Path) -> None:
    index(gallery, photos)
    moved = photos.rename(tmp_path / "elsewhere")
    report = index(gallery, moved)
    assert (report.indexed, report.skipped, report.duplicates) == (0, 4, 1)
    photo = gallery.faces.get(1).photo
    assert read_original(photo) == (moved / photo.path).read_bytes()


def test_a_replaced_photo_replaces_its_face(gallery: Gallery, photos: Path) -> None:
    index(gallery, photos)
    before = gallery.faces()
    write_photo(photos / "bob/1.png", 50)
    report = index(gallery, photos)
    after = gallery.faces()
    assert (report.indexed, report.skipped, len(after)) == (1, 3, len(before))
    old, new = (faces.embeddings[faces.table["path"] == "bob/1.png"] for faces in (before, after))
    assert not np.allclose(old, new)


def test_copies_of_an_unreadable_photo_are_unreadable(gallery: Gallery, tmp_path: Path) -> None:
    write_photo(tmp_path / "p/a/good.png", 3)
    for name in ("a/1.jpg", "a/2.jpg"):
        (tmp_path / "p" / name).write_text("no image")
    for report in (index(gallery, tmp_path / "p"), index(gallery, tmp_path / "p")):
        assert (report.unreadable, report.duplicates) == (2, 0)
    reasons = gallery.photos.left_out()["reason"].tolist()
    assert [reason.split(" is ")[0] for reason in reasons] == ["1.jpg", "2.jpg"], "each tells its own name"


@pytest.mark.parametrize(("workers", "shares"), [(1, False), (2, True)])
def test_a_lone_worker_has_all_processors_to_itself(
    gallery: Gallery, photos: Path, monkeypatch: pytest.MonkeyPatch, workers: int, shares: bool
) -> None:
    seen = set()
    find = FakeDetector.detect_many

    def look(detector: FakeDetector, images: Any) -> Any:
        seen.add((threading.current_thread().name.split("_")[0], shares_processors()))
        return find(detector, images)

    monkeypatch.setattr(FakeDetector, "detect_many", look)
    index(gallery, photos, workers=workers)
    assert ("faces", shares) in seen
    assert ("faces", not shares) not in seen


@pytest.mark.parametrize(("workers", "batch_size"), [(1, 1), (2, 3), (4, 16)])
def test_neither_workers_nor_batches_change_the_result(
    gallery: Gallery, tmp_path: Path, workers: int, batch_size: int
) -> None:
    for seed in range(1, 20):
        write_photo(tmp_path / "p" / f"person-{seed % 3}" / f"{seed:02}.png", seed)
    index(gallery, tmp_path / "p", workers=workers, batch_size=batch_size)
    reference = Gallery.open(tmp_path / "reference")
    index(reference, tmp_path / "p")
    assert_same_faces(gallery.faces(), reference.faces())


def assert_same_faces(one: Faces, other: Faces) -> None:
    columns = ["path", "person", "main", "x1", "y1", "x2", "y2", "detection_score"]
    assert one.table[columns].to_numpy().tolist() == other.table[columns].to_numpy().tolist()
    np.testing.assert_array_equal(one.embeddings, other.embeddings)


def test_progress_ends_at_the_total_and_tells_the_time_left(gallery: Gallery, photos: Path) -> None:
    told: list[IndexProgress] = []
    index(gallery, photos, on_progress=told.append, batch_size=2)
    assert [progress.done for progress in told] == [2, 4, 6]
    assert {progress.total for progress in told} == {6}
    assert told[-1].seconds_left == 0
    assert all(progress.rate for progress in told)


def test_the_time_left_of_a_run_that_goes_on_counts_the_new_photos_alone(gallery: Gallery, tmp_path: Path) -> None:
    for seed in range(1, 41):
        write_photo(tmp_path / "p" / "Ada" / f"{seed:02}.png", seed)
    index(gallery, tmp_path / "p")
    for seed in range(41, 49):
        write_photo(tmp_path / "p" / "Bo" / f"{seed:02}.png", seed)
    told: list[IndexProgress] = []
    index(gallery, tmp_path / "p", on_progress=told.append, batch_size=4, workers=1)
    known = [progress for progress in told if progress.done <= 40]
    assert {progress.seconds_left for progress in known} == {None}, "known photos say nothing of the new ones"
    assert told[-2].seconds_left is not None
    assert told[-2].rate is not None
    assert told[-2].seconds_left == pytest.approx(4 / told[-2].rate)
    assert told[-1].seconds_left == 0


def test_cancelling_keeps_what_was_done_and_the_next_run_goes_on(gallery: Gallery, photos: Path) -> None:
    with pytest.raises(Cancelled, match="goes on there"):
        index(gallery, photos, batch_size=2, workers=1, cancelled=lambda: True)
    assert gallery.counts().photos == 2
    assert index(gallery, photos).skipped == 2
    assert gallery.counts().photos == 6


def test_two_runs_at_once_are_refused(gallery: Gallery, photos: Path) -> None:
    with gallery.indexing(), pytest.raises(GalleryBusyError, match="being indexed"):
        index(Gallery.open(gallery.path), photos)


def test_another_model_is_refused_and_nothing_changes(gallery: Gallery, photos: Path) -> None:
    class Vggface2(FakeEmbedder):
        model = "vggface2"

    index(gallery, photos)
    revision = gallery.revision
    with pytest.raises(GalleryError, match=r"holds embeddings of casia-webface.*index with --model casia-webface"):
        index(gallery, photos, embedder=Vggface2())
    assert gallery.revision == revision


def test_other_settings_do_the_photos_anew(gallery: Gallery, photos: Path) -> None:
    index(gallery, photos)
    again = index(gallery, photos, faces="all")
    assert (again.indexed, again.skipped) == (4, 0)
    assert gallery.counts().faces == 3


def test_photos_are_never_touched(gallery: Gallery, photos: Path) -> None:
    before = digest(photos)
    times = {path: path.stat().st_mtime_ns for path in photos.rglob("*")}
    index(gallery, photos)
    assert digest(photos) == before
    assert {path: path.stat().st_mtime_ns for path in photos.rglob("*")} == times


def test_a_zip_gives_the_same_faces_as_its_folder(gallery: Gallery, photos: Path, tmp_path: Path) -> None:
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", photos)
    index(gallery, Path(archive))
    reference = Gallery.open(tmp_path / "reference")
    index(reference, photos)
    assert_same_faces(gallery.faces(), reference.faces())
    face = gallery.faces.get(1)
    assert read_original(face.photo) == (photos / face.photo.path).read_bytes()


def test_real_models_keep_the_main_face_or_all(sample_photos: Path, tmp_path: Path) -> None:
    from facecluster.samples.sample_photos import draw_group

    group = tmp_path / "p" / "group"
    group.mkdir(parents=True)
    draw_group([0, 1, 2]).save(group / "group.png")
    for faces, expected in (("largest", 1), ("all", 3)):
        gallery = Gallery.open(tmp_path / faces)
        index_photos(gallery, open_photos(tmp_path / "p"), faces=faces)  # type: ignore[arg-type]
        table = gallery.faces().table
        assert len(table) == expected
        assert table["main"].sum() == 1
        assert table.loc[table["main"] == 1, "person"].tolist() == ["group"]
        assert table.loc[table["main"] == 0, "person"].isna().all()


def test_a_killed_run_is_continued_and_ends_with_the_same_faces(sample_photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    for person in sorted(sample_photos.iterdir())[:5]:
        shutil.copytree(person, folder / person.name)
    whole = Gallery.open(tmp_path / "whole")
    index_photos(whole, open_photos(folder), detector=FaceDetector())
    for photos_before_kill in (1, 33):
        run = _start_index(folder, tmp_path / "killed")
        _wait_for_photos(tmp_path / "killed", photos_before_kill, run)
        run.send_signal(signal.SIGKILL)
        run.wait()
    killed = Gallery.open(tmp_path / "killed")
    kept = killed.counts().photos
    assert kept >= 33
    last = index_photos(killed, open_photos(folder))
    assert last.skipped == kept
    assert_same_faces(killed.faces(), whole.faces())


def _start_index(folder: Path, gallery: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "facecluster", "index", str(folder), "--gallery", str(gallery)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait_for_photos(gallery: Path, photos: int, run: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and run.poll() is None:
        if (gallery / "gallery.db").exists() and Gallery.open(gallery).counts().photos >= photos:
            return
        time.sleep(0.02)
