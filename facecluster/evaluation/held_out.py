"""How well identification does on photos that it has not seen: k-fold over photos.

The faces of all folds but one stand for the gallery, those of the one are identified, in turn. Faces without a person
take no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from facecluster import defaults
from facecluster.errors import EvaluationError
from facecluster.evaluation.intervals import wilson
from facecluster.progress import IsCancelled, OnProgress, never, stepwise
from facecluster.recognition.scoring import FaceMatcher
from facecluster.records import DUPLICATE_COSINE, known_persons

FOLDS = 5
_CHUNK = 1024

# One row per face. `face` is its row in the arrays that came in; `best` the most similar person; `rank` the place of
# the true person, 1 for the most similar; `named`: `best` reached the threshold.
HELD_OUT_FACE_COLUMNS = ("face", "person", "fold", "best", "rank", "similarity", "threshold", "named")
# One row per person. Shares of the held-out faces, each with its 95 % Wilson interval.
HELD_OUT_PEOPLE_COLUMNS = (
    "person",
    "faces",
    "top1",
    "top1_low",
    "top1_high",
    "top3",
    "top3_low",
    "top3_high",
    "named_right",
    "named_right_low",
    "named_right_high",
)


@dataclass(frozen=True)
class HeldOut:
    """Figures measured on held-out photos. `people` has HELD_OUT_PEOPLE_COLUMNS, worst first; `table` a row per face.

    `top1` and `top3`: shares of faces whose person was the most similar one, or among the three most similar.
    `named_right`: share that got its own person's name at the threshold for `fpir` that the other folds set.
    Intervals are 95 % Wilson. `skipped` faces could not be judged: no other photo of their person was enrolled.
    """

    folds: int
    fpir: float
    faces: int
    skipped: int
    top1: float
    top1_interval: tuple[float, float]
    top3: float
    top3_interval: tuple[float, float]
    named_right: float
    named_right_interval: tuple[float, float]
    threshold: float
    people: pd.DataFrame
    table: pd.DataFrame


def same_photos(embeddings: np.ndarray, photos: ArrayLike | None = None) -> np.ndarray:
    """(n,) int: a number for each photo, the same for faces that must stay on one side of every split.

    Those are faces of one photo, by `photos` (n,) of any kind that can be compared (ids, sha256), and faces whose
    (n, 512) unit embeddings agree to a cosine of 0.9999 or more: copies of a photo whose bytes differ.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(embeddings)
    pairs = [np.empty((2, 0), int)]
    for start in range(0, n, _CHUNK):
        alike = np.argwhere(embeddings[start : start + _CHUNK] @ embeddings[start:].T >= DUPLICATE_COSINE)
        pairs.append(alike.T + start)
    if photos is not None:
        _, first, of_photo = np.unique(np.asarray(photos), return_index=True, return_inverse=True)
        pairs.append(np.stack([np.arange(n), first[of_photo]]))
    rows, columns = np.concatenate(pairs, axis=1)
    links = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1])


def held_out_identification(
    embeddings: np.ndarray,
    persons: Sequence[str | None] | np.ndarray,
    photos: ArrayLike | None = None,
    *,
    folds: int = FOLDS,
    fpir: float = defaults.FPIR,
    seed: int = 0,
    on_progress: OnProgress | None = None,
    cancelled: IsCancelled = never,
) -> HeldOut:
    """Identifies every labelled face by the photos of the other folds.

    embeddings (n, 512) float32 of unit norm, persons (n,) with None for unknown, photos (n,) as `same_photos` takes
    them. A person's photos are spread evenly over the folds, in an order drawn by `seed`.
    Raises EvaluationError when there are fewer than two people or too few photos for the folds, and Cancelled.
    """
    rows, names, labels = labelled_faces(persons)
    photo_of = same_photos(embeddings, photos)[rows]
    _check(folds, names, photo_of)
    fold_of = _spread(labels, photo_of, folds, seed)
    tables = [
        _identify_fold(embeddings, rows, labels, names, fold_of == fold, fpir).assign(fold=fold)
        for fold in stepwise(range(folds), on_progress, cancelled)
    ]
    table = pd.concat(tables).sort_values("face", ignore_index=True)[list(HELD_OUT_FACE_COLUMNS)]
    return _summarise(table, folds, fpir, skipped=len(rows) - len(table))


