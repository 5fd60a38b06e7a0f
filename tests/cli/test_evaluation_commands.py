"""The commands evaluate and compare: what they print, write and refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from facecluster.clustering.algorithms import ALGORITHMS
from facecluster.evaluation.intervals import wilson
from facecluster.workflows.add_photos import last_algorithm, last_choice
from tests.cli.test_main import Ran
from tests.galleries import clustered_gallery, make_gallery, unlabelled_gallery
from tests.people import draw_people

CSV = b"person,team\nperson 00,<b>red</b>\nperson 01,blue\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clustered_gallery(tmp_path_factory.mktemp("galleries") / "drawn & few")


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unlabelled_gallery(tmp_path_factory.mktemp("galleries") / "nobody")


def test_evaluate_adds_what_it_is_asked_for(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    plain = Ran(capsys, "evaluate", "--gallery", folder, "--json").json
    assert list(plain) == [
        "accuracy", "purity", "ari", "nmi", "bcubed", "faces", "correct", "accuracy_interval", "people",
        "known_faces",
    ]  # fmt: skip
    low, high = wilson(plain["correct"], plain["faces"])
    told = plain["accuracy_interval"]
    assert (told["low"], told["high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))
    assert told["kind"] == "95 % Wilson, over the faces, not over seeds or people"
    csv = tmp_path / "groups.csv"
    csv.write_bytes(CSV)
    asked = Ran(
        capsys, "evaluate", "--gallery", folder, "--folds", 3, "--leave-people-out", 2, "--groups", csv, "--json"
    ).json
    assert list(asked)[10:13] == ["held_out", "open_set", "groups"]
    assert {key: asked[key] for key in plain} == plain
    assert (asked["held_out"]["folds"], asked["open_set"]["left_out"]) == (3, 2)
    assert {row["group"] for row in asked["groups"]["team"]} == {"<b>red</b>", "blue", "not listed"}


def test_the_text_says_which_interval_stands_beside_each_share(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    text = Ran(capsys, "evaluate", "--gallery", folder, "--folds", 3).text
    totals, people, held = text.split("\n\n")
    assert "95 % Wilson 0.9358 to 1.0000, over the faces, not over seeds or people" in totals
    assert "low and high are the ends of accuracy's 95 % Wilson interval" in people.splitlines()[0]
    assert "95 % Wilson in brackets" in held
    assert len(re.findall(r"\(\d\.\d+ to \d\.\d+\)", held)) == 3


def test_evaluate_writes_a_report(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    alone = Ran(capsys, "evaluate", "--gallery", folder, "--report-faces")
    assert (alone.status, "--report-faces needs --report" in alone.errors) == (1, True)
    ran = Ran(capsys, "evaluate", "--gallery", folder, "--report", tmp_path / "r.html", "--report-faces", "--json")
    assert "Faces that were taken for somebody else" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert ran.json["report"] == {"html": str(tmp_path / "r.html"), "json": str(tmp_path / "r.json")}
    assert {"held_out", "open_set", "sweep", "comparison", "stability"} <= set(
        json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    )


def test_compare_is_a_row_an_algorithm_and_applies_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "gallery", *draw_people(4, 8))
    ran = Ran(capsys, "compare", "--gallery", gallery.path, "--clusters", 3, "--apply", "chinese-whispers", "--json")
    assert [row["algorithm"] for row in ran.json] == list(ALGORITHMS)
    assert ran.json[0]["clusters"] == 3
    low, high = wilson(ran.json[0]["accuracy"] * 32, 32)
    assert ran.json[0]["accuracy_low"] == pytest.approx(float(low))
    assert ran.json[0]["accuracy_high"] == pytest.approx(float(high))
    status = Ran(capsys, "status", "--gallery", gallery.path, "--json").json
    assert (status["clustering"]["algorithm"], status["clusters"]) == ("chinese-whispers", 4)


def test_compare_splits_accuracy_by_group(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    csv = tmp_path / "groups.csv"
    csv.write_bytes(CSV)
    rows = Ran(capsys, "compare", "--gallery", folder, "--groups", csv, "--json").json
    for row in rows:
        groups = row["groups"]["team"]
        assert {group["group"] for group in groups} == {"<b>red</b>", "blue", "not listed"}
        right = sum(group["accuracy"] * group["faces"] for group in groups)
        assert right == pytest.approx(row["accuracy"] * 56)
    assert "Accuracy by team" in Ran(capsys, "compare", "--gallery", folder, "--groups", csv).text


def test_a_number_that_was_suggested_is_suggested_again_later(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gallery = make_gallery(tmp_path / "gallery", *draw_people(4, 8))
    Ran(capsys, "compare", "--gallery", gallery.path, "--clusters", "auto", "--apply", "ward")
    assert (last_algorithm(gallery), last_choice(gallery)) == ("ward", ("auto", 0))
    assert gallery.counts().clusters == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("compare", "--apply", "magic"), "There is no algorithm magic: choose kmeans"),
        (("compare", "--clusters", "99"), "99 clusters cannot be made of 56 faces"),
        (("evaluate", "--groups", "gone.csv"), "gone.csv cannot be read"),
        (("compare", "--groups", "gone.csv"), "gone.csv cannot be read"),
        (("evaluate", "--folds", "3", "--report", "nowhere/r.html"), "The report cannot be written"),
    ],
)
def test_failures_are_one_sentence(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    ran = Ran(capsys, *arguments, "--gallery", folder)
    assert (ran.status, ran.text) == (1, "")
    assert sentence in ran.errors
    assert len([line for line in ran.errors.splitlines() if line.strip()]) == 1


@pytest.mark.parametrize(
    "arguments", [("evaluate", "--folds", "1"), ("evaluate", "--leave-people-out", "0"), ("compare", "--clusters", "x")]
)
def test_wrong_usage_is_status_2(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert Ran(capsys, *arguments).status == 2


def test_evaluate_without_people_prints_the_rest_and_says_what_needs_people(
    capsys: pytest.CaptureFixture[str], nobody: Path, tmp_path: Path
) -> None:
    ran = Ran(capsys, "evaluate", "--gallery", nobody, "--report", tmp_path / "r.html")
    assert ran.status == 0
    assert "5 clusters have the highest sum of silhouette" in ran.text
    assert "chinese-whispers" in ran.text
    figures = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert figures["suggestion"]["n_clusters"] == 5
    assert len(figures["comparison"]) == len(ALGORITHMS)
    assert (figures["scores"], figures["people"]) == (None, [])
    assert ran.text.count("No face has a known person") == 1
    asked = Ran(capsys, "evaluate", "--gallery", nobody, "--folds", 3, "--leave-people-out", 2)
    assert asked.status == 1
    assert "5 clusters have the highest sum of silhouette" in asked.text
    assert asked.errors.count("facecluster: No face has a known person") == 1


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("--leave-people-out", "40"), "40 of 7 people cannot be held out"),
        (("--folds", "5000"), "56 photos cannot be held out in 5000 folds"),
    ],
)
def test_what_was_asked_for_and_cannot_be_done_is_a_failure_and_the_rest_is_printed(
    capsys: pytest.CaptureFixture[str], folder: Path, asked: tuple[str, str], sentence: str
) -> None:
    ran = Ran(capsys, "evaluate", "--gallery", folder, *asked)
    assert ran.status == 1
    assert [line for line in ran.errors.splitlines() if line.startswith("facecluster: ")] == [
        line for line in ran.errors.splitlines() if sentence in line
    ]
    assert sentence in ran.errors
    assert sentence not in ran.text
    assert "56 of 56 faces are in their person's cluster" in ran.text


@pytest.mark.parametrize("place", [".", "{tmp}", "{tmp}/taken.json", "{tmp}/" + "x" * 300])
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_measured(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr("facecluster.workflows.evaluate.evaluate_gallery", None)
    (tmp_path / "taken.json").mkdir()
    ran = Ran(capsys, "evaluate", "--gallery", folder, "--report", place.format(tmp=tmp_path))
    assert (ran.status, ran.text) == (1, "")
    assert ran.errors.startswith("facecluster: The report cannot be written to ")
    assert len(ran.errors.splitlines()) == 1


def test_stopping_a_measurement_promises_nothing(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("facecluster.workflows.evaluate.evaluate_gallery", stop)
    monkeypatch.setattr("facecluster.evaluation.algorithm_comparison.compare_algorithms", stop)
    for arguments in (("evaluate", "--folds", 3), ("compare",)):
        ran = Ran(capsys, *arguments, "--gallery", folder)
        assert (ran.status, ran.text) == (1, "")
        assert "facecluster: stopped; nothing was changed." in ran.errors
