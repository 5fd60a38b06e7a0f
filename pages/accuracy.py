"""How well the clusters fit the persons: over all, person by person, and the faces that are wrong."""

from typing import Any

import streamlit as st

from facecluster.charts import accuracy_by_person, people_by_cluster_heatmap, people_table, percent
from facecluster.errors import EvaluationError
from facecluster.gallery import Gallery
from facecluster.intervals import KIND, NOT_COVERED
from facecluster.lab_tables import interval
from facecluster.records import KnownFaces
from facecluster.ui import tables
from facecluster.ui.entry import within_app
from facecluster.ui.face_grid import Line
from facecluster.ui.faces import FaceTile, face_grid, nothing_yet
from facecluster.ui.markup import escape
from facecluster.ui.page_head import page_head
from facecluster.ui.resources import open_gallery

within_app()

FACES = 24
SHOWN = (10, 20, 50)
CHART_HEIGHT = 1280  # pixels: twenty persons before a chart scrolls in itself
HEATMAP_CLUSTERS = 60
FLAGS = 8
EVERYONE = ""  # no person has this name, since it is no name of a folder
CHART_TOOLS = {"displaylogo": False, "displayModeBar": False}
ACCURACY_HELP = (
    "Share of faces in the cluster that is paired with their person. Clusters and persons are paired one to one so "
    "that the most faces fit (Hungarian assignment)."
)
PURITY_HELP = "Share of faces that belong to the most frequent person of their cluster."
ARI_HELP = (
    "Adjusted Rand index: share of pairs of faces that are rightly together or rightly apart, corrected for chance. "
    "1 is perfect, 0 is chance."
)
NMI_HELP = (
    "Normalised mutual information: how much knowing the cluster tells about the person, from 0 to 1, scaled by the "
    "arithmetic mean of both entropies."
)
PRECISION_HELP = "B-cubed precision: for a face, the share of its cluster that is the same person; mean over all faces."
RECALL_HELP = "B-cubed recall: for a face, the share of its person's faces in the same cluster; mean over all faces."
F1_HELP = "Harmonic mean of B-cubed precision and recall."


def choose_clicked() -> None:
    """Makes the person of the clicked bar the chosen one; a click beside the bars changes nothing."""
    points = st.session_state["accuracy_chart"].selection.points
    if points:
        person = st.session_state["accuracy_person"] = points[0]["customdata"]
        st.toast(f"Below the chart: the faces of {escape(person)} that are wrong.", icon=":material/arrow_downward:")
        st.session_state["accuracy_clicks"] = st.session_state.get("accuracy_clicks", 0) + 1


def overall(report: tables.Accuracy, known: KnownFaces) -> None:
    scores = report.scores
    text = f"**{scores.correct:,} of {scores.faces:,} faces are in their person's cluster.**"
    st.markdown(f"{text} {known.sentence}")
    on = f" On {scores.faces:,} faces."
    with st.grid(8, min_column_width=140):
        ends = interval(*scores.accuracy_interval)
        st.metric(
            "Accuracy", percent(scores.accuracy), help=ACCURACY_HELP + on, border=True, delta=ends, delta_color="off",
            delta_arrow="off",
        )  # fmt: skip
        st.metric("Purity", percent(scores.purity), help=PURITY_HELP + on, border=True)
        st.metric("ARI", f"{scores.ari:.3f}", help=ARI_HELP + on, border=True)
        st.metric("NMI", f"{scores.nmi:.3f}", help=NMI_HELP + on, border=True)
        st.metric("B³ precision", f"{scores.bcubed.precision:.3f}", help=PRECISION_HELP + on, border=True)
        st.metric("B³ recall", f"{scores.bcubed.recall:.3f}", help=RECALL_HELP + on, border=True)
        st.metric("B³ F1", f"{scores.bcubed.f1:.3f}", help=F1_HELP + on, border=True)
    st.caption(f"Accuracy's interval is {KIND}: {NOT_COVERED}, which the evaluation page measures.")


