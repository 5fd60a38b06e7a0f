"""Two photos: one person or two? Both live in their session alone and are never stored."""

from __future__ import annotations

import streamlit as st

from facecluster.errors import FaceClusterError
from facecluster.gallery.gallery import Gallery
from facecluster.photos.images import encode_jpeg
from facecluster.presentation.probe_pictures import box_ratio, in_shape, numbered_boxes, similarity_scale
from facecluster.presentation.strictness import UNEVEN_PAIRS, verify_meaning
from facecluster.recognition.pairing import (
    PairVerdict,
    ProbeFace,
    compare_faces,
    main_probe_face,
    pair_verdict,
    probe_faces,
)
from facecluster.recognition.probes import Probe, Verdict
from facecluster.recognition.verification import PairErrors
from facecluster.ui import resources
from facecluster.ui.components import has_weights, show_error
from facecluster.ui.dropped import drop_zone, forget_button, read_new, shelf
from facecluster.ui.entry import within_app
from facecluster.ui.face_grid import Line, Tile, tile_grid
from facecluster.ui.faces import nothing_yet
from facecluster.ui.fits import when_ready
from facecluster.ui.looks import ink
from facecluster.ui.markup import escape
from facecluster.ui.page_head import page_head
from facecluster.ui.strictness import ask_false_match_rate

within_app()

SIDES = {"verify_first": "First photo", "verify_second": "Second photo"}
COLOURS: dict[PairVerdict, Verdict] = {"same": "known", "close": "close", "different": "unknown"}
# On a phone the two faces stand side by side above the verdict; the photos are there to choose from, not to admire.
STYLE = """<style>
.st-key-verify_sides img { max-height: 26rem; object-fit: contain; object-position: left; }
@media (max-width: 640px) {
  [data-testid="stColumn"]:has(.st-key-verify_one, .st-key-verify_other) {
    min-width: 0 !important; width: 40% !important; flex: 1 1 40% !important;
  }
  [data-testid="stColumn"]:has(.st-key-verify_verdict) { order: 1; }
}
</style>"""
ANSWERS: dict[PairVerdict, str] = {
    "same": ":green[:material/check_circle:] The same person",
    "different": ":material/cancel: Different people",
    "close": ":orange[:material/help:] Too close to tell",
}


def chosen_face(key: str, probe: Probe) -> ProbeFace | None:
    """The face that was clicked, else the one that the photo is about."""
    faces, number = probe_faces(probe), st.session_state.get(f"{key}_face")
    # Another photo, or the same one read with other settings, has faces of its own.
    if number is None or number[0] is not probe or number[1] >= len(faces):
        return main_probe_face(probe)
    return faces[number[1]]


def show_photo(key: str, probe: Probe, face: ProbeFace | None) -> None:
    """The photo, and its faces to choose from where there are several; or the sentence why there is none."""
    if probe.error is not None or probe.picture is None:
        st.error(escape(probe.error or ""), icon=":material/broken_image:", title=escape(probe.name))
        return
    faces = probe_faces(probe)
    if face is None:
        text = f"{probe.no_face} Choose a larger or clearer one."
        st.info(text, icon=":material/face_retouching_off:", title="No face on this photo")
    elif len(faces) > 1:
        st.caption("Which face is it about?")

        def choose(number: int) -> None:
            st.session_state[f"{key}_face"] = (probe, number - 1)

        tiles = [_tile(probe, each) for each in faces]
        label = f"Faces of the {SIDES[key].lower()}"
        tile_grid(tiles, f"{key}_faces", label, on_open=choose, cell=84, current=face.place + 1)
    drawn = ["known" if face and each.place == face.place else "unknown" for each in faces]
    boxes = [each.box for each in faces]
    picture = numbered_boxes(probe.picture, boxes, drawn, with_numbers=len(faces) > 1)  # type: ignore[arg-type]
    what = "without a face" if face is None else f"with {len(faces)} box{'' if len(faces) == 1 else 'es'}"
    st.image(picture, width="stretch", alt=f"{SIDES[key]}, {probe.name}, {what}")
    st.caption(escape(probe.name))
    if probe.note:
        st.caption(f":material/info: {escape(probe.note)}")


