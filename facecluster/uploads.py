"""Removing the copies of uploaded photos from a gallery for good."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

from facecluster.errors import GalleryError


def remove_files(root: Path, doomed: Callable[[Path], bool]) -> None:
    """Removes the files below `root` that `doomed` names, and then all empty folders below it.

    Raises GalleryError for one that stays, once the others are removed.
    """
    failed: list[OSError] = []
    for place, _, names in os.walk(root, topdown=False, onerror=failed.append):
        folder = Path(place)
        try:
            for file in map(folder.joinpath, names):
                if doomed(file):
                    _attempt(file.unlink, failed)
            if folder != root and not any(folder.iterdir()):
                folder.rmdir()
        except OSError as error:
            failed.append(error)
    failed = [error for error in failed if Path(error.filename or root).exists()]
    if failed:
        raise GalleryError(
            f"Everything else is deleted, but {failed[0].filename} could not be removed ({failed[0].strerror}): "
            "remove it yourself."
        )


def person_of(file: Path) -> str:
    """The person a file belongs to by the folder that holds it, as `photos` reads it."""
    return unicodedata.normalize("NFC", file.parent.name)


def _attempt(work: Callable[[], None], failed: list[OSError]) -> None:
    try:
        work()
    except OSError as error:
        failed.append(error)
