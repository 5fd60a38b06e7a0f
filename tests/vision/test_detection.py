"""The detector finds what facenet-pytorch's MTCNN finds, on photos of every kind, in any batch and from any thread."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from facenet_pytorch import MTCNN
from PIL import Image

from facecluster.errors import RuntimeChoiceError
from facecluster.samples.sample_photos import draw_group, draw_portrait
from facecluster.vision.detection import Detection, FaceDetector
from facecluster.vision.main_face import main_face
from facecluster.vision.mtcnn import network_crops
from facecluster.vision.mtcnn.boxes import shares_beyond
from tests.runtimes import WORKING

# Where a level has an odd side, P-Net's last windows see half a pooling cell on facenet-pytorch's own picture, and a
# repeated pixel on a canvas; that moves few boxes. bfloat16 and half precision move boxes by fractions of a pixel.
SAME_FACE = 0.7  # intersection over union


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    """With all that facenet-pytorch takes for a face."""
    return FaceDetector(40, min_score=0.7)


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    """Ten drawn photos of different sizes; most have one face, the last two have several."""
    portraits = [draw_portrait(person, person + 1) for person in range(8)]
    sized = [image.resize((180 + 40 * i, 220 + 45 * i)) for i, image in enumerate(portraits)]
    groups = [draw_group(range(4)), draw_group(range(4, 11), seed=1)]
    return [np.asarray(image.convert("RGB")) for image in sized + groups]


def overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of (n, 4) and (m, 4) boxes: (n, m)."""
    corner = np.maximum(first[:, None, :2], second[None, :, :2])
    sides = np.clip(np.minimum(first[:, None, 2:], second[None, :, 2:]) - corner, 0, None)
    shared = sides.prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    return shared / (areas[0][:, None] + areas[1][None] - shared)


def boxes_of(faces: Sequence[Detection]) -> np.ndarray:
    return np.array([face.box for face in faces]).reshape(-1, 4)


def face(*box: float, score: float = 1.0) -> Detection:
    return Detection(np.array(box, np.float32), np.zeros((5, 2), np.float32), score)


class Reference:
    """facenet-pytorch's MTCNN itself: boxes (n, 4), landmarks (n, 5, 2) and scores (n,) of a photo, largest first."""

    def __init__(self, min_face_size: int) -> None:
        self.mtcnn = MTCNN(min_face_size=min_face_size)

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        boxes, scores, landmarks = self.mtcnn.detect(Image.fromarray(image), landmarks=True)
        if boxes is None:
            return np.empty((0, 4)), np.empty((0, 5, 2)), np.empty(0)
        return np.asarray(boxes, float), np.asarray(landmarks, float), np.asarray(scores, float)


def assert_found_alike(detector: FaceDetector, images: Sequence[np.ndarray]) -> None:
    """At least 99 % of the reference's sure faces are found, all main faces, and at most 1 % others."""
    reference = Reference(detector.min_face_size)
    sure, found, extra, ours, main_lost = 0, 0, 0, 0, 0
    for image, faces in zip(images, detector.detect_many(images), strict=True):
        boxes, landmarks, scores = reference(image)
        shared = overlaps(boxes, boxes_of(faces)) >= SAME_FACE
        sure += int((scores >= 0.95).sum())
        found += int(shared[scores >= 0.95].any(axis=1).sum())
        ours += len(faces)
        # Near the edge, more is found: test_cut_faces.py.
        inside = shares_beyond(boxes_of(faces), *image.shape[:2]) < -0.2
        extra += int((~shared.any(axis=0) & inside).sum())
        main = main_face([face(*box) for box in boxes], image.shape[1::-1])
        main_lost += int(main is not None and not shared[main].any())
        for place, points in zip(shared, landmarks, strict=True):
            for mine in (faces[i] for i in np.flatnonzero(place)):
                assert np.abs(mine.landmarks - points).max() < 0.15 * (mine.box[2] - mine.box[0])
    assert sure > 5
    assert found >= 0.99 * sure
    assert extra <= 0.01 * ours
    assert main_lost == 0


