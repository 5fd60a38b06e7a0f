"""The dialog behind every face: its whole photo, what is known of it, and the faces most like it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from facecluster.errors import GalleryError, PhotoError
from facecluster.gallery.gallery import Gallery
from facecluster.photos.images import Photo, load_photo
from facecluster.photos.originals import read_original
from facecluster.presentation.drawing import photo_with_box
from facecluster.records import FaceRecord
from facecluster.ui import tables
from facecluster.ui.deleting import face_section
from facecluster.ui.face_grid import Line
from facecluster.ui.faces import FaceTile, face_grid
from facecluster.ui.jobs import running
from facecluster.ui.links import address_query, asked_face, close_face, open_face, shown_with
from facecluster.ui.markup import escape
from facecluster.vision.turning import turned

_NEAREST = 8
_ZOOM, _MOST_ZOOM = "photo_dialog_zoom", 4
_MOST = 10_000  # faces that a cluster is gone through
_SIMILARITY_HELP = "Cosine between this face and the centre of its cluster: 1 is the same direction, 0 is unrelated."
_DETECTION_HELP = (
    "How sure the detector is that this box holds a face, from 0 to 1. It says nothing about who it is, and cannot be "
    "compared with a similarity."
)


def show_asked_face(gallery: Gallery) -> None:
    """Opens the dialog on the face that the address names; nothing where it names none."""
    if asked_face() is not None:
        _dialog(gallery)


@st.dialog("Face in its photo", width="large", icon=":material/frame_person:", on_dismiss=close_face)
def _dialog(gallery: Gallery) -> None:
    # Read here, since a click within the dialog runs the dialog alone again.
    asked = asked_face() or ""
    try:
        face = gallery.faces.get(int(asked) if asked.isdecimal() and len(asked) < 18 else -1)
    except GalleryError:
        st.warning(f"The gallery holds no face {escape(asked)}: it was deleted.", icon=":material/person_off:")
        return
    _neighbours_in_grid(gallery, face)
    left, right = st.columns(2, gap="medium")
    with left:
        _photo(gallery, face)
    with right:
        _facts(gallery, face)
        _nearest(gallery, face)
    face_section(gallery, face, running(gallery) is not None)


def _neighbours_in_grid(gallery: Gallery, face: FaceRecord) -> None:
    """Buttons to the faces beside this one where it was opened; else in its cluster."""
    among = shown_with(face.id)
    if not among:
        found = gallery.clusterings.cluster_of(face.id)
        among = (
            []
            if found is None
            else gallery.clusterings.faces_of(found[0], order="review", limit=_MOST)["face"].tolist()
        )
    if len(among) < 2 or face.id not in among:
        return
    at = among.index(face.id)
    before, after = among[at - 1] if at else None, among[at + 1] if at + 1 < len(among) else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, icon, shortcut, other in (
            ("Previous", ":material/chevron_left:", "Left", before),
            ("Next", ":material/chevron_right:", "Right", after),
        ):
            st.button(
                label,
                key=f"photo_dialog_{label.lower()}",
                icon=icon,
                shortcut=shortcut,
                disabled=other is None,
                on_click=open_face,
                args=(other, among),
            )
        st.caption(f"Face {at + 1:,} of {len(among):,}", width="content")


def _photo(gallery: Gallery, face: FaceRecord) -> None:
    person = _name(gallery, face) or "a face without a person"
    try:
        photo = picture_of(gallery, face)
        boxes = [[value / photo.scale for value in box] for box in _boxes(gallery, face)]
        zoom = _zoom()
        picture = photo_with_box(photo.image, boxes[0], boxes[1:], zoom=zoom)
    except PhotoError as error:
        st.image(gallery.faces.crops([face.id])[face.id], alt=f"Stored crop of {person}")
        st.warning(escape(str(error)), title="This is the stored crop", icon=":material/image_not_supported:")
        return
    others = f" and {len(boxes) - 1} thinner ones around others" if len(boxes) > 1 else ""
    st.image(picture, width="stretch", alt=f"Photo {face.photo.path} with a box around {person}{others}")
    if photo.note:
        st.caption(f":material/info: {escape(photo.note)}")


def _zoom() -> int:
    """How many times larger the photo is shown, around the face; kept from face to face."""
    # A button, since the arrow keys of a choice would not lead to the next face any more.
    zoom = int(st.session_state.get(_ZOOM, 1))

    def change() -> None:
        st.session_state[_ZOOM] = zoom * 2 if zoom < _MOST_ZOOM else 1

    st.button(
        f"Enlarge {zoom * 2} times" if zoom < _MOST_ZOOM else "Whole photo",
        key="photo_dialog_enlarge",
        icon=":material/zoom_in:" if zoom < _MOST_ZOOM else ":material/zoom_out_map:",
        type="tertiary",
        shortcut="Z",
        on_click=change,
    )
    return zoom


def picture_of(gallery: Gallery, face: FaceRecord) -> Photo:
    """The photo of a face, upright: the picture of its file that was indexed. Raises PhotoError."""
    photo = load_photo(read_original(face.photo), page=face.photo.page)
    return replace(photo, image=turned(photo.image, face.photo.turn))


def _boxes(gallery: Gallery, face: FaceRecord) -> list[tuple[float, ...]]:
    """This face's box, then those of the photo's other faces."""
    return [face.box, *(box for other, box in gallery.faces.boxes_on(face.photo.id).items() if other != face.id)]


def _facts(gallery: Gallery, face: FaceRecord) -> None:
    name = _name(gallery, face)
    st.subheader(escape(name or "Person not known"), anchor=False)
    if name and not face.person:
        st.caption(":material/edit: Named by hand, through its cluster")
    st.caption(escape(face.photo.path))
    found = gallery.clusterings.cluster_of(face.id)
    with st.container(horizontal=True, vertical_alignment="center"):
        if found is None:
            st.markdown(":material/workspaces: Not in a cluster yet")
        else:
            _link(f"Cluster: {tables.cluster_titles(gallery).get(found[0], found[0])}", "workspaces", cluster=found[0])
        if name:
            _link(f"All faces of {name}", "person", person=name)
    if found is not None:
        _tell_if_astray(gallery, face, found[0])
        st.markdown(f"Similarity to the centre **{found[1]:.2f}**", help=_SIMILARITY_HELP)
    st.markdown(f"Detection score: is it a face? **{face.detection_score:.3f}**", help=_DETECTION_HELP)
    if found is not None and found[1] < tables.doubtful_limit(gallery, found[0]):
        st.badge("Doubtful: far from its centre", icon=":material/help:", color="orange")


def _tell_if_astray(gallery: Gallery, face: FaceRecord, cluster: int) -> None:
    """A sentence where most of the cluster's known faces are of another person than this one."""
    people = gallery.clusterings.people_in(cluster).dropna(subset="person")
    main = None if people.empty else str(people["person"].iloc[0])
    if face.person and main and face.person != main:
        st.markdown(
            f":red[:material/person_alert:] Its folder says **{escape(face.person)}**, the machine put it with "
            f"**{escape(main)}**: one of the two is wrong."
        )


