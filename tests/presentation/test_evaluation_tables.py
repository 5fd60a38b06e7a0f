"""What the evaluation measured, in columns and words that a reader needs no manual for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from facecluster.clustering.algorithms import ALGORITHMS
from facecluster.evaluation.algorithm_comparison import COMPARISON_COLUMNS, compare_algorithms
from facecluster.evaluation.held_out import held_out_identification
from facecluster.evaluation.intervals import with_accuracy_interval
from facecluster.evaluation.stability import STABILITY_COLUMNS
from facecluster.evaluation.subgroups import GROUP_COLUMNS, by_group, read_groups
from facecluster.presentation import evaluation_tables
from facecluster.presentation.text import interval
from tests.people import draw_people


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.97, 0.998, "97.0 to 99.8\xa0%"), (0.0, 1.0, "0.0 to 100\xa0%"), (0.98765, 0.98765, "98.7 to 98.8\xa0%")],
)
def test_an_interval_names_its_unit_once(low: float, high: float, words: str) -> None:
    assert interval(low, high) == words


def test_each_share_of_held_out_photos_has_its_interval_beside_it() -> None:
    found = held_out_identification(*draw_people(4, 8), folds=2)
    table = evaluation_tables.held_out_people(found.people)
    shares = ["Top-1", "Top-3", "Named right"]
    assert table.columns.tolist() == ["Person", "Faces", *(n for s in shares for n in (s, f"{s}, 95 %"))]
    assert table["Faces"].tolist() == [8] * 4
    assert (table["Top-1"] == 1).all()
    assert table["Top-1, 95 %"].tolist() == ["67.5 to 100\xa0%"] * 4  # Wilson's interval of 8 of 8


def test_stability_keeps_its_order_and_says_the_middle_in_words() -> None:
    people = pd.DataFrame([("Bo", 9, 0.5, 0.4, 0.625, 0.3), ("Ann", 4, 1.0, 1.0, 1.0, 1.0)], columns=STABILITY_COLUMNS)
    table = evaluation_tables.stability_people(people)
    assert table["Person"].tolist() == ["Bo", "Ann"]
    assert table["Middle 95 %"].tolist() == ["40.0 to 62.5\xa0%", "100 to 100\xa0%"]
    assert "low" not in table.columns


def test_groups_show_only_rates_that_were_measured_and_mark_small_ones() -> None:
    _, persons = draw_people(8, 10)
    labels = np.repeat(np.arange(8), 10)
    labels[:3] = 1
    csv = "person,team\n" + "\n".join(f"person {row:02d},{'red' if row < 2 else 'blue'}" for row in range(8))
    measured = by_group(read_groups(csv.encode(), persons), "team", persons=persons, labels=labels)
    assert measured.columns.tolist() == list(GROUP_COLUMNS)
    table = evaluation_tables.group_rates(measured).set_index("Group")
    assert [name for name in table.columns if "95" in name] == ["Accuracy, 95 %"]
    assert table["Size"].to_dict() == {"blue": "", "red": "small: says little"}
    assert table.loc["red", "Accuracy"] == pytest.approx(17 / 20)
    assert "FPIR: strangers given a name" not in table.columns


def test_the_best_algorithm_comes_first_and_those_not_run_last() -> None:
    embeddings, persons = draw_people(4, 8)
    found = compare_algorithms(embeddings, persons, n_clusters=4, names=["bisecting-kmeans", "kmeans"])
    skipped = pd.DataFrame([dict.fromkeys(COMPARISON_COLUMNS, np.nan) | {"title": "Ward", "note": "too many faces"}])
    worse = found.iloc[[0]].assign(title="Worse", ari=0.1)
    table = evaluation_tables.comparison_table(pd.concat([skipped, worse, found], ignore_index=True))
    assert table["Algorithm"].tolist()[-2:] == ["Worse", "Ward"]
    assert set(table["Algorithm"][:2]) == {ALGORITHMS[name].title for name in ("kmeans", "bisecting-kmeans")}
    assert table["ARI"].iloc[0] == 1
    assert table["Note"].iloc[-1] == "too many faces"


def test_accuracy_of_algorithms_and_of_numbers_of_clusters_has_its_interval_beside_it() -> None:
    rows = pd.DataFrame({"title": ["KMeans", "Ward"], "ari": [1.0, np.nan], "accuracy": [1.0, np.nan]})
    measured = with_accuracy_interval(rows.reindex(columns=[*COMPARISON_COLUMNS]), 8)
    table = evaluation_tables.comparison_table(measured)
    names = table.columns.tolist()
    assert names[names.index("Accuracy") + 1] == "Accuracy, 95 %"
    assert table["Accuracy, 95 %"].tolist() == ["67.5 to 100\xa0%", ""]
    sweep = with_accuracy_interval(pd.DataFrame({"clusters": [2], "accuracy": [0.5], "ari": [0.1]}), 8)
    assert evaluation_tables.sweep_table(sweep).columns.tolist() == ["Clusters", "Accuracy", "Accuracy, 95 %", "ARI"]
