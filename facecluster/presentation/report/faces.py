"""The faces behind a report's figures, for those who ask for them: small pictures that the page itself holds."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from html import escape
from io import BytesIO

from PIL import Image

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


@dataclass(frozen=True)
class ShownFaces:
    """Faces of one kind, worst first, of `total` such faces."""

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


def faces_html(shown: ShownFaces) -> str:
    """A heading and the faces below it, pictures within the page; a sentence where there are none."""
    count = "" if len(shown.faces) == shown.total else f"<p>The first {len(shown.faces)} of {shown.total:,}.</p>"
    body = f'<ul class="faces">{"".join(map(_face, shown.faces))}</ul>' if shown.faces else "<p>There are none.</p>"
    return f"<h3>{escape(shown.title)}</h3>{count}{body}"


def _face(face: ShownFace) -> str:
    picture = f'<span class="no-picture" role="img" aria-label="{escape(face.alt)}">no picture</span>'
    if face.jpeg:
        picture = f'<img src="data:image/jpeg;base64,{b64encode(face.jpeg).decode()}" alt="{escape(face.alt)}">'
    person, *below = face.lines
    lines = "".join(f'<span dir="auto">{escape(line)}</span>' for line in below)
    return f'<li>{picture}<strong dir="auto">{escape(person)}</strong>{lines}</li>'
