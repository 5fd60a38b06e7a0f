"""The faces behind a report's figures, for those who ask for them: small pictures that the page itself holds."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from PIL import Image

from facecluster.evaluation.clustering_scores import wrong_faces
from facecluster.workflows.labelled import labelled_clustering

if TYPE_CHECKING:
    from facecluster.evaluation.results import LabResults
    from facecluster.gallery.faces import FaceLook
    from facecluster.gallery.gallery import Gallery

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


def report_faces(results: LabResults, gallery: Gallery) -> dict[str, list[ShownFaces]]:
    """The wrong and doubtful faces by the section of the report that counts them: people, held-out and strangers.

    `gallery` has to be in the state that was measured, which is the caller's word: faces are told by their place in it.
    Raises EvaluationError when it has no clusters any more.
    """
    ids = gallery.face_ids()
    found: dict[str, list[ShownFaces]] = {}
    if results.scores is not None:
        found["people"] = [_shown(gallery, "Faces outside their person's cluster", _astray(gallery), _put_with)]
    if results.held_out is not None:
        table = results.held_out.table
        table = table.assign(face=ids[table["face"].to_numpy(int)]).sort_values("similarity", ascending=False)
        wrong, unsure = table[table["rank"] != 1], table[(table["rank"] == 1) & ~table["named"].astype(bool)]
        found["held-out"] = [
            _shown(gallery, "Faces that were taken for somebody else", wrong, _taken_for),
            _shown(gallery, "Faces that were not similar enough to be named", unsure[::-1], _not_named),
        ]
    if results.open_set is not None:
        table = results.open_set.table
        named = table[table["stranger"].astype(bool) & table["named"].astype(bool)]
        named = named.assign(face=ids[named["face"].to_numpy(int)]).sort_values("similarity", ascending=False)
        # A face is a stranger's in several draws.
        named = named.drop_duplicates("face")
        found["strangers"] = [_shown(gallery, "Strangers' faces that got a name", named, _named)]
    return found


def _astray(gallery: Gallery) -> pd.DataFrame:
    """Columns face, person and best, the person with most faces in its cluster, None where it lies in none."""
    faces, labels, persons = labelled_clustering(gallery)
    wrong = wrong_faces(labels, persons)
    known = pd.notna(persons)
    main = pd.Series(persons[known]).groupby(labels[known]).agg(lambda names: names.value_counts().index[0])
    best = [main[label] if label >= 0 else None for label in labels[wrong].tolist()]
    return pd.DataFrame({"face": faces[wrong], "person": persons[wrong], "best": np.array(best, dtype=object)})


def _put_with(row: Any) -> tuple[str, str]:
    if row.best is None:
        return f"A face of {row.person}, in no cluster", "in no cluster"
    if row.best == row.person:
        return f"A face of {row.person}, in a second cluster of the same person", "in a second cluster"
    return f"A face of {row.person}, in a cluster of {row.best}", f"put with {row.best}"


def _taken_for(row: Any) -> tuple[str, str]:
    words = f"taken for {row.best}"
    return f"A face of {row.person}, {words}, similarity {row.similarity:.2f}", f"{words}, {row.similarity:.2f}"


def _not_named(row: Any) -> tuple[str, str]:
    words = f"{row.similarity:.2f}, {row.threshold:.2f} needed"
    return f"A face of {row.person}, right but not named, similarity {words}", f"similarity {words}"


def _named(row: Any) -> tuple[str, str]:
    words = f"named {row.best}"
    return (
        f"A face of {row.person}, who was left out, {words}, similarity {row.similarity:.2f}",
        f"{words}, {row.similarity:.2f}",
    )


def _shown(gallery: Gallery, title: str, table: pd.DataFrame, words: Callable[[Any], tuple[str, str]]) -> ShownFaces:
    first = table.head(MOST_FACES)
    looks = gallery.looks(first["face"].tolist())
    faces = []
    for row in first.itertuples():
        alt, below = words(row)
        look = looks.get(int(row.face))
        faces.append(ShownFace(_small(look) if look else b"", alt, (str(row.person), below)))
    return ShownFaces(title, len(table), tuple(faces))


def _small(look: FaceLook) -> bytes:
    """The crop in its own proportions, without anything but its pixels; empty where it cannot be read."""
    size = (_SIDE, round(_SIDE / look.ratio)) if look.ratio >= 1 else (round(_SIDE * look.ratio), _SIDE)
    written = BytesIO()
    try:
        with Image.open(BytesIO(look.crop)) as crop:
            picture = crop.convert("RGB").resize(size, Image.Resampling.LANCZOS)
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
