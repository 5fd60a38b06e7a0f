"""Adding photos to a gallery as the app does it: fetch or unpack them, load the models, index, group the faces anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from facecluster.errors import Cancelled, ClusteringError
from facecluster.face_settings import FaceSettings, FacesToKeep
from facecluster.photos.people_names import AUTO
from facecluster.photos.sources import (
    KAGGLE,
    ListedPhotos,
    PhotoSource,
    open_photos,
)
from facecluster.presentation.text import counted
from facecluster.vision.weights import VGGFACE2, load_weights, model_name
from facecluster.waiting import run_abandonable
from facecluster.workflows.jobs import Job, Progress, Stage
from facecluster.workflows.known_sources import open_known
from facecluster.workflows.uploads import KeptZip, UploadedZip, draw_samples, unpack_upload

if TYPE_CHECKING:
    from facecluster.gallery.gallery import Gallery
    from facecluster.indexing.run import IndexProgress, IndexReport
    from facecluster.records import Clustering
    from facecluster.vision.detection import FaceDetector
    from facecluster.vision.embedding import FaceEmbedder

Report = Callable[[Progress], None]

SAMPLE_PEOPLE, SAMPLE_PORTRAITS = 12, 12
_MEGABYTE = 10**6


class SamplePeople:
    """The drawn people."""


@dataclass(frozen=True)
class Place:
    """A folder or `.zip` on this machine, or `kaggle:owner/dataset`."""

    source: str


Origin = SamplePeople | UploadedZip | KeptZip | Place


def add_photos(
    gallery: Gallery,
    origin: Origin,
    job: Job,
    *,
    detector: FaceDetector,
    embedder: FaceEmbedder,
    faces: FacesToKeep = "largest",
    people_from: str = AUTO,
) -> str:
    """Does everything from `origin` to clusters, reporting to `job`; returns what was done in a sentence or two.

    `people_from` is which folder names a photo's person, as in `open_photos`.

    Copies of photos without a place on this machine go into the gallery's uploads. Faces are grouped as last chosen.
    Raises SourceError, WeightsError, GalleryError, GalleryBusyError, ClusteringError and Cancelled; what was indexed
    until then stays.
    """
    from facecluster.indexing.extraction import FaceExtractor
    from facecluster.vision.faces import FaceReader

    job.report(Progress("Looking for photos"))
    gallery.require_model(model_name(embedder.model))  # before anything is drawn, unpacked or downloaded
    # This would have to wait for another run in the end: better to say so before anything is copied.
    with gallery.indexing() if isinstance(origin, Place) else gallery.uploading():
        settings = FaceExtractor(FaceReader(detector, embedder), faces).settings
        source = _open(gallery, origin, job, people_from, settings)
        run_abandonable(lambda: _load(detector, embedder, job.report), lambda: job.is_cancelled)
        report = _index(gallery, source, job, detector, embedder, faces)
    told = " ".join(filter(None, [_report_in_words(report), _guess_in_words(origin, source)]))
    try:
        clustering = _cluster_anew(gallery, job)
    except ClusteringError as error:
        raise ClusteringError(f"{told} The faces were not grouped anew. {error}") from error
    except Cancelled as error:
        raise Cancelled(f"{told} Grouping the faces was cancelled: the clusters are as they were.") from error
    return " ".join(filter(None, [told, _clusters_in_words(gallery, clustering)]))


def _load(detector: FaceDetector, embedder: FaceEmbedder, report: Report) -> None:
    from facecluster.vision.faces import FaceReader

    if embedder.model == VGGFACE2:  # the only one that may have to be fetched, and loading tells nothing of it
        load_weights(VGGFACE2, Stage(f"Downloading {VGGFACE2}", report, "MB", _MEGABYTE))
    report(Progress("Loading the models"))
    FaceReader(detector, embedder).load()


def _index(
    gallery: Gallery,
    source: PhotoSource,
    job: Job,
    detector: FaceDetector,
    embedder: FaceEmbedder,
    faces: FacesToKeep,
) -> IndexReport:
    from facecluster.indexing.run import index_photos

    def tell(progress: IndexProgress) -> None:
        job.progress = Progress("", progress.done, progress.total, "photos", progress.rate, progress.seconds_left)

    job.report(Progress("", 0, len(source)))
    return index_photos(
        gallery,
        source,
        faces=faces,
        detector=detector,
        embedder=embedder,
        on_progress=tell,
        cancelled=lambda: job.is_cancelled,
    )


def cluster_again(
    gallery: Gallery,
    job: Job,
    n_clusters: int | Literal["people", "auto"] = "people",
    seed: int = 0,
    algorithm: str | None = None,
) -> str:
    """Groups the gallery's faces anew; returns what was done in a sentence.

    `algorithm` is a name of ALGORITHMS, None for the one that made the gallery's clusters. Those that need no number
    do not look at `n_clusters`. Raises ClusteringError and Cancelled.
    """
    from facecluster.workflows.cluster import apply_algorithm

    job.report(_GROUPING)
    name = algorithm or last_algorithm(gallery)
    return _clusters_in_words(gallery, apply_algorithm(gallery, name, n_clusters, seed, lambda: job.is_cancelled))


def last_choice(gallery: Gallery) -> tuple[int | Literal["people", "auto"], int]:
    """How the number of the gallery's clusters was last chosen, and their seed; as many as people at first."""
    last = gallery.clusterings.summary()
    if last is None:
        return "people", 0
    choices: dict[str, int | Literal["people", "auto"]] = {
        "people": "people",
        "people and others": "people",
        "suggested": "auto",
        "fixed": int(last["n_clusters"]),
    }
    return choices.get(last["parameters"].get("chosen_by"), "people"), int(last["seed"])


