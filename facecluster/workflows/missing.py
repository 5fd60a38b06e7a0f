"""Photos that are not where they were indexed from: which ones, and forgetting them."""

from __future__ import annotations

from facecluster.gallery.gallery import Gallery
from facecluster.photos.originals import Originals


def look_for_missing(gallery: Gallery) -> list[int]:
    """The ids of the photos that are still missing. Those that lie at their places again are missing no more."""
    originals, missing = Originals(), gallery.photos.missing()
    back = {photo.id for photo in missing if originals.lie_there(photo)}
    gallery.photos.mark_found(sorted(back))
    return [photo.id for photo in missing if photo.id not in back]


def delete_missing(gallery: Gallery) -> int:
    """Removes the photos that are still missing for good; returns how many that were. Asks nobody."""
    return gallery.delete_photos(look_for_missing(gallery))
