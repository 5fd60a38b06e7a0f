"""The sweep over the number of clusters outlasts the app: the gallery stores it, and it names nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from facecluster import Gallery
from facecluster.clustering.number_of_clusters import suggest_n_clusters
from facecluster.evaluation.cluster_number_sweep import score_sweep
from facecluster.evaluation.results import NOBODY
from facecluster.presentation.report.page import report_html
from facecluster.workflows.evaluation_job import stored_results
from facecluster.workflows.kept_sweeps import KeptSweep, keep_sweep, kept_sweep
from tests.galleries import make_gallery
from tests.people import draw_people


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return make_gallery(tmp_path / "gallery", *draw_people(4, 6))


def measured(gallery: Gallery) -> KeptSweep:
    faces = gallery.faces()
    suggestion = suggest_n_clusters(faces.embeddings)
    scored = replace(suggestion, sweep=score_sweep(suggestion, faces.embeddings, faces.persons))
    return KeptSweep(gallery.revision, "2026-11-25T10:00:00+00:00", 3, {"numpy": "2"}, scored)


def test_another_process_reads_what_was_stored(gallery: Gallery) -> None:
    made = measured(gallery)
    assert kept_sweep(gallery) is None
    keep_sweep(gallery, made)
    found = kept_sweep(Gallery.open(gallery.path))
    assert found is not None
    assert (found.revision, found.created, found.seed, found.versions) == (
        made.revision,
        made.created,
        3,
        {"numpy": "2"},
    )
    assert replace(found.suggestion, sweep=None) == replace(made.suggestion, sweep=None)
    assert found.suggestion.sweep.isna().any(axis=None)  # stability, where it could not matter
    pd.testing.assert_frame_equal(found.suggestion.sweep, made.suggestion.sweep, check_dtype=False, rtol=1e-6)


def test_storing_it_changes_nothing_that_was_made_of_the_gallery(gallery: Gallery) -> None:
    made = measured(gallery)
    keep_sweep(gallery, made)
    assert gallery.revision == made.revision
    stored = stored_results(gallery)
    assert stored is not None
    assert stored.is_stored
    assert not stored.is_stale(gallery)
    assert stored.results.suggestion is not None
    assert stored.results.suggestion.n_clusters == 4
    report = report_html(stored.results)
    assert "4 clusters have the highest sum" in report
    assert NOBODY not in report
    gallery.delete_person("person 00")
    assert stored.is_stale(gallery)


def test_a_gallery_that_changed_meanwhile_stores_nothing(gallery: Gallery) -> None:
    made = measured(gallery)
    gallery.delete_all()
    keep_sweep(gallery, made)
    assert kept_sweep(gallery) is None


def test_no_name_is_stored_and_deleting_everything_takes_it_along(gallery: Gallery) -> None:
    keep_sweep(gallery, measured(gallery))
    assert "person 0" not in (gallery.clusterings.kept_sweep or "")
    assert gallery.clusterings.kept_sweep
    gallery.delete_all()
    assert gallery.clusterings.kept_sweep is None


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"rows": [], "suggestion": {}}'])
def test_what_another_version_wrote_is_passed_over(gallery: Gallery, text: str) -> None:
    gallery.clusterings.keep_sweep(text, gallery.revision)
    assert kept_sweep(gallery) is None
    assert stored_results(gallery) is None


def test_nobody_known_leaves_accuracy_empty(tmp_path: Path) -> None:
    gallery = make_gallery(tmp_path / "nobody", draw_people(3, 6)[0], np.full(18, None))
    keep_sweep(gallery, measured(gallery))
    found = kept_sweep(gallery)
    assert found is not None
    assert found.suggestion.sweep["accuracy"].isna().all()
