"""How identification treats people it does not know: some are held out of the gallery and come back as strangers.

Terms after ISO/IEC 19795-1: FPIR is the share of strangers' faces that get a name, FNIR the share of known people's
faces that stay unknown or get a wrong name. Faces without a person take no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from facecluster import defaults
from facecluster.errors import EvaluationError
from facecluster.evaluation.held_out import labelled_faces, same_photos
from facecluster.progress import IsCancelled, OnProgress, never, stepwise
from facecluster.recognition.scoring import FaceMatcher

DRAWS = 10
STRANGER_SHARE = 0.3
ENROLLED_SHARE = 0.7
# So many errors make a rate known to within 30 % of itself, nine times of ten: Doddington et al., "The NIST speaker
# recognition evaluation", 2000 (the rule of 30).
_RULE_OF_30 = 30
_THRESHOLDS = np.round(np.arange(-0.2, 1.0001, 0.005), 3)
_BINS = np.round(np.arange(-0.5, 1.0001, 0.02), 2)

# One row per draw: whom it held out, the threshold its gallery chose, and what happened to `known` and `unknown`
# probes.
DRAW_COLUMNS = ("draw", "strangers", "threshold", "fpir", "fnir", "expected_fnir", "top1", "known", "unknown")
# One row per threshold: means over the draws and their standard deviations.
DET_COLUMNS = ("threshold", "fpir", "fpir_sd", "fnir", "fnir_sd")
# One row per draw and probe. `face` is its row in the arrays that came in, `similarity` that of the most similar person
# (`best`), `own` that of its own (NaN for strangers); `named`: it reached the draw's threshold; `right`: best is true.
OPEN_SET_FACE_COLUMNS = (
    "draw",
    "face",
    "person",
    "stranger",
    "best",
    "similarity",
    "own",
    "threshold",
    "named",
    "right",
)
# One row per bin of similarity (its middle): shares of known faces by their similarity to their own person, and of
# strangers by their best similarity to anybody. Each sums to 1.
DISTRIBUTION_COLUMNS = ("similarity", "same", "different")


@dataclass(frozen=True)
class OpenSet:
    """What holding people out showed. Tables: `draws` DRAW_COLUMNS, `det` DET_COLUMNS, `table` OPEN_SET_FACE_COLUMNS,
    `distribution` DISTRIBUTION_COLUMNS.

    `target_fpir` was asked for; `fpir` and `fnir` are what the thresholds that the draws' galleries chose for it
    really gave, `expected_fnir` what those galleries predicted; means and standard deviations (`_sd`) over the draws.
    `threshold` is the whole gallery's, which identification uses, and `gallery_fnir` the FNIR expected of it. `warning`
    is a sentence when the gallery is too small to tell, else empty.
    """

    people: int
    left_out: int
    target_fpir: float
    fpir: float
    fpir_sd: float
    fnir: float
    fnir_sd: float
    expected_fnir: float
    top1: float
    threshold: float
    gallery_fnir: float
    warning: str
    draws: pd.DataFrame
    det: pd.DataFrame
    distribution: pd.DataFrame
    table: pd.DataFrame


def leave_people_out(
    embeddings: np.ndarray,
    persons: Sequence[str | None] | np.ndarray,
    photos: ArrayLike | None = None,
    *,
    left_out: int | None = None,
    draws: int = DRAWS,
    fpir: float = defaults.FPIR,
    seed: int = 0,
    on_progress: OnProgress | None = None,
    cancelled: IsCancelled = never,
) -> OpenSet:
    """Draws people to hold out, enrols 70 % of the others' photos, and identifies everything that is not enrolled.

    embeddings (n, 512) float32 of unit norm, persons (n,) with None for unknown, photos (n,) as `same_photos` takes
    them: copies of one photo stay on one side. `left_out` people per draw (default: 30 %, at least one). The threshold
    is the one that each draw's gallery chooses for `fpir` in (0, 1), without knowing the strangers. Raises
    EvaluationError when too few people remain or none of them has a photo left to probe with, and Cancelled.
    """
    rows, names, labels = labelled_faces(persons)
    left_out = _number_held_out(left_out, draws, names)
    vectors, photo_of = embeddings[rows], same_photos(embeddings, photos)[rows]
    tables, figures = [], []
    for draw in stepwise(range(draws), on_progress, cancelled):
        rng = np.random.default_rng([seed, draw])
        strangers = np.sort(rng.choice(len(names), left_out, replace=False))
        enrolled = _enrol(labels, photo_of, strangers, rng)
        table, row = _probe(vectors, labels, names, enrolled, strangers, fpir)
        tables.append(table.assign(draw=draw, face=rows[table["face"]]))
        figures.append(row | {"draw": draw})
    matcher = FaceMatcher().fit(vectors, labels)
    return _summarise(pd.concat(tables, ignore_index=True), pd.DataFrame(figures), matcher, left_out, fpir)


def with_threshold_of(open_set: OpenSet, embeddings: np.ndarray, identities: np.ndarray, fpir: float) -> OpenSet:
    """The same with the whole gallery's threshold where identification knows more than the people with a folder.

    embeddings (n, 512), identities (n,) int, -1 for nobody: those of `identities.identities_of`.
    """
    enrolled = identities >= 0
    matcher = FaceMatcher().fit(embeddings[enrolled], identities[enrolled])
    threshold = matcher.threshold(fpir)
    return replace(open_set, threshold=threshold, gallery_fnir=matcher.expected_fnir(threshold))


def too_few_to_tell(people: int, faces: int, fpir: float, reason: str = "") -> str:
    """A sentence when so many people and faces cannot show an FPIR of `fpir`; empty when they can.

    It takes 1 / fpir people for one of them to be the stranger that is mistaken, and faces for about 30 errors.
    """
    if reason:
        return reason
    wanted = int(np.ceil(1 / fpir))
    if people < wanted:
        return (
            f"With {people} people an FPIR of {100 * fpir:g} % is an estimate: a few who look alike decide it, and it "
            f"takes about {wanted:,} people to see it; index more people, or judge by the spread over the draws."
        )
    if faces * fpir < _RULE_OF_30:
        return (
            f"With {faces:,} faces an FPIR of {100 * fpir:g} % is an estimate: it takes about "
            f"{_RULE_OF_30 / fpir:,.0f} faces to know it to within a third of itself; index more photos, or judge by "
            "the spread over the draws."
        )
    return ""


def det_curve(table: pd.DataFrame) -> pd.DataFrame:
    """DET_COLUMNS from rows of OPEN_SET_FACE_COLUMNS: each draw's error rates at fixed thresholds, then their means."""
    fpirs, fnirs = [], []
    for _, probes in table.groupby("draw"):
        strange = probes["stranger"].to_numpy(bool)
        best, right = probes["similarity"].to_numpy(), probes["right"].to_numpy(bool)
        fpirs.append(_share_reaching(best[strange]))
        fnirs.append(1 - _share_reaching(np.where(right, best, -np.inf)[~strange]))
    values = (np.mean(fpirs, axis=0), np.std(fpirs, axis=0), np.mean(fnirs, axis=0), np.std(fnirs, axis=0))
    return pd.DataFrame(dict(zip(DET_COLUMNS, (_THRESHOLDS, *values), strict=True)))


