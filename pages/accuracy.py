"""How well the clusters fit the persons: over all, person by person, and the faces that are wrong."""

from typing import Any

import streamlit as st

from facecluster.clustering.algorithms import how_made, why_so
from facecluster.errors import EvaluationError
from facecluster.evaluation.intervals import KIND, NOT_COVERED
from facecluster.gallery.gallery import Gallery
from facecluster.presentation.text import counted, interval, percent
from facecluster.records import KnownFaces
from facecluster.ui import tables
from facecluster.ui.accuracy_charts import person_link, show_all_people, show_heatmap, show_people_below
from facecluster.ui.entry import within_app
from facecluster.ui.face_grid import Line
from facecluster.ui.faces import FaceTile, face_grid, nothing_yet
from facecluster.ui.links import page_address, show
from facecluster.ui.markup import escape
from facecluster.ui.page_head import page_head
from facecluster.ui.resources import open_gallery

within_app()

FACES = 24
FLAGS = 8
EVERYONE = ""  # no person has this name, since it is no name of a folder
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


def choose_person() -> None:
    """The selected person becomes part of the address, so that it can be shared and Back undoes it."""
    person = st.session_state["accuracy_person"]
    if person == EVERYONE:
        show()
    else:
        show(person=person)


def nothing_to_measure(known: KnownFaces, error: EvaluationError) -> None:
    told = str(error)
    if known.by_hand:
        told = (
            f"Nobody is known by a folder here. {counted(known.by_hand, 'face')} got a name by hand, through a "
            "cluster. Such a name follows its cluster, so it cannot show a mistake there; folders of one person can."
        )
    st.info(told, title="Nothing to measure against", icon=":material/person_off:")
    st.page_link("pages/gallery.py", label="Open the gallery page", icon=":material/photo_library:")


def how_grouped(gallery: Gallery) -> str:
    """By what, into how many clusters, and who said how many."""
    made = gallery.clusterings.summary()
    if made is None:
        return ""
    told = [f"Grouped by {how_made(made)}."]
    if str(made["parameters"].get("chosen_by")).startswith("people"):
        told.append(
            "The folders told how many, not who is who: [Evaluation](evaluation) shows the number that the machine "
            "would suggest without them."
        )
    if made["parameters"].get("method") != "kmeans":  # that they are KMeans' own is no news
        told.append(why_so(made))
    return " ".join(filter(None, told))


def overall(gallery: Gallery, report: tables.Accuracy, known: KnownFaces) -> None:
    scores, people = report.scores, report.people
    below = int((people["accuracy"] < 1).sum())
    st.markdown(f"**{scores.sentence}.** {known.sentence}")
    with st.grid(3, min_column_width=150):
        st.metric(
            "Accuracy",
            percent(scores.accuracy),
            help=f"{ACCURACY_HELP} The interval is {KIND}: {NOT_COVERED}, which the evaluation page measures.",
            border=True,
            height="stretch",
            delta=interval(*scores.accuracy_interval),
            delta_color="off",
            delta_arrow="off",
        )
        st.metric(
            "Wrong faces",
            f"{report.wrong:,}",
            border=True,
            height="stretch",
            help="Faces in another cluster than their person's.",
        )
        st.metric(
            "Below 100\u00a0%",
            f"{below:,} of {len(people):,}",
            border=True,
            height="stretch",
            help="People with a wrong face.",
        )
    st.markdown(f":small[{how_grouped(gallery)}]")


def more_figures(report: tables.Accuracy) -> None:
    scores = report.scores
    with (
        st.expander("More figures", icon=":material/functions:", key="accuracy_more"),
        st.grid(6, min_column_width=140),
    ):
        st.metric("Purity", percent(scores.purity), help=PURITY_HELP, border=True)
        st.metric("ARI", f"{scores.ari:.3f}", help=ARI_HELP, border=True)
        st.metric("NMI", f"{scores.nmi:.3f}", help=NMI_HELP, border=True)
        st.metric("B³ precision", f"{scores.bcubed.precision:.3f}", help=PRECISION_HELP, border=True)
        st.metric("B³ recall", f"{scores.bcubed.recall:.3f}", help=RECALL_HELP, border=True)
        st.metric("B³ F1", f"{scores.bcubed.f1:.3f}", help=F1_HELP, border=True)


