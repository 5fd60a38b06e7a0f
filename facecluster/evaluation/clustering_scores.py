"""How good a clustering is: per person, and over all.

Faces whose person is unknown (None) take part in no figure here. Faces that an algorithm put into no cluster
have negative labels, each its own, so that each counts as a cluster of itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from facecluster.errors import EvaluationError
from facecluster.evaluation.intervals import wilson
from facecluster.records import (
    NO_CLUSTER as NO_CLUSTER,  # the one column of `people_by_cluster` for faces in no cluster
)

PEOPLE_COLUMNS = ("person", "cluster", "faces", "accuracy", "purity", "coverage", "f1", "shares_cluster", "low", "high")
_NO_CLUSTER = np.iinfo(np.int64).min  # for persons who are paired with none
_NOBODY = "No face has a known person, so nothing can be measured: index photos that lie in one folder per person."


@dataclass(frozen=True)
class BCubed:
    """Averages over faces, each in [0, 1]; higher is better."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class ClusteringScores:
    """A whole clustering against the persons. All in [0, 1] but `ari` in [-0.5, 1]; higher is better.

    `faces` counts the labelled faces the figures rest on, `correct` those in the cluster assigned to their person.
    """

    faces: int
    correct: int
    accuracy: float
    purity: float
    ari: float
    nmi: float
    bcubed: BCubed

    @property
    def sentence(self) -> str:
        """`676 of 677 faces are in their person's cluster`, without a full stop."""
        return f"{self.correct:,} of {self.faces:,} faces are in their person's cluster"

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """The ends of accuracy's 95 % Wilson interval: over the faces, not over seeds or people."""
        low, high = wilson(self.correct, self.faces)
        return float(low), float(high)


