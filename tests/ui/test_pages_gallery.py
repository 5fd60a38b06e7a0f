"""The gallery page: from nothing to a clustered gallery, and back to nothing."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from facecluster.gallery.gallery import Gallery
from facecluster.records import NewPhoto
from facecluster.ui import gallery_wall
from facecluster.ui.jobs import jobs
from facecluster.workflows import add_photos
from facecluster.workflows.cluster import apply_algorithm
from facecluster.workflows.jobs import Job, Progress
from tests.apps import gallery_name, open_details, state, tiles, words
from tests.galleries import clustered_gallery, make_gallery, unlabelled_gallery
from tests.people import draw_people

pytestmark = pytest.mark.usefixtures("fresh_caches")

APP = str(Path(__file__).resolve().parents[2] / "app.py")


def open_app() -> AppTest:
    app = AppTest.from_file(APP, default_timeout=120).run()
    assert not app.exception
    return app


def wait_for_job(home: Path) -> Job:
    job = jobs().latest(str(home))
    assert job is not None
    assert job.wait(120)
    return job


@pytest.fixture
def few_sample_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three people of three portraits: the whole way, in less time."""
    monkeypatch.setattr(add_photos, "SAMPLE_PEOPLE", 3)
    monkeypatch.setattr(add_photos, "SAMPLE_PORTRAITS", 3)


def test_an_empty_gallery_offers_four_ways_to_start(gallery_home: Path) -> None:
    app = open_app()
    assert [heading.value for heading in app.header] == ["Sample people", "Zip", "Folder", "Kaggle"]
    assert not state(app), "and nothing else"
    assert not app.expander
    assert not tiles(app)
    assert any("12 drawn people, 144 portraits, nothing to download" in caption.value for caption in app.caption)
    assert gallery_name(app).endswith(gallery_home.name)


def test_one_click_loads_clusters_and_measures_the_sample_people(gallery_home: Path, few_sample_people: None) -> None:
    app = open_app()
    app.button(key="gallery_sample").click().run()
    job = wait_for_job(gallery_home / "galleries" / "sample-people")
    assert (job.state, job.message) == ("done", "9 photos, 9 new faces. 9 faces are in 3 clusters.")
    app.run()
    assert not app.exception
    assert state(app) == ["9 photos", "9 faces", "3 people", "Nothing to review"]
    assert gallery_name(app).endswith("Sample people")
    assert Gallery.open(gallery_home).counts().photos == 0, "drawn people are never among others"
    assert [words(card) for card in tiles(app, "People")] == [["3 faces"]] * 3
    assert [toast.value for toast in app.toast] == ["9 photos, 9 new faces\\. 9 faces are in 3 clusters\\."]
    app.run()
    assert not app.toast, "what was told once is not told again"
    assert "Accuracy 100\u00a0% on 9 faces" in captions(open_details(app))


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
    assert state(app) == ["5 photos", "4 faces", "2 people", "Nothing to review", "1 photo left out"]
    left_out = open_details(app).dataframe[0].value
    assert left_out["photo"].tolist() == [f"{folder.name}/broken.jpg"]
    assert "not a photo" in left_out["reason"].tolist()[0]


def test_a_second_zip_waits_for_its_turn(gallery_home: Path, sample_photos: Path) -> None:
    go = threading.Event()
    jobs().start(str(gallery_home), "Adding photos", lambda job: f"The first {'is' * go.wait(30)} in.")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for photo in sorted(sample_photos.rglob("01.jpg"))[:2]:
            archive.write(photo, f"{photo.parent.name}/{photo.name}")
    app = open_app()
    app.button(key="gallery_add_button").click().run()
    app.file_uploader[0].upload("party.zip", file.getvalue()).run()
    app.run()
    assert ":material/schedule: Then: party.zip" in captions(app)
    (follower,) = jobs().waiting(str(gallery_home))
    go.set()
    assert follower.wait(60)
    assert (follower.state, Gallery.open(gallery_home).counts().photos) == ("done", 2)
    app.run()
    told = follower.message.replace(".", "\\.")
    assert {told, "The first is in\\."} >= {toast.value for toast in app.toast} != set()


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
    next(button for button in app.button if button.label == "Dismiss").click().run()
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
    assert state(app) == ["144 photos", "144 faces", "12 people", "Nothing to review"]
    assert not app.get("plotly_chart"), "what few ask for is sent to those who do"
    open_details(app)
    assert len(app.get("plotly_chart")) == 1
    assert "12 clusters" in captions(app)
    assert "Accuracy 100\u00a0% on 144 faces" in captions(app)
    assert any("casia\\-webface" in caption.value and "runtime" in caption.value for caption in app.caption)


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
    left_out = Gallery.open(left_out_home).clusterings.unclustered().in_none
    assert left_out > 0
    app = open_app()
    (info,) = app.info
    assert f"HDBSCAN found no cluster for {left_out} face" in info.value
    assert "accuracy counts such a face as a cluster of its own" in info.value
    assert "Group them" not in [button.label for button in app.button]
    open_details(app)
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
    assert "HDBSCAN, 5 clusters" in captions(open_details(app))
    assert not any("in no cluster yet" in info.value for info in app.info)


