"""The question which folder names the person, asked before photos are added, with whom each answer would find."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from facecluster.errors import SourceError
from facecluster.file_names import on_disk
from facecluster.gallery.gallery import Gallery
from facecluster.photos.people_names import AUTO, Preview
from facecluster.photos.sources import KAGGLE, ListedPhotos, ZipPhotos, open_photos
from facecluster.ui.markup import escape
from facecluster.workflows.add_photos import Origin, Place
from facecluster.workflows.uploads import UploadedZip

DROPS = "gallery_drops"  # in the session: how many zips were dropped, which is part of the drop area's key
_LABELS = {
    AUTO: "The folder that is called like a person, not like a date or a camera",
    "last": "The folder that holds the photo",
    "first": "The outermost folder",
    "none": "No folder: the photos have no names",
}


def list_photos(gallery: Gallery, origin: Origin) -> ListedPhotos | None:
    """The photos that would be added, named as when they were added before; None where they cannot be listed now.

    A data set that is new has to be downloaded first, and what is wrong with a place is told by adding it.
    """
    try:
        if isinstance(origin, UploadedZip):
            return ZipPhotos(origin.file, name=origin.name)
        place = _place(gallery, origin) if isinstance(origin, Place) else None
        if place is None:
            return None
        with st.spinner("Looking for photos"):
            source = open_photos(place)
    except SourceError:
        return None
    source.use_earlier_naming(*gallery.sources.naming(source.kind, source.location))
    return source


def _place(gallery: Gallery, origin: Place) -> str | None:
    """Where the photos lie; of a data set, where they were when it was added before."""
    if not origin.source.startswith(KAGGLE):
        return origin.source
    location = gallery.sources.location_of(origin.source.removeprefix(KAGGLE))
    return on_disk(location) if location else None


def empty_drop_area() -> None:
    """Gives the drop area a new key, so that the zip's bytes do not stay in the session."""
    st.session_state[DROPS] = st.session_state.get(DROPS, 0) + 1


@st.dialog(
    "Which folder names the person?", width="medium", icon=":material/folder_shared:", on_dismiss=empty_drop_area
)
def ask_names(source: ListedPhotos, start: Callable[[str], bool]) -> None:
    """Asks, and starts with the answer: one of CHOICES or the number of a folder."""
    answers = _answers(source)
    choice = st.radio(
        "The name of a photo's person is that of",
        list(answers),
        format_func=lambda choice: _LABELS.get(choice, f"Folder {choice}, counted from the top"),
        captions=[escape(str(found)) if found.people else "" for found in answers.values()],
        key="gallery_names_choice",
    )
    st.caption("It can be changed later: add the same photos again, and no face has to be found anew.")
    clicked = st.button("Add photos", key="gallery_names_add", type="primary", icon=":material/add_photo_alternate:")
    if clicked and start(choice or AUTO):
        st.rerun()


def _answers(source: ListedPhotos) -> dict[str, Preview]:
    """The choices that differ in whom they find; what was guessed comes first."""
    numbers = [str(number) for number in range(2, source.deepest)]
    found = {choice: source.preview(choice) for choice in ("last", "first", *numbers, "none")}
    guess = source.people
    like_guess = [choice for choice, people in found.items() if people == guess]
    # A guess that passes over dates and the like is none of the plain choices.
    ordered = {like_guess[0]: guess} if like_guess else {AUTO: guess}
    for choice, people in found.items():
        if people not in ordered.values():
            ordered[choice] = people
    return ordered
