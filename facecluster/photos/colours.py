"""Every kind of colour as RGB of 8 bits, a band of rows at a time, so that no large picture is copied as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image

_SHADES_OF_16_BITS = 257  # 65535 / 255


@dataclass(frozen=True)
class Tone:
    """How grey of more than 8 bits becomes 8 bits: `low` is the picture's darkest finite value, `high` its lightest.

    Both are of the whole picture, else its bands would differ in brightness. Pillow's own conversion clips at 255.
    """

    mode: str
    low: float
    high: float

    def eight_bits(self, grey: np.ndarray) -> np.ndarray:
        """(rows, width) of any number type as uint8."""
        if self.mode.startswith("I;16") or (self.mode == "I" and self.low >= 0 and 255 < self.high <= 65535):
            return (grey.astype(np.float32) / _SHADES_OF_16_BITS).round().astype(np.uint8)
        values = np.nan_to_num(grey.astype(np.float64), nan=self.low, posinf=self.high, neginf=self.low)
        if self.low >= 0 and self.high <= (1 if self.mode == "F" else 255):
            return (values * (255 if self.mode == "F" else 1)).round().astype(np.uint8)
        return ((values - self.low) / max(self.high - self.low, 1e-12) * 255).round().astype(np.uint8)


def needs_tone(mode: str) -> bool:
    """Whether pictures of Pillow's `mode` are grey of more than 8 bits."""
    return mode.startswith(("I", "F"))


def tone_of(mode: str, bands: Iterable[Image.Image]) -> Tone:
    """What `Tone` tells, from all bands of a picture."""
    low, high = np.inf, -np.inf
    if mode.startswith("I;16"):
        return Tone(mode, 0, 65535)
    for band in bands:
        values = np.asarray(band)
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return Tone(mode, low, high) if low <= high else Tone(mode, 0.0, 0.0)


def to_rgb(band: Image.Image, tone: Tone | None) -> np.ndarray:
    """A band as (rows, width, 3) uint8 RGB; alpha is laid on white. `tone` is of its picture, where that needs one."""
    if tone is not None:
        return np.repeat(tone.eight_bits(np.asarray(band))[:, :, None], 3, axis=2)
    if band.has_transparency_data:
        band = band.convert("RGBA")
        band = Image.alpha_composite(Image.new("RGBA", band.size, "white"), band)
    return np.asarray(band if band.mode == "RGB" else band.convert("RGB"))


def as_stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """A view of an upright picture (height, width, 3) in whose rows the stored ones are written as they come.

    `orientation` is of Exif 2.32, tag Orientation, 1 to 8. Turning a decoded picture would need memory for two.
    """
    turned = upright.transpose(1, 0, 2) if orientation >= 5 else upright
    down, right = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (-1, 1), 7: (-1, -1), 8: (1, -1)}.get(orientation, (1, 1))
    return turned[::down, ::right]
