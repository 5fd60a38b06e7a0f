"""Which of the galleries a browser has open: kept for the session, and in a cookie for the next one."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import unquote

import streamlit as st

from facecluster.galleries import MAIN, gallery_keys, gallery_path
from facecluster.gallery import default_gallery

_KEY = "chosen_gallery"
# A new session begins after that: nothing that was chosen, typed or dropped for one gallery may act on another. Where
# the browser keeps no cookies, the session goes on, since the new one would not know what was chosen.
_COOKIE = st.components.v2.component(
    "gallery_cookie",
    html="<span></span>",
    js="""export default function ({ data }) {
      const cookie = `${data.name}=${encodeURIComponent(data.key)}`
      document.cookie = `${cookie}; path=/; max-age=31536000; samesite=strict`
      if (document.cookie.split("; ").includes(cookie)) location.replace(location.pathname)
    }""",
)


def chosen_key() -> str:
    """The key of the gallery that is open; the main one where what was chosen is no gallery of this home any more."""
    home = default_gallery()
    key = st.session_state.get(_KEY)
    if key is None:
        key = unquote(st.context.cookies.get(_cookie_name(home), MAIN))  # anybody may have written it
    return key if key in gallery_keys(home) else MAIN


def chosen_path() -> Path:
    """The folder of the gallery that is open. Raises GalleryError when there can be none."""
    return gallery_path(default_gallery(), chosen_key())


def choose(key: str) -> None:
    """Opens another gallery, from the next run on."""
    st.query_params.clear()
    st.session_state[_KEY] = key


def remember_choice() -> None:
    """Has the browser remember what was chosen in this session; draws nothing that is seen."""
    if (key := st.session_state.get(_KEY)) is not None:
        _COOKIE(key="chosen_cookie", data={"name": _cookie_name(default_gallery()), "key": key}, width="content")


def _cookie_name(home: Path) -> str:
    # Browsers send a cookie to every port of a machine, and each may serve another home.
    return f"facecluster_{hashlib.sha256(str(home).encode()).hexdigest()[:8]}"
