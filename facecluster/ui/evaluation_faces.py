"""The faces behind an evaluation's figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from facecluster.gallery.gallery import Gallery
from facecluster.ui.face_grid import Line
from facecluster.ui.faces import FaceTile, face_grid

if TYPE_CHECKING:
    from facecluster.evaluation.held_out import HeldOut

_WRONG = 24  # faces


def taken_for_others(found: HeldOut, gallery: Gallery) -> None:
    """The held-out faces that resemble another person most, each with that person. Faces are told by their place in the
    gallery: it has to be the one that was measured."""
    wrong = found.table[found.table["rank"] != 1].head(_WRONG)
    if wrong.empty:
        return
    ids = gallery.faces.ids()
    st.markdown("**Faces that were taken for somebody else**")
    tiles = [
        FaceTile(
            int(ids[row.face]),
            row.person,
            (Line(f"like {row.best}", "wrong", "close"), Line(f"similarity {row.similarity:.2f}")),
        )
        for row in wrong.itertuples()
    ]
    face_grid(gallery, tiles, "evaluation_wrong", "Faces that were taken for somebody else", cell=128)
