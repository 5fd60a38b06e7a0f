"""A disk that is full: the truth is told, nothing that was stored is lost, and deleting makes room on it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from facecluster import Gallery
from facecluster.errors import DiskFullError, GalleryError
from facecluster.face_settings import FaceSettings
from facecluster.records import Clustering, NewFace, NewPhoto
from facecluster.workflows.cluster import cluster_gallery
from tests.fakes import write_copy
from tests.people import draw_people

MEGABYTE = 2**20
SENTENCE = r"^The disk that holds .*gallery.db is full: free some space and run again; the gallery is as it was.$"

Disk = Callable[[int], Path]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    """Makes disks of some megabytes, which only root may."""
    mounted: list[Path] = []

    def mount(megabytes: int) -> Path:
        place = tmp_path / f"disk-{len(mounted)}"
        place.mkdir()
        options = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
        if os.name != "posix" or os.geteuid() or subprocess.run(options, capture_output=True).returncode:
            pytest.skip("small disks are made by mount, which only root may on Linux")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Leaves not a byte of room."""
    file = disk / "filler"
    with file.open("wb", buffering=0) as filler:
        for size in (MEGABYTE, 4096):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError:
                continue
    return file


def photos(people: int, each: int) -> list[NewPhoto]:
    """Photos of so many people, one after the other, with a face of 20 kB each."""
    embeddings, persons = draw_people(people, each)
    box, landmarks, crop = np.array([0, 0, 50, 50], np.float32), np.zeros((5, 2), np.float32), os.urandom(20_000)
    return [
        NewPhoto(
            f"{person}/{row}.jpg",
            f"{row}",
            1,
            "indexed",
            FaceSettings("all"),
            person=person,
            faces=(NewFace(box, landmarks, 0.99, True, crop, vector, "fake"),),
        )
        for row, (vector, person) in enumerate(zip(embeddings, persons, strict=True))
    ]


def filled_gallery(folder: Path, people: int = 8, each: int = 20) -> Gallery:
    gallery = Gallery.open(folder)
    gallery.use_model("casia-webface")
    gallery.photos.add(gallery.sources.add("folder", "/people", "people"), photos(people, each), "casia-webface")
    return gallery


def store_until_full(gallery: Gallery, clustering: Clustering) -> None:
    """Each time the log grows, up to the size at which SQLite would begin it anew."""
    for _ in range(200):
        gallery.clusterings.save(clustering)
        with (gallery.path.parent / "filler").open("ab", buffering=0) as file, suppress(OSError):
            file.write(bytes(2**16))


def require_sound(gallery: Gallery) -> None:
    assert gallery._database.read("PRAGMA integrity_check")[0][0] == "ok"


def test_storing_photos_on_a_full_disk_says_so_and_keeps_what_was_there(small_disk: Disk) -> None:
    gallery = filled_gallery(small_disk(24) / "gallery", people=2)
    source = gallery.sources.add("folder", "/more", "more")
    filler = fill(gallery.path.parent)
    with pytest.raises(DiskFullError, match=SENTENCE):
        gallery.photos.add(source, photos(20, 20), "casia-webface")
    assert gallery.counts().photos == 40
    filler.unlink()
    gallery.photos.add(source, photos(8, 20), "casia-webface")
    assert gallery.counts().photos == 200
    require_sound(gallery)


def test_clustering_on_a_full_disk_says_so_and_keeps_the_clusters(small_disk: Disk) -> None:
    gallery = filled_gallery(small_disk(40) / "gallery")
    before = cluster_gallery(gallery, 3)
    gallery.close()
    fill(gallery.path.parent)
    with pytest.raises(DiskFullError, match=SENTENCE):
        store_until_full(gallery, before)
    again = gallery.clusterings.current()
    assert again is not None
    assert again.labels.tolist() == before.labels.tolist()
    require_sound(gallery)


@pytest.mark.parametrize("has_reserve", [True, False])
def test_a_person_is_deleted_on_a_full_disk_and_that_makes_room(small_disk: Disk, has_reserve: bool) -> None:
    disk = small_disk(48)
    gallery = filled_gallery(disk / "gallery", people=8, each=60)
    cluster_gallery(gallery)
    for number in range(1, 6):
        write_copy(gallery, gallery.uploads / "0123456789ab" / "zip" / "person 00" / f"{number}.png", number)
    gallery.close()
    size = (gallery.path / "gallery.db").stat().st_size
    assert gallery._database.reserve.file.exists()
    if not has_reserve:
        assert gallery._database.reserve.release()
    filler = fill(disk)
    if not has_reserve:  # without any room, nothing can be opened
        os.truncate(filler, filler.stat().st_size - 2**18)
    gallery = Gallery.open(disk / "gallery")
    with pytest.raises(GalleryError, match=r"^Traces of what was deleted may be left"):
        gallery.delete_person("person 00")
    assert sorted(gallery.photos.everybody()) == [f"person {number:02}" for number in range(1, 8)]
    assert not gallery.uploads.exists()
    require_sound(gallery)
    assert (gallery.path / "gallery.db").stat().st_size < size - MEGABYTE


def test_everything_is_deleted_on_a_full_disk(small_disk: Disk) -> None:
    disk = small_disk(48)
    gallery = filled_gallery(disk / "gallery", people=8, each=60)
    size = gallery.bytes_on_disk
    gallery.close()
    fill(disk)
    gallery = Gallery.open(disk / "gallery")
    gallery.delete_all()
    assert gallery.counts().photos == 0
    assert gallery.bytes_on_disk < size / 4
    require_sound(gallery)


def test_traces_that_a_full_disk_left_go_once_there_is_room(small_disk: Disk) -> None:
    disk = small_disk(48)
    gallery = filled_gallery(disk / "gallery", people=8, each=60)
    gallery.close()
    filler = fill(disk)
    gallery = Gallery.open(disk / "gallery")
    with pytest.raises(GalleryError, match=r"Traces .* free some space, and they go when the gallery is opened"):
        gallery.delete_person("person 00")
    assert gallery._deletion.is_pending
    filler.unlink()
    gallery.close()
    gallery = Gallery.open(disk / "gallery")
    assert not gallery._deletion.is_pending
    assert b"person 00" not in (gallery.path / "gallery.db").read_bytes()
