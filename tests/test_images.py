"""From the bytes of any photo to an upright RGB picture. Pictures here are four fields of colour, so turns show."""

from __future__ import annotations

import contextlib
import io
import struct
import threading
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from facecluster.errors import PhotoError
from facecluster.images import MAX_PIXELS, _prepare_pillow, encode_jpeg, load_image

pillow_heif.register_heif_opener()

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (128, 128, 128)
WIDTH, HEIGHT = 96, 64
ORIENTATION = 0x0112
# What load_image gives for fields stored as red green / blue grey: Exif 2.32, tag Orientation.
UPRIGHT = {
    1: (RED, GREEN, BLUE, GREY),
    2: (GREEN, RED, GREY, BLUE),
    3: (GREY, BLUE, GREEN, RED),
    4: (BLUE, GREY, RED, GREEN),
    5: (RED, BLUE, GREEN, GREY),
    6: (BLUE, RED, GREY, GREEN),
    7: (GREY, GREEN, BLUE, RED),
    8: (GREEN, GREY, RED, BLUE),
}


@pytest.fixture(autouse=True)
def as_in_a_new_process() -> None:
    """pytest takes back after each test what was done to Python's warnings, which is else done once a process."""
    _prepare_pillow.cache_clear()


def picture() -> Image.Image:
    """Red at the top left, green at the top right, blue below red, grey below green; (WIDTH, HEIGHT) pixels."""
    return Image.fromarray(np.array([[RED, GREEN], [BLUE, GREY]], np.uint8)).resize(
        (WIDTH, HEIGHT), Image.Resampling.NEAREST
    )


def ramp(top: float, dtype: Any) -> np.ndarray:
    """Grey from 0 at the left to `top` at the right, (HEIGHT, WIDTH)."""
    return np.tile(np.linspace(0, top, WIDTH), (HEIGHT, 1)).astype(dtype)


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def fields(image: np.ndarray) -> list[tuple[int, ...]]:
    """The colours in the middle of the four fields: top left, top right, bottom left, bottom right."""
    height, width = image.shape[:2]
    return [tuple(map(int, image[y, x])) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]


def assert_fields(image: np.ndarray, expected: tuple[tuple[int, ...], ...], tolerance: int = 8) -> None:
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert image.flags.c_contiguous
    np.testing.assert_allclose(fields(image), expected, atol=tolerance)


def assert_refused(source: Any, name: str, *said: str) -> None:
    with pytest.raises(PhotoError) as error:
        load_image(source)
    text = str(error.value)
    assert text.startswith(f"{name} ")
    assert text.endswith((".", ")."))
    assert "\n" not in text
    assert ". " not in text, "one sentence"
    for part in said:
        assert part in text


# --- formats ------------------------------------------------------------------------------------------------------

FORMATS: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded(picture(), "JPEG"),
    "progressive jpeg": lambda: encoded(picture(), "JPEG", progressive=True),
    "jpeg of several pictures": lambda: encoded(picture(), "MPO", save_all=True, append_images=[picture().rotate(180)]),
    "png": lambda: encoded(picture(), "PNG"),
    "animated png": lambda: encoded(picture(), "PNG", save_all=True, append_images=[picture().rotate(180)]),
    "webp": lambda: encoded(picture(), "WEBP"),
    "lossless webp": lambda: encoded(picture(), "WEBP", lossless=True),
    "animated webp": lambda: encoded(picture(), "WEBP", save_all=True, append_images=[picture().rotate(180)]),
    "gif": lambda: encoded(picture(), "GIF"),
    "animated gif": lambda: encoded(picture(), "GIF", save_all=True, append_images=[picture().rotate(180)]),
    "tiff": lambda: encoded(picture(), "TIFF"),
    "tiff lzw": lambda: encoded(picture(), "TIFF", compression="tiff_lzw"),
    "tiff deflate": lambda: encoded(picture(), "TIFF", compression="tiff_adobe_deflate"),
    "tiff jpeg": lambda: encoded(picture(), "TIFF", compression="jpeg"),
    "tiff cmyk": lambda: encoded(picture().convert("CMYK"), "TIFF"),
    "tiff of several pages": lambda: encoded(picture(), "TIFF", save_all=True, append_images=[picture().rotate(180)]),
    "bmp": lambda: encoded(picture(), "BMP"),
    "heic": lambda: encoded(picture(), "HEIF"),
}


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


@pytest.mark.parametrize("format", ["EPS", "PPM", "ICO", "PDF", "TGA", "JPEG2000"])
def test_formats_that_are_no_photos_are_not_even_tried(format: str) -> None:
    assert_refused(encoded(picture(), format), "The photo", "JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC")


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


