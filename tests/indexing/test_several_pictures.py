"""Files with several pictures: which one is read, and that the others are told."""

from __future__ import annotations

import io
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from facecluster.errors import PhotoError
from facecluster.photos.images import load_image, load_photo
from facecluster.photos.tiff_pages import MAX_PAGES
from facecluster.vision.faces import FaceReader
from tests.pictures import FORMATS, UPRIGHT, assert_fields, encoded, picture

pytestmark = pytest.mark.usefixtures("pillow_as_in_a_new_process")

SUBFILE_TYPE = 254
GREY = Image.new("RGB", (120, 80), (128, 128, 128))


def pages(*of: tuple[Image.Image, int], **options: Any) -> bytes:
    """A TIFF of pages with their NewSubfileType: 1 marks a small copy, 4 a mask."""
    images = []
    for image, kind in of:
        copy = image.copy()
        copy.encoderinfo = {"tiffinfo": {SUBFILE_TYPE: kind}}
        images.append(copy)
    return encoded(images[0], "TIFF", save_all=True, append_images=images[1:], tiffinfo={SUBFILE_TYPE: of[0][1]})


def test_the_first_page_is_read_and_the_others_are_told() -> None:
    photo = load_photo(pages((picture(), 0), (GREY, 0), (GREY.rotate(90), 0)))
    assert_fields(photo.image, UPRIGHT[1], tolerance=0)
    assert photo.note == "2 of 3 pages were passed over."


def test_one_page_beside_another_is_told_in_good_english() -> None:
    assert load_photo(pages((picture(), 0), (GREY, 0))).note == "1 of 2 pages was passed over."


@pytest.mark.parametrize("kind", [1, 4, 5])
def test_pages_that_say_that_they_are_small_copies_or_masks_are_no_photos(kind: int) -> None:
    photo = load_photo(pages((GREY.resize((24, 16)), kind), (picture(), 0), (GREY, kind)))
    assert_fields(photo.image, UPRIGHT[1], tolerance=0)
    assert photo.note is None


def test_a_small_copy_that_does_not_say_so_is_passed_over_all_the_same() -> None:
    photo = load_photo(pages((picture().resize((24, 16)), 0), (picture(), 0)))
    assert photo.image.shape == (64, 96, 3)
    assert photo.note == "1 of 2 pages was passed over."


def test_a_smaller_page_of_another_form_is_a_photo_of_its_own() -> None:
    photo = load_photo(pages((GREY.resize((24, 30)), 0), (picture(), 0)))
    assert photo.image.shape == (30, 24, 3)
    assert photo.note == "1 of 2 pages was passed over."


def test_a_file_of_small_copies_only_is_read() -> None:
    assert_fields(load_image(pages((picture(), 1), (picture().resize((24, 16)), 1))), UPRIGHT[1], tolerance=0)


def test_of_very_many_pages_not_all_are_looked_at() -> None:
    photo = load_photo(pages(*[(picture().resize((6, 4)), 0)] * (MAX_PAGES + 5)))
    assert photo.note == f"{MAX_PAGES} pages or more were passed over."


def test_a_page_that_is_damaged_does_not_cost_the_first() -> None:
    content = pages((picture(), 0), (GREY, 0))
    with Image.open(io.BytesIO(content)) as tiff:
        assert isinstance(tiff, TiffImagePlugin.TiffImageFile)
        second = tiff.tag_v2.next
    photo = load_photo(content[: second + 2] + b"\xff" * 40)
    assert_fields(photo.image, UPRIGHT[1], tolerance=0)


def test_the_raw_file_of_a_camera_is_told_as_such() -> None:
    dng = encoded(picture(), "TIFF", tiffinfo={50706: b"\1\4\0\0"})
    with pytest.raises(PhotoError, match=r"^The photo is a camera's raw file: save it as JPEG\.$"):
        load_photo(dng)


@pytest.mark.parametrize("name", ["animated gif", "animated png", "animated webp", "animated avif"])
def test_of_an_animation_the_first_picture_is_read_and_that_is_told(name: str) -> None:
    photo = load_photo(FORMATS[name]())
    assert_fields(photo.image, UPRIGHT[1], tolerance=40)
    assert photo.note == "Only the first picture of the animation was read."


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.startswith("animated") and "pages" not in name])
def test_where_there_is_one_picture_nothing_is_told(name: str) -> None:
    # A JPEG of several pictures has its own preview or its map of brightness in the others.
    assert load_photo(FORMATS[name]()).note is None


def test_of_a_heic_with_several_pictures_its_main_one_is_read() -> None:
    content = encoded(GREY, "HEIF", save_all=True, append_images=[picture()], primary_index=1, quality=95)
    photo = load_photo(content)
    assert_fields(photo.image, UPRIGHT[1])
    assert photo.note == "1 of 2 pictures was passed over."


def test_a_note_is_stored_with_the_photo() -> None:
    from facecluster.indexing.extraction import FaceExtractor, read_photo
    from facecluster.photos.sources import PhotoFile
    from facecluster.vision.detection import FaceDetector
    from facecluster.vision.embedding import FaceEmbedder
    from tests.fakes import FakeDetector, FakeEmbedder

    content = pages((Image.fromarray(np.full((64, 96, 3), 60, np.uint8)), 0), (GREY, 0))
    extractor = FaceExtractor(
        FaceReader(cast(FaceDetector, FakeDetector()), cast(FaceEmbedder, FakeEmbedder())), "largest"
    )
    (task,) = extractor.process([read_photo(PhotoFile("scan.tif", None, lambda: content))])
    assert task.outcome is not None
    assert task.outcome.note == "1 of 2 pages was passed over."