def listed(names: list[str], limit: int) -> str:
    """Names in a sentence: "A, B and C", or "A, B and 7 more"."""
    shown = [escape(name) for name in names]
    if len(shown) > limit:
        shown = [*shown[:limit], f"{len(shown) - limit} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def flags(report: tables.Accuracy, titles: dict[int, str]) -> None:
    """Persons who share a cluster, and clusters without a person, in words."""
    shared = report.people[report.people["shares_cluster"]].sort_values(["cluster", "person"])
    lines = [
        f"- {listed(list(people), FLAGS)} share the cluster {escape(titles[cluster])}."
        for cluster, people in shared.groupby("cluster")["person"]
    ]
    if lines:
        more = [f"- and {len(lines) - FLAGS} more."] if len(lines) > FLAGS else []
        st.warning("\n".join([*lines[:FLAGS], *more]), title="Persons who share a cluster", icon=":material/group:")
    if report.lone:
        names = listed([titles[cluster] for cluster in report.lone], FLAGS)
        text = f"{names}: nobody's own cluster, so the faces in it count as wrong."
        st.warning(text, title="Clusters that are left over", icon=":material/person_off:")
    if not lines and not report.lone:
        text = "Every person has a cluster of their own"
        text += "." if report.strange else ", and every cluster its person."
        st.markdown(f":green[:material/check_circle:] {text}")
    if report.strange:
        hold = "clusters hold" if report.strange > 1 else "cluster holds"
        text = f"{report.strange:,} {hold} no face whose person is known by folder: no figure here speaks of them."
        st.markdown(f":material/person_off: {text}")


def how_many(people: int) -> int:
    """How many persons the charts show: all where they are few, else the worst ones by choice."""
    if people <= SHOWN[0]:
        return people
    options = [*(number for number in SHOWN if number < people), people]
    number = st.segmented_control(
        "People in the charts, worst first",
        options[:4],
        format_func=lambda number: f"All {number}" if number == people else f"Worst {number}",
        default=min(options[:4], key=lambda number: abs(number - 20)),
        required=True,
        key="accuracy_shown",
        persist_state="page",
    )
    return number or options[0]


def bars(report: tables.Accuracy, number: int) -> None:
    people = report.people.head(number)
    worst = people.iloc[0]
    st.caption(
        "Worst first; in brackets the number of faces. The whisker is accuracy's 95 % interval (Wilson). "
        "Click a bar to see the faces that are wrong below."
    )
    figure = accuracy_by_person(people)
    # A figure that changed loses its selection: else all other bars stay faded, and a second click would only undo it.
    figure.update_layout(meta=st.session_state.get("accuracy_clicks", 0))
    with st.container(height=CHART_HEIGHT if figure.layout.height > CHART_HEIGHT else "content", border=False):
        st.plotly_chart(
            figure,
            key="accuracy_chart",
            on_select=choose_clicked,
            selection_mode="points",
            config=CHART_TOOLS,
            alt=f"Accuracy, purity and coverage of {number} people, lowest for {worst['person']} "
            f"at {percent(worst['accuracy'])} of {worst['faces']} faces",
        )


def table_of_people(report: tables.Accuracy) -> None:
    st.subheader("All figures", anchor=False)
    st.caption("Worst first. Accuracy, purity and coverage are shares of faces; F1 joins purity and coverage.")
    # On a phone the table scrolls sideways: its columns cannot get narrower than their words.
    with st.grid(1, wrap=False, min_column_width=600):
        st.plotly_chart(
            people_table(report.people),
            key="accuracy_table",
            config=CHART_TOOLS,
            alt=f"Table of accuracy, purity, coverage, F1 and cluster of {len(report.people)} people",
        )


def heatmap(report: tables.Accuracy, number: int) -> None:
    st.subheader("People and clusters", anchor=False)
    table = tables.people_by_cluster(report.pairs, report.people["person"].head(number).tolist())
    st.caption("How many faces of each person lie in each cluster. Right faces lie on the diagonal.")
    if table.shape[1] > HEATMAP_CLUSTERS:
        st.caption(f"Shown are the first {HEATMAP_CLUSTERS} of the {table.shape[1]} clusters that hold their faces.")
        table = table[table.columns[:HEATMAP_CLUSTERS]]
    figure = people_by_cluster_heatmap(table)
    with st.container(height=CHART_HEIGHT if figure.layout.height > CHART_HEIGHT else "content", border=False):
        st.plotly_chart(
            figure,
            key="accuracy_heatmap",
            config=CHART_TOOLS,
            alt=f"Faces of {table.shape[0]} people in {table.shape[1]} clusters",
        )


def wrong_faces(gallery: Gallery, report: tables.Accuracy, titles: dict[int, str]) -> None:
    st.subheader("Faces that are wrong", anchor=False)
    people = {person.person: f"{person.wrong:,} wrong of {person.faces:,}" for person in report.people.itertuples()}
    people = {EVERYONE: f"{report.wrong:,} wrong of {report.scores.faces:,}", **people}
    number = {EVERYONE: report.wrong, **dict(zip(report.people["person"], report.people["wrong"], strict=True))}

    st.session_state.setdefault("accuracy_person", EVERYONE)
    if st.session_state["accuracy_person"] not in people:
        st.session_state["accuracy_person"] = EVERYONE
    person = st.selectbox(
        "Person",
        list(people),
        format_func=lambda person: f"{person or 'Everyone'} ({people[person]})",
        key="accuracy_person",
        persist_state="page",
        width=420,
    )
    if not number[person]:
        text = "Every face is in its person's cluster." if person == EVERYONE else f"No face of {person} is wrong."
        st.markdown(f":green[:material/check_circle:] {escape(text)}")
        return
    show_wrong(gallery, report, titles, person, number[person])


def wrong_tile(gallery: Gallery, face: Any, titles: dict[int, str]) -> FaceTile:
    is_in = face.cluster in titles
    lines = [Line(f"in {titles[face.cluster]}" if is_in else "left out", "wrong", "close")]
    if found := gallery.cluster_of(face.face):
        lines.append(Line(f"similarity {found[1]:.2f}"))
    return FaceTile(face.face, face.person, tuple(lines))


def show_wrong(gallery: Gallery, report: tables.Accuracy, titles: dict[int, str], person: str, number: int) -> None:
    st.caption("Below each face: its person, the cluster it is in, and its similarity to that cluster's centre.")
    pages = tables.page_count(number, FACES)
    page = st.pagination(pages, key=f"accuracy_page_{person}") if pages > 1 else 1
    wrong = tables.wrong_page(gallery, report, None if person == EVERYONE else person, page, FACES)
    tiles = [wrong_tile(gallery, face, titles) for face in wrong.itertuples()]
    face_grid(gallery, tiles, "accuracy_face", "Faces that are wrong")


gallery = open_gallery()
page_head(gallery, "Accuracy")
if not nothing_yet(gallery):
    try:
        report = tables.accuracy(gallery)
    except EvaluationError as error:
        st.info(str(error), title="Nothing to measure against", icon=":material/person_off:")
        st.page_link("pages/gallery.py", label="Open the gallery page", icon=":material/photo_library:")
    else:
        titles = tables.cluster_titles(gallery)
        overall(report, tables.counts(gallery).known)
        flags(report, titles)
        st.subheader("Accuracy by person", anchor=False)
        number = how_many(len(report.people))
        bars(report, number)
        wrong_faces(gallery, report, titles)
        table_of_people(report)
        heatmap(report, number)
