"""The command that tells who is on photos."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from facecluster.cli.output import complain, shown

if TYPE_CHECKING:
    from facecluster.recognition.identification import Match


def identify(options: argparse.Namespace) -> tuple[list[dict[str, Any]], str, bool]:
    """The JSON document, the text, and whether a photo could not be read."""
    from facecluster.errors import PhotoError
    from facecluster.gallery.gallery import Gallery
    from facecluster.recognition.identification import Identifier
    from facecluster.recognition.probes import answer_as_dict
    from facecluster.vision.detection import FaceDetector
    from facecluster.workflows.models import gallery_embedder

    gallery = Gallery.open(options.gallery, create=False)
    identifier = Identifier.from_gallery(
        gallery,
        detector=FaceDetector(min_score=options.min_score),
        embedder=gallery_embedder(gallery, options.model),
    )
    threshold = options.threshold if options.threshold is not None else identifier.threshold(options.fpir)
    caveat = "" if options.threshold is not None else identifier.matcher.caveat(options.fpir)
    if caveat:
        complain(f"facecluster: {caveat}")
    answers: list[dict[str, Any]] = []
    lines = []
    for image in options.images:
        try:
            read, photo = identifier.reader.read(image)
            if read.note:
                complain(f"facecluster: {image}: {read.note}")
            matches = identifier.identify_photo(photo, threshold, read.scale)
            document = answer_as_dict(image, matches, page=read.page, turn=photo.turn, unsure=photo.unsure)
            answers.append(document)
            lines.append(f"{shown(image)}: {_people_on(matches, document['doubtful_scores'])}")
        except PhotoError as error:
            complain(f"facecluster: {error}")
            answers.append(answer_as_dict(image, error=str(error)))
            lines.append(f"{shown(image)}: could not be read")
    return answers, "\n".join(lines), any(answer["error"] for answer in answers)


def _people_on(matches: Sequence[Match], unsure: Sequence[float]) -> str:
    if not matches:
        scores = ", ".join(f"score {int(100 * score) / 100:.2f}" for score in unsure)
        return f"no face (unsure ones: {scores})" if scores else "no face"
    return "; ".join(
        f"{shown(match.title or 'nobody known')} (similarity {match.similarity:.3f}, threshold {match.threshold:.3f})"
        for match in matches
    )
