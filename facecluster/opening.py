"""Opening a source of photos for a gallery that may know it already: what was there once is not simply "no photos"."""

from __future__ import annotations

from pathlib import Path

from facecluster.errors import NothingThereError
from facecluster.file_names import storable
from facecluster.gallery import Gallery, default_gallery
from facecluster.people_names import AUTO
from facecluster.photos import KAGGLE, ListedPhotos, open_photos


def open_known(gallery: Path | str | None, source: str | Path, people_from: str = AUTO) -> ListedPhotos:
    """`open_photos`; where nothing is at a place that the gallery in this folder knows, its photos are missing.

    Raises SourceError.
    """
    try:
        return open_photos(source, people_from)
    except NothingThereError as error:
        known = 0 if str(source).startswith(KAGGLE) else _missing_at(gallery, source)
        if not known:
            raise
        raise NothingThereError(
            f"None of the {known:,} photos that the gallery knows from {source} is there (is the disk there?): connect "
            "it, or remove them from the gallery by facecluster delete --missing."
        ) from error


def _missing_at(folder: Path | str | None, source: str | Path) -> int:
    gallery_folder = Path(folder).expanduser() if folder is not None else default_gallery()
    if not (gallery_folder / "gallery.db").is_file():
        return 0
    gallery = Gallery.open(gallery_folder, create=False)
    location = storable(str(Path(source).expanduser().resolve()))
    return max(gallery.mark_source_missing(kind, location) for kind in ("folder", "zip"))
