"""The single door from bytes to an upright RGB picture, and back to a small JPEG."""

from __future__ import annotations

import io
import warnings
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from facecluster.errors import PhotoError
from facecluster.formats import FORMAT_NAMES, SUFFIXES, is_image

__all__ = ["MAX_PIXELS", "SUFFIXES", "encode_jpeg", "is_image", "load_image"]

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF", "JPEG2000", "PPM")  # Pillow's JPEG reads MPO
MAX_PIXELS = 120_000_000  # 360 MB of RGB: larger than any camera's photo, small enough not to exhaust a laptop
CROP_QUALITY = 92


def load_image(source: str | Path | bytes | BinaryIO) -> np.ndarray:
    """The first frame of an image as ndarray of shape (height, width, 3), uint8, RGB, contiguous and upright.

    `source` is a path, the bytes of a file or an open binary file. The EXIF orientation is applied; alpha is laid on
    white; 16-bit, float and palette images are brought to 8 bits. JPEG, PNG, WebP, GIF, TIFF, BMP and HEIC are read.
    Raises PhotoError.
    """
    name = str(Path(source).name if isinstance(source, str | Path) else getattr(source, "name", "The photo"))
    _prepare_pillow()
    try:
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        with Image.open(file, formats=_FORMATS) as image:
            return _upright_rgb(image, name)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotoError(f"{name} does not exist: check the path.") from error
    except IsADirectoryError as error:
        raise PhotoError(f"{name} is a folder, not a photo: name the photos in it.") from error
    except PermissionError as error:
        raise PhotoError(f"{name} may not be read: give yourself permission to read it.") from error
    except UnidentifiedImageError as error:
        raise PhotoError(f"{name} is not a photo in a format that can be read ({FORMAT_NAMES}).") from error
    except Image.DecompressionBombError as error:
        raise PhotoError(
            f"{name} has too many pixels: make it smaller than {MAX_PIXELS // 10**6} megapixels."
        ) from error
    except MemoryError as error:
        raise PhotoError(f"{name} needs more memory than there is: make it smaller.") from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, KeyError, RuntimeError) as error:
        # Decoders meet damaged files with whatever their parsing trips over.
        raise PhotoError(f"{name} is damaged or cut off: replace it with a complete copy.") from error


def encode_jpeg(image: np.ndarray, quality: int = CROP_QUALITY) -> bytes:
    """A (height, width, 3) uint8 RGB picture as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _upright_rgb(image: Image.Image, name: str) -> np.ndarray:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PhotoError(
            f"{name} has {width * height / 1e6:.0f} megapixels: make it smaller than {MAX_PIXELS // 10**6}."
        )
    image.load()
    upright = ImageOps.exif_transpose(image)
    return np.ascontiguousarray(_to_rgb(upright))


def _to_rgb(image: Image.Image) -> np.ndarray:
    if image.mode.startswith(("I", "F")):
        grey = _to_eight_bits(np.asarray(image), image.mode)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    return np.asarray(image.convert("RGB"))


def _to_eight_bits(grey: np.ndarray, mode: str) -> np.ndarray:
    """Grey of more than 8 bits as uint8. Pillow's own conversion would clip at 255."""
    if mode.startswith("I;16") or (mode == "I" and grey.size and grey.min() >= 0 and 255 < grey.max() <= 65535):
        return (grey.astype(np.float32) / 257).round().astype(np.uint8)
    values = grey.astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    if low >= 0 and high <= (1 if mode == "F" else 255):
        return (values * (255 if mode == "F" else 1)).round().astype(np.uint8)
    return ((values - low) / max(high - low, 1e-12) * 255).round().astype(np.uint8)


@cache
def _prepare_pillow() -> None:
    from pillow_heif import register_heif_opener

    Image.init()  # formats can be named only once their plugins are loaded
    register_heif_opener()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    # Pillow warns where MAX_PIXELS already decides, and about metadata that nothing here reads. Set once, because
    # warnings.catch_warnings around each photo would change the filters of the whole process from several threads.
    warnings.filterwarnings("ignore", module=r"PIL\.")
