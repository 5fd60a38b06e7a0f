"""The faces grouped by cluster: all clusters as cards, and one cluster with its faces."""

import math
import time
from typing import Any, get_args

import pandas as pd
import streamlit as st

from facecluster.gallery.clusterings import FaceOrder
from facecluster.gallery.faces import FaceLook
from facecluster.gallery.gallery import Gallery
from facecluster.presentation.text import counted, percent
from facecluster.review.doubtful import DOUBTFUL_BELOW, Order, select_clusters
from facecluster.ui import tables
from facecluster.ui.deleting import faces_section
from facecluster.ui.entry import within_app
from facecluster.ui.face_grid import Line, Tile, tile_grid
from facecluster.ui.faces import FaceTile, face_grid, nothing_yet
from facecluster.ui.jobs import running
from facecluster.ui.links import page_address, show
from facecluster.ui.markup import escape
from facecluster.ui.page_head import page_head
from facecluster.ui.resources import open_gallery

within_app()

CARDS, FACES = 24, 60
ORDERS = {"size": "Size", "purity": "Purity", "name": "Name", "similarity": "Mean similarity"}
FACE_ORDERS: dict[FaceOrder, str] = {
    "review": "To check first",
    "nearest": "Nearest first",
    "farthest": "Farthest first",
}
PURITY_HELP = "Share of the cluster's faces with a known person that belong to its main person."
DOUBTFUL = (
    "Similarity: cosine to the centre of the cluster. Detection: how sure it is that this is a face at all. "
    f"Doubtful is among the farthest 5\u00a0% of its cluster and below {DOUBTFUL_BELOW}."
)
SIMILARITY_HELP = "Mean cosine between the cluster's faces and its centre. It is high for clusters of one person."


def open_cluster(cluster: int | None) -> None:
    if cluster is None:
        show()
    else:
        show(cluster=cluster)


def first_page() -> None:
    st.session_state["clusters_page"] = 1


def marks(row: Any) -> tuple[Line, ...]:
    """Tells, in a word beside the colour, when a cluster needs a look."""
    if row.people > 1:
        return (Line(f"Mixed: {row.people} people", "caution", "group"),)
    if row.people == 0 and row.name:
        return (Line("Named by hand", icon="edit"),)
    return ()


def card(row: Any, look: FaceLook | None) -> Tile:
    is_named = bool(row.name or row.person)
    lines = (Line(counted(row.faces, "face")), *marks(row))
    return Tile(
        row.cluster,
        row.title,
        lines,
        look.crop if look else None,
        look.ratio if look else 1.0,
        href=page_address("clusters", cluster=row.cluster),
        bar=float(row.purity) if row.people > 1 else None,
        asks_name=not is_named,
    )


def all_clusters(gallery: Gallery, clusters: pd.DataFrame) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search",
            placeholder="Name, person or number",
            key="clusters_search",
            type="search",
            live=True,
            persist_state="page",
            on_change=first_page,
            width=280,
        )
        order = st.segmented_control(
            "Sort by",
            get_args(Order),
            format_func=lambda order: ORDERS[order],
            default="size",
            required=True,
            key="clusters_order",
            persist_state="page",
            on_change=first_page,
            help="Purity and mean similarity put the worst first.",
        )
    found = select_clusters(clusters, search or "", order or "size")
    if found.empty:
        st.info("No cluster has such a name, person or number.", title="Nothing found", icon=":material/search_off:")
        return
    pages = tables.page_count(len(found), CARDS)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        number = f"{len(found):,} of {len(clusters):,} clusters" if search else f"{len(clusters):,} clusters"
        st.caption(number, width="content")  # stretched, it would leave the pagination no room for its numbers
        page = st.pagination(pages, key="clusters_page", persist_state="page") if pages > 1 else 1
    shown = tables.page_of(found, min(page, pages), CARDS)
    samples = {
        cluster: faces[0] for cluster, faces in gallery.clusterings.samples(shown["cluster"].tolist(), 1).items()
    }
    looks = gallery.faces.looks(list(samples.values()))
    tile_grid(
        [card(row, looks.get(samples[row.cluster])) for row in shown.itertuples()],
        "clusters_cards",
        "Clusters",
        on_open=open_cluster,
        on_name=lambda cluster, name: gallery.clusterings.name(cluster, name),
        cell=150,
        cards=True,
    )