def names_in_words(names: list[str], limit: int) -> str:
    """Names in a sentence: "A, B and C", or "A, B and 7 more"."""
    shown = names[:limit] + ([f"{len(names) - limit} more"] if len(names) > limit else [])
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def cluster_link(cluster: int, titles: dict[int, str]) -> str:
    return f"[{escape(titles[cluster])}]({page_address('clusters', cluster=cluster)})"


def flags(report: tables.Accuracy, titles: dict[int, str]) -> None:
    """Persons who share a cluster, and clusters without a person, in words."""
    shared = report.people[report.people["shares_cluster"]].sort_values(["cluster", "person"])
    lines = [
        f"- {names_in_words([person_link(person) for person in people], FLAGS)} share {cluster_link(cluster, titles)}."
        for cluster, people in shared.groupby("cluster")["person"]
    ]
    if lines:
        more = [f"- and {len(lines) - FLAGS} more."] if len(lines) > FLAGS else []
        st.warning("\n".join([*lines[:FLAGS], *more]), title="Persons who share a cluster", icon=":material/group:")
    if report.lone:
        names = names_in_words([cluster_link(cluster, titles) for cluster in report.lone], FLAGS)
        text = f"{names}: nobody's own cluster, so the faces in it count as wrong."
        st.warning(text, title="Clusters that are left over", icon=":material/person_off:")
    if not lines and not report.lone and not report.wrong:
        text = "Every person has a cluster of their own"
        text += "." if report.strange else ", and every cluster its person."
        st.markdown(f":green[:material/check_circle:] {text}")
    if report.strange:
        hold = "clusters hold" if report.strange > 1 else "cluster holds"
        text = f"{report.strange:,} {hold} no face whose person is known by folder: no figure here speaks of them."
        st.markdown(f":material/person_off: {text}")


def wrong_faces(gallery: Gallery, report: tables.Accuracy, titles: dict[int, str]) -> None:
    if not report.wrong:
        st.markdown(":green[:material/check_circle:] Every face is in its person's cluster.")
        return
    st.header("Faces that are wrong", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        person = whose(report)
        wrong = report.wrong if person == EVERYONE else wrong_of(report, person)
        pages = tables.page_count(wrong, FACES)
        page = st.pagination(pages, key=f"accuracy_page_{person}") if pages > 1 else 1
    if not wrong:
        st.markdown(f":green[:material/check_circle:] No face of {escape(person)} is wrong.")
        return
    shown = tables.wrong_page(gallery, report, None if person == EVERYONE else person, page, FACES)
    tiles = [wrong_tile(gallery, face, titles) for face in shown.itertuples()]
    face_grid(gallery, tiles, "accuracy_face", "Faces that are wrong", cell=128)


def wrong_of(report: tables.Accuracy, person: str) -> int:
    return int(report.people.loc[report.people["person"] == person, "wrong"].iloc[0])


def whose(report: tables.Accuracy) -> str:
    """The person whose wrong faces are shown: the address says who."""
    worst_first = report.people[report.people["wrong"] > 0]
    asked = st.query_params.get("person", EVERYONE)
    known = asked == EVERYONE or (report.people["person"] == asked).any()
    people = [EVERYONE, *worst_first["person"]]
    if known and asked not in people:
        people.append(asked)
    st.session_state["accuracy_person"] = asked if known else EVERYONE
    person = st.selectbox(
        "Person",
        people,
        format_func=lambda person: (
            f"{person}: {wrong_of(report, person):,}" if person else f"Everyone: {report.wrong:,}"
        ),
        key="accuracy_person",
        on_change=choose_person,
        label_visibility="collapsed",
        width=320,
    )
    return str(person)


def wrong_tile(gallery: Gallery, face: Any, titles: dict[int, str]) -> FaceTile:
    is_in = face.cluster in titles
    lines = [Line(f"in {titles[face.cluster]}" if is_in else "in no cluster", "wrong", "close")]
    if found := gallery.clusterings.cluster_of(face.face):
        lines.append(Line(f"similarity {found[1]:.2f}"))
    return FaceTile(face.face, face.person, tuple(lines))


gallery = open_gallery()
page_head(gallery, "Accuracy")
if not nothing_yet(gallery):
    try:
        report = tables.accuracy(gallery)
    except EvaluationError as error:
        nothing_to_measure(tables.counts(gallery).known, error)
    else:
        titles = tables.cluster_titles(gallery)
        overall(gallery, report, tables.counts(gallery).known)
        wrong_faces(gallery, report, titles)
        flags(report, titles)
        show_people_below(report)
        show_heatmap(report, titles)
        show_all_people(report, titles)
        more_figures(report)
