"""How far the figures can be trusted: held-out photos, strangers, number of clusters, algorithms, stability, groups."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import streamlit as st

from facecluster.errors import EvaluationError, FaceClusterError
from facecluster.evaluation.results import NEED_PEOPLE, NOBODY, PARTS, EvaluationResults, EvaluationSettings, Part
from facecluster.evaluation.subgroups import read_groups
from facecluster.gallery.gallery import Gallery
from facecluster.presentation.evaluation_answers import QUESTIONS, answer
from facecluster.presentation.report.document import as_document
from facecluster.presentation.report.page import report_html
from facecluster.presentation.text import counted
from facecluster.ui import evaluation_parts, resources, tables
from facecluster.ui.components import show_error
from facecluster.ui.entry import within_app
from facecluster.ui.faces import nothing_yet
from facecluster.ui.jobs import running, start_evaluating
from facecluster.ui.markup import escape
from facecluster.ui.page_head import page_head
from facecluster.workflows.evaluation_job import KeptResults, stored_results
from facecluster.workflows.jobs import duration
from facecluster.workflows.report_faces import report_faces

within_app()

DEFAULTS = EvaluationSettings()
# Seconds on two cores for so many faces; what a part took last is shown instead.
USUALLY: dict[Part, int] = {"held_out": 2, "open_set": 2, "sweep": 30, "comparison": 30, "stability": 30}
FACES = 700
MARKS = {
    "good": ":green[:material/check_circle:]",
    "doubtful": ":orange[:material/help:]",
    "bad": ":red[:material/error:]",
    "neutral": ":material/info:",
}


def settings_section(gallery: Gallery, people: int) -> tuple[EvaluationSettings, bytes | None]:
    """The settings, and the groups' CSV."""
    folds, left_out, draws, fpir = DEFAULTS.folds, DEFAULTS.left_out, DEFAULTS.draws, 100 * DEFAULTS.fpir
    upload = None
    st.caption("They hold for every button above. Answers that were measured with other settings are not shown.")
    with st.grid(5, min_column_width=150):
        if people:
            folds = _number(
                "Folds", 2, 20, folds, "folds", "Into how many parts the photos are split; each part is held out once."
            )
            most = max(people - 2, 1)
            left_out = _number(
                "People held out",
                1,
                most,
                min(max(1, round(0.3 * people)), most),
                "left_out",
                "Strangers per draw; the others are enrolled.",
            )
            draws = _number("Draws", 1, 50, draws, "draws", "How often other people are held out.")
            fpir = st.number_input(
                "FPIR, in %",
                0.1,
                20.0,
                fpir,
                0.1,
                key="evaluation_fpir",
                persist_state="session",
                help="The share of strangers' faces that may get a name.",
            )
        seed = _number("Seed", 0, 10**6, DEFAULTS.seed, "seed", "The same seed draws the same people and photos.")
    if people:
        upload = st.file_uploader(
            "Groups, as CSV (optional)",
            type="csv",
            key="evaluation_groups_csv",
            help="A column person with names as in the gallery, and any other columns: error rates are compared by "
            "each of them.",
        )
    settings = EvaluationSettings(folds=folds, left_out=left_out, draws=draws, fpir=fpir / 100, seed=seed)
    return settings, None if upload is None else upload.getvalue()


def _number(label: str, low: int, high: int, value: int, key: str, meaning: str) -> int:
    return int(st.number_input(label, low, high, value, key=f"evaluation_{key}", persist_state="session", help=meaning))


def start(gallery: Gallery, settings: EvaluationSettings, content: bytes | None) -> None:
    """Starts the evaluation, or says why it cannot be."""
    try:
        groups: pd.DataFrame | None = None
        if content is not None:
            groups = read_groups(content, list(gallery.faces.persons().values()))
    except FaceClusterError as error:
        show_error(error)
        return
    if start_evaluating(gallery, settings, groups):
        st.rerun()


def downloads(gallery: Gallery, kept: KeptResults) -> None:
    """Both files are made when they are asked for, not at every run."""
    results = kept.results
    with st.container(horizontal=True, vertical_alignment="center"):
        # Faces are told by their place in the gallery, which is another once that has changed.
        with_faces = st.checkbox(
            "With faces",
            key="evaluation_report_faces",
            persist_state="session",
            disabled=kept.is_stale(gallery),
            help="Puts the wrong and doubtful faces into the report, as small pictures: think of who will read it.",
        )

        def page() -> bytes:
            # Asked at the click: by then the gallery may have changed, and the faces would be other people's.
            faces = report_faces(results, gallery) if with_faces and not kept.is_stale(gallery) else None
            return report_html(results, faces).encode("utf-8", "replace")

        st.download_button(
            "Report",
            page,
            "evaluation.html",
            "text/html",
            key="evaluation_html",
            on_click="ignore",
            icon=":material/download:",
            help="One HTML file with answers, charts, parameters and versions; it needs no network.",
        )
        st.download_button(
            "JSON",
            lambda: json.dumps(as_document(results), indent=2, ensure_ascii=False).encode(),
            "evaluation.json",
            "application/json",
            key="evaluation_json",
            on_click="ignore",
            icon=":material/download:",
            help="The same figures, for programs.",
        )


