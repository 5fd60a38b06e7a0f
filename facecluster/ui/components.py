"""Small parts that several pages show."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, TypeVar

import streamlit as st

from facecluster.errors import FaceClusterError
from facecluster.gallery import Gallery
from facecluster.ui import resources, tables
from facecluster.ui.markup import escape

_AT_ONCE = 10_000  # faces: comparing so many with each other takes about half a second
_TICK = 0.5  # seconds between two looks at what other threads do

Fitted = TypeVar("Fitted")


def show_error(error: FaceClusterError) -> None:
    """The sentence of an error."""
    st.error(escape(str(error)), icon=":material/error:")


def has_weights(gallery: Gallery) -> bool:
    """Whether the gallery's model can be loaded; if not, asks where its weights file lies.

    A gallery records the name and the checksum of a weights file, and not its place.
    """
    if gallery.model is None or resources.weights_of(gallery.model) is not None:
        return True
    with st.form("components_weights", border=True):
        st.markdown(f"The gallery's faces were embedded with the weights file **{escape(gallery.model)}**.")
        path = st.text_input(
            "Where does this file lie?", key="components_weights_path", placeholder="/home/me/model.pt"
        )
        if st.form_submit_button("Use it", icon=":material/folder_open:"):
            try:
                if resources.remember_weights(path or "") == gallery.model:
                    st.rerun()
                st.error("This file holds other weights: name the one that made this gallery.")
            except FaceClusterError as error:
                show_error(error)
    return False


def when_ready(gallery: Gallery, fit: Future[Fitted]) -> Fitted | None:
    """What other threads make of the gallery's faces; on a large gallery None, and a line that tells, until it is made.

    The page then runs again by itself. Raises what the making raised.
    """
    if fit.done() or tables.counts(gallery).faces <= _AT_ONCE:
        with st.spinner("Comparing the gallery's faces…"):
            return fit.result()
    st.fragment(run_every=_TICK)(_waiting)(fit, tables.counts(gallery).faces)
    return None


def _waiting(fit: Future[Any], faces: int) -> None:
    if fit.done():
        st.rerun()  # the whole page, which can use it now
    st.markdown(
        f":material/hourglass_top: Comparing the gallery's {faces:,} faces with each other, once after every change. "
        "Photos can be dropped in meanwhile."
    )
