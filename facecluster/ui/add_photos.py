"""The four ways to add photos, and how faces are looked for on them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import streamlit as st

from facecluster.defaults import MIN_FACE_SIZE, MIN_SCORE
from facecluster.errors import FaceClusterError
from facecluster.face_settings import FacesToKeep
from facecluster.gallery.galleries import gallery_path, sample_gallery
from facecluster.gallery.gallery import Gallery, default_gallery
from facecluster.photos.people_names import AUTO
from facecluster.photos.sources import KAGGLE
from facecluster.ui import resources
from facecluster.ui.chosen import choose
from facecluster.ui.components import show_error
from facecluster.ui.jobs import jobs, running, start_adding
from facecluster.ui.markup import escape
from facecluster.ui.names_question import DROPS, ask_names, empty_drop_area, list_photos
from facecluster.vision.weights import CASIA, MODELS, VGGFACE2
from facecluster.workflows.add_photos import SAMPLE_PEOPLE, SAMPLE_PORTRAITS, Origin, Place, SamplePeople
from facecluster.workflows.uploads import UploadedZip

_OPEN = "gallery_add"  # in the session: True while the four ways are open, or the number of the job that they started
_KEPT: tuple[FacesToKeep, FacesToKeep] = ("largest", "all")
_FILE = "Weights file"
_SHOWN_PEOPLE = (0, 3, 5, 8)  # different enough to show at a glance that these are people, and drawn ones


@dataclass(frozen=True)
class Settings:
    """How faces are looked for: `model` is a known name or the path of a `.pt` file."""

    model: str = CASIA
    faces: FacesToKeep = "largest"
    min_face_size: int = MIN_FACE_SIZE
    min_score: float = MIN_SCORE
    asks_for_names: bool = False


def settings_form(gallery: Gallery) -> Settings:
    """The settings for photos added from now on; they hold for the session."""
    faces = st.segmented_control(
        "Faces to keep of a photo",
        _KEPT,
        default=_KEPT[0],
        required=True,
        format_func=lambda kept: "The main one" if kept == "largest" else "All",
        key="gallery_faces",
        persist_state="session",
        help="The main face, by how surely it is one, its size and its place, carries the name of its folder. The "
        "others of a photo carry no name.",
    )
    smallest = st.number_input(
        "Smallest face, in pixels",
        20,
        1000,
        MIN_FACE_SIZE,
        5,
        key="gallery_min_face",
        persist_state="session",
        help="Smaller faces are not found. Photos that were added with other settings are read anew when they are "
        "added again.",
    )
    min_score = resources.min_score_slider()
    model = _model(gallery)
    asks = st.toggle(
        "Choose which folder names the person",
        key="gallery_ask_names",
        persist_state="session",
        help="Asked before photos are added. Without it, you are asked only where it is not sure. What was chosen for "
        "a folder is used again when that is added again.",
    )
    return Settings(model, faces, int(smallest or MIN_FACE_SIZE), min_score, asks)


def _model(gallery: Gallery) -> str:
    held = gallery.model if gallery.counts().faces else None
    if held is not None:
        st.caption(f"Model: {escape(held)}. Another model's faces cannot be compared with those in this gallery.")
        known = resources.weights_of(held)
        return known or st.text_input(f"Where {held} lies", key="gallery_weights_held") or held
    choice = st.segmented_control(
        "Model",
        (*MODELS, _FILE),
        default=CASIA,
        required=True,
        key="gallery_model",
        persist_state="session",
        help=f"{CASIA} needs no download. {VGGFACE2} tells faces apart a little better and downloads 107 MB once. A "
        "weights file is a .pt with facenet-pytorch's state dict.",
    )
    if choice != _FILE:
        return choice or CASIA
    path = st.text_input("Path of the .pt file", key="gallery_weights", persist_state="session")
    return path or _FILE


def is_adding(gallery: Gallery) -> bool:
    """Whether the four ways are open in a gallery that holds photos: until what they started is done."""
    asked = st.session_state.get(_OPEN, False)
    job = jobs().latest(str(gallery.path))
    return asked is True or bool(job and job.number == asked and job.state in ("failed", "cancelled"))


def ask_to_add(is_asked: bool) -> None:
    """Opens or closes the four ways. For callbacks."""
    st.session_state[_OPEN] = is_asked


def show_ways_to_add(gallery: Gallery, settings: Settings, is_first: bool = False) -> None:
    """Four cards of equal height: sample people, zip, folder, Kaggle. `is_first` is whether nothing was added yet."""
    sample, archive, folder, kaggle = st.columns(4)
    origin: Origin | None = None
    with sample.container(border=True, height="stretch"):
        origin = _sample_card(is_first)
    with archive.container(border=True, height="stretch"):
        origin = _zip_card() or origin
    with folder.container(border=True, height="stretch"):
        origin = _folder_card() or origin
    with kaggle.container(border=True, height="stretch"):
        origin = _kaggle_card() or origin
    if origin is None:
        return
    source = list_photos(gallery, origin)
    if source is not None and (settings.asks_for_names or not source.naming.sure):
        ask_names(source, lambda choice: _start(gallery, origin, settings, choice))
    elif _start(gallery, origin, settings, AUTO):
        st.rerun()


def _start(gallery: Gallery, origin: Origin, settings: Settings, people_from: str) -> bool:
    """Whether adding the photos was started; the reason is shown where not."""
    if isinstance(origin, SamplePeople):
        return _start_samples(settings)
    started = start_adding(
        gallery, origin, settings.model, settings.faces, settings.min_face_size, settings.min_score, people_from
    )
    if started:
        empty_drop_area()
        st.session_state[_OPEN] = job.number if (job := running(gallery)) else False
    return started


def _start_samples(settings: Settings) -> bool:
    """As `_start`; drawn people go into a gallery of their own, which is then the open one, and never among others."""
    try:
        key = sample_gallery(default_gallery())
        gallery = resources.gallery_at(str(gallery_path(default_gallery(), key)))
    except FaceClusterError as error:
        show_error(error)
        return False
    model = gallery.model or settings.model
    started = start_adding(gallery, SamplePeople(), model, settings.faces, settings.min_face_size, settings.min_score)
    if started:
        choose(key)
    return started


def _sample_card(is_first: bool) -> Origin | None:
    st.header("Sample people", anchor=False)
    st.image(_sample_picture(), width="stretch", alt="Four of the drawn sample people")
    number = SAMPLE_PEOPLE * SAMPLE_PORTRAITS
    st.caption(f"{SAMPLE_PEOPLE} drawn people, {number} portraits, nothing to download")
    st.space("stretch")
    clicked = st.button(
        "Load sample people",
        key="gallery_sample",
        type="primary" if is_first else "secondary",
        icon=":material/auto_awesome:",
        width="stretch",
        wrap=True,
    )
    return SamplePeople() if clicked else None


def _zip_card() -> Origin | None:
    st.header("Zip", anchor=False)
    upload = st.file_uploader(
        "A zip of photos, one folder per person",
        type="zip",
        key=f"gallery_zip_{st.session_state.get(DROPS, 0)}",
        help="Its photos are copied into the gallery's folder, and deleted with the gallery.",
    )
    return None if upload is None else UploadedZip(upload.name, upload)


def _folder_card() -> Origin | None:
    st.header("Folder", anchor=False)
    with st.form("gallery_folder_form", border=False, height="stretch"):
        path = st.text_input(
            "Path on this machine",
            key="gallery_folder",
            persist_state="session",
            placeholder="/home/me/photos",
            help="A folder of photos, or a zip. The photos are only read, never moved or changed. With one folder a "
            "person inside, its name is the person's; where it is not sure which folder that is, you are asked.",
        )
        st.space("stretch")
        clicked = st.form_submit_button("Add folder", icon=":material/folder_open:", width="stretch")
    if clicked and not (path or "").strip():
        st.caption(":material/error: Write the path of a folder first.")
        return None
    return Place((path or "").strip()) if clicked else None


def _kaggle_card() -> Origin | None:
    st.header("Kaggle", anchor=False)
    with st.form("gallery_kaggle_form", border=False, height="stretch", enter_to_submit=False):
        handle = st.text_input(
            "Data set",
            key="gallery_kaggle",
            persist_state="session",
            placeholder="owner/dataset",
            help="Downloaded by kagglehub into its own cache, with your Kaggle key where the data set asks for one.",
        )
        if find_spec("kagglehub") is None:
            st.caption("Needs the package kagglehub: pip install kagglehub")
        st.space("stretch")
        clicked = st.form_submit_button("Download", icon=":material/download:", width="stretch")
    name = (handle or "").strip().removeprefix(KAGGLE)
    if clicked and not name:
        st.caption(":material/error: Write the name of a data set first.")
        return None
    return Place(KAGGLE + name) if clicked else None


@st.cache_data(show_spinner=False)
def _sample_picture() -> bytes:
    import numpy as np

    from facecluster.photos.images import encode_jpeg
    from facecluster.samples.sample_photos import draw_portrait

    return encode_jpeg(np.hstack([np.asarray(draw_portrait(person, 0).resize((160, 192))) for person in _SHOWN_PEOPLE]))
