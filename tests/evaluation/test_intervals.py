"""Wilson's interval: scipy's ends, whole columns, and what happens at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from facecluster.evaluation.clustering_scores import match_people
from facecluster.evaluation.intervals import wilson


@settings(deadline=None)
@given(data=st.data(), trials=st.integers(1, 500), confidence=st.sampled_from([0.8, 0.95, 0.99]))
def test_ends_are_those_of_scipy(data: st.DataObject, trials: int, confidence: float) -> None:
    successes = data.draw(st.integers(0, trials))
    expected = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    assert wilson(successes, trials, confidence) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_columns_and_no_trials() -> None:
    low, high = wilson([0, 5, 10, 0], [10, 10, 10, 0])
    assert low.tolist()[::2] == [0, pytest.approx(10 / (10 + 1.959964**2))]
    assert high.tolist()[::2] == [pytest.approx(1 - 10 / (10 + 1.959964**2)), 1]
    assert (low[3], high[3]) == (0, 1), "without a trial nothing is known"


def test_accuracy_of_a_person_with_few_faces_is_less_sure() -> None:
    persons = np.array(["a"] * 5 + ["b"] * 50, dtype=object)
    people = match_people(np.repeat([0, 1], [5, 50]), persons).set_index("person")
    assert people["accuracy"].tolist() == [1, 1]
    assert people.loc["a", "low"] < people.loc["b", "low"] < people.loc["b", "high"] == 1
