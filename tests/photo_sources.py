"""Folders and zips of tiny photos, and how a refusal reads."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image

from facecluster.errors import SourceError
from facecluster.photos.images import SUFFIXES
from facecluster.photos.sources import PhotoSource, open_photos


def photo(number: int = 0) -> bytes:
    """A small PNG; another one for every number."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (number % 256, number // 256, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def content_of(path: str, number: int) -> bytes:
    """A photo where the path is called like one, some text otherwise."""
    return photo(number) if Path(path).suffix.lower() in SUFFIXES else b"some text"


def make_folder(folder: Path, paths: Iterable[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(paths):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content_of(path, number))
    return folder


def make_zip(file: Path, paths: Iterable[str]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, path in enumerate(paths):
            archive.writestr(path, content_of(path, number))
    return file


Maker = Callable[[Path, Iterable[str]], Path]


def folder_source(place: Path, paths: Iterable[str]) -> Path:
    return make_folder(place / "people", paths)


def zip_source(place: Path, paths: Iterable[str]) -> Path:
    return make_zip(place / "people.zip", paths)


both = pytest.mark.parametrize("make", [folder_source, zip_source], ids=["folder", "zip"])


def listed(source: PhotoSource) -> dict[str, str | None]:
    return {source[index].path: source[index].person for index in range(len(source))}


def assert_refused(source: str | Path, *said: str) -> None:
    with pytest.raises(SourceError) as error:
        open_photos(source)
    assert_one_sentence(error, *said)


def assert_one_sentence(error: pytest.ExceptionInfo[SourceError], *said: str) -> None:
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert ". " not in text, "one sentence"
    for part in said:
        assert part in text
