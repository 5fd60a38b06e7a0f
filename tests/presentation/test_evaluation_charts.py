"""What the evaluation's charts show: the figures that went in, and the chosen point marked."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from facecluster.evaluation.algorithm_comparison import compare_algorithms
from facecluster.evaluation.calibration import reliability
from facecluster.evaluation.open_set import OpenSet, leave_people_out
from facecluster.evaluation.stability import measure_stability
from facecluster.evaluation.subgroups import by_group, read_groups
from facecluster.presentation import evaluation_charts
from tests.people import draw_people

FACES, PERSONS = draw_people(9, 8, scatter=2.2, alike=0.35)


@pytest.fixture(scope="module")
def found() -> OpenSet:
    return leave_people_out(FACES, PERSONS, draws=4, fpir=0.05)


def test_det_marks_what_the_draws_thresholds_gave_and_what_the_whole_gallerys_would_have(found: OpenSet) -> None:
    figure = evaluation_charts.det_chart(found)
    curve, own, whole = figure.data
    assert (own.x[0], own.y[0]) == (max(found.fpir, 1e-4), max(found.fnir, 1e-4))
    at = [np.interp(found.threshold, found.det["threshold"], found.det[name]) for name in ("fpir", "fnir")]
    assert (whole.x[0], whole.y[0]) == (pytest.approx(max(at[0], 1e-4), abs=0.02), pytest.approx(at[1], abs=0.02))
    assert f"{found.threshold:.3f}" in whole.name
    assert f"{found.threshold:.3f}" not in own.name + own.hovertemplate
    assert min(*curve.x, *curve.y) >= 1e-4, "zero has no place on a logarithmic axis"
    assert [shape.x0 for shape in figure.layout.shapes] == [0.05]


def test_det_of_groups_hides_small_ones_until_they_are_asked_for(found: OpenSet) -> None:
    curves = {"red": found.det.assign(fpir=found.det["fpir"] / 2), "blue": found.det}
    plain = evaluation_charts.det_chart(found)
    figure = evaluation_charts.det_chart(found, curves, {"blue"})
    lines = {line.name: line for line in figure.data}
    assert list(lines)[:3] == ["Everybody", "red", "blue (small)"]
    assert (lines["blue (small)"].visible, lines["red"].visible) == ("legendonly", None)
    assert lines["red"].line.color != lines["blue (small)"].line.color
    assert [line.x for line in figure.data[3:]] == [line.x for line in plain.data[1:]], "the marks are everybody's"


def test_the_words_beside_the_det_chart_say_what_its_marks_show(found: OpenSet) -> None:
    _, own, whole = evaluation_charts.det_chart(found).data
    words = evaluation_charts.det_words(found)
    diamond, circle = words[words.index("Diamond") :].split("Circle")
    for text, mark in ((diamond, own), (circle, whole)):
        told = [float(rate) for rate in re.findall(r"F[PN]IR ([\d.]+)", text)]
        shown = [float(rate) for rate in re.findall(r"F[PN]IR ([\d.]+)%", mark.hovertemplate)]
        assert told == pytest.approx(shown, abs=0.06), "one decimal in words, two in the chart"
    assert "6 of the 9 people" in words


def test_similarities_show_both_hills_and_the_threshold(found: OpenSet) -> None:
    figure = evaluation_charts.similarity_chart(found.distribution, 0.45)
    assert [sum(bars.y) for bars in figure.data] == [pytest.approx(1), pytest.approx(1)]
    assert figure.layout.shapes[0].x0 == 0.45
    assert "0.450" in figure.layout.annotations[0].text


def test_sweep_marks_the_suggestion_and_the_people() -> None:
    sweep = pd.DataFrame(
        {"clusters": [2, 3, 4, 90], "silhouette": [0.2, 0.5, 0.4, 0.1], "stability": [np.nan, 0.9, 0.8, np.nan],
         "inertia": [80.0, 40.0, 20.0, 1.0], "ari": [np.nan] * 4}
    )  # fmt: skip
    figure = evaluation_charts.sweep_chart(sweep, 3, people=4)
    lines = {line.name: line for line in figure.data}
    assert list(lines) == ["Silhouette", "Stability", "Inertia (share of the largest)"]
    assert list(lines["Silhouette"].x) == [2, 3, 4], "far beyond the suggestion nothing is to be seen"
    assert list(lines["Stability"].y) == [None, 0.9, 0.8]
    assert list(lines["Inertia (share of the largest)"].y) == [1, 0.5, 0.25]
    assert [(shape.x0) for shape in figure.layout.shapes] == [3, 4]


def test_algorithms_best_on_top() -> None:
    table = compare_algorithms(FACES, PERSONS, n_clusters=9, names=["dbscan", "kmeans", "average"])
    figure = evaluation_charts.algorithms_chart(table)
    ari = figure.data[0]
    assert sorted(ari.x, reverse=True) == list(ari.x)
    assert set(ari.x) == set(table["ari"])
    assert "DBSCAN (no number needed)" in ari.y
    assert "KMeans" in ari.y


def test_reliability_has_the_diagonal_and_intervals() -> None:
    table = reliability(np.array([0.1, 0.15, 0.85, 0.9]), np.array([False, True, True, True]))
    figure = evaluation_charts.reliability_chart(table, 0.125)
    assert list(figure.data[0].x) == [0, 1]
    assert list(figure.data[1].y) == table["right"].tolist()
    assert "0.125" in figure.data[1].name


def test_stability_least_on_top() -> None:
    people = measure_stability(FACES, PERSONS, n_clusters=12, seeds=1, bootstraps=3).people
    figure = evaluation_charts.stability_chart(people)
    assert list(figure.data[0].x) == people["together"].tolist()
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.data[0].y[0] == f"{people['person'][0]} (8)"


def test_groups_mark_small_ones() -> None:
    groups = read_groups(b"person,team\nperson 00,red\nperson 01,blue\n", PERSONS)
    labels = np.unique(PERSONS.astype(str), return_inverse=True)[1]
    table = by_group(groups, "team", persons=PERSONS, labels=labels)
    bars = evaluation_charts.groups_chart(table, "accuracy", "accuracy").data[0]
    assert list(bars.x) == ["blue (8, small)", "not listed (56)", "red (8, small)"]
    assert bars.marker.color[0] != bars.marker.color[1]
    low = table["accuracy"] - np.array(bars.error_y.arrayminus)
    np.testing.assert_allclose(low, table["accuracy_low"])


def test_the_pages_theme_decides(found: OpenSet) -> None:
    figures: list[go.Figure] = [
        evaluation_charts.det_chart(found),
        evaluation_charts.similarity_chart(found.distribution, 0.4),
    ]
    for figure in figures:
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0, 0, 0, 0)"
