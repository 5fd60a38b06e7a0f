"""Every format is read, upright, and reading leaves the photo and Python as they were."""

from __future__ import annotations

import io
import struct
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facecluster.photos.formats import HEAD_BYTES, format_of
from facecluster.photos.images import is_image, load_image
from tests.pictures import (
    FORMATS,
    HEIGHT,
    ORIENTATION,
    UPRIGHT,
    WIDTH,
    assert_fields,
    assert_refused,
    encoded,
    picture,
)

pytestmark = pytest.mark.usefixtures("pillow_as_in_a_new_process")


# --- formats ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read(name: str) -> None:
    image = load_image(FORMATS[name]())
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert_fields(image, UPRIGHT[1])


@pytest.mark.parametrize("compression", [1, 5], ids=["raw", "lzw"])
def test_sixteen_bit_colour_tiff(compression: int) -> None:
    import cv2

    sixteen_bits = np.asarray(picture())[..., ::-1].astype(np.uint16) * 257
    content = cv2.imencode(".tiff", sixteen_bits, [cv2.IMWRITE_TIFF_COMPRESSION, compression])[1].tobytes()
    assert_fields(load_image(content), UPRIGHT[1], tolerance=0)


@pytest.mark.parametrize("suffix", ["jpg", "JPG", "Jpeg", "PNG", "WEBP", "Tif", "BMP", "gif", "HEIC"])
def test_the_suffix_and_its_case_do_not_matter(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{suffix}"
    path.write_bytes(FORMATS["png"]())  # whatever the name says, the content decides
    assert_fields(load_image(path), UPRIGHT[1], tolerance=0)


def test_a_path_a_text_bytes_and_a_file_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(FORMATS["jpeg"]())
    image = load_image(path)
    for source in (str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        np.testing.assert_array_equal(load_image(source), image)
    with path.open("rb") as file:
        np.testing.assert_array_equal(load_image(file), image)
        assert not file.closed, "who opened it closes it"
        np.testing.assert_array_equal(load_image(file), image)


@pytest.mark.parametrize("format", ["EPS", "ICO", "PDF", "TGA", "QOI", "PCX", "SGI", "DDS", "ICNS"])
def test_formats_that_are_no_photos_are_not_even_tried(format: str) -> None:
    content = encoded(picture().resize((64, 64)), format)
    assert not is_image(content[:HEAD_BYTES])
    assert_refused(content, "The photo", "JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC, AVIF, JPEG 2000, PPM")


@pytest.mark.parametrize("name", FORMATS)
def test_the_first_bytes_tell_every_format_that_is_read(name: str) -> None:
    assert is_image(FORMATS[name]()[:HEAD_BYTES])


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"P5 is a bus line\n",
        b"P2",
        b"BM is short for Bob Marley, as everybody knows",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        b"%PDF-1.7\n",
        b"PK\x03\x04",
        b"GIF is said with a hard g",
        b"<svg/>",
    ],
)
def test_the_first_bytes_of_other_files_are_no_images(head: bytes) -> None:
    assert not is_image(head)


@pytest.mark.parametrize(("brands", "kind"), [(b"mif1avif", "AVIF"), (b"mif1heic", "HEIF"), (b"miafheic", "HEIF")])
def test_the_compatible_brands_tell_heic_from_avif(brands: bytes, kind: str) -> None:
    head = b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00" + brands + b"avifavif"  # what follows is no brand any more
    assert format_of(head) == kind


# --- upright ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_every_orientation_comes_out_upright(format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    # As bytes, because pillow-heif turns the picture only then; and it turns it itself, so twice would show.
    content = encoded(picture(), format, exif=exif.tobytes())
    image = load_image(content)
    assert image.shape == ((HEIGHT, WIDTH, 3) if orientation < 5 else (WIDTH, HEIGHT, 3))
    assert_fields(image, UPRIGHT[orientation])


def test_the_heic_of_a_phone_that_was_turned_is_turned_once() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    content = encoded(picture(), "HEIF", exif=exif.tobytes())
    assert b"irot" in content, "the picture says itself how it is turned"
    assert (
        struct.pack("<HHIHH", ORIENTATION, 3, 1, 6, 0) in content
        or struct.pack(">HHIHH", ORIENTATION, 3, 1, 6, 0) in content
    ), "and its EXIF says it once more"
    assert_fields(load_image(content), UPRIGHT[6])


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_changes_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert_fields(load_image(encoded(picture(), "JPEG", exif=exif)), UPRIGHT[1])


def test_damaged_exif_neither_costs_the_photo_nor_warns(recwarn: pytest.WarningsRecorder) -> None:
    content = encoded(picture(), "JPEG", exif=b"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\xff\xff\x01\x12")
    assert_fields(load_image(content), UPRIGHT[1])
    assert [str(warning.message) for warning in recwarn] == []


# --- beside the photo ---------------------------------------------------------------------------------------------


def test_reading_in_threads_leaves_pythons_warnings_alone() -> None:
    """Two photos that overlap in time: whoever sets filters around each leaves the process with the other's."""
    load_image(FORMATS["png"]())  # what is set once is set now
    first_reads, second_reads = threading.Event(), threading.Event()

    class Held(io.BytesIO):
        def __init__(self, begun: threading.Event, go_on: threading.Event | None) -> None:
            super().__init__(FORMATS["png"]())
            self.begun, self.go_on = begun, go_on

        def read(self, size: int | None = -1, /) -> bytes:
            self.begun.set()
            if self.go_on is not None:
                assert self.go_on.wait(5)
            return super().read(size)

    before = list(warnings.filters)
    done = threading.Event()
    first = threading.Thread(target=load_image, args=(Held(first_reads, second_reads),))
    second = threading.Thread(target=load_image, args=(Held(second_reads, done),))
    first.start()
    assert first_reads.wait(5)
    second.start()
    first.join()
    done.set()
    second.join()
    assert warnings.filters == before


def test_a_photo_is_not_changed_by_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(FORMATS["jpeg"]())
    path.chmod(0o444)
    before = path.read_bytes(), path.stat().st_mtime_ns
    load_image(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
