"""The clusters page as somebody uses it: cards, one cluster, a face and its photo."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from facecluster.gallery.gallery import Gallery
from tests.apps import tiles, words
from tests.galleries import edit, give, take_name, ungroup

pytestmark = pytest.mark.usefixtures("fresh_caches")

APP = Path(__file__).resolve().parents[2] / "app.py"


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
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.warning)
    return "\n".join(element.value.replace("\\", "") for kind in kinds for element in kind)


def card_names(app: AppTest) -> list[str]:
    return [card["name"] for card in tiles(app, "Clusters")]


def faces(app: AppTest) -> list[int]:
    return [tile["id"] for tile in tiles(app, "Faces of")]


def first_person(home: Path) -> tuple[int, str]:
    row = Gallery.open(home).clusterings.table().iloc[0]
    return int(row["cluster"]), row["person"]


def relabel_one(home: Path, cluster: int, person: str) -> int:
    """Makes one face of a cluster another person's, as if a stranger had been put in."""
    gallery = Gallery.open(home)
    face = int(gallery.clusterings.faces_of(cluster, order="farthest", limit=1)["face"].iloc[0])
    give(home, [face], person)
    return face


def test_an_empty_gallery_tells_where_to_start(gallery_home: Path) -> None:
    app = open_page()
    assert "Add photos" in texts(app)
    assert not app.button or not any(button.key and button.key.startswith("clusters_") for button in app.button)
    assert [link.value for link in app.page_link] == ["Open the gallery page"]


def test_faces_without_clusters_tell_what_to_do(sample_home: Path) -> None:
    ungroup(sample_home)
    assert "144 faces that are not grouped yet" in texts(open_page())


def test_every_cluster_has_a_card_with_its_person_face_and_address(sample_home: Path, sample_photos: Path) -> None:
    cards = tiles(open_page(), "Clusters")
    assert sorted(card["name"] for card in cards) == sorted(folder.name for folder in sample_photos.iterdir())
    assert [card["href"] for card in cards] == [f"clusters?gallery=~&cluster={card['id']}" for card in cards]
    assert all(words(card) == ["12 faces"] and card["bar"] is None for card in cards), "a bar only where it is mixed"
    assert {card["said"] for card in cards} == {f"{card['name']}, 12 faces" for card in cards}
    look = Gallery.open(sample_home).faces.looks(
        [Gallery.open(sample_home).clusterings.samples([cards[0]["id"]])[cards[0]["id"]][0]]
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
    give(sample_home, [nearest[1]], "A stranger")
    assert faces(open_page(cluster)) == [nearest[1], *(face for face in nearest[::-1] if face != nearest[1])]


def test_a_name_stays_until_it_is_taken_away(sample_home: Path) -> None:
    cluster, person = first_person(sample_home)
    app = open_page(cluster)
    app.text_input(key=f"clusters_name_{cluster}").set_value("The *boss*")
    run(app)
    assert app.title[0].value == "The \\*boss\\*"
    assert Gallery.open(sample_home).clusterings.table()["name"][0] == "The *boss*"
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
    for face in gallery.clusterings.faces_of(cluster, limit=6)["face"].tolist():
        give(sample_home, [face], f"Other {face}")
    shown = texts(open_page(cluster))
    assert "Most faces are" not in shown
    assert "Nobody has more than half of the faces: " in shown


def test_a_cluster_without_a_known_person_asks_for_a_name(sample_home: Path) -> None:
    cluster, person = first_person(sample_home)
    take_name(sample_home, person)
    cards = {card["name"]: card for card in tiles(open_page(), "Clusters")}
    assert [name for name, card in cards.items() if card["asks_name"]] == [f"Cluster {cluster}"]
    assert cards[f"Cluster {cluster}"]["said"] == f"Cluster {cluster}, 12 faces, without a name"
    assert "purity" not in texts(open_page(cluster))


def test_a_doubtful_face_is_marked(sample_home: Path) -> None:
    cluster, _ = first_person(sample_home)
    first = int(Gallery.open(sample_home).clusterings.faces_of(cluster)["face"].min())
    edit(sample_home, "UPDATE assignments SET similarity = 0.2 WHERE face_id = ?", first)
    shown = tiles(open_page(cluster), "Faces of")
    assert ["doubtful" in words(tile) for tile in shown] == [True] + 11 * [False]
    app = open_page()
    app.query_params["show"] = "doubtful"
    alone = tiles(run(app), "Doubtful faces")
    assert [tile["id"] for tile in alone] == [shown[0]["id"]]
    assert words(alone[0])[:2] == ["doubtful", "similarity 0.20"]
    assert "1 face, farthest" in texts(app)


def test_without_a_doubtful_face_their_list_says_so(sample_home: Path) -> None:
    app = open_page()
    app.query_params["show"] = "doubtful"
    assert "No face is far from its cluster's centre." in texts(run(app))


def test_the_faces_of_a_person_that_lie_elsewhere_come_first_and_are_marked(sample_home: Path) -> None:
    clusters = Gallery.open(sample_home).clusterings.table()
    cluster, person = first_person(sample_home)
    other = clusters["person"].iloc[1]
    face = relabel_one(sample_home, cluster, other)
    app = open_page()
    app.query_params["person"] = other
    shown = tiles(run(app), f"Faces of {other}")
    assert shown[0]["id"] == face
    assert shown[0]["lines"][0] == {"text": f"in {person}", "tone": "wrong", "icon": "person_alert"}
    assert [tile["lines"][0]["tone"] for tile in shown[1:]] == 12 * ["muted"]
    assert f"13 faces · :red[:material/person_alert: 1 elsewhere than in {other}]" in texts(app)


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


def test_the_detection_score_stands_beside_every_face(sample_home: Path) -> None:
    shown = tiles(open_page(first_person(sample_home)[0]), "Faces of")
    first = Gallery.open(sample_home).faces.get(shown[0]["id"])
    assert words(shown[0])[-1] == f"detection {first.detection_score:.2f}"
    assert len(shown) == 12
    assert all(words(tile)[-1].startswith("detection ") for tile in shown)
