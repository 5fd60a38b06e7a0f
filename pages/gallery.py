"""Everybody in the gallery at a glance, photos being added, and what was found and what was left out."""

from __future__ import annotations

import streamlit as st

from facecluster.gallery.gallery import Gallery
from facecluster.presentation.text import counted
from facecluster.records import GalleryCounts
from facecluster.ui import resources
from facecluster.ui.add_photos import ask_to_add, is_adding, settings_form, show_ways_to_add
from facecluster.ui.deleting import unfinished_deletion
from facecluster.ui.entry import within_app
from facecluster.ui.gallery_details import show_contradictions, show_details
from facecluster.ui.gallery_wall import follow_asked_card, newest_faces, show_wall, state_line
from facecluster.ui.jobs import running, start_clustering
from facecluster.ui.links import asked_face
from facecluster.ui.page_head import page_head
from facecluster.ui.source_notices import show_missing, show_unfinished
from facecluster.workflows.add_photos import last_algorithm, last_choice

within_app()

FACE = "gallery_face"  # in the session: the face that the page was last shown with
TICK = 2  # seconds between two looks at what a job found


def show_unclustered(gallery: Gallery, counts: GalleryCounts, is_next: bool) -> bool:
    """Which faces are in no cluster, and what other pages make of them; whether there is something to do. `is_next` is
    whether that is the next thing to do."""
    from facecluster.clustering.algorithms import ALGORITHMS

    alone, algorithm = gallery.clusterings.unclustered(), ALGORITHMS[last_algorithm(gallery)].title
    if later := alone.found_later:
        text = "Clusters and accuracy are those of the other faces." if counts.clusters else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            are = "faces are" if later > 1 else "face is"
            st.info(f"{later:,} {are} in no cluster yet. {text}".rstrip(), icon=":material/workspaces:")
            if st.button(
                "Group them",
                key="gallery_group",
                icon=":material/workspaces:",
                type="primary" if is_next else "secondary",
                help=f"Groups all faces by {algorithm}{', as before' if counts.clusters else ''}.",
            ):
                choice, seed = last_choice(gallery)
                if start_clustering(gallery, choice, seed):
                    st.rerun()
    if in_none := alone.in_none:
        st.info(
            f"{algorithm} found no cluster for {counted(in_none, 'face')}. Clusters shows none of these. "
            "Where the person is known, accuracy counts such a face as a cluster of its own, and Identify compares new "
            "photos with it.",
            title="In no cluster",
            icon=":material/scatter_plot:",
        )
    return later > 0


def show_found(gallery: Gallery) -> None:
    """What a job that is under way found until now."""
    counts = gallery.counts()
    if not counts.photos:
        st.info(
            "You may leave this page, reload it or close it: the work goes on.",
            title="Your photos are being added",
            icon=":material/hourglass_top:",
        )
        return
    state_line(gallery, counts, is_busy=True)
    newest_faces(gallery)
    if asked_face() not in (None, st.session_state.get(FACE)):
        st.rerun()  # the whole page, since this part of it cannot open a face


def show_adding(gallery: Gallery) -> None:
    """The four ways to add photos to a gallery that holds some."""
    with st.container(border=True, key="gallery_add_section"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header("Add photos", anchor=False, width="content")
            st.space("stretch")
            with st.popover("Settings", icon=":material/tune:", type="tertiary", key="gallery_settings"):
                settings = settings_form(gallery)
            st.button(
                "Close",
                icon=":material/close:",
                type="tertiary",
                key="gallery_close",
                on_click=ask_to_add,
                args=(False,),
            )
        show_ways_to_add(gallery, settings)


def show_empty(gallery: Gallery) -> None:
    behind = page_head(gallery, "Who is on these photos?")
    with behind, st.popover("Settings", icon=":material/tune:", type="tertiary", key="gallery_settings"):
        settings = settings_form(gallery)
    st.markdown(
        "facecluster finds the faces on your photos, groups them by person and tells who is on a new one, all on this "
        "machine."
    )
    unfinished_deletion(gallery)
    show_unfinished(gallery)
    show_ways_to_add(gallery, settings, is_first=True)


def show_filled(gallery: Gallery, counts: GalleryCounts) -> None:
    notices, top = st.container(), st.container(horizontal=True, vertical_alignment="center")
    with notices:
        unfinished_deletion(gallery)
        is_cut_off = show_unfinished(gallery)
        show_missing(gallery)
        show_contradictions(gallery)
        is_to_do = show_unclustered(gallery, counts, not is_cut_off) or is_cut_off
    with top:
        state_line(gallery, counts, is_busy=False)
        is_open = add_button(gallery, "Add photos", is_next=not is_to_do)
    if is_open:
        show_adding(gallery)


def add_button(gallery: Gallery, label: str, is_next: bool) -> bool:
    """The button that opens and closes the ways to add photos; whether they are open. Blue is the one thing to do
    next."""
    is_open = is_adding(gallery)
    st.button(
        label,
        icon=":material/add_photo_alternate:",
        type="primary" if is_next and not is_open else "secondary",
        key="gallery_add_button",
        on_click=ask_to_add,
        args=(not is_open,),
    )
    return is_open


follow_asked_card()
gallery = resources.open_gallery()
job = running(gallery)
counts = gallery.counts()
if not counts.photos and not job:
    show_empty(gallery)
    st.stop()

page_head(gallery, "Gallery")
st.session_state[FACE] = asked_face()
if job:
    st.fragment(run_every=TICK)(show_found)(gallery)
    if add_button(gallery, "Add more photos", is_next=False):
        show_adding(gallery)
else:
    show_filled(gallery, counts)
if counts.clusters or (counts.people and not job):
    show_wall(gallery, is_marked=bool(counts.clusters) and not job)
if counts.photos:
    with st.expander("Details", icon=":material/info:", key="gallery_details", on_change="rerun") as section:
        if section.open:
            show_details(gallery, counts, job is not None)