def pooled_det(table: pd.DataFrame) -> pd.DataFrame | None:
    """As `det_curve`, of some people's rows alone, whom not every draw holds: over all draws together, each `_sd` NaN.

    None when the rows hold no stranger or no known person.
    """
    strange = table["stranger"].to_numpy(bool)
    if strange.all() or not strange.any():
        return None
    best = table["similarity"].to_numpy()
    missed = 1 - _share_reaching(np.where(table["right"], best, -np.inf)[~strange])
    values = (_THRESHOLDS, _share_reaching(best[strange]), np.nan, missed, np.nan)
    return pd.DataFrame(dict(zip(DET_COLUMNS, values, strict=True)))


def rates_at(table: pd.DataFrame, threshold: float) -> tuple[float, float]:
    """FPIR and FNIR in [0, 1] that one threshold gives the draws of OPEN_SET_FACE_COLUMNS, means over the draws."""
    named = table["similarity"] >= threshold
    strange = table["stranger"].astype(bool)
    wrong = pd.Series(np.where(strange, named, ~(named & table["right"])), index=table.index)
    fpir, fnir = (wrong[which].groupby(table.loc[which, "draw"]).mean().mean() for which in (strange, ~strange))
    return float(fpir), float(fnir)


def _share_reaching(similarities: np.ndarray) -> np.ndarray:
    """(thresholds,): the share of similarities that reach each of the fixed thresholds."""
    below = np.searchsorted(np.sort(similarities), _THRESHOLDS, side="left")
    return 1 - below / len(similarities)


