"""Adding photos to a gallery as the app does it: fetch or unpack them, load the models, index, group the faces anew."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal

from facecluster.background import Job, Progress, Stage
from facecluster.errors import ClusteringError, SourceError
from facecluster.photos import KAGGLE, PhotoSource, open_photos, unpack_zip
from facecluster.weights import VGGFACE2, load_weights, model_name

if TYPE_CHECKING:
    from facecluster.detection import FaceDetector
    from facecluster.embedding import FaceEmbedder
    from facecluster.gallery import Gallery
    from facecluster.indexing import FacesToKeep, IndexProgress, IndexReport
    from facecluster.records import Clustering

Report = Callable[[Progress], None]

SAMPLE_PEOPLE, SAMPLE_PORTRAITS = 12, 12
_SAMPLE_FOLDER = "sample-people"
_MEGABYTE = 10**6
_PART = "zip-"
_A_DAY = 86_400  # seconds
_COPY_CHUNK = 4 * 2**20


class SamplePeople:
    """The drawn people."""


@dataclass(frozen=True)
class UploadedZip:
    """A zip that somebody dropped into the browser, with the name it had there."""

    name: str
    file: BinaryIO


@dataclass(frozen=True)
class Place:
    """A folder or `.zip` on this machine, or `kaggle:owner/dataset`."""

    source: str


Origin = SamplePeople | UploadedZip | Place


def add_photos(
    gallery: Gallery,
    origin: Origin,
    job: Job,
    *,
    detector: FaceDetector,
    embedder: FaceEmbedder,
    faces: FacesToKeep = "largest",
) -> str:
    """Does everything from `origin` to clusters, reporting to `job`; returns what was done in a sentence or two.

    Copies of photos without a place on this machine go into the gallery's uploads. Faces are grouped as last chosen.
    Raises SourceError, WeightsError, GalleryError, GalleryBusyError, ClusteringError and Cancelled; what was indexed
    until then stays.
    """
    job.report(Progress("Looking for photos"))
    gallery.require_model(model_name(embedder.model))  # before anything is drawn, unpacked or downloaded
    try:
        source = _open(gallery, origin, job.report)
        _load(detector, embedder, job.report)
        report = _index(gallery, source, job, detector, embedder, faces)
    finally:
        _forget_unused_copies(gallery)
    try:
        clustering = _cluster_anew(gallery, job.report)
    except ClusteringError as error:
        raise ClusteringError(f"{_told(report)} The faces were not grouped anew. {error}") from error
    return " ".join(filter(None, [_told(report), _grouped(gallery, clustering)]))


def _load(detector: FaceDetector, embedder: FaceEmbedder, report: Report) -> None:
    if embedder.model == VGGFACE2:  # the only one that may have to be fetched, and loading tells nothing of it
        load_weights(VGGFACE2, Stage(f"Downloading {VGGFACE2}", report, "MB", _MEGABYTE))
    report(Progress("Loading the models"))
    embedder.load()
    detector.load()


def _index(
    gallery: Gallery,
    source: PhotoSource,
    job: Job,
    detector: FaceDetector,
    embedder: FaceEmbedder,
    faces: FacesToKeep,
) -> IndexReport:
    from facecluster.indexing import index_photos

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


def _forget_unused_copies(gallery: Gallery) -> None:
    """Removes copies of somebody's photos from a gallery that ended up empty, where nobody would look for them."""
    if gallery.uploads.exists() and not gallery.counts().photos:
        for folder in gallery.uploads.iterdir():
            if folder.name != _SAMPLE_FOLDER:
                shutil.rmtree(folder, ignore_errors=True)


def cluster_again(
    gallery: Gallery,
    job: Job,
    n_clusters: int | Literal["people", "auto"] = "people",
    seed: int = 0,
    algorithm: str | None = None,
) -> str:
    """Groups the gallery's faces anew; returns what was done in a sentence.

    `algorithm` is a name of ALGORITHMS, None for the one that made the gallery's clusters. Those that need no number
    do not look at `n_clusters`. Raises ClusteringError.
    """
    from facecluster.algorithms import apply_algorithm

    job.report(_GROUPING)
    name = algorithm or last_algorithm(gallery)
    return _grouped(gallery, apply_algorithm(gallery, name, n_clusters, seed))


def last_choice(gallery: Gallery) -> tuple[int | Literal["people", "auto"], int]:
    """How the number of the gallery's clusters was last chosen, and their seed; as many as people at first."""
    last = gallery.clustering_summary()
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
    from facecluster.algorithms import ALGORITHMS

    last = gallery.clustering_summary()
    return last["algorithm"] if last is not None and last["algorithm"] in ALGORITHMS else "kmeans"


