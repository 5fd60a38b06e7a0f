"""Which of the galleries a browser has open: named by the address, kept for the session, and in a cookie."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import unquote

import streamlit as st

from facecluster.gallery.galleries import MAIN, gallery_keys, gallery_path
from facecluster.gallery.gallery import default_gallery

ADDRESS = "gallery"
"""The part of an address that says which gallery the rest of it is about."""

_KEY = "chosen_gallery"
_NEWS = "chosen_gallery_is_news"  # the browser does not know of the choice yet; whether to begin a new session then
_MAIN_IN_ADDRESS = "~"  # no key looks like this
# A new session begins after a change: nothing that was chosen, typed or dropped for one gallery may act on another.
# Where the browser keeps no cookies, the session goes on, since the new one would not know what was chosen.
_COOKIE = st.components.v2.component(
    "gallery_cookie",
    html="<span></span>",
    js="""export default function ({ data }) {
      const cookie = `${data.name}=${encodeURIComponent(data.key)}`
      document.cookie = `${cookie}; path=/; max-age=31536000; samesite=strict`
      const isKept = document.cookie.split("; ").includes(cookie)
      if (isKept && data.isChange) location.reload()
    }""",
)


def chosen_key() -> str:
    """The key of the gallery that is open: the one that the address names, else the one chosen last.

    An address may name one that is none. Where the one chosen last is gone, the main one is open.
    """
    home = default_gallery()
    kept = st.session_state.get(_KEY)
    last = kept if kept is not None else unquote(st.context.cookies.get(_cookie_name(home), MAIN))
    asked = st.query_params.get(ADDRESS)
    if asked is None:
        st.session_state[_KEY] = last if last in gallery_keys(home) else MAIN  # anybody may have written the cookie
        return str(st.session_state[_KEY])
    key = MAIN if asked == _MAIN_IN_ADDRESS else asked
    if key in gallery_keys(home):
        if key != last:
            st.session_state[_NEWS] = kept is not None
        st.session_state[_KEY] = key
    return key


def chosen_path() -> Path:
    """The folder of the gallery that is open. Raises GalleryError when there can be none."""
    return gallery_path(default_gallery(), chosen_key())


def in_address() -> dict[str, str]:
    """What an address says to name the gallery that is open; `chosen_key` looked for it in this run, once for all."""
    return _named(str(st.session_state.get(_KEY, MAIN)))


def choose(key: str) -> None:
    """Opens another gallery, from the next run on."""
    st.query_params.from_dict(_named(key))  # and nothing else: what was open is the other gallery's
    st.session_state[_KEY], st.session_state[_NEWS] = key, True


def remember_choice() -> None:
    """Has the browser remember what was chosen in this session; draws nothing that is seen."""
    if (is_change := st.session_state.get(_NEWS)) is not None:
        data = {"name": _cookie_name(default_gallery()), "key": chosen_key(), "isChange": is_change}
        _COOKIE(key="chosen_cookie", data=data, width="content")


def _named(key: str) -> dict[str, str]:
    return {ADDRESS: key or _MAIN_IN_ADDRESS}


def _cookie_name(home: Path) -> str:
    # Browsers send a cookie to every port of a machine, and each may serve another home.
    return f"facecluster_{hashlib.sha256(str(home).encode()).hexdigest()[:8]}"