def _tile(probe: Probe, face: ProbeFace) -> Tile:
    line = Line(f"detection {probe.detections[face.place].score:.2f}")
    name = f"Face {face.place + 1}"
    return Tile(face.place + 1, name, (line,), encode_jpeg(face.crop), box_ratio(face.box))


def show_crop(key: str, probe: Probe, face: ProbeFace) -> None:
    """One of the two faces, large."""
    st.image(in_shape(face.crop, face.box), width="stretch", alt=f"Face {face.place + 1} of the {SIDES[key].lower()}")
    st.caption(f"Detection score: is it a face? {probe.detections[face.place].score:.2f}")


def show_answer(one: ProbeFace, other: ProbeFace, pairs: PairErrors) -> None:
    """The answer in words, and how often such answers err."""
    place = st.container()
    rate = ask_false_match_rate()
    found = compare_faces(one, other, pairs, rate)
    verdict = pair_verdict(found)
    with place:
        st.header(ANSWERS[verdict], anchor=False)
        scale = similarity_scale(found.similarity, found.threshold, COLOURS[verdict], ink())
        alt = f"Similarity {found.similarity:.2f} on a scale with the threshold at {found.threshold:.2f}"
        st.image(scale, alt=alt, width="stretch")
        side = "reaches" if found.same else "below"
        st.markdown(f"similarity **{found.similarity:.2f}**, {side} the threshold of {found.threshold:.2f}")
    with st.container(horizontal=True, wrap=False, gap="small"):
        st.caption(verify_meaning(found, pairs.identity), width="stretch")
        with st.popover("Why?", type="tertiary", key="verify_why"):
            st.caption("Both rates are measured on the pairs of faces that the threshold was chosen on.")
            for sentence in filter(None, (found.basis, found.warning, UNEVEN_PAIRS)):
                st.caption(f":material/info: {escape(sentence)}")
            resources.min_score_slider()


def show_sides(probes: dict[str, Probe], faces: dict[str, ProbeFace | None]) -> None:
    """Both photos side by side, or the places to drop them."""
    for column, (key, label) in zip(st.columns(2, gap="medium"), SIDES.items(), strict=True):
        with column:
            told = "Drop another one here" if key in probes else f"Drop the {label.lower()} here"
            drop_zone(key, label, told, several=False, tall=None if key in probes else "40vh")
            if key in probes:
                show_photo(key, probes[key], faces[key])


def page(gallery: Gallery) -> None:
    if nothing_yet(gallery) or not has_weights(gallery):
        return
    kept = {key: photo for key in SIDES for photo in shelf(key)}
    answer = st.container()
    try:
        with answer:
            read_new(kept.values(), gallery.model or "", resources.min_score())
            pairs = when_ready(gallery, resources.pairs)
    except FaceClusterError as error:
        show_error(error)
        return
    probes = {key: photo.probe for key, photo in kept.items()}
    faces = {key: chosen_face(key, probe) for key, probe in probes.items()}
    found = [(key, face) for key, face in faces.items() if face is not None]
    if len(found) == len(SIDES) and pairs is not None:
        (first, one), (second, other) = found
        left, middle, right = answer.columns([1, 2, 1], gap="medium")
        with left, st.container(key="verify_one"):
            show_crop(first, probes[first], one)
        with middle, st.container(key="verify_verdict"):
            show_answer(one, other, pairs)
        with right, st.container(key="verify_other"):
            show_crop(second, probes[second], other)
    st.html(STYLE)
    with st.container(key="verify_sides"):
        show_sides(probes, faces)
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(probes) < len(SIDES):
            st.caption(
                ":material/lock: Drop in two photos to see whether they show one person. They are looked at and "
                "forgotten: they become no part of the gallery."
            )
        if probes:
            st.space("stretch")
            forget_button("verify", SIDES)


gallery = resources.open_gallery()
page_head(gallery, "Verify")
page(gallery)
