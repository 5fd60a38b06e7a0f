"""What is shown to an analyst as doubtful, how clusters are called, and how they are found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from facecluster.records import CLUSTER_COLUMNS
from facecluster.review.doubtful import DOUBTFUL_BELOW, Order, doubtful_below, doubtful_faces, select_clusters, titled


def clusters() -> pd.DataFrame:
    rows = [
        (0, None, 10, "Ann Arbor", 1.0, 1, 0.8),
        (1, None, 30, "bo", 0.6, 3, 0.5),
        (2, "Zoë's friends", 20, "Cy", 0.9, 2, 0.9),
        (3, None, 5, None, np.nan, 0, 0.7),
    ]
    return titled(pd.DataFrame(rows, columns=list(CLUSTER_COLUMNS)))


def test_the_farthest_faces_are_doubtful_only_when_they_are_far() -> None:
    alike = np.linspace(0.7, 0.9, 100)
    assert not (alike < doubtful_below(alike)).any()
    with_strangers = np.concatenate([[0.1, 0.3, 0.5], alike])
    assert (with_strangers < doubtful_below(with_strangers)).sum() == 3


def test_no_more_than_a_twentieth_of_a_loose_cluster_is_doubtful() -> None:
    loose = np.linspace(0.1, 0.5, 200)
    assert (loose < doubtful_below(loose)).sum() == 10


def test_one_stranger_in_a_small_cluster_is_doubtful() -> None:
    small = np.array([0.9, 0.2, 0.88])
    assert (small < doubtful_below(small)).tolist() == [False, True, False]


@pytest.mark.parametrize("similarities", [[], [0.1]])
def test_a_face_alone_is_not_doubtful(similarities: list[float]) -> None:
    assert not (np.array(similarities) < doubtful_below(np.array(similarities))).any()


def test_faces_are_judged_within_their_own_cluster() -> None:
    labels = np.array([0, 1, 0, 1, 0, 1])
    similarities = np.array([0.9, 0.2, 0.9, 0.5, DOUBTFUL_BELOW - 0.01, 0.5])
    assert doubtful_faces(labels, similarities).tolist() == [False, True, False, False, True, False]
    assert doubtful_faces(labels[:0], similarities[:0]).tolist() == []


def test_a_cluster_goes_by_its_name_then_its_person_then_its_number() -> None:
    assert clusters()["title"].tolist() == ["Ann Arbor", "bo", "Zoë's friends", "Cluster 3"]


def test_clusters_of_one_title_carry_their_numbers() -> None:
    rows = [(4, None, 1, "Ann", 1.0, 1, 1.0), (7, None, 1, "Ann", 1.0, 1, 1.0)]
    table = titled(pd.DataFrame(rows, columns=list(CLUSTER_COLUMNS)))
    assert table["title"].tolist() == ["Ann (cluster 4)", "Ann (cluster 7)"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [("size", [1, 2, 0, 3]), ("purity", [1, 2, 0, 3]), ("name", [0, 1, 3, 2]), ("similarity", [1, 3, 0, 2])],
)
def test_orders(order: Order, expected: list[int]) -> None:
    assert select_clusters(clusters(), order=order)["cluster"].tolist() == expected


@pytest.mark.parametrize(
    ("search", "expected"),
    [("ann", [0]), ("ARBOR ann", [0]), ("cy", [2]), ("zoë", [2]), ("3", [3]), ("nobody", []), ("  ", [1, 2, 0, 3])],
)
def test_search_looks_at_names_persons_and_numbers(search: str, expected: list[int]) -> None:
    assert select_clusters(clusters(), search)["cluster"].tolist() == expected


def test_nothing_can_be_searched_too() -> None:
    nothing = titled(pd.DataFrame(columns=list(CLUSTER_COLUMNS)))
    assert select_clusters(nothing, "x", "name").empty
