"""The dialog behind every face: its photo, its neighbours, and deleting it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from facecluster.gallery.gallery import Gallery
from facecluster.photos.images import encode_jpeg
from facecluster.workflows.cluster import cluster_gallery
from tests.apps import tiles
from tests.galleries import edit, make_gallery
from tests.people import draw_people
from tests.ui.test_pages_clusters import faces, first_person, open_page, run, texts

pytestmark = pytest.mark.usefixtures("fresh_caches")


def with_face(app: AppTest, face: int | str) -> AppTest:
    """Runs the page with a face open over it."""
    app.query_params["face"] = str(face)
    return run(app)


def images(app: AppTest) -> list[Any]:
    found = [image for element in app.get("image") for image in element.proto.imgs]
    assert all(image.HasField("alt") for image in found), "an image has no name for those who cannot see it"
    return found


def test_a_face_opens_its_photo_with_what_is_known_of_it(sample_home: Path) -> None:
    cluster, person = first_person(sample_home)
    app = open_page(cluster)
    app = with_face(app, faces(app)[0])
    shown = texts(app)
    assert f"{person}/" in shown
    assert "Similarity to the centre **0." in shown
    assert "Detection score: is it a face? **0." in shown or "Detection score: is it a face? **1." in shown
    alts = [image.alt for image in images(app)]
    assert sum(alt.startswith(f"Photo {person}/") and "box" in alt for alt in alts) == 1
    assert len(tiles(app, "Most similar faces")) == 8
    assert {f"Cluster: {person}", f"All faces of {person}"} <= {link.value.replace("\\", "") for link in app.page_link}
    assert "Face 1 of 12" in shown


def test_the_photo_is_enlarged_around_its_face_and_stays_so_for_the_next(sample_home: Path) -> None:
    app = open_page(first_person(sample_home)[0])
    order = faces(app)
    with_face(app, order[0])
    whole = app.get("image")[0].proto.imgs[0].url
    app.button(key="photo_dialog_enlarge").click()
    run(app)
    assert app.get("image")[0].proto.imgs[0].url != whole
    app.button(key="photo_dialog_next").click()
    run(app)
    assert app.button(key="photo_dialog_enlarge").label == "Enlarge 4 times", "it is enlarged 2 times still"
    for _ in range(2):
        app.button(key="photo_dialog_enlarge").click()
        run(app)
    assert app.button(key="photo_dialog_enlarge").label == "Enlarge 2 times"


def test_next_and_previous_go_through_the_faces(sample_home: Path) -> None:
    app = open_page(first_person(sample_home)[0])
    order = faces(app)
    with_face(app, order[0])
    assert app.button(key="photo_dialog_previous").disabled
    app.button(key="photo_dialog_next").click()
    run(app)
    assert app.query_params["face"] == str(order[1])
    assert "Face 2 of 12" in texts(app)


def test_a_face_that_is_put_with_another_person_says_so(gallery_home: Path) -> None:
    embeddings, persons = draw_people(4, 6)
    persons[0] = "person 01"
    crop = encode_jpeg(np.full((160, 160, 3), 90, np.uint8))
    gallery = make_gallery(gallery_home, embeddings, persons, crop=crop)
    cluster_gallery(gallery, 4)
    app = with_face(open_page(), 1)
    assert "Its folder says **person 01**, the machine put it with **person 00**" in texts(app).replace("\\", "")
    assert "the machine put it with" not in texts(with_face(open_page(), 2))


@pytest.mark.parametrize("face", ["9999", "x", "-1", "²"])
def test_the_address_of_a_face_that_is_gone_says_so(sample_home: Path, face: str) -> None:
    app = with_face(open_page(), face)
    assert f"The gallery holds no face {face}: it was deleted." in texts(app)


def test_a_look_alike_in_another_cluster_is_told(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    (here, _), face = first_person(sample_home), int(gallery.clusterings.faces_of(0)["face"].iloc[0])
    nearest = int(gallery.faces.nearest(face)["face"].iloc[0])
    there = next(int(cluster) for cluster in gallery.clusterings.table()["cluster"] if cluster != here)
    edit(sample_home, "UPDATE assignments SET cluster = ? WHERE face_id = ?", there, nearest)
    shown = texts(with_face(open_page(), face))
    assert "is in another cluster" in shown
    assert "This one was put where the" in shown


def choose_in_dialog(app: AppTest, what: str) -> int:
    """Opens the first face, chooses what is to go and is sure; the next run deletes it."""
    face = faces(app)[0]
    with_face(app, face).radio(key=f"face_delete_what_{face}").set_value(what)
    assert with_face(app, face).button(key=f"face_delete_do_{face}").disabled
    app.checkbox(key=f"face_delete_sure_{face}").check()
    with_face(app, face).button(key=f"face_delete_do_{face}").click()
    return face


@pytest.mark.parametrize(("what", "photos"), [("face", 144), ("photo", 143)])
def test_a_face_or_its_photo_is_deleted_in_its_dialog_once_one_is_sure(
    sample_home: Path, what: str, photos: int
) -> None:
    app = open_page(first_person(sample_home)[0])
    face = choose_in_dialog(app, what)
    assert len(faces(app)) == 12
    with_face(app, face)
    counts = Gallery.open(sample_home).counts()
    assert (counts.photos, counts.faces) == (photos, 143)
    assert [toast.value for toast in app.toast] == [f"The {what} was deleted."]
    assert len(faces(app)) == 11
    assert face not in faces(app)
    assert "11 faces · " in texts(app)
    assert "face" not in app.query_params, "the dialog closes"
    assert not run(app).toast, "told once"
    assert not with_face(app, faces(app)[0]).checkbox[0].value, "the next face is asked for anew"


def test_nothing_is_deleted_while_other_work_is_under_way(sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(first_person(sample_home)[0])
    face = choose_in_dialog(app, "face")
    with Gallery.open(sample_home).indexing():  # as by a command, of which the app knows nothing
        with_face(app, face)
    assert ["wait until that is done" in error.value for error in app.error] == [True]
    monkeypatch.setattr("facecluster.ui.photo_dialog.running", lambda gallery: object())
    shown = texts(with_face(app, face))
    assert "Nothing can be deleted while other work is under way." in shown
    assert f"face_delete_do_{face}" not in [button.key for button in app.button]
    assert Gallery.open(sample_home).counts().faces == 144


def test_a_photo_that_is_gone_leaves_the_stored_crop_and_a_sentence(sample_home: Path) -> None:
    edit(sample_home, "UPDATE sources SET location = ?", str(sample_home / "moved away"))
    cluster, person = first_person(sample_home)
    app = open_page(cluster)
    with_face(app, faces(app)[0])
    assert "is no longer in" in texts(app)
    assert f"Stored crop of {person}" in [image.alt for image in images(app)]


def dialog_page() -> None:
    from facecluster.ui import resources
    from facecluster.ui.links import open_face
    from facecluster.ui.photo_dialog import show_asked_face

    gallery = resources.open_gallery()
    open_face(int(gallery.faces().ids[0]))
    show_asked_face(gallery)


@pytest.mark.parametrize("scale", [1, 2])
def test_the_dialog_shows_a_turned_and_reduced_photo_upright_with_its_box(
    gallery_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: int
) -> None:
    """The photo lies on its side; with a scale of 2 it is shown at half of the size at which it was indexed."""
    from facecluster import FaceDetector, index_photos, open_photos
    from facecluster.photos.images import Photo, load_photo
    from facecluster.samples.sample_photos import draw_portrait
    from facecluster.ui import photo_dialog

    upright = draw_portrait(0, 0)
    (tmp_path / "photos").mkdir()
    upright.rotate(90, expand=True).save(tmp_path / "photos" / "side.jpg", quality=95)
    index_photos(Gallery.open(gallery_home), open_photos(tmp_path / "photos"))
    shown: list[tuple[tuple[int, ...], list[float]]] = []

    def reduced(content: bytes, page: int | None) -> Photo:
        photo = load_photo(content, page=page)
        return Photo(photo.image[::scale, ::scale], scale, photo.width, photo.height, "It was read smaller.")

    def drawn(image: np.ndarray, box: list[float], others: list[list[float]], zoom: float) -> np.ndarray:
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
    assert "It was read smaller." in texts(app)
