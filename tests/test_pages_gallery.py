"""The gallery page: from nothing to a clustered gallery, and back to nothing."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from facecluster import adding
from facecluster.algorithms import apply_algorithm
from facecluster.background import Job, Progress
from facecluster.errors import GalleryError
from facecluster.gallery import Gallery
from facecluster.records import NewPhoto
from facecluster.ui.jobs import jobs
from tests.galleries import make_gallery
from tests.people import draw_people

pytestmark = pytest.mark.usefixtures("fresh_caches")

APP = str(Path(__file__).resolve().parents[1] / "app.py")


def open_app() -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120).run()
    assert not app.exception
    return app


def wait_for_job(home: Path) -> Job:
    job = jobs().latest(str(home))
    assert job is not None
    assert job.wait(120)
    return job


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


@pytest.fixture
def few_sample_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three people of three portraits: the whole way, in less time."""
    monkeypatch.setattr(adding, "SAMPLE_PEOPLE", 3)
    monkeypatch.setattr(adding, "SAMPLE_PORTRAITS", 3)


def test_an_empty_gallery_offers_four_ways_to_start(gallery_home: Path) -> None:
    app = open_app()
    assert [heading.value for heading in app.subheader] == ["Sample people", "Zip", "Folder", "Kaggle"]
    assert not app.metric
    assert any("12 drawn people, 144 portraits, nothing to download" in caption.value for caption in app.caption)
    assert any(gallery_home.name in caption.value for caption in app.caption)


def test_one_click_loads_clusters_and_measures_the_sample_people(gallery_home: Path, few_sample_people: None) -> None:
    app = open_app()
    app.button(key="gallery_sample").click().run()
    job = wait_for_job(gallery_home)
    assert (job.state, job.message) == ("done", "9 photos, 9 new faces. 9 faces are in 3 clusters.")
    app.run()
    assert not app.exception
    assert figures(app) == {
        "Photos": "9",
        "Faces": "9",
        "People": "3",
        "Clusters": "3",
        "Accuracy": "100\u00a0%",
        "To review": "0",
    }
    assert [toast.value for toast in app.toast] == ["9 photos, 9 new faces\\. 9 faces are in 3 clusters\\."]
    app.run()
    assert not app.toast, "what was told once is not told again"


