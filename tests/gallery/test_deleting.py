"""Deleting: nothing of whom was deleted stays in the file or among the copies, and nothing of the others goes."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from facecluster import Gallery, index_photos, open_photos
from facecluster.clustering.face_clusterer import FaceClusterer
from facecluster.errors import Cancelled, GalleryError
from facecluster.face_settings import FaceSettings, FacesToKeep
from facecluster.indexing.run import IndexReport
from facecluster.records import NewFace, NewPhoto
from facecluster.workflows.cluster import cluster_gallery
from tests.fakes import FakeDetector, FakeEmbedder, write_copy, write_photo
from tests.galleries import edit

SECRET = "Tom Secret"


def index(
    gallery: Gallery, source: Path, stop: bool = False, min_score: float = 0.9, faces: FacesToKeep = "largest"
) -> IndexReport:
    detector = FakeDetector()
    detector.min_score = min_score
    return index_photos(
        gallery,
        open_photos(source),
        faces=faces,
        detector=detector,  # type: ignore[arg-type]
        embedder=FakeEmbedder(),  # type: ignore[arg-type]
        batch_size=1,
        workers=1,
        cancelled=lambda: stop,
    )


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery.open(tmp_path / "gallery")


@pytest.fixture
def upload(gallery: Gallery) -> Path:
    """An unpacked zip: three photos of Tom, of which one lies in Zoe's folder too, and others of Zoe and Brad."""
    folder = gallery.uploads / "0123456789ab" / "party"
    for number in range(1, 4):
        write_copy(gallery, folder / SECRET / f"{number}.png", number)
    write_copy(gallery, folder / "Brad" / "1.png", 4)
    write_copy(gallery, folder / "Zoe" / "1.png", 5)
    write_copy(gallery, folder / "Zoe" / "2.png", 1)
    return folder


def traces(gallery: Gallery, name: str = SECRET) -> list[str]:
    """Where a name still stands: files with it in their bytes, and paths."""
    files = [path for path in gallery.path.rglob("*") if path.is_file() and name.encode() in path.read_bytes()]
    return [str(path) for path in files] + [str(path) for path in gallery.path.rglob("*") if name in str(path)]


def test_no_trace_of_a_deleted_person_is_left(gallery: Gallery, upload: Path) -> None:
    index(gallery, upload)
    cluster_gallery(gallery)
    assert traces(gallery)
    assert gallery.delete_person(SECRET) == 3
    assert traces(gallery) == []
    assert sorted(path.relative_to(upload).as_posix() for path in upload.rglob("*.png")) == [
        "Brad/1.png",
        "Zoe/1.png",
        "Zoe/2.png",
    ]


