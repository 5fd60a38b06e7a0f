"""The faces grouped by cluster: all clusters as cards, and one cluster with its faces."""

import math
import time
from typing import Any, Literal, get_args

import pandas as pd
import streamlit as st

from facecluster.charts import percent
from facecluster.gallery import Gallery
from facecluster.review import DOUBTFUL_BELOW, Order, select_clusters
from facecluster.ui import tables
from facecluster.ui.entry import within_app
from facecluster.ui.faces import FaceTile, face_grid, nothing_yet
from facecluster.ui.markup import escape
from facecluster.ui.page_head import page_head
from facecluster.ui.photo_dialog import show_face
from facecluster.ui.resources import open_gallery

within_app()

CARDS, FACES, SAMPLES = 24, 60, 4
ORDERS = {"size": "Size", "purity": "Purity", "name": "Name", "similarity": "Mean similarity"}
FACE_ORDERS: dict[Literal["nearest", "farthest"], str] = {"nearest": "Nearest first", "farthest": "Farthest first"}
PURITY_HELP = "Share of the cluster's faces with a known person that belong to its main person."
SIMILARITY_HELP = "Mean cosine between the cluster's faces and its centre. Clusters of one person lie high."


def open_cluster(cluster: int | None) -> None:
    if cluster is None:
        st.query_params.pop("cluster", None)
    else:
        st.query_params["cluster"] = str(cluster)


def first_page() -> None:
    st.session_state["clusters_page"] = 1


def faces_text(number: int) -> str:
    return f"{number:,} {'face' if number == 1 else 'faces'}"


def mark(row: Any) -> None:
    """Tells, in a word beside the colour, when a cluster needs a look."""
    if row.people > 1:
        st.badge(f"Mixed: {row.people} people", icon=":material/group:", color="orange", help="More than one person.")
    elif row.people == 0 and row.name:
        st.badge("Named by hand", icon=":material/edit:", color="gray", help="No face in it has a person by folder.")
    elif row.people == 0:
        st.badge("No person", icon=":material/person_off:", color="gray", help="No face in it has a known person.")


def purity_bar(row: Any) -> None:
    if math.isnan(row.purity):
        st.caption("Purity not known")
    else:
        st.progress(float(row.purity), text=f"Purity {percent(row.purity)}")


