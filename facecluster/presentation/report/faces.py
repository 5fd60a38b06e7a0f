"""The faces behind a report's figures, for those who ask for them: small pictures that the page itself holds."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from typing import ClassVar

from PIL import Image

from facecluster.presentation.report.blocks import Block

MOST_FACES = 24
"""So many faces of each kind at most, that the page stays below two megabytes."""

_SIDE = 112  # pixels of the longer side; they are shown smaller, for screens of a high density
_QUALITY = 75


@dataclass(frozen=True)
class ShownFace:
    """A face's picture as JPEG, empty where it cannot be read, and who was taken for whom: `alt` in a sentence, `lines`
    below the picture, the first of them the person."""

    jpeg: bytes
    alt: str
    lines: tuple[str, ...]

    @property
    def address(self) -> str:
        """The picture as an address that holds it whole."""
        return f"data:image/jpeg;base64,{b64encode(self.jpeg).decode()}"


@dataclass(frozen=True)
class ShownFaces(Block):
    """Faces of one kind, worst first, of `total` such faces."""

    kind: ClassVar[str] = "faces"
    title: str
    total: int
    faces: tuple[ShownFace, ...]


def small_picture(crop: bytes, ratio: float) -> bytes:
    """A stored crop, stretched to a square, as a small JPEG in its own proportions, `ratio` its width by its height;
    nothing but its pixels, and empty where it cannot be read."""
    size = (_SIDE, round(_SIDE / ratio)) if ratio >= 1 else (round(_SIDE * ratio), _SIDE)
    written = BytesIO()
    try:
        with Image.open(BytesIO(crop)) as opened:
            picture = opened.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    except OSError:
        return b""
    picture.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return written.getvalue()
