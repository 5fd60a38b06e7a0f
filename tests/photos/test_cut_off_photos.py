"""A photo that lacks its end is read as far as it goes, and says so; an intact one is not taken for damaged."""

from __future__ import annotations

import io
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin, TiffImagePlugin

from facecluster.errors import PhotoError
from facecluster.photos import bands, opening
from facecluster.photos.images import load_image, load_photo
from tests.pictures import ORIENTATION, UPRIGHT, assert_fields, encoded, picture

pytestmark = pytest.mark.usefixtures("pillow_as_in_a_new_process")

ROWS = 800
NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 100, (ROWS, 90, 3), np.uint8))  # each row has its bytes
ROWS_ONE_BY_ONE = {
    "jpeg": lambda: encoded(NOISE, "JPEG", quality=95),
    "png": lambda: encoded(NOISE, "PNG"),
    "png of 16 bits": lambda: encoded(Image.fromarray(np.asarray(NOISE)[..., 0].astype(np.uint16) * 257), "PNG"),
    "grey png": lambda: encoded(NOISE.convert("L"), "PNG"),
    "png with a palette": lambda: encoded(NOISE.quantize(200), "PNG"),
    "png with alpha": lambda: encoded(NOISE.convert("RGBA"), "PNG"),
    "ppm": lambda: encoded(NOISE, "PPM"),
}


def cut(content: bytes, share: float) -> bytes:
    return content[: int(len(content) * share)]


@pytest.mark.parametrize("name", ROWS_ONE_BY_ONE)
@pytest.mark.parametrize("share", [0.98, 0.9, 0.75])
def test_what_is_there_is_read_and_the_rest_is_told(name: str, share: float) -> None:
    whole = ROWS_ONE_BY_ONE[name]()
    photo = load_photo(cut(whole, share))
    missing = int(re.search(r"The file is cut off: the last (\d+) % of the picture are missing\.", photo.note or "")[1])  # type: ignore[index]
    assert missing == pytest.approx(100 * (1 - share), abs=5)
    rows = int(ROWS * (share - 0.06))
    difference = np.abs(photo.image[:rows].astype(int) - load_image(whole)[:rows])
    assert difference.max() <= 1
    assert (photo.image[-1] == 128).all(), "grey stands where nothing is"


@pytest.mark.parametrize("name", ROWS_ONE_BY_ONE)
def test_with_more_than_thirty_percent_missing_it_is_refused(name: str) -> None:
    with pytest.raises(PhotoError, match=r"^The photo is cut off and lacks \d\d % of its rows: replace it with"):
        load_photo(cut(ROWS_ONE_BY_ONE[name](), 0.6))


def test_a_bmp_begins_at_the_bottom_so_its_top_is_missing() -> None:
    photo = load_photo(cut(encoded(NOISE, "BMP"), 0.9))
    assert (photo.image[0] == 128).all()
    np.testing.assert_array_equal(photo.image[90:], np.asarray(NOISE)[90:])


