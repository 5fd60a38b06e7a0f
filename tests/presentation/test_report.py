"""The report of an evaluation: its page and its JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from facecluster import Gallery
from facecluster.clustering.algorithms import ALGORITHMS
from facecluster.errors import EvaluationError
from facecluster.evaluation.intervals import wilson
from facecluster.evaluation.results import EvaluationResults, EvaluationSettings
from facecluster.evaluation.subgroups import read_groups
from facecluster.presentation import evaluation_tables
from facecluster.presentation.evaluation_charts import det_words
from facecluster.presentation.report.document import as_document
from facecluster.presentation.report.files import write_report
from facecluster.presentation.report.groups import MOST_CURVES
from facecluster.presentation.report.page import report_html
from facecluster.presentation.report.sections import DEFINITIONS
from facecluster.workflows.cluster import cluster_gallery
from facecluster.workflows.evaluate import evaluate_gallery
from tests.galleries import clustered_gallery, make_gallery, unlabelled_gallery
from tests.people import draw_people

CSV = b"person,team\nperson 00,<b>red</b>\nperson 01,blue\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clustered_gallery(tmp_path_factory.mktemp("galleries") / "drawn & few")


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unlabelled_gallery(tmp_path_factory.mktemp("galleries") / "nobody")


@pytest.fixture(scope="module")
def results(folder: Path) -> EvaluationResults:
    gallery = Gallery.open(folder)
    groups = read_groups(CSV, gallery.faces().persons)
    return evaluate_gallery(gallery, EvaluationSettings(folds=3, draws=3, seeds=2, bootstraps=2), groups=groups)


def test_every_part_is_measured(results: EvaluationResults) -> None:
    assert results.scores is not None
    assert results.scores.faces == 56
    assert results.held_out is not None
    assert results.held_out.folds == 3
    assert results.open_set is not None
    assert results.open_set.left_out == 2
    assert results.comparison is not None
    assert results.comparison["algorithm"].tolist() == list(ALGORITHMS)
    assert results.suggestion is not None
    seconds = results.comparison.set_index("algorithm")["seconds"]
    assert seconds["kmeans-suggested"] >= results.suggestion.seconds > 0
    assert results.stability is not None
    assert set(results.comparison_groups["team"]["algorithm"]) == set(ALGORITHMS)
    assert results.sweep is not None
    at_seven = results.sweep.set_index("clusters").loc[7]
    assert (at_seven["accuracy"], at_seven["ari"]) == (1, 1)
    ends = [pytest.approx(float(end)) for end in wilson(56, 56)]
    assert at_seven[["accuracy_low", "accuracy_high"]].tolist() == ends
    assert results.comparison.set_index("algorithm").loc["kmeans", ["accuracy_low", "accuracy_high"]].tolist() == ends
    assert list(results.groups) == ["team"]
    assert set(results.missing) <= {"calibration"}


def test_the_report_opens_with_the_answers(results: EvaluationResults) -> None:
    page = report_html(results)
    assert 0 < page.index("Would it recognise people on new photos?") < page.index("<h2")


def test_the_list_of_contents_leads_to_every_section(results: EvaluationResults) -> None:
    page = report_html(results)
    contents = page[page.index("<nav") : page.index("</nav>")]
    leads = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', contents)
    sections = re.findall(r'<h2 id="([^"]+)">([^<]+)</h2>', page)
    assert leads == sections
    assert {"people", "strangers", "algorithms", "group-1", "origin"} <= {place for place, _ in leads}
    assert set(re.findall(r'<a href="#([^"]+)">Figures</a>', page)) <= {place for place, _ in sections}


def test_charts_draw_what_was_measured(results: EvaluationResults) -> None:
    shares = np.linspace(0.3, 1, len(results.people))
    page = report_html(replace(results, people=results.people.assign(accuracy=shares, purity=1.0, coverage=1.0)))
    people = page[page.index('<h2 id="people">') : page.index('<h2 id="held-out">')]
    names = re.findall(r'<span class="name"[^>]*>([^<]+)</span>', people)
    assert [name.rsplit(" (", 1)[0] for name in names] == results.people["person"].tolist()
    bars = [float(width) for width in re.findall(r'<rect x="0%"[^>]* width="([\d.]+)%"', people)]
    assert bars[: len(names)] == pytest.approx((100 * shares / 1.02).tolist(), abs=0.01)  # the axis goes on to 102 %


def test_a_part_that_cannot_be_measured_says_why_and_the_others_stand(tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "gallery", *draw_people(2, 6))
    cluster_gallery(gallery)
    found = evaluate_gallery(gallery, EvaluationSettings(seeds=1, bootstraps=1))
    assert "1 of 2 people cannot be held out" in found.missing["open_set"]
    assert found.open_set is None
    assert found.held_out is not None
    assert "1 of 2 people cannot be held out" in report_html(found)


def test_why_accuracy_is_not_in_a_large_sweep_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = make_gallery(tmp_path / "gallery", *draw_people(4, 6))
    cluster_gallery(gallery)
    settings = EvaluationSettings(parts=("sweep",))
    assert "Accuracy and ARI do, on the faces" in report_html(evaluate_gallery(gallery, settings))
    monkeypatch.setattr("facecluster.evaluation.cluster_number_sweep.SCORED_FACES", 20)
    large = evaluate_gallery(gallery, settings)
    assert "Accuracy and ARI, which do, are not measured beyond" in evaluation_tables.sweep_note(large)
    assert evaluation_tables.sweep_note(large) in report_html(large)


def test_what_the_whiskers_of_the_reliability_diagram_leave_out_is_said(tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "gallery", *draw_people(10, 8, scatter=2.2, seed=4, alike=0.3))
    cluster_gallery(gallery)
    found = evaluate_gallery(gallery, EvaluationSettings(draws=4, parts=("open_set",)))
    assert found.calibration is not None
    assert evaluation_tables.RELIABILITY_NOTE in report_html(found)


def test_the_report_stands_alone(results: EvaluationResults) -> None:
    html = report_html(results)
    assert len(re.findall(r'<div role="img" aria-label="[^"]+">', html)) >= 5
    assert not re.search(r"<script|<link|<img|https?://", html), "it asks nobody for anything"
    assert len(html.encode()) < 200_000
    for name in DEFINITIONS:
        assert f"<dt>{name}</dt>" in html
    assert "Evaluation of drawn &amp; few" in html
    assert "<b>red</b>" not in html
    assert "&lt;b&gt;red&lt;/b&gt;" in html
    assert results.created in html
    assert "scikit-learn" in html
    assert html.count("FNIR: known people missed") > html.count("By team"), "each rate has a chart by group"
    assert {"<td>blue</td>", "<th>team</th>"} <= set(re.findall(r"<t[dh]>\w+</t[dh]>", plain(html)))
    assert results.open_set is not None
    assert det_words(results.open_set) in unescape(html)


def test_the_json_holds_the_figures_and_no_face(results: EvaluationResults) -> None:
    document = json.loads(json.dumps(as_document(results), allow_nan=False))
    assert results.scores is not None
    assert document["scores"]["accuracy"] == results.scores.accuracy
    assert document["scores"]["accuracy_low"] < results.scores.accuracy
    assert document["held_out"]["top1"] == results.held_out.top1  # type: ignore[union-attr]
    assert len(document["comparison"]) == len(ALGORITHMS)
    assert document["best_without_number"] in ALGORITHMS
    assert document["clustering"]["parameters"]["n_clusters"] == 7
    assert {"facecluster", "python", "scikit-learn"} <= set(document["versions"])
    assert document["group_of"] == [
        {"person": "person 00", "team": "<b>red</b>"}, {"person": "person 01", "team": "blue"},
    ]  # fmt: skip
    assert "not listed" in document["groups_det"]["team"]
    assert "table" not in document["held_out"]
    assert "table" not in document["open_set"]


def test_files_appear_whole_beside_each_other(results: EvaluationResults, tmp_path: Path) -> None:
    page, data = write_report(results, tmp_path / "report.html")
    assert sorted(tmp_path.iterdir()) == [page, data] == [tmp_path / "report.html", tmp_path / "report.json"]
    assert page.read_text(encoding="utf-8").endswith("</html>\n")
    assert json.loads(data.read_text(encoding="utf-8"))["gallery"] == "drawn & few"
    assert json.loads(data.read_text(encoding="utf-8"))["generator"].startswith("facecluster ")
    assert '<meta name="generator" content="facecluster ' in page.read_text(encoding="utf-8")[:200]
    assert write_report(results, tmp_path / "report.json") == (page, data)


def test_names_that_are_no_text_do_not_keep_a_report_from_being_written(
    results: EvaluationResults, tmp_path: Path
) -> None:
    page, data = write_report(replace(results, gallery="\udcff\udcfe"), tmp_path / "report.html")
    assert "Evaluation of ??" in page.read_text(encoding="utf-8")
    assert json.loads(data.read_text(encoding="utf-8"))["gallery"] == "??"


def test_a_place_that_cannot_be_written(results: EvaluationResults, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="there is no folder"):
        write_report(results, tmp_path / "nowhere" / "report.html")
    (tmp_path / "taken.html").mkdir()
    with pytest.raises(EvaluationError, match="cannot be written"):
        write_report(results, tmp_path / "taken.html")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.html"]


def test_without_people_everything_is_measured_that_needs_none(nobody: Path) -> None:
    found = evaluate_gallery(Gallery.open(nobody), EvaluationSettings(seeds=2, bootstraps=2))
    assert found.suggestion is not None
    assert found.suggestion.n_clusters == 5
    assert found.comparison is not None
    told_the_number = found.comparison[found.comparison["needs_number"].astype(bool)]
    assert set(told_the_number["clusters"]) == {5}, "the suggested number, where no people can be counted"
    assert found.comparison["seconds"].notna().all()
    assert found.stability is not None
    assert found.scores is None
    assert set(found.missing) == {"scores", "held_out", "open_set"}
    html = report_html(found)
    assert html.count("No face has a known person") == 1
    assert found.suggestion.reason in html
    assert html.count('role="img"') == 1, "the sweep; a chart of nothing is left out"
    assert json.loads(json.dumps(as_document(found), allow_nan=False))["scores"] is None


def plain(html: str) -> str:
    """Tables without what only concerns their look."""
    return re.sub(r"<(t[dh]|table) class=\"\w+\">", r"<\1>", html)


def test_who_was_left_out_of_a_draw_is_cut_where_it_would_fill_the_page(results: EvaluationResults) -> None:
    assert results.open_set is not None
    names = ", ".join(f"person {number:04}" for number in range(900))
    draws = results.open_set.draws.assign(strangers=names)
    page = report_html(replace(results, open_set=replace(results.open_set, draws=draws)))
    assert "person 0000, person 0001, " in page
    assert "person 0300" not in page


def test_of_very_many_groups_the_largest_have_a_curve_and_a_sentence_says_so(tmp_path: Path) -> None:
    embeddings, persons = draw_people(16, 8, scatter=2.2, seed=4, alike=0.3)
    gallery = make_gallery(tmp_path / "gallery", embeddings, persons)
    cluster_gallery(gallery)
    csv = "person,town\n" + "".join(f"person {number:02},town {number // 2}\n" for number in range(16))
    groups = read_groups(csv.encode(), gallery.faces().persons)
    found = evaluate_gallery(gallery, EvaluationSettings(parts=("open_set",)), groups=groups)
    page = report_html(found)
    towns = page[page.index('<h2 id="group-1">') :]
    assert f"Drawn are the {MOST_CURVES} largest of 8 groups." in towns
    assert 1 <= len(re.findall(r"<bdi>town \d", towns)) <= MOST_CURVES


def test_error_rates_are_listed_for_thresholds_that_are_a_choice(results: EvaluationResults) -> None:
    assert results.open_set is not None
    rates = [(0.3, 1.0, 0.0), (0.35, 0.8, 0.0), (0.375, 0.5, 0.1), (0.4, 0.1, 0.2), (0.45, 0.0, 0.0), (0.5, 0.0, 0.95)]
    det = pd.DataFrame(rates, columns=["threshold", "fpir", "fnir"])
    assert evaluation_tables.error_rates(det).to_numpy().tolist() == [[0.35, 0.8, 0.0], [0.4, 0.1, 0.2]]
    page = report_html(results)
    listed = page[page.index('aria-label="Error rates at some thresholds"') :]
    assert "<thead><tr><th>Threshold</th><th>FPIR</th><th>FNIR</th></tr></thead>" in listed[:400]


def test_tables_of_a_report_read_as_on_the_page(results: EvaluationResults) -> None:
    html = plain(report_html(results))
    assert "<td>yes</td>" in html
    assert "True</td>" not in html
    for heading in ("Top-1, 95 %", "Accuracy, 95 %", "Named right", "FNIR expected", "Worst sample", "Told the number"):
        assert f"<th>{heading}</th>" in html
    for raw in ("top1_low", "accuracy_low", "shares_cluster", "expected_fnir", "needs_number"):
        assert raw not in html
