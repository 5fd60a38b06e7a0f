"""The canvas: smooth shapes with hard or soft edges, drawn at twice the size so that edges come out clean."""

from typing import TypeAlias

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour: TypeAlias = tuple[int, int, int]

SUPERSAMPLE = 2
"""Drawing happens at this multiple of the final size and is averaged down at the end."""

_COARSEST = 8
"""Blurred shapes are drawn up to this much smaller: their edges hold no detail, and blurring gets cheap."""


class Canvas:
    """An RGB picture to draw on, in pixels of the supersampled size; every shape is an (n, 2) array of x, y."""

    def __init__(self, background: Image.Image) -> None:
        """Draw on `background`, an RGB image of `SUPERSAMPLE` times the final size, which is not copied."""
        self.size = background.size
        self._image = background
        self._draw = ImageDraw.Draw(self._image)

    def fill(self, points: np.ndarray, colour: Colour) -> None:
        """Fill the polygon `points` with one colour."""
        self._draw.polygon(_flat(points), fill=colour)

    def stroke(self, points: np.ndarray, colour: Colour, width: float) -> None:
        """Draw an open line of `width` pixels with rounded ends."""
        pixels = max(1, round(width))
        self._draw.line(_flat(points), fill=colour, width=pixels, joint="curve")
        if pixels > 2:
            for x, y in (points[0], points[-1]):
                r = pixels / 2 - 0.5
                self._draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def shade(
        self, points: np.ndarray, colour: Colour, opacity: float, blur: float, within: Image.Image | None = None
    ) -> None:
        """Fill a polygon with a soft edge: `opacity` in [0, 1], `blur` as a standard deviation in pixels.

        `within` is a mask of `mask()`; nothing is drawn outside of it.
        """
        left, top = np.floor(points.min(axis=0) - 3 * blur).astype(int)
        right, bottom = np.ceil(points.max(axis=0) + 3 * blur).astype(int)
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, self.size[0]), min(bottom, self.size[1])
        if right - left < 1 or bottom - top < 1:
            return
        box = (int(left), int(top), int(right), int(bottom))
        step = min(max(int(blur / 2.5), 1), _COARSEST)
        small = Image.new("L", (-(-(box[2] - box[0]) // step), -(-(box[3] - box[1]) // step)))
        ImageDraw.Draw(small).polygon(_flat((points - (left, top)) / step), fill=round(255 * opacity))
        small = small.filter(ImageFilter.GaussianBlur(blur / step))
        soft = small.resize((small.width * step, small.height * step), Image.Resampling.BILINEAR)
        soft = soft.crop((0, 0, box[2] - box[0], box[3] - box[1]))
        if within is not None:
            soft = ImageChops.multiply(soft, within.crop(box))
        self._image.paste(colour, box, soft)

    def mask(self, points: np.ndarray) -> Image.Image:
        """The polygon as a mask ("L", the canvas's size) for `shade`."""
        mask = Image.new("L", self.size)
        ImageDraw.Draw(mask).polygon(_flat(points), fill=255)
        return mask

    def finished(self) -> Image.Image:
        """The picture at its final size."""
        return self._image.reduce(SUPERSAMPLE)


def smooth(points: np.ndarray, *, closed: bool = True, steps: int = 7) -> np.ndarray:
    """A curve through all of `points` (n, 2): a uniform Catmull-Rom spline with `steps` points a segment.

    Source: Catmull and Rom, "A class of local interpolating splines", 1974.
    """
    p = np.asarray(points, dtype=np.float64)
    ring = np.vstack([p[-1:], p, p[:2]]) if closed else np.vstack([p[:1], p, p[-1:]])
    before, start, end, after = ring[:-3], ring[1:-2], ring[2:-1], ring[3:]
    t = (np.arange(steps) / steps)[:, None, None]
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    curve = curve.transpose(1, 0, 2).reshape(-1, 2)
    return curve if closed else np.vstack([curve, p[-1:]])


def ellipse(x: float, y: float, width: float, height: float, tilt: float = 0.0, count: int = 28) -> np.ndarray:
    """An ellipse's outline as (count, 2); `width` and `height` are half axes, `tilt` is in radians."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    across, down = width * np.cos(angle), height * np.sin(angle)
    turned = (x + across * np.cos(tilt) - down * np.sin(tilt), y + across * np.sin(tilt) + down * np.cos(tilt))
    return np.stack(turned, axis=1)


def both_sides(half: list[tuple[float, float]]) -> np.ndarray:
    """A closed outline from its right half, listed from top to bottom; points on the axis are not doubled."""
    right = np.array(half, dtype=np.float64)
    left = right[::-1] * (-1, 1)
    return np.vstack([right, left[np.abs(left[:, 0]) > 1e-9]])


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`first` with `share` (0 to 1) of `second` in it."""
    blend = np.array(first) * (1 - share) + np.array(second) * share
    red, green, blue = (int(value) for value in np.clip(np.rint(blend), 0, 255))
    return red, green, blue


def _flat(points: np.ndarray) -> list[float]:
    flat: list[float] = np.asarray(points, dtype=np.float64).ravel().tolist()
    return flat
