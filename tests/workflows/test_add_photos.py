"""From the four ways of adding photos to clusters."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from facecluster.clustering.algorithms import ALGORITHMS
from facecluster.errors import Cancelled, ClusteringError, FaceClusterError, GalleryError, SourceError
from facecluster.gallery.gallery import Gallery
from facecluster.records import Unclustered
from facecluster.vision.detection import Detection
from facecluster.vision.embedding import FaceEmbedder
from facecluster.workflows import add_photos as adding
from facecluster.workflows.add_photos import (
    Place,
    SamplePeople,
    add_photos,
    cluster_again,
    last_algorithm,
    last_choice,
)
from facecluster.workflows.cluster import apply_algorithm
from facecluster.workflows.jobs import Job, Jobs, Progress
from facecluster.workflows.uploads import UploadedZip
from tests.fakes import FakeDetector, FakeEmbedder, write_photo
from tests.galleries import make_gallery
from tests.people import draw_people


class Detector(FakeDetector):
    def load(self) -> None: ...


class Embedder(FakeEmbedder):
    def load(self) -> None: ...


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery.open(tmp_path / "gallery")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two people of three photos each."""
    for seed in range(1, 7):
        write_photo(tmp_path / "photos" / ("Ada" if seed < 4 else "Bob") / f"{seed}.png", seed)
    return tmp_path / "photos"


def zip_of(folder: Path, **more: bytes) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder))
        for name, content in more.items():
            archive.writestr(name, content)
    return file


def add(gallery: Gallery, origin: adding.Origin, job: Job | None = None) -> str:
    return add_photos(gallery, origin, job or Job("Adding"), detector=Detector(), embedder=Embedder())  # type: ignore[arg-type]


def test_a_folder_is_indexed_and_clustered_and_left_where_it_is(gallery: Gallery, photos: Path) -> None:
    told = add(gallery, Place(str(photos)))
    counts = gallery.counts()
    assert (counts.photos, counts.faces, counts.people, counts.clusters) == (6, 6, 2, 2)
    assert told == "6 photos, 6 new faces. 6 faces are in 2 clusters."
    assert not gallery.uploads.exists()


def test_the_same_folder_again_clusters_nothing_anew(gallery: Gallery, photos: Path) -> None:
    add(gallery, Place(str(photos)))
    before = gallery.clusterings.current()
    told = add(gallery, Place(str(photos)))
    after = gallery.clusterings.current()
    assert before is not None
    assert after is not None
    assert after.id == before.id
    assert told == "6 photos, 0 new faces (6 already known)."


def test_more_people_are_clustered_anew_and_a_chosen_number_is_kept(gallery: Gallery, photos: Path) -> None:
    add(gallery, Place(str(photos)))
    write_photo(photos / "Cyd" / "7.png", 7)
    add(gallery, Place(str(photos)))
    assert gallery.counts().clusters == 3
    cluster_again(gallery, Job("Grouping"), 4, seed=7)
    assert last_choice(gallery) == (4, 7)
    write_photo(photos / "Dee" / "8.png", 8)
    add(gallery, Place(str(photos)))
    assert gallery.counts().clusters == 4
    assert last_choice(gallery) == (4, 7)


def people_and_strangers(folder: Path, strangers: int = 4) -> Gallery:
    """Four people of eight faces, and faces of people who have one face each."""
    faces, persons = draw_people(4, 8)
    lone, _ = draw_people(strangers, 1, seed=7)
    names = np.array([f"stranger {row}" for row in range(strangers)], dtype=object)
    return make_gallery(folder, np.concatenate([faces, lone]), np.concatenate([persons, names]))


