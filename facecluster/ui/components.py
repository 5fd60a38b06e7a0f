"""Small parts that several pages show."""

from __future__ import annotations

import streamlit as st

from facecluster.errors import FaceClusterError
from facecluster.gallery.gallery import Gallery
from facecluster.ui import resources
from facecluster.ui.markup import escape


def show_error(error: FaceClusterError) -> None:
    """The sentence of an error."""
    st.error(escape(str(error)), icon=":material/error:")


def has_weights(gallery: Gallery) -> bool:
    """Whether the gallery's model can be loaded; if not, asks where its weights file lies now."""
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
