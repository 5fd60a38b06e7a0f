"""Addresses: what is open stands in the browser's line, so that it can be shared and that Back undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

_FACE, _AMONG = "face", "links_among"


def page_address(page: str, **what: object) -> str:
    """The address of a page such as `clusters`, relative to any other page; `what` goes behind the question mark."""
    return f"{page}?{urlencode(what)}" if what else page


def open_face(face: int, among: Sequence[int] = ()) -> None:
    """Opens a face over the page in the next run, between the faces that it was shown with. For callbacks."""
    st.query_params[_FACE] = str(face)
    if among:
        st.session_state[_AMONG] = list(among)


def close_face() -> None:
    """Closes the face that is open. For callbacks."""
    st.query_params.pop(_FACE, None)


def asked_face() -> str | None:
    """What the address says which face is open; anybody may have written it."""
    return st.query_params.get(_FACE)


def shown_with(face: int) -> list[int]:
    """The faces among which a face was opened in this session; none where it was opened by its address."""
    among: list[int] = st.session_state.get(_AMONG, [])
    return among if face in among else []
