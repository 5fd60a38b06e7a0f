"""The wall of people: whose cards there are, what they lead to, and which of them need a look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from facecluster.gallery.gallery import Gallery
from facecluster.presentation.wall import Card, cards, cards_named
from facecluster.review.doubtful import titled
from facecluster.workflows.cluster import cluster_gallery
from tests.galleries import make_gallery
from tests.people import draw_people


def made(
    identities: list[tuple[str | None, int | None, int]], wrong: dict[str, int], sharing: tuple[str, ...]
) -> list[Card]:
    table = pd.DataFrame(identities, columns=["person", "cluster", "faces"])
    people = table.dropna().groupby("cluster")["person"].agg(["first", "nunique"])
    clusters = pd.DataFrame({"cluster": table["cluster"].dropna().astype(int).sort_values().unique()})
    clusters = clusters.assign(
        name=None,
        person=clusters["cluster"].map(people["first"]),
        people=clusters["cluster"].map(people["nunique"]).fillna(0).astype(int),
        faces=clusters["cluster"].map(table.groupby("cluster")["faces"].sum()),
    )
    return cards(table, titled(clusters), wrong, sharing)


def test_who_needs_a_look_comes_first_and_then_the_most_faces() -> None:
    found = made(
        [("Ann", 0, 9), ("Bob", 0, 1), ("Bob", 1, 5), ("Cleo", 2, 4), ("Dan", 2, 4), (None, 3, 7), ("Eve", None, 2)],
        {"Bob": 1, "Dan": 4},
        ("Cleo", "Dan"),
    )
    assert [(card.title, card.faces, card.mark) for card in found] == [
        ("Ann", 9, "Mixed: 2 people"),
        ("Bob", 6, "1 face elsewhere"),
        ("Cleo", 4, "Shares a cluster"),
        ("Dan", 4, "Shares a cluster"),
        ("Cluster 3", 7, None),
        ("Eve", 2, None),
    ]


def test_a_card_leads_to_all_its_faces() -> None:
    found = made([("Ann", 0, 9), ("Ann", None, 1), ("Bob", 1, 5), (None, 1, 2), ("Eve", None, 2), (None, 3, 7)], {}, ())
    assert {card.title: card.query for card in found} == {
        "Ann": {"person": "Ann"},
        "Bob": {"cluster": "1"},
        "Eve": {"person": "Eve"},
        "Cluster 3": {"cluster": "3"},
    }
    assert {card.title: card.faces for card in found}["Bob"] == 5, "faces of nobody are not counted as his"


def test_every_word_of_a_search_has_to_be_there() -> None:
    wall = [Card(name, name, 0, 1) for name in ("Ann Lee", "Lee Cobb", "Bob")]
    assert [card.title for card in cards_named(wall, "LEE a")] == ["Ann Lee"]
    assert cards_named(wall, " ") == wall


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Two people by folder and one whose name nobody knows, eight faces each."""
    faces, persons = draw_people(3, 8)
    persons[persons == "person 02"] = None
    gallery = make_gallery(tmp_path, faces, persons)
    cluster_gallery(gallery, 3)
    return gallery


def test_a_name_given_to_a_cluster_makes_it_a_person(gallery: Gallery) -> None:
    (nobody,) = [card for card in wall(gallery) if card.person is None]
    assert nobody.cluster is not None
    gallery.clusterings.name(nobody.cluster, "Ada")
    assert {card.person: card.faces for card in wall(gallery)} == {"Ada": 8, "person 00": 8, "person 01": 8}
    best = gallery.faces.best_of("Ada", nobody.cluster)
    assert best == gallery.clusterings.samples([nobody.cluster], 1)[nobody.cluster][0]
    assert gallery.faces.best_of("person 00", nobody.cluster) is None
    gallery.clusterings.name(nobody.cluster, "person 00")
    (card,) = [card for card in wall(gallery) if card.person == "person 00"]
    assert (card.faces, card.query) == (16, {"person": "person 00"})


def test_people_in_no_cluster_show_their_first_face(gallery: Gallery) -> None:
    make_gallery(gallery.path, draw_people(1, 3, seed=5)[0], np.full(3, "Late"), prefix="late")
    (card,) = [card for card in wall(gallery) if card.person == "Late"]
    assert (card.faces, card.cluster, card.query) == (3, None, {"person": "Late"})
    first = gallery.faces.best_of(card.person, card.cluster) or 0
    assert list(gallery.faces.newest(4)) == [first + 2, first + 1, first, first - 1]
    assert [(place.name, place.photos) for place in gallery.photos.by_source()] == [("people", 27)]


def wall(gallery: Gallery) -> list[Card]:
    return cards(gallery.faces.identities(), titled(gallery.clusterings.table()), {}, ())
