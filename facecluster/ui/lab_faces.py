"""The faces behind an evaluation's figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from facecluster.gallery import Gallery
from facecluster.ui.face_grid import Line
from facecluster.ui.faces import FaceTile, face_grid

if TYPE_CHECKING:
    from facecluster.held_out import HeldOut

_WRONG = 24  # faces


def taken_for_others(found: HeldOut, gallery: Gallery) -> None:
    """The held-out faces that resemble another person most, each with that person."""
    wrong = found.table[found.table["rank"] != 1].head(_WRONG)
    ids = gallery.face_ids()
    if wrong.empty or wrong["face"].max() >= len(ids):
        return
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