def _name(gallery: Gallery, face: FaceRecord) -> str | None:
    """The face's person, else the name of its cluster."""
    return face.person or gallery.clusterings.names_by_hand([face.id]).get(face.id)


def _link(label: str, icon: str, **where: object) -> None:
    st.page_link(
        "pages/clusters.py", label=escape(label), icon=f":material/{icon}:", query_params=address_query(**where)
    )


def _nearest(gallery: Gallery, face: FaceRecord) -> None:
    nearest = gallery.faces.nearest(face.id, _NEAREST)
    if nearest.empty:
        return
    by_hand, shown = gallery.clusterings.names_by_hand(nearest["face"].tolist()), _name(gallery, face)
    nearest["person"] = [other.person or by_hand.get(other.face) for other in nearest.itertuples()]
    _tell_where_center_hides(gallery, face, next(nearest.itertuples()))
    st.markdown("**Most similar faces in the gallery**")
    tiles = [
        FaceTile(other.face, other.person or "no name yet", _beside(other.similarity, other.person, shown))
        for other in nearest.itertuples()
    ]
    face_grid(gallery, tiles, "photo_dialog_nearest", "Most similar faces in the gallery", cell=112)


def _tell_where_center_hides(gallery: Gallery, face: FaceRecord, best: Any) -> None:
    """A sentence where the most similar face of all lies in another cluster than this one."""
    mine, other = gallery.clusterings.cluster_of(face.id), gallery.clusterings.cluster_of(best.face)
    if mine is None or other is None or mine[0] == other[0]:
        return
    titles = tables.cluster_titles(gallery)
    st.markdown(
        f":orange[:material/compare_arrows:] The face most like it ({best.similarity:.2f}) is in another cluster, "
        f"**{escape(titles[other[0]])}**. This one was put where the *centre* is nearest ({mine[1]:.2f}): a centre "
        "stands for the usual look of a person, a single face may be nearer."
    )


def _beside(similarity: float, person: str | None, shown: str | None) -> tuple[Line, ...]:
    """What stands below a neighbour; in amber where it is another person than the face shown."""
    number = Line(f"similarity {similarity:.2f}")
    is_other = bool(person and shown and person != shown)
    return (number, Line("another person", "caution", "person_alert")) if is_other else (number,)
