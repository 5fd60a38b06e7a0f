"""Models that took long to make, kept in the user's cache folder: checked when read, made again if damaged."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
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
    when it is complete. A damaged folder is made again, and where nothing can be written, `make(None)` is called. One
    that holds anything else than what we write is left as it is, and nothing is kept in its place.
    """
    try:
        folder = _folder(key)
    except RuntimeError as error:
        _tell_that_nothing_is_kept(error)
        return make(None)
    try:
        if folder.is_dir() and _is_whole(folder):
            return load(folder)
    except Exception as error:  # anything a damaged file may do to a reader
        logger.info("The kept model %s cannot be read and is made again: %s", folder, error)
    return _make_and_keep(folder, make)


@cache
def _told_once() -> None:
    logger.warning(
        "facecluster: Prepared models cannot be kept on this machine, so that every start takes longer: "
        "give the account a home folder that may be written to, or set XDG_CACHE_HOME to one."
    )


def _tell_that_nothing_is_kept(error: Exception) -> None:
    logger.info("Models cannot be kept: %s", error)
    _told_once()


def _folder(key: str) -> Path:
    return cache_folder() / re.sub(r"[^\w.@-]+", "_", key)


def _make_and_keep(folder: Path, make: Callable[[Path | None], Made]) -> Made:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=folder.parent, prefix="new-"))
    except OSError as error:
        _tell_that_nothing_is_kept(error)
        return make(None)
    try:
        made = make(work)
    except OSError as error:  # a full disk
        logger.info("The model could not be kept as %s: %s", folder, error)
        return make(None)
    else:
        _keep(work, folder)
        return made
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _keep(work: Path, folder: Path) -> None:
    """Gives `work` its final name, in place of a damaged folder and of older versions, as far as those are ours."""
    try:
        (work / _DIGESTS).write_text(_digests(work), encoding="utf-8")
        names = {path.name for path in work.iterdir()}
        if _holds_only(folder, names):
            _remove(folder, names)
        os.rename(work, folder)
        name = folder.name.split("@")[0]
        for old in [path for path in folder.parent.iterdir() if path.name.startswith(f"{name}@") and path != folder]:
            if _holds_only(old, names) and (old / _DIGESTS).is_file() and _is_whole(old):
                _remove(old, names)
    except OSError as error:  # a full disk, another process was quicker, or somebody else's files lie there
        logger.info("The model could not be kept as %s: %s", folder, error)


def _holds_only(folder: Path, names: set[str]) -> bool:
    """Whether it is a folder, no link to one, with nothing in it but files by these names."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return all(path.name in names and path.is_file() and not path.is_symlink() for path in folder.iterdir())


def _remove(folder: Path, names: set[str]) -> None:
    """By name, so that what somebody puts there meanwhile stays. Raises OSError."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
    folder.rmdir()


def _is_whole(folder: Path) -> bool:
    return (folder / _DIGESTS).read_text(encoding="utf-8") == _digests(folder)


def _digests(folder: Path) -> str:
    lines = []
    for path in sorted(folder.iterdir()):
        if path.name != _DIGESTS:
            with path.open("rb") as file:
                lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.name}\n")
    return "".join(lines)
