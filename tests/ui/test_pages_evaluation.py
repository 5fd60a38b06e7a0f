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

from facecluster.errors import Cancelled
from facecluster.gallery.gallery import Gallery
from facecluster.ui import resources
from facecluster.ui.jobs import jobs
from facecluster.workflows.cluster import cluster_gallery
from tests.apps import open_app, tiles, words
from tests.galleries import give, make_gallery
from tests.people import draw_people

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


def measure(app: AppTest, home: Path, *parts: str, csv: bytes | None = None) -> AppTest:
    """Measures the parts one after the other, by their own buttons."""
    app.number_input(key="evaluation_folds").set_value(2)
    app.number_input(key="evaluation_draws").set_value(2)
    for part in parts:
        if csv is not None:
            app.file_uploader(key="evaluation_groups_csv").upload("groups.csv", csv)
        press(app, f"evaluation_measure_{part}")
        wait(app, home)
    return app


def press(app: AppTest, key: str) -> None:
    app.button(key=key).click()
    app.run()
    assert not app.exception


def use(app: AppTest, algorithm: str) -> None:
    unfold(app, "use").selectbox(key="evaluation_algorithm").set_value(algorithm).run()
    press(app, "evaluation_apply")


def unfold(app: AppTest, *sections: str) -> AppTest:
    for section in sections:
        app.session_state[f"evaluation_{section}"] = True
    app.run()
    assert not app.exception
    return app


def questions(app: AppTest) -> list[str]:
    return [each.value for each in app.header]


def told(app: AppTest) -> str:
    return "\n".join(each.value.replace("\\", "") for each in [*app.markdown, *app.caption])


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def table(app: AppTest) -> pd.DataFrame:
    return app.dataframe[0].value


def test_an_empty_gallery_says_what_to_do_next(gallery_home: Path) -> None:
    app = open_page()
    assert [info.value for info in app.info] == ["Add photos, or try the sample people, on the gallery page."]
    assert not app.number_input


def test_questions_are_answered_one_by_one_and_stay_answered(sample_home: Path) -> None:
    app = open_page()
    assert questions(app) == [
        "Would it recognise people on new photos?",
        "Would it name strangers?",
        "How many people are there?",
        "Which algorithm suits?",
        "Would the clusters come back?",
    ]
    assert told(app).count("Not measured yet: usually less than ") == 5
    measure(app, sample_home, "held_out", "open_set")
    assert "Yes: 100\xa0% of 144 faces on photos that it had not seen were most like their own person" in told(app)
    assert "of the faces of people held out got a name (1.0\xa0% was asked for)" in told(app)
    assert told(app).count("Not measured yet") == 3
    unfold(app, "open_held_out")
    assert set(metrics(app)) == {"Top-1", "Top-3", "Named right"}
    people = table(app)
    assert len(people) == 12
    assert people["Top-1, 95 %"].str.contains(" to ").all()
    assert "nothing was fitted on" in told(app)
    unfold(app, "open_open_set")
    assert {"FPIR", "FNIR", "Threshold"} <= set(metrics(app))
    assert [warning.value for warning in app.warning]  # twelve people cannot show an FPIR of 1 %


def test_other_settings_begin_anew(sample_home: Path) -> None:
    app = measure(open_page(), sample_home, "held_out")
    app.number_input(key="evaluation_seed").set_value(7)
    press(app, "evaluation_measure_open_set")
    wait(app, sample_home)
    assert told(app).count("Not measured yet") == 4, "figures of two seeds do not stand side by side"


