"""Figures: the right numbers in the right order, readable on any ground, and no taller than can be scrolled."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from facecluster.evaluation.clustering_scores import PEOPLE_COLUMNS, match_people, people_by_cluster
from facecluster.presentation import charts
from facecluster.presentation.text import NOTHING, interval, percent


def people(number: int = 3) -> pd.DataFrame:
    """Person 0 has accuracy 0.5, person 1 has 0.75, all others 1; worst first."""
    rows = [
        (f"Person {n}", n, 4, min(1, 0.5 + n / 4), 1.0, min(1, 0.5 + n / 4), 0.9, n == 1, 0.4, 1.0)
        for n in range(number)
    ]
    return pd.DataFrame(rows, columns=list(PEOPLE_COLUMNS))


FIGURES: dict[str, Callable[[int], go.Figure]] = {
    "photos": lambda n: charts.photos_by_person(pd.DataFrame({"person": [f"P{i}" for i in range(n)], "photos": 3})),
    "bars": lambda n: charts.accuracy_by_person(people(n)),
    "table": lambda n: charts.people_table(people(n)),
    "heatmap": lambda n: charts.people_by_cluster_heatmap(people_by_cluster(np.arange(n), [f"P{i}" for i in range(n)])),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("number", [1, 40])
def test_every_figure_has_a_clear_ground_and_goes_to_the_browser(name: str, number: int) -> None:
    figure = FIGURES[name](number)
    layout = json.loads(figure.to_json())["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0, 0, 0, 0)"
    assert "color" not in layout.get("font", {})


def test_photos_by_person_keeps_the_order_and_names_the_photos_without_a_person() -> None:
    bars = charts.photos_by_person(pd.DataFrame({"person": ["Ann", None, "Bo"], "photos": [5, 4, 1]})).data[0]
    assert list(bars.x) == ["Ann", "no person", "Bo"]
    assert list(bars.y) == [5, 4, 1]


def test_bars_show_the_worst_person_on_top_with_the_number_of_faces() -> None:
    figure = charts.accuracy_by_person(people())
    assert [bar.name for bar in figure.data] == ["Accuracy", "Purity", "Coverage"]
    assert list(figure.data[0].y) == ["Person 0 (4)", "Person 1 (4)", "Person 2 (4)"]
    assert figure.layout.yaxis.autorange == "reversed"  # Plotly puts the first row at the bottom otherwise
    assert list(figure.data[0].x) == [0.5, 0.75, 1.0]


def test_the_order_of_the_rows_is_kept_and_worst_first_sorts_them() -> None:
    shuffled = people().iloc[::-1]
    assert charts.accuracy_by_person(shuffled).data[0].y[0] == "Person 2 (4)"
    assert charts.worst_first(shuffled)["person"].tolist() == ["Person 0", "Person 1", "Person 2"]


def test_accuracy_alone_has_one_bar_a_person() -> None:
    assert [bar.name for bar in charts.accuracy_by_person(people(), alone=True).data] == ["Accuracy"]


def test_whiskers_reach_from_the_low_to_the_high_end_of_the_interval() -> None:
    whiskers = charts.accuracy_by_person(people()).data[0].error_x
    assert list(whiskers.arrayminus) == pytest.approx([0.1, 0.35, 0.6])
    assert list(whiskers.array) == pytest.approx([0.5, 0.25, 0.0])


def test_faces_that_were_left_out_have_a_column_of_their_own() -> None:
    table = people_by_cluster(np.array([0, 0, -1, -2]), ["Ann", "Ann", "Ann", "Bo"])
    heat = charts.people_by_cluster_heatmap(table).data[0]
    assert list(heat.x) == ["0", "in no cluster"]
    assert dict(zip(heat.y, np.array(heat.customdata).tolist(), strict=True)) == {"Ann (3)": [2, 1], "Bo (1)": [0, 1]}


def test_a_click_on_a_bar_tells_the_person() -> None:
    for bar in charts.accuracy_by_person(people()).data:
        assert list(bar.customdata) == ["Person 0", "Person 1", "Person 2"]


def test_bars_grow_with_the_people_so_that_labels_stay_apart() -> None:
    assert charts.accuracy_by_person(people(40)).layout.height >= 40 * 40


def test_the_table_has_the_rows_of_the_bars() -> None:
    cells = charts.people_table(people()).data[0].cells.values
    assert list(cells[0]) == ["Person 0", "Person 1", "Person 2"]
    assert list(cells[1]) == [4, 4, 4]
    assert [text.replace("\u00a0", " ") for text in cells[2]] == ["50.0 %", "75.0 %", "100 %"]
    assert [text.replace("\u00a0", " ") for text in cells[3]] == ["40.0 to 100 %"] * 3


def test_the_table_tells_who_shares_a_cluster() -> None:
    table = match_people(np.array([0, 0, 1]), ["Ann", "Bo", "Cy"])
    cells = charts.people_table(table).data[0].cells.values
    assert dict(zip(cells[0], cells[7], strict=True)) == {"Ann": "0 (shared)", "Bo": "0 (shared)", "Cy": "1"}


def test_clusters_go_by_their_names_where_they_have_one() -> None:
    table = match_people(np.array([0, 0, 1]), ["Ann", "Bo", "Cy"])
    assert charts.table_of_people(table, {0: "Ann", 1: "Cy"})["Cluster"] == ["Ann (shared)", "Ann (shared)", "Cy"]
    heat = charts.people_by_cluster_heatmap(people_by_cluster(np.arange(2), ["Ann", "Bo"]), {0: "Ann", 1: "Bob"})
    assert list(heat.data[0].x) == ["Ann", "Bob"]


def test_every_cell_with_faces_can_be_clicked_and_no_other() -> None:
    table = people_by_cluster(np.array([0, 0, -1, 1]), ["Ann", "Ann", "Ann", "Bo"])
    points = charts.people_by_cluster_heatmap(table).data[1]
    assert sorted(map(list, points.customdata)) == [["Ann", -1, 1], ["Ann", 0, 2], ["Bo", 1, 1]]


def test_an_interval_holds_its_estimate_in_print_too() -> None:
    """Both ends would be rounded to the same side of 98.76 %."""
    assert interval(0.98761, 0.98764).replace("\u00a0", " ") == "98.7 to 98.8 %"
    assert interval(0.9, 0.99999).replace("\u00a0", " ") == "90.0 to 100 %"


def test_nothing_is_a_dash() -> None:
    assert percent(float("nan")) == NOTHING


def test_the_table_scrolls_instead_of_growing_without_end() -> None:
    assert charts.people_table(people(1000)).layout.height == charts.people_table(people(100)).layout.height


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0.0 %"), (0.5, "50.0 %"), (0.97436, "97.4 %"), (0.99999, "99.9 %"), (1.0, "100 %")]
)
def test_a_share_below_one_is_never_shown_as_all(share: float, text: str) -> None:
    assert percent(share).replace("\u00a0", " ") == text


def test_the_heatmap_counts_faces_and_leaves_empty_cells_clear() -> None:
    labels, persons = [0, 0, 0, 1, 1, 0], ["Ann", "Ann", "Ann", "Bo", "Bo", "Bo"]
    heat = charts.people_by_cluster_heatmap(people_by_cluster(np.array(labels), persons)).data[0]
    assert list(heat.y) == ["Ann (3)", "Bo (3)"]
    assert list(heat.x) == ["0", "1"]
    assert np.array(heat.customdata).tolist() == [[3, 0], [1, 2]]
    assert np.isnan(heat.z[0][1])
    assert heat.z[1][0] < heat.z[1][1]
    assert np.array(heat.text).tolist() == [["3", ""], ["1", "2"]]


def test_a_large_heatmap_keeps_its_numbers_to_the_hover() -> None:
    names = [f"P{n}" for n in range(60)]
    assert charts.people_by_cluster_heatmap(people_by_cluster(np.arange(60), names)).data[0].texttemplate is None
