"""The line that every page begins with: its title, and which gallery it speaks of."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from facecluster.gallery.gallery import Gallery
from facecluster.ui.gallery_menu import gallery_menu
from facecluster.ui.history import tidy_history
from facecluster.ui.markup import escape


def page_head(gallery: Gallery, title: str, back: tuple[str, Callable[[None], None]] | None = None) -> DeltaGenerator:
    """Shows `title`, plain text, with the gallery's name beside it; both become the name of the browser's tab.

    `back` is what a button before the title is called and what it calls, with None. Returns a place behind the title.
    """
    st.set_page_config(page_title=f"{title} · {gallery.name} · facecluster")
    with st.container(horizontal=True, vertical_alignment="center"):
        if back is not None:
            label, go = back
            st.button(
                label, icon=":material/arrow_back:", type="tertiary", key="page_head_back", on_click=go, args=(None,)
            )
        st.title(escape(title), anchor=False, width="content")
        behind = st.container(width="content")
        st.space("stretch")
        tidy_history()
        gallery_menu(gallery)
    return behind
