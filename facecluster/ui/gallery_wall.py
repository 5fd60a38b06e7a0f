"""What the gallery page begins with: its state in a line of links, the wall of people, and faces as they are found."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from facecluster.errors import EvaluationError
from facecluster.gallery.gallery import Gallery
from facecluster.presentation.text import counted
from facecluster.presentation.wall import Card, cards_named
from facecluster.records import GalleryCounts
from facecluster.ui import tables
from facecluster.ui.face_grid import Line, Tile, tile_grid
from facecluster.ui.faces import FaceTile, face_grid
from facecluster.ui.gallery_details import left_out_photos
from facecluster.ui.links import address_query, page_address

_CARDS = 60
_CELL = 160  # pixels: two cards side by side on a phone
_NEWEST = 24
_LIST = 760  # pixels: a popover is otherwise as wide as a phone
_ASKED = "gallery_asked_card"


def follow_asked_card() -> None:
    """Goes to the faces of the card that was clicked; first in a run, since Streamlit allows it in no callback."""
    query = st.session_state.pop(_ASKED, None)
    if query is not None:
        st.switch_page("pages/clusters.py", query_params=address_query(**query))


def state_line(gallery: Gallery, counts: GalleryCounts, is_busy: bool) -> None:
    """What the gallery holds, each part a link to what is behind it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="gallery_state"):
        with st.popover(counted(counts.photos, "photo"), type="tertiary", key="gallery_photos", on_change="rerun") as b:
            if b.open:
                with st.container(width=_LIST):
                    _sources(gallery)
        _link(counted(counts.faces, "face"), "clusters", help="Open the faces by cluster.")
        if counts.people:
            known = f"Names of folders that hold photos, and names given to clusters. {counts.known.sentence}"
            _link(f"{counts.people:,} {'person' if counts.people == 1 else 'people'}", "clusters", help=known)
        if counts.clusters and not is_busy:
            _unnamed(gallery)
            _to_review(gallery, counts)
        left_out = counts.unreadable + counts.no_face + counts.duplicates
        if left_out or counts.in_part:
            label = f"{counted(left_out or counts.in_part, 'photo')} {'left out' if left_out else 'not read in full'}"
            with st.popover(label, type="tertiary", key="gallery_without_face", on_change="rerun") as box:
                if box.open:
                    with st.container(width=_LIST):
                        left_out_photos(gallery, "gallery_left_out_now")


def _link(label: str, page: str, icon: str = "", help: str = "", **what: object) -> None:
    st.page_link(
        f"pages/{page}.py", label=label, icon=icon, help=help, query_params=address_query(**what) if what else None
    )


def _unnamed(gallery: Gallery) -> None:
    unnamed = sum(card.person is None for card in tables.wall(gallery))
    if unnamed:
        _link(f"{counted(unnamed, 'cluster')} without a name", "clusters", help="Clusters that nobody named.")


def _to_review(gallery: Gallery, counts: GalleryCounts) -> None:
    doubtful = len(tables.doubtful(gallery))
    try:
        wrong = tables.accuracy(gallery).wrong
    except EvaluationError:
        if not doubtful:
            _link(
                "Nothing to review", "clusters", ":material/check_circle:", "No face is far from its cluster's centre."
            )
    else:
        of, known = "", ""
        if not counts.known.is_everybody:
            of, known = f" of {counts.faces_by_folder:,} known", f" {counts.known.sentence}"
        if wrong:
            told, meaning = f"{counted(wrong, 'face')} to review", f"Faces in another cluster than theirs.{known}"
            _link(f"{told}{of}", "accuracy", ":material/person_alert:", meaning)
        else:
            meaning = f"No faces in another cluster than theirs.{known}"
            _link(f"Nothing to review{of}", "accuracy", ":material/check_circle:", meaning)
    if doubtful:
        meaning = "Faces far from their cluster's centre: perhaps somebody else's."
        _link(counted(doubtful, "doubtful face"), "clusters", ":material/help:", meaning, show="doubtful")


def _sources(gallery: Gallery) -> None:
    rows = [(place.name, place.photos, place.location) for place in gallery.photos.by_source()]
    st.dataframe(
        pd.DataFrame(rows, columns=["name", "photos", "location"]),
        hide_index=True,
        column_config={
            "name": "From",
            "photos": st.column_config.NumberColumn("Photos", format="localized"),
            "location": st.column_config.TextColumn("Where it lies", width="large"),
        },
        key="gallery_sources",
        alt="Folders and zips that the photos came from",
    )


def show_wall(gallery: Gallery, is_marked: bool) -> None:
    """A card per person, and one a cluster without a name; where `is_marked`, those that need a look first."""
    made = tables.wall(gallery) if is_marked else tables.wall_unmarked(gallery)
    if len(made) > _CARDS:
        made = _searched(made)
    pages = tables.page_count(len(made), _CARDS)
    page = min(int(st.session_state.get("gallery_page") or 1), pages)
    faces: dict[int, Card] = {}
    for card in tables.page_of(made, page, _CARDS):
        face = gallery.faces.best_of(card.person, card.cluster)
        if face is not None:
            faces[face] = card
    _grid(gallery, faces)
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key="gallery_page", persist_state="page")


def _searched(made: list[Card]) -> list[Card]:
    def first_page() -> None:
        st.session_state["gallery_page"] = 1

    search = st.text_input(
        "Search",
        placeholder=f"Search {len(made):,} people and clusters",
        key="gallery_search",
        type="search",
        live=True,
        persist_state="page",
        on_change=first_page,
        label_visibility="collapsed",
        width=320,
    )
    found = cards_named(made, search or "")
    if not found:
        st.info("Nobody has such a name.", title="Nothing found", icon=":material/search_off:")
    return found


def _grid(gallery: Gallery, faces: dict[int, Card]) -> None:
    looks = gallery.faces.looks(list(faces))

    def go_to(face: int) -> None:
        st.session_state[_ASKED] = faces[face].query

    def give_name(face: int, name: str) -> None:
        place = gallery.clusterings.cluster_of(face)
        if place is not None:
            gallery.clusterings.name(place[0], name)

    tile_grid(
        [_tile(face, card, looks.get(face)) for face, card in faces.items()],
        "gallery_wall",
        "People and clusters",
        on_open=go_to,
        on_name=give_name,
        cell=_CELL,
        cards=True,
    )


def _tile(face: int, card: Card, look: Any) -> Tile:
    lines = [Line(counted(card.faces, "face"))]
    if card.mark:
        lines.append(Line(card.mark, "caution", "person_alert"))
    return Tile(
        face,
        card.title,
        tuple(lines),
        look.crop if look else None,
        look.ratio if look else 1.0,
        href=page_address("clusters", **card.query),
        asks_name=card.person is None,
    )


def newest_faces(gallery: Gallery) -> None:
    """The faces found last; each opens over the page."""
    found = gallery.faces.newest(_NEWEST)
    tiles = [FaceTile(face, person or "no name yet") for face, person in found.items()]
    face_grid(gallery, tiles, "gallery_newest", "Faces found last")
