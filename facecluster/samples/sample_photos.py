"""The sample gallery: invented people, drawn by this program, so that it can be tried without a photo of anybody."""

import io
import os
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from PIL import Image

from facecluster.errors import SourceError
from facecluster.samples.drawn.people import sample_people, sample_person
from facecluster.samples.drawn.portraits import group_photo_of, portrait_of
from facecluster.samples.drawn.traits import SamplePerson
from facecluster.user_paths import user_path
from facecluster.writing import ASIDE, beginning, put_new, written_aside

__all__ = [
    "SamplePerson",
    "draw_group",
    "draw_portrait",
    "draw_stranger",
    "sample_people",
    "write_sample_people",
]

SHIPPED = Path(__file__).parent / "drawn" / "portraits.zip"

_STRANGER = 28
"""Who plays the stranger: of the people drawn at random, one whose embeddings resemble none of the first twelve."""

_SIGNATURE = b"drawn by facecluster"
_EDITION = b", edition 1"
"""JPEG comment of our files, by which they are known again. Count up when the drawings change: older ones of ours are
then drawn anew, so that a folder never mixes two looks of one person.
"""

_HEADER_BYTES = 1024
"""Where in a file the comment must be; Pillow writes it within the first hundred bytes."""

_OLD_ASIDE = re.compile(r"\.\d+\.jpg\.part")

_DRAWN = re.compile(rb"\xff\xd8.*?\xff\xfe\x00." + _SIGNATURE + rb"(, edition \d+)", re.DOTALL)
"""How a file of ours begins: as a JPEG whose comment, a segment of its own, is the signature with an edition."""


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
    return group_photo_of([sample_person(number) for number in people], seed)


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
    is kept and completed. Raises SourceError when `folder` holds anything else, or cannot be written to; nothing that
    was not drawn here is ever replaced, whenever it was put there.
    """
    if not str(folder).strip():
        raise SourceError("No folder for the sample people is named: name a new one.")
    root = user_path(folder, SourceError)
    if people < 1 or portraits < 1 or first < 1:
        raise SourceError(f"Sample people need at least one person and one portrait, not {people} and {portraits}.")
    wanted = {root / path: draw for path, draw in sample_files(people, portraits, first).items()}
    try:
        left_over = _refuse_foreign(root, set(wanted))
        for done, (path, draw) in enumerate(wanted.items(), start=1):
            if not is_current(path):
                _write(root, path, draw())
            if on_progress is not None:
                on_progress(done, len(wanted))
        for path in filter(_is_left_over, left_over):
            path.unlink()
    except OSError as error:
        raise SourceError(
            f"The sample people cannot be written to {root}: {error.strerror or error}; "
            "choose a folder you may write to."
        ) from error
    return list(wanted)


def sample_files(people: int, portraits: int, first: int = 1) -> dict[str, Callable[[], bytes]]:
    """The files that `write_sample_people` writes, by path with forward slashes: what gives each as a JPEG's bytes."""
    last = first + portraits - 1
    digits = max(2, len(str(last)))
    return {
        (path := f"{person.name}/{number + 1:0{digits}}.jpg"): partial(_jpeg, path, person.number, number)
        for person in sample_people(people)
        for number in range(first - 1, last)
    }


def is_current(path: Path) -> bool:
    """Whether a file is a sample portrait as it is drawn today."""
    return _edition(path) == _EDITION


def _refuse_foreign(root: Path, wanted: set[Path]) -> list[Path]:
    """Raises SourceError where anything else lies than sample people; returns what runs that were killed left over."""
    if root.exists() and not root.is_dir():
        raise SourceError(f"{root} is a file, and the sample people need a folder; choose another name.")
    folders, left_over = {path.parent for path in wanted}, []
    for path in sorted(root.rglob("*")):
        if path.parent in folders and _is_left_over(path):
            left_over.append(path)
        elif path in folders:
            if path.is_symlink() or not path.is_dir():
                raise _foreign(root, path)
        elif path not in wanted or _edition(path) is None:
            raise _foreign(root, path)
    return left_over


def _foreign(root: Path, path: Path) -> SourceError:
    return SourceError(
        f"{root} already holds {path.relative_to(root)}, which is not one of the sample people to be written; "
        "choose an empty or a new folder."
    )


def _is_left_over(path: Path) -> bool:
    """Whether a run that was killed left that file; once they had a name that somebody else might choose too."""
    if ASIDE.fullmatch(path.name) and path.is_file() and not path.is_symlink() and not path.stat().st_size:
        return True
    return bool(ASIDE.fullmatch(path.name) or _OLD_ASIDE.fullmatch(path.name)) and _edition(path) is not None


def _edition(path: Path) -> bytes | None:
    """Which edition of our drawings a file is, as it stands in its comment; None for anything else."""
    try:
        drawn = _DRAWN.match(beginning(path, _HEADER_BYTES))
    except OSError:
        return None
    return drawn[1] if drawn else None


def _jpeg(path: str, person: int, portrait: int) -> bytes:
    drawn = shipped().get(path, b"")
    if (found := _DRAWN.match(drawn[:_HEADER_BYTES])) and found[1] == _EDITION:
        return drawn
    return draw_jpeg(person, portrait)


def draw_jpeg(person: int, portrait: int) -> bytes:
    """A portrait as the bytes of a JPEG that is known again as ours."""
    jpeg = io.BytesIO()
    options = {"quality": 90, "optimize": True, "progressive": True, "comment": _SIGNATURE + _EDITION}
    draw_portrait(person, portrait).save(jpeg, "JPEG", **options)
    return jpeg.getvalue()


@cache
def shipped() -> Mapping[str, bytes]:
    """The portraits that the app loads, by path, as `python -m facecluster.samples.drawn` drew them for the package.

    To draw them takes 11 s, to read them 10 ms. Empty where they are not there: then they are drawn.
    """
    try:
        with zipfile.ZipFile(SHIPPED) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile):
        return {}


def _write(root: Path, path: Path, jpeg: bytes) -> None:
    """Under another name first: a run that is killed must not leave half a picture that looks whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_aside(path.parent, jpeg) as aside:
        try:
            put_new(aside, path)
        except FileExistsError as error:
            # An older edition, or another run was quicker; or somebody put something there since.
            if _edition(path) is None:
                raise _foreign(root, path) from error
            os.replace(aside, path)
