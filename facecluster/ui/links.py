"""Addresses: what is open stands in the browser's line, so that it can be shared and that Back undoes it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from facecluster.ui.chosen import ADDRESS, in_address

_FACE, _AMONG = "face", "links_among"


def address_query(**what: object) -> dict[str, str]:
    """What stands behind the question mark of an address that opens `what`, and in which gallery."""
    return in_address() | {name: str(value) for name, value in what.items()}


def page_address(page: str, **what: object) -> str:
    """The address of a page such as `clusters` with `what` opened on it, relative to any other page."""
    return f"{page}?{urlencode(address_query(**what))}"


def show(**what: object) -> None:
    """Opens `what` on this page and nothing else, in the next run; without any, the page as it begins."""
    st.query_params.from_dict(address_query(**what) if what else {})


def open_face(face: int, among: Sequence[int] = ()) -> None:
    """Opens a face over the page in the next run, between the faces that it was shown with. For callbacks."""
    # All at once, since each change is a step of its own for the browser's Back.
    st.query_params.from_dict(in_address() | st.query_params.to_dict() | {_FACE: str(face)})
    if among:
        st.session_state[_AMONG] = list(among)


def close_face() -> None:
    """Closes the face that is open. For callbacks."""
    rest = {name: value for name, value in st.query_params.to_dict().items() if name != _FACE}
    st.query_params.from_dict({} if rest.keys() <= {ADDRESS} else rest)


def asked_face() -> str | None:
    """What the address says which face is open; anybody may have written it."""
    return st.query_params.get(_FACE)


def shown_with(face: int) -> list[int]:
    """The faces among which a face was opened in this session; none where it was opened by its address."""
    among: list[int] = st.session_state.get(_AMONG, [])
    return among if face in among else []
