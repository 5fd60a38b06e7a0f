"""Load photos, watch them being indexed, see what was found and what was left out."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from facecluster.adding import last_algorithm, last_choice
from facecluster.charts import interval, percent, photos_by_person
from facecluster.errors import EvaluationError
from facecluster.gallery import Gallery
from facecluster.intervals import KIND, NOT_COVERED
from facecluster.records import GalleryCounts
from facecluster.ui import resources, tables
from facecluster.ui.add_photos import four_ways, settings_form
from facecluster.ui.deleting import delete_section, unfinished_deletion
from facecluster.ui.entry import within_app
from facecluster.ui.jobs import running, start_clustering
from facecluster.ui.markup import escape
from facecluster.ui.page_head import page_head
from facecluster.ui.source_notices import show_left_out_files, show_missing, show_unfinished

within_app()

CHOICES = {"people": "As many as people", "auto": "Suggest", "fixed": "Fixed"}
MAX_LEFT_OUT = 1000


def people_help(counts: GalleryCounts) -> str:
    """Where the people of a gallery are known from, and of how many faces."""
    return f"Names of folders that hold photos, and names given to clusters. {counts.known.sentence}"


def show_figures(gallery: Gallery, is_busy: bool) -> None:
    """The gallery in six figures; while photos are added, those that cost nothing to count."""
    counts = gallery.counts()
    share = "Share of faces in the cluster of their person, clusters and people paired one to one."
    right, review, meaning, of = "n/a", "n/a", "Faces in another cluster than their person's.", None
    if counts.clusters and not is_busy:
        try:
            accuracy = tables.accuracy(gallery)
            right, review = percent(accuracy.scores.accuracy), f"{accuracy.wrong:,}"
            if not counts.known.is_everybody:
                of = f"on {counts.faces_by_folder:,} of {counts.faces:,} faces"
                share += f" {counts.known.sentence}"
            share += f" {KIND}: {interval(*accuracy.scores.accuracy_interval)}, {NOT_COVERED}."
        except EvaluationError:
            review = f"{tables.doubtful_count(gallery):,}"
            meaning = "No face has a known person, so these are the faces far from their cluster's centre."
    with st.grid(6, min_column_width=150):
        st.metric("Photos", f"{counts.photos:,}", border=True, help="Image files, those left out among them.")
        st.metric("Faces", f"{counts.faces:,}", border=True)
        st.metric("People", f"{counts.people:,}", border=True, help=people_help(counts))
        st.metric("Clusters", f"{counts.clusters:,}", border=True, help="Groups of faces that the machine made.")
        st.metric(
            "Accuracy",
            right,
            delta=of,
            delta_color="off",
            delta_arrow="off",
            border=True,
            help=share,
        )
        st.metric("To review", review, border=True, help=meaning)


def show_contents(gallery: Gallery) -> None:
    """How many photos each person has, and what was left out."""
    chart, left_out = st.columns([3, 2], gap="large")
    with chart:
        st.subheader("Photos by person", anchor=False)
        by_person = tables.photos_by_person(gallery)
        if by_person.empty:
            st.markdown("No photo with a face yet.")
        else:
            st.plotly_chart(
                photos_by_person(by_person),
                key="gallery_photos_by_person",
                config={"displayModeBar": False},
                alt=f"Bar chart of photos by person, from {by_person['photos'].max()} to {by_person['photos'].min()}",
            )
    with left_out:
        show_left_out(gallery)


def show_contradictions(gallery: Gallery) -> None:
    """The photos that lie in folders of different people."""
    found = tables.contradictions(gallery)
    if not found:
        return
    number = f"{len(found):,} photo{'s lie' if len(found) > 1 else ' lies'}"
    with st.container(border=True):
        st.markdown(f":orange[:material/person_alert:] **{number} in folders of different people.**")
        st.caption("The face counts as the first one's. Remove the wrong copy and add the folder again.")
        st.dataframe(
            found[:MAX_LEFT_OUT],
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


def show_left_out(gallery: Gallery) -> None:
    """The photos without a face of their own in the gallery, and why."""
    counts = gallery.counts()
    numbers = {
        "unreadable": counts.unreadable,
        "without a face": counts.no_face,
        "duplicates": counts.duplicates,
    }
    st.subheader("Left out", anchor=False)
    if not any(numbers.values()):
        st.markdown(":material/check_circle: Every photo gave a face.")
        show_left_out_files(gallery)
        return
    st.caption(" · ".join(f"{number:,} {what}" for what, number in numbers.items()))
    st.dataframe(
        gallery.left_out(MAX_LEFT_OUT)[["photo", "reason"]],
        hide_index=True,
        column_config={"photo": "Photo", "reason": st.column_config.TextColumn("Why", width="large")},
        key="gallery_left_out",
        alt="Photos that were left out, with the reason",
    )
    if sum(numbers.values()) > MAX_LEFT_OUT:
        st.caption(f"The first {MAX_LEFT_OUT:,} are shown.")
    show_left_out_files(gallery)


def show_making(gallery: Gallery) -> None:
    """Which model and runtime made the embeddings, and what made the clusters."""
    from facecluster.algorithms import how_made

    parts = [f"Model {escape(gallery.model or '')}"]
    runtimes = gallery.runtimes()
    if len(runtimes) == 1:
        parts.append(f"runtime {escape(next(iter(runtimes)))}")
    elif runtimes:
        each = ", ".join(f"{name} ({faces:,} faces)" for name, faces in runtimes.items())
        parts.append(f"runtimes {escape(each)}")
    last = gallery.clustering_summary()
    if last is not None:
        parts.append(f"{escape(how_made(last))}, seed {last['seed']}, made {last['created'][:16]} UTC")
    st.caption(":material/memory: " + " · ".join(parts))


def show_unclustered(gallery: Gallery, counts: GalleryCounts) -> None:
    """Which faces are in no cluster, and what other pages make of them."""
    from facecluster.algorithms import ALGORITHMS

    alone, algorithm = gallery.unclustered(), ALGORITHMS[last_algorithm(gallery)].title
    if later := alone.found_later:
        text = "Clusters and accuracy are those of the other faces." if counts.clusters else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            are = "faces are" if later > 1 else "face is"
            st.info(f"{later:,} {are} in no cluster yet. {text}".rstrip(), icon=":material/workspaces:")
            if st.button(
                "Group them",
                key="gallery_group",
                icon=":material/workspaces:",
                type="primary",
                help=f"Groups all faces by {algorithm}{', as before' if counts.clusters else ''}.",
            ):
                choice, seed = last_choice(gallery)
                if start_clustering(gallery, choice, seed):
                    st.rerun()
    if left_out := alone.left_out:
        st.info(
            f"{algorithm} found no group for {left_out:,} face{'s' * (left_out > 1)}. Clusters shows none of these. "
            "Where the person is known, accuracy counts such a face as a cluster of its own, and Identify compares new "
            "photos with it.",
            title="Left out of all clusters",
            icon=":material/scatter_plot:",
        )


def cluster_form(gallery: Gallery, counts: GalleryCounts) -> None:
    """Groups the faces anew, with an algorithm and a number of clusters of one's own choice."""
    from facecluster.algorithms import ALGORITHMS

    choice, seed = last_choice(gallery)
    names = [name for name in ALGORITHMS if name != "kmeans-suggested"]  # that is KMeans, and Suggest below
    with st.form("gallery_cluster", border=False):
        algorithm = st.selectbox(
            "Algorithm",
            names,
            names.index(last_algorithm(gallery)),
            format_func=lambda name: ALGORITHMS[name].title,
            key="gallery_cluster_algorithm",
            help="It stays when photos are added or deleted. HDBSCAN and DBSCAN leave out faces that they find no "
            "group for. The Evaluation page compares them all on your faces.",
        )
        kind = st.segmented_control(
            "Number of clusters",
            list(CHOICES),
            default="fixed" if isinstance(choice, int) else choice,
            required=True,
            format_func=lambda kind: CHOICES[kind],
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
        if st.form_submit_button("Cluster again", type="primary", icon=":material/workspaces:"):
            wanted: int | Literal["people", "auto"] = "auto" if kind == "auto" else "people"
            if start_clustering(gallery, number if kind == "fixed" else wanted, chosen_seed, algorithm):
                st.rerun()


gallery = resources.open_gallery()
job = running(gallery)
counts = gallery.counts()

if not job:
    unfinished_deletion(gallery)
if not counts.photos:
    page_head(gallery, "Who is on these photos?")
    st.markdown(
        "facecluster finds the faces on your photos, groups them by person and tells who is on a new one, all on this "
        "machine."
    )
    if job:
        st.info(
            "You may leave this page, reload it or close it: the work goes on.",
            title="Your photos are being added",
            icon=":material/hourglass_top:",
        )
    else:
        show_unfinished(gallery)
        cards = st.container()
        with st.popover("Settings", icon=":material/tune:", type="tertiary", key="gallery_settings"):
            settings = settings_form(gallery)
        with cards:
            four_ways(gallery, settings)
    st.stop()

page_head(gallery, "Gallery")
st.fragment(run_every=2 if job else None)(show_figures)(gallery, job is not None)

if not job:
    show_unfinished(gallery)
    show_missing(gallery)
    show_unclustered(gallery, counts)

st.fragment(run_every=5 if job else None)(show_contents)(gallery)
show_contradictions(gallery)
show_making(gallery)

if job:
    st.caption("Photos can be added, clustered and deleted again once this is done.")
    st.stop()
with st.expander("Add photos", icon=":material/add_photo_alternate:", key="gallery_add", on_change="rerun") as section:
    if section.open:
        with st.popover("Settings", icon=":material/tune:", key="gallery_settings"):
            settings = settings_form(gallery)
        four_ways(gallery, settings)
if counts.faces:
    with st.expander("Cluster again", icon=":material/workspaces:", key="gallery_again"):
        cluster_form(gallery, counts)
with st.expander("Delete", icon=":material/delete:", key="gallery_delete"):
    delete_section(gallery, counts)
