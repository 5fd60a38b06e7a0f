"""Drop in photos and see who is on them, and why. A probe lives in its session alone and is never stored."""

from __future__ import annotations

import json
import time
from collections.abc import Sized
from pathlib import Path
from typing import Any, Literal

import streamlit as st
from streamlit.typing import UploadedFile

from facecluster.background import Progress
from facecluster.charts import percent
from facecluster.errors import FaceClusterError
from facecluster.gallery import Gallery
from facecluster.identification import DEFAULT_FPIR, Identifier, Match
from facecluster.images import SUFFIXES
from facecluster.photo_faces import told_doubtful
from facecluster.probe_pictures import numbered_boxes, similarity_scale
from facecluster.probes import (
    Answer,
    Probe,
    Verdict,
    answer,
    answer_name,
    answers_as_dicts,
    answers_table,
    name_of,
    read_probe,
    verdict,
)
from facecluster.ui import resources
from facecluster.ui.components import has_weights, show_error
from facecluster.ui.entry import within_app
from facecluster.ui.face_grid import Line
from facecluster.ui.faces import FaceTile, face_grid, nothing_yet
from facecluster.ui.fits import when_ready
from facecluster.ui.markup import escape
from facecluster.ui.page_head import page_head

within_app()

PHOTOS_A_PAGE = 5
STRICTNESS = (0.001, 0.005, DEFAULT_FPIR, 0.02, 0.05)
BADGES: dict[Verdict, tuple[str, str, Literal["green", "orange", "gray"]]] = {
    "known": ("Known", ":material/check_circle:", "green"),
    "doubtful": ("Close to the threshold", ":material/help:", "orange"),
    "unknown": ("Nobody known", ":material/person_off:", "gray"),
}


def count(things: Sized, word: str, plural: str = "s") -> str:
    """`1 photo`, `2 photos`."""
    return f"{len(things)} {word}{plural * (len(things) != 1)}"


def choose_threshold(identifier: Identifier) -> float:
    """How strict to be, the slider that it sets, and what its value means on this gallery."""
    fpir = st.select_slider(
        "Strangers who may get a name (FPIR)",
        STRICTNESS,
        DEFAULT_FPIR,
        format_func=lambda fpir: f"{100 * fpir:g} %",
        key="identify_fpir",
        persist_state="session",
        help="The share of strangers' faces that may be taken for somebody known; it sets the threshold. Lower is "
        "stricter: fewer strangers get a name, more known people are missed.",
    )
    exact = identifier.threshold(float(fpir))
    own = min(max(round(exact, 2), 0.0), 1.0)
    if st.session_state.get("identify_own") != own:
        st.session_state["identify_own"] = st.session_state["identify_threshold"] = own

    def reset() -> None:
        st.session_state["identify_threshold"] = own

    value = st.slider(
        "Fine tuning: threshold",
        0.0,
        1.0,
        step=0.01,
        key="identify_threshold",
        persist_state="session",
        help="A face counts as known from this similarity on. Higher: fewer strangers get a name, more known people "
        "are missed. The photos are not read again when you move it.",
    )
    threshold = exact if value == own else float(value)
    matcher = identifier.matcher
    missed = matcher.expected_fnir(threshold)
    named = matcher.expected_fpir(threshold)
    told = f"Expected at {value:.2f}: {percent(named)} of strangers get a name"
    whose = {"person": "known people", "cluster": "the clusters' own faces", "mixed": "known faces"}[matcher.identity]
    st.caption(f"{told}, {percent(missed)} of {whose} are missed." if missed == missed else f"{told}.")
    caveat = matcher.caveat(float(fpir) if threshold == exact else named)
    if caveat:
        st.caption(f":material/info: {caveat}")
    st.button(
        f"Back to the gallery's own for {100 * float(fpir):g} %, {own:.2f}",
        key="identify_reset",
        icon=":material/restart_alt:",
        type="tertiary",
        on_click=reset,
        disabled=value == own,
    )
    return threshold


def read_new(files: list[tuple[str, UploadedFile]], model: str, min_score: float) -> list[Probe]:
    """The probes of the files, each read once a session; what is no longer there is forgotten."""
    kept: dict[tuple[str, str, float], Probe] = st.session_state.get("identify_probes", {})
    keys = [(file.file_id, model, min_score) for _, file in files]
    new = [(key, name, file) for key, (name, file) in zip(keys, files, strict=True) if key not in kept]
    probes = {key: kept[key] for key in keys if key in kept}
    if new:
        bar = st.progress(0.0, text="Loading the models")
        detector = resources.detector(min_score=min_score)
        embedder = resources.embedder(resources.weights_of(model) or model)
        embedder.load()
        detector.load()
        start = time.monotonic()
        for done, (key, name, file) in enumerate(new):
            passed = time.monotonic() - start
            left = passed / done * (len(new) - done) if done else None
            progress = Progress("Reading", done, len(new), seconds_left=left)
            bar.progress(progress.share, text=progress.text)
            probes[key] = read_probe(name, file.getvalue(), detector, embedder)
        bar.empty()
    st.session_state["identify_probes"] = probes
    return [probes[key] for key in keys]


