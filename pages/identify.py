"""Drop in photos and see who is on them, and why. A probe lives in its session alone and is never stored."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from facecluster.errors import FaceClusterError
from facecluster.gallery.gallery import Gallery
from facecluster.presentation.probe_overview import KINDS, WORDS, Kind, kinds, mark, names, photos_of, summary
from facecluster.presentation.probe_shelf import Kept
from facecluster.presentation.text import counted
from facecluster.recognition.probes import Answer, answer_all, answers_as_dicts, answers_table
from facecluster.ui import resources
from facecluster.ui.components import has_weights, show_error
from facecluster.ui.dropped import drop_zone, forget_button, read_new, shelf, take, tell_refused
from facecluster.ui.entry import within_app
from facecluster.ui.face_grid import Line, Tile, Tone, tile_grid
from facecluster.ui.faces import nothing_yet
from facecluster.ui.fits import when_ready
from facecluster.ui.page_head import page_head
from facecluster.ui.probe_evidence import show_evidence
from facecluster.ui.strictness import identify_threshold

within_app()

KEY, CHOSEN = "identify", "identify_photo"
MARKS: dict[Kind, tuple[Tone, str]] = {
    "known": ("right", "check_circle"),
    "unnamed": ("next", "label_off"),
    "unknown": ("muted", "person_off"),
    "close": ("caution", "help"),
    "no face": ("muted", "face_retouching_off"),
    "unreadable": ("wrong", "broken_image"),
}
# The evidence stays in sight while the photos scroll: beside them, and on a phone at the foot of the window.
STYLE = """<style>
[data-testid="stColumn"]:has(.st-key-identify_evidence) {
  position: sticky; top: 3.75rem; align-self: flex-start; max-height: calc(100vh - 4.25rem); overflow-y: auto;
}
@media (max-width: 640px) {
  [data-testid="stColumn"]:has(.st-key-identify_evidence) {
    top: auto; bottom: 0; max-height: 26vh; z-index: 5; padding-top: 0.75rem;
    background: light-dark(#fff, #171614); box-shadow: 0 -8px 12px -8px rgb(0 0 0 / 0.4);
    margin-inline: -1rem; padding-inline: 1rem; width: calc(100% + 2rem); max-width: none;
  }
  [data-testid="stColumn"]:has(.st-key-identify_evidence)::before {
    content: ""; position: sticky; top: 0; display: block; width: 2.5rem; height: 4px; margin: 0 auto 0.5rem;
    border-radius: 2px; background: #8b95a3;
  }
  .st-key-identify_summary { display: none; }
}
</style>"""

Answered = tuple[Kept, Answer]


def camera_toggle() -> bool:
    """Nothing is asked of the camera until it is wanted."""
    return st.toggle("Camera", key="identify_camera_on", persist_state="page")


def camera() -> None:
    """Takes photos onto the shelf."""

    def taken() -> None:
        shot = st.session_state["identify_camera"]
        if shot is not None:
            take(KEY, "Camera", shot.getvalue())

    st.camera_input("Take a photo", key="identify_camera", on_change=taken, label_visibility="collapsed", width=480)


def ask_for_photos(gallery: Gallery) -> None:
    """All there is before the first photo."""
    drop_zone(KEY, "Photos to identify", "Drop photos here", tall="56vh")
    st.caption(
        ":material/lock: Drop in one or several photos to see who is on them. They are looked at and forgotten: they "
        "become no part of the gallery."
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        camera_on = camera_toggle()
        with st.popover("Strictness and settings", icon=":material/tune:", type="tertiary", key="identify_settings"):
            identifier = when_ready(gallery, resources.identifier)
            if identifier is not None:
                identify_threshold(identifier, folded=True)
    if camera_on:
        camera()


def show_downloads(answers: Sequence[Answer]) -> None:
    """What was found, as files."""
    with st.popover("Download", icon=":material/download:", type="tertiary", key="identify_download"):
        st.download_button(
            "CSV, one row per face",
            lambda: answers_table(answers).to_csv(index=False),
            "identified.csv",
            "text/csv",
            key="identify_csv",
            on_click="ignore",
        )
        st.download_button(
            "JSON, as the command line prints it",
            lambda: json.dumps(answers_as_dicts(answers), indent=2, ensure_ascii=False),
            "identified.json",
            "application/json",
            key="identify_json",
            on_click="ignore",
        )


def choose_kind(answers: Sequence[Answer]) -> Kind | None:
    """Which photos to show; None for all."""
    found = photos_of(answers)
    chosen = st.pills(
        "Show",
        ["all", *(kind for kind in KINDS if found[kind] or kind not in ("unnamed", "unreadable"))],
        default="all",
        required=True,
        format_func=lambda kind: (
            (f"All {counted(len(answers), 'photo')}" if len(answers) > 1 else "1 photo")
            if kind == "all"
            else f"{str(WORDS.get(kind, kind)).capitalize()} {found[kind]}"
        ),
        key="identify_kind",
        persist_state="session",
        label_visibility="collapsed",
    )
    return next((kind for kind in KINDS if kind == chosen), None)


def tile(kept: Kept, found: Answer) -> Tile:
    """One photo: its thumbnail with boxes, who is on it, and how sure that is."""
    held = kinds(found)
    tone, icon = MARKS["close" if "close" in held else held[0]]
    lines = (Line(mark(found), tone, icon), *([Line(kept.name)] if found.matches else []))
    return Tile(kept.number, names(found), lines, kept.thumbnail(found))


def show_photos(shown: Sequence[Answered], current: int) -> None:
    """One scrolling grid of all photos."""

    def choose(number: int) -> None:
        st.session_state[CHOSEN] = number

    tile_grid(
        [tile(*each) for each in shown],
        "identify_photos",
        "Photos",
        on_open=choose,
        cell=132,
        frame="photo",
        current=current,
    )


def show_answers(gallery: Gallery, answered: Sequence[Answered]) -> None:
    """The overview, and beside it the evidence for one photo."""
    answers = [found for _, found in answered]
    kind = choose_kind(answers)
    shown = [(kept, found) for kept, found in answered if kind is None or kind in kinds(found)]
    if not shown:
        st.caption("No photo of this kind.")
        return
    chosen = st.session_state.get(CHOSEN)
    kept, found = next((each for each in shown if each[0].number == chosen), shown[0])
    st.html(STYLE)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_photos(shown, kept.number)
    with right, st.container(key="identify_evidence"):
        show_evidence(gallery, found, kept.number)


def page(gallery: Gallery, head: DeltaGenerator) -> None:
    if nothing_yet(gallery) or not has_weights(gallery):
        return
    photos = shelf(KEY)
    try:
        if not len(photos):
            ask_for_photos(gallery)
            return
        left, right = st.columns([3, 2], gap="medium")
        with left:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                with st.container(horizontal=True, vertical_alignment="center", wrap=False, gap="small"):
                    drop_zone(KEY, "Photos to identify", "Drop more here")
                    camera_on = camera_toggle()
                with st.container(horizontal=True, width="content", wrap=False, gap="small"):
                    downloads = st.container(width="content")
                    forget_button(KEY, [KEY])
            if camera_on:
                camera()
            tell_refused(KEY)
        with right:
            identifier = when_ready(gallery, resources.identifier)
            threshold = identify_threshold(identifier, folded=False) if identifier else 0.0
        with st.container():
            read_new(photos, gallery.model or "", resources.min_score())
    except FaceClusterError as error:
        show_error(error)
        return
    if identifier is not None:
        answers = answer_all([kept.probe for kept in photos], identifier, threshold)
        with head.container(key="identify_summary"):
            st.markdown(summary(answers))
        with downloads:
            show_downloads(answers)
        show_answers(gallery, list(zip(photos, answers, strict=True)))


gallery = resources.open_gallery()
page(gallery, page_head(gallery, "Identify"))