# --- colours ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk(format: str) -> None:
    assert_fields(load_image(encoded(picture().convert("CMYK"), format, **_best(format))), UPRIGHT[1])


def _best(format: str) -> dict[str, Any]:
    return {"quality": 95} if format == "JPEG" else {}


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP"])
def test_grey(format: str) -> None:
    grey = ramp(255, np.uint8)
    image = load_image(encoded(Image.fromarray(grey), format, **_best(format)))
    assert image.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(image, np.repeat(grey[..., None], 3, axis=2), atol=3)


@pytest.mark.parametrize(
    ("format", "options"),
    [("PNG", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})],
    ids=["png", "tiff", "tiff lzw"],
)
def test_sixteen_bit_grey_keeps_its_shades(format: str, options: dict[str, Any]) -> None:
    image = load_image(encoded(Image.fromarray(ramp(65535, np.uint16)), format, **options))
    np.testing.assert_allclose(image, np.repeat(ramp(255, np.float64)[..., None], 3, axis=2), atol=1)


def test_dark_sixteen_bit_grey_stays_dark() -> None:
    assert load_image(encoded(Image.fromarray(ramp(257 * 10, np.uint16)), "PNG")).max() == 10


@pytest.mark.parametrize(
    ("values", "darkest", "lightest"),
    [
        (ramp(255, np.int32), 0, 255),
        (ramp(100, np.int32), 0, 100),
        (ramp(65535, np.int32), 0, 255),
        (ramp(2**31 - 1, np.int32), 0, 255),
        (ramp(200, np.int32) - 100, 0, 255),
        (ramp(1, np.float32), 0, 255),
        (ramp(0.5, np.float32), 0, 128),
        (ramp(1000, np.float32), 0, 255),
        (ramp(2, np.float32) - 1, 0, 255),
        (np.full((HEIGHT, WIDTH), 7, np.float32), 0, 0),
    ],
)
def test_grey_of_32_bits_is_brought_to_8(values: np.ndarray, darkest: int, lightest: int) -> None:
    image = load_image(encoded(Image.fromarray(values), "TIFF"))
    assert (image.min(), image.max()) == (darkest, lightest)
    assert (np.diff(image[0, :, 0].astype(int)) >= 0).all(), "lighter stays lighter"


@pytest.mark.parametrize(("value", "shown"), [(np.inf, 255), (-np.inf, 0), (np.nan, 0)])
def test_one_pixel_without_a_number_does_not_cost_the_others_their_shades(value: float, shown: int) -> None:
    values = ramp(1, np.float32)
    values[3, 4] = value
    image = load_image(encoded(Image.fromarray(values), "TIFF"))
    assert image[3, 4].tolist() == [shown] * 3
    np.testing.assert_allclose(image[0, :, 0], ramp(255, np.float64)[0], atol=1)


def test_one_bit() -> None:
    black_and_white = Image.fromarray(ramp(255, np.uint8)).convert("1", dither=Image.Dither.NONE)
    image = load_image(encoded(black_and_white, "PNG"))
    assert image[0, 0].tolist() == [0, 0, 0]
    assert image[0, -1].tolist() == [255, 255, 255]


@pytest.mark.parametrize("format", ["PNG", "GIF", "BMP", "TIFF"])
def test_palette(format: str) -> None:
    assert_fields(load_image(encoded(picture().quantize(4), format)), UPRIGHT[1], tolerance=1)


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_the_transparent_colour_of_a_palette_is_white(format: str) -> None:
    image = picture().quantize(4)
    red = image.getpixel((0, 0))
    white = (255, 255, 255)
    assert_fields(load_image(encoded(image, format, transparency=red)), (white, GREEN, BLUE, GREY), tolerance=1)


def test_half_transparent_colours_of_a_palette() -> None:
    image = picture().quantize(4)
    red = image.getpixel((0, 0))
    alphas = bytes(128 if colour == red else 255 for colour in range(4))
    assert_fields(load_image(encoded(image, "PNG", transparency=alphas)), ((255, 127, 127), GREEN, BLUE, GREY), 1)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "HEIF"])
@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        (255, UPRIGHT[1]),
        (0, ((255, 255, 255),) * 4),
        (128, ((255, 127, 127), (127, 255, 127), (127, 127, 255), (191, 191, 191))),
    ],
    ids=["opaque", "transparent", "half"],
)
def test_alpha_is_laid_on_white(format: str, alpha: int, expected: tuple[tuple[int, ...], ...]) -> None:
    image = picture()
    image.putalpha(alpha)
    assert_fields(load_image(encoded(image, format)), expected)