def last_algorithm(gallery: Gallery) -> str:
    """The name in ALGORITHMS of what made the gallery's clusters; KMeans at first."""
    from facecluster.clustering.algorithms import ALGORITHMS

    last = gallery.clusterings.summary()
    return last["algorithm"] if last is not None and last["algorithm"] in ALGORITHMS else "kmeans"


_GROUPING = Progress("Grouping the faces by person")


def _cluster_anew(gallery: Gallery, job: Job) -> Clustering | None:
    """Clusters as last chosen, unless every face took part in that already."""
    from facecluster.clustering.algorithms import ALGORITHMS
    from facecluster.workflows.cluster import apply_algorithm

    counts, name = gallery.counts(), last_algorithm(gallery)
    choice, seed = last_choice(gallery)
    nobody = counts.faces - counts.faces_by_folder - counts.faces_by_hand
    as_people = counts.clusters == counts.people or (nobody and counts.clusters > counts.people)
    fits = not ALGORITHMS[name].needs_number or choice != "people" or as_people
    is_current = counts.clusters and fits and not gallery.clusterings.unclustered().found_later
    if is_current or not counts.faces:
        return None
    job.report(_GROUPING)
    number = min(choice, counts.faces) if isinstance(choice, int) else choice
    return apply_algorithm(gallery, name, number, seed, lambda: job.is_cancelled)


def _open(gallery: Gallery, origin: Origin, job: Job, people_from: str, settings: FaceSettings) -> ListedPhotos:
    if isinstance(origin, Place):
        if origin.source.startswith(KAGGLE):
            job.report(Progress(f"Downloading {origin.source.removeprefix(KAGGLE)} from Kaggle"))
        return run_abandonable(lambda: open_known(gallery, origin.source, people_from), lambda: job.is_cancelled)
    if isinstance(origin, UploadedZip | KeptZip):
        return unpack_upload(gallery, origin, job.report, people_from, settings)
    return open_photos(draw_samples(gallery.copies, job.report, SAMPLE_PEOPLE, SAMPLE_PORTRAITS))


def _report_in_words(report: IndexReport) -> str:
    others = {
        "already known": report.skipped,
        "duplicates": report.duplicates,
        "unreadable": report.unreadable - report.out_of_memory,
        "too large for the memory there was": report.out_of_memory,
        "without a face": report.no_face,
        "no longer there": report.missing,
        "other files left out": sum(report.left_out.values()),
    }
    left = ", ".join(f"{number:,} {what}" for what, number in others.items() if number)
    faces = f"{counted(report.photos, 'photo')}, {counted(report.faces, 'new face')}"
    told = f"{faces} ({left})." if left else f"{faces}."
    return " ".join(filter(None, [told, report.contradiction]))


def _guess_in_words(origin: Origin, source: ListedPhotos) -> str:
    """What was guessed of a data set's people, which nobody can be asked for before it is downloaded."""
    if source.naming.sure or not (isinstance(origin, Place) and origin.source.startswith(KAGGLE)):
        return ""
    return f"Which folder names the person was not sure ({source.people}): choose under Settings and add it again."


def _clusters_in_words(gallery: Gallery, clustering: Clustering | None) -> str:
    if clustering is None:
        return ""
    faces, are = counted(len(clustering.faces), "face"), "is" if len(clustering.faces) == 1 else "are"
    text = f"{faces} {are} in {counted(clustering.n_clusters, 'cluster')}"
    in_none = gallery.clusterings.unclustered().in_none
    return f"{text}, {in_none:,} in none." if in_none else f"{text}."
