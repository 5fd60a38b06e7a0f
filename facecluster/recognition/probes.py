"""Photos to identify: read once, answered as often as the threshold changes, and never stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from facecluster.errors import PhotoError
from facecluster.photos.images import encode_jpeg, resized
from facecluster.vision.faces import unsure_in_words

if TYPE_CHECKING:
    import pandas as pd

    from facecluster.recognition.identification import Candidate, Identifier, Match
    from facecluster.vision.detection import Detection
    from facecluster.vision.faces import FaceReader

SHOWN_SIDE = 1200  # pixels of the longer side of the picture that is kept to be looked at
CLOSE_MARGIN = 0.05  # cosine; a face this close to the threshold changes sides with a slightly different photo

COPY_COSINE = 0.985  # see `is_copy`

Verdict = Literal["known", "unnamed", "close", "unknown"]


@dataclass(frozen=True, eq=False)
class Probe:
    """One photo to identify, or the sentence why it cannot be read.

    `unsure` faces are none of the `detections`. `page` is the number of the picture in a file of several, from 0,
    None for the one that the file is of. `turn` quarter turns clockwise made the photo upright, and boxes are
    in pixels of the upright photo. `picture` is a JPEG of it, its longer side at most 1200 pixels, `scale` how many of
    its pixels make one of the photo's; `note` says what of the file was passed over. `crops` (n, 160, 160, 3) uint8 and
    `embeddings` (n, 512) float32 belong to `detections`; `no_face` is the sentence why there are none.
    """

    name: str
    error: str | None = None
    picture: bytes | None = None
    scale: float = 1.0
    detections: tuple[Detection, ...] = ()
    crops: np.ndarray | None = None
    embeddings: np.ndarray | None = None
    unsure: tuple[Detection, ...] = ()
    page: int | None = None
    turn: int = 0
    note: str | None = None
    no_face: str | None = None


@dataclass(frozen=True, eq=False)
class Answer:
    """What the gallery says about a probe: one Match per face, largest face first."""

    probe: Probe
    matches: tuple[Match, ...]

    @property
    def boxes(self) -> list[tuple[float, float, float, float]]:
        """The faces' boxes (x1, y1, x2, y2), in pixels of the probe's picture."""
        scale = self.probe.scale
        return [(scale * x1, scale * y1, scale * x2, scale * y2) for x1, y1, x2, y2 in (m.box for m in self.matches)]


def read_probe(name: str, content: bytes, reader: FaceReader) -> Probe:
    """Finds and embeds the faces of a photo; `name` is what the file is called to the user.

    A file that is no photo gives a probe with an `error`. Raises WeightsError and RuntimeChoiceError.
    """
    try:
        read, photo = reader.read(content)
    except PhotoError as error:
        return Probe(name, error.sentence_about(name))
    crops = photo.crops()
    picture, scale = _shown(photo.image)
    faces, unsure = (tuple(face.times(read.scale) for face in found) for found in (photo.faces, photo.unsure))
    return Probe(
        name,
        picture=picture,
        scale=scale / read.scale,
        detections=faces,
        crops=crops,
        embeddings=reader.embed(crops),
        unsure=unsure,
        page=read.page,
        turn=photo.turn,
        note=read.note,
        no_face=reader.why_no_face(photo, read.scale),
    )


def answer(probe: Probe, identifier: Identifier, threshold: float | None = None) -> Answer:
    """Who is on the probe; nothing is detected or embedded again."""
    return answer_all([probe], identifier, threshold)[0]


def answer_all(probes: Sequence[Probe], identifier: Identifier, threshold: float | None = None) -> list[Answer]:
    """The same for many probes, compared with the gallery all at once: 60 photos take 40 ms, one by one 2 s."""
    found = [probe for probe in probes if probe.crops is not None and probe.embeddings is not None and len(probe.crops)]
    matches: Iterator[Match] = iter(())
    if found:
        detections = [detection for probe in found for detection in probe.detections]
        crops = np.concatenate([probe.crops for probe in found if probe.crops is not None])
        embeddings = np.concatenate([probe.embeddings for probe in found if probe.embeddings is not None])
        matches = iter(identifier.identify_faces(detections, crops, embeddings, threshold))
    return [Answer(probe, tuple(islice(matches, len(probe.detections)))) for probe in probes]


def verdict(match: Match) -> Verdict:
    """Whether a face is known; close when its similarity lies within 0.05 of the threshold, on either side.

    An unnamed one is known from a cluster that nobody gave a name.
    """
    if abs(match.similarity - match.threshold) < CLOSE_MARGIN:
        return "close"
    if not match.is_known:
        return "unknown"
    return "known" if match.person is not None else "unnamed"


def is_copy(match: Match) -> bool:
    """Whether the gallery holds this very photo: then the answer says nothing of new photos.

    Of 680 photos of celebrities no two different ones have a cosine above 0.981. The same file has 1.000, and saved
    again at JPEG quality 75 0.992 (median of 60, the least 0.936): a copy that was changed much is not noticed.
    """
    return bool(match.neighbours) and match.neighbours[0].similarity >= COPY_COSINE


def name_of(candidate: Candidate) -> str:
    """What a candidate is called: the person, or `Cluster 3, not named`."""
    return candidate.title if candidate.person is not None else candidate.title.capitalize()


def answer_name(match: Match) -> str:
    """The answer in a word: the person, `Cluster 3, not named`, or Unknown for nobody known."""
    return name_of(match.candidates[0]) if match.is_known else "Unknown"


def answers_as_dicts(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """The documents that the command `identify --json` prints."""
    return [
        answer_as_dict(
            each.probe.name,
            each.matches,
            error=each.probe.error,
            page=each.probe.page,
            turn=each.probe.turn,
            unsure=each.probe.unsure,
        )
        for each in answers
    ]


def answer_as_dict(
    image: str,
    matches: Iterable[Match] = (),
    *,
    error: str | None = None,
    page: int | None = None,
    turn: int = 0,
    unsure: Sequence[Detection] = (),
) -> dict[str, Any]:
    """What `identify --json` prints of one image; the values are those of `Probe` and `Answer`."""
    return {
        "image": image,
        "error": error,
        "page": page,
        "turn": turn,
        "doubtful_scores": [round(face.score, 4) for face in unsure],
        "faces": [match.as_dict() for match in matches],
    }


def answers_table(answers: Sequence[Answer]) -> pd.DataFrame:
    """One row per face, and one for each photo without any; `note` says why a row has no face, or that it is close."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for each in answers:
        if not each.matches:
            rows.append({"photo": each.probe.name, "note": each.probe.error or _no_face(each.probe)})
        for number, match in enumerate(each.matches, start=1):
            best = {
                f"{column}_{place}": value
                for place, candidate in enumerate(match.candidates, start=1)
                for column, value in (
                    ("candidate", name_of(candidate)),
                    ("candidate_similarity", round(candidate.similarity, 4)),
                )
            }
            rows.append(
                {
                    "photo": each.probe.name,
                    "face": number,
                    "answer": answer_name(match),
                    "known": match.is_known,
                    "similarity": round(match.similarity, 4),
                    "threshold": round(match.threshold, 4),
                    "cluster": match.cluster,
                    "note": "close to the threshold" if verdict(match) == "close" else "",
                    "detection_score": round(match.detection_score, 4),
                    **dict(zip(("x1", "y1", "x2", "y2"), (round(value, 1) for value in match.box), strict=True)),
                    **best,
                }
            )
    table = pd.DataFrame(rows)
    return table.astype(
        {
            name: kind
            for name, kind in {"face": "Int64", "cluster": "Int64", "known": "boolean"}.items()
            if name in table
        }
    )


def _no_face(probe: Probe) -> str:
    return f"no face found, only {unsure_in_words(probe.unsure)}" if probe.unsure else "no face found"


def _shown(image: np.ndarray) -> tuple[bytes, float]:
    height, width = image.shape[:2]
    scale = min(SHOWN_SIDE / max(height, width), 1.0)
    if scale < 1:
        image = resized(image, max(round(width * scale), 1), max(round(height * scale), 1))
    return encode_jpeg(image), scale