def test_clustering_again_offers_every_algorithm_and_begins_with_the_gallerys(left_out_home: Path) -> None:
    app = open_details(open_app())
    chosen = app.selectbox(key="gallery_cluster_algorithm")
    assert chosen.value == "hdbscan"
    chosen.set_value("average")
    next(button for button in app.button if button.label == "Cluster again").click().run()
    assert wait_for_job(left_out_home).message == "36 faces are in 8 clusters."
    app.run()
    assert "Agglomerative, average, 8 clusters (as many as people), seed 5" in captions(app)


def test_a_gallery_that_cannot_be_opened_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("FACECLUSTER_HOME", str(tmp_path / "file" / "gallery"))
    app = open_app()
    assert len(app.error) == 1
    assert "cannot be made" in app.error[0].value


def test_nobodys_clusters_ask_for_a_name_and_lead_to_their_faces(gallery_home: Path) -> None:
    unlabelled_gallery(gallery_home)
    app = open_app()
    assert state(app)[:3] == ["40 photos", "40 faces", "3 clusters without a name"]
    cards = tiles(app, "People")
    assert [card["asks_name"] for card in cards] == [True] * 3
    assert sorted(card["href"] for card in cards) == [f"clusters?gallery=~&cluster={number}" for number in range(3)]
    Gallery.open(gallery_home).clusterings.name(int(cards[0]["href"][-1]), "Ada")
    named = tiles(app.run(), "People")[0]
    assert (named["name"], named["asks_name"], named["id"]) == ("Ada", False, cards[0]["id"])
    assert state(app)[2:4] == ["1 person", "2 clusters without a name"]


def test_each_part_of_the_state_leads_to_what_is_behind_it(left_out_home: Path) -> None:
    gallery = Gallery.open(left_out_home)
    photos = [NewPhoto("bad.jpg", "", 1, "unreadable", None, reason="The file is empty.")]
    gallery.photos.add(gallery.sources.add("zip", "/photos/more.zip", "more"), photos, "casia-webface")
    app = open_app()
    assert {link.proto.label: link.proto.page for link in app.get("page_link")} == {
        "36 faces": "clusters",
        "8 people": "clusters",
        "1 face to review": "accuracy",
        "1 doubtful face": "clusters",
    }
    assert state(app)[-1] == "1 photo left out"
    assert not app.dataframe
    app.session_state["gallery_photos"] = app.session_state["gallery_without_face"] = True
    places, left_out = (table.value for table in app.run().dataframe)
    assert places.to_numpy().tolist() == [["people", 36, str(left_out_home)], ["more", 1, "/photos/more.zip"]]
    assert left_out.to_numpy().tolist() == [["bad.jpg", "The file is empty."]]


def test_many_people_are_searched_and_paged(gallery_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clustered_gallery(gallery_home)
    monkeypatch.setattr(gallery_wall, "_CARDS", 3)
    app = open_app()
    first = [card["name"] for card in tiles(app, "People")]
    app.session_state["gallery_page"] = 3
    last = [card["name"] for card in tiles(app.run(), "People")]
    assert (len(first), len(last)) == (3, 1)
    assert not set(first) & set(last)
    app.text_input(key="gallery_search").set_value("PERSON 04").run()
    assert [card["name"] for card in tiles(app, "People")] == ["person 04"]
    app.text_input(key="gallery_search").set_value("Zoe").run()
    assert not tiles(app)
    assert "Nobody has such a name" in app.info[0].value


def test_faces_appear_while_photos_are_added(gallery_home: Path) -> None:
    go = threading.Event()
    job = jobs().start(str(gallery_home), "Adding photos", lambda job: str(go.wait(60)))
    app = open_app()
    assert "the work goes on" in app.info[0].value
    make_gallery(gallery_home, *draw_people(2, 15))
    app.run()
    assert not app.info
    assert state(app) == ["30 photos", "30 faces", "2 people"]
    assert [tile["name"] for tile in tiles(app, "Faces found last")] == ["person 01"] * 15 + ["person 00"] * 9
    assert app.button(key="gallery_add_button").label == "Add more photos"
    app.query_params["face"] = "99"
    app.run()
    assert ["no face 99" in warning.value for warning in app.warning] == [True], "faces open over the page"
    go.set()
    assert job.wait(10)


def test_the_four_ways_stay_open_until_photos_were_added(
    sample_home: Path, sample_photos: Path, tmp_path: Path
) -> None:
    app = open_app()
    assert not app.file_uploader
    app.button(key="gallery_add_button").click().run()
    assert app.file_uploader
    for place, is_open in ((tmp_path / "absent", True), (next(sample_photos.iterdir()), False)):
        app.text_input(key="gallery_folder").set_value(str(place))
        next(button for button in app.button if button.label == "Add folder").click().run()
        wait_for_job(sample_home)
        app.run()
        assert bool(app.file_uploader) == is_open
