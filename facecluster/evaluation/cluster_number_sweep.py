"""The sweep over the number of clusters, compared with people where they are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from facecluster.clustering.face_clusterer import FaceClusterer
from facecluster.clustering.number_of_clusters import Suggestion
from facecluster.evaluation.clustering_scores import evaluate_clustering
from facecluster.evaluation.intervals import with_accuracy_interval
from facecluster.records import known_persons

# Beyond, KMeans for every number of clusters takes minutes.
SCORED_FACES = 5_000


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
        # Ward's start alone, and no mending: it needs no luck, and a sweep is long.
        labels = FaceClusterer(int(number), n_init=0, mend=False, random_state=0).fit(embeddings).labels_
        scores = evaluate_clustering(labels, persons)
        rows.append((scores.accuracy, scores.ari))
    scored = sweep.assign(**pd.DataFrame(rows, columns=["accuracy", "ari"], index=sweep.index, dtype=float))
    return with_accuracy_interval(scored, int(known_persons(persons).sum()))