def test_a_tiff_whose_tags_come_first() -> None:
    whole = encoded(NOISE, "TIFF", tiffinfo={278: 10})
    with Image.open(io.BytesIO(whole)) as tiff:
        assert isinstance(tiff, TiffImagePlugin.TiffImageFile)
        tags_come_first = int.from_bytes(whole[4:8], "little") < min(tiff.tag_v2[273])
    assert tags_come_first
    photo = load_photo(cut(whole, 0.85))
    assert re.search(r"the last (1\d|2\d) % of the picture are missing", photo.note or "")
    np.testing.assert_array_equal(photo.image[: ROWS * 7 // 10], np.asarray(NOISE)[: ROWS * 7 // 10])


@pytest.mark.parametrize("orientation", [6, 8])
def test_what_is_missing_is_counted_before_turning(orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    photo = load_photo(cut(encoded(NOISE, "JPEG", quality=95, exif=exif), 0.8))
    assert re.search(r"the last (1[5-9]|2[0-4]) % of", photo.note or "")
    assert (photo.image[:, 0 if orientation == 6 else -1] == 128).all()


def test_a_jpeg_without_its_last_two_bytes_is_whole_and_says_that_it_ends_early() -> None:
    whole = ROWS_ONE_BY_ONE["jpeg"]()
    photo = load_photo(whole[:-2])
    np.testing.assert_array_equal(photo.image, load_image(whole))
    assert photo.note == "The file is cut off or damaged: a part of the picture may be wrong."


@pytest.mark.parametrize("name", ["jpeg", "png", "ppm"])
def test_a_whole_photo_has_no_note(name: str) -> None:
    assert load_photo(ROWS_ONE_BY_ONE[name]()).note is None


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_progressive_jpeg_is_read_once_every_colour_has_detail(mode: str) -> None:
    whole = encoded(NOISE.convert(mode), "JPEG", progressive=True)
    scans = [place for place in range(len(whole)) if whole[place : place + 2] == b"\xff\xda"]
    enough = 4 if mode == "RGB" else 2
    photo = load_photo(whole[: scans[enough] + 20])
    assert photo.image.shape == (ROWS, 90, 3)
    assert photo.note == "The file is cut off or damaged: a part of the picture may be wrong."
    with pytest.raises(PhotoError, match="is cut off before its details begin"):
        load_photo(whole[: scans[enough] - 20])


def test_a_jpeg_that_is_cut_off_within_the_tables_of_a_scan() -> None:
    whole = encoded(NOISE, "JPEG", progressive=True)
    last = whole.rfind(b"\xff\xc4")
    for end in (last + 1, last + 2, last + 3, last + 10):
        assert load_photo(whole[:end]).image.shape == (ROWS, 90, 3)


def test_a_picture_that_ends_in_grey_is_not_taken_for_cut_off() -> None:
    grey = np.full((200, 300, 3), 128, np.uint8)
    grey[:50] = 20
    assert load_photo(encoded(Image.fromarray(grey), "JPEG")).note is None


# --- intact all the same ------------------------------------------------------------------------------------------


def png_with(kind: bytes, content: bytes) -> bytes:
    whole = encoded(picture(), "PNG")
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return whole[:33] + chunk + whole[33:]  # behind the signature and IHDR


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(3_000_000))),
        (b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<x>" + b" " * 3_000_000 + b"</x>")),
        (b"iCCP", b"profile\0\0" + zlib.compress(bytes(2_000_000))),
        (b"tEXt", b"Comment\0" + b"x" * 70_000_000),
    ],
    ids=["text", "XMP", "profile", "more text than Pillow takes in all"],
)
def test_a_png_with_a_long_text_beside_its_picture_is_not_damaged(kind: bytes, content: bytes) -> None:
    photo = load_photo(png_with(kind, content))
    assert PngImagePlugin.MAX_TEXT_CHUNK == 2**20, "nothing was set that holds for other threads too"
    assert_fields(photo.image, UPRIGHT[1], tolerance=0)
    assert photo.note is None


def test_what_stands_behind_the_packed_rows_of_a_png_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encoded(picture(), "PNG")
    place = whole.index(b"IDAT")
    longer = struct.pack(">I", 2**24)  # so that the chunks behind belong to it
    monkeypatch.setattr(bands, "BAND_PIXELS", 600)
    monkeypatch.setattr(opening, "_WHOLE_PIXELS", 0)
    assert_fields(load_image(whole[: place - 4] + longer + whole[place:] + bytes(9_000)), UPRIGHT[1], tolerance=0)


def test_such_a_png_is_upright_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    whole = encoded(picture(), "PNG", exif=exif)
    text = zlib.compress(bytes(3_000_000))
    content = b"Comment\0\0" + text
    chunk = struct.pack(">I", len(content)) + b"zTXt" + content + struct.pack(">I", zlib.crc32(b"zTXt" + content))
    assert_fields(load_image(whole[:33] + chunk + whole[33:]), UPRIGHT[6], tolerance=0)