@pytest.mark.parametrize("name", [name for name in ALGORITHMS if name != "kmeans-suggested"])
def test_the_chosen_algorithm_stays_when_photos_are_added(tmp_path: Path, photos: Path, name: str) -> None:
    gallery = people_and_strangers(tmp_path / "gallery")
    before = apply_algorithm(gallery, name, 4, seed=3)
    assert bool(gallery.clusterings.unclustered().in_none) == (name in ("hdbscan", "dbscan"))
    empty = photos.parent / "grey"
    write_photo(empty / "0.png", 0)
    add(gallery, Place(str(empty)))
    after = gallery.clusterings.current()
    assert after is not None
    assert after.id == before.id, "nothing is new, though the algorithm left faces out"
    add(gallery, Place(str(photos)))
    summary = gallery.clusterings.summary()
    assert summary is not None
    assert (summary["algorithm"], summary["seed"]) == (name, 3)
    assert summary["created"] >= before.created
    assert gallery.clusterings.unclustered().found_later == 0
    if ALGORITHMS[name].needs_number:
        assert summary["n_clusters"] == 4


def test_grouping_again_keeps_the_algorithm_unless_another_is_named(tmp_path: Path) -> None:
    gallery = people_and_strangers(tmp_path / "gallery")
    apply_algorithm(gallery, "hdbscan")
    gallery.delete_person("person 00")
    told = cluster_again(gallery, Job("Grouping"), *last_choice(gallery))
    left_out = gallery.clusterings.unclustered().in_none
    assert left_out > 0
    assert told == f"{28 - left_out} faces are in 3 clusters, {left_out} in none."
    assert last_algorithm(gallery) == "hdbscan"
    cluster_again(gallery, Job("Grouping"), 5, 0, "ward")
    assert (last_algorithm(gallery), last_choice(gallery)) == ("ward", (5, 0))


