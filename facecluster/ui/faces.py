"""A grid of face crops, each with a button that opens its photo, and what pages say when there are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from facecluster.gallery import Gallery
from facecluster.ui import tables

_CELL = 104  # pixels: three faces side by side on a phone, and no crop is shown larger than it was stored


@dataclass(frozen=True)
class FaceTile:
    """One face of a grid. `label` stands on the button, `notes` are Markdown lines between crop and button.

    Below the notes the grid says how sure the detector was that this is a face.
    """

    face: int
    label: str
    alt: str
    notes: tuple[str, ...] = ()


def face_grid(
    gallery: Gallery,
    tiles: Sequence[FaceTile],
    key: str,
    on_click: Callable[[int], None] | None = None,
    cell: int = _CELL,
) -> int | None:
    """Shows the tiles and returns the face whose button was clicked in this run. `key` carries the page's name.

    `on_click`, when given, is called with that face before the run. `cell` is the least width of a tile in pixels.
    """
    crops = gallery.crops([tile.face for tile in tiles])
    scores = gallery.detection_scores([tile.face for tile in tiles])
    clicked = None
    with st.grid(12, min_column_width=cell, gap="small", key=key):
        for tile in tiles:
            with st.container(gap="xxsmall", horizontal_alignment="center"):
                if tile.face in crops:  # else it was deleted since
                    st.image(crops[tile.face], width="stretch", alt=tile.alt)
                for note in tile.notes:
                    st.markdown(f":small[{note}]", text_alignment="center")
                if tile.face in scores:
                    st.markdown(f":small[:gray[detection {scores[tile.face]:.2f}]]", text_alignment="center")
                button = st.button(
                    tile.label,
                    key=f"{key}_{tile.face}",
                    type="tertiary",
                    icon=":material/zoom_in:",
                    help="Open the photo",
                    on_click=on_click,
                    args=(tile.face,) if on_click else None,
                )
                if button:
                    clicked = tile.face
    return clicked


def nothing_yet(gallery: Gallery) -> bool:
    """Says what is missing when the gallery holds no clusters, and returns whether that is so."""
    held = tables.counts(gallery)
    if held.clusters:
        return False
    if held.faces:
        text = f"The gallery holds {held.faces:,} faces that are not grouped yet. Group them on the gallery page."
        st.info(text, title="No clusters yet", icon=":material/workspaces:")
    else:
        text = "Add photos, or try the sample people, on the gallery page."
        st.info(text, title="No faces yet", icon=":material/add_photo_alternate:")
    st.page_link("pages/gallery.py", label="Open the gallery page", icon=":material/photo_library:")
    return True