@pytest.mark.parametrize("min_face_size", [20, 40])
def test_photos_of_real_people_have_the_faces_that_facenet_pytorch_finds(celebrities: Path, min_face_size: int) -> None:
    photos = sorted(celebrities.glob("*/*"))[:: 680 // (min_face_size - 5)]  # the smaller the face, the slower theirs
    images = [np.asarray(Image.open(photo).convert("RGB")) for photo in photos]
    assert_found_alike(FaceDetector(min_face_size, min_score=0.7), images)


def test_drawn_people_have_the_faces_that_facenet_pytorch_finds(
    detector: FaceDetector, drawn: list[np.ndarray]
) -> None:
    assert_found_alike(detector, drawn)


def test_in_float32_boxes_scores_and_landmarks_are_those_of_facenet_pytorch(drawn: list[np.ndarray]) -> None:
    detector, reference = FaceDetector(20, runtime="eager", min_score=0.7), Reference(20)
    for image in drawn[:5]:
        boxes, landmarks, scores = reference(image)
        faces = detector.detect(image)
        np.testing.assert_allclose(boxes_of(faces), boxes, atol=0.05)
        np.testing.assert_allclose([face.landmarks for face in faces], landmarks, atol=0.05)
        np.testing.assert_allclose([face.score for face in faces], scores, atol=1e-3)


def test_a_photo_that_fills_many_canvases_has_every_face_in_its_place(
    detector: FaceDetector, drawn: list[np.ndarray]
) -> None:
    wall = np.full((1700, 2600, 3), 170, np.uint8)
    places = [(40, 60), (700, 1200), (1150, 2150), (1100, 333)]
    for (top, left), portrait in zip(places, drawn, strict=False):
        wall[top : top + portrait.shape[0], left : left + portrait.shape[1]] = portrait
    alone = [
        face.box + np.tile([left, top], 2)
        for (top, left), portrait in zip(places, drawn, strict=False)
        for face in detector.detect(portrait)
    ]
    assert len(alone) >= 4
    assert (overlaps(np.array(alone), boxes_of(detector.detect(wall))).max(axis=1) > 0.85).all()


def test_a_photo_of_more_than_24_megapixels_is_shrunk_and_boxes_fit_the_original(
    detector: FaceDetector, drawn: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.asarray(Image.fromarray(drawn[3]).resize((903, 1101)))
    expected = detector.detect(image)
    monkeypatch.setattr(network_crops, "_MOST_PIXELS", 300_000)
    shrunk = detector.detect(image)
    assert len(shrunk) == len(expected) == 1
    assert overlaps(boxes_of(shrunk), boxes_of(expected))[0, 0] > 0.85
    assert np.abs(shrunk[0].landmarks - expected[0].landmarks).max() < 12


# --- photos of every kind ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (10, 300), (300, 10), (39, 39), (40, 40), (41, 3000), (12, 12), (100, 101)]
)
@pytest.mark.parametrize("min_face_size", [12, 40])
def test_a_photo_without_a_face_gives_an_empty_list(height: int, width: int, min_face_size: int) -> None:
    detector = FaceDetector(min_face_size)
    assert detector.detect(np.full((height, width, 3), 90, np.uint8)) == []


def test_noise_and_extremes_are_no_trouble(detector: FaceDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 260, 3), dtype=np.uint8)
    stripes = np.zeros((200, 260, 3), np.uint8)
    stripes[::4] = 255
    for faces in detector.detect_many([noise, stripes, np.zeros_like(noise), np.full_like(noise, 255)]):
        assert all(0.7 < face.score <= 1 for face in faces)


def test_a_face_cut_off_by_the_edge_is_found_and_its_box_may_leave_the_photo(
    detector: FaceDetector, drawn: list[np.ndarray]
) -> None:
    portrait = drawn[4]
    (whole,) = detector.detect(portrait)
    left = int(whole.box[0] + 0.25 * (whole.box[2] - whole.box[0]))
    cut = np.ascontiguousarray(portrait[:, left:])
    boxes = Reference(40)(cut)[0]
    assert len(detector.detect(cut)) == len(boxes)
    if len(boxes):
        assert overlaps(boxes_of(detector.detect(cut)), boxes)[0, 0] > 0.9


def test_faces_come_largest_first_with_box_landmarks_and_score(detector: FaceDetector, drawn: list[np.ndarray]) -> None:
    faces = detector.detect(drawn[-1])
    areas = [float((face.box[2] - face.box[0]) * (face.box[3] - face.box[1])) for face in faces]
    assert len(faces) >= 5
    assert areas == sorted(areas, reverse=True)
    for face in faces:
        assert (face.box.shape, face.box.dtype) == ((4,), np.float32)
        assert (face.landmarks.shape, face.landmarks.dtype) == ((5, 2), np.float32)
        eyes, nose, mouth = face.landmarks[:2], face.landmarks[2], face.landmarks[3:]
        assert eyes[0, 0] < nose[0] < eyes[1, 0]
        assert eyes[:, 1].mean() < nose[1] < mouth[:, 1].mean()
        assert ((face.landmarks > face.box[:2]) & (face.landmarks < face.box[2:])).all()


