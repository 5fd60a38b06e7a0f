"""The clusters page as somebody uses it: cards, one cluster, a face and its photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from facecluster.gallery import Gallery

pytestmark = pytest.mark.usefixtures("fresh_caches")

APP = Path(__file__).resolve().parents[1] / "app.py"


def open_page(cluster: int | str | None = None) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.switch_page("pages/clusters.py")
    if cluster is not None:
        app.query_params["cluster"] = str(cluster)
    app.run()
    assert not app.exception
    return app


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    kinds = (app.title, app.header, app.markdown, app.caption, app.info, app.warning)
    return "\n".join(element.value.replace("\\", "") for kind in kinds for element in kind)


def card_names(app: AppTest) -> list[str]:
    return [mark.value.strip("*").replace("\\", "") for mark in app.markdown if mark.value.startswith("**")]


def face_buttons(app: AppTest) -> list[str]:
    return [button.key for button in app.button if button.key and button.key.startswith("clusters_face_")]


def images(app: AppTest) -> list[Any]:
    found = [image for element in app.get("image") for image in element.proto.imgs]
    assert all(image.HasField("alt") for image in found), "an image has no name for those who cannot see it"
    return found


def first_person(home: Path) -> tuple[int, str]:
    row = Gallery.open(home).clusters().iloc[0]
    return int(row["cluster"]), row["person"]


def relabel_one(home: Path, cluster: int, person: str) -> int:
    """Makes one face of a cluster another person's, as if a stranger had been put in."""
    gallery = Gallery.open(home)
    face = int(gallery.cluster_faces(cluster, order="farthest", limit=1)["face"].iloc[0])
    with gallery._database.write() as db:
        db.execute("UPDATE faces SET person = ? WHERE id = ?", (person, face))
    return face


def test_an_empty_gallery_tells_where_to_start(gallery_home: Path) -> None:
    app = open_page()
    assert "Add photos" in texts(app)
    assert not app.button or not any(button.key and button.key.startswith("clusters_") for button in app.button)
    assert [link.value for link in app.page_link] == ["Open the gallery page"]


def test_faces_without_clusters_tell_what_to_do(sample_home: Path) -> None:
    with Gallery.open(sample_home)._database.write() as db:
        db.execute("DELETE FROM clusterings")
    assert "144 faces that are not grouped yet" in texts(open_page())


def test_every_cluster_has_a_card_with_its_person_and_faces(sample_home: Path, sample_photos: Path) -> None:
    app = open_page()
    assert sorted(card_names(app)) == sorted(folder.name for folder in sample_photos.iterdir())
    assert len([bar for bar in app.progress if bar.value == 100]) == 12
    assert "12 faces" in texts(app)
    assert len(images(app)) == 48


