"""What the benchmarks of detection count is what they say, on a few drawn people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.cut_faces import SIDES, cut, measure_cut_faces
from benchmarks.turned import measure_turns
from facecluster.photos.images import ImageSource, load_image
from facecluster.samples.sample_photos import draw_portrait
from facecluster.vision import faces
from facecluster.vision.detection import Detection, FaceDetector, Sight
from facecluster.vision.embedding import FaceEmbedder

from .fakes import FakeEmbedder

TURNS = ("0°", "90°", "180°", "270°")


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def embedder() -> FaceEmbedder:
    return FakeEmbedder()  # type: ignore[return-value]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Portraits of two people; in the first one's folder also one of the other, and a picture of nobody."""
    folder = tmp_path_factory.mktemp("benchmarks") / "people"
    nobody = np.random.default_rng(0).integers(0, 256, (120, 200, 3), dtype=np.uint8)
    shown = {
        "Ann": [draw_portrait(0, 1), draw_portrait(0, 2), draw_portrait(1, 2), Image.fromarray(nobody)],
        "Bob": [draw_portrait(1, 1)],
    }
    for person, portraits in shown.items():
        (folder / person).mkdir(parents=True)
        for number, portrait in enumerate(portraits):
            portrait.save(folder / person / f"{number}.png")
    return folder


def test_photos_in_every_turn_are_counted_by_whose_face_they_give(
    people: Path, detector: FaceDetector, embedder: FaceEmbedder
) -> None:
    counted = {"photos": 5, "right person": 3, "wrong person": 1, "no face": 1}
    rows = [{"turned by": turn, **counted, "not upright": int(turn != "0°")} for turn in TURNS]
    assert measure_turns(people, None, detector, embedder) == rows, "only the picture of nobody is not turned back"


def test_photos_that_are_not_turned_back_are_told_and_make_no_centers(
    people: Path, detector: FaceDetector, embedder: FaceEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = detector.look_many

    def look_at_tall_ones(images: Sequence[ImageSource]) -> list[Sight]:
        tall = [height > width for height, width, _ in (load_image(image).shape for image in images)]
        return [sight if kept else Sight([]) for sight, kept in zip(look(images), tall, strict=True)]

    monkeypatch.setattr(detector, "look_many", look_at_tall_ones)
    monkeypatch.setattr(faces, "looks_upright", lambda _: True)
    upright, *lying = measure_turns(people, None, detector, embedder)
    assert [upright[column] for column in ("right person", "wrong person", "no face", "not upright")] == [3, 1, 1, 0]
    assert [row["not upright"] for row in lying] == [5, 5, 5]
    assert [lying[0]["no face"], lying[2]["no face"]] == [5, 5]


def test_photos_of_nobody_named_give_no_figures(people: Path) -> None:
    assert measure_turns(people / "Bob") == []


@pytest.mark.parametrize(
    ("side", "size", "rest"),
    [
        ("left", (64, 80), (0, 10, 24, 60)),
        ("right", (44, 80), (20, 10, 44, 60)),
        ("top", (100, 50), (20, 0, 60, 30)),
        ("bottom", (100, 40), (20, 10, 60, 40)),
    ],
)
def test_the_frame_takes_its_share_of_the_face(side: str, size: tuple[int, int], rest: tuple[int, ...]) -> None:
    image = np.zeros((80, 100, 3), np.uint8)
    image[10:60, 20:60] = 255
    picture, left_over = cut(image, np.array([20, 10, 60, 60], np.float32), 0.4, side)
    assert picture.shape == (size[1], size[0], 3)
    np.testing.assert_array_equal(left_over, rest)
    x1, y1, x2, y2 = rest
    assert picture[y1:y2, x1:x2].all()
    assert picture.any(axis=2).sum() == (x2 - x1) * (y2 - y1)


def test_faces_are_counted_that_are_found_though_cut_and_photos_of_nobody_left_out(
    people: Path, detector: FaceDetector
) -> None:
    rows = measure_cut_faces(people, None, detector)
    assert [(row["taken"], row["photos"]) for row in rows] == [("10%", 4), ("20%", 4), ("30%", 4), ("40%", 4)]
    found = [np.mean([row[side] for side in SIDES]) for row in rows]
    assert found[0] == 100
    assert found[0] > found[3] > 0, "less is found of faces that are cut by more"


def nothing(width: int, height: int) -> list[tuple[float, ...]]:
    return []


def elsewhere(width: int, height: int) -> list[tuple[float, ...]]:
    return [(0, 0, width / 8, height / 8)]


def there_too(width: int, height: int) -> list[tuple[float, ...]]:
    return [*elsewhere(width, height), (-width, -height, 2 * width, 2 * height)]


@pytest.mark.parametrize(("answer", "share"), [(nothing, 0), (elsewhere, 0), (there_too, 100)])
def test_a_cut_face_is_found_only_where_it_is(
    answer: Callable[[int, int], list[tuple[float, ...]]],
    share: float,
    detector: FaceDetector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    portrait = draw_portrait(1, 0)
    (tmp_path / "Ann").mkdir()
    portrait.crop(tuple(detector.detect(portrait)[0].box.round())).save(tmp_path / "Ann" / "face.png")

    def boxes_as_told(images: Sequence[ImageSource]) -> list[list[Detection]]:
        told = [answer(*load_image(image).shape[1::-1]) for image in images]
        return [[Detection(np.array(box, np.float32), np.zeros((5, 2)), 1.0) for box in boxes] for boxes in told]

    monkeypatch.setattr(detector, "detect_many", boxes_as_told)
    (first, *_) = measure_cut_faces(tmp_path, None, detector)
    assert first == {"taken": "10%", "photos": 1, **dict.fromkeys(SIDES, share)}