_GROUPING = Progress("Grouping the faces by person", can_cancel=False)


def _cluster_anew(gallery: Gallery, report: Report) -> Clustering | None:
    """Clusters as last chosen, unless every face took part in that already."""
    from facecluster.algorithms import ALGORITHMS, apply_algorithm

    counts, name = gallery.counts(), last_algorithm(gallery)
    choice, seed = last_choice(gallery)
    nobody = counts.faces - counts.faces_by_folder - counts.faces_by_hand
    as_people = counts.clusters == counts.people or (nobody and counts.clusters > counts.people)
    fits = not ALGORITHMS[name].needs_number or choice != "people" or as_people
    is_current = counts.clusters and fits and not gallery.unclustered().found_later
    if is_current or not counts.faces:
        return None
    report(_GROUPING)
    return apply_algorithm(gallery, name, min(choice, counts.faces) if isinstance(choice, int) else choice, seed)


def _open(gallery: Gallery, origin: Origin, report: Report) -> PhotoSource:
    if isinstance(origin, Place):
        if origin.source.startswith(KAGGLE):
            report(Progress(f"Downloading {origin.source.removeprefix(KAGGLE)} from Kaggle", can_cancel=False))
        return open_photos(origin.source)
    if isinstance(origin, UploadedZip):
        return open_photos(_unpacked(gallery, origin, report))
    from facecluster.samples import write_sample_people

    folder = gallery.uploads / _SAMPLE_FOLDER
    drawing = Stage("Drawing sample people", report, "portraits")
    write_sample_people(folder, SAMPLE_PEOPLE, SAMPLE_PORTRAITS, on_progress=drawing)
    return open_photos(folder)


def _unpacked(gallery: Gallery, upload: UploadedZip, report: Report) -> Path:
    """The folder in the gallery's uploads that holds the zip's photos, named by content so that it is made once."""
    gallery.uploads.mkdir(parents=True, exist_ok=True)
    for left in gallery.uploads.glob(f"{_PART}*.part"):
        if time.time() - left.stat().st_mtime > _A_DAY:  # of an upload that was killed, not of one under way
            left.unlink(missing_ok=True)
    copy, digest = _copied(gallery.uploads, upload, report)
    try:
        home = gallery.uploads / digest[:12]
        was_there = home.exists()
        folder = home / _stem(upload.name)
        try:
            unpack_zip(copy, folder, on_progress=Stage("Unpacking", report))
        except BaseException:
            if not was_there:
                shutil.rmtree(home, ignore_errors=True)
            raise
        return folder
    finally:
        copy.unlink(missing_ok=True)


def _copied(folder: Path, upload: UploadedZip, report: Report) -> tuple[Path, str]:
    """A file in `folder` with the upload's bytes, and their sha256."""
    size = upload.file.seek(0, os.SEEK_END)
    upload.file.seek(0)
    told, digest = Stage("Copying the zip", report, "MB", _MEGABYTE), hashlib.sha256()
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=_PART, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            while chunk := upload.file.read(_COPY_CHUNK):
                digest.update(chunk)
                file.write(chunk)
                told(file.tell(), size)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise SourceError(f"{upload.name} cannot be copied to {folder} ({error.strerror}): free space.") from error
        raise
    return Path(name), digest.hexdigest()


def _stem(name: str) -> str:
    """A zip's name without what a file system might take amiss; browsers send names as they please."""
    stem = PurePosixPath(name.replace("\\", "/")).stem
    return "".join(letter for letter in stem if letter.isalnum() or letter in " -_.()").strip(" .") or "photos"


def _told(report: IndexReport) -> str:
    others = {
        "already known": report.skipped,
        "duplicates": report.duplicates,
        "unreadable": report.unreadable,
        "without a face": report.no_face,
    }
    left = ", ".join(f"{number:,} {what}" for what, number in others.items() if number)
    faces = f"{report.photos:,} photos, {report.faces:,} new faces"
    told = f"{faces} ({left})." if left else f"{faces}."
    return " ".join(filter(None, [told, report.contradiction]))


def _grouped(gallery: Gallery, clustering: Clustering | None) -> str:
    if clustering is None:
        return ""
    text = f"{len(clustering.faces):,} faces are in {clustering.n_clusters} clusters"
    left_out = gallery.unclustered().left_out
    return f"{text}, {left_out:,} in none." if left_out else f"{text}."
