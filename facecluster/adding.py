"""Adding photos to a gallery as the app does it: fetch or unpack them, load the models, index, group the faces anew."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal

from facecluster.background import Job, Progress, Stage
from facecluster.errors import ClusteringError, SourceError
from facecluster.known_sources import open_known
from facecluster.people_names import AUTO
from facecluster.photos import (
    KAGGLE,
    MAX_UNPACKED,
    DamagedMemberError,
    ListedPhotos,
    PhotoSource,
    ZipPhotos,
    open_photos,
)
from facecluster.waiting import run_abandonable
from facecluster.weights import VGGFACE2, load_weights, model_name

if TYPE_CHECKING:
    from facecluster.copies import Copies
    from facecluster.detection import FaceDetector
    from facecluster.embedding import FaceEmbedder
    from facecluster.gallery import Gallery
    from facecluster.indexing import FacesToKeep, IndexProgress, IndexReport
    from facecluster.records import Clustering

Report = Callable[[Progress], None]

SAMPLE_PEOPLE, SAMPLE_PORTRAITS = 12, 12
_SAMPLE_FOLDER = "sample-people"
_MEGABYTE = 10**6
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
    people_from: str = AUTO,
) -> str:
    """Does everything from `origin` to clusters, reporting to `job`; returns what was done in a sentence or two.

    `people_from` is which folder names a photo's person, as in `open_photos`.

    Copies of photos without a place on this machine go into the gallery's uploads. Faces are grouped as last chosen.
    Raises SourceError, WeightsError, GalleryError, GalleryBusyError, ClusteringError and Cancelled; what was indexed
    until then stays.
    """
    job.report(Progress("Looking for photos"))
    gallery.require_model(model_name(embedder.model))  # before anything is drawn, unpacked or downloaded
    # Another run would have to be waited for in the end: better told before anything is copied.
    with gallery.indexing() if isinstance(origin, Place) else gallery.uploading():
        source = _open(gallery, origin, job, people_from)
        _load(detector, embedder, job.report)
        report = _index(gallery, source, job, detector, embedder, faces)
    told = " ".join(filter(None, [_told(report), _unasked(origin, source)]))
    try:
        clustering = _cluster_anew(gallery, job.report)
    except ClusteringError as error:
        raise ClusteringError(f"{told} The faces were not grouped anew. {error}") from error
    return " ".join(filter(None, [told, _grouped(gallery, clustering)]))


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


def _open(gallery: Gallery, origin: Origin, job: Job, people_from: str) -> ListedPhotos:
    if isinstance(origin, Place):
        if origin.source.startswith(KAGGLE):
            job.report(Progress(f"Downloading {origin.source.removeprefix(KAGGLE)} from Kaggle"))
        return run_abandonable(lambda: open_known(gallery, origin.source, people_from), lambda: job.is_cancelled)
    if isinstance(origin, UploadedZip):
        return _unpacked(gallery, origin, job.report, people_from)
    return open_photos(_drawn(gallery.copies, job.report))


def _drawn(copies: Copies, report: Report) -> Path:
    """The folder in the gallery's uploads that holds the sample people."""
    from facecluster.samples import is_current, sample_files

    folder = _own_home(copies, _SAMPLE_FOLDER)
    files = sample_files(SAMPLE_PEOPLE, SAMPLE_PORTRAITS)
    drawing = Stage("Drawing sample people", report, "portraits")
    for done, (path, draw) in enumerate(files.items(), start=1):
        file = folder / path
        if copies.hold(file) and not is_current(file):
            copies.remove([file])
        if not copies.hold(file):
            copies.write(file, [draw()])
        drawing(done, len(files))
    return folder


