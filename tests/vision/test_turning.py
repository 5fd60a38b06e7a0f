"""Photos that lie on their side or head are found out by their faces, and no upright one is turned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from facecluster.indexing.extraction import FaceExtractor, Task
from facecluster.photos.images import ImageSource, load_image
from facecluster.photos.sources import PhotoFile
from facecluster.recognition.pairing import compare_faces, main_probe_face
from facecluster.recognition.probes import read_probe
from facecluster.recognition.verification import PairErrors
from facecluster.samples.sample_photos import draw_group, draw_portrait
from facecluster.vision.detection import Detection, FaceDetector, Sight
from facecluster.vision.embedding import FaceEmbedder
from facecluster.vision.faces import FaceReader, find_faces
from facecluster.vision.turning import TURNS, looks_upright, tilt, turned, upright_turn
from tests.people import draw_people
from tests.pictures import ORIENTATION, encoded

UPRIGHT = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32)


def drawn(person: int, turn: int = 0) -> np.ndarray:
    return turned(np.asarray(draw_portrait(person, person + 1)), turn)


def seen(score: float, landmarks: np.ndarray = UPRIGHT, may_lie: bool = False) -> Sight:
    return Sight([Detection(np.array([20, 20, 80, 100], np.float32), landmarks, score)], may_lie)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


class CountingDetector(FaceDetector):
    looks = 0

    def look_many(self, images: Sequence[ImageSource]) -> list[Sight]:
        self.looks += len(images)
        return super().look_many(images)


@pytest.mark.parametrize(("turn", "orientation"), [(0, 1), (1, 6), (2, 3), (3, 8)])
def test_a_turn_is_the_one_that_exif_would_ask_for(turn: int, orientation: int) -> None:
    image = Image.fromarray(np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3))
    image.getexif()[ORIENTATION] = orientation
    np.testing.assert_array_equal(turned(np.asarray(image), turn), np.asarray(ImageOps.exif_transpose(image)))


@pytest.mark.parametrize("lies", [1, 2, 3])
def test_a_photo_on_its_side_or_head_gives_the_faces_of_the_upright_one(detector: FaceDetector, lies: int) -> None:
    upright = find_faces(detector, [drawn(person) for person in range(6)])
    found = find_faces(detector, [drawn(person, lies) for person in range(6)])
    for person, (one, other) in enumerate(zip(upright, found, strict=True)):
        assert (one.turn, other.turn) == (0, (4 - lies) % 4), f"person {person}"
        np.testing.assert_array_equal(other.image, one.image)
        assert other.size == one.size
        np.testing.assert_allclose([face.box for face in other.faces], [face.box for face in one.faces], atol=0.1)


def test_a_turned_group_photo_is_turned_as_a_whole(detector: FaceDetector) -> None:
    group = np.asarray(draw_group(range(4)))
    (one, other) = find_faces(detector, [group, turned(group, 1)])
    assert (one.turn, other.turn) == (0, 3)
    assert len(other.faces) == len(one.faces) >= 4


def test_upright_photos_are_looked_at_once_and_stay() -> None:
    detector = CountingDetector()
    found = find_faces(detector, [drawn(person) for person in range(10)])
    assert [photo.turn for photo in found] == [0] * 10
    assert detector.looks == 10


def test_no_upright_photo_of_a_real_person_is_turned_and_a_turned_one_is_righted(celebrities: Path) -> None:
    photos = [load_image(path) for path in sorted(celebrities.glob("*/*"))[::17]]
    detector = CountingDetector()
    assert [photo.turn for photo in find_faces(detector, photos)] == [0] * len(photos)
    assert detector.looks <= 1.1 * len(photos)
    for lies in (1, 2, 3):
        found = find_faces(detector, [turned(photo, lies) for photo in photos])
        righted = sum(photo.turn == (4 - lies) % 4 for photo in found)
        assert righted >= 0.95 * len(photos)


def test_a_photo_without_a_face_stays_as_it_is(detector: FaceDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 200, 3), dtype=np.uint8)
    (found,) = find_faces(detector, [noise])
    assert (found.turn, found.faces, found.main) == (0, (), None)
    np.testing.assert_array_equal(found.image, noise)


# --- the decision ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("degrees", [0, 20, 90, 135, 180])
def test_a_face_leans_by_the_angle_it_was_turned_by(degrees: float) -> None:
    angle = np.radians(degrees)
    around = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    assert tilt(UPRIGHT @ around) == pytest.approx(degrees, abs=0.01)
    assert tilt(UPRIGHT @ around.T) == pytest.approx(degrees, abs=0.01)


def test_eyes_out_of_level_or_below_the_mouth_are_not_upright() -> None:
    crossed = UPRIGHT.copy()
    crossed[1] = [35, 75]  # the right eye below the left one
    upside_down = UPRIGHT[::-1]
    assert tilt(np.zeros((5, 2), np.float32)) == 0
    assert looks_upright(seen(0.99))
    assert not looks_upright(seen(0.99, crossed))
    assert not looks_upright(seen(0.99, upside_down))
    assert not looks_upright(seen(0.9))
    assert not looks_upright(seen(0.99, may_lie=True))
    assert not looks_upright(Sight([]))


def test_the_turn_with_the_surest_upright_face_wins_and_unsure_ones_turn_nothing() -> None:
    lying = UPRIGHT[:, ::-1]
    assert upright_turn([seen(0.9), seen(0.99), seen(0.999), seen(0.7)]) == 2
    assert upright_turn([seen(0.999), seen(0.99), seen(0.99), seen(0.99)]) == 0
    assert upright_turn([seen(0.9), seen(0.97), Sight([]), seen(0.97)]) == 0, "an unsure face in another turn"
    assert upright_turn([seen(0.999, lying), seen(0.99), Sight([]), seen(0.9)]) == 1, "a lying face is no upright one"
    assert upright_turn([Sight([])] * 4) == 0


# --- where it arrives ------------------------------------------------------------------------------------------------


def test_an_indexed_photo_keeps_its_turn_and_measures_in_upright_pixels(detector: FaceDetector) -> None:
    extractor = FaceExtractor(FaceReader(detector, FaceEmbedder()), "largest")
    tasks = []
    for turn in TURNS:
        content = encoded(Image.fromarray(drawn(3, turn)), "PNG")
        tasks.append(Task(PhotoFile(f"{turn}.png", "Ann", lambda: b""), content, str(turn)))
    photos = [task.outcome for task in extractor.process(tasks)]
    assert [photo.turn for photo in photos if photo] == [0, 3, 2, 1]
    for photo in photos:
        assert photo is not None
        assert (photo.width, photo.height) == (400, 480)
        assert float(photo.faces[0].embedding @ photos[0].faces[0].embedding) > 0.999  # type: ignore[union-attr]
        np.testing.assert_allclose(photo.faces[0].box, photos[0].faces[0].box, atol=0.1)  # type: ignore[union-attr]


def test_a_probe_is_shown_upright(detector: FaceDetector) -> None:
    content = encoded(Image.fromarray(drawn(5, 1)), "PNG")
    probe = read_probe("scan.png", content, FaceReader(detector, FaceEmbedder()))
    assert probe.turn == 3
    assert probe.picture is not None
    assert np.abs(load_image(probe.picture).astype(int) - drawn(5)).mean() < 3
    assert len(probe.detections) == 1


def test_photos_are_verified_whichever_way_they_lie(detector: FaceDetector) -> None:
    embeddings, people = draw_people(4, 6)
    pairs = PairErrors("person").fit(embeddings, people)
    reader = FaceReader(detector, FaceEmbedder())
    probes = [read_probe("1.png", encoded(Image.fromarray(drawn(2, turn)), "PNG"), reader) for turn in (0, 3)]
    assert [probe.turn for probe in probes] == [0, 1]
    one, other = map(main_probe_face, probes)
    assert one is not None
    assert other is not None
    assert compare_faces(one, other, pairs, 0.01).similarity > 0.999