def test_a_deleted_face_leaves_no_bytes_and_does_not_come_back(gallery: Gallery, upload: Path) -> None:
    index(gallery, upload)
    cluster_gallery(gallery)
    faces, before = gallery.faces(), gallery.counts()
    gone = int(faces.ids[0])
    crop = gallery.faces.crops([gone])[gone]
    # Long contents are spread over pages of the file, so a piece of each is looked for.
    bytes_of = [crop[len(crop) // 2 :][:48], faces.embeddings[0].tobytes()[:400]]
    assert all(held_in_file(gallery, part) for part in bytes_of)
    assert gallery.delete_faces([gone, 999]) == 1
    assert not any(held_in_file(gallery, part) for part in bytes_of)
    index(gallery, upload)
    after = gallery.counts()
    assert (after.photos, after.faces, after.no_face) == (before.photos, before.faces - 1, before.no_face + 1)
    assert "Its face was deleted by hand." in gallery.photos.left_out()["reason"].tolist()
    clustering = gallery.clusterings.current()
    assert clustering is not None
    assert gone not in clustering.faces.tolist()
    assert len(clustering.faces) == after.faces
    for cluster, center in enumerate(clustering.centers):
        members = gallery.faces.embeddings_of(clustering.faces[clustering.labels == cluster])
        assert np.allclose(center, members.mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("settings", ["", "largest/40"], ids=["today's", "from before there was a least score"])
def test_a_deleted_face_stays_away_though_its_photo_is_renamed_copied_and_indexed_with_other_settings(
    gallery: Gallery, tmp_path: Path, settings: str
) -> None:
    photos = tmp_path / "photos"
    for number in range(1, 4):
        write_photo(photos / f"{number}.png", number)
    index(gallery, photos)
    if settings:
        edit(gallery.path, "UPDATE photos SET settings = ?", settings)
    revision = gallery.revision
    gallery.delete_faces(gallery.faces().ids[:1].tolist())
    assert gallery.revision > revision
    index(gallery, photos)
    (photos / "1.png").rename(photos / "9.png")
    index(gallery, photos)
    shutil.copy(photos / "9.png", photos / "copy.png")
    index(gallery, photos)
    index(gallery, photos, faces="all")
    (photos / "9.png").unlink()
    report = index(gallery, photos, min_score=0.8)
    assert report.photos == report.indexed + report.skipped + report.duplicates + report.unreadable == 3
    assert (gallery.counts().photos, gallery.counts().faces) == (3, 2)
    assert gallery.photos.left_out()[["photo", "reason"]].to_numpy().tolist() == [
        ["copy.png", "Its face was deleted by hand."]
    ]
    [found] = gallery.photos.at("copy.png")
    assert gallery.delete_photos([found.id]) == 1
    index(gallery, photos)
    assert gallery.counts().faces == 3, "a photo that was deleted whole may come back"


def test_of_two_faces_on_a_photo_one_is_deleted_and_the_other_stays(gallery: Gallery, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photos" / "1.png", 1)
    source = open_photos(photo.parent)
    sha256 = hashlib.sha256(photo.read_bytes()).hexdigest()
    faces = tuple(
        NewFace(np.zeros(4, np.float32), np.zeros((5, 2), np.float32), 0.99, main, b"jpeg", np.eye(512)[main], "fake")
        for main in (True, False)
    )
    added = gallery.sources.add(source.kind, source.location, source.name)
    gallery.photos.add(
        added, [NewPhoto("1.png", sha256, 1, "indexed", FaceSettings("all"), faces=faces)], "casia-webface"
    )
    kept, gone = gallery.faces().ids.tolist()
    gallery.delete_faces([gone])
    assert index(gallery, photo.parent).skipped == 1
    assert gallery.faces().ids.tolist() == [kept]
    assert gallery.photos.left_out().empty


def held_in_file(gallery: Gallery, part: bytes) -> bool:
    return any(part in path.read_bytes() for path in gallery.path.glob("gallery.db*"))


def test_a_photo_that_a_deleted_person_shared_is_told_and_found_at_the_next_index(
    gallery: Gallery, upload: Path
) -> None:
    index(gallery, upload)
    assert gallery.photos.left_out()["reason"].tolist() == [f"Same content as {SECRET}/1.png."]
    gallery.delete_person(SECRET)
    assert gallery.photos.left_out()[["photo", "reason"]].to_numpy().tolist() == [
        [
            "Zoe/2.png",
            "Same content as a photo that the gallery no longer holds: add its folder or zip again to find its face.",
        ]
    ]
    index(gallery, upload)
    assert sorted(gallery.faces().persons) == ["Brad", "Zoe", "Zoe"]
    assert traces(gallery) == []


def test_a_name_in_the_stored_reason_of_an_older_gallery_goes_too(gallery: Gallery, upload: Path) -> None:
    index(gallery, upload)
    source = gallery.sources.add("folder", "/photos", "photos")
    copy = NewPhoto("Zoe/copy.png", "sha", 1, "duplicate", None, "Zoe", f"Same content as {SECRET}/1.png.")
    gallery.photos.add(source, [copy], "casia-webface")
    gallery.delete_person(SECRET)
    assert traces(gallery) == []


def test_photos_that_a_cancelled_upload_left_unindexed_go_with_their_person(gallery: Gallery, upload: Path) -> None:
    with pytest.raises(Cancelled):
        index(gallery, upload, stop=True)
    write_copy(gallery, upload / "team" / SECRET / "9.png", 9)
    write_copy(gallery, gallery.uploads / "ba9876543210" / "other" / SECRET / "8.png", 8)
    source = gallery.sources.add("folder", "/photos", "photos")
    gallery.photos.add(source, [NewPhoto("1.png", "sha", 1, "no_face", None, SECRET)], "casia-webface")
    gallery.delete_person(SECRET)
    assert traces(gallery) == []
    assert len(list(gallery.uploads.rglob("*.png"))) == 3
    assert [path.name for path in gallery.uploads.iterdir()] == ["0123456789ab"]


def test_known_photos_of_nobody_stay_though_their_zip_is_called_after_the_person(
    gallery: Gallery, upload: Path
) -> None:
    flat = gallery.uploads / "ba9876543210" / SECRET
    write_copy(gallery, flat / "1.png", 7)
    index(gallery, upload)
    index(gallery, flat)
    gallery.delete_person(SECRET)
    assert (flat / "1.png").exists()
    assert not (upload / SECRET).exists()


def test_copies_go_from_a_gallery_behind_a_link(tmp_path: Path, upload: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gallery")
    gallery = Gallery.open(tmp_path / "link")
    index(gallery, gallery.uploads / "0123456789ab" / "party")
    gallery.delete_person(SECRET)
    assert not (upload / SECRET).exists()


def test_rows_that_the_file_shared_out_anew_leave_no_copy_behind(gallery: Gallery) -> None:
    rng = np.random.default_rng(2)
    names = [f"{SECRET} {number:02} {'x' * rng.integers(120)}" for number in range(26)]
    order = rng.permutation(np.repeat(np.arange(26), 8))
    photos = [
        NewPhoto(f"{names[who]}/{row}.jpg", rng.bytes(32).hex(), 1, "no_face", None, names[who])
        for row, who in enumerate(order)
    ]
    source = gallery.sources.add("folder", "/photos", "photos")
    gallery.photos.add(source, photos, "casia-webface")
    for photo in range(1, len(photos), 3):
        name = names[rng.integers(26)]
        gallery.photos.move(gallery.photos.get(photo), source, f"{name}/moved {photo}.jpg", name)
    for name in names[:20]:
        gallery.delete_person(name)
        assert traces(gallery, name) == []


def test_everything_goes_though_the_file_cannot_be_written_anew(gallery: Gallery, upload: Path) -> None:
    index(gallery, upload)
    gallery._database.connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)  # which VACUUM cannot do without
    with pytest.raises(GalleryError, match=r"gallery.db, which could not be written anew .*: free some space, and"):
        gallery.delete_all()
    assert not gallery.uploads.exists()
    assert gallery.counts().photos == 0
    assert (gallery.path / "gallery.db-wal").stat().st_size == 0


def test_a_reader_that_keeps_the_log_from_being_emptied_is_told(gallery: Gallery, upload: Path) -> None:
    index(gallery, upload)
    gallery._database.connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(gallery.path / "gallery.db")
    reading = other.execute("SELECT * FROM photos")
    reading.fetchone()
    with pytest.raises(GalleryError, match=r"may be left in gallery.db-wal .*: close all programs that use it"):
        gallery.delete_person(SECRET)
    assert not (upload / SECRET).exists()
    assert traces(gallery)
    reading.close()
    other.close()
    gallery.close()
    assert traces(gallery) == []


def test_a_copy_that_cannot_be_removed_is_named_once_the_rest_is_gone(
    gallery: Gallery, upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, unlink = upload / SECRET / "2.png", os.unlink

    def refuse(path: Path, **options: int | None) -> None:
        if Path(path) == stuck:
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, **options)

    index(gallery, upload)
    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(GalleryError, match=r"but .*2.png could not be removed \(Permission denied\): remove it yours"):
        gallery.delete_person(SECRET)
    assert [path.name for path in (upload / SECRET).iterdir()] == ["2.png"]
    assert sorted(gallery.faces().persons) == ["Brad", "Zoe"]
    monkeypatch.undo()
    assert traces(Gallery.open(gallery.path)) == []


def test_a_clustering_that_a_deletion_overtook_is_not_kept_and_says_so(
    gallery: Gallery, upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(gallery, upload)
    before = cluster_gallery(gallery, 2)
    fit = FaceClusterer.fit

    def delete_meanwhile(model: FaceClusterer, embeddings: np.ndarray) -> FaceClusterer:
        Gallery.open(gallery.path).delete_person(SECRET)
        return fit(model, embeddings)

    monkeypatch.setattr(FaceClusterer, "fit", delete_meanwhile)
    with pytest.raises(GalleryError, match=r"^Faces of .*gallery.db were deleted or found anew .*: run it again.$"):
        cluster_gallery(gallery, 2)
    monkeypatch.undo()
    kept = gallery.clusterings.current()
    assert kept is not None
    assert set(kept.faces.tolist()) == set(before.faces.tolist()) & set(gallery.faces().ids.tolist())
    assert len(cluster_gallery(gallery, 2).faces) == 2
