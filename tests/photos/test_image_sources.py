"""What counts as a photo: paths, bytes, files, Pillow images and arrays, wherever a photo is asked for."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from facecluster import FaceDetector, Gallery, Identifier, crop_face, load_image
from facecluster.errors import PhotoError
from facecluster.samples.sample_photos import draw_portrait
from facecluster.vision.detection import Sight
from tests.pictures import HEIGHT, ORIENTATION, UPRIGHT, WIDTH, assert_fields, assert_refused, encoded, picture

TURNED = 6  # stored lying on its side, as phones do
BOX = np.array([110, 110, 290, 350], np.float32)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portrait that only its EXIF turns upright, in a format without loss."""
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    path = tmp_path_factory.mktemp("photos") / "turned.png"
    draw_portrait(0, 30).transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    return path


WAYS: dict[str, Callable[[Path], Any]] = {
    "path": lambda path: path,
    "text": str,
    "bytes": Path.read_bytes,
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "file": lambda path: io.BytesIO(path.read_bytes()),
    "Pillow image": Image.open,
    "array": load_image,
    "array that is not contiguous": lambda path: load_image(path)[:, :, ::-1].copy()[:, :, ::-1],
    "array that may only be read": lambda path: np.frombuffer(
        load_image(path).tobytes(), np.uint8
    ).reshape(480, 400, 3),
}  # fmt: skip


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def identifier(sample_gallery: Path, detector: FaceDetector) -> Identifier:
    return Identifier.from_gallery(Gallery.open(sample_gallery), detector=detector)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_name_a_photo_gives_the_same_faces(
    photo: Path, way: str, detector: FaceDetector, identifier: Identifier
) -> None:
    image = np.asarray(draw_portrait(0, 30))
    (expected,), (match,) = detector.detect(image), identifier.identify(image)
    np.testing.assert_array_equal(load_image(WAYS[way](photo)), image)
    np.testing.assert_array_equal(crop_face(WAYS[way](photo), BOX), crop_face(image, BOX))
    (found,) = detector.detect(WAYS[way](photo))
    np.testing.assert_array_equal(found.box, expected.box)
    assert [len(faces) for faces in detector.detect_many([WAYS[way](photo), image])] == [1, 1]
    (answer,) = identifier.identify(WAYS[way](photo))
    assert answer.as_dict() == match.as_dict()
    assert answer.person is not None


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_pillow_image_is_turned_upright_and_left_as_it_is(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    with Image.open(io.BytesIO(encoded(picture(), "PNG", exif=exif))) as image:
        assert_fields(load_image(image), UPRIGHT[orientation], tolerance=0)
        assert image.size == (WIDTH, HEIGHT)
        assert image.getexif()[ORIENTATION] == orientation
        assert_fields(load_image(image), UPRIGHT[orientation], tolerance=0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "PA", "CMYK", "YCbCr", "HSV", "I", "I;16", "F"])
def test_a_pillow_image_of_any_kind_becomes_rgb(mode: str) -> None:
    image = picture().convert("L" if mode in ("LA", "I;16") else "P" if mode == "PA" else "RGB").convert(mode)
    found = load_image(image)
    assert (found.shape, found.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
    if mode in ("P", "RGB", "RGBA", "PA", "CMYK", "YCbCr", "HSV"):
        assert_fields(found, UPRIGHT[1], tolerance=26)  # Pillow's palette has steps of 51
    if mode in ("L", "LA", "1"):
        np.testing.assert_array_equal(found, load_image(encoded(image, "PNG")))


def test_a_pillow_image_in_transparent_colours_lies_on_white() -> None:
    image = Image.new("RGBA", (20, 10), (255, 0, 0, 0))
    assert load_image(image).min() == 255


def test_a_pillow_image_whose_file_is_cut_off_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "half.jpg"
    whole = encoded(draw_portrait(0, 0), "JPEG")
    path.write_bytes(whole[: len(whole) // 2])
    with Image.open(path) as image:
        assert_refused(image, "half.jpg", "damaged or cut off")


def test_a_pillow_image_may_not_be_larger_than_a_photo() -> None:
    assert_refused(Image.new("1", (20_000, 13_000)), "The photo", "260 megapixels")


WRONG: list[Any] = [None, 3, 0.5, ["a.jpg"], {"image": 1}, object(), io.StringIO("a photo"), FaceDetector]


@pytest.mark.parametrize("source", WRONG, ids=lambda value: type(value).__name__)
def test_what_is_no_photo_is_a_type_error_that_says_what_is(
    source: Any, detector: FaceDetector, identifier: Identifier
) -> None:
    doors: list[Callable[[], Any]] = [
        lambda: load_image(source), lambda: detector.detect(source), lambda: identifier.identify(source),
        lambda: detector.detect_many([np.zeros((9, 9, 3), np.uint8), source]), lambda: crop_face(source, BOX),
    ]  # fmt: skip
    for door in doors:
        with pytest.raises(TypeError, match=r"^image must be a path, the bytes of a photo, .* got "):
            door()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3), np.float32),
        np.zeros((2, 9, 9, 3), np.uint8), np.zeros((0, 9, 3), np.uint8), np.array("a.jpg"),
    ],
    ids=lambda value: f"{value.shape} {value.dtype}",
)  # fmt: skip
def test_an_array_of_another_kind_is_a_value_error_that_says_which(
    array: np.ndarray, detector: FaceDetector, identifier: Identifier
) -> None:
    doors: list[Callable[[], Any]] = [
        lambda: load_image(array), lambda: detector.detect(array), lambda: identifier.identify(array),
        lambda: crop_face(array, BOX),
    ]  # fmt: skip
    for door in doors:
        with pytest.raises(ValueError, match=r"^image must be \(height, width, 3\) uint8, got \("):
            door()


@pytest.mark.parametrize("images", ["photo.jpg", b"\xff\xd8"])
def test_a_single_photo_is_not_taken_for_several(images: Any, detector: FaceDetector) -> None:
    with pytest.raises(TypeError, match="put a single one into a list, or call detect"):
        detector.detect_many(images)


def test_a_photo_that_cannot_be_read_is_a_photo_error_everywhere(
    tmp_path: Path, detector: FaceDetector, identifier: Identifier
) -> None:
    for source in (tmp_path / "gone.jpg", b"no photo", "", "  "):
        for door in (load_image, detector.detect, identifier.identify):
            with pytest.raises(PhotoError):
                door(source)


def test_photos_that_are_named_are_not_all_held_at_once(
    photo: Path, detector: FaceDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = most = 0

    def load(source: Any) -> np.ndarray:
        nonlocal held, most
        held += 1
        most = max(most, held)
        return load_image(source)

    def detect(images: list[np.ndarray]) -> list[Sight]:
        nonlocal held
        held -= len(images)
        return [Sight([]) for _ in images]

    monkeypatch.setattr("facecluster.vision.detection.load_image", load)
    monkeypatch.setattr("facecluster.vision.mtcnn.network_crops.HUGE_PIXELS", 400 * 480)
    monkeypatch.setattr(detector, "_detect", detect)
    assert detector.detect_many([photo] * 8) == [[]] * 8
    assert most == 2