def card(row: Any, crops: list[bytes]) -> None:
    with st.grid(SAMPLES, wrap=False, min_column_width=32, gap="xxsmall"):
        for place, crop in enumerate(crops):
            # One name for the four: a screen reader should not hear it four times.
            st.image(crop, width="stretch", alt="" if place else f"Sample faces of {row.title}")
    st.markdown(f"**{escape(row.title)}**")
    st.caption(f"{faces_text(row.faces)} · mean similarity {row.similarity:.2f}")
    purity_bar(row)
    mark(row)
    st.space("stretch")
    st.button(
        "Open",
        key=f"clusters_open_{row.cluster}",
        icon=":material/arrow_forward:",
        help=f"Show the faces of {escape(row.title)}",
        on_click=open_cluster,
        args=(row.cluster,),
        width="stretch",
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
            format_func=ORDERS.__getitem__,
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
    samples = gallery.cluster_samples(shown["cluster"].tolist(), SAMPLES)
    crops = gallery.crops([face for faces in samples.values() for face in faces])
    with st.grid("auto", min_column_width=230, gap="small"):
        for row in shown.itertuples():
            with st.container(border=True, height="stretch", gap="xsmall"):
                card(row, [crops[face] for face in samples[row.cluster] if face in crops])


def rename(gallery: Gallery, cluster: int) -> None:
    gallery.name_cluster(cluster, st.session_state[f"clusters_name_{cluster}"])


def others_text(gallery: Gallery, row: Any) -> str:
    people = gallery.cluster_people(row.cluster)
    others = people[people["person"].notna() & (people["person"] != row.person)]
    listed = [f"{escape(other.person)} ({other.faces})" for other in others.head(10).itertuples()]
    rest = f" and {len(others) - len(listed)} more" if len(others) > len(listed) else ""
    return ", ".join(listed) + rest


def tile(face: Any, main_person: str | None, limit: float) -> FaceTile:
    notes = []
    if face.person and main_person and face.person != main_person:
        notes.append(f":orange[:material/person_alert: {escape(face.person)}]")
    if face.similarity < limit:
        notes.append(":orange[:material/help: doubtful]")
    return FaceTile(face.face, f"{face.similarity:.2f}", f"Face of {face.person or 'no known person'}", tuple(notes))


def faces_of(gallery: Gallery, row: Any) -> None:
    limit = tables.doubtful_limit(gallery, row.cluster)
    pages = tables.page_count(row.faces, FACES)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
        order = st.segmented_control(
            "Similarity to the centre",
            tuple(FACE_ORDERS),
            format_func=FACE_ORDERS.__getitem__,
            default="nearest",
            required=True,
            key="clusters_face_order",
            persist_state="page",
        )
        page = st.pagination(pages, key=f"clusters_faces_{row.cluster}_{order}") if pages > 1 else 1
    faces = gallery.cluster_faces(row.cluster, order=order or "nearest", limit=FACES, offset=(page - 1) * FACES)
    st.caption(
        "The number is the face's similarity to the centre of the cluster, and detection how sure it is that this is a "
        "face at all. "
        ":orange[:material/person_alert: A name] is another person than the main one; "
        f":orange[:material/help: doubtful] is among the farthest 5 % and below {DOUBTFUL_BELOW}."
    )
    clicked = face_grid(gallery, [tile(face, row.person, limit) for face in faces.itertuples()], "clusters_face")
    if clicked is not None:
        show_face(gallery, clicked)


def one_cluster(gallery: Gallery, row: Any) -> None:
    st.button("All clusters", icon=":material/arrow_back:", type="tertiary", on_click=open_cluster, args=(None,))
    page_head(gallery, row.title)
    mark(row)
    with st.grid(4, min_column_width=150):
        st.metric("Faces", f"{row.faces:,}", border=True)
        st.metric("Purity", "unknown" if math.isnan(row.purity) else percent(row.purity), help=PURITY_HELP, border=True)
        st.metric("People in it", row.people, help="Known persons whose faces lie in this cluster.", border=True)
        st.metric("Mean similarity", f"{row.similarity:.2f}", help=SIMILARITY_HELP, border=True)
    if row.people > 1:
        text = f"Most faces are {escape(row.person)}. Also in here: {others_text(gallery, row)}."
        st.markdown(f":orange[:material/person_alert:] {text}")
    st.text_input(
        "Name",
        value=row.name or "",
        placeholder=row.person or f"Cluster {row.cluster}",
        max_chars=80,
        key=f"clusters_name_{row.cluster}",
        help="Who this is: the faces in it whose photo lies in nobody's folder are this person's, on every page. "
        "Clusters of one name are one person, and the name of a folder's person means that person. Empty, the cluster "
        "goes by its main person.",
        on_change=rename,
        args=(gallery, row.cluster),
        width=360,
    )
    faces_of(gallery, row)


def fresh_view(view: str) -> Any:
    """The page's body, emptied where another view was shown before."""
    body = st.empty()
    if st.session_state.setdefault("clusters_view", view) != view:
        st.session_state["clusters_view"] = view
        # The browser keeps its scroll position. A moment without content brings it to the top of the new view.
        body.empty()
        time.sleep(0.2)
    return body.container()


gallery = open_gallery()
clusters = tables.clusters(gallery)
chosen = st.query_params.get("cluster", "")
fits = clusters[clusters["cluster"].astype(str) == chosen]
with fresh_view(chosen):
    if len(fits):
        one_cluster(gallery, next(fits.itertuples(index=False)))
    else:
        page_head(gallery, "Clusters")
        if not nothing_yet(gallery):
            if chosen:
                st.warning(f"There is no cluster {escape(chosen)}: it was replaced by a later grouping.")
            all_clusters(gallery, clusters)
