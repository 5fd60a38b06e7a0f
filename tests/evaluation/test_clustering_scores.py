"""Metrics: hand-computed cases, and laws that all of them share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecluster.errors import EvaluationError
from facecluster.evaluation.clustering_scores import (
    NO_CLUSTER,
    Tally,
    evaluate_clustering,
    match_people,
    people_by_cluster,
    people_of,
    score,
    wrong_faces,
)

# Two clusters: {a a a b} and {b b}, and one face alone.
LABELS = np.array([0, 0, 0, 0, 1, 1, 2])
PERSONS = np.array(["a", "a", "a", "b", "b", "b", "c"], dtype=object)

METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": lambda labels, persons: evaluate_clustering(labels, persons).accuracy,
    "purity": lambda labels, persons: evaluate_clustering(labels, persons).purity,
    "ari": lambda labels, persons: evaluate_clustering(labels, persons).ari,
    "nmi": lambda labels, persons: evaluate_clustering(labels, persons).nmi,
    "bcubed precision": lambda labels, persons: evaluate_clustering(labels, persons).bcubed.precision,
    "bcubed recall": lambda labels, persons: evaluate_clustering(labels, persons).bcubed.recall,
    "bcubed f1": lambda labels, persons: evaluate_clustering(labels, persons).bcubed.f1,
    "mean f1": lambda labels, persons: float(match_people(labels, persons)["f1"].mean()),
}


def test_hand_computed_scores() -> None:
    scores = evaluate_clustering(LABELS, PERSONS)
    assert (scores.faces, scores.correct) == (7, 6)
    assert scores.accuracy == pytest.approx(6 / 7)
    assert scores.purity == pytest.approx((3 + 2 + 1) / 7)
    # Precision: three a see 3/4, the stray b 1/4, two b 1, c 1. Recall: a 1, stray b 1/3, two b 2/3, c 1.
    precision, recall = (3 * 3 / 4 + 1 / 4 + 2 + 1) / 7, (3 + 1 / 3 + 2 * 2 / 3 + 1) / 7
    assert scores.bcubed.precision == pytest.approx(precision)
    assert scores.bcubed.recall == pytest.approx(recall)
    assert scores.bcubed.f1 == pytest.approx(2 * precision * recall / (precision + recall))
    # Pairs: together in both 3 + 1; in clusters 6 + 1; of persons 3 + 3; of 21.
    assert scores.ari == pytest.approx((4 - 7 * 6 / 21) / ((7 + 6) / 2 - 7 * 6 / 21))


def test_hand_computed_people_worst_first() -> None:
    people = match_people(LABELS, PERSONS)
    rows = people[["person", "cluster", "faces", "accuracy", "purity", "coverage", "f1"]].to_numpy().tolist()
    assert rows == [
        ["b", 1, 3, pytest.approx(2 / 3), 1.0, pytest.approx(2 / 3), pytest.approx(0.8)],
        ["a", 0, 3, 1.0, 0.75, 1.0, pytest.approx(6 / 7)],
        ["c", 2, 1, 1.0, 1.0, 1.0, 1.0],
    ]
    assert not people["shares_cluster"].any()


def test_persons_who_share_a_cluster_and_clusters_of_nobody_are_flagged() -> None:
    labels = np.array([0, 0, 0, 0, 1, 2])
    persons = np.array(["a", "a", "b", "b", "a", "c"], dtype=object)
    people = match_people(labels, persons).set_index("person")
    assert people["shares_cluster"].to_dict() == {"a": True, "b": True, "c": False}
    # One to one: b keeps cluster 0, and a's assigned cluster is 1.
    assert people.loc["b", "accuracy"] == 1
    assert people.loc["a", "accuracy"] == pytest.approx(1 / 3)


def test_wrong_faces_are_those_the_accuracy_misses() -> None:
    assert wrong_faces(LABELS, PERSONS).tolist() == [False, False, False, True, False, False, False]


def test_people_by_cluster_counts_with_right_faces_on_the_diagonal() -> None:
    table = people_by_cluster(np.array([2, 2, 2, 2, 0, 0, 1]), PERSONS)
    assert table.index.tolist() == ["a", "b", "c"]
    assert table.columns.tolist() == [2, 0, 1]
    assert table.to_numpy().tolist() == [[3, 0, 0], [1, 2, 0], [0, 0, 1]]


clusterings = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abcde")), min_size=1, max_size=60).map(
    lambda pairs: (np.array([label for label, _ in pairs]), np.array([name for _, name in pairs], dtype=object))
)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS.keys())
@given(case=clusterings, seed=st.integers(0, 99))
def test_laws(
    metric: Callable[[np.ndarray, np.ndarray], float], case: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    labels, persons = case
    value = metric(labels, persons)
    assert -0.5 - 1e-9 <= value <= 1 + 1e-9
    order = np.random.default_rng(seed).permutation(len(labels))
    renumbered = np.random.default_rng(seed).permutation(6)[labels] + 3
    unlabelled = np.concatenate([persons, [None, None]]), np.concatenate([labels, [0, 5]])
    assert metric(labels[order], persons[order]) == pytest.approx(value), "the order of faces does not matter"
    assert metric(renumbered, persons) == pytest.approx(value), "nor the numbers of the clusters"
    assert metric(unlabelled[1], unlabelled[0]) == pytest.approx(value), "nor faces whose person is not known"
    perfect = np.unique(persons.astype(str), return_inverse=True)[1]
    assert metric(perfect, persons) == pytest.approx(1.0), "one cluster a person is perfect"


@given(case=clusterings)
def test_one_single_cluster_and_all_singletons(case: tuple[np.ndarray, np.ndarray]) -> None:
    labels, persons = case
    one, alone = (evaluate_clustering(made, persons) for made in (np.zeros_like(labels), np.arange(len(labels))))
    _, faces = np.unique(persons.astype(str), return_counts=True)
    assert one.bcubed.recall == 1
    assert one.purity == one.accuracy == pytest.approx(faces.max() / len(labels))
    assert alone.bcubed.precision == alone.purity == 1
    assert alone.accuracy == pytest.approx(len(faces) / len(labels))


def test_without_persons_there_is_nothing_to_measure() -> None:
    for call in (evaluate_clustering, match_people, people_by_cluster):
        with pytest.raises(EvaluationError, match="one folder per person"):
            call(np.array([0, 1]), [None, None])


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="same length, got 2 and 1"):
        evaluate_clustering(np.array([0, 1]), ["a"])


def test_the_wrong_faces_are_those_that_the_accuracies_of_people_count_out() -> None:
    # Both people lie in both clusters alike, so either pairing is a best one.
    labels = np.array([0, 1, 0, 1, 0])
    persons = np.array(["b", "b", "a", "a", None], dtype=object)
    people = match_people(labels, persons)
    wrong = wrong_faces(labels, persons)
    assert not wrong[4]
    for person, faces, accuracy in zip(people["person"], people["faces"], people["accuracy"], strict=True):
        assert wrong[persons == person].sum() == round(faces * (1 - accuracy))
    assert (labels[wrong & (persons == "a")] == [1]).all()  # a comes first by name, so cluster 0 is a's


def test_counts_of_pairs_give_the_figures_of_the_faces() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1, 2, -1, -2, -3])
    persons = np.array(["a", "a", None, "b", "b", "b", "c", "a", "c", None], dtype=object)
    faces = pd.DataFrame({"person": persons, "cluster": np.maximum(labels, NO_CLUSTER)})
    pairs = faces.groupby(["person", "cluster"], dropna=False).size().reset_index(name="faces")
    tally = Tally.of_pairs(pairs)
    assert score(tally) == evaluate_clustering(labels, persons)
    # The faces left out have other numbers, which no figure shows.
    pd.testing.assert_frame_equal(people_of(tally), match_people(labels, persons), check_dtype=False)
    with pytest.raises(EvaluationError, match="No face has a known person"):
        Tally.of_pairs(pairs[pairs["person"].isna()])
