"""Opening a source of photos for a gallery that may know it already: what was there once is not simply "no photos"."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facecluster.errors import NothingThereError, SourceError
from facecluster.file_names import storable
from facecluster.photos.people_names import AUTO
from facecluster.photos.sources import KAGGLE, ListedPhotos, open_photos
from facecluster.user_paths import user_path

if TYPE_CHECKING:
    from facecluster.gallery.gallery import Gallery


def open_known(gallery: Gallery | None, source: str | Path, people_from: str = AUTO) -> ListedPhotos:
    """`open_photos`; where nothing is at a place that the gallery knows, its photos from there are missing.

    Raises SourceError.
    """
    try:
        return open_photos(source, people_from)
    except NothingThereError as error:
        if gallery is None or str(source).startswith(KAGGLE):
            raise
        location = storable(str(user_path(source, SourceError).resolve()))
        known = max(gallery.sources.mark_all_missing(kind, location) for kind in ("folder", "zip"))
        if not known:
            raise
        raise NothingThereError(
            f"None of the {known:,} photos that the gallery knows from {source} is there (is the disk there?): connect "
            "it, or remove them from the gallery by facecluster delete --missing."
        ) from error
