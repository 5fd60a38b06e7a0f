"""The clusters page as somebody uses it: cards, one cluster, a face and its photo."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from facecluster.gallery import Gallery

from .apps import tiles, words

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
    return [card["name"] for card in tiles(app, "Clusters")]


def faces(app: AppTest) -> list[int]:
    return [tile["id"] for tile in tiles(app, "Faces of")]


def with_face(app: AppTest, face: int | str) -> AppTest:
    """Runs the page with a face open over it."""
    app.query_params["face"] = str(face)
    return run(app)


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


def test_every_cluster_has_a_card_with_its_person_face_and_address(sample_home: Path, sample_photos: Path) -> None:
    cards = tiles(open_page(), "Clusters")
    assert sorted(card["name"] for card in cards) == sorted(folder.name for folder in sample_photos.iterdir())
    assert [card["href"] for card in cards] == [f"clusters?cluster={card['id']}" for card in cards]
    assert all(words(card) == ["12 faces"] and card["bar"] is None for card in cards), "a bar only where it is mixed"
    assert {card["said"] for card in cards} == {f"{card['name']}, 12 faces" for card in cards}
    look = Gallery.open(sample_home).looks(
        [Gallery.open(sample_home).cluster_samples([cards[0]["id"]])[cards[0]["id"]][0]]
    )
    ((stored, ratio),) = [(look.crop, look.ratio) for look in look.values()]
    assert base64.b64decode(cards[0]["picture"].partition(",")[2]) == stored, "sent as it is stored"
    assert cards[0]["ratio"] == pytest.approx(ratio)


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


def test_a_cluster_shows_its_figures_and_faces_and_the_way_leads_back(sample_home: Path) -> None:
    cluster, person = first_person(sample_home)
    app = open_page(cluster)
    assert [title.value.replace("\\", "") for title in app.title] == [person]
    assert "12 faces · purity 100\xa0% · mean similarity 0.9" in texts(app)
    assert len(faces(app)) == 12
    app.button(key="page_head_back").click()
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


def test_faces_to_check_come_first_and_others_by_similarity(sample_home: Path) -> None:
    cluster, _ = first_person(sample_home)
    app = open_page(cluster)
    app.segmented_control(key="clusters_face_order").set_value("nearest")
    nearest = faces(run(app))
    app.segmented_control(key="clusters_face_order").set_value("farthest")
    assert faces(run(app)) == nearest[::-1]
    with Gallery.open(sample_home)._database.write() as db:
        db.execute("UPDATE faces SET person = 'A stranger' WHERE id = ?", (nearest[1],))
    assert faces(open_page(cluster)) == [nearest[1], *(face for face in nearest[::-1] if face != nearest[1])]


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
    cluster, person = first_person(sample_home)
    relabel_one(sample_home, cluster, "A stranger")
    card = next(card for card in tiles(open_page(), "Clusters") if card["id"] == cluster)
    assert words(card) == ["12 faces", "Mixed: 2 people"]
    assert card["bar"] == pytest.approx(11 / 12)
    app = open_page(cluster)
    assert f"Most faces are {person} (11). Also in here: A stranger (1)." in texts(app)
    first, second = tiles(app, "Faces of")[:2]
    assert (first["name"], words(first)[1]) == ("A stranger", "another person")
    assert first["said"].startswith("A stranger, similarity 0.")
    assert "another person" not in words(second)


def test_most_faces_are_nobodys_where_nobody_has_more_than_half(sample_home: Path) -> None:
    cluster, _ = first_person(sample_home)
    gallery = Gallery.open(sample_home)
    with gallery._database.write() as db:
        for face in gallery.cluster_faces(cluster, limit=6)["face"].tolist():
            db.execute("UPDATE faces SET person = ? WHERE id = ?", (f"Other {face}", face))
    shown = texts(open_page(cluster))
    assert "Most faces are" not in shown
    assert "Nobody has more than half of the faces: " in shown


def test_a_cluster_without_a_known_person_asks_for_a_name(sample_home: Path) -> None:
    cluster, person = first_person(sample_home)
    with Gallery.open(sample_home)._database.write() as db:
        db.execute("UPDATE faces SET person = NULL WHERE person = ?", (person,))
    cards = {card["name"]: card for card in tiles(open_page(), "Clusters")}
    assert [name for name, card in cards.items() if card["asks_name"]] == [f"Cluster {cluster}"]
    assert cards[f"Cluster {cluster}"]["said"] == f"Cluster {cluster}, 12 faces, without a name"
    assert "purity" not in texts(open_page(cluster))


def test_a_doubtful_face_is_marked(sample_home: Path) -> None:
    cluster, _ = first_person(sample_home)
    with Gallery.open(sample_home)._database.write() as db:
        db.execute(
            "UPDATE assignments SET similarity = 0.2 WHERE cluster = ? AND face_id = "
            "(SELECT min(face_id) FROM assignments WHERE cluster = ?)",
            (cluster, cluster),
        )
    shown = tiles(open_page(cluster), "Faces of")
    assert ["doubtful" in words(tile) for tile in shown] == [True] + 11 * [False]


def test_all_faces_of_a_person_are_shown_wherever_they_lie(sample_home: Path) -> None:
    cluster, person = first_person(sample_home)
    face = relabel_one(sample_home, cluster, "Ann & Bob")
    app = open_page()
    app.query_params["person"] = "Ann & Bob"
    assert [tile["id"] for tile in tiles(run(app), "Faces of Ann & Bob")] == [face]
    assert f"in {person}" in words(tiles(app, "Faces of")[0])
    app.query_params["cluster"] = str(cluster)
    assert faces(run(app)) == [face], "a person's faces in one cluster"
    assert "Only the 1 face of **Ann & Bob** in it" in texts(app)
    del app.query_params["cluster"]
    app.query_params["person"] = "Nobody"
    assert "The gallery knows no Nobody" in texts(run(app))


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


def test_next_and_previous_go_through_the_faces(sample_home: Path) -> None:
    app = open_page(first_person(sample_home)[0])
    order = faces(app)
    with_face(app, order[0])
    assert app.button(key="photo_dialog_previous").disabled
    app.button(key="photo_dialog_next").click()
    run(app)
    assert app.query_params["face"] == [str(order[1])] or app.query_params["face"] == str(order[1])
    assert "Face 2 of 12" in texts(app)


@pytest.mark.parametrize("face", ["9999", "x", "-1", "²"])
def test_the_address_of_a_face_that_is_gone_says_so(sample_home: Path, face: str) -> None:
    app = with_face(open_page(), face)
    assert f"The gallery holds no face {face}: it was deleted." in texts(app)


def test_a_look_alike_in_another_cluster_is_told(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    (here, _), face = first_person(sample_home), int(gallery.cluster_faces(0)["face"].iloc[0])
    nearest = int(gallery.nearest_faces(face)["face"].iloc[0])
    there = next(int(cluster) for cluster in gallery.clusters()["cluster"] if cluster != here)
    with gallery._database.write() as db:
        db.execute("UPDATE assignments SET cluster = ? WHERE face_id = ?", (there, nearest))
    shown = texts(with_face(open_page(), face))
    assert "is in another cluster" in shown
    assert "This one was put where the" in shown


def test_the_detection_score_stands_beside_every_face(sample_home: Path) -> None:
    shown = tiles(open_page(first_person(sample_home)[0]), "Faces of")
    first = Gallery.open(sample_home).face(shown[0]["id"])
    assert words(shown[0])[-1] == f"detection {first.detection_score:.2f}"
    assert len(shown) == 12
    assert all(words(tile)[-1].startswith("detection ") for tile in shown)


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
    with Gallery.open(sample_home)._database.write() as db:
        db.execute("UPDATE sources SET location = ?", (str(sample_home / "moved away"),))
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

    def drawn(image: np.ndarray, box: list[float], others: list[list[float]]) -> np.ndarray:
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
