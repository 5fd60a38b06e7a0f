"""Two photos: one person or two? Both live in their session alone and are never stored."""

from __future__ import annotations

import streamlit as st
from streamlit.typing import UploadedFile

from facecluster.charts import percent
from facecluster.errors import FaceClusterError
from facecluster.gallery import Gallery
from facecluster.images import SUFFIXES
from facecluster.pairing import PairVerdict, ProbeFace, compare_faces, main_probe_face, pair_verdict
from facecluster.photo_faces import why_no_face
from facecluster.probe_pictures import numbered_boxes, similarity_scale
from facecluster.probes import Probe, Verdict, read_probe
from facecluster.ui import resources
from facecluster.ui.components import has_weights, show_error
from facecluster.ui.entry import within_app
from facecluster.ui.faces import nothing_yet
from facecluster.ui.fits import when_ready
from facecluster.ui.markup import escape
from facecluster.ui.page_head import page_head
from facecluster.verification import DEFAULT_FMR, PairErrors

within_app()

RATES = (0.0001, 0.001, 0.01, 0.05)
SIDES = ("First", "Second")
COLOURS: dict[PairVerdict, Verdict] = {"same": "known", "close": "doubtful", "different": "unknown"}


def photo(side: str, model: str) -> Probe | None:
    """One uploader and its photo, read once a session."""
    upload: UploadedFile | None = st.file_uploader(
        f"{side} photo",
        type=sorted(suffix.removeprefix(".") for suffix in SUFFIXES),
        key=f"verify_{side.lower()}",
        max_upload_size=200,
        help="Looked at and forgotten: it becomes no part of the gallery.",
    )
    kept_key = f"verify_probe_{side.lower()}"
    if upload is None:
        st.session_state.pop(kept_key, None)
        return None
    key, probe = st.session_state.get(kept_key, (None, None))
    min_score = resources.min_score()
    if key != (upload.file_id, model, min_score):
        with st.spinner("Looking for a face…"):
            weights = resources.weights_of(model) or model
            content = upload.getvalue()
            probe = read_probe(
                upload.name, content, resources.detector(min_score=min_score), resources.embedder(weights)
            )
        st.session_state[kept_key] = ((upload.file_id, model, min_score), probe)
    return probe


def show_photo(probe: Probe, side: str) -> ProbeFace | None:
    """The photo with its main face, or the sentence why there is none."""
    if probe.error is not None or probe.picture is None:
        st.error(escape(probe.error or ""), icon=":material/broken_image:", title=escape(probe.name))
        return None
    face = main_probe_face(probe)
    if face is None:
        st.image(probe.picture, width="stretch", alt=f"{side} photo, without a face")
        text = f"{why_no_face(resources.MIN_FACE_SIZE, probe.doubtful)} Choose a larger or clearer one."
        st.info(text, icon=":material/face_retouching_off:", title="No face on this photo")
        return None
    picture = numbered_boxes(probe.picture, [face.box], ["known"], with_numbers=False)
    st.image(picture, width="stretch", alt=f"{side} photo with a box around its main face")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(face.crop, width=96, alt=f"Main face of the {side.lower()} photo")
        more = len(probe.detections) - 1
        score = probe.detections[face.place].score
        of_several = f" · the main one of {more + 1} faces" if more else ""
        st.caption(f"{escape(probe.name)}{of_several} · detection score {score:.2f}")
    return face


def show_answer(one: ProbeFace, other: ProbeFace, pairs: PairErrors, rate: float) -> None:
    """The answer in words, and how often such answers err."""
    found = compare_faces(one, other, pairs, rate)
    verdict = pair_verdict(found)
    with st.container(border=True):
        if verdict == "same":
            st.subheader(":green[:material/check_circle:] The same person", anchor=False)
        elif verdict == "different":
            st.subheader(":material/cancel: Different people", anchor=False)
        else:
            st.subheader(":orange[:material/help:] Too close to tell", anchor=False)
        scale = similarity_scale(found.similarity, found.threshold, COLOURS[verdict])
        alt = f"Similarity {found.similarity:.2f} on a scale with the threshold at {found.threshold:.2f}"
        st.image(scale, alt=alt)
        side = "reaches" if found.same else "below"
        st.markdown(f"similarity **{found.similarity:.2f}**, {side} the threshold of {found.threshold:.2f}")
        with st.grid(2, min_column_width=200):
            two, single = {
                "person": ("different people", "one person"),
                "cluster": ("different clusters", "one cluster"),
                "mixed": ("different people or clusters", "one person or cluster"),
            }[pairs.identity]
            wrong = f"Pairs of faces of {two} in the gallery that reach the threshold too."
            st.metric("False match rate", f"{100 * found.false_match_rate:.3g} %", help=wrong, border=True)
            missed, known = found.false_non_match_rate, found.false_non_match_rate == found.false_non_match_rate
            help_text = f"Pairs of faces of {single} in the gallery that do not reach the threshold."
            st.metric("False non-match rate", percent(missed) if known else "n/a", help=help_text, border=True)
        st.caption("Both rates are measured on the pairs that the threshold was chosen on.")
        for sentence in filter(None, (found.basis, found.warning)):
            st.caption(f":material/info: {escape(sentence)}")


def page(gallery: Gallery) -> None:
    if nothing_yet(gallery) or not has_weights(gallery):
        return
    rate = st.select_slider(
        "False match rate",
        RATES,
        DEFAULT_FMR,
        format_func=lambda rate: f"{100 * rate:g} %",
        key="verify_rate",
        persist_state="session",
        help="How many of the gallery's pairs of faces of different people may pass for one person. Lower is stricter.",
    )
    resources.min_score_slider()
    probes: list[Probe | None] = []
    try:
        for column, side in zip(st.columns(2, gap="large"), SIDES, strict=True):
            with column:
                probes.append(photo(side, gallery.model or ""))
        answer = st.container()  # above the photos, which may fill the window
        with answer:
            pairs = when_ready(gallery, resources.pairs)
    except FaceClusterError as error:
        show_error(error)
        return
    faces: list[ProbeFace | None] = []
    for column, side, probe in zip(st.columns(2, gap="large"), SIDES, probes, strict=True):
        with column:
            faces.append(show_photo(probe, side) if probe is not None else None)
    one, other = faces
    with answer:
        if one is not None and other is not None and pairs is not None:
            show_answer(one, other, pairs, float(rate))
        elif None in probes:
            st.caption(":material/compare: Drop in two photos to see whether they show one person.")


gallery = resources.open_gallery()
page_head(gallery, "Verify")
page(gallery)