def test_faces_that_were_taken_for_others_are_shown(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    first, second = gallery.clusterings.table()["person"][:2]
    face = int(gallery.clusterings.faces_of(0, limit=1)["face"].iloc[0])
    give(sample_home, [face], second)
    app = unfold(measure(open_page(), sample_home, "held_out"), "open_held_out")
    (wrong,) = tiles(app, "Faces that were taken for somebody else")
    assert (wrong["id"], wrong["name"], words(wrong)[0]) == (face, second, f"like {first}")
    gallery.delete_faces([int(gallery.faces().ids[0])])
    assert not tiles(open_page(), "Faces that were taken"), "faces are told by their place, which moved"


def test_the_reliability_diagram_says_what_its_whiskers_leave_out(gallery_home: Path) -> None:
    cluster_gallery(make_gallery(gallery_home, *draw_people(10, 8, scatter=2.2, seed=4, alike=0.3)))
    app = unfold(measure(open_page(), gallery_home, "open_set"), "open_open_set")
    assert "Expected calibration error" in told(app)
    assert "narrower than they should be" in told(app)


def test_error_rates_are_compared_by_group(sample_home: Path) -> None:
    people = sorted({person for person in Gallery.open(sample_home).faces().persons if person})
    lines = ["person,side", *(f"{person},{'left' if row < 3 else 'right'}" for row, person in enumerate(people))]
    app = measure(open_page(), sample_home, "held_out", "open_set", csv="\n".join(lines).encode())
    unfold(app, "groups")
    groups = table(app).set_index("Group")
    assert groups["People"].to_dict() == {"left": 3, "right": 9}
    assert groups.loc["left", "Size"].startswith("small")
    assert groups.loc["right", "Size"] == ""
    assert "**FNIR: known people missed**" in told(app)
    assert "**Error rates over thresholds (DET)**" in told(app)
    everyone = app.dataframe[1].value
    assert dict(zip(everyone["Person"], everyone["side"], strict=True)) == dict(line.split(",") for line in lines[1:])
    assert everyone["Accuracy, 95 %"].str.contains(" to ").all()
    held_out = table(unfold(app, "open_held_out"))
    assert held_out.columns.tolist()[:2] == ["Person", "side"]


@pytest.fixture
def nobody_home(gallery_home: Path) -> Path:
    """A clustered gallery of four people of eight faces whose names nobody knows."""
    cluster_gallery(make_gallery(gallery_home, draw_people(4, 8)[0], np.full(32, None)), 3)
    return gallery_home


def test_names_by_hand_are_no_people_to_measure_with_and_the_page_says_why(nobody_home: Path) -> None:
    gallery = Gallery.open(nobody_home)
    gallery.clusterings.name(0, "Ann")
    (info,) = open_page().info
    named = int(gallery.clusterings.table()["faces"].iloc[0])
    assert f"Names given by hand, of {named} faces, follow the clusters" in info.value


def test_without_people_the_rest_can_be_measured_and_made_the_gallerys(nobody_home: Path) -> None:
    app = open_page()
    (info,) = app.info
    assert "held-out photos, strangers and groups cannot be measured" in info.value
    assert questions(app) == ["How many people are there?", "Which algorithm suits?", "Would the clusters come back?"]
    assert not [each for each in app.number_input if each.label in ("Folds", "Draws", "People held out")]
    press(app, "evaluation_everything")
    wait(app, nobody_home)
    assert "4, by the faces alone; nobody is known by folder." in told(app)
    assert "none can be called the best" in told(app)
    unfold(app, "open_sweep")
    assert list(table(app).columns) == ["Clusters", "Silhouette", "Stability", "Score", "Weakest", "Inertia"]
    unfold(app, "open_stability")
    assert set(metrics(app)) == {"ARI over 5 seeds", "ARI over 20 samples"}
    compared = unfold(app, "open_comparison").dataframe[1].value
    assert {"Clusters", "In no cluster", "Seconds", "Memory, MB"} <= set(compared.columns)
    assert "ARI" not in compared.columns
    assert "got 4, the suggested one" in told(app)
    use(app, "average")
    wait(app, nobody_home)
    summary = Gallery.open(nobody_home).clusterings.summary()
    assert summary is not None
    assert (summary["algorithm"], summary["n_clusters"]) == ("average", 4)


def test_a_csv_without_people_is_refused_in_words(sample_home: Path) -> None:
    app = open_page()
    app.file_uploader(key="evaluation_groups_csv").upload("groups.csv", b"name,side\nA,left\n")
    press(app, "evaluation_everything")
    assert any("no column person" in error.value.replace("\\", "") for error in app.error)
    assert jobs().latest(str(sample_home)) is None


def test_another_algorithm_becomes_the_gallerys_and_the_figures_out_of_date(sample_home: Path) -> None:
    app = measure(open_page(), sample_home, "held_out")
    assert not app.warning
    use(app, "ward")
    wait(app, sample_home)
    clustering = Gallery.open(sample_home).clusterings.current()
    assert clustering is not None
    assert clustering.algorithm == "ward"
    assert any("changed since" in warning.value for warning in app.warning)


def test_figures_are_forgotten_with_the_people_in_them(sample_home: Path) -> None:
    measure(open_page(), sample_home, "held_out")
    assert resources.evaluation_store().latest(str(sample_home)) is not None
    resources.forget_people()
    assert resources.evaluation_store().latest(str(sample_home)) is None


def test_the_number_of_clusters_is_there_again_after_a_restart(sample_home: Path) -> None:
    measure(open_page(), sample_home, "sweep", "held_out")
    resources.evaluation_store.clear()
    app = unfold(open_page(), "open_sweep")
    assert "12, by the faces alone; 12 are known by folder." in told(app)
    assert "Kept in the gallery from an earlier start" in told(app)
    assert not app.warning
    assert table(app)["Accuracy"].max() == 1
    assert told(app).count("Not measured yet") == 4
    cluster_gallery(Gallery.open(sample_home), 5)
    assert any("changed since" in warning.value for warning in open_page().warning)


def test_cancelling_leaves_the_earlier_evaluation(sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = measure(open_page(), sample_home, "held_out")
    before = resources.evaluation_store().latest(str(sample_home))
    begun = threading.Event()

    def hang(*_: Any, cancelled: Callable[[], bool], **__: Any) -> None:
        begun.set()
        while not cancelled():
            time.sleep(0.01)
        raise Cancelled("The evaluation was cancelled.")

    monkeypatch.setattr("facecluster.workflows.evaluate.evaluate_gallery", hang)
    press(app, "evaluation_measure_held_out")
    assert begun.wait(30)
    app.run()
    cancel = app.button(key="jobs_cancel")
    assert "earlier evaluation stays" in cancel.help
    cancel.click().run()
    job = jobs().latest(str(sample_home))
    assert job is not None
    assert job.wait(30)
    assert (job.state, job.message) == (
        "cancelled",
        "The evaluation was cancelled: what was measured before is still shown.",
    )
    assert resources.evaluation_store().latest(str(sample_home)) is before
    assert "Yes: 100" in told(app.run())
