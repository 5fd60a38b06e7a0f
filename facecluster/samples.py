"""The sample gallery: invented people, drawn by this program, so that it can be tried without a photo of anybody."""

import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from facecluster.drawn.people import sample_people, sample_person
from facecluster.drawn.portraits import group_of, portrait_of
from facecluster.drawn.traits import SamplePerson
from facecluster.errors import SourceError
from facecluster.user_paths import user_path

__all__ = [
    "SamplePerson",
    "draw_group",
    "draw_portrait",
    "draw_stranger",
    "sample_people",
    "write_sample_people",
]

_STRANGER = 28
"""Who plays the stranger: of the people drawn by lot, one whose embeddings resemble none of the first twelve."""

_SIGNATURE = b"drawn by facecluster"
_EDITION = b", edition 1"
"""JPEG comment of our files, by which they are known again. Count up when the drawings change: older ones of ours are
then drawn anew, so that a folder never mixes two looks of one person.
"""

_HEADER_BYTES = 1024
"""Where in a file the comment must be; Pillow writes it within the first hundred bytes."""


def draw_portrait(person: int, portrait: int) -> Image.Image:
    """A portrait of a drawn person, RGB, 400 x 480 px; the same pixels whenever both numbers (from 0) are the same.

    Raises ValueError for negative numbers.
    """
    if portrait < 0:
        raise ValueError(f"Portraits are numbered from 0, not {portrait}.")
    return portrait_of(sample_person(person), portrait)


def draw_stranger(portrait: int) -> Image.Image:
    """A portrait of somebody who is not among the first twelve people, as `draw_portrait`."""
    return draw_portrait(_STRANGER, portrait)


def draw_group(people: Sequence[int], seed: int = 0) -> Image.Image:
    """A group photo of these people, RGB: from left to right, six in a row, the first six in front.

    Heads are about 125 px wide. The picture is the same for the same people and `seed`.
    Raises ValueError when `people` is empty.
    """
    if not people:
        raise ValueError("A group photo needs at least one person.")
    return group_of([sample_person(number) for number in people], seed)


def write_sample_people(
    folder: str | Path,
    people: int = 12,
    portraits: int = 12,
    on_progress: Callable[[int, int], None] | None = None,
    first: int = 1,
) -> list[Path]:
    """Draw `people` x `portraits` pictures into `folder`/<name>/<01>.jpg; returns their paths, person by person.

    `first` is the number of each person's first portrait: others than before make probes for those drawn before.
    `on_progress(done, total)` is called after each picture. What an earlier call left there, even an unfinished one,
    is kept and completed. Raises SourceError when `folder` holds anything else, or cannot be written to.
    """
    if not str(folder).strip():
        raise SourceError("No folder for the sample people is named: name a new one.")
    root = user_path(folder, SourceError)
    if people < 1 or portraits < 1 or first < 1:
        raise SourceError(f"Sample people need at least one person and one portrait, not {people} and {portraits}.")
    last = first + portraits - 1
    digits = max(2, len(str(last)))
    wanted = {
        root / person.name / f"{number + 1:0{digits}}.jpg": (person.number, number)
        for person in sample_people(people)
        for number in range(first - 1, last)
    }
    try:
        _refuse_foreign(root, set(wanted))
        for done, (path, (person, portrait)) in enumerate(wanted.items(), start=1):
            if not _is_drawn(path, _SIGNATURE + _EDITION):
                _write(path, draw_portrait(person, portrait))
            if on_progress is not None:
                on_progress(done, len(wanted))
    except OSError as error:
        raise SourceError(
            f"The sample people cannot be written to {root}: {error.strerror or error}; "
            "choose a folder you may write to."
        ) from error
    return list(wanted)


def _refuse_foreign(root: Path, wanted: set[Path]) -> None:
    if root.exists() and not root.is_dir():
        raise SourceError(f"{root} is a file, and the sample people need a folder; choose another name.")
    folders = {path.parent for path in wanted}
    unfinished = {_part(path) for path in wanted}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            ours = False
        elif path.is_dir():
            ours = path in folders
        else:
            ours = path in unfinished or (path in wanted and _is_drawn(path, _SIGNATURE))
        if not ours:
            raise SourceError(
                f"{root} already holds {path.relative_to(root)}, which is not one of the sample people to be written; "
                "choose an empty or a new folder."
            )


def _is_drawn(path: Path, comment: bytes) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as file:
        return comment in file.read(_HEADER_BYTES)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _write(path: Path, image: Image.Image) -> None:
    """Under another name first: a run that is killed must not leave half a picture that looks whole."""
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=90, comment=_SIGNATURE + _EDITION)
    path.parent.mkdir(parents=True, exist_ok=True)
    _part(path).write_bytes(jpeg.getvalue())
    os.replace(_part(path), path)
