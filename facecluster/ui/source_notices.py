"""What the gallery page says of the places that photos came from: unfinished, gone from disk, and no photos at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import streamlit as st

from facecluster.defaults import MIN_SCORE
from facecluster.errors import FaceClusterError
from facecluster.face_settings import FaceSettings
from facecluster.file_names import on_disk
from facecluster.gallery.gallery import Gallery
from facecluster.photos.people_names import AUTO, parse
from facecluster.presentation.text import counted
from facecluster.source_records import UnfinishedSource
from facecluster.ui import resources
from facecluster.ui.components import show_error
from facecluster.ui.jobs import start_adding
from facecluster.ui.markup import escape
from facecluster.vision.weights import CASIA
from facecluster.workflows.add_photos import Place
from facecluster.workflows.missing import delete_missing, look_for_missing
from facecluster.workflows.uploads import KeptZip


def show_unfinished(gallery: Gallery) -> bool:
    """The places whose photos were not all read when the app or the machine stopped, with a way to go on; whether
    there are any."""
    unfinished = gallery.sources.unfinished()
    for source in unfinished:
        place = Path(on_disk(source.location))
        is_there, is_upload = place.exists(), place.is_relative_to(gallery.uploads.resolve())
        with st.container(horizontal=True, vertical_alignment="center"):
            text = f"{source.done:,} of {source.photos:,} photos of {escape(source.name)} are in the gallery."
            if not is_there:
                text += " The place is not there any more: add it again from where it is now."
            st.warning(text, title="Adding photos was cut off", icon=":material/running_with_errors:")
            if is_there and st.button(
                "Go on",
                key=f"gallery_go_on_{source.id}",
                icon=":material/play_arrow:",
                type="primary",
                help="The zip need not be dropped again: what is in the gallery is not done a second time."
                if is_upload
                else f"Adds {escape(source.location)} again: what is in the gallery is not done a second time.",
            ):
                _go_on(gallery, source)
            if st.button(
                "Dismiss",
                key=f"gallery_dismiss_{source.id}",
                icon=":material/close:",
                help="What is in the gallery stays; what was kept of the zip to go on with is deleted."
                if is_upload
                else None,
            ):
                _dismiss(gallery, source)
    return bool(unfinished)


def _dismiss(gallery: Gallery, source: UnfinishedSource) -> None:
    try:
        gallery.dismiss_unfinished(source.id)
    except FaceClusterError as error:
        show_error(error)
        return
    st.rerun()


def _go_on(gallery: Gallery, source: UnfinishedSource) -> None:
    settings = gallery.sources.settings(source.id) or FaceSettings()
    model = gallery.model or CASIA
    place = Path(on_disk(source.location))
    is_kept = source.kind == "zip" and place.is_relative_to(gallery.uploads.resolve())
    naming = parse(source.people_from) if is_kept else None
    if start_adding(
        gallery,
        KeptZip(place) if is_kept else Place(str(place)),
        resources.weights_of(model) or model,
        settings.faces,
        settings.min_face_size,
        MIN_SCORE if settings.min_score is None else settings.min_score,
        replace(naming, guessed=False).stored if naming else AUTO,
    ):
        st.rerun()


def show_missing(gallery: Gallery) -> None:
    """The photos that were not there when their place was last read, with a way to remove them."""
    missing = gallery.sources.missing()
    if not missing:
        return
    number = sum(source.missing for source in missing)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(
            f"{escape('; '.join(map(str, missing)))}. They stay in the gallery until you remove them.",
            title=f"{counted(number, 'photo')} no longer there",
            icon=":material/folder_off:",
        )
        if st.button(":red[Remove them]", key="gallery_remove_missing", icon=":material/delete:"):
            _confirm_removal(gallery)


@st.dialog("Remove photos that are no longer there?", icon=":material/folder_off:")
def _confirm_removal(gallery: Gallery) -> None:
    missing = look_for_missing(gallery)
    if not missing:
        st.markdown("All of them lie at their places again, so there is nothing to remove.")
        if st.button("Close", key="gallery_remove_close"):
            st.rerun()
        return
    in_doubt = any(source.is_disk_in_doubt for source in gallery.sources.missing())
    doubt = " **Most photos of a place are gone: make sure that its disk is connected.**" if in_doubt else ""
    st.markdown(
        f"{len(missing):,} photo{'s leave' if len(missing) != 1 else ' leaves'} the gallery for good, with faces and "
        f"embeddings; photos that lie at their places again stay.{doubt} This cannot be undone."
    )
    with st.container(horizontal=True):
        if st.button(":red[Remove them]", key="gallery_remove_sure", icon=":material/delete:"):
            _remove(gallery)
        if st.button("Keep", key="gallery_remove_keep"):
            st.rerun()


def _remove(gallery: Gallery) -> None:
    try:
        with st.spinner("Deleting"):
            delete_missing(gallery)
    except FaceClusterError as error:
        show_error(error)
        return
    finally:
        resources.forget_people()
    st.rerun()


def show_left_out_files(gallery: Gallery) -> None:
    """How many files of each kind lay beside the photos, with the place of one."""
    kinds = gallery.sources.left_out_files()
    if not kinds:
        return
    number = sum(kind.files for kind in kinds)
    are = (
        "files or folders beside the photos are no photos"
        if number > 1
        else "file or folder beside the photos is no photo"
    )
    st.caption(f"{number:,} {are}")
    st.dataframe(
        pd.DataFrame([(kind.kind, kind.files, kind.example) for kind in kinds], columns=["kind", "files", "example"]),
        hide_index=True,
        column_config={
            "kind": "What it is",
            "files": st.column_config.NumberColumn("How many", format="localized"),
            "example": st.column_config.TextColumn("One of them", width="large"),
        },
        key="gallery_left_out_files",
        alt="Files and folders that are no photos, by kind",
    )
