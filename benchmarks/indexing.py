"""The plain loop and facecluster on the same photos, in turn in one process, stage by stage and end to end."""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.parity import compare_boxes
from benchmarks.plain import PlainLoop, PlainRun
from benchmarks.some_photos import SomePhotos
from facecluster import (
    FaceClusterer,
    FaceDetector,
    FaceEmbedder,
    Gallery,
    crop_face,
    index_photos,
    load_image,
    open_photos,
)
from facecluster.evaluation.clustering_scores import evaluate_clustering

PLAIN_SMALLEST = 20  # facenet-pytorch's default
SIZES = (20, 40)  # 40 is facecluster's default


def measure_indexing(folder: Path, rounds: int, limit: int | None) -> dict[str, Any]:
    """Medians over `rounds`; in each, the plain loop and our runs follow each other on the same photos."""
    source = open_photos(folder)
    some = SomePhotos(source, limit)
    photos = [some[index].read() for index in range(len(some))]
    plain_loops = {size: PlainLoop(size) for size in SIZES}
    detectors = {size: FaceDetector(size) for size in SIZES}
    embedder = FaceEmbedder()
    for size in SIZES:
        _index(folder, detectors[size], embedder, limit=40)
    plain_runs: dict[int, list[PlainRun]] = {size: [] for size in SIZES}
    stage_runs: dict[int, list[dict[str, float]]] = {size: [] for size in SIZES}
    seconds: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(rounds):
        for size in SIZES:
            plain_runs[size].append(plain_loops[size].run(photos))
            stage_runs[size].append(_stages(photos, detectors[size], embedder))
            seconds[size].append(_index(folder, detectors[size], embedder, limit))
    return {
        "photos": len(photos),
        "runtime": embedder.runtime,
        "rounds": rounds,
        "smallest_face": {
            str(size): _figures(size, photos, plain_runs, stage_runs[size], seconds[size], detectors[size])
            for size in SIZES
        },
        "embedding": _embedding_parity(plain_runs[PLAIN_SMALLEST][0], embedder),
        "accuracy": {str(size): _accuracy(folder, detectors[size], embedder, limit) for size in SIZES},
    }


def _index(folder: Path, detector: FaceDetector, embedder: FaceEmbedder, limit: int | None) -> float:
    """Seconds of a whole run into a cold gallery, models loaded."""
    with tempfile.TemporaryDirectory() as home:
        gallery = Gallery.open(home)
        start = time.perf_counter()
        index_photos(gallery, SomePhotos(open_photos(folder), limit), detector=detector, embedder=embedder)
        taken = time.perf_counter() - start
        gallery.close()
    return taken


def _stages(photos: Sequence[bytes], detector: FaceDetector, embedder: FaceEmbedder) -> dict[str, float]:
    """Seconds of each of our stages, one after the other and without overlap, in batches of 16 photos."""
    taken = dict.fromkeys(("decode", "detect", "crop", "embed"), 0.0)
    for begin in range(0, len(photos), 16):
        marks = [time.perf_counter()]
        images = [load_image(content) for content in photos[begin : begin + 16]]
        marks.append(time.perf_counter())
        found = detector.detect_many(images)
        marks.append(time.perf_counter())
        crops = [crop_face(image, faces[0].box) for image, faces in zip(images, found, strict=True) if faces]
        marks.append(time.perf_counter())
        if crops:
            embedder.embed(np.stack(crops))
        marks.append(time.perf_counter())
        for stage, start, end in zip(taken, marks[:-1], marks[1:], strict=True):
            taken[stage] += end - start
    return taken


