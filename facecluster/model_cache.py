"""Models that took long to make, kept in the user's cache folder: checked when read, made again when in doubt."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

logger = logging.getLogger(__name__)

_DIGESTS = "sha256"
Made = TypeVar("Made")


def cache_folder() -> Path:
    """Where made models lie: `models` in the user's cache folder for facecluster. It may be deleted at any time.

    Raises RuntimeError for an account without a home folder.
    """
    import platformdirs

    return Path(platformdirs.user_cache_dir("facecluster", appauthor=False)) / "models"


def can_keep() -> bool:
    """Whether anything can be written to `cache_folder()`, which is made for it."""
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return False
    return os.access(folder, os.W_OK)


def has(key: str) -> bool:
    """Whether something is kept under `key`; whether it is whole shows when it is loaded."""
    try:
        return _folder(key).is_dir()
    except RuntimeError:
        return False


def load_or_make(key: str, load: Callable[[Path], Made], make: Callable[[Path | None], Made]) -> Made:
    """What `load(folder)` reads from the folder of `key`, or what `make(folder)` makes and writes to an empty folder.

    `key` is `name@details`: a new one replaces older ones of the same name. The folder appears under its final name
    when it is complete. A damaged folder is made again, and where nothing can be written, `make(None)` is called.
    """
    try:
        folder = _folder(key)
    except RuntimeError as error:
        logger.info("Models cannot be kept: %s", error)
        return make(None)
    try:
        if folder.is_dir() and _is_whole(folder):
            return load(folder)
    except Exception as error:  # anything a damaged file may do to a reader
        logger.info("The kept model %s cannot be read and is made again: %s", folder, error)
    return _make_and_keep(folder, make)


def _folder(key: str) -> Path:
    return cache_folder() / re.sub(r"[^\w.@-]+", "_", key)


def _make_and_keep(folder: Path, make: Callable[[Path | None], Made]) -> Made:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=folder.parent, prefix="new-"))
    except OSError as error:
        logger.info("Models cannot be kept in %s: %s", folder.parent, error)
        return make(None)
    try:
        made = make(work)
        (work / _DIGESTS).write_text(_digests(work), encoding="utf-8")
        name = folder.name.split("@")[0]
        for old in [path for path in folder.parent.iterdir() if path.name.startswith(f"{name}@")]:
            shutil.rmtree(old, ignore_errors=True)
        os.rename(work, folder)
    except OSError as error:  # a full disk, or another process was quicker
        logger.info("The model could not be kept as %s: %s", folder, error)
        return make(None)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return made


def _is_whole(folder: Path) -> bool:
    return (folder / _DIGESTS).read_text(encoding="utf-8") == _digests(folder)


def _digests(folder: Path) -> str:
    lines = []
    for path in sorted(folder.iterdir()):
        if path.name != _DIGESTS:
            with path.open("rb") as file:
                lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "".join(lines)
