"""Where photos come from: a folder, a zip or a Kaggle data set. Sources are only ever read."""

from __future__ import annotations

import os
from pathlib import Path

from facecluster.errors import SourceError
from facecluster.photos.archive import MAX_UNPACKED, DamagedMemberError, Member, ZipPhotos, unpack_members, unpack_zip
from facecluster.photos.base import ListedPhotos, PhotoFile, PhotoSource
from facecluster.photos.folder import FolderPhotos
from facecluster.photos.images import load_image
from facecluster.photos.kaggle import KAGGLE, kaggle_folder
from facecluster.photos.people_names import AUTO
from facecluster.user_paths import user_path

__all__ = [
    "KAGGLE",
    "MAX_UNPACKED",
    "DamagedMemberError",
    "FolderPhotos",
    "ListedPhotos",
    "Member",
    "PhotoFile",
    "PhotoSource",
    "ZipPhotos",
    "load_image",
    "open_photos",
    "unpack_members",
    "unpack_zip",
]


def open_photos(source: str | Path, people_from: str = AUTO) -> ListedPhotos:
    """The photos of a folder, a `.zip`, or `kaggle:owner/dataset`.

    `people_from` tells which folder above a photo names its person: `first` or `last`, the number of a folder from the
    top, `none`, or `auto` for a guess (people_names). Raises SourceError.
    """
    text = str(source)
    if not text.strip():
        raise SourceError("No source of photos is named: name a folder, a .zip or kaggle:owner/dataset.")
    if text.startswith(KAGGLE):
        handle = text.removeprefix(KAGGLE)
        # The folder in kagglehub's cache is called after a version number.
        return FolderPhotos(kaggle_folder(handle), people_from, handle)
    if text.lower().endswith(".zip") and not os.path.isdir(user_path(text, SourceError)):
        return ZipPhotos(text, people_from)
    return FolderPhotos(text, people_from)
