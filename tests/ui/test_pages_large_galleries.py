"""Identify and verify on a large gallery: other threads compare its faces while the page is shown."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.synthetic import make_synthetic_gallery
from facecluster.errors import EvaluationError
from facecluster.gallery.gallery import Gallery
from facecluster.recognition import identification, search
from facecluster.samples.sample_photos import draw_portrait
from facecluster.ui import fits, jobs, resources
from facecluster.workflows import verify
from facecluster.workflows.jobs import Progress
from tests.apps import open_app


@pytest.fixture(autouse=True)
def large_from_the_first_face_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fits, "_AT_ONCE", 0)
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def go_on() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def waiting_for(event: threading.Event, function: Callable[..., Any]) -> Callable[..., Any]:
    def later(*arguments: Any, **named: Any) -> Any:
        assert event.wait(60)
        return function(*arguments, **named)

    return later


def portrait(person: int, number: int) -> bytes:
    file = io.BytesIO()
    draw_portrait(person, number).save(file, "JPEG", quality=92)
    return file.getvalue()


def is_waiting(app: AppTest) -> bool:
    assert not app.exception
    return any("once after every change of the gallery" in each.value for each in app.caption)


def made(fit: Any) -> Any:
    gallery = resources.open_gallery()
    return fit(str(gallery.path), gallery.revision).result(60)


def test_photos_to_verify_can_be_dropped_in_meanwhile(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch, go_on: threading.Event
) -> None:
    monkeypatch.setattr(verify, "gallery_pairs", waiting_for(go_on, verify.gallery_pairs))
    app = open_app("verify")
    app.file_uploader[0].upload("first.jpg", portrait(1, 20))
    app.file_uploader[1].upload("second.jpg", portrait(1, 21))
    assert is_waiting(app.run())
    assert not app.header
    go_on.set()
    made(resources.pairs)
    assert not is_waiting(app.run())
    assert "The same person" in app.header[0].value


def test_photos_to_identify_can_be_dropped_in_meanwhile(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch, go_on: threading.Event
) -> None:
    monkeypatch.setattr(identification, "Identifier", waiting_for(go_on, identification.Identifier))
    app = open_app("identify")
    app.file_uploader[0].upload("probe.jpg", portrait(1, 20))
    assert is_waiting(app.run())
    assert not app.header
    go_on.set()
    made(resources.identifier)
    assert not is_waiting(app.run())
    assert len(app.header) == 1


def test_a_failure_is_told_and_tried_anew(sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(gallery: Gallery) -> None:
        raise EvaluationError("Too few faces.")

    with monkeypatch.context() as failing:
        failing.setattr(verify, "gallery_pairs", fail)
        app = open_app("verify")
        if is_waiting(app):
            app.run()
        assert [error.value.replace("\\", "") for error in app.error] == ["Too few faces."]
    app.run()
    made(resources.pairs)
    assert not is_waiting(app.run())
    assert not app.error


def test_the_page_answers_while_photos_are_added(sample_home: Path, go_on: threading.Event) -> None:
    gallery = resources.open_gallery()
    jobs.jobs().start(str(gallery.path), "Adding photos", lambda job: str(go_on.wait(60)))
    app = open_app("identify")
    made(resources.identifier)
    assert not is_waiting(app.run())
    before = gallery.revision
    gallery.sources.add("folder", "/somewhere/else", "else")
    assert gallery.revision > before
    assert not is_waiting(app.run())
    assert app.slider(key="identify_threshold")


def test_the_wait_tells_how_far_it_is(tmp_path: Path) -> None:
    told = []
    gallery = make_synthetic_gallery(tmp_path, faces=1_000, clusters=50, people=50)
    clustering = gallery.clusterings.current()
    assert clustering
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "EXACT_FACES", 500)
        identification.Identifier(gallery.faces(), clustering, on_progress=lambda *step: told.append(step))
    assert told == [(done, 50) for done in range(50)]
    fitting = resources.Fitting(ThreadPoolExecutor(1), lambda report: report(Progress("Reading", 3, 4)))
    fitting.result(60)
    assert fitting.progress.text == "Reading · 3 of 4 photos"