def rename(gallery: Gallery, cluster: int) -> None:
    gallery.clusterings.name(cluster, st.session_state[f"clusters_name_{cluster}"])


def who_is_in(gallery: Gallery, row: Any) -> str:
    """Who a mixed cluster holds, in a sentence; most faces are somebody's only where more than half are."""
    people = gallery.clusterings.people_in(row.cluster).dropna(subset="person")
    listed = [f"{escape(each.person)} ({each.faces:,})" for each in people.itertuples()]
    if int(people["faces"].iloc[0]) * 2 > int(people["faces"].sum()):
        return f"Most faces are {listed[0]}. Also in here: {in_words(listed[1:])}."
    return f"Nobody has more than half of the faces: {in_words(listed)}."


def in_words(listed: list[str]) -> str:
    return ", ".join(listed[:10]) + (f" and {len(listed) - 10:,} more" if len(listed) > 10 else "")


def tile(face: Any, name: str | None, main_person: str | None, limit: float) -> FaceTile:
    lines = [Line(f"similarity {face.similarity:.2f}")]
    if face.person and main_person and face.person != main_person:
        lines.append(Line("another person", "wrong", "person_alert"))
    elif face.similarity < limit:
        lines.append(Line("doubtful", "caution", "help"))
    return FaceTile(face.face, face.person or name or "no name yet", tuple(lines))


def faces_of(gallery: Gallery, row: Any, person: str | None, number: int) -> None:
    """The figures of a cluster, its faces or those of one person in it, and what can be done with the selected ones."""
    pages = tables.page_count(number, FACES)
    with st.container(horizontal=True, vertical_alignment="center"):
        figures(row)
        order = st.segmented_control(
            "Order of the faces",
            tuple(FACE_ORDERS),
            format_func=lambda order: FACE_ORDERS[order],
            default="review",
            required=True,
            key="clusters_face_order",
            persist_state="page",
            label_visibility="collapsed",
        )
        page = st.pagination(pages, key=f"clusters_faces_{row.cluster}_{order}_{person}") if pages > 1 else 1
        actions = st.container(width="content")
    faces = gallery.clusterings.faces_of(
        row.cluster, order=order or "review", person=person, limit=FACES, offset=(page - 1) * FACES
    )
    limit = tables.doubtful_limit(gallery, row.cluster)
    tiles = [tile(face, row.name, row.person, limit) for face in faces.itertuples()]
    chosen = face_grid(gallery, tiles, "clusters_face", f"Faces of {row.title}", selectable=True)
    with actions:
        faces_section(gallery, chosen, running(gallery) is not None, "clusters_face")
    st.caption(DOUBTFUL)


def figures(row: Any) -> None:
    told = [counted(row.faces, "face"), f"mean similarity {row.similarity:.2f}", *(line.text for line in marks(row))]
    if not math.isnan(row.purity):
        told.insert(1, f"purity {percent(row.purity)}")
    st.markdown(" · ".join(told), width="content", help=f"{PURITY_HELP} {SIMILARITY_HELP}")


def one_cluster(gallery: Gallery, row: Any, person: str | None) -> None:
    with page_head(gallery, row.title, back=("All", open_cluster)):
        name_in_title(gallery, row)
    people = gallery.clusterings.people_in(row.cluster)
    number = row.faces if person is None else int(people.loc[people["person"] == person, "faces"].sum())
    if row.people > 1:
        st.markdown(f":orange[:material/person_alert:] {who_is_in(gallery, row)}")
    if person is not None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Only the {counted(number, 'face')} of **{escape(person)}** in it", width="content")
            st.button("Show all", type="tertiary", key="clusters_all", on_click=open_cluster, args=(row.cluster,))
    faces_of(gallery, row, person, number)


def name_in_title(gallery: Gallery, row: Any) -> None:
    with st.popover("Rename" if row.name or row.person else "Add a name", icon=":material/edit:", type="tertiary"):
        st.text_input(
            "Name",
            value=row.name or "",
            placeholder=row.person or f"Cluster {row.cluster}",
            max_chars=80,
            key=f"clusters_name_{row.cluster}",
            help="Who this is: the faces in it whose photo lies in nobody's folder are this person's, on every page. "
            "Clusters of one name are one person, and the name of a folder's person means that person. Empty, the "
            "cluster goes by its main person.",
            on_change=rename,
            args=(gallery, row.cluster),
            width=360,
        )


