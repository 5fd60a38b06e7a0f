"""Long work as the pages see it: start it, and the slim line on every page that tells how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import streamlit as st

from facecluster.defaults import MIN_SCORE
from facecluster.errors import FaceClusterError
from facecluster.face_settings import FacesToKeep
from facecluster.gallery.gallery import Gallery
from facecluster.photos.people_names import AUTO
from facecluster.ui import resources
from facecluster.ui.components import show_error
from facecluster.ui.markup import escape
from facecluster.workflows.add_photos import Origin, Place, SamplePeople, add_photos, cluster_again
from facecluster.workflows.evaluation_job import apply_in_job, evaluate_in_job
from facecluster.workflows.jobs import Job, Jobs

if TYPE_CHECKING:
    import pandas as pd

    from facecluster.evaluation.results import EvaluationSettings

_TICK = 0.5  # seconds between two looks at a running job
_WATCHED = "jobs_watched"


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The process's jobs: they outlive page runs, reloads and closed tabs."""
    return Jobs()


def running(gallery: Gallery) -> Job | None:
    """The gallery's job that is under way, if there is one."""
    job = jobs().latest(str(gallery.path))
    return job if job is not None and job.is_running else None


def start_adding(
    gallery: Gallery,
    origin: Origin,
    model: str,
    faces: FacesToKeep,
    min_face_size: int,
    min_score: float = MIN_SCORE,
    people_from: str = AUTO,
) -> bool:
    """Starts adding photos in the background, after those that are being added; False, with the reason shown, when
    that cannot be."""
    try:
        resources.remember_weights(model)
        # Made here, since Streamlit's caches belong to page runs; they load nothing until the job uses them.
        detector, embedder = resources.detector(min_face_size, min_score), resources.embedder(model)
        jobs().start(
            str(gallery.path),
            "Adding photos",
            lambda job: add_photos(
                gallery, origin, job, detector=detector, embedder=embedder, faces=faces, people_from=people_from
            ),
            if_cancelled="Photos that were added so far are kept, and adding the same ones again goes on from there.",
            subject=_subject(origin),
            waits=True,
        )
    except FaceClusterError as error:
        show_error(error)
        return False
    return True


def _subject(origin: Origin) -> str:
    """What the user calls the photos."""
    if isinstance(origin, SamplePeople):
        return "sample people"
    return origin.source if isinstance(origin, Place) else origin.name


def start_clustering(
    gallery: Gallery, n_clusters: int | Literal["people", "auto"], seed: int, algorithm: str | None = None
) -> bool:
    """Starts grouping the faces anew in the background; False, with the reason shown, when that cannot be.

    Without an `algorithm`, the one that made the gallery's clusters makes them again.
    """
    try:
        jobs().start(
            str(gallery.path),
            "Grouping the faces",
            lambda job: cluster_again(gallery, job, n_clusters, seed, algorithm),
        )
    except FaceClusterError as error:
        show_error(error)
        return False
    return True


def start_evaluating(gallery: Gallery, settings: EvaluationSettings, groups: pd.DataFrame | None) -> bool:
    """Starts the evaluation in the background; False, with the reason shown, when that cannot be."""
    store = resources.evaluation_store()
    try:
        jobs().start(
            str(gallery.path),
            "The evaluation",
            lambda job: evaluate_in_job(gallery, settings, groups, store, job),
            if_cancelled="Nothing is measured then, and an earlier evaluation stays.",
        )
    except FaceClusterError as error:
        show_error(error)
        return False
    return True


def start_algorithm(gallery: Gallery, name: str, n_clusters: int | Literal["people", "auto"], seed: int) -> bool:
    """Starts making an algorithm's clusters the gallery's; False, with the reason shown, when that cannot be."""
    try:
        jobs().start(
            str(gallery.path),
            "Grouping the faces",
            lambda job: apply_in_job(gallery, name, n_clusters, seed, job),
        )
    except FaceClusterError as error:
        show_error(error)
        return False
    return True


def job_line(gallery: Gallery) -> None:
    """The running job's progress, or what the last one ended with; nothing otherwise."""
    key = str(gallery.path)
    for earlier in jobs().ended(key):
        _ended(gallery, earlier)
    job = jobs().latest(key)
    if job is None:
        return
    if job.is_running:
        st.session_state[_WATCHED] = job.number
        st.fragment(run_every=_TICK)(_ticking)(key, job)
    else:
        _ended(gallery, job)


def _ticking(key: str, job: Job) -> None:
    if not job.is_running:
        st.rerun()  # the whole page, for what has changed
    progress = job.progress
    with st.container(horizontal=True, vertical_alignment="center"):
        text = "Stopping…" if job.is_cancelled else progress.text
        st.progress(progress.share, text=text)
        st.button(
            "Cancel",
            key="jobs_cancel",
            icon=":material/stop_circle:",
            on_click=job.cancel,
            disabled=job.is_cancelled,
            help=job.if_cancelled or None,
        )
    for follower in jobs().waiting(key):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f":material/schedule: Then: {escape(follower.subject or follower.title)}", width="content")
            st.button(
                "Leave out",
                key=f"jobs_withdraw_{follower.number}",
                type="tertiary",
                icon=":material/close:",
                on_click=jobs().withdraw,
                args=(key, follower.number),
            )


def _ended(gallery: Gallery, job: Job) -> None:
    key = str(gallery.path)
    if job.state == "failed":
        with st.container(horizontal=True, vertical_alignment="center"):
            st.error(escape(job.message), icon=":material/error:")
            st.button(
                "Dismiss",
                key=f"jobs_dismiss_{job.number}",
                icon=":material/close:",
                on_click=jobs().dismiss,
                args=(key, job.number),
            )
    elif st.session_state.get(_WATCHED) == job.number:
        # Shown once, to those who saw it under way.
        del st.session_state[_WATCHED]
        icons = {"done": ":material/check_circle:", "cancelled": ":material/stop_circle:"}
        st.toast(escape(job.message), icon=icons[job.state], duration="long")
