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
    from facecluster.recognition.probes import doubtful_scores
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
            scores = doubtful_scores(photo.doubtful)
            answers.append(
                {
                    "image": image,
                    "error": None,
                    "page": read.page,
                    "turn": photo.turn,
                    "doubtful_scores": scores,
                    "faces": [match.as_dict() for match in matches],
                }
            )
            lines.append(f"{shown(image)}: {_people_on(matches, scores)}")
        except PhotoError as error:
            complain(f"facecluster: {error}")
            nothing: dict[str, Any] = {"page": None, "turn": 0, "doubtful_scores": [], "faces": []}
            answers.append({"image": image, "error": str(error)} | nothing)
            lines.append(f"{shown(image)}: could not be read")
    return answers, "\n".join(lines), any(answer["error"] for answer in answers)


def _people_on(matches: Sequence[Match], doubtful: Sequence[float]) -> str:
    if not matches:
        scores = ", ".join(f"score {int(100 * score) / 100:.2f}" for score in doubtful)
        return f"no face (doubtful ones: {scores})" if scores else "no face"
    return "; ".join(
        f"{shown(match.title or 'nobody known')} (similarity {match.similarity:.3f}, threshold {match.threshold:.3f})"
        for match in matches
    )
