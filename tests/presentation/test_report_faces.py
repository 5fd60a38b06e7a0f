"""Faces in a report: only where they are asked for, told in words, and so many that it stays small."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from facecluster import Gallery
from facecluster.evaluation.results import EvaluationSettings
from facecluster.photos.images import encode_jpeg
from facecluster.presentation.report.faces import MOST_FACES
from facecluster.presentation.report.page import report_html
from facecluster.workflows.cluster import cluster_gallery
from facecluster.workflows.evaluate import evaluate_gallery
from facecluster.workflows.report_faces import report_faces
from tests.galleries import make_gallery
from tests.people import draw_people


def astray(folder: Path) -> Gallery:
    """Two faces of one person are in the folder of another."""
    embeddings, persons = draw_people(4, 6)
    persons[[0, 7]] = ["person 01", "person <b>00</b>"]
    gallery = make_gallery(folder, embeddings, persons)
    cluster_gallery(gallery, 4)
    return gallery


def test_faces_are_in_it_only_where_they_are_asked_for(tmp_path: Path) -> None:
    gallery = astray(tmp_path / "gallery")
    found = evaluate_gallery(gallery, EvaluationSettings(parts=("held_out",), folds=3))
    assert "<img" not in report_html(found)
    page = report_html(found, report_faces(found, gallery))
    assert "Faces outside their person&#x27;s cluster" in page
    assert "Faces that were taken for somebody else" in page
    shown = re.findall(r'role="img" aria-label="(A face of [^"]+)"|alt="(A face of [^"]+)"', page)
    told = {first or second for first, second in shown}
    assert "A face of person 01, in a cluster of person 00" in told
    assert any(words.startswith("A face of person 01, taken for person 00, similarity") for words in told)
    assert "<b>00</b>" not in page


def test_a_report_with_very_many_people_and_faces_stays_below_two_megabytes(tmp_path: Path) -> None:
    people = 520
    embeddings, persons = draw_people(people, 2, scatter=3.0)
    noise = np.random.default_rng(0).integers(0, 255, (160, 160, 3), np.uint8)
    gallery = make_gallery(tmp_path / "gallery", embeddings, persons, crop=encode_jpeg(noise))
    cluster_gallery(gallery, 20)
    found = evaluate_gallery(gallery, EvaluationSettings(parts=("held_out",), folds=2))
    page = report_html(found, report_faces(found, gallery))
    assert 300_000 < len(page.encode()) < 2_000_000
    assert page.count("<img") == 3 * MOST_FACES or page.count("<img") > MOST_FACES
    assert f"The first {MOST_FACES} of" in page
    assert f"The first 500 of {people:,} rows" in page
