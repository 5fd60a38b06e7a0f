"""The menu of galleries at the right of every page's title: which one is open, others, a new one, another name."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from facecluster.errors import GalleryError
from facecluster.gallery.galleries import MAX_NAME, create_gallery, list_galleries, rename_gallery
from facecluster.gallery.gallery import Gallery, default_gallery
from facecluster.ui.chosen import choose, chosen_key, remember_choice
from facecluster.ui.components import show_error
from facecluster.ui.markup import escape

_MENU = "gallery_menu"
_REFUSED = "gallery_menu_refused"
_WIDE, _FIELD = 340, 190  # pixels: what a phone has room for
_HIGH = 320  # pixels: eight galleries


def gallery_menu(gallery: Gallery) -> None:
    """The open gallery's name, behind which the others are."""
    remember_choice()
    label = f":material/folder_open: {escape(gallery.name)}"
    with st.popover(label, type="tertiary", key=_MENU, on_change="rerun") as menu:
        if menu.open:
            with st.container(width=_WIDE):
                _choices(gallery)


def _choices(gallery: Gallery) -> None:
    _galleries()
    _new()
    _other_name(gallery)
    if refused := st.session_state.pop(_REFUSED, None):
        show_error(refused)
    st.caption(f"This gallery lies in `{gallery.path}`.")


def _galleries() -> None:
    entries, open_key = list_galleries(default_gallery()), chosen_key()
    with st.container(height=_HIGH if len(entries) > _HIGH // 40 else "content", border=False, gap="xxsmall"):
        for entry in entries:
            is_open = entry.key == open_key
            st.button(
                escape(entry.name),
                key=f"gallery_menu_open_{entry.key}",
                icon=":material/check:" if is_open else ":material/folder:",
                type="tertiary",
                disabled=is_open,
                on_click=_open,
                args=(entry.key,),
            )


def _open(key: str) -> None:
    st.session_state[_MENU] = False
    choose(key)


def _new() -> None:
    with st.form("gallery_menu_new", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("New gallery", key="gallery_menu_new_name", max_chars=MAX_NAME, placeholder="Name", width=_FIELD)
        st.form_submit_button("Create", icon=":material/create_new_folder:", on_click=_create)


def _create() -> None:
    _or_refuse(lambda: _open(create_gallery(default_gallery(), st.session_state["gallery_menu_new_name"] or "")))


def _other_name(gallery: Gallery) -> None:
    with st.form("gallery_menu_rename", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Name of this gallery",
            gallery.name,
            key=f"gallery_menu_name_{chosen_key()}",
            max_chars=MAX_NAME,
            width=220,
        )
        st.form_submit_button("Rename", icon=":material/edit:", on_click=_rename)


def _rename() -> None:
    key = chosen_key()
    _or_refuse(lambda: rename_gallery(default_gallery(), key, st.session_state[f"gallery_menu_name_{key}"] or ""))


def _or_refuse(work: Callable[[], None]) -> None:
    try:
        work()
    except GalleryError as error:
        st.session_state[_REFUSED] = error