def test_photos_are_kept_when_the_algorithm_cannot_group_them(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = people_and_strangers(tmp_path / "gallery")
    left_out = 36 - len(apply_algorithm(gallery, "hdbscan").faces)
    monkeypatch.setattr("facecluster.clustering.algorithms._PAIRS_LIMIT", 40)
    with pytest.raises(ClusteringError, match=r"6 new faces.*not grouped anew.*up to 40 faces, not 42") as told:
        add(gallery, Place(str(photos)))
    assert "choose another algorithm" in str(told.value)
    assert gallery.counts().faces == 42
    assert last_algorithm(gallery) == "hdbscan"
    assert gallery.clusterings.unclustered() == Unclustered(found_later=6, in_none=left_out)


def test_a_dropped_zip_is_copied_into_the_gallery_once(gallery: Gallery, photos: Path) -> None:
    upload = zip_of(photos)
    add(gallery, UploadedZip("my photos.zip", upload))
    files = sorted(path for path in gallery.uploads.rglob("*") if path.is_file())
    assert [path.relative_to(gallery.uploads).parts[1:] for path in files[:2]] == [
        ("my photos", "Ada", "1.png"),
        ("my photos", "Ada", "2.png"),
    ]
    assert len(files) == 6
    assert set(gallery.photos.by_person()["person"]) == {"Ada", "Bob"}
    add(gallery, UploadedZip("my photos.zip", upload))
    assert gallery.counts().photos == 6
    gallery.delete_all()
    assert not gallery.uploads.exists()


@pytest.mark.parametrize("name", ["../../evil.zip", "C:\\evil.zip", "..", "", "/"])
def test_a_zips_name_cannot_lead_out_of_the_gallery(gallery: Gallery, photos: Path, name: str) -> None:
    add(gallery, UploadedZip(name, zip_of(photos)))
    around = set(gallery.path.parent.iterdir())
    assert around == {gallery.path, photos}
    assert len(list(gallery.uploads.rglob("*.png"))) == 6


@pytest.mark.parametrize("content", [b"no zip at all", b""])
def test_a_file_that_is_no_zip_leaves_nothing_behind(gallery: Gallery, content: bytes) -> None:
    with pytest.raises(SourceError, match="zip"):
        add(gallery, UploadedZip("photos.zip", io.BytesIO(content)))
    assert not gallery.uploads.exists()
    assert gallery.counts().photos == 0


def test_sample_people_lie_in_the_gallery(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding, "SAMPLE_PEOPLE", 2)
    monkeypatch.setattr(adding, "SAMPLE_PORTRAITS", 2)
    add(gallery, SamplePeople())
    counts = gallery.counts()
    assert (counts.photos, counts.people) == (4, 2)
    assert len(list(gallery.uploads.rglob("*.jpg"))) == 4


def test_another_model_is_refused_before_anything_is_copied(gallery: Gallery, photos: Path) -> None:
    add(gallery, Place(str(photos)))
    other = FaceEmbedder("vggface2")
    with pytest.raises(GalleryError, match="casia-webface"):
        add_photos(gallery, UploadedZip("a.zip", zip_of(photos)), Job("Adding"), detector=Detector(), embedder=other)  # type: ignore[arg-type]
    assert not gallery.uploads.exists()


def test_photos_without_a_face_are_told_and_cluster_nothing(gallery: Gallery, tmp_path: Path) -> None:
    write_photo(tmp_path / "grey" / "Ada" / "0.png", 0)
    assert add(gallery, Place(str(tmp_path / "grey"))) == "1 photo, 0 new faces (1 without a face)."
    assert gallery.counts().clusters == 0
    with pytest.raises(ClusteringError):
        cluster_again(gallery, Job("Grouping"))


def test_the_job_tells_the_stages_in_order(gallery: Gallery, photos: Path) -> None:
    stages: list[str] = []

    class ListeningJob(Job):
        def __setattr__(self, name: str, value: object) -> None:
            if name == "progress" and isinstance(value, Progress) and value.stage not in stages:
                stages.append(value.stage)
            super().__setattr__(name, value)

    add(gallery, UploadedZip("photos.zip", zip_of(photos)), ListeningJob("Adding"))
    assert stages == [
        "Starting",
        "Looking for photos",
        "Copying the zip",
        "Unpacking",
        "Loading the models",
        "",
        "Grouping the faces by person",
    ]


def test_cancelling_while_indexing_keeps_what_was_done(gallery: Gallery, tmp_path: Path) -> None:
    for seed in range(1, 80):
        write_photo(tmp_path / "many" / "Ada" / f"{seed}.png", seed)
    job = Job("Adding")

    class Slow(Detector):
        def detect_many(self, images: list[np.ndarray]) -> list[list[Detection]]:  # type: ignore[override]
            job.cancel()
            return super().detect_many(images)

    with pytest.raises(FaceClusterError, match="cancelled"):
        add_photos(gallery, Place(str(tmp_path / "many")), job, detector=Slow(), embedder=Embedder())  # type: ignore[arg-type]
    assert 0 < gallery.counts().photos < 79
    add(gallery, Place(str(tmp_path / "many")))
    assert gallery.counts().photos == 79


def test_grouping_ends_at_once_when_cancelled_and_leaves_the_clusters(
    gallery: Gallery, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(gallery, Place(str(photos)))
    before, done = gallery.clusterings.current(), threading.Event()
    monkeypatch.setattr("facecluster.workflows.cluster.choose_number", lambda *_: done.wait(60))
    job = Jobs().start("gallery", "Grouping", lambda job: cluster_again(gallery, job, "auto"))
    while job.progress.stage != "Grouping the faces by person":
        time.sleep(0.01)
    begin = time.monotonic()
    job.cancel()
    assert job.wait(10)
    done.set()
    assert (job.state, time.monotonic() - begin < 2) == ("cancelled", True)
    after = gallery.clusterings.current()
    assert before is not None
    assert after is not None
    assert after.id == before.id


def test_photos_stay_when_grouping_them_is_cancelled(
    gallery: Gallery, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impatient(Job):
        def report(self, progress: Progress) -> None:
            super().report(progress)
            if progress.stage == "Grouping the faces by person":
                self.cancel()

    done = threading.Event()
    monkeypatch.setattr("facecluster.workflows.cluster.choose_number", lambda *_: done.wait(60))
    with pytest.raises(Cancelled, match=r"^6 photos, 6 new faces\. Grouping the faces was cancelled"):
        add(gallery, Place(str(photos)), Impatient("Adding"))
    done.set()
    assert (gallery.counts().photos, gallery.counts().clusters) == (6, 0)