@dataclass(frozen=True, eq=False)
class Tally:
    """How many labelled faces of each person each cluster holds: all that any figure here rests on.

    `people` (p,) str and `clusters` (c,) int, both in order and each with a face; `counts` (p, c) int.
    """

    people: np.ndarray
    clusters: np.ndarray
    counts: np.ndarray

    @classmethod
    def of_faces(cls, labels: np.ndarray, persons: Sequence[str | None] | np.ndarray) -> Tally:
        """Of clusters `labels` (n,) int and `persons` (n,), where None marks a face without a known person.

        Raises EvaluationError when no face has a person, and ValueError when the lengths differ.
        """
        labels, names = _labelled(labels, persons)
        numbers, people = pd.factorize(names, sort=True)
        return cls(np.asarray(people), np.unique(labels), contingency_matrix(numbers, labels))

    @classmethod
    def of_pairs(cls, pairs: pd.DataFrame) -> Tally:
        """Of columns person, cluster and faces, one row for each person in each cluster.

        Each face in NO_CLUSTER counts as a cluster of its own. Raises EvaluationError when no row has a person.
        """
        known = pairs.dropna(subset="person")
        if known.empty:
            raise EvaluationError(_NOBODY)
        left_out = known["cluster"] == NO_CLUSTER
        alone = known[left_out].loc[lambda rows: rows.index.repeat(rows["faces"])]
        alone = alone.assign(faces=1, cluster=NO_CLUSTER - np.arange(len(alone)))
        cells = pd.concat([known[~left_out], alone])
        rows, people = pd.factorize(cells["person"], sort=True)
        columns, clusters = pd.factorize(cells["cluster"].to_numpy(np.int64), sort=True)
        counts = coo_matrix((cells["faces"], (rows, columns)), shape=(len(people), len(clusters)))
        return cls(people.to_numpy(str), clusters, counts.toarray())

    @cached_property
    def pairing(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of people and columns of their clusters, one to one, so that the most faces fit (Kuhn 1955, the
        Hungarian method); both (min(p, c),). Found once, since on a tie all figures have to rest on the same one."""
        rows, columns = linear_sum_assignment(self.counts, maximize=True)
        return rows, columns

    @cached_property
    def right(self) -> np.ndarray:
        """(p,) int: how many faces of each person lie in the cluster that is paired with them."""
        right = np.zeros(len(self.people), np.int64)
        right[self.pairing[0]] = self.counts[self.pairing]
        return right


def evaluate_clustering(labels: np.ndarray, persons: Sequence[str | None] | np.ndarray) -> ClusteringScores:
    """`score` of clusters `labels` (n,) int against `persons` (n,), where None marks a face without a known person.

    Raises EvaluationError when no face has a person.
    """
    return score(Tally.of_faces(labels, persons))


def score(tally: Tally) -> ClusteringScores:
    """A whole clustering in figures.

    Accuracy pairs clusters and persons one to one so that the most faces fit (`Tally.pairing`); purity after Manning
    et al., Introduction to Information Retrieval, 16.3; ARI after Hubert & Arabie 1985; NMI with the arithmetic mean;
    B-cubed after Bagga & Baldwin 1998.
    """
    table = tally.counts.astype(float)
    total = table.sum()
    correct = tally.right.sum()
    precision = float((table**2 / table.sum(axis=0)).sum() / total)
    recall = float((table**2 / table.sum(axis=1, keepdims=True)).sum() / total)
    cells = np.nonzero(tally.counts)
    person_of, cluster_of = (np.repeat(places, tally.counts[cells]) for places in cells)
    return ClusteringScores(
        faces=int(total),
        correct=int(correct),
        accuracy=float(correct / total),
        purity=float(table.max(axis=0).sum() / total),
        ari=float(adjusted_rand_score(person_of, cluster_of)),
        nmi=float(normalized_mutual_info_score(person_of, cluster_of)),
        bcubed=BCubed(precision, recall, 2 * precision * recall / (precision + recall)),
    )


def match_people(labels: np.ndarray, persons: Sequence[str | None] | np.ndarray) -> pd.DataFrame:
    """`people_of` a clustering of faces, as `evaluate_clustering` takes it. Raises EvaluationError likewise."""
    return people_of(Tally.of_faces(labels, persons))


def people_of(tally: Tally) -> pd.DataFrame:
    """One row per person, PEOPLE_COLUMNS, worst F1 first.

    `cluster` holds most of the person's faces (on a tie, the purer). `accuracy` is the share of the person's
    faces in the cluster that the one-to-one pairing of `score` gives them. `purity` is the share of the
    cluster's labelled faces that are this person's, `coverage` the share of this person's faces in it, `f1` their
    harmonic mean. `shares_cluster` is true when another person has the same cluster. `low` and `high` are the ends of
    accuracy's 95 % Wilson interval.
    """
    counts = tally.counts
    rows = np.arange(len(counts))
    totals = counts.sum(axis=0)
    best = (counts * (totals.max() + 1) - totals).argmax(axis=1)
    faces = counts.sum(axis=1)
    purity = counts[rows, best] / totals[best]
    coverage = counts[rows, best] / faces
    clusters = tally.clusters[best]
    low, high = wilson(tally.right, faces)
    people = pd.DataFrame(
        {
            "person": tally.people,
            "cluster": clusters,
            "faces": faces,
            "accuracy": tally.right / faces,
            "purity": purity,
            "coverage": coverage,
            "f1": 2 * purity * coverage / (purity + coverage),
            "shares_cluster": pd.Series(clusters).duplicated(keep=False),
            "low": low,
            "high": high,
        },
        columns=list(PEOPLE_COLUMNS),
    )
    return people.sort_values(["f1", "person"], ignore_index=True)


def people_by_cluster(labels: np.ndarray, persons: Sequence[str | None] | np.ndarray) -> pd.DataFrame:
    """Counts of faces, one row per person and one column per cluster, columns ordered so that right faces lie diagonal.

    Faces in no cluster share the last column, NO_CLUSTER.
    """
    labels, names = _labelled(labels, persons)
    labels = np.maximum(labels, NO_CLUSTER)
    table = pd.crosstab(pd.Series(names, name="person"), pd.Series(labels, name="cluster"))
    if NO_CLUSTER in table.columns:
        table = table[[*(column for column in table.columns if column != NO_CLUSTER), NO_CLUSTER]]
    clusters = table.loc[:, table.columns != NO_CLUSTER]
    rows, columns = linear_sum_assignment(clusters.to_numpy(), maximize=True)
    rest = [column for column in range(table.shape[1]) if column not in set(columns)]
    paired = [row for row in range(len(table)) if row in set(rows)]
    lone = [row for row in range(len(table)) if row not in set(rows)]
    return table.iloc[paired + lone, [*columns, *rest]]


def wrong_faces(labels: np.ndarray, persons: np.ndarray) -> np.ndarray:
    """(n,) bool: labelled faces outside the cluster that the one-to-one pairing gives their person."""
    labels, names = np.asarray(labels), np.asarray(persons, dtype=object)
    known = pd.notna(names)
    tally = Tally.of_faces(labels, names)
    own_cluster = _paired_clusters(tally)
    expected = np.full(len(labels), _NO_CLUSTER)
    expected[known] = own_cluster[np.searchsorted(tally.people, names[known].astype(str))]
    return known & (expected != labels)


def right_faces(tally: Tally, pairs: pd.DataFrame) -> np.ndarray:
    """(rows,) int: how many faces of each row of `pairs` lie in the cluster that is paired with their person.

    `pairs` are rows with a person as `Tally.of_pairs` takes them. Of faces in no cluster, each a cluster
    of its own, that is one at most.
    """
    person = np.searchsorted(tally.people, pairs["person"].to_numpy(str))
    own_cluster = np.maximum(_paired_clusters(tally), NO_CLUSTER)
    return np.where(pairs["cluster"] == own_cluster[person], tally.right[person], 0)


def _paired_clusters(tally: Tally) -> np.ndarray:
    """(p,) int64: the cluster that the one-to-one pairing gives each person, or _NO_CLUSTER."""
    own_cluster = np.full(len(tally.people), _NO_CLUSTER)
    rows, columns = tally.pairing
    own_cluster[rows] = tally.clusters[columns]
    return own_cluster


def _labelled(labels: np.ndarray, persons: Sequence[str | None] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels, names = np.asarray(labels), np.asarray(persons, dtype=object)
    if len(labels) != len(names):
        raise ValueError(f"labels and persons must have the same length, got {len(labels)} and {len(names)}")
    known = pd.notna(names)
    if not known.any():
        raise EvaluationError(_NOBODY)
    return labels[known], names[known].astype(str)
