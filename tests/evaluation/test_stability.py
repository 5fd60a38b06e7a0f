"""Stability over seeds and samples, and the shares of pairs it rests on."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from facecluster.errors import Cancelled
from facecluster.evaluation.stability import STABILITY_COLUMNS, measure_stability, pairs_together
from tests.people import draw_people


def test_pairs_together_is_a_count_of_pairs() -> None:
    labels = np.random.default_rng(0).integers(0, 4, 25)
    pairs = list(combinations(labels, 2))
    assert pairs_together(labels) == pytest.approx(sum(one == other for one, other in pairs) / len(pairs))
    assert pairs_together(np.zeros(6)) == 1
    assert pairs_together(np.arange(6)) == 0
    assert np.isnan(pairs_together(np.zeros(1)))


def test_people_far_apart_always_stay_together() -> None:
    faces, persons = draw_people(5, 10)
    found = measure_stability(faces, persons, n_clusters=5, seeds=3, bootstraps=4)
    assert (found.seed_ari, found.bootstrap_ari, found.low, found.high) == (1, 1, 1, 1)
    assert tuple(found.people.columns) == STABILITY_COLUMNS
    assert (found.people[["together", "low", "high", "worst"]] == 1).all(axis=None)


def test_too_many_clusters_cut_people_elsewhere_each_time() -> None:
    faces, persons = draw_people(5, 12)
    found = measure_stability(faces, persons, n_clusters=9, seeds=2, bootstraps=8)
    assert found.bootstrap_ari < 0.95
    torn = found.people.iloc[0]
    assert torn["low"] <= torn["together"] <= torn["high"]
    assert torn["worst"] < torn["together"] < 1
    assert found.people["together"].is_monotonic_increasing


def test_faces_that_are_left_out_are_together_with_nobody() -> None:
    faces, persons = draw_people(3, 10)
    noise, _ = draw_people(10, 1, seed=5)
    names = np.concatenate([persons, np.full(10, "nobody alike", dtype=object)])
    found = measure_stability(
        np.concatenate([faces, noise]), names, n_clusters=1, algorithm="dbscan", seeds=1, bootstraps=3
    )
    assert found.people.iloc[0][["person", "together"]].tolist() == ["nobody alike", 0]


def test_without_people_there_is_agreement_but_no_table() -> None:
    faces, _ = draw_people(3, 6)
    found = measure_stability(faces, [None] * 18, n_clusters=3, seeds=1, bootstraps=2)
    assert found.people.empty
    assert (found.seed_ari, found.bootstrap_ari) == (1, 1)


def test_names_do_not_matter_and_it_can_be_stopped() -> None:
    faces, persons = draw_people(4, 8, scatter=2.4)
    renamed = np.array([name.upper() for name in persons], dtype=object)
    one, other = (measure_stability(faces, who, n_clusters=4, seeds=2, bootstraps=3) for who in (persons, renamed))
    assert one.bootstrap_ari == other.bootstrap_ari
    assert one.people["together"].tolist() == other.people["together"].tolist()
    with pytest.raises(Cancelled):
        measure_stability(faces, persons, n_clusters=4, cancelled=lambda: True)
