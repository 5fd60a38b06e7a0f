"""What is too unsure to be a face takes part in nothing, and is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from facecluster import Gallery, index_photos, open_photos
from facecluster.face_settings import FaceSettings
from facecluster.indexing.run import IndexReport
from facecluster.recognition.probes import Answer, answers_table, read_probe
from facecluster.samples.sample_photos import draw_group
from facecluster.vision.detection import Detection, FaceDetector, Sight
from facecluster.vision.faces import FaceReader, find_faces, unsure_in_words, why_no_face
from tests.fakes import FakeDetector, FakeEmbedder, write_photo

UPRIGHT = np.array([[40, 35], [56, 35], [48, 45], [42, 55], [54, 55]], np.float32)


def face(score: float, landmarks: np.ndarray = UPRIGHT) -> Detection:
    return Detection(np.array([30, 20, 66, 65], np.float32), landmarks, score)


class Scripted(FakeDetector):
    """Finds faces of these scores in every picture, and counts the pictures that it looks at."""

    def __init__(self, *scores: float, min_score: float = 0.9, landmarks: np.ndarray = UPRIGHT) -> None:
        self.faces, self.min_score, self.looks = [face(score, landmarks) for score in scores], min_score, 0

    def look_many(self, images: Sequence[np.ndarray]) -> list[Sight]:
        self.looks += len(images)
        return [Sight(list(self.faces)) for _ in images]


def index(gallery: Gallery, folder: Path, detector: FakeDetector, faces: str = "largest") -> IndexReport:
    models = {"detector": detector, "embedder": FakeEmbedder()}
    return index_photos(gallery, open_photos(folder), faces=faces, **models)  # type: ignore[arg-type]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A folder of one photo."""
    return write_photo(tmp_path / "photos" / "Ann" / "1.png", 1).parents[1]


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery.open(tmp_path / "gallery")


def test_an_unsure_face_is_kept_apart() -> None:
    (photo,) = find_faces(Scripted(0.74, 0.99, 0.9), [np.zeros((80, 96, 3), np.uint8)])  # type: ignore[arg-type]
    assert [found.score for found in photo.faces] == [0.99, 0.9]
    assert [found.score for found in photo.unsure] == [0.74]


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ((), "No face of 40 pixels or more was found."),
        ((0.74,), "No sure face of 40 pixels or more was found, only one unsure face, score 0.74."),
        ((0.8999,), "No sure face of 40 pixels or more was found, only one unsure face, score 0.89."),
        ((0.7, 0.86), "No sure face of 40 pixels or more was found, only 2 unsure faces, the best with score 0.86."),
    ],
)
def test_a_photo_without_a_sure_face_says_what_there_was(
    gallery: Gallery, photo: Path, scores: tuple[float, ...], told: str
) -> None:
    assert why_no_face(40, [face(score) for score in scores]) == told
    report = index(gallery, photo, Scripted(*scores), faces="all")
    assert (report.no_face, report.faces) == (1, 0)
    assert gallery.photos.left_out()["reason"].tolist() == [told]


def test_only_sure_faces_are_enrolled(gallery: Gallery, photo: Path) -> None:
    index(gallery, photo, Scripted(0.74, 0.99, 0.89, 0.95), faces="all")
    assert sorted(gallery.faces().table["detection_score"]) == [0.95, 0.99]


def test_another_least_score_reads_photos_anew(gallery: Gallery, photo: Path) -> None:
    assert index(gallery, photo, Scripted(0.86)).no_face == 1
    assert index(gallery, photo, Scripted(0.86)).skipped == 1
    again = index(gallery, photo, Scripted(0.86, min_score=0.85))
    assert (again.indexed, again.faces, again.skipped) == (1, 1, 0)
    assert index(gallery, photo, Scripted(0.86, min_score=0.85)).skipped == 1


@pytest.mark.parametrize(
    ("found", "done_anew"),
    [
        (Scripted(0.999), False),
        (Scripted(0.999, 0.95), False),
        (Scripted(0.93), True),  # it may look surer in another turn
        (Scripted(0.999, 0.8), True),
        (Scripted(), True),
        (Scripted(0.999, landmarks=UPRIGHT[:, ::-1]), True),
    ],
)
def test_what_was_indexed_before_there_was_a_least_score_is_done_anew_only_where_it_may_matter(
    gallery: Gallery, photo: Path, found: Scripted, done_anew: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facecluster.indexing.extraction import FaceExtractor

    found.min_score = 0.7
    with monkeypatch.context() as before:
        before.setattr(FaceExtractor, "settings", FaceSettings("all", 40, None))
        index(gallery, photo, found, faces="all")
    now = Scripted(*(each.score for each in found.faces))
    assert index(gallery, photo, now, faces="all").indexed == int(done_anew)
    assert (now.looks > 0) is done_anew


def test_a_probes_unsure_faces_are_told(photo: Path) -> None:
    content = (photo / "Ann/1.png").read_bytes()
    probe = read_probe("1.png", content, FaceReader(Scripted(0.74), FakeEmbedder()))  # type: ignore[arg-type]
    assert probe.detections == ()
    assert unsure_in_words(probe.unsure) == "one unsure face, score 0.74"
    assert answers_table([Answer(probe, ())])["note"].tolist() == ["no face found, only one unsure face, score 0.74"]


def test_the_detector_answers_from_its_least_score_on() -> None:
    group = np.asarray(draw_group(range(6), seed=3))
    scores = sorted(found.score for found in FaceDetector(min_score=0.7).detect(group))
    between = (scores[1] + scores[2]) / 2
    assert sorted(found.score for found in FaceDetector(min_score=between).detect(group)) == scores[2:]


@pytest.mark.parametrize("score", [0.69, 1.0, -1.0, float("nan")])
def test_a_least_score_out_of_range_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match=r"^min_score must be from 0\.7 to below 1, got "):
        FaceDetector(min_score=score)