def _figures(
    size: int,
    photos: Sequence[bytes],
    plain_runs: dict[int, list[PlainRun]],
    stages: list[dict[str, float]],
    seconds: list[float],
    detector: FaceDetector,
) -> dict[str, Any]:
    def milliseconds(values: Sequence[float]) -> float:
        return round(statistics.median(values) / len(photos) * 1000, 2)

    plain = {stage: milliseconds([run.seconds[stage] for run in plain_runs[size]]) for stage in stages[0]}
    ours = {stage: milliseconds([run[stage] for run in stages]) for stage in stages[0]}
    default = [run.total for run in plain_runs[PLAIN_SMALLEST]]
    found = detector.detect_many([load_image(content) for content in photos])
    our_boxes = [
        (np.stack([face.box for face in faces]), np.array([face.score for face in faces]))
        if faces
        else (np.zeros((0, 4)), np.zeros(0))
        for faces in found
    ]
    first = plain_runs[size][0]
    return {
        "plain_ms": plain,
        "ours_ms": ours,
        "ratio": {stage: round(plain[stage] / max(ours[stage], 1e-9), 2) for stage in plain},
        "plain_total_ms": milliseconds([run.total for run in plain_runs[size]]),
        "ours_end_to_end_ms": milliseconds(seconds),
        "ours_photos_per_second": round(len(photos) / statistics.median(seconds), 1),
        "end_to_end_ratio": round(statistics.median(a / b for a, b in zip(default, seconds, strict=True)), 2),
        "parity": compare_boxes(list(zip(first.boxes, first.scores, strict=True)), our_boxes).as_dict(),
    }


def _embedding_parity(plain: PlainRun, embedder: FaceEmbedder) -> dict[str, float]:
    """Cosines between f32 eager and ours on the very same crops."""
    pairs = [(c, e) for c, e in zip(plain.crops, plain.embeddings, strict=True) if c is not None and e is not None]
    ours = embedder.embed(np.stack([crop for crop, _ in pairs]).clip(0, 255).astype(np.uint8))
    cosines = (ours * np.stack([embedding for _, embedding in pairs])).sum(axis=1)
    return {
        "faces": len(pairs),
        "smallest_cosine": round(float(cosines.min()), 6),
        "median": round(float(np.median(cosines)), 6),
    }


def _accuracy(folder: Path, detector: FaceDetector, embedder: FaceEmbedder, limit: int | None) -> dict[str, float]:
    """Of clusters as many as people, made of our faces."""
    with tempfile.TemporaryDirectory() as home:
        gallery = Gallery.open(home)
        index_photos(gallery, SomePhotos(open_photos(folder), limit), detector=detector, embedder=embedder)
        faces = gallery.faces()
        people = int(faces.table["person"].nunique())
        if people < 2:
            return {}
        labels = FaceClusterer(people, random_state=0).fit(faces.embeddings).labels_
        return {"faces": len(faces), "people": people, "accuracy": evaluate_clustering(labels, faces.persons).accuracy}


def measure_memory(folder: Path, times: int = 10) -> dict[str, float]:
    """Peak resident memory in MB of `index` as a process, on the photos and on `times` as many under changed pixels."""
    with tempfile.TemporaryDirectory() as scratch:
        many = Path(scratch) / "many"
        copies = _multiply(folder, many, times)
        return {
            "once_photos": copies // times,
            "once_mb": _peak_of_index(folder, Path(scratch) / "a"),
            "many_photos": copies,
            "many_mb": _peak_of_index(many, Path(scratch) / "b"),
        }


def _multiply(folder: Path, target: Path, times: int) -> int:
    # A comment at a JPEG's end changes its content and none of its pixels: for the gallery, another photo.
    written = 0
    for photo in sorted(path for path in folder.rglob("*") if path.is_file()):
        for number in range(times):
            place = target / photo.parent.name / f"{photo.stem}-{number}{photo.suffix}"
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(photo, place)
            with place.open("ab") as file:
                file.write(f"copy {number}".encode())
            written += 1
    return written


def _peak_of_index(folder: Path, gallery: Path) -> float:
    code = (
        "import resource, sys; from facecluster.cli.main import main; "
        f"status = main(['index', {str(folder)!r}, '--gallery', {str(gallery)!r}]); "
        "print('PEAK', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(status)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return round(int(ran.stdout.rsplit("PEAK", 1)[1]) / 1024, 1)


def own_peak_mb() -> float:
    """Peak resident memory of this process in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
