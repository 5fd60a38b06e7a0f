"""The line that every page begins with: its title, and which gallery it speaks of."""

from __future__ import annotations

import streamlit as st

from facecluster.gallery import Gallery
from facecluster.ui.markup import escape


def page_head(gallery: Gallery, title: str) -> None:
    """Shows `title`, plain text, with the gallery's name beside it; both become the name of the browser's tab."""
    st.set_page_config(page_title=f"{title} · {gallery.name} · facecluster")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(escape(title), anchor=False, width="content")
        st.caption(
            f":material/folder_open: {escape(gallery.name)}",
            width="content",
            help=f"The gallery on this machine: `{gallery.path}`. Set FACECLUSTER_HOME to use another.",
        )