def test_crops_are_sent_as_they_are_stored(sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.elements.lib import image_utils

    def encode(*_: object, **__: object) -> bytes:
        raise AssertionError("a crop was encoded anew")

    monkeypatch.setattr(image_utils, "_pil_to_bytes", encode)
    assert len(images(open_page())) == 48
    assert len(images(open_page(0))) == 12


def test_search_leaves_the_clusters_that_fit(sample_home: Path) -> None:
    _, person = first_person(sample_home)
    app = open_page()
    app.text_input(key="clusters_search").set_value(person.split()[0].lower())
    assert card_names(run(app)) == [person]
    app.text_input(key="clusters_search").set_value("nobody at all")
    assert "Nothing found" in "".join(alert.proto.title for alert in run(app).info)


def test_sorting_by_name(sample_home: Path) -> None:
    app = open_page()
    app.segmented_control(key="clusters_order").set_value("name")
    assert card_names(run(app)) == sorted(card_names(app))


def test_a_card_opens_its_cluster_and_the_way_leads_back(sample_home: Path) -> None:
    cluster, person = first_person(sample_home)
    app = open_page()
    app.button(key=f"clusters_open_{cluster}").click()
    run(app)
    assert app.query_params["cluster"] == str(cluster)
    assert [title.value.replace("\\", "") for title in app.title] == [person]
    assert {metric.label: metric.value for metric in app.metric}["Faces"] == "12"
    assert len(face_buttons(app)) == 12
    assert len(images(app)) == 12
    next(button for button in app.button if button.label == "All clusters").click()
    run(app)
    assert "cluster" not in app.query_params
    assert len(card_names(app)) == 12


def test_a_cluster_can_be_linked_to(sample_home: Path) -> None:
    cluster, person = first_person(sample_home)
    assert [title.value.replace("\\", "") for title in open_page(cluster).title] == [person]


@pytest.mark.parametrize("cluster", ["99", "x", "-1"])
def test_a_link_to_a_cluster_that_is_gone_says_so(sample_home: Path, cluster: str) -> None:
    app = open_page(cluster)
    assert f"There is no cluster {cluster}" in texts(app)
    assert len(card_names(app)) == 12


def test_faces_come_nearest_or_farthest_first(sample_home: Path) -> None:
    cluster, _ = first_person(sample_home)
    app = open_page(cluster)
    nearest = face_buttons(app)
    app.segmented_control(key="clusters_face_order").set_value("farthest")
    assert face_buttons(run(app)) == nearest[::-1]


def test_a_name_stays_until_it_is_taken_away(sample_home: Path) -> None:
    cluster, person = first_person(sample_home)
    app = open_page(cluster)
    app.text_input(key=f"clusters_name_{cluster}").set_value("The *boss*")
    run(app)
    assert app.title[0].value == "The \\*boss\\*"
    assert Gallery.open(sample_home).clusters()["name"][0] == "The *boss*"
    app.text_input(key=f"clusters_name_{cluster}").set_value("")
    assert run(app).title[0].value.replace("\\", "") == person


def test_a_face_of_another_person_is_marked_with_the_name(sample_home: Path) -> None:
    cluster, _ = first_person(sample_home)
    relabel_one(sample_home, cluster, "A stranger")
    assert "Mixed: 2 people" in texts(open_page())
    shown = texts(open_page(cluster))
    assert "Also in here: A stranger (1)." in shown
    assert ":orange[:material/person_alert: A stranger]" in shown


def test_a_cluster_without_a_known_person_is_marked(sample_home: Path) -> None:
    cluster, person = first_person(sample_home)
    with Gallery.open(sample_home)._database.write() as db:
        db.execute("UPDATE faces SET person = NULL WHERE person = ?", (person,))
    app = open_page()
    assert f"Cluster {cluster}" in card_names(app)
    assert "No person" in texts(app)
    assert {metric.label: metric.value for metric in open_page(cluster).metric}["Purity"] == "unknown"


def test_a_doubtful_face_is_marked(sample_home: Path) -> None:
    cluster, _ = first_person(sample_home)
    with Gallery.open(sample_home)._database.write() as db:
        db.execute(
            "UPDATE assignments SET similarity = 0.2 WHERE cluster = ? AND face_id = "
            "(SELECT min(face_id) FROM assignments WHERE cluster = ?)",
            (cluster, cluster),
        )
    notes = [mark.value for mark in open_page(cluster).markdown]
    assert sum("doubtful" in note for note in notes) == 1


def test_a_face_opens_its_photo_with_what_is_known_of_it(sample_home: Path) -> None:
    cluster, person = first_person(sample_home)
    app = open_page(cluster)
    app.button(key=face_buttons(app)[0]).click()
    run(app)
    shown = texts(app)
    labels = {metric.label for metric in app.metric}
    assert f"{person}/" in shown
    assert {"Similarity to the centre", "Detection score: is it a face?"} <= labels
    alts = [image.alt for image in images(app)]
    assert sum(alt.startswith(f"Photo {person}/") and "box" in alt for alt in alts) == 1
    nearest = [b for b in app.button if b.key and b.key.startswith("photo_dialog_nearest_")]
    assert len(nearest) == 8


def test_the_detection_score_stands_beside_every_face(sample_home: Path) -> None:
    cluster, _ = first_person(sample_home)
    app = open_page(cluster)
    scores = [text.value for text in app.markdown if "detection " in text.value]
    faces = Gallery.open(sample_home).cluster_faces(cluster)
    assert len(scores) == len(faces) == 12
    first = Gallery.open(sample_home).face(int(faces["face"].iloc[0]))
    assert f"detection {first.detection_score:.2f}" in scores[0]


def first_face(app: AppTest) -> int:
    return int(face_buttons(app)[0].rsplit("_", 1)[1])


def run_dialog(app: AppTest, face: int) -> AppTest:
    """Runs the page with the dialog of a face open: AppTest runs whole pages, where a click would close it."""
    app.button(key=f"clusters_face_{face}").click()
    return run(app)


def choose_in_dialog(app: AppTest, what: str) -> int:
    """Opens the first face, chooses what is to go and is sure; the next run deletes it."""
    face = first_face(app)
    run_dialog(app, face).radio(key=f"face_delete_what_{face}").set_value(what)
    assert run_dialog(app, face).button(key=f"face_delete_do_{face}").disabled
    app.checkbox(key=f"face_delete_sure_{face}").check()
    run_dialog(app, face).button(key=f"face_delete_do_{face}").click()
    return face


@pytest.mark.parametrize(("what", "photos"), [("face", 144), ("photo", 143)])
def test_a_face_or_its_photo_is_deleted_in_its_dialog_once_one_is_sure(
    sample_home: Path, what: str, photos: int
) -> None:
    app = open_page(first_person(sample_home)[0])
    face = choose_in_dialog(app, what)
    assert len(face_buttons(app)) == 12
    run_dialog(app, face)
    counts = Gallery.open(sample_home).counts()
    assert (counts.photos, counts.faces) == (photos, 143)
    assert [toast.value for toast in app.toast] == [f"The {what} was deleted."]
    assert len(face_buttons(app)) == 11
    assert f"clusters_face_{face}" not in face_buttons(app)
    assert {metric.label: metric.value for metric in app.metric}["Faces"] == "11"
    assert not run(app).toast, "told once"
    assert not run_dialog(app, first_face(app)).checkbox[0].value, "the next face is asked for anew"


def test_nothing_is_deleted_while_other_work_is_under_way(sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(first_person(sample_home)[0])
    face = choose_in_dialog(app, "face")
    with Gallery.open(sample_home).indexing():  # as by a command, of which the app knows nothing
        run_dialog(app, face)
    assert ["wait until that is done" in error.value for error in app.error] == [True]
    monkeypatch.setattr("facecluster.ui.photo_dialog.running", lambda gallery: object())
    shown = texts(run_dialog(app, face))
    assert "Nothing can be deleted while other work is under way." in shown
    assert f"face_delete_do_{face}" not in [button.key for button in app.button]
    assert Gallery.open(sample_home).counts().faces == 144


def test_a_photo_that_is_gone_leaves_the_stored_crop_and_a_sentence(sample_home: Path) -> None:
    with Gallery.open(sample_home)._database.write() as db:
        db.execute("UPDATE sources SET location = ?", (str(sample_home / "moved away"),))
    cluster, person = first_person(sample_home)
    app = open_page(cluster)
    app.button(key=face_buttons(app)[0]).click()
    run(app)
    assert "is no longer in" in texts(app)
    assert f"Stored crop of {person}" in [image.alt for image in images(app)]


def dialog_page() -> None:
    from facecluster.ui import resources
    from facecluster.ui.photo_dialog import show_face

    gallery = resources.open_gallery()
    show_face(gallery, int(gallery.faces().ids[0]))


@pytest.mark.parametrize("scale", [1, 2])
def test_the_dialog_shows_a_turned_and_reduced_photo_upright_with_its_box(
    gallery_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: int
) -> None:
    """The photo lies on its side; with a scale of 2 it is shown at half of the size at which it was indexed."""
    from facecluster import FaceDetector, index_photos, open_photos
    from facecluster.images import Photo, load_photo
    from facecluster.samples import draw_portrait
    from facecluster.ui import photo_dialog

    upright = draw_portrait(0, 0)
    (tmp_path / "photos").mkdir()
    upright.rotate(90, expand=True).save(tmp_path / "photos" / "side.jpg", quality=95)
    index_photos(Gallery.open(gallery_home), open_photos(tmp_path / "photos"))
    shown: list[tuple[tuple[int, ...], list[float]]] = []

    def reduced(content: bytes) -> Photo:
        photo = load_photo(content)
        return Photo(photo.image[::scale, ::scale], scale, photo.width, photo.height, "It was read smaller.")

    def drawn(image: np.ndarray, box: list[float]) -> np.ndarray:
        shown.append((image.shape, box))
        return image

    monkeypatch.setattr(photo_dialog, "load_photo", reduced)
    monkeypatch.setattr(photo_dialog, "photo_with_box", drawn)
    app = AppTest.from_function(dialog_page, default_timeout=60).run()
    assert not app.exception
    ((shape, box),) = shown
    assert shape == (upright.height // scale, upright.width // scale, 3)
    expected = FaceDetector().detect(upright)[0].box / scale
    assert np.array(box) == pytest.approx(expected, abs=12)
    assert any("It was read smaller." in caption.value for caption in app.caption)
