"""What pages need of all the gallery's faces, and what they show until other threads have made it."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import streamlit as st

from facecluster.gallery.gallery import Gallery
from facecluster.ui import resources, tables
from facecluster.ui.jobs import running

_AT_ONCE = 10_000  # faces: comparing so many with each other takes about half a second
_TICK = 0.5  # seconds between two looks at what other threads do

Fitted = TypeVar("Fitted")


class Fit(Protocol[Fitted]):
    """A cached function of `resources` that has another thread make something, such as `resources.identifier`."""

    def __call__(self, path: str, revision: int) -> resources.Fitting[Fitted]: ...

    def clear(self, path: str, revision: int) -> None:
        """Forgets what was made."""


def when_ready(gallery: Gallery, fit: Fit[Fitted]) -> Fitted | None:
    """What `fit` makes of the gallery; on a large one None until it is made, and a line that says so.

    The page then runs again by itself. A failure is raised, and the next run of the page tries anew.
    """
    path, faces = str(gallery.path), tables.counts(gallery).faces
    revision = _revision(gallery) if faces > _AT_ONCE else gallery.revision
    made = fit(path, revision)
    if faces > _AT_ONCE and not made.done():
        st.fragment(run_every=_TICK)(_waiting)(made)
        return None
    try:
        with st.spinner("Comparing the gallery's faces…"):
            return made.result()
    except Exception:
        fit.clear(path, revision)
        raise


def _revision(gallery: Gallery) -> int:
    # A job that adds photos raises the revision faster than a large gallery can be compared: what was found out once
    # while it runs has to serve until it ends.
    job = running(gallery)
    return resources.revision_during(str(gallery.path), job.number) if job else gallery.revision


def _waiting(made: resources.Fitting[Any]) -> None:
    if made.done():
        st.rerun()  # the whole page, which can use it now
    progress = made.progress
    st.progress(progress.share, text=f":material/hourglass_top: {progress.text}")
    st.caption("This is done once after every change of the gallery. Photos can be dropped in meanwhile.")
