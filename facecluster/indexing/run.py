"""From photos to a gallery: the pipeline that reads, detects, crops, embeds and stores, with progress and cancel.

Every worker takes a batch of photos from bytes to embeddings by itself; only the calling thread talks to the gallery,
in the order of the source. So neither the number of workers nor the size of a batch changes what is stored, and a run
that was killed loses the batches in hand and nothing else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from facecluster.errors import Cancelled, OutOfMemoryError
from facecluster.face_settings import FacesToKeep
from facecluster.gallery.gallery import Gallery
from facecluster.gallery.labels import contradiction_sentence
from facecluster.indexing.conveyor import BATCH_SIZE, Conveyor, Wait
from facecluster.indexing.extraction import FaceExtractor, Task, outcome_of
from facecluster.photos.left_out import LeftOut
from facecluster.photos.memory import is_lack_of_memory
from facecluster.photos.originals import Originals
from facecluster.photos.sources import ListedPhotos, PhotoSource
from facecluster.records import KnownPhoto, NewPhoto
from facecluster.vision.detection import FaceDetector
from facecluster.vision.embedding import FaceEmbedder
from facecluster.vision.faces import FaceReader
from facecluster.vision.runtime.openvino_run import share_processors
from facecluster.vision.weights import CASIA, model_name
from facecluster.waiting import AbandonableThreads

_MOST_PROBLEMS = 100


@dataclass(frozen=True)
class IndexProgress:
    """How far a run is: `rate` in new photos a second, `seconds_left` in seconds.

    Both are None until a new photo was done, unless the gallery seems to know them all.
    """

    done: int
    total: int
    rate: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class IndexReport:
    """What a run did. `photos = indexed + skipped + duplicates + unreadable`; `no_face` are among the indexed.

    `indexed` were processed now, `skipped` known before, `duplicates` have the content of another photo of the gallery,
    `faces` were found on the indexed. Of the unreadable, `out_of_memory` needed more memory than there was: the next
    run tries them again, as all unreadable ones. `problems` are the reasons of the first 100 unreadable ones, a
    sentence each that names the file. `seconds` does not count the loading of models. `people_from` is how the
    people were named (people_names.Naming.stored), `missing` are photos of this source that were indexed earlier
    and are no longer there, and `left_out` counts the files that are no photos, by kind. `contradictions` are the
    photos of this source whose content lies in folders of different people, as `gallery.photos.contradictions`
    gives them.
    """

    photos: int = 0
    indexed: int = 0
    faces: int = 0
    no_face: int = 0
    unreadable: int = 0
    duplicates: int = 0
    skipped: int = 0
    seconds: float = 0.0
    photos_per_second: float = 0.0
    model: str = ""
    runtime: str = ""
    out_of_memory: int = 0
    people_from: str = ""
    missing: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    contradictions: tuple[dict[str, str], ...] = ()

    @property
    def contradiction(self) -> str:
        """A sentence on the photos that lie in folders of different people; empty when there are none."""
        return contradiction_sentence(self.contradictions)


def index_photos(
    gallery: Gallery,
    source: PhotoSource,
    *,
    faces: FacesToKeep = "largest",
    detector: FaceDetector | None = None,
    embedder: FaceEmbedder | None = None,
    workers: int | None = None,
    batch_size: int = BATCH_SIZE,
    on_progress: Callable[[IndexProgress], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> IndexReport:
    """Finds and embeds the faces of all photos that the gallery does not know yet, and stores them.

    With `faces="largest"` only a photo's main face is kept; with `"all"` every face is, and the main one carries the
    photo's person. `workers` defaults to one more than the processors. Raises GalleryBusyError when another run is at
    it, GalleryError when the gallery holds embeddings of another model, WeightsError, and Cancelled once
    `cancelled()` is true; what was stored until then stays.
    """
    reader = FaceReader(detector or FaceDetector(), embedder or FaceEmbedder(CASIA))
    extractor = FaceExtractor(reader, faces)
    run = _Run(gallery, source, extractor, on_progress)
    with gallery.indexing():
        return run.run(workers or _usual_workers(), batch_size, cancelled)


@dataclass
class _Run:
    gallery: Gallery
    source: PhotoSource
    extractor: FaceExtractor
    on_progress: Callable[[IndexProgress], None] | None
    report: IndexReport = field(default_factory=IndexReport)
    # The contents that this run has a first photo of, and why that one is unreadable if it is.
    seen: set[str] = field(default_factory=set)
    unreadable: dict[str, str] = field(default_factory=dict)
    originals: Originals = field(default_factory=Originals)
    source_id: int = 0
    loading_seconds: float = 0.0
    known_before: int = 0  # photos of this source that will probably be skipped
    work_began: float | None = None  # when the first new photo was met

    def run(self, workers: int, batch_size: int, cancelled: Callable[[], bool]) -> IndexReport:
        model = model_name(self.extractor.reader.embedder.model)
        self.gallery.require_model(model)
        self.report = replace(
            self.report, photos=len(self.source), model=model, runtime=self.extractor.reader.embedder.runtime
        )
        self._begin()
        start = time.perf_counter()
        readers = AbandonableThreads(2, "read")
        processors = ThreadPoolExecutor(workers, "faces", share_processors if workers > 1 else None)
        conveyor = Conveyor(self.source, readers, processors, workers, batch_size, cancelled)
        try:
            for batch in conveyor.settled(self._decide, self.extractor.process):
                self._store(batch, model)
                self._tell(start)
                if cancelled():
                    raise Cancelled("Indexing was cancelled: what was done is kept, and the next run goes on there.")
        finally:
            # Whoever cancels does not wait for batches that nobody stores any more.
            processors.shutdown(wait=False, cancel_futures=True)
            readers.close()
        self._end()
        seconds = time.perf_counter() - start - self.loading_seconds
        rate = self.report.indexed / seconds if self.report.indexed else 0.0
        told = tuple(self.gallery.photos.contradictions(self.source.kind, self.source.location))
        return replace(self.report, seconds=round(seconds, 3), photos_per_second=round(rate, 2), contradictions=told)

    def _begin(self) -> None:
        source, naming = self.source, None
        if isinstance(source, ListedPhotos):
            source.use_earlier_naming(*self.gallery.sources.naming(source.kind, source.location))
            naming = source.naming.stored
        self.source_id = self.gallery.sources.begin(
            source.kind, source.location, source.name, len(source), naming, self.extractor.settings
        )
        settings = (self.extractor.settings, self.extractor.settings.without_score)
        self.known_before = self.gallery.sources.known_with_settings(self.source_id, settings)
        self.report = replace(self.report, people_from=naming or "")

    def _end(self) -> None:
        """Stores what is known of a source only once all of it was seen."""
        source = self.source
        paths = [source[index].path for index in range(len(source))]
        left_out, unseen = (source.left_out, source.unseen) if isinstance(source, ListedPhotos) else (LeftOut(), ())
        self.gallery.photos.forget_lost(source.kind, source.location, paths, unseen)
        missing = self.gallery.sources.mark_missing(self.source_id, paths, unseen)
        self.gallery.sources.end(self.source_id, left_out.files, left_out.examples)
        self.report = replace(self.report, missing=missing, left_out=dict(left_out.files))

    # --- in the calling thread ------------------------------------------------------------------------------------

    def _decide(self, task: Task, wait: Wait) -> Task:
        """Skips what the gallery or this run knows already; `wait` does what may have to be abandoned.

        Of a source's photos of the same content the first one is the original, wherever it was in an earlier run: so
        photos that were renumbered or swapped end as in a new gallery. What lies in another source stays there.
        """
        if task.outcome is not None:
            return task
        if task.sha256 in self.seen:
            return self._duplicate(task)
        known = self.gallery.photos.find(task.sha256)
        if known is not None and not self._is_here(known) and wait(self.originals.hold, known):
            return self._duplicate(task)
        self.seen.add(task.sha256)
        if known is not None:
            self._follow(known, task)
            if self._is_current(known):
                return replace(task, skipped=True, content=b"")
        if not self.loading_seconds:
            self._load()
        return task

    def _is_current(self, known: KnownPhoto) -> bool:
        """Whether doing a known photo anew would give what the gallery holds of it, or what was deleted by hand."""
        if known.lost_a_face:
            return True
        if known.settings == self.extractor.settings.without_score:
            return self.extractor.is_sure(self.gallery.faces.detections_of(known.id))
        return known.settings == self.extractor.settings

    def _is_here(self, known: KnownPhoto) -> bool:
        place = (known.source_kind, known.source_location)
        return place == (self.source.kind, self.source.location) and not known.is_displaced

    def _follow(self, known: KnownPhoto, task: Task) -> None:
        path, person = task.photo.path, task.photo.person
        if not self._is_here(known) or (known.path, known.person) != (path, person):
            self.gallery.photos.move(known, self.source_id, path, person)

    def _duplicate(self, task: Task) -> Task:
        return replace(task, outcome=outcome_of(task, "duplicate", self.extractor.settings), content=b"")

    def _load(self) -> None:
        """Loads the models, so that a failure leaves the gallery as it was and no worker waits for another."""
        start = time.perf_counter()
        try:
            self.extractor.reader.embedder.embed(np.zeros((1, 160, 160, 3), np.uint8))
            self.extractor.reader.detector.detect(np.zeros((240, 320, 3), np.uint8))
        except Exception as error:
            if not is_lack_of_memory(error):
                raise
            raise OutOfMemoryError("There is too little memory to load the models: close other programs.") from error
        self.report = replace(self.report, runtime=self.extractor.reader.embedder.runtime)
        self.gallery.use_model(self.report.model, self.extractor.reader.embedder.model)
        self.work_began = time.perf_counter()
        self.loading_seconds = self.work_began - start

    def _store(self, batch: Sequence[Task], model: str) -> None:
        ended = [self._like_its_original(task.outcome) for task in batch if task.outcome is not None]
        if ended:
            self.gallery.photos.add(self.source_id, ended, model)
        by_status = [photo.status for photo in ended]
        problems = [photo.reason or photo.path for photo in ended if photo.status == "unreadable"]
        self.report = replace(
            self.report,
            indexed=self.report.indexed + by_status.count("indexed") + by_status.count("no_face"),
            no_face=self.report.no_face + by_status.count("no_face"),
            unreadable=self.report.unreadable + by_status.count("unreadable"),
            duplicates=self.report.duplicates + by_status.count("duplicate"),
            faces=self.report.faces + sum(len(photo.faces) for photo in ended),
            out_of_memory=self.report.out_of_memory + sum(task.starved for task in batch),
            skipped=self.report.skipped + sum(task.skipped for task in batch),
            problems=(*self.report.problems, *problems)[:_MOST_PROBLEMS],
        )

    def _like_its_original(self, photo: NewPhoto) -> NewPhoto:
        """A copy of a photo that turned out to be unreadable is unreadable, not a duplicate."""
        name = Path(photo.path).name
        if photo.status == "unreadable" and photo.sha256:
            self.unreadable[photo.sha256] = (photo.reason or "").removeprefix(name)
        elif photo.status == "duplicate" and photo.sha256 in self.unreadable:
            return replace(photo, status="unreadable", reason=name + self.unreadable[photo.sha256])
        return photo

    def _tell(self, start: float) -> None:
        if self.on_progress is None:
            return
        report = self.report
        done = report.indexed + report.skipped + report.duplicates + report.unreadable
        # Known photos take no time: if they counted, a resumed run would seem to end far too soon.
        new, to_skip = done - report.skipped, max(self.known_before - report.skipped, 0)
        if self.work_began is None and self.known_before >= report.photos:
            new, to_skip = done, 0
        seconds = time.perf_counter() - (self.work_began or start)
        rate = new / seconds if new and seconds > 0 else None
        left = max(report.photos - done - to_skip, 0) / rate if rate else None
        self.on_progress(IndexProgress(done, report.photos, rate, left))


def _usual_workers() -> int:
    # One more than the processors: while a worker waits, for the interpreter's lock or for its next batch, another has
    # something to multiply. With as many as processors these are idle for a sixth of the time.
    return (os.cpu_count() or 1) + 1
