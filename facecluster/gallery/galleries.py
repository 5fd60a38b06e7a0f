"""Several galleries on one machine: the main one in a home folder, and others in folders of their own below it."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from facecluster.errors import GalleryError
from facecluster.gallery.gallery import FILE_NAME, Gallery
from facecluster.records import name_key

MAIN = ""
"""The key of the gallery in the home folder itself."""
SAMPLE = "sample-people"
"""The key of the gallery that holds the sample people and nobody else."""
MAX_NAME = 60

_FOLDER = "galleries"
_SAMPLE_NAME = "Sample people"


@dataclass(frozen=True)
class GalleryEntry:
    """A gallery of a list: `key` tells it from the others of the same home, and is no path."""

    key: str
    name: str


def gallery_keys(home: Path) -> list[str]:
    """The keys of a home's galleries, the main one first whether it was used or not."""
    try:
        with os.scandir(home / _FOLDER) as entries:
            folders = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        folders = []
    return [MAIN, *sorted(name for name in folders if (home / _FOLDER / name / FILE_NAME).is_file())]


def gallery_path(home: Path, key: str) -> Path:
    """The folder of a gallery. Raises GalleryError when the home has none of that key."""
    if key not in gallery_keys(home):
        raise GalleryError("There is no such gallery any more: choose another one.")
    return home / _FOLDER / key if key else home


def list_galleries(home: Path) -> list[GalleryEntry]:
    """The main gallery, then the others by name. One that cannot be opened is called after its folder."""
    main, *others = [GalleryEntry(key, _name(gallery_path(home, key))) for key in gallery_keys(home)]
    return [main, *sorted(others, key=lambda entry: entry.name.casefold())]


def create_gallery(home: Path, name: str) -> str:
    """Makes an empty gallery and returns its key. Raises GalleryError for a name that is empty, too long or taken, and
    where no folder can be made.
    """
    name = _free(home, name, None)
    return _make(home, name, _keys_for(name))


def sample_gallery(home: Path) -> str:
    """The key of the gallery of the sample people, which is made where it is not there. Raises GalleryError."""
    return SAMPLE if SAMPLE in gallery_keys(home) else _make(home, _SAMPLE_NAME, iter([SAMPLE]))


def rename_gallery(home: Path, key: str, name: str) -> None:
    """Gives a gallery another name; its folder stays. Raises GalleryError as `create_gallery`."""
    path = gallery_path(home, key)
    name = _free(home, name, key)
    gallery = Gallery.open(path)
    gallery.rename(name)
    gallery.close()


def _make(home: Path, name: str, keys: Iterator[str]) -> str:
    for key in keys:
        folder = home / _FOLDER / key
        try:
            folder.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            if key != SAMPLE:
                continue
        except OSError as error:
            raise GalleryError(f"The gallery folder {folder} cannot be made ({error.strerror}).") from error
        gallery = Gallery.open(folder)
        gallery.rename(name)
        gallery.close()
        return key
    raise AssertionError("keys never end")


def _keys_for(name: str) -> Iterator[str]:
    """`my-photos`, `my-photos-2` and so on for "My photos"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "gallery"
    numbered = (f"{stem}-{number}" for number in count(2))
    if stem != SAMPLE:
        yield stem
    yield from numbered


def _free(home: Path, name: str, own: str | None) -> str:
    name = " ".join(name_key(name).split())
    if not name:
        raise GalleryError("Give the gallery a name.")
    if len(name) > MAX_NAME:
        raise GalleryError(f"The name has {len(name)} letters: make it at most {MAX_NAME}.")
    if any(entry.name.casefold() == name.casefold() for entry in list_galleries(home) if entry.key != own):
        raise GalleryError(f"There is a gallery called {name} already: choose another name.")
    return name


def _name(path: Path) -> str:
    try:
        gallery = Gallery.open(path, create=False)
        name = gallery.name
        gallery.close()
    except GalleryError:
        return path.name
    return name