def _unpacked(gallery: Gallery, upload: UploadedZip, report: Report, people_from: str) -> ListedPhotos:
    """The folder in the gallery's uploads that holds the zip's photos, named by content so that it is made once.

    A photo that cannot be unpacked is one of it that cannot be read; the others go on.
    """
    copies = gallery.copies
    zipped, digest = _copied(copies, upload, report)
    try:
        folder = _own_home(copies, digest[:12]) / _stem(upload.name)
        inside = ZipPhotos(zipped)
        _require_room(folder, sum(photo.size for photo in inside))
        told, damaged = Stage("Unpacking", report), dict[str, str]()
        for done, member in enumerate(inside.members(), start=1):
            file = folder / member.path
            try:
                if not copies.hold(file):
                    copies.write(file, member.chunks())
            except DamagedMemberError as error:
                damaged[member.path] = str(error)
            told(done, len(inside))
        if len(damaged) == len(inside):
            name, reason = next(iter(damaged.items()))
            raise SourceError(f"No photo in {upload.name} can be unpacked; the first one, {name}, {reason}.")
    finally:
        copies.remove([zipped])
    photos = open_photos(folder, people_from)
    photos.add_what_stayed(damaged, inside.left_out)
    return photos


def _own_home(copies: Copies, name: str) -> Path:
    """A folder for copies that holds nothing else: the name, or the name with a number where somebody's files are."""
    for number in count(1):
        home = copies.root / (name if number == 1 else f"{name}-{number}")
        if not copies.others(home):
            return home
    raise AssertionError("count() has no end")


def _require_room(folder: Path, size: int) -> None:
    """Raises SourceError when `size` bytes are too many for a zip, or for the disk."""
    if size > MAX_UNPACKED:
        raise SourceError(f"The zip unpacks to more than {MAX_UNPACKED / 2**30:.0f} GiB: split it.")
    place = next(parent for parent in folder.parents if parent.exists())
    free = shutil.disk_usage(place).free
    if size > free:
        raise SourceError(
            f"The zip unpacks to {size / 2**20:,.0f} MiB, and {place} has room for {free / 2**20:,.0f} MiB: free some "
            "space, or unpack it on another disk and add that folder."
        )


def _copied(copies: Copies, upload: UploadedZip, report: Report) -> tuple[Path, str]:
    """A file among the copies with the upload's bytes, and their sha256."""
    size = upload.file.seek(0, os.SEEK_END)
    upload.file.seek(0)
    told = Stage("Copying the zip", report, "MB", _MEGABYTE)

    def chunks() -> Iterator[bytes]:
        copied = 0
        while chunk := upload.file.read(_COPY_CHUNK):
            yield chunk
            copied += len(chunk)
            told(copied, size)

    file = copies.root / f"{secrets.token_hex(8)}.zip"
    try:
        return file, copies.write(file, chunks())
    except SourceError as error:
        raise SourceError(f"{upload.name} cannot be copied into the gallery. {error}") from error


def _stem(name: str) -> str:
    """A zip's name without what a file system might take amiss; browsers send names as they please."""
    stem = PurePosixPath(name.replace("\\", "/")).stem
    return "".join(letter for letter in stem if letter.isalnum() or letter in " -_.()").strip(" .") or "photos"


def _told(report: IndexReport) -> str:
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
    faces = f"{report.photos:,} photos, {report.faces:,} new faces"
    told = f"{faces} ({left})." if left else f"{faces}."
    return " ".join(filter(None, [told, report.contradiction]))


def _unasked(origin: Origin, source: ListedPhotos) -> str:
    """What was guessed of a data set's people, which nobody can be asked for before it is downloaded."""
    if source.naming.sure or not (isinstance(origin, Place) and origin.source.startswith(KAGGLE)):
        return ""
    return f"Which folder names the person was not sure ({source.people}): choose under Settings and add it again."


def _grouped(gallery: Gallery, clustering: Clustering | None) -> str:
    if clustering is None:
        return ""
    text = f"{len(clustering.faces):,} faces are in {clustering.n_clusters} clusters"
    left_out = gallery.unclustered().left_out
    return f"{text}, {left_out:,} in none." if left_out else f"{text}."
