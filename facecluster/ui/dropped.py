"""Photos that were dropped in: they outlive the change of a page, in this session's memory alone."""

from __future__ import annotations

import time
from collections.abc import Iterable

import streamlit as st

from facecluster.photos.images import SUFFIXES
from facecluster.presentation.probe_shelf import Kept, Settings, Shelf
from facecluster.presentation.text import counted
from facecluster.recognition.probes import read_probe
from facecluster.ui import resources
from facecluster.workflows.jobs import Progress

_TYPES = sorted(suffix.removeprefix(".") for suffix in SUFFIXES)
# Streamlit's uploader has no height of its own, and lists every ending of a file that it takes.
_SLIM = """
.st-key-PLACE section {
  padding: 0.35rem 0.75rem; min-height: 3rem; flex-flow: row !important; align-items: center !important;
}
.st-key-PLACE [data-testid="stFileUploaderDropzoneInstructions"] { display: none; }
.st-key-PLACE section::after { content: "TOLD"; margin-left: 0.75rem; opacity: 0.85; white-space: nowrap; }
"""
_TALL = """
.st-key-PLACE section { min-height: HEIGHT; flex-flow: column !important; justify-content: center; }
.st-key-PLACE section::after { order: -1; margin: 0 0 0.75rem !important; font-size: 1.25rem; }
"""


def shelf(key: str) -> Shelf:
    """The photos of this session under `key`."""
    kept: Shelf = st.session_state.setdefault(f"{key}_shelf", Shelf())
    return kept


def drop_zone(key: str, label: str, told: str, *, several: bool = True, tall: str | None = None) -> None:
    """Takes files onto the shelf of `key`. `told` is what stands in the zone, and `tall` its height, as CSS has
    it, where it is all there is.

    Where not `several`, a new photo takes the place of the one before.
    """
    # Under a new key the widget is empty again: what it took lies on the shelf, and nowhere else.
    turn = st.session_state.setdefault(f"{key}_turn", 0)
    widget = f"{key}_files_{turn}"

    def taken() -> None:
        uploads = st.session_state[widget]
        for upload in uploads if isinstance(uploads, list) else [uploads]:
            if upload is not None:
                take(key, upload.name, upload.getvalue(), several=several)
        st.session_state[f"{key}_turn"] = turn + 1

    place = f"dropped_{'tall' if tall else 'slim'}_{key}"
    style = (
        (_SLIM + _TALL if tall else _SLIM).replace("PLACE", place).replace("TOLD", told).replace("HEIGHT", tall or "")
    )
    st.html(f"<style>{style}</style>")
    with st.container(key=place):
        st.file_uploader(
            label,
            type=_TYPES,
            accept_multiple_files=several,
            key=widget,
            max_upload_size=200,
            label_visibility="collapsed",
            on_change=taken,
        )


def take(key: str, name: str, content: bytes, *, several: bool = True) -> None:
    """Puts a file onto the shelf of `key`. For callbacks."""
    if not several:
        forget(key)
    if shelf(key).add(name, content) is None:
        st.session_state[f"{key}_refused"] = st.session_state.get(f"{key}_refused", 0) + 1


def forget(key: str) -> None:
    """Forgets all photos of `key`. For callbacks."""
    st.session_state.pop(f"{key}_shelf", None)
    st.session_state.pop(f"{key}_refused", None)


def forget_button(key: str, photos: Iterable[str]) -> None:
    """Forgets the photos of all the shelves named."""

    def forget_all() -> None:
        for each in photos:
            forget(each)

    st.button(
        "Forget these photos",
        key=f"{key}_forget",
        icon=":material/delete_sweep:",
        type="tertiary",
        on_click=forget_all,
        help="They are in this session's memory only, and no part of the gallery.",
    )


def tell_refused(key: str) -> None:
    """A sentence where there was no room for some photos."""
    refused = st.session_state.get(f"{key}_refused", 0)
    if refused:
        held = shelf(key)
        st.warning(
            f"{counted(refused, 'photo')} not taken: at most {held.max_photos} photos and "
            f"{held.max_bytes // 1_000_000} MB are kept at a time. Forget these to look at others.",
            icon=":material/inventory_2:",
        )


def read_new(photos: Iterable[Kept], model: str, min_score: float) -> None:
    """Reads what was not read yet, or with other settings.

    Call it in a container of its own: a bar that comes and goes would move what follows, and with it an upload that has
    begun. Raises WeightsError and RuntimeChoiceError."""
    settings: Settings = (model, min_score)
    new = [kept for kept in photos if kept.settings != settings]
    place = st.empty()  # there also when there is nothing to read, else what follows would move up in the next run
    if not new:
        return
    from facecluster.vision.faces import FaceReader

    bar = place.progress(0.0, text="Loading the models")
    embedder = resources.embedder(resources.weights_of(model) or model)
    reader = FaceReader(resources.detector(min_score=min_score), embedder)
    reader.load()
    start = time.monotonic()
    for done, kept in enumerate(new):
        passed = time.monotonic() - start
        left = passed / done * (len(new) - done) if done else None
        progress = Progress("Reading", done, len(new), seconds_left=left)
        bar.progress(progress.share, text=progress.text)
        kept.read(settings, lambda name, content: read_probe(name, content, reader))
    place.empty()
