"""What the app keeps between page runs: the gallery, the models and what is fitted on the gallery.

Every entry is keyed by what it depends on, bounded, and safe for several sessions at once. Nothing that is made from
an upload is kept here: these caches are shared by everybody who uses the app.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar

import streamlit as st

from facecluster.defaults import MIN_FACE_SIZE, MIN_SCORE
from facecluster.errors import IdentificationError
from facecluster.gallery.gallery import Gallery
from facecluster.ui.chosen import chosen_path
from facecluster.vision.weights import CASIA, MODELS, loads, model_name
from facecluster.workflows.evaluation_job import EvaluationStore
from facecluster.workflows.jobs import Progress, Stage

if TYPE_CHECKING:
    from facecluster.clustering.face_clusterer import FaceClusterer
    from facecluster.recognition.identification import Identifier
    from facecluster.recognition.verification import PairErrors
    from facecluster.records import Clustering
    from facecluster.vision.detection import FaceDetector
    from facecluster.vision.embedding import FaceEmbedder

_MIN_SCORES = (0.7, 0.8, 0.85, MIN_SCORE, 0.95, 0.98, 0.99)

Fitted = TypeVar("Fitted")


class Fitting(Generic[Fitted]):
    """Something that another thread makes of a gallery, and how far it is: `done()` and `result()` as a future's."""

    def __init__(self, pool: ThreadPoolExecutor, make: Callable[[Callable[[Progress], None]], Fitted]) -> None:
        self.progress = Progress("Comparing the gallery's faces with each other")
        self._future = pool.submit(make, self._report)
        self.done, self.result = self._future.done, self._future.result

    def _report(self, progress: Progress) -> None:
        self.progress = progress


def open_gallery() -> Gallery:
    """The gallery that this browser has open. Raises GalleryError when there can be none."""
    return gallery_at(str(chosen_path()))


@st.cache_resource(max_entries=8, show_spinner=False, validate=lambda gallery: gallery.is_there)
def gallery_at(path: str) -> Gallery:
    """The gallery in the folder `path`, created when missing; opened anew when its file was removed meanwhile."""
    return Gallery.open(path)


def min_score_slider() -> float:
    """Asks for the least detection score of a face: one setting for all pages, kept for the session."""
    value = st.select_slider(
        "Least detection score: is it a face?",
        _MIN_SCORES,
        MIN_SCORE,
        key="min_score",
        persist_state="session",
        help="What scores lower is not taken for a face: folds of cloth, hands and animals mostly stay below 0.9, "
        "people's faces above 0.95. It holds for adding photos, Identify and Verify.",
    )
    return float(value)


def min_score() -> float:
    """The least detection score that was chosen last in this session."""
    return float(st.session_state.get("min_score", MIN_SCORE))


@st.cache_resource(max_entries=2, show_spinner=False)
def detector(min_face_size: int = MIN_FACE_SIZE, min_score: float = MIN_SCORE) -> FaceDetector:
    """MTCNN; loads at its first photo."""
    from facecluster.vision.detection import FaceDetector

    return FaceDetector(min_face_size, min_score=min_score)


@st.cache_resource(max_entries=2, show_spinner=False)
def embedder(model: str = CASIA) -> FaceEmbedder:
    """InceptionResnetV1 with the weights `model`: a known name or the path of a `.pt` file; loads at its first face."""
    from facecluster.vision.embedding import FaceEmbedder

    return FaceEmbedder(model)


@st.cache_resource(max_entries=4, show_spinner=False)
def clusterer(path: str, revision: int, _clustering: Clustering) -> FaceClusterer:
    """The fitted clusterer of the gallery's clustering at this revision."""
    from facecluster.clustering.face_clusterer import restore_clusterer

    return restore_clusterer(_clustering)


@st.cache_resource(max_entries=2, show_spinner=False)
def identifier(path: str, revision: int) -> Fitting[Identifier]:
    """The gallery's Identifier at this revision, which another thread makes: see `fits.when_ready`.

    It fails with IdentificationError before the first clustering.
    """
    gallery = gallery_at(path)

    def make(report: Callable[[Progress], None]) -> Identifier:
        from facecluster.recognition.identification import Identifier

        report(Progress("Reading the gallery's faces"))
        clustering = gallery.clusterings.current()
        if clustering is None:
            raise IdentificationError("The gallery has no clusters yet: add photos on the gallery page.")
        faces, fitted = gallery.faces(), clusterer(path, revision, clustering)
        comparing = Stage("Comparing the gallery's faces with each other", report, "people")
        return Identifier(faces, clustering, clusterer=fitted, on_progress=comparing)

    return Fitting(_fitting(), make)


@st.cache_resource(max_entries=2, show_spinner=False)
def pairs(path: str, revision: int) -> Fitting[PairErrors]:
    """How similar pairs of the gallery's faces are at this revision, which another thread finds out.

    It fails with EvaluationError when there are too few faces.
    """
    from facecluster.workflows.verify import gallery_pairs

    return Fitting(_fitting(), lambda report: gallery_pairs(gallery_at(path)))


@st.cache_resource(max_entries=4, show_spinner=False)
def revision_during(path: str, job: int) -> int:
    """The gallery's revision when this was first asked during the job of that number."""
    return gallery_at(path).revision


@st.cache_resource(show_spinner=False)
def _fitting() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, "fit")


@st.cache_resource(show_spinner=False)
def evaluation_store() -> EvaluationStore:
    """What the evaluation page measured last, of a few galleries."""
    return EvaluationStore()


@st.cache_resource(show_spinner=False)
def _weights_files() -> dict[str, str]:
    return {}


def weights_of(name: str) -> str | None:
    """What loads the model that a gallery records as `name`: `name` itself, the path of a file, or None.

    The file is one that this app used, or the one that the open gallery was made with if that is still there.
    """
    if name in MODELS or name in _weights_files():
        return _weights_files().get(name, name)
    gallery = open_gallery()
    if gallery.model == name and gallery.weights and loads(gallery.weights, name):
        remember_weights(gallery.weights)
    return _weights_files().get(name)


def remember_weights(model: str) -> str:
    """The name that a gallery records for `model`; a file's place is kept for `weights_of`. Raises WeightsError."""
    name = model_name(model)
    if name != model:
        _weights_files()[name] = model
    return name


def forget_people() -> None:
    """Empties the caches that hold faces, for when somebody was deleted from the gallery."""
    clusterer.clear()
    identifier.clear()
    pairs.clear()
    evaluation_store.clear()
    st.cache_data.clear()
