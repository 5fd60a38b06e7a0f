"""Pages belong inside `app.py`, also when a fresh server is first asked for one of them.

Until `st.navigation` was called once in a process, Streamlit takes a folder named `pages/` for its older way of
multipage apps and runs the page that the address names by itself, without `app.py` around it.
"""

from __future__ import annotations

import runpy

import streamlit as st

from facecluster.dashboard import app_file

_MARK = "entry_app_ran"


def mark_app() -> None:
    """Called by `app.py`: the page of this script run has it around itself."""
    st.session_state[_MARK] = True


def within_app() -> None:
    """Called first by every page: runs `app.py`, which runs the page again, where Streamlit left it out."""
    if not st.session_state.pop(_MARK, False):
        runpy.run_path(str(app_file()), run_name="__main__")
        st.stop()