def _number_held_out(left_out: int | None, draws: int, names: np.ndarray) -> int:
    if draws < 1:
        raise EvaluationError(f"Leaving people out takes at least 1 draw, not {draws}.")
    number = max(1, round(STRANGER_SHARE * len(names))) if left_out is None else left_out
    if number < 1 or len(names) - number < 2:
        raise EvaluationError(
            f"{number} of {len(names)} people cannot be held out, since at least 1 must be and 2 must remain: choose "
            "another number with --leave-people-out, or index more people."
        )
    return number


def _enrol(labels: np.ndarray, photo_of: np.ndarray, strangers: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(m,) bool: the faces on 70 % of each remaining person's photos, and none of a photo that shows a stranger."""
    enrolled = np.zeros(len(labels), bool)
    for person in np.setdiff1d(labels, strangers):
        photos = rng.permutation(np.unique(photo_of[labels == person]))
        kept = photos[: max(1, round(ENROLLED_SHARE * len(photos)))]
        enrolled |= (labels == person) & np.isin(photo_of, kept)
    # A photo of several people may have been drawn for one of them and not for another.
    return enrolled & ~np.isin(photo_of, photo_of[~enrolled])


def _probe(
    vectors: np.ndarray,
    labels: np.ndarray,
    names: np.ndarray,
    enrolled: np.ndarray,
    strangers: np.ndarray,
    fpir: float,
) -> tuple[pd.DataFrame, dict[str, object]]:
    """The probes of one draw, and its row of DRAW_COLUMNS. `face` counts in `vectors`."""
    strange = np.isin(labels, strangers)
    probes = np.flatnonzero(~enrolled & (strange | np.isin(labels, labels[enrolled])))
    if not enrolled.any() or strange[probes].all():
        raise EvaluationError("Nobody has photos to spare as probes: index at least two different photos a person.")
    matcher = FaceMatcher().fit(vectors[enrolled], labels[enrolled])
    scores, threshold = matcher.scores(vectors[probes]), matcher.threshold(fpir)
    column = np.minimum(np.searchsorted(matcher.identities_, labels[probes]), len(matcher.identities_) - 1)
    best = matcher.identities_[scores.argmax(axis=1)]
    table = pd.DataFrame(
        {
            "face": probes,
            "person": names[labels[probes]],
            "stranger": strange[probes],
            "best": names[best],
            "similarity": scores.max(axis=1),
            "own": np.where(strange[probes], np.nan, scores[np.arange(len(probes)), column]),
            "threshold": threshold,
            "named": scores.max(axis=1) >= threshold,
            "right": best == labels[probes],
        }
    )
    told = {"strangers": ", ".join(names[strangers]), "expected_fnir": matcher.expected_fnir(threshold)}
    return table, _error_rates(table) | told | {"threshold": threshold}


def _error_rates(table: pd.DataFrame) -> dict[str, object]:
    """What happened to the probes of one draw."""
    known, unknown = table[~table["stranger"]], table[table["stranger"]]
    return {
        "fpir": unknown["named"].mean(),
        "fnir": 1 - (known["named"] & known["right"]).mean(),
        "top1": known["right"].mean(),
        "known": len(known),
        "unknown": len(unknown),
    }


def _summarise(table: pd.DataFrame, draws: pd.DataFrame, matcher: FaceMatcher, left_out: int, fpir: float) -> OpenSet:
    same, different = table["own"].dropna(), table.loc[table["stranger"], "similarity"]
    inside = [np.clip(values, _BINS[0], _BINS[-1]) for values in (same, different)]
    shares = [np.histogram(values, _BINS)[0] / len(values) for values in inside]
    distribution = pd.DataFrame({"similarity": (_BINS[:-1] + _BINS[1:]) / 2, "same": shares[0], "different": shares[1]})
    strangers = table.loc[table["stranger"], "face"].nunique()
    threshold = matcher.threshold(fpir)
    return OpenSet(
        people=len(matcher.identities_),
        left_out=left_out,
        target_fpir=fpir,
        fpir=float(draws["fpir"].mean()),
        fpir_sd=float(draws["fpir"].std(ddof=0)),
        fnir=float(draws["fnir"].mean()),
        fnir_sd=float(draws["fnir"].std(ddof=0)),
        expected_fnir=float(draws["expected_fnir"].mean()),
        top1=float(draws["top1"].mean()),
        threshold=threshold,
        gallery_fnir=matcher.expected_fnir(threshold),
        warning=too_few_to_tell(len(matcher.identities_), strangers, fpir, matcher.reason),
        draws=draws[list(DRAW_COLUMNS)],
        det=det_curve(table),
        distribution=distribution,
        table=table[list(OPEN_SET_FACE_COLUMNS)],
    )
