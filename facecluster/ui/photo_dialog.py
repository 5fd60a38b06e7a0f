"""The dialog behind every face: its whole photo, what is known of it, and the faces most like it."""

from __future__ import annotations

import streamlit as st

from facecluster.drawing import photo_with_box
from facecluster.errors import GalleryError, PhotoError
from facecluster.gallery import Gallery
from facecluster.images import load_photo
from facecluster.records import FaceRecord
from facecluster.turning import turned
from facecluster.ui import tables
from facecluster.ui.deleting import face_section
from facecluster.ui.faces import FaceTile, face_grid
from facecluster.ui.jobs import running
from facecluster.ui.markup import escape

_SHOWN = "photo_dialog_face"
_NEAREST = 8
_SIMILARITY_HELP = "Cosine between this face and the centre of its cluster: 1 is the same direction, 0 is unrelated."
_DETECTION_HELP = (
    "How sure the detector is that this box holds a face, from 0 to 1. It says nothing about who it is, and cannot be "
    "compared with a similarity."
)


def show_face(gallery: Gallery, face_id: int) -> None:
    """Opens the dialog on a face. Call it in the script run of the click, at most once a run."""
    st.session_state[_SHOWN] = face_id
    _dialog(gallery)


@st.dialog("Face in its photo", width="large", icon=":material/frame_person:")
def _dialog(gallery: Gallery) -> None:
    # The face comes from the session, since a click on one of the nearest faces moves the open dialog to it.
    try:
        face = gallery.face(st.session_state[_SHOWN])
    except GalleryError as error:
        st.warning(escape(str(error)), icon=":material/person_off:")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _photo(gallery, face)
    with right:
        _facts(gallery, face)
        _nearest(gallery, face)
    face_section(gallery, face, running(gallery) is not None)


def _photo(gallery: Gallery, face: FaceRecord) -> None:
    person = _name(gallery, face) or "a face without a person"
    try:
        photo = load_photo(gallery.photo_bytes(face.photo))
        box = [value / photo.scale for value in face.box]
        picture = photo_with_box(turned(photo.image, face.photo.turn), box)
    except PhotoError as error:
        st.image(gallery.crops([face.id])[face.id], alt=f"Stored crop of {person}")
        st.warning(escape(str(error)), title="This is the stored crop", icon=":material/image_not_supported:")
        return
    st.image(picture, width="stretch", alt=f"Photo {face.photo.path} with a box around {person}")
    if photo.note:
        st.caption(f":material/info: {escape(photo.note)}")


def _facts(gallery: Gallery, face: FaceRecord) -> None:
    name = _name(gallery, face)
    st.header(escape(name or "Person not known"), anchor=False)
    if name and not face.person:
        st.caption(":material/edit: Named by hand, through its cluster")
    st.caption(escape(face.photo.path))
    found = gallery.cluster_of(face.id)
    if found is None:
        st.markdown(":material/workspaces: Not in a cluster yet")
    else:
        _cluster_link(gallery, found[0])
    with st.grid(2, min_column_width=150):
        if found is not None:
            st.metric("Similarity to the centre", f"{found[1]:.2f}", help=_SIMILARITY_HELP)
        st.metric("Detection score: is it a face?", f"{face.detection_score:.3f}", help=_DETECTION_HELP)
    if found is not None and found[1] < tables.doubtful_limit(gallery, found[0]):
        st.badge("Doubtful: far from its centre", icon=":material/help:", color="orange")


def _name(gallery: Gallery, face: FaceRecord) -> str | None:
    """The face's person, else the name of its cluster."""
    return face.person or gallery.names_by_hand([face.id]).get(face.id)


def _cluster_link(gallery: Gallery, cluster: int) -> None:
    title = tables.cluster_titles(gallery).get(cluster, str(cluster))
    st.page_link(
        "pages/clusters.py",
        label=f"Cluster: {escape(title)}",
        icon=":material/workspaces:",
        query_params={"cluster": str(cluster)},
    )


def _nearest(gallery: Gallery, face: FaceRecord) -> None:
    nearest = gallery.nearest_faces(face.id, _NEAREST)
    if nearest.empty:
        return
    st.markdown("**Most similar faces in the gallery**")
    by_hand, shown = gallery.names_by_hand(nearest["face"].tolist()), _name(gallery, face)
    nearest["person"] = [other.person or by_hand.get(other.face) for other in nearest.itertuples()]
    tiles = [
        FaceTile(
            other.face,
            f"{other.similarity:.2f}",
            f"Face of {other.person or 'no known person'}",
            (_name_beside(other.person, shown),),
        )
        for other in nearest.itertuples()
    ]
    face_grid(gallery, tiles, "photo_dialog_nearest", on_click=_open)


def _name_beside(person: str | None, shown: str | None) -> str:
    """A neighbour's name, in amber where it is not the shown person's."""
    if person and shown and person != shown:
        return f":orange[:material/person_alert: {escape(person)}]"
    return escape(person or "no person")


def _open(face_id: int) -> None:
    st.session_state[_SHOWN] = face_id
