"""The sweep over the number of clusters: compared with people where they are known, and kept in the gallery."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from facecluster.clustering.face_clusterer import FaceClusterer
from facecluster.clustering.number_of_clusters import Suggestion
from facecluster.evaluation.clustering_scores import evaluate_clustering
from facecluster.evaluation.intervals import beside_accuracy
from facecluster.records import known_persons

if TYPE_CHECKING:
    from facecluster.gallery.gallery import Gallery

# Beyond, KMeans for every number of clusters takes minutes.
SCORED_FACES = 5_000


@dataclass(frozen=True, eq=False)
class KeptSweep:
    """A sweep that a gallery keeps: the suggestion, whose `sweep` are the rows of `score_sweep`, and what it rests on.

    `revision` is the gallery's when its faces were read, `created` an ISO date in UTC. It names nobody.
    """

    revision: int
    created: str
    seed: int
    versions: dict[str, str]
    suggestion: Suggestion


def score_sweep(suggestion: Suggestion, embeddings: np.ndarray, persons: np.ndarray) -> pd.DataFrame:
    """The rows of `suggestion.sweep` up to three times the suggestion, with `accuracy` and `ari` of KMeans for each.

    `accuracy_low` and `accuracy_high` are the ends of its 95 % Wilson interval over the faces. All four are NaN where
    nobody is labelled, and for more than 5,000 faces. Persons (n,) are compared with the clusters, never used to make
    them.
    """
    sweep = suggestion.sweep[suggestion.sweep["clusters"] <= max(3 * suggestion.n_clusters, 12)].reset_index(drop=True)
    known = known_persons(persons).any() and len(embeddings) <= SCORED_FACES
    rows = []
    for number in sweep["clusters"]:
        if not known:
            rows.append((np.nan, np.nan))
            continue
        # Ward's start alone: it needs no luck, and a sweep is long.
        labels = FaceClusterer(int(number), n_init=0, random_state=0).fit(embeddings).labels_
        scores = evaluate_clustering(labels, persons)
        rows.append((scores.accuracy, scores.ari))
    scored = sweep.assign(**pd.DataFrame(rows, columns=["accuracy", "ari"], index=sweep.index, dtype=float))
    return beside_accuracy(scored, int(known_persons(persons).sum()))


def keep_sweep(gallery: Gallery, sweep: KeptSweep) -> None:
    """Stores a sweep in the gallery, in place of an earlier one; not when the gallery changed since it was made.

    Raises GalleryError when the gallery cannot be written.
    """
    rows = json.loads(sweep.suggestion.sweep.to_json(orient="records", double_precision=15))
    fields = {name: value for name, value in vars(sweep.suggestion).items() if name != "sweep"}
    document = {name: value for name, value in vars(sweep).items() if name != "suggestion"}
    gallery.keep_sweep(json.dumps(document | {"suggestion": fields, "rows": rows}), sweep.revision)


def kept_sweep(gallery: Gallery) -> KeptSweep | None:
    """The sweep that the gallery keeps; None when there is none, or one that another version wrote."""
    text = gallery.kept_sweep
    if text is None:
        return None
    try:
        document = json.loads(text)
        table = pd.DataFrame(document.pop("rows"), dtype=float).astype({"clusters": int})
        return KeptSweep(**document | {"suggestion": Suggestion(**document["suggestion"], sweep=table)})
    except (KeyError, TypeError, ValueError):
        return None