def test_a_dropped_zip_is_added(gallery_home: Path, sample_photos: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for folder in sorted(sample_photos.iterdir())[:2]:
            for photo in sorted(folder.iterdir())[:2]:
                archive.write(photo, f"{folder.name}/{photo.name}")
        archive.writestr(f"{folder.name}/broken.jpg", b"not a photo")
    app = open_app()
    app.file_uploader[0].upload("people.zip", file.getvalue()).run()
    assert wait_for_job(gallery_home).state == "done"
    app.run()
    assert figures(app)["Photos"] == "5"
    assert figures(app)["People"] == "2"
    left_out = app.dataframe[0].value
    assert left_out["photo"].tolist() == [f"{folder.name}/broken.jpg"]
    assert "not a photo" in left_out["reason"].tolist()[0]


def test_a_folder_that_is_not_there_is_told_in_a_sentence_until_dismissed(gallery_home: Path) -> None:
    app = open_app()
    app.text_input(key="gallery_folder").set_value("/no/such/folder")
    next(button for button in app.button if button.label == "Add folder").click().run()
    assert wait_for_job(gallery_home).state == "failed"
    app.run()
    assert [error.value.replace("\\", "") for error in app.error] == [
        "The folder /no/such/folder does not exist: check the path."
    ]
    assert app.text_input(key="gallery_folder").value == "/no/such/folder"
    app.button(key="jobs_dismiss").click().run()
    assert not app.error


@pytest.mark.parametrize("page", ["pages/gallery.py", "pages/identify.py", "pages/clusters.py", "pages/accuracy.py"])
def test_every_page_shows_a_running_job_with_cancel(gallery_home: Path, page: str) -> None:
    begun = threading.Event()

    def work(job: Job) -> str:
        while True:
            job.report(Progress("", 412, 680, "photos", 46.0, 6.0))
            begun.set()

    job = jobs().start(str(gallery_home), "Adding photos", work)
    begun.wait(10)
    app = open_app()
    app.switch_page(page).run()
    assert not app.exception
    assert [bar.text for bar in app.progress] == ["412 of 680 photos · 46 a second · 6 s left"]
    app.button(key="jobs_cancel").click().run()
    assert job.wait(10)
    app.run()
    assert job.state == "cancelled"
    assert not app.progress


def test_nothing_can_be_started_while_photos_are_being_added(gallery_home: Path) -> None:
    app = open_app()
    go = threading.Event()
    job = jobs().start(str(gallery_home), "Adding photos", lambda job: str(go.wait(20)))
    app.button(key="gallery_sample").click().run()
    assert jobs().latest(str(gallery_home)) is job
    assert not app.file_uploader
    go.set()
    assert job.wait(10)


def test_the_filled_gallery_tells_what_it_holds(sample_home: Path) -> None:
    app = open_app()
    assert figures(app) == {
        "Photos": "144",
        "Faces": "144",
        "People": "12",
        "Clusters": "12",
        "Accuracy": "100\u00a0%",
        "To review": "0",
    }
    assert len(app.get("plotly_chart")) == 1
    assert any("casia\\-webface" in caption.value and "runtime" in caption.value for caption in app.caption)


def test_clustering_again_with_a_fixed_number(sample_home: Path) -> None:
    app = open_app()
    app.button_group(key="gallery_cluster_kind").set_value("fixed")
    app.number_input(key="gallery_cluster_number").set_value(10)
    next(button for button in app.button if button.label == "Cluster again").click().run()
    assert wait_for_job(sample_home).message == "144 faces are in 10 clusters."
    app.run()
    assert figures(app)["Clusters"] == "10"
    assert figures(app)["To review"] != "0"


def test_faces_without_a_cluster_are_told_and_grouped_on_a_click(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    with gallery._database.write() as db:
        db.execute("DELETE FROM clusterings")
    app = open_app()
    assert any("144 faces are in no cluster yet" in info.value for info in app.info)
    app.button(key="gallery_group").click().run()
    assert wait_for_job(sample_home).state == "done"
    app.run()
    assert figures(app)["Clusters"] == "12"


@pytest.fixture
def left_out_home(gallery_home: Path) -> Path:
    """Four people of eight faces and four of one, grouped by HDBSCAN, which leaves lone faces out."""
    faces, persons = draw_people(4, 8)
    lone, _ = draw_people(4, 1, seed=7)
    names = np.array([f"stranger {row}" for row in range(4)], dtype=object)
    gallery = make_gallery(gallery_home, np.concatenate([faces, lone]), np.concatenate([persons, names]))
    apply_algorithm(gallery, "hdbscan", seed=5)
    return gallery_home


def captions(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption).replace("\\", "")


def test_faces_that_the_algorithm_left_out_are_not_offered_to_be_grouped(left_out_home: Path) -> None:
    left_out = Gallery.open(left_out_home).unclustered().left_out
    assert left_out > 0
    app = open_app()
    (info,) = app.info
    assert f"HDBSCAN found no group for {left_out} face" in info.value
    assert "accuracy counts such a face as a cluster of its own" in info.value
    assert "Group them" not in [button.label for button in app.button]
    assert "runtime fake" in captions(app), "the one recorded with the faces, not this process's"
    assert "HDBSCAN, 4 clusters (5 faces or more each), seed 5" in captions(app)


def test_faces_found_later_are_grouped_by_the_gallerys_algorithm(left_out_home: Path) -> None:
    later = draw_people(1, 6, seed=9)
    make_gallery(left_out_home, *later, prefix="later")
    app = open_app()
    assert "6 faces are in no cluster yet. Clusters and accuracy are those of the other faces." in [
        info.value for info in app.info
    ]
    assert "by HDBSCAN, as before" in app.button(key="gallery_group").help
    app.button(key="gallery_group").click().run()
    assert wait_for_job(left_out_home).state == "done"
    app.run()
    assert "HDBSCAN, 5 clusters" in captions(app)
    assert not any("in no cluster yet" in info.value for info in app.info)


def test_clustering_again_offers_every_algorithm_and_begins_with_the_gallerys(left_out_home: Path) -> None:
    app = open_app()
    chosen = app.selectbox(key="gallery_cluster_algorithm")
    assert chosen.value == "hdbscan"
    chosen.set_value("average")
    next(button for button in app.button if button.label == "Cluster again").click().run()
    assert wait_for_job(left_out_home).message == "36 faces are in 8 clusters."
    app.run()
    assert "Agglomerative, average, 8 clusters (as many as people), seed 5" in captions(app)


def test_deleting_a_person_says_what_goes_and_groups_the_others_anew(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    person = gallery.photos_by_person()["person"].tolist()[0]
    app = open_app()
    app.selectbox(key="gallery_delete_person").set_value(person).run()
    app.button(key="gallery_delete_one").click().run()
    text = " ".join(each.value for each in app.markdown)
    assert "12 photos" in text
    assert "original photos stay" in text
    assert gallery.counts().people == 12, "nothing is deleted before the second click"


def test_the_others_are_grouped_anew_though_a_copy_of_the_deleted_person_stays(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = Gallery.open(sample_home)
    person = next(iter(gallery.everybody()))
    copy = gallery.uploads / "0123456789ab" / "zip" / person / "1.jpg"
    gallery.copies.write(copy, [b"a copy"])
    app = open_app()
    app.selectbox(key="gallery_delete_person").set_value(person).run()
    app.button(key="gallery_delete_one").click().run()
    monkeypatch.setattr(os, "unlink", Mock(side_effect=PermissionError(13, "Permission denied", str(copy))))
    app.button(key="gallery_delete_one").click()  # a dialog stays open by itself in a browser only
    app.button(key="gallery_delete_sure").click().run()
    assert ["remove it yourself" in error.value for error in app.error] == [True]
    assert wait_for_job(sample_home).message == "132 faces are in 11 clusters."


def test_people_without_a_face_can_be_deleted_too(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    known = sorted(gallery.photos_by_person()["person"])
    left_out = [
        NewPhoto("1.jpg", "", 1, "unreadable", "", "Zoe"),
        NewPhoto("2.jpg", "", 1, "duplicate", "", "Zoe"),
        NewPhoto("3.jpg", "", 1, "no_face", "", known[0]),
    ]
    gallery.add_photos(gallery.add_source("folder", "/photos", "photos"), left_out, "casia-webface")
    for person, photos in (("Zoe", "2 photos"), (known[0], "13 photos")):
        app = open_app()
        assert app.selectbox(key="gallery_delete_person").options == sorted([*known, "Zoe"])
        app.selectbox(key="gallery_delete_person").set_value(person).run()
        app.button(key="gallery_delete_one").click().run()
        assert photos in " ".join(each.value for each in app.markdown)
    assert gallery.delete_person("Zoe") == 2


def test_a_gallery_that_cannot_be_opened_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FACECLUSTER_HOME", str(tmp_path / "file" / "gallery"))
    app = open_app()
    assert len(app.error) == 1
    assert "cannot be made" in app.error[0].value


def test_a_deletion_that_is_not_finished_is_told_until_it_is(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = Gallery.open(sample_home)
    copy = gallery.uploads / "0123456789ab" / "zip" / "Ada" / "1.jpg"
    gallery.copies.write(copy, [b"a copy"])
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", Mock(side_effect=PermissionError(13, "Permission denied", str(copy))))
        with pytest.raises(GalleryError):
            gallery.delete_all()
        app = open_app()
        assert ["not gone from this disk yet" in warning.value for warning in app.warning] == [True]
        app.button(key="gallery_delete_finish").click().run()
        assert any("remove it yourself" in error.value for error in app.error)
    app.button(key="gallery_delete_finish").click().run()
    assert not app.exception
    assert not app.warning
    assert not copy.exists()
