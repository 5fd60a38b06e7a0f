"""What the identify page draws: numbered boxes on photos, and a similarity beside its threshold."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from facecluster.photos.images import encode_jpeg
from facecluster.recognition.probes import Verdict

# Dark enough for a white number in them, bright enough to be seen on a dark photo.
COLOURS: dict[Verdict, str] = {"known": "#15803d", "unnamed": "#1d4ed8", "close": "#b45309", "unknown": "#52606d"}

Box = tuple[float, float, float, float]

_THUMBNAIL = 240  # pixels of the longer side

_LOWEST, _HIGHEST = -0.2, 1.0  # similarities that the scale shows; what lies beyond is drawn at its end


def box_ratio(box: Sequence[float]) -> float:
    """Width by height of a box (x1, y1, x2, y2), from 1/4 to 4."""
    x1, y1, x2, y2 = box
    return float(min(max((x2 - x1) / max(y2 - y1, 1e-6), 0.25), 4.0))


def in_shape(crop: np.ndarray, box: Sequence[float]) -> np.ndarray:
    """A face's crop, which is stretched to a square (160, 160, 3) uint8, in the shape that the face has in its box."""
    ratio, (height, width) = box_ratio(box), crop.shape[:2]
    size = (width, round(height / ratio)) if ratio < 1 else (round(width * ratio), height)
    return np.asarray(Image.fromarray(crop).resize(size, Image.Resampling.BILINEAR))


def numbered_boxes(
    picture: bytes, boxes: Sequence[Box], verdicts: Sequence[Verdict], *, with_numbers: bool = True
) -> bytes:
    """A JPEG of `picture` with `boxes` (x1, y1, x2, y2) in its pixels, numbered from 1 and coloured by verdict."""
    return encode_jpeg(
        np.asarray(_with_boxes(Image.open(io.BytesIO(picture)).convert("RGB"), boxes, verdicts, with_numbers))
    )


def thumbnail(picture: bytes, boxes: Sequence[Box], verdicts: Sequence[Verdict]) -> bytes:
    """The same, at most 240 pixels high and wide; `boxes` are in pixels of `picture`. One box needs no number."""
    image = Image.open(io.BytesIO(picture))
    width, height = image.size
    scale = min(_THUMBNAIL / max(width, height), 1.0)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    image.draft("RGB", size)  # a JPEG is decoded at a half or a quarter, which is much quicker
    small = image.convert("RGB").resize(size, Image.Resampling.BILINEAR)
    scaled = [(x1 * scale, y1 * scale, x2 * scale, y2 * scale) for x1, y1, x2, y2 in boxes]
    return encode_jpeg(np.asarray(_with_boxes(small, scaled, verdicts, len(boxes) > 1)), 85)


def _with_boxes(
    image: Image.Image, boxes: Sequence[Box], verdicts: Sequence[Verdict], with_numbers: bool
) -> Image.Image:
    draw = ImageDraw.Draw(image)
    line = max(round(max(image.size) / 300), 2)
    for box, verdict in zip(boxes, verdicts, strict=True):
        x1, y1, x2, y2 = box
        draw.rectangle((x1 - line, y1 - line, x2 + line, y2 + line), outline="white", width=line * 3)
        draw.rectangle(box, outline=COLOURS[verdict], width=line)
    for number, (box, verdict) in enumerate(zip(boxes, verdicts, strict=True) if with_numbers else (), start=1):
        _label(draw, image.size, box, str(number), COLOURS[verdict], line)
    return image


def _label(
    draw: ImageDraw.ImageDraw,
    size: tuple[int, int],
    box: Box,
    text: str,
    colour: str,
    line: int,
) -> None:
    """A white number on a coloured plate above the box, or inside it at the photo's top."""
    font = ImageFont.load_default(max(size[0] // 32, size[1] // 40, 14))
    left, top, right, bottom = font.getbbox(text)
    width, height = right - left + 8 * line, bottom - top + 5 * line
    x = min(max(box[0] - line, 0), size[0] - width)
    y = box[1] - line - height if box[1] - line - height >= 0 else max(box[1], 0)
    draw.rectangle((x, y, x + width, y + height), fill=colour, outline="white", width=max(line // 2, 1))
    draw.text((x + width / 2, y + height / 2), text, font=font, fill="white", anchor="mm")


def similarity_scale(similarity: float, threshold: float, verdict: Verdict, ink: str) -> str:
    """An SVG of 320 x 42: a dot at the similarity, a tick at the threshold, on a scale from -0.2 to 1."""
    x, tick = _place(similarity), _place(threshold)
    colour = COLOURS[verdict]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="42" viewBox="0 0 320 42">'
        f'<line x1="10" y1="14" x2="310" y2="14" stroke="{ink}" stroke-opacity="0.45" stroke-width="4" '
        'stroke-linecap="round"/>'
        f'<line x1="10" y1="14" x2="{x:.1f}" y2="14" stroke="{colour}" stroke-width="4" stroke-linecap="round"/>'
        f'<line x1="{tick:.1f}" y1="3" x2="{tick:.1f}" y2="25" stroke="{ink}" stroke-width="3"/>'
        f'<circle cx="{x:.1f}" cy="14" r="7" fill="{colour}" stroke="white" stroke-width="2"/>'
        f'<g font-family="sans-serif" font-size="11" fill="{ink}"><text x="1" y="39">{_LOWEST:g}</text>'
        f'<text x="{tick:.1f}" y="39" text-anchor="middle">threshold</text>'
        f'<text x="319" y="39" text-anchor="end">{_HIGHEST:g}</text></g>'
        "</svg>"
    )


def _place(similarity: float) -> float:
    share = (min(max(similarity, _LOWEST), _HIGHEST) - _LOWEST) / (_HIGHEST - _LOWEST)
    return 10 + 300 * share
