"""The command that indexes photos: what it says of a source before, meanwhile and after."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from facecluster.cli.output import complain
from facecluster.presentation.text import counted

_IN_PART = 10  # photos that are named

if TYPE_CHECKING:
    from facecluster.gallery.gallery import Gallery
    from facecluster.indexing.run import IndexReport
    from facecluster.photos.sources import ListedPhotos


def index(options: argparse.Namespace) -> tuple[dict[str, Any], str, bool]:
    """The JSON document, the text, and whether that is a failure."""
    from facecluster.gallery.gallery import FILE_NAME, Gallery, gallery_folder
    from facecluster.photos.people_names import AUTO
    from facecluster.waiting import run_abandonable
    from facecluster.workflows.known_sources import open_known

    # A source that cannot be opened makes no gallery.
    folder = gallery_folder(options.gallery)
    known = Gallery.open(folder, create=False) if os.path.isfile(folder / FILE_NAME) else None
    source = run_abandonable(lambda: open_known(known, options.source, options.people_from or AUTO))
    from tqdm import tqdm

    from facecluster.indexing.run import IndexProgress, index_photos
    from facecluster.vision.detection import FaceDetector
    from facecluster.workflows.models import gallery_embedder

    gallery = known or Gallery.open(folder)
    embedder = gallery_embedder(gallery, options.model)
    if options.people_from == AUTO:
        gallery.sources.forget_naming(source.kind, source.location)
    else:
        source.use_earlier_naming(*gallery.sources.naming(source.kind, source.location))
    _tell_naming(source)
    with tqdm(total=len(source), unit=" photos", file=sys.stderr, disable=None) as bar:

        def show(progress: IndexProgress) -> None:
            bar.update(progress.done - bar.n)

        report = index_photos(
            gallery,
            source,
            faces=options.faces,
            detector=FaceDetector(options.min_face, min_score=options.min_score),
            embedder=embedder,
            on_progress=show,
        )
    document = asdict(report)
    for reason in document.pop("problems"):
        complain(f"facecluster: {reason}")
    if report.contradiction:
        complain(f"facecluster: {report.contradiction}")
    _tell_in_part(gallery, source)
    _tell_missing(gallery, source.location)
    return document, _text(report), bool(report.out_of_memory or report.unreadable == report.photos)


def _text(report: IndexReport) -> str:
    from facecluster.photos.left_out import kinds_in_words

    text = (
        f"{report.photos} photos: {report.indexed} indexed with {report.faces} faces, {report.no_face} of them without "
        f"a face; {report.skipped} known, {report.duplicates} duplicates, {report.unreadable} unreadable; "
        f"{report.seconds:.1f} s ({report.photos_per_second:.0f} photos a second, {report.runtime})."
    )
    if report.left_out:
        text += f"\nLeft out: {kinds_in_words(report.left_out)}."
    if report.missing:
        are = "photos are" if report.missing > 1 else "photo is"
        text += f"\n{report.missing:,} {are} no longer there."
    return text


def _tell_naming(source: ListedPhotos) -> None:
    """Tells of a guess that another one could be as right as, and of a choice that names nobody."""
    rule = source.naming.rule
    if rule != "none" and not source.naming.guessed and not source.people.people:
        folders = counted(source.deepest, "folder")
        complain(
            f"facecluster: --people-from {rule} gives nobody a name here, where the deepest photo lies in {folders}: "
            "choose first, last, none or a smaller number."
        )
    if source.naming.sure:
        return
    rules = {"first": "the outermost folder", "last": "the folder that holds it", "none": "no folder"}
    complain(
        f"facecluster: Which folder names a photo's person is not sure, so {rules[source.naming.rule]} was "
        f"taken ({source.people}): choose another by --people-from first, last, none or its number from the top."
    )


def _tell_in_part(gallery: Gallery, source: ListedPhotos) -> None:
    noted = gallery.photos.read_in_part(source.kind, source.location)
    for path, note in noted[:_IN_PART]:
        complain(f"facecluster: {path}: {note}")
    if (more := len(noted) - _IN_PART) > 0:
        complain(f"facecluster: {more:,} more photos were not read in full: the gallery page lists them.")


def _tell_missing(gallery: Gallery, location: str) -> None:
    for source in gallery.sources.missing():
        if source.location == location:
            complain(
                f"facecluster: {source}: they stay in the gallery until you remove them by "
                "facecluster delete --missing."
            )
