"""The gallery on disk: what goes in comes out, and what is deleted is gone from the bytes."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import zlib
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from facecluster import Gallery
from facecluster.errors import GalleryError, PhotoError
from facecluster.face_settings import FaceSettings
from facecluster.photos.originals import read_original
from facecluster.records import NewFace, NewPhoto
from facecluster.workflows.cluster import cluster_gallery


def new_photo(path: str, person: str | None, marker: str = "") -> NewPhoto:
    vector = np.random.default_rng(zlib.crc32(path.encode())).standard_normal(512).astype(np.float32)
    vector /= np.linalg.norm(vector)
    landmarks = np.arange(10, dtype=np.float32).reshape(5, 2)
    face = NewFace(
        np.array([1, 2, 3, 4], np.float32), landmarks, 0.9, True, b"jpeg " + marker.encode(), vector, "eager"
    )
    return NewPhoto(path, f"sha-{path}", 10, "indexed", FaceSettings(), person, width=9, height=8, faces=(face,))


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    gallery = Gallery.open(tmp_path / "gallery")
    source = gallery.sources.add("folder", str(tmp_path / "photos"), "photos")
    photos = [new_photo(f"{person}/{n}.jpg", person, f"secret-{person}") for person in ("ann", "bob") for n in range(3)]
    gallery.photos.add(source, photos, "casia-webface")
    return gallery


def test_a_face_comes_out_as_it_went_in(gallery: Gallery) -> None:
    face = gallery.faces.get(1)
    assert (face.person, face.is_main, face.box, face.model, face.runtime) == (
        "ann", True, (1, 2, 3, 4), "casia-webface", "eager"
    )  # fmt: skip
    np.testing.assert_array_equal(face.landmarks, np.arange(10).reshape(5, 2))
    assert gallery.faces.crops([1, 2]) == {1: b"jpeg secret-ann", 2: b"jpeg secret-ann"}
    assert gallery.counts().people == 2


def test_every_change_raises_the_revision(gallery: Gallery) -> None:
    before = gallery.revision
    cluster_gallery(gallery, 2)
    after = gallery.revision
    gallery.clusterings.name(0, "Somebody")
    assert before < after < gallery.revision


def test_a_gallery_made_anew_in_the_same_place_never_passes_for_the_one_before(tmp_path: Path) -> None:
    revisions = set()
    for _ in range(3):
        gallery = Gallery.open(tmp_path / "gallery")
        revisions.add(gallery.revision)
        gallery.sources.add("folder", "/photos", "photos")
        revisions.add(gallery.revision)
        gallery.close()
        shutil.rmtree(tmp_path / "gallery")
    assert len(revisions) == 6


def test_an_empty_gallery_has_empty_tables(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "new")
    faces = gallery.faces()
    assert len(faces) == 0
    assert faces.embeddings.shape == (0, 512)
    assert gallery.clusterings.table().empty
    assert gallery.photos.left_out().empty
    assert gallery.clusterings.current() is None
    assert gallery.counts().photos == 0


def test_clusters_are_summarised(gallery: Gallery) -> None:
    cluster_gallery(gallery, 1)
    table = gallery.clusterings.table()
    row = table.iloc[0]
    assert len(table) == 1
    assert (row["cluster"], row["faces"], row["person"], row["purity"], row["people"]) == (0, 6, "ann", 0.5, 2)


def test_a_clusters_faces_come_in_pages_by_distance(gallery: Gallery) -> None:
    cluster_gallery(gallery, 1)
    nearest = [gallery.clusterings.faces_of(0, limit=4, offset=offset) for offset in (0, 4)]
    assert [len(page) for page in nearest] == [4, 2]
    together = [face for page in nearest for face in page["face"]]
    similarity = [value for page in nearest for value in page["similarity"]]
    assert similarity == sorted(similarity, reverse=True)
    farthest = gallery.clusterings.faces_of(0, order="farthest")
    assert sorted(farthest["face"]) == sorted(together) == [1, 2, 3, 4, 5, 6]


def test_names_of_clusters_survive_clustering_again(gallery: Gallery) -> None:
    first = cluster_gallery(gallery, 6)
    cluster = int(first.labels[first.faces.tolist().index(4)])
    gallery.clusterings.name(cluster, "  Bob's aunt ")
    again = cluster_gallery(gallery, 6, seed=9)
    assert again.names == {int(again.labels[again.faces.tolist().index(4)]): "Bob's aunt"}
    gallery.clusterings.name(next(iter(again.names)), "")
    stored = gallery.clusterings.current()
    assert stored is not None
    assert stored.names == {}


def test_deleting_a_person_removes_the_bytes_and_nobody_else(gallery: Gallery, tmp_path: Path) -> None:
    copy = gallery.uploads / "zip" / "ann" / "0.jpg"
    gallery.copies.write(copy, [b"secret-ann"])
    gallery.photos.add(
        gallery.sources.add("folder", str(gallery.uploads / "zip"), "zip"), [new_photo("ann/0.jpg", "ann")], "m"
    )
    original = tmp_path / "photos" / "ann" / "0.jpg"
    original.parent.mkdir(parents=True)
    original.write_bytes(b"original")
    clustered = gallery.clusterings.save(replace(cluster_gallery(gallery, 2), created="2020-01-02 03:04:05"))
    ann = clustered.faces <= 3
    shared = [clustered.centers[label].tobytes() for label in set(clustered.labels[ann].tolist())]
    assert b"secret-ann" in everything(gallery.path)
    assert gallery.delete_person("ann") == 4
    assert not [center for center in shared if center in everything(gallery.path)]
    left = everything(gallery.path)
    assert b"secret-ann" not in left
    assert b"ann/" not in left
    assert b"secret-bob" in left
    assert original.read_bytes() == b"original"
    assert gallery.faces().table["person"].unique().tolist() == ["bob"]
    clustering = gallery.clusterings.current()
    assert clustering is not None
    assert len(clustering.faces) == 3
    assert clustering.created == clustered.created
    np.testing.assert_allclose(
        clustering.centers,
        [gallery.faces().embeddings[clustering.labels == label].mean(axis=0) for label in range(clustering.n_clusters)],
        atol=1e-6,
    )


def test_clusters_keep_their_names_when_one_goes_with_its_person(gallery: Gallery) -> None:
    clustering = cluster_gallery(gallery, 2)
    of_ann, of_bob = (int(clustering.labels[clustering.faces.tolist().index(face)]) for face in (1, 4))
    labels = np.where(clustering.faces <= 3, 0, 1).astype(np.int32)
    centers = clustering.centers[[of_ann, of_bob]]
    gallery.clusterings.save(replace(clustering, labels=labels, centers=centers))
    gallery.clusterings.name(1, "Bob's")
    gallery.delete_person("ann")
    left = gallery.clusterings.current()
    assert left is not None
    assert left.names == {0: "Bob's"}
    assert left.labels.tolist() == [0, 0, 0]


def test_a_deletion_that_fails_on_its_way_deletes_nothing(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster_gallery(gallery, 2)
    with monkeypatch.context() as patch:
        patch.setattr("facecluster.gallery.deletion.centers_of", Mock(side_effect=MemoryError))
        with pytest.raises(MemoryError):
            gallery.delete_person("ann")
    assert sorted(gallery.faces().table["person"].unique()) == ["ann", "bob"]
    assert gallery.delete_person("ann") == 3


def test_deleting_everything_removes_the_bytes(gallery: Gallery) -> None:
    gallery.copies.write(gallery.uploads / "x" / "copy.jpg", [b"secret"])
    cluster_gallery(gallery, 2)
    gallery.delete_all()
    assert b"secret" not in everything(gallery.path)
    assert not gallery.uploads.exists()
    assert gallery.counts().photos == 0
    assert gallery.model is None


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_nobody_of_that_name(gallery: Gallery) -> None:
    with pytest.raises(GalleryError, match="nobody named Zoe"):
        gallery.delete_person("Zoe")


def test_threads_and_openings_see_the_same_gallery(gallery: Gallery) -> None:
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(gallery.counts().faces)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [6] * 4
    assert Gallery.open(gallery.path).counts() == gallery.counts()


def test_a_missing_gallery_is_not_made_when_only_read(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match=r"There is no gallery in .*index photos into it first"):
        Gallery.open(tmp_path / "typo", create=False)
    assert not (tmp_path / "typo").exists()


def test_a_file_that_is_no_gallery_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "gallery.db").write_bytes(b"something else entirely, and long enough for a header" * 40)
    before = (tmp_path / "gallery.db").read_bytes()
    with pytest.raises(GalleryError, match="is no gallery, or is damaged"):
        Gallery.open(tmp_path)
    assert (tmp_path / "gallery.db").read_bytes() == before


def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GalleryError, match="cannot be made"):
        Gallery.open(tmp_path / "file")


def test_a_newer_gallery_is_refused(gallery: Gallery) -> None:
    connection = sqlite3.connect(gallery.path / "gallery.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(GalleryError, match="made by a newer facecluster: update"):
        Gallery.open(gallery.path)


def test_a_photo_that_is_gone_is_named_with_its_folder(gallery: Gallery) -> None:
    with pytest.raises(PhotoError, match=r"ann/0.jpg is no longer in .*photos: put it back"):
        read_original(gallery.faces.get(1).photo)


def test_the_default_gallery_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FACECLUSTER_HOME", str(tmp_path / "mine"))
    assert Gallery.open().path == tmp_path / "mine"
