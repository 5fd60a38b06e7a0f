"""The evaluation page: measure a gallery in the background, read its parts, change its algorithm."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from facecluster.clustering import cluster_gallery
from facecluster.errors import Cancelled
from facecluster.gallery import Gallery
from facecluster.ui import resources
from facecluster.ui.jobs import jobs

from .apps import open_app
from .galleries import make_gallery
from .people import draw_people

pytestmark = pytest.mark.usefixtures("fresh_caches")


def open_page() -> AppTest:
    return open_app("evaluation")


def wait(app: AppTest, home: Path) -> AppTest:
    """Until the background job is done."""
    job = jobs().latest(str(home))
    assert job is not None
    assert job.wait(120)
    assert job.state == "done", job.message
    app.run()
    assert not app.exception
    return app


def evaluate(app: AppTest, home: Path, *parts: str, csv: bytes | None = None) -> AppTest:
    app.button_group(key="evaluation_parts").set_value(list(parts))
    app.number_input(key="evaluation_folds").set_value(2)
    app.number_input(key="evaluation_draws").set_value(2)
    if csv is not None:
        app.file_uploader(key="evaluation_groups_csv").upload("groups.csv", csv)
    press(app, "Evaluate")
    return wait(app, home)


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click()
    app.run()
    assert not app.exception


def open_tab(app: AppTest, name: str) -> AppTest:
    app.session_state["evaluation_tab"] = name
    app.run()
    assert not app.exception
    return app


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def table(app: AppTest) -> pd.DataFrame:
    return app.dataframe[0].value


def test_an_empty_gallery_says_what_to_do_next(gallery_home: Path) -> None:
    app = open_page()
    assert [info.value for info in app.info] == ["Add photos, or try the sample people, on the gallery page."]
    assert not app.number_input


def test_held_out_photos_and_strangers_are_measured(sample_home: Path) -> None:
    app = evaluate(open_page(), sample_home, "held_out", "open_set")
    assert set(metrics(app)) == {"Top-1", "Top-3", "Named right"}
    people = table(app)
    assert len(people) == 12
    assert people["Top-1, 95 %"].str.contains(" to ").all()
    assert any("nothing was fitted on" in each.value for each in app.markdown)
    open_tab(app, "Strangers")
    assert {"FPIR", "FNIR", "Threshold"} <= set(metrics(app))
    assert [warning.value for warning in app.warning]  # twelve people cannot show an FPIR of 1 %
    open_tab(app, "Stability")
    assert any("was not asked for" in each.value for each in app.caption)


def test_the_reliability_diagram_says_what_its_whiskers_leave_out(gallery_home: Path) -> None:
    cluster_gallery(make_gallery(gallery_home, *draw_people(10, 8, scatter=2.2, seed=4, alike=0.3)))
    app = open_tab(evaluate(open_page(), gallery_home, "open_set"), "Strangers")
    assert any("Expected calibration error" in each.value for each in app.markdown)
    assert any("narrower than they should be" in each.value for each in app.caption)


def test_error_rates_are_compared_by_group(sample_home: Path) -> None:
    people = sorted({person for person in Gallery.open(sample_home).faces().persons if person})
    lines = ["person,side", *(f"{person},{'left' if row < 3 else 'right'}" for row, person in enumerate(people))]
    app = evaluate(open_page(), sample_home, "held_out", "open_set", csv="\n".join(lines).encode())
    groups = table(open_tab(app, "Groups")).set_index("Group")
    assert groups["People"].to_dict() == {"left": 3, "right": 9}
    assert groups.loc["left", "Size"].startswith("small")
    assert groups.loc["right", "Size"] == ""
    assert {"FNIR: known people missed", "Error rates over thresholds (DET)"} <= {each.value for each in app.subheader}
    everyone = app.dataframe[1].value
    assert dict(zip(everyone["Person"], everyone["side"], strict=True)) == dict(line.split(",") for line in lines[1:])
    assert everyone["Accuracy, 95 %"].str.contains(" to ").all()
    held_out = table(open_tab(app, "Held out"))
    assert held_out.columns.tolist()[:2] == ["Person", "side"]


@pytest.fixture
def nobody_home(gallery_home: Path) -> Path:
    """A clustered gallery of four people of eight faces whose names nobody knows."""
    cluster_gallery(make_gallery(gallery_home, draw_people(4, 8)[0], np.full(32, None)), 3)
    return gallery_home


def test_without_people_the_rest_can_be_measured_and_made_the_gallerys(nobody_home: Path) -> None:
    app = open_page()
    (info,) = app.info
    assert "held-out photos, strangers and groups cannot be measured" in info.value
    parts = app.button_group(key="evaluation_free_parts")
    assert parts.options == ["Number of clusters", "Algorithms", "Stability"]
    assert not [each for each in app.number_input if each.label in ("Folds", "Draws", "People left out")]
    press(app, "Evaluate")
    wait(app, nobody_home)
    assert [tab.label for tab in app.tabs] == ["Number of clusters", "Algorithms", "Stability"]
    assert any("Suggested: 4 clusters." in each.value for each in app.markdown)
    assert list(table(app).columns) == ["Clusters", "Silhouette", "Stability", "Score", "Weakest", "Inertia"]
    open_tab(app, "Stability")
    assert set(metrics(app)) == {"ARI over 5 seeds", "ARI over 20 samples"}
    open_tab(app, "Algorithms")
    compared = table(app)
    assert {"Clusters", "Left out", "Seconds", "Memory, MB"} <= set(compared.columns)
    assert "ARI" not in compared.columns
    assert any("got 4, the suggested one" in each.value for each in app.caption)
    app.selectbox(key="evaluation_algorithm").set_value("average").run()
    press(app, "Use it")
    wait(app, nobody_home)
    summary = Gallery.open(nobody_home).clustering_summary()
    assert summary is not None
    assert (summary["algorithm"], summary["n_clusters"]) == ("average", 4)


def test_a_csv_without_people_is_refused_in_words(sample_home: Path) -> None:
    app = open_page()
    app.file_uploader(key="evaluation_groups_csv").upload("groups.csv", b"name,side\nA,left\n")
    press(app, "Evaluate")
    assert any("no column person" in error.value.replace("\\", "") for error in app.error)
    assert jobs().latest(str(sample_home)) is None


def test_nothing_to_evaluate_is_said(sample_home: Path) -> None:
    app = open_page()
    app.button_group(key="evaluation_parts").set_value([])
    press(app, "Evaluate")
    assert [error.value for error in app.error] == ["Choose at least one part to evaluate."]


def test_another_algorithm_becomes_the_gallerys_and_the_figures_out_of_date(sample_home: Path) -> None:
    app = open_tab(evaluate(open_page(), sample_home, "held_out"), "Algorithms")
    assert not app.warning
    app.selectbox(key="evaluation_algorithm").set_value("ward").run()
    press(app, "Use it")
    wait(app, sample_home)
    clustering = Gallery.open(sample_home).clustering()
    assert clustering is not None
    assert clustering.algorithm == "ward"
    assert any("changed since" in warning.value for warning in app.warning)


def test_figures_are_forgotten_with_the_people_in_them(sample_home: Path) -> None:
    evaluate(open_page(), sample_home, "held_out")
    assert resources.lab_store().latest(str(sample_home)) is not None
    resources.forget_people()
    assert resources.lab_store().latest(str(sample_home)) is None


def test_the_number_of_clusters_is_there_again_after_a_restart(sample_home: Path) -> None:
    evaluate(open_page(), sample_home, "sweep", "stability")
    resources.lab_store.clear()
    app = open_tab(open_page(), "Number of clusters")
    assert any("Suggested: 12 clusters" in markdown.value for markdown in app.markdown)
    assert any("Kept in the gallery from an earlier start" in caption.value for caption in app.caption)
    assert not app.warning
    assert table(app)["Accuracy"].max() == 1
    assert any("not asked for" in caption.value for caption in open_tab(app, "Stability").caption)
    cluster_gallery(Gallery.open(sample_home), 5)
    assert any("changed since" in warning.value for warning in open_page().warning)


def test_cancelling_leaves_the_earlier_evaluation(sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = evaluate(open_page(), sample_home, "held_out")
    before = resources.lab_store().latest(str(sample_home))
    begun = threading.Event()

    def measure(*_: Any, cancelled: Callable[[], bool], **__: Any) -> None:
        begun.set()
        while not cancelled():
            time.sleep(0.01)
        raise Cancelled("The evaluation was cancelled.")

    monkeypatch.setattr("facecluster.lab.evaluate_gallery", measure)
    press(app, "Evaluate")
    assert begun.wait(30)
    app.run()
    cancel = app.button(key="jobs_cancel")
    assert "earlier evaluation stays" in cancel.help
    cancel.click().run()
    job = jobs().latest(str(sample_home))
    assert job is not None
    assert job.wait(30)
    assert (job.state, job.message) == ("cancelled", "The evaluation was cancelled: the earlier one is still shown.")
    assert resources.lab_store().latest(str(sample_home)) is before
    assert "Top-1" in metrics(app.run())