def test_grey_with_alpha() -> None:
    grey = Image.new("L", (WIDTH, HEIGHT), 100)
    alpha = Image.fromarray(ramp(255, np.uint8))
    image = load_image(encoded(Image.merge("LA", (grey, alpha)), "PNG"))
    assert image[0, 0].tolist() == [255, 255, 255]
    assert image[0, -1].tolist() == [100, 100, 100]


@pytest.mark.parametrize(("mode", "colour"), [("RGB", RED), ("L", 0)])
def test_a_single_transparent_colour_is_white(mode: str, colour: Any) -> None:
    image = Image.new(mode, (4, 4), colour)
    image.putpixel((1, 1), (1, 2, 3) if mode == "RGB" else 9)
    loaded = load_image(encoded(image, "PNG", transparency=colour))
    assert loaded[0, 0].tolist() == [255, 255, 255]
    assert loaded[1, 1].tolist() == ([1, 2, 3] if mode == "RGB" else [9, 9, 9])


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3)), elements=st.integers(0, 255)
    ),
    st.sampled_from([("PNG", {}), ("BMP", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {"lossless": True})]),
)
def test_lossless_formats_give_every_pixel_back(pixels: np.ndarray, format: tuple[str, dict[str, Any]]) -> None:
    loaded = load_image(encoded(Image.fromarray(pixels), format[0], **format[1]))
    np.testing.assert_array_equal(loaded, pixels)
    assert loaded.flags.c_contiguous


@pytest.mark.parametrize("quality", [92, 60])
def test_encode_jpeg_keeps_size_and_colours(quality: int) -> None:
    pixels = np.asarray(picture())
    content = encode_jpeg(pixels, quality)
    assert content.startswith(b"\xff\xd8\xff")
    loaded = load_image(content)
    assert loaded.shape == pixels.shape
    assert_fields(loaded, UPRIGHT[1])


def test_encode_jpeg_of_less_quality_is_smaller() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (160, 160, 3), np.uint8)
    assert len(encode_jpeg(noise, 50)) < len(encode_jpeg(noise))


# --- what is refused ----------------------------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    assert_refused(tmp_path / "gone.jpg", "gone.jpg", "does not exist")
    assert_refused(str(tmp_path / "gone.jpg"), "gone.jpg", "does not exist")


def test_a_path_that_leads_through_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(FORMATS["jpeg"]())
    assert_refused(tmp_path / "a.jpg" / "b.jpg", "b.jpg", "does not exist")


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "album.jpg").mkdir()
    assert_refused(tmp_path / "album.jpg", "album.jpg", "is a folder")


def test_a_photo_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Image, "open", refuse)  # root may read everything, so the refusal is played
    assert_refused(tmp_path / "secret.jpg", "secret.jpg", "may not be read", "permission")


@pytest.mark.parametrize("content", [b"", b"\n", b"Dear diary,\n" * 100, b"%PDF-1.7\n", b"\x00" * 1000, b"<svg/>"])
def test_a_file_that_is_no_photo(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    assert_refused(path, "photo.jpg", "is not a photo")
    assert_refused(content, "The photo", "is not a photo")


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "jpeg of several pictures"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_photo_that_is_cut_off(name: str, share: float, tmp_path: Path) -> None:
    whole = FORMATS[name]()
    if name.startswith(("animated", "tiff of several")):
        share *= 0.5  # the first picture is what counts
    path = tmp_path / "photo.xyz"
    path.write_bytes(whole[: int(len(whole) * share)])
    assert_refused(path, "photo.xyz")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF"])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_damaged_photo_is_read_or_refused_and_nothing_else(format: str, data: st.DataObject) -> None:
    content = bytearray(encoded(picture().resize((24, 16)), format))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PhotoError):
        image = load_image(bytes(content))
        assert image.dtype == np.uint8
        assert image.shape[2] == 3


def png_of_size(width: int, height: int) -> bytes:
    """A few bytes that claim to be a grey picture of this size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("times", [1, 2.5, 100], ids=["just too large", "a bomb to Pillow", "huge"])
def test_too_many_pixels(times: float, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_of_size(100_000, int(MAX_PIXELS * times / 100_000) + 1))
    assert_refused(path, "bomb.png", "megapixels", "120")


def test_a_photo_of_a_large_camera_is_not_too_large(tmp_path: Path) -> None:
    # Not decoded here: it is refused for its missing pixels, not for their number.
    assert_refused(png_of_size(12_000, 10_000), "The photo", "damaged or cut off")


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
