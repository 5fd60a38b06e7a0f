"""A grid of face crops that open their photos, and what pages say when there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from facecluster.gallery.gallery import Gallery
from facecluster.ui import tables
from facecluster.ui.face_grid import Line, Tile, tile_grid
from facecluster.ui.links import open_face

_CELL = 104  # pixels: three faces side by side on a phone, and no crop is shown much larger than it was stored


@dataclass(frozen=True)
class FaceTile:
    """One face of a grid: `name` is who it is taken for, `lines` stand below it.

    Below them the grid says how sure the detector was that this is a face.
    """

    face: int
    name: str
    lines: tuple[Line, ...] = ()


def face_grid(
    gallery: Gallery,
    tiles: Sequence[FaceTile],
    key: str,
    label: str,
    *,
    cell: int = _CELL,
    selectable: bool = False,
) -> list[int]:
    """Shows the faces; each opens over the page. Returns those that are selected. `key` carries the page's name.

    `label` says what the grid holds, `cell` is the least width of a face in pixels. Faces that were deleted meanwhile
    are not shown.
    """
    looks = gallery.faces.looks([tile.face for tile in tiles])
    shown = []
    for tile in tiles:
        if tile.face in looks:
            look = looks[tile.face]
            lines = (*tile.lines, Line(f"detection {look.detection_score:.2f}"))
            shown.append(Tile(tile.face, tile.name, lines, look.crop, look.ratio))
    faces = [tile.id for tile in shown]
    return tile_grid(shown, key, label, on_open=lambda face: open_face(face, faces), cell=cell, selectable=selectable)


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
