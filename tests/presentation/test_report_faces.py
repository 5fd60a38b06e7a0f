"""Faces in a report: only where they are asked for, told in words, and so many that it stays small."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from facecluster import Gallery
from facecluster.evaluation.results import EvaluationSettings
from facecluster.evaluation.subgroups import read_groups
from facecluster.photos.images import encode_jpeg
from facecluster.presentation.report.faces import MOST_FACES
from facecluster.presentation.report.page import report_html
from facecluster.workflows.cluster import cluster_gallery
from facecluster.workflows.evaluate import evaluate_gallery
from facecluster.workflows.report_faces import report_faces
from tests.galleries import make_gallery
from tests.people import draw_people

NASTY = """person <b>&amp;"' 00"""


def astray(folder: Path) -> Gallery:
    """Two faces of one person are in the folder of another."""
    embeddings, persons = draw_people(4, 6)
    persons = np.where(persons == "person 00", NASTY, persons)
    persons[[0, 7]] = ["person 01", NASTY]
    gallery = make_gallery(folder, embeddings, persons)
    cluster_gallery(gallery, 4)
    return gallery


def test_faces_are_in_it_only_where_they_are_asked_for(tmp_path: Path) -> None:
    gallery = astray(tmp_path / "gallery")
    found = evaluate_gallery(gallery, EvaluationSettings(parts=("held_out",), folds=3))
    assert "<img" not in report_html(found)
    page = report_html(found, report_faces(found, gallery))
    assert "Faces outside their person's cluster" in unescape(page)
    assert "Faces that were taken for somebody else" in page
    shown = re.findall(r'role="img" aria-label="(A face of [^"]+)"|alt="(A face of [^"]+)"', page)
    told = {unescape(first or second) for first, second in shown}
    assert f"A face of person 01, in a cluster of {NASTY}" in told
    assert any(words.startswith(f"A face of person 01, taken for {NASTY}, similarity") for words in told)


class Told(HTMLParser):
    """The words of a page, those within attributes too, and the names of its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: set[str] = set()
        self.attributes: set[str] = set()
        self.elements: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {value for _, value in attributes if value}

    def handle_data(self, data: str) -> None:
        self.words.add(data)


def test_whatever_a_name_holds_is_read_as_written(tmp_path: Path) -> None:
    gallery = astray(tmp_path / "gallery")
    quoted = '"{}"'.format(NASTY.replace('"', '""'))
    groups = read_groups(f"person,{quoted}\nperson 01,{quoted}\n".encode(), gallery.faces().persons)
    settings = EvaluationSettings(parts=("held_out", "open_set"), folds=3)
    found = replace(evaluate_gallery(gallery, settings, groups=groups), gallery=NASTY)
    told = Told(report_html(found, report_faces(found, gallery)))
    assert "b" not in told.elements
    assert {NASTY, f"Evaluation of {NASTY}", f"By {NASTY}"} <= told.words, "the person, the gallery, the column"
    assert any(words.startswith(f"{NASTY} (") for words in told.words), "the person or the group beside its bar"
    assert {f"A face of person 01, in a cluster of {NASTY}", f"Error rates by {NASTY}"} <= told.attributes


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