def paged(told: str, number: int, key: str) -> int:
    """A line above a grid of faces, with the pages at its right where one is not enough; the page that is chosen."""
    pages = tables.page_count(number, FACES)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(told, width="content")
        return st.pagination(pages, key=key) if pages > 1 else 1


def one_person(gallery: Gallery, person: str, number: int) -> None:
    """All faces of a person, in whatever cluster they are; first those that are elsewhere than most."""
    page_head(gallery, person, back=("All", open_cluster))
    own, titles = tables.own_cluster(gallery, person), tables.cluster_titles(gallery)
    told = counted(number, "face")
    if own is not None and (elsewhere := number - own.faces):
        told += f" · :red[:material/person_alert: {elsewhere:,} elsewhere than in {escape(titles[own.cluster])}]"
    page = paged(told, number, f"clusters_person_{person}")
    doubtful = set(tables.doubtful(gallery)["face"].tolist())
    tiles = []
    for face in gallery.clusterings.faces_of_person(person, FACES, (page - 1) * FACES).itertuples():
        place = "in no cluster" if pd.isna(face.cluster) else f"in {titles[int(face.cluster)]}"
        is_astray = own is not None and face.cluster != own.cluster
        similarity = () if pd.isna(face.similarity) else (Line(f"similarity {face.similarity:.2f}"),)
        where = Line(place, "wrong", "person_alert") if is_astray else Line(place)
        if face.face in doubtful and not is_astray:
            where = Line("doubtful", "caution", "help")
        tiles.append(FaceTile(face.face, person, (where, *similarity) if is_astray else (*similarity, where)))
    face_grid(gallery, tiles, "clusters_person", f"Faces of {person}")


def doubtful_faces(gallery: Gallery) -> None:
    """The faces of all clusters that hardly belong to theirs, farthest first."""
    page_head(gallery, "Doubtful faces", back=("All", open_cluster))
    found = tables.doubtful(gallery)
    if found.empty:
        st.info("No face is far from its cluster's centre.", title="Nothing to check", icon=":material/check_circle:")
        return
    page = paged(
        f"{counted(len(found), 'face')}, farthest from their cluster's centre first", len(found), "clusters_doubt"
    )
    shown, titles = tables.page_of(found, page, FACES), tables.cluster_titles(gallery)
    persons = gallery.faces.by_id(shown["face"].tolist())["person"].tolist()
    tiles = []
    for face, person in zip(shown.itertuples(), persons, strict=True):
        cluster = titles[face.cluster]
        is_anothers = bool(person) and person != cluster
        place = Line(f"in {cluster}", "wrong", "person_alert") if is_anothers else Line("doubtful", "caution", "help")
        tiles.append(FaceTile(face.face, person or cluster, (place, Line(f"similarity {face.similarity:.2f}"))))
    face_grid(gallery, tiles, "clusters_doubtful", "Doubtful faces")
    st.caption(DOUBTFUL)


def fresh_view(view: str) -> Any:
    """The page's body, emptied where another view was shown before."""
    if st.session_state.setdefault("clusters_view", view) == view:
        # Not in a place that was emptied: between the two the browser may draw, and forget what has the focus.
        return st.container()
    st.session_state["clusters_view"] = view
    body = st.empty()
    # The browser keeps its scroll position. A moment without content brings it to the top of the new view.
    body.empty()
    time.sleep(0.2)
    return body.container()


gallery = open_gallery()
clusters = tables.clusters(gallery)
chosen, person = st.query_params.get("cluster", ""), st.query_params.get("person")
fits = clusters[clusters["cluster"].astype(str) == chosen]
faces_of_person = gallery.faces.by_identity().get(person, 0) if person else 0
asks_doubtful = st.query_params.get("show") == "doubtful" and len(clusters) > 0
with fresh_view(f"{chosen} {person} {asks_doubtful}"):
    if asks_doubtful:
        doubtful_faces(gallery)
    elif len(fits):
        with st.container(gap="xsmall"):
            one_cluster(gallery, next(fits.itertuples(index=False)), person)
    elif person and faces_of_person:
        one_person(gallery, person, faces_of_person)
    else:
        page_head(gallery, "Clusters")
        if not nothing_yet(gallery):
            if chosen:
                st.warning(f"There is no cluster {escape(chosen)}: it was replaced by a later clustering.")
            elif person:
                st.warning(f"The gallery knows no {escape(person)}: it was deleted or renamed.")
            all_clusters(gallery, clusters)
