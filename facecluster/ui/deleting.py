"""Deleting a face, a photo, a person or everything, after a question that says what goes and what stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from facecluster.errors import FaceClusterError
from facecluster.gallery.gallery import Gallery
from facecluster.presentation.text import counted
from facecluster.records import FaceRecord, GalleryCounts
from facecluster.ui import resources
from facecluster.ui.components import show_error
from facecluster.ui.jobs import start_clustering
from facecluster.ui.links import close_face
from facecluster.ui.markup import escape
from facecluster.workflows.add_photos import last_choice

_TOLD = "face_deleted"
_ORIGINALS_STAY = "The original photos stay where they are."
_STAYS = f"{_ORIGINALS_STAY} This cannot be undone."


def delete_section(gallery: Gallery, counts: GalleryCounts) -> None:
    """One person or everything."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        person = st.selectbox(
            "Person",
            list(gallery.photos.everybody()),
            index=None,
            key="gallery_delete_person",
            placeholder="Choose a person",
            width=320,
        )
        if st.button(
            ":red[Delete person]", key="gallery_delete_one", icon=":material/person_remove:", disabled=not person
        ):
            _confirm_person(gallery, str(person))
    if st.button(":red[Delete everything]", key="gallery_delete_all", icon=":material/delete_forever:"):
        _confirm_everything(gallery, counts)


def face_section(gallery: Gallery, face: FaceRecord, is_busy: bool) -> None:
    """A face alone, or its whole photo; asked again before anything goes."""
    with st.popover(":red[Delete…]", icon=":material/delete:", type="tertiary", key="face_delete"):
        if is_busy:
            st.markdown("Nothing can be deleted while other work is under way.")
            return
        others = len(gallery.faces.detections_of(face.photo.id)) - 1
        also = f" and its {counted(others, 'other face')}" if others else ""
        what = st.radio(
            "What is to go?",
            ("face", "photo"),
            format_func=lambda kind: "This face" if kind == "face" else "The whole photo",
            captions=(
                "Its crop, its embedding and its place in the clusters. The photo stays known and is not looked at "
                "again, so that adding it once more does not bring the face back.",
                f"This face{also}, and the copy of the photo if facecluster made one. Adding the photo again brings "
                f"{'them' if others else 'it'} back.",
            ),
            key=f"face_delete_what_{face.id}",
        )
        sure = st.checkbox("It cannot be undone: I am sure", key=f"face_delete_sure_{face.id}")
        st.caption(_ORIGINALS_STAY)
        if st.button(":red[Delete]", key=f"face_delete_do_{face.id}", icon=":material/delete:", disabled=not sure):
            if what == "photo":
                done = _done(lambda: gallery.delete_photos([face.photo.id]))
            else:
                done = _done(lambda: gallery.delete_faces([face.id]))
            if done:
                close_face()
                st.session_state[_TOLD] = f"The {what} was deleted."
                st.rerun()


def faces_section(gallery: Gallery, faces: Sequence[int], is_busy: bool, key: str) -> None:
    """The selected faces of a grid; asked again before anything goes."""
    number = f"{counted(len(faces), 'face')}"
    with st.popover(
        f":red[Delete {number}…]" if faces else "Delete…",
        icon=":material/delete:",
        type="tertiary",
        disabled=not faces,
        key=f"{key}_delete",
        help=None if faces else "Select faces first: the box in a face's corner, Space, or Ctrl and a click.",
    ):
        if not faces:
            return
        if is_busy:
            st.markdown("Nothing can be deleted while other work is under way.")
            return
        st.markdown(
            f"{number[0].upper()}{number[1:]} with crop, embedding and place in the clusters. The photos stay known "
            "and are not looked at again, so that adding them once more does not bring the faces back."
        )
        sure = st.checkbox("It cannot be undone: I am sure", key=f"{key}_delete_sure_{hash(tuple(faces))}")
        st.caption(_ORIGINALS_STAY)
        clicked = st.button(":red[Delete]", key=f"{key}_delete_do", icon=":material/delete:", disabled=not sure)
        if clicked and _done(lambda: gallery.delete_faces(list(faces))):
            st.session_state[_TOLD] = f"{number} {'was' if len(faces) == 1 else 'were'} deleted."
            st.rerun()


def tell_deleted() -> None:
    """Tells once, in the run after a face or a photo was deleted: a toast of that run itself would go with it."""
    if told := st.session_state.pop(_TOLD, None):
        st.toast(told, icon=":material/delete:")


def unfinished_deletion(gallery: Gallery) -> None:
    """Something that was deleted and is on the disk still, with a button that tries again; nothing otherwise."""
    if not gallery.deletion_is_pending:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.warning(
            "Something that was deleted is not gone from this disk yet.",
            icon=":material/delete_history:",
            width="stretch",
        )
        clicked = st.button("Finish deleting", key="gallery_delete_finish", icon=":material/delete:")
    if clicked and _done(gallery.finish_deletion):
        st.rerun()


@st.dialog("Delete a person?", icon=":material/person_remove:")
def _confirm_person(gallery: Gallery, person: str) -> None:
    number = gallery.photos.everybody().get(person, 0)
    st.markdown(
        f"**{escape(person)}** leaves the gallery for good: {counted(number, 'photo')}, with their faces, "
        f"crops, embeddings and uploaded copies. The other faces are then grouped anew. {_STAYS}"
    )
    if not _confirmed("Delete person"):
        return
    done = _done(lambda: gallery.delete_person(person))
    if person not in gallery.photos.everybody():
        _group_the_others(gallery)
    if done:
        st.rerun()


def _group_the_others(gallery: Gallery) -> None:
    """Who is with whom was still decided with the deleted person's faces among them."""
    counts = gallery.counts()
    if counts.faces:
        choice, seed = last_choice(gallery)
        start_clustering(gallery, min(choice, counts.faces) if isinstance(choice, int) else choice, seed)
    elif not counts.photos:
        _done(gallery.delete_all)


@st.dialog("Delete everything?", icon=":material/delete_forever:")
def _confirm_everything(gallery: Gallery, counts: GalleryCounts) -> None:
    st.markdown(
        f"The gallery **{escape(gallery.name)}** is emptied for good: {counts.photos:,} photos, {counts.faces:,} faces "
        f"with their crops and embeddings, {counts.clusters:,} clusters with their names, and the copies of uploaded "
        f"photos ({gallery.bytes_on_disk / 1e6:,.0f} MB in all). {_STAYS}"
    )
    if others := gallery.copies.others():
        files = "One file" if others == 1 else f"{others:,} files"
        st.info(
            f"{files} in `{gallery.uploads}` {'was' if others == 1 else 'were'} not written by facecluster, and "
            f"{'stays' if others == 1 else 'stay'}.",
            icon=":material/folder_open:",
        )
    if _confirmed("Delete everything") and _done(gallery.delete_all):
        st.rerun()


def _confirmed(label: str) -> bool:
    with st.container(horizontal=True):
        sure = st.button(f":red[{label}]", key="gallery_delete_sure", icon=":material/delete:")
        if st.button("Keep", key="gallery_delete_keep"):
            st.rerun()
    return sure


def _done(work: Callable[[], object]) -> bool:
    try:
        with st.spinner("Deleting"):
            work()
    except FaceClusterError as error:
        show_error(error)
        return False
    finally:
        resources.forget_people()
    return True
