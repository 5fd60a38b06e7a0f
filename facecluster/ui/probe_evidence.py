"""Why a face of a dropped photo got its answer: the similarity, who else it may be, and the faces most like it."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from facecluster.gallery.gallery import Gallery
from facecluster.photos.images import encode_jpeg
from facecluster.presentation.probe_pictures import box_ratio, in_shape, numbered_boxes, similarity_scale
from facecluster.recognition.identification import Match
from facecluster.recognition.probes import Answer, Verdict, answer_name, is_copy, name_of, verdict
from facecluster.ui.face_grid import Line, Tile, Tone, tile_grid
from facecluster.ui.faces import FaceTile, face_grid
from facecluster.ui.looks import ink
from facecluster.ui.markup import escape
from facecluster.vision.faces import unsure_in_words

BADGES: dict[Verdict, tuple[str, str, Literal["green", "blue", "orange", "gray"]]] = {
    "known": ("Known", ":material/check_circle:", "green"),
    "unnamed": ("No name yet", ":material/label_off:", "blue"),
    "close": ("Too close to tell", ":material/help:", "orange"),
    "unknown": ("Nobody known", ":material/person_off:", "gray"),
}
MARKS: dict[Verdict, tuple[Tone, str]] = {
    "known": ("right", "check_circle"),
    "unnamed": ("next", "label_off"),
    "close": ("caution", "help"),
    "unknown": ("muted", "person_off"),
}


def show_evidence(gallery: Gallery, found: Answer, number: int) -> None:
    """What is known of one photo: the answer for the face that is chosen, and the photo itself."""
    probe = found.probe
    if probe.error is not None or probe.picture is None:
        st.error(escape(probe.error or ""), icon=":material/broken_image:", title=escape(probe.name))
        return
    if found.matches:
        place = _choose_face(found, f"identify_face_{number}")
        _show_match(gallery, found.matches[place], place + 1, number)
    else:
        st.info(
            f"{probe.no_face} A larger or less turned face, or better light, helps.",
            icon=":material/face_retouching_off:",
            title="No face on this photo",
        )
    picture = numbered_boxes(probe.picture, found.boxes, [verdict(match) for match in found.matches])
    boxes = f"{len(found.boxes)} numbered box{'' if len(found.boxes) == 1 else 'es'}"
    st.image(picture, width="stretch", alt=f"{probe.name} with {boxes}")
    not_counted = f" · not counted: {unsure_in_words(probe.unsure)}" if probe.unsure and found.matches else ""
    st.caption(escape(probe.name) + not_counted)
    if probe.note:
        st.caption(f":material/info: {escape(probe.note)}")


def _choose_face(found: Answer, key: str) -> int:
    """The face whose evidence is shown; a photo of several faces shows them to choose from."""
    if len(found.matches) == 1:
        return 0
    chosen = min(int(st.session_state.get(key, 0)), len(found.matches) - 1)

    def choose(face: int) -> None:
        st.session_state[key] = face - 1

    tiles = []
    for number, match in enumerate(found.matches, start=1):
        tone, icon = MARKS[verdict(match)]
        name = f"{number} {answer_name(match)}"
        said = f"Face {number}, {answer_name(match)}, similarity {match.similarity:.2f}, {BADGES[verdict(match)][0]}"
        line = Line(f"{match.similarity:.2f}", tone, icon)
        tiles.append(Tile(number, name, (line,), encode_jpeg(match.crop), box_ratio(match.box), said=said))
    tile_grid(tiles, f"{key}_grid", "Faces on this photo", on_open=choose, cell=84, current=chosen + 1)
    return chosen


def _ask_name(gallery: Gallery, match: Match, key: str) -> None:
    """A field that names the cluster that the face belongs to."""
    cluster = match.candidates[0].cluster

    def give() -> None:
        if cluster is not None:
            gallery.clusterings.name(cluster, st.session_state[key])

    st.text_input(
        "Who is this?",
        key=key,
        max_chars=80,
        placeholder="Name, for all faces of this cluster",
        on_change=give,
        label_visibility="collapsed",
    )


def _show_match(gallery: Gallery, match: Match, number: int, photo: int) -> None:
    """One face: the answer, why, who else it may be, and the gallery faces most like it."""
    kind = verdict(match)
    word, icon, colour = BADGES[kind]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(in_shape(match.crop, match.box), width=80, alt=f"Face {number}")
        with st.container(gap="xxsmall", width="stretch"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.header(escape(answer_name(match)), anchor=False, width="content")
                st.badge(word, icon=icon, color=colour)
            st.image(
                similarity_scale(match.similarity, match.threshold, kind, ink()),
                width="stretch",
                alt=f"Similarity {match.similarity:.2f} on a scale with the threshold at {match.threshold:.2f}",
            )
            side = "reaches" if match.is_known else "below"
            st.markdown(f"similarity **{match.similarity:.2f}**, {side} the threshold of {match.threshold:.2f}")
    if kind == "unnamed":
        _ask_name(gallery, match, f"identify_name_{photo}_{number}")
    if is_copy(match):
        st.caption(
            ":material/content_copy: The gallery holds this photo or a copy of it: this says nothing about new photos."
        )
    others = " · ".join(f"{escape(name_of(each))} {each.similarity:.2f}" for each in match.candidates)
    st.markdown(f"Candidates: {others}")
    tiles = [
        FaceTile(each.face, each.person or "no name yet", (Line(f"similarity {each.similarity:.2f}"),))
        for each in match.neighbours
    ]
    label = "Most similar faces in the gallery"
    key = f"identify_open_{photo}_{number}"
    if match.is_known:
        st.caption(label)
        face_grid(gallery, tiles, key, label)
    else:
        with st.expander("Faces in the gallery that look most like it", icon=":material/face:"):
            face_grid(gallery, tiles, key, label)
    st.caption(f"Detection score: is it a face? {match.detection_score:.2f}")
