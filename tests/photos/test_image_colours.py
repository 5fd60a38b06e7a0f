"""Every kind of colour comes out as RGB, and goes into a JPEG."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from facecluster.photos.images import encode_jpeg, load_image
from tests.pictures import (
    BLUE,
    GREEN,
    GREY,
    HEIGHT,
    RED,
    UPRIGHT,
    WIDTH,
    assert_fields,
    encoded,
    picture,
    ramp,
)

pytestmark = pytest.mark.usefixtures("pillow_as_in_a_new_process")


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
