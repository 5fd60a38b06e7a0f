"""The command that deletes: says what goes, asks, and tells what was removed."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from facecluster.cli.output import complain
from facecluster.errors import Cancelled, GalleryError
from facecluster.file_names import storable
from facecluster.gallery.gallery import Gallery
from facecluster.presentation.text import counted
from facecluster.user_paths import user_path
from facecluster.workflows.missing import look_for_missing

_STAYS = "The original photos stay where they are; this cannot be undone."


def delete(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """The JSON document of what was removed, and the same as text. Raises GalleryError, and Cancelled on a no."""
    gallery = Gallery.open(options.gallery, create=False)
    what, remove = _plan(gallery, options)
    if not options.yes:
        _ask(what)
    before = gallery.counts()
    remove()
    after = gallery.counts()
    document = {
        "photos": before.photos - after.photos,
        "faces": before.faces - after.faces,
        "people": before.people - after.people,
    }
    text = f"Removed from the gallery: {counted(document['photos'], 'photo')}, {counted(document['faces'], 'face')}."
    return document, text


def _plan(gallery: Gallery, options: argparse.Namespace) -> tuple[str, Callable[[], object]]:
    """What goes, in words, and the work."""
    if options.person:
        return _people(gallery, list(dict.fromkeys(options.person)))
    if options.photo:
        photos = sorted({_photo(gallery, text) for text in options.photo})
        shown = _first_few([gallery.photos.get(photo).path for photo in photos])
        return f"{counted(len(photos), 'photo')} ({shown})", lambda: gallery.delete_photos(photos)
    if options.face:
        return _faces(gallery, sorted(set(options.face)))
    if options.missing:
        missing = look_for_missing(gallery)
        if not missing:
            raise GalleryError(
                "No photo of the gallery is missing from where it was indexed: there is nothing to remove."
            )
        places = "; ".join(map(str, gallery.sources.missing()))
        return f"{counted(len(missing), 'photo')} ({places})", lambda: gallery.delete_photos(missing)
    counts = gallery.counts()
    return f"everything: {counted(counts.photos, 'photo')} with {counted(counts.faces, 'face')}", gallery.delete_all


def _people(gallery: Gallery, names: Sequence[str]) -> tuple[str, Callable[[], object]]:
    known = gallery.photos.everybody()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise GalleryError(
            f"The gallery {gallery.path} holds nobody named {unknown[0]}: write the name as on the gallery page."
        )
    photos = sum(known[name] for name in names)
    return f"{', '.join(names)} with {counted(photos, 'photo')}", lambda: [
        gallery.delete_person(name) for name in names
    ]


def _faces(gallery: Gallery, faces: Sequence[int]) -> tuple[str, Callable[[], object]]:
    known = gallery.faces.detection_scores(faces)
    unknown = [face for face in faces if face not in known]
    if unknown:
        raise GalleryError(
            f"The gallery {gallery.path} holds no face {unknown[0]}: take its number from `identify --json`."
        )
    shown = _first_few([f"{face} on {gallery.faces.get(face).photo.path}" for face in faces])
    return f"{counted(len(faces), 'face')} ({shown})", lambda: gallery.delete_faces(faces)


def _first_few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")


def _photo(gallery: Gallery, text: str) -> int:
    """The photo at a path that is relative to its source, as it is shown everywhere, or to here, or absolute."""
    here = os.path.abspath(user_path(text, GalleryError))
    ways = (text, storable(text), storable(here), storable(os.path.realpath(here)))
    found = next((photos for way in ways if (photos := gallery.photos.at(way))), [])
    if not found:
        raise GalleryError(f"The gallery {gallery.path} holds no photo {text}: write its path as on the gallery page.")
    if len(found) > 1:
        places = " or ".join(f"{photo.source_location}/{photo.path}" for photo in found[:2])
        raise GalleryError(f"Several photos of the gallery are called {text}: name the whole path, {places}.")
    return found[0].id


def _ask(what: str) -> None:
    if not sys.stdin.isatty():
        raise GalleryError(f"Nothing was deleted, since nobody could be asked: add --yes to delete {what}.")
    complain(f"This deletes {what} from the gallery for good. {_STAYS}")
    print("Delete? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
        raise Cancelled("Nothing was deleted.")