def labelled_faces(persons: Sequence[str | None] | np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows (m,) of the faces with a person, the distinct names (p,) ascending, and each row's place among them (m,)."""
    everybody = np.asarray(persons, dtype=object)
    rows = np.flatnonzero(known_persons(everybody))
    names, labels = np.unique(everybody[rows].astype(str), return_inverse=True)
    return rows, names, labels


def _check(folds: int, names: np.ndarray, photo_of: np.ndarray) -> None:
    if folds < 2:
        raise EvaluationError(f"Holding photos out takes at least 2 folds, not {folds}: set --folds to 2 or more.")
    if len(names) < 2:
        raise EvaluationError(
            f"Identification can be measured with at least 2 people, and {len(names)} is known: index photos that lie "
            "in one folder per person."
        )
    photos = len(np.unique(photo_of))
    if photos < folds:
        raise EvaluationError(f"{photos} photos cannot be held out in {folds} folds: choose at most {photos} folds.")


def _spread(labels: np.ndarray, photo_of: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """(n,) int: each face's fold. Not scikit-learn's StratifiedGroupKFold, which refuses people with fewer photos."""
    photos, first, of_photo = np.unique(photo_of, return_index=True, return_inverse=True)
    drawn = np.random.default_rng(seed).permutation(len(photos))
    by_person = drawn[np.argsort(labels[first[drawn]], kind="stable")]
    fold_of_photo = np.empty(len(photos), int)
    fold_of_photo[by_person] = np.arange(len(photos)) % folds
    return fold_of_photo[of_photo]


def _identify_fold(
    embeddings: np.ndarray, rows: np.ndarray, labels: np.ndarray, names: np.ndarray, held: np.ndarray, fpir: float
) -> pd.DataFrame:
    """One row a held face whose person is enrolled. `held` is (m,) bool over `rows` and `labels`."""
    train, test = np.flatnonzero(~held), np.flatnonzero(held)
    test = test[np.isin(labels[test], labels[train])]
    if not len(test):
        return pd.DataFrame(columns=[name for name in HELD_OUT_FACE_COLUMNS if name != "fold"])
    matcher = FaceMatcher().fit(embeddings[rows[train]], labels[train])
    scores = matcher.scores(embeddings[rows[test]])
    own = scores[np.arange(len(test)), np.searchsorted(matcher.identities_, labels[test])]
    threshold = matcher.threshold(fpir)
    return pd.DataFrame(
        {
            "face": rows[test],
            "person": names[labels[test]],
            "best": names[matcher.identities_[scores.argmax(axis=1)]],
            "rank": (scores > own[:, None]).sum(axis=1) + 1,
            "similarity": scores.max(axis=1),
            "threshold": threshold,
            "named": scores.max(axis=1) >= threshold,
        }
    )


def _summarise(table: pd.DataFrame, folds: int, fpir: float, skipped: int) -> HeldOut:
    if table.empty:
        raise EvaluationError("Nobody has two different photos, so none can be held out: index more photos a person.")
    right = pd.DataFrame(
        {
            "person": table["person"],
            "faces": 1,
            "top1": table["rank"] == 1,
            "top3": table["rank"] <= 3,
            "named_right": (table["rank"] == 1) & table["named"].astype(bool),
        }
    )
    people = with_intervals(right.groupby("person").sum().reset_index(), ("top1", "top3", "named_right"))
    whole = with_intervals(right.drop(columns="person").sum().to_frame().T, ("top1", "top3", "named_right")).iloc[0]
    intervals = {
        f"{name}_interval": (float(whole[f"{name}_low"]), float(whole[f"{name}_high"]))
        for name in ("top1", "top3", "named_right")
    }
    return HeldOut(
        folds=folds,
        fpir=fpir,
        faces=len(table),
        skipped=skipped,
        top1=float(whole["top1"]),
        top3=float(whole["top3"]),
        named_right=float(whole["named_right"]),
        threshold=float(table.groupby("fold")["threshold"].first().mean()),
        people=people.sort_values(["top1", "named_right", "person"], ignore_index=True)[list(HELD_OUT_PEOPLE_COLUMNS)],
        table=table,
        **intervals,
    )


def with_intervals(counts: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Counts of right faces in `columns` into shares of the column `faces`, with `_low` and `_high` (Wilson) beside."""
    table = counts.copy()
    for name in columns:
        low, high = wilson(counts[name], counts["faces"])
        table[name] = counts[name] / counts["faces"]
        table[f"{name}_low"], table[f"{name}_high"] = low, high
    return table
