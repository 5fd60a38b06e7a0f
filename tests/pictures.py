"""Pictures of four fields of colour, so that turns show, in every format that is read."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from facecluster.errors import PhotoError
from facecluster.photos.images import load_image

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
    "avif": lambda: encoded(picture(), "AVIF", quality=95),
    "animated avif": lambda: encoded(picture(), "AVIF", save_all=True, append_images=[picture().rotate(180)]),
    "jpeg 2000": lambda: encoded(picture(), "JPEG2000"),
    "jpeg 2000 code stream": lambda: encoded(picture(), "JPEG2000", no_jp2=True),
    "ppm": lambda: encoded(picture(), "PPM"),
    "ppm in words": lambda: b"P3\n%d %d 255\n" % (WIDTH, HEIGHT) + " ".join(map(str, picture().tobytes())).encode(),
}
