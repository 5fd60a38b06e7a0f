"""What stands below the gallery page's wall, folded: charts, what was left out, how it was made, and deleting."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from facecluster.errors import EvaluationError
from facecluster.evaluation.intervals import KIND, NOT_COVERED
from facecluster.gallery.gallery import Gallery
from facecluster.presentation.charts import photos_by_person
from facecluster.presentation.text import interval, percent
from facecluster.records import GalleryCounts
from facecluster.ui import tables
from facecluster.ui.deleting import delete_section
from facecluster.ui.jobs import start_clustering
from facecluster.ui.markup import escape
from facecluster.ui.source_notices import show_left_out_files
from facecluster.workflows.add_photos import last_algorithm, last_choice

_CHOICES = {"people": "As many as people", "auto": "Suggest", "fixed": "Fixed"}
_MOST = 1000  # rows of a list


def show_details(gallery: Gallery, counts: GalleryCounts, is_busy: bool) -> None:
    """All of it; while other work is under way, what only shows."""
    chart, left_out = st.columns([3, 2], gap="large")
    with chart:
        _photos_by_person(gallery)
    with left_out:
        st.header("Left out", anchor=False)
        left_out_photos(gallery, "gallery_left_out")
        show_left_out_files(gallery)
    st.header("How it was made", anchor=False)
    _making(gallery)
    if is_busy:
        st.caption("Photos can be added, clustered and deleted again once this is done.")
        return
    if counts.clusters:
        _fit(gallery, counts)
    if counts.faces:
        st.header("Cluster again", anchor=False)
        _cluster_form(gallery, counts)
    st.header("Delete", anchor=False)
    delete_section(gallery, counts)


def _photos_by_person(gallery: Gallery) -> None:
    st.header("Photos by person", anchor=False)
    by_person = tables.photos_by_person(gallery)
    if by_person.empty:
        st.markdown("No photo with a face yet.")
        return
    st.plotly_chart(
        photos_by_person(by_person),
        key="gallery_photos_by_person",
        config={"displayModeBar": False},
        alt=f"Bar chart of photos by person, from {by_person['photos'].max()} to {by_person['photos'].min()}",
    )


def left_out_photos(gallery: Gallery, key: str) -> None:
    """The photos without a face of their own in the gallery, and why."""
    counts = gallery.counts()
    numbers = {
        "unreadable": counts.unreadable,
        "without a face": counts.no_face,
        "duplicates": counts.duplicates,
        "not read in full": counts.in_part,
    }
    if not any(numbers.values()):
        st.markdown(":material/check_circle: Every photo gave a face.")
        return
    st.caption(" · ".join(f"{number:,} {what}" for what, number in numbers.items() if number))
    st.dataframe(
        gallery.photos.left_out(_MOST)[["photo", "reason"]],
        hide_index=True,
        column_config={
            "photo": st.column_config.TextColumn("Photo", width=210),
            "reason": st.column_config.TextColumn("Why", width="large"),
        },
        key=key,
        alt="Photos that were left out, with the reason",
    )
    if sum(numbers.values()) > _MOST:
        st.caption(f"The first {_MOST:,} are shown.")


def show_contradictions(gallery: Gallery) -> None:
    """The photos that lie in folders of different people."""
    found = tables.contradictions(gallery)
    if not found:
        return
    number = f"{len(found):,} photo{'s lie' if len(found) > 1 else ' lies'}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":orange[:material/person_alert:] **{number} in folders of different people.**", width="content")
        with st.popover("Show", type="tertiary", key="gallery_contradictions_open"):
            st.caption("The face counts as the first one's. Remove the wrong copy and add the folder again.")
            st.dataframe(
                found[:_MOST],
                hide_index=True,
                column_config={
                    "photo": "Photo",
                    "person": "Counts as",
                    "other_photo": "The same photo",
                    "other_person": "Not counted as",
                },
                key="gallery_contradictions",
                alt="Photos that lie in folders of different people",
            )


def _making(gallery: Gallery) -> None:
    """Which model and runtime made the embeddings, and what made the clusters."""
    from facecluster.clustering.algorithms import how_made, why_so

    parts = [f"Model {escape(gallery.model or '')}"]
    runtimes = gallery.faces.runtimes()
    if len(runtimes) == 1:
        parts.append(f"runtime {escape(next(iter(runtimes)))}")
    elif runtimes:
        each = ", ".join(f"{name} ({faces:,} faces)" for name, faces in runtimes.items())
        parts.append(f"runtimes {escape(each)}")
    last = gallery.clusterings.summary()
    if last is not None:
        parts.append(f"{escape(how_made(last))}, seed {last['seed']}, made {last['created'][:16]} UTC")
        if why := why_so(last):
            parts.append(escape(why))
    st.caption(":material/memory: " + " · ".join(parts))


def _fit(gallery: Gallery, counts: GalleryCounts) -> None:
    """How well the clusters fit the people, where people are known."""
    try:
        scores = tables.accuracy(gallery).scores
    except EvaluationError:
        return
    of = "" if counts.known.is_everybody else f" {counts.known.sentence}"
    ends = interval(*scores.accuracy_interval)
    st.caption(
        f":material/analytics: Accuracy {percent(scores.accuracy)} on {counts.faces_by_folder:,} faces.{of}",
        help="Share of faces in the cluster of their person, clusters and people paired one to one. "
        f"{KIND}: {ends}, {NOT_COVERED}.",
    )


def _cluster_form(gallery: Gallery, counts: GalleryCounts) -> None:
    """Groups the faces anew, with an algorithm and a number of clusters of one's own choice."""
    choice, seed = last_choice(gallery)
    with st.form("gallery_cluster", border=False, enter_to_submit=False):
        algorithm = _algorithm(gallery)
        kind = st.segmented_control(
            "Number of clusters",
            list(_CHOICES),
            default="fixed" if isinstance(choice, int) else choice,
            required=True,
            format_func=lambda choice: _CHOICES[choice],
            key="gallery_cluster_kind",
            help="As many as people counts those who have a name, and more where faces without one resemble nobody "
            "known; without any name it suggests. Suggest looks for the number that separates all faces best, by "
            "silhouette and stability. Chinese whispers, HDBSCAN, DBSCAN and the agglomerative one by threshold find "
            "the number themselves.",
        )
        left, right = st.columns(2)
        number = left.number_input(
            "Number, when fixed",
            1,
            counts.faces,
            min(max(counts.clusters, counts.people, 1), counts.faces),
            key="gallery_cluster_number",
        )
        chosen_seed = right.number_input(
            "Seed",
            0,
            2**31 - 1,
            seed,
            key="gallery_cluster_seed",
            help="The same faces and the same seed give the same clusters.",
        )
        st.caption("Names given to clusters pass to the new clusters that hold most of their faces.")
        if st.form_submit_button("Cluster again", icon=":material/workspaces:"):
            wanted: int | Literal["people", "auto"] = "auto" if kind == "auto" else "people"
            if start_clustering(gallery, number if kind == "fixed" else wanted, chosen_seed, algorithm):
                st.rerun()


def _algorithm(gallery: Gallery) -> str:
    from facecluster.clustering.algorithms import ALGORITHMS

    names = [name for name in ALGORITHMS if name != "kmeans-suggested"]  # that is KMeans, and Suggest below
    return st.selectbox(
        "Algorithm",
        names,
        names.index(last_algorithm(gallery)),
        format_func=lambda name: ALGORITHMS[name].title,
        key="gallery_cluster_algorithm",
        help="It stays when photos are added or deleted. HDBSCAN and DBSCAN put faces that fit no cluster into "
        "none. The Evaluation page compares them all on your faces.",
    )