def expected(seconds: int, faces: int) -> str:
    """What to expect of something that takes so long for 700 faces: it grows faster than they do."""
    if faces <= FACES:
        return f"usually less than {duration(seconds if seconds < 10 else 10 * -(-seconds // 10))}"
    return f"about {duration(seconds)} for {FACES} faces, and longer for these {faces:,}"


def question(gallery: Gallery, part: Part, kept: KeptResults | None, people: int) -> bool:
    """One question with its last answer; whether its button was clicked."""
    found = None if kept is None else answer(kept.results, part, people)
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(QUESTIONS[part], anchor=False, width="stretch")
            clicked = st.button(
                "Measure again" if found else "Measure",
                key=f"evaluation_measure_{part}",
                icon=":material/science:",
                disabled=running(gallery) is not None,
            )
        took = None if kept is None else kept.results.seconds.get(part)
        if found is not None:
            st.markdown(f"{MARKS[found.verdict]} {escape(found.text)}")
            if took is not None:
                st.caption(f"It took {'less than a second' if took < 1 else duration(took)}.")
        else:
            st.caption(f"Not measured yet: {expected(USUALLY[part], tables.counts(gallery).faces)}.")
        if found is not None and kept is not None:
            with st.expander("Figures and charts", key=f"evaluation_open_{part}", on_change="rerun") as section:
                if section.open:
                    details(part, kept.results, None if kept.is_stale(gallery) else gallery, people)
        if part == "comparison":
            with st.expander("Use another algorithm", key="evaluation_use", on_change="rerun") as section:
                if section.open:
                    evaluation_parts.use_another(gallery, DEFAULTS.seed if kept is None else kept.results.settings.seed)
    return clicked


def details(part: Part, results: EvaluationResults, gallery: Gallery | None, people: int) -> None:
    """A part's figures; with its faces where `gallery` is still what was measured."""
    each: dict[Part, Callable[[], None]] = {
        "held_out": lambda: evaluation_parts.show_held_out(results, gallery),
        "open_set": lambda: evaluation_parts.show_strangers(results),
        "sweep": lambda: evaluation_parts.show_number_of_clusters(results, people),
        "comparison": lambda: evaluation_parts.show_algorithms(results),
        "stability": lambda: evaluation_parts.show_stability(results),
    }
    each[part]()


def when_measured(gallery: Gallery, kept: KeptResults) -> None:
    created = kept.results.created.replace("T", " ").removesuffix("+00:00")
    st.caption(f"Measured {created} UTC · seed {kept.results.settings.seed}", width="content")
    downloads(gallery, kept)


def warnings(gallery: Gallery, kept: KeptResults) -> None:
    if kept.is_stale(gallery):
        text = "The gallery or its clusters changed since this was measured. Measure again for figures of today."
        st.warning(text, title="Out of date", icon=":material/history:")
    if kept.is_stored:
        st.caption("Kept in the gallery from an earlier start: the number of people. Other parts are measured anew.")


def show(gallery: Gallery, people: int) -> Part | None:
    """The questions, and the one whose button was clicked."""
    store = resources.evaluation_store()
    kept = store.latest(str(gallery.path)) or stored_results(gallery)
    asked = None
    for part in PARTS:
        if (people or part not in NEED_PEOPLE) and question(gallery, part, kept, people):
            asked = part
    if kept is not None and kept.results.groups:
        with (
            st.container(border=True),
            st.expander("Is it as good for every group?", key="evaluation_groups", on_change="rerun") as section,
        ):
            if section.open:
                evaluation_parts.show_groups(kept.results)
    return asked


@st.fragment(run_every=2)
def show_while_measuring(gallery: Gallery, people: int) -> None:
    """The answers appear one by one."""
    show(gallery, people)


gallery = resources.open_gallery()
page_head(gallery, "Evaluation")
if not nothing_yet(gallery):
    try:
        people = len(tables.accuracy(gallery).people)
    except EvaluationError:
        people = 0
        by_hand = tables.counts(gallery).known.by_hand
        told = f" Names given by hand, of {counted(by_hand, 'face')}, follow the clusters and show no mistake in them."
        st.info(NOBODY + (told if by_hand else ""), title="Some questions need people", icon=":material/person_off:")
    kept = resources.evaluation_store().latest(str(gallery.path)) or stored_results(gallery)
    with st.container(horizontal=True, vertical_alignment="center"):
        everything = st.button(
            "Measure everything",
            key="evaluation_everything",
            type="secondary" if kept else "primary",
            icon=":material/science:",
            disabled=running(gallery) is not None,
        )
        if kept is None:
            takes = expected(sum(USUALLY.values()), tables.counts(gallery).faces)
            st.caption(f"{takes.capitalize()}, in the background; other pages stay usable.", width="stretch")
        else:
            when_measured(gallery, kept)
    if kept is not None:
        warnings(gallery, kept)
    if people:
        st.caption(tables.counts(gallery).known.sentence)
    asked = None
    if running(gallery) is None:
        asked = show(gallery, people)
    else:
        show_while_measuring(gallery, people)
    with st.expander("Settings", icon=":material/tune:", key="evaluation_settings"):
        settings, groups_csv = settings_section(gallery, people)
    if everything or asked:
        parts = (asked,) if asked else tuple(part for part in PARTS if people or part not in NEED_PEOPLE)
        start(gallery, replace(settings, parts=parts), groups_csv)
