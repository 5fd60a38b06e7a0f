"""How far the figures can be trusted: held-out photos, strangers, number of clusters, algorithms, stability, groups."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from facecluster.errors import EvaluationError, FaceClusterError
from facecluster.gallery import Gallery
from facecluster.groups import read_groups
from facecluster.lab import NEED_PEOPLE, NOBODY, PARTS, LabResults, LabSettings, Part
from facecluster.lab_work import KeptResults, stored_results
from facecluster.report import report_html
from facecluster.report_data import as_document
from facecluster.ui import lab_parts, resources, tables
from facecluster.ui.components import show_error
from facecluster.ui.entry import within_app
from facecluster.ui.faces import nothing_yet
from facecluster.ui.jobs import running, start_evaluating
from facecluster.ui.page_head import page_head

within_app()

PART_NAMES: dict[Part, str] = {
    "held_out": "Held out",
    "open_set": "Strangers",
    "sweep": "Number of clusters",
    "comparison": "Algorithms",
    "stability": "Stability",
}
DEFAULTS = LabSettings()


def _parts(possible: Sequence[Part], key: str) -> list[Part]:
    return st.pills(
        "Parts",
        possible,
        selection_mode="multi",
        default=possible,
        format_func=PART_NAMES.__getitem__,
        key=key,
        persist_state="session",
    )


def free_settings_form(gallery: Gallery) -> LabSettings | None:
    """The settings of the parts that need no people, in the run where the form was sent."""
    possible = [part for part in PARTS if part not in NEED_PEOPLE]
    with st.form("evaluation_form"):
        parts = _parts(possible, "evaluation_free_parts")
        seed = _number("Seed", 0, 10**6, DEFAULTS.seed, "seed", "The same seed draws the same faces.")
        sent = _evaluate_button(gallery)
    return LabSettings(seed=seed, parts=tuple(part for part in PARTS if part in parts)) if sent else None


def settings_form(gallery: Gallery, people: int) -> tuple[LabSettings, bytes | None] | None:
    """The settings and the groups' CSV, in the run where the form was sent."""
    with st.form("evaluation_form"):
        parts = _parts(PARTS, "evaluation_parts")
        with st.grid(5, min_column_width=150):
            folds = _number("Folds", 2, 20, DEFAULTS.folds, "folds", "Photos are held out in so many turns.")
            most = max(people - 2, 1)
            left_out = _number(
                *("People left out", 1, most, min(max(1, round(0.3 * people)), most), "left_out"),
                "Strangers a draw; the others are enrolled.",
            )
            draws = _number("Draws", 1, 50, DEFAULTS.draws, "draws", "How often other people are left out.")
            fpir = st.number_input(
                *("FPIR, in %", 0.1, 20.0, 100 * DEFAULTS.fpir, 0.1),
                key="evaluation_fpir",
                persist_state="session",
                help="The share of strangers' faces that may get a name.",
            )
            seed = _number("Seed", 0, 10**6, DEFAULTS.seed, "seed", "The same seed draws the same people and photos.")
        upload = st.file_uploader(
            "Groups, as CSV (optional)",
            type="csv",
            key="evaluation_groups_csv",
            help="A column person with names as in the gallery, and any other columns: error rates are compared by "
            "each of them.",
        )
        sent = _evaluate_button(gallery)
    if not sent:
        return None
    chosen = tuple(part for part in PARTS if part in parts)
    settings = LabSettings(folds=folds, left_out=left_out, draws=draws, fpir=fpir / 100, seed=seed, parts=chosen)
    return settings, None if upload is None else upload.getvalue()


def _evaluate_button(gallery: Gallery) -> bool:
    return st.form_submit_button(
        "Evaluate", type="primary", icon=":material/science:", disabled=running(gallery) is not None
    )


def _number(label: str, low: int, high: int, value: int, key: str, meaning: str) -> int:
    return int(st.number_input(label, low, high, value, key=f"evaluation_{key}", persist_state="session", help=meaning))


def start(gallery: Gallery, settings: LabSettings, content: bytes | None) -> None:
    """Starts the evaluation, or says why it cannot be."""
    if not settings.parts:
        st.error("Choose at least one part to evaluate.", icon=":material/error:")
        return
    try:
        groups: pd.DataFrame | None = None
        if content is not None:
            groups = read_groups(content, list(gallery.person_of_faces().values()))
    except FaceClusterError as error:
        show_error(error)
        return
    if start_evaluating(gallery, settings, groups):
        st.rerun()


def downloads(results: LabResults) -> None:
    """Both files are made when they are asked for, not at every run."""
    with st.container(horizontal=True):
        st.download_button(
            "Report",
            lambda: report_html(results).encode(),
            "evaluation.html",
            "text/html",
            key="evaluation_html",
            on_click="ignore",
            icon=":material/download:",
            help="One HTML file with charts, parameters and versions; it needs no network and holds no photo.",
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


def show(gallery: Gallery, kept: KeptResults, people: int) -> None:
    """The parts in tabs; only the open one is made."""
    results = kept.results
    if kept.is_stale(gallery):
        text = "The gallery or its clusters changed since this was measured. Evaluate again for figures of today."
        st.warning(text, title="Out of date", icon=":material/history:")
    settings = results.settings
    st.caption(f"Measured {results.created.replace('T', ' ').removesuffix('+00:00')} UTC · seed {settings.seed}")
    if kept.is_stored:
        st.caption("Kept in the gallery from an earlier start: the number of clusters. Other parts are measured anew.")
    downloads(results)
    each: dict[Part, Callable[[], None]] = {
        "held_out": lambda: lab_parts.held_out(results),
        "open_set": lambda: lab_parts.strangers(results),
        "sweep": lambda: lab_parts.number_of_clusters(results, people),
        "comparison": lambda: lab_parts.algorithms(results, gallery),
        "stability": lambda: lab_parts.stability(results),
    }
    parts = {PART_NAMES[part]: show for part, show in each.items() if results.scores or part not in NEED_PEOPLE}
    if results.groups:
        parts["Groups"] = lambda: lab_parts.groups(results)
    for tab, part in zip(st.tabs(list(parts), key="evaluation_tab", on_change="rerun"), parts.values(), strict=True):
        if tab.open:
            with tab:
                part()


gallery = resources.open_gallery()
page_head(gallery, "Evaluation")
if not nothing_yet(gallery):
    try:
        people = len(tables.accuracy(gallery).people)
    except EvaluationError:
        people = 0
        st.info(NOBODY, title="Some parts need people", icon=":material/person_off:")
    else:
        st.caption(tables.counts(gallery).known.sentence)
    kept = resources.lab_store().latest(str(gallery.path)) or stored_results(gallery)
    with st.expander("Settings", expanded=kept is None, icon=":material/tune:"):
        asked = settings_form(gallery, people) if people else (free_settings_form(gallery), None)
    if asked is not None and asked[0] is not None:
        start(gallery, *asked)
    if kept is not None:
        show(gallery, kept, people)
    elif running(gallery) is None:
        st.caption(":material/science: Nothing was measured yet. It runs in the background; other pages stay usable.")