def show_answer(gallery: Gallery, found: Answer, position: int) -> None:
    """One photo with its boxes, and its faces beside it; below it where there are many."""
    probe = found.probe
    with st.container(border=True):
        if probe.error is not None or probe.picture is None:
            st.error(escape(probe.error or ""), icon=":material/broken_image:", title=escape(probe.name))
            return
        many = len(found.matches) > 2
        strips: Any = {"min_column_width": 360, "gap": "large"}
        left, right = (st.container(), st.grid(2, **strips)) if many else st.columns([2, 3], gap="medium")
        with left:
            picture = numbered_boxes(probe.picture, found.boxes, [verdict(match) for match in found.matches])
            st.image(picture, width="stretch", alt=f"{probe.name} with {count(found.boxes, 'numbered box', 'es')}")
            left_out = f" · left out: {told_doubtful(probe.doubtful)}" if probe.doubtful and found.matches else ""
            st.caption(escape(probe.name) + left_out)
            if probe.note:
                st.caption(f":material/info: {escape(probe.note)}")
        with right:
            for number, match in enumerate(found.matches, start=1):
                with st.container():
                    show_match(gallery, match, number, f"{position}_{number}")
            if not found.matches:
                st.info(
                    f"{probe.no_face} A larger or less turned face, or better light, helps.",
                    icon=":material/face_retouching_off:",
                    title="No face on this photo",
                )


def show_match(gallery: Gallery, match: Match, number: int, key: str) -> None:
    """One face: the answer, why, who else it may be, and the gallery faces most like it."""
    kind = verdict(match)
    word, icon, colour = BADGES[kind]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(match.crop, width=72, alt=f"Face {number}")
        with st.container(gap="xxsmall", width="stretch"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.subheader(f"{number}\u2002{escape(answer_name(match))}", anchor=False, width="content")
                st.badge(word, icon=icon, color=colour)
            st.image(
                similarity_scale(match.similarity, match.threshold, kind),
                alt=f"Similarity {match.similarity:.2f} on a scale with the threshold at {match.threshold:.2f}",
            )
            side = "reaches" if match.is_known else "below"
            st.markdown(f"similarity **{match.similarity:.2f}**, {side} the threshold of {match.threshold:.2f}")
    st.caption(f"Detection score: is it a face? {match.detection_score:.2f}")
    others = " · ".join(f"{escape(name_of(each))} {each.similarity:.2f}" for each in match.candidates)
    st.markdown(f"Candidates: {others}")
    st.caption("Most similar faces in the gallery")
    tiles = [
        FaceTile(
            each.face,
            each.person or "no person",
            (Line(f"similarity {each.similarity:.2f}"), Line(Path(each.photo).name)),
        )
        for each in match.neighbours
    ]
    face_grid(gallery, tiles, f"identify_open_{key}", "Most similar faces in the gallery", cell=84)


gallery = resources.open_gallery()
page_head(gallery, "Identify")
if nothing_yet(gallery) or not has_weights(gallery):
    st.stop()
drop, settings = st.columns([3, 2], gap="large")
with drop:
    uploads = st.file_uploader(
        "Photos to identify",
        type=sorted(suffix.removeprefix(".") for suffix in SUFFIXES),
        accept_multiple_files=True,
        key="identify_files",
        max_upload_size=200,
        help="The photos are looked at and forgotten: they become no part of the gallery.",
    )
    files = [(upload.name, upload) for upload in uploads]
    if st.toggle("Use the camera", key="identify_camera_on"):
        shot = st.camera_input("Take a photo", key="identify_camera", label_visibility="collapsed")
        if shot is not None:
            files.append(("Camera", shot))
try:
    with settings:
        identifier = when_ready(gallery, resources.identifier)
        threshold = choose_threshold(identifier) if identifier else 0.0
        min_score = resources.min_score_slider()
    probes = read_new(files, gallery.model or "", min_score)
except FaceClusterError as error:
    show_error(error)
    st.stop()
if identifier is None:
    st.stop()
answers = [answer(probe, identifier, threshold) for probe in probes]

if not answers:
    st.caption(":material/add_photo_alternate: Drop in one or several photos to see who is on them.")
    st.stop()

faces = [match for each in answers for match in each.matches]
known = sum(match.is_known for match in faces)
with st.container(horizontal=True, vertical_alignment="center"):
    failed = sum(each.probe.error is not None for each in answers)
    rest = f"; {failed} could not be read" if failed else ""
    told = f"{known} known, {len(faces) - known} unknown{rest}"
    st.markdown(f"**{count(answers, 'photo')}, {count(faces, 'face')}: {told}**")
    st.download_button(
        "CSV",
        answers_table(answers).to_csv(index=False),
        "identified.csv",
        "text/csv",
        key="identify_csv",
        on_click="ignore",
        icon=":material/download:",
        help="One row a face",
    )
    st.download_button(
        "JSON",
        json.dumps(answers_as_dicts(answers), indent=2, ensure_ascii=False),
        "identified.json",
        "application/json",
        key="identify_json",
        on_click="ignore",
        icon=":material/download:",
        help="The document that the command identify --json prints",
    )
pages = -(-len(answers) // PHOTOS_A_PAGE)
first = (st.pagination(pages, key="identify_page") - 1) * PHOTOS_A_PAGE if pages > 1 else 0
for position, found in list(enumerate(answers))[first : first + PHOTOS_A_PAGE]:
    show_answer(gallery, found, position)
