"""The whole evaluation of a gallery: part by part, with progress, stopped anywhere, of the gallery as it was read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from facecluster import Gallery
from facecluster.errors import Cancelled
from facecluster.evaluation.results import PARTS, EvaluationResults, EvaluationSettings
from facecluster.workflows.cluster import apply_algorithm, cluster_gallery
from facecluster.workflows.evaluate import evaluate_gallery
from tests.galleries import clustered_gallery, make_gallery
from tests.people import draw_people


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clustered_gallery(tmp_path_factory.mktemp("galleries") / "drawn & few")


def test_progress_grows_to_its_total(folder: Path) -> None:
    told: list[tuple[int, int]] = []
    settings = EvaluationSettings(folds=2, draws=2, seeds=1, bootstraps=1)
    evaluate_gallery(Gallery.open(folder), settings, on_progress=lambda done, total: told.append((done, total)))
    done = [step for step, _ in told]
    assert done == sorted(done)
    assert len({total for _, total in told}) == 1
    assert told[-1][0] == told[-1][1]


def test_parts_are_handed_on_one_by_one_and_kept_beside_earlier_ones(folder: Path) -> None:
    gallery, settings = Gallery.open(folder), EvaluationSettings(folds=2, draws=2, parts=("held_out", "open_set"))
    told: list[EvaluationResults] = []
    first = evaluate_gallery(gallery, settings, on_part=told.append)
    assert [results.settings.parts for results in told] == [("held_out",), ("held_out", "open_set")]
    again = evaluate_gallery(gallery, replace(settings, parts=("held_out",)), earlier=first)
    assert again.settings.parts == ("held_out", "open_set")
    assert again.open_set is first.open_set
    assert again.held_out is not first.held_out
    other = evaluate_gallery(gallery, replace(settings, parts=("held_out",), seed=1), earlier=first)
    assert (other.open_set, other.settings.parts) == (None, ("held_out",)), "figures of two seeds are not mixed"


def test_a_reason_goes_with_the_part_that_is_measured_anew(folder: Path) -> None:
    settings = EvaluationSettings(folds=2, draws=2, parts=("held_out",))
    earlier = replace(
        evaluate_gallery(Gallery.open(folder), settings),
        missing={"held_out": "an old reason", "open_set": "another", "calibration": "a third"},
    )
    found = evaluate_gallery(Gallery.open(folder), settings, earlier=earlier)
    assert found.missing == {"open_set": "another", "calibration": "a third"}


def test_it_can_be_stopped_in_any_part(folder: Path) -> None:
    for part in PARTS:
        with pytest.raises(Cancelled):
            evaluate_gallery(Gallery.open(folder), EvaluationSettings(parts=(part,)), cancelled=lambda: True)


def test_results_name_the_clustering_that_was_measured(tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "gallery", *draw_people(4, 6))
    cluster_gallery(gallery, 4, seed=8)

    def meddle(done: int, total: int) -> None:
        if not done:
            apply_algorithm(gallery, "ward", 3)

    found = evaluate_gallery(
        gallery, EvaluationSettings(seeds=1, bootstraps=1, parts=("stability",)), on_progress=meddle
    )
    assert gallery.counts().clusters == 3
    assert (found.clustering["algorithm"], found.clustering["seed"]) == ("kmeans", 8)
    assert found.stability is not None
    assert (found.stability.algorithm, found.stability.n_clusters) == ("kmeans", 4)


def test_a_gallery_that_changes_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = make_gallery(tmp_path / "gallery", *draw_people(4, 6))
    cluster_gallery(gallery, 4)
    read, changes = gallery.clusterings.summary, iter([True, False])

    def read_and_change() -> object:
        summary = read()
        if next(changes):
            apply_algorithm(gallery, "ward", 3)
        return summary

    monkeypatch.setattr(gallery.clusterings, "summary", read_and_change)
    found = evaluate_gallery(gallery, EvaluationSettings(seeds=1, bootstraps=1, parts=("stability",)))
    assert (found.clustering["algorithm"], found.clustering["n_clusters"]) == ("ward", 3)
    assert found.stability is not None
    assert (found.stability.algorithm, found.stability.n_clusters) == ("ward", 3)