def test_rows_may_lie_apart_in_memory(detector: FaceDetector, drawn: list[np.ndarray]) -> None:
    mirrored = drawn[2][:, ::-1]
    expected = boxes_of(detector.detect(np.ascontiguousarray(mirrored)))
    np.testing.assert_array_equal(boxes_of(detector.detect(mirrored)), expected)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((5, 5), np.uint8),
        np.zeros((5, 5, 4), np.uint8),
        np.zeros((5, 5, 3), np.float32),
        np.zeros((0, 5, 3), np.uint8),
    ],
)
def test_what_is_no_rgb_photo_is_refused(detector: FaceDetector, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"^image must be \(height, width, 3\) uint8, got \("):
        detector.detect(image)


@pytest.mark.parametrize("size", [11, 0, -40, float("nan")])
def test_a_smallest_face_below_the_networks_window_is_refused(size: float) -> None:
    with pytest.raises(ValueError, match=r"^min_face_size must be at least 12 pixels, got "):
        FaceDetector(size)  # type: ignore[arg-type]


def test_only_faces_of_about_the_smallest_size_and_more_are_looked_for(drawn: list[np.ndarray]) -> None:
    wall = np.full((300, 300, 3), 200, np.uint8)
    wall[100:189, 100:175] = np.asarray(Image.fromarray(drawn[3]).resize((75, 89)))  # its face is about 30 px
    assert FaceDetector(90).detect(wall) == []
    (found,) = FaceDetector(20).detect(wall)
    assert 20 < found.box[2] - found.box[0] < 45


# --- batches, threads, runtimes ------------------------------------------------------------------------------------


def assert_same(first: list[list[Detection]], second: list[list[Detection]], tolerance: float = 0.05) -> None:
    assert [len(faces) for faces in first] == [len(faces) for faces in second]
    for mine, yours in zip(first, second, strict=True):
        np.testing.assert_allclose(boxes_of(mine), boxes_of(yours), atol=tolerance)


def exact(detector: FaceDetector) -> float:
    return 0.05 if detector.runtime in ("eager", "openvino-f32", "mps") else 3.0


def test_many_photos_at_once_have_the_faces_of_each_alone(
    detector: FaceDetector, drawn: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = [detector.detect(image) for image in drawn]
    assert_same(detector.detect_many(drawn), alone, exact(detector))
    assert_same(detector.detect_many(drawn[::-1])[::-1], alone, exact(detector))
    assert detector.detect_many([]) == []
    monkeypatch.setattr(network_crops, "HUGE_PIXELS", 150_000)
    assert_same(detector.detect_many(drawn), alone, exact(detector))


def test_several_threads_share_a_detector(drawn: list[np.ndarray]) -> None:
    shared = FaceDetector(40)
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(shared.detect, drawn * 3))
    assert_same(together, [shared.detect(image) for image in drawn] * 3, exact(shared))


def test_the_runtime_does_not_change_what_is_found(drawn: list[np.ndarray]) -> None:
    eager, usual = FaceDetector(40, runtime="eager"), FaceDetector(40)
    assert eager.runtime == "eager"
    assert_same(eager.detect_many(drawn), usual.detect_many(drawn), exact(usual))


@pytest.mark.parametrize("runtime", [name for name in WORKING if name.startswith("openvino")])
def test_no_precision_of_openvino_moves_a_box(drawn: list[np.ndarray], runtime: str) -> None:
    detector = FaceDetector(40, runtime=runtime)
    assert detector.runtime == "openvino-f32"
    assert_same(FaceDetector(40, runtime="eager").detect_many(drawn[:6]), detector.detect_many(drawn[:6]))
    assert detector.runtime == "openvino-f32"


def test_a_wrong_runtime_is_told_when_the_detector_is_used() -> None:
    detector = FaceDetector(40, runtime="steam")  # constructing loads nothing, so it finds out nothing
    with pytest.raises(RuntimeChoiceError, match="'steam' is not known"):
        detector.detect(np.zeros((60, 60, 3), np.uint8))
    with pytest.raises(RuntimeChoiceError, match="'steam' is not known"):
        _ = detector.runtime
