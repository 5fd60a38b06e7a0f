"""What the benchmarks of detection count is what they say, on a few drawn people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.cut_faces import SIDES, cut, measure_cut_faces
from benchmarks.turned import measure_turns
from facecluster import photo_faces
from facecluster.detection import Detection, FaceDetector
from facecluster.embedding import FaceEmbedder
from facecluster.images import ImageSource, load_image
from facecluster.samples import draw_portrait

TURNS = ("0°", "90°", "180°", "270°")


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def embedder() -> FaceEmbedder:
    return FaceEmbedder()


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people of two portraits; in the first one's folder a portrait of the other too, and a picture of nobody."""
    folder = tmp_path_factory.mktemp("benchmarks") / "people"
    nobody = np.random.default_rng(0).integers(0, 256, (120, 200, 3), dtype=np.uint8)
    shown = {
        "Ann": [draw_portrait(0, 1), draw_portrait(0, 2), draw_portrait(1, 2), Image.fromarray(nobody)],
        "Bob": [draw_portrait(1, 0), draw_portrait(1, 1)],
    }
    for person, portraits in shown.items():
        (folder / person).mkdir(parents=True)
        for number, portrait in enumerate(portraits):
            portrait.save(folder / person / f"{number}.png")
    return folder


def test_photos_in_every_turn_are_counted_by_whose_face_they_give(
    people: Path, detector: FaceDetector, embedder: FaceEmbedder
) -> None:
    counted = {"photos": 6, "right person": 4, "wrong person": 1, "no face": 1}
    rows = [{"turned by": turn, **counted, "not upright": int(turn != "0°")} for turn in TURNS]
    assert measure_turns(people, None, detector, embedder) == rows, "only the picture of nobody is not turned back"


def test_photos_that_are_not_turned_back_are_told(
    people: Path, detector: FaceDetector, embedder: FaceEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_faces, "looks_upright", lambda _: True)
    rows = measure_turns(people, None, detector, embedder)
    assert [row["not upright"] for row in rows] == [0, 6, 6, 6]
    assert rows[0]["no face"] == 1
    assert all(row["no face"] > 1 for row in rows[1:])
    assert all(row["right person"] + row["wrong person"] + row["no face"] == 6 for row in rows)


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
    assert [(row["taken"], row["photos"]) for row in rows] == [("10%", 5), ("20%", 5), ("30%", 5), ("40%", 5)]
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
