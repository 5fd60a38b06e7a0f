"""Grouping on the gallery page: again with other settings, and what is in no cluster yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.apps import open_details, state, tiles, words
from tests.galleries import ungroup
from tests.ui.test_pages_gallery import captions, open_app, wait_for_job

pytestmark = pytest.mark.usefixtures("fresh_caches")


def test_clustering_again_with_a_fixed_number(sample_home: Path) -> None:
    app = open_details(open_app())
    app.button_group(key="gallery_cluster_kind").set_value("fixed")
    app.number_input(key="gallery_cluster_number").set_value(10)
    next(button for button in app.button if button.label == "Cluster again").click().run()
    assert wait_for_job(sample_home).message == "144 faces are in 10 clusters."
    app.run()
    assert "KMeans, 10 clusters" in captions(app)
    assert state(app)[-1].endswith("faces to review")
    marks = [words(card)[1:] for card in tiles(app, "People")]
    assert marks[0], "who needs a look comes first"
    assert sum("Shares a cluster" in mark for mark in marks) >= 2


def test_faces_without_a_cluster_are_told_and_grouped_on_a_click(sample_home: Path) -> None:
    ungroup(sample_home)
    app = open_app()
    assert any("144 faces are in no cluster yet" in info.value for info in app.info)
    assert {card["href"][:26] for card in tiles(app, "People")} == {"clusters?gallery=~&person="}
    app.button(key="gallery_group").click().run()
    assert wait_for_job(sample_home).state == "done"
    app.run()
    assert len(tiles(app, "People")) == 12
    assert "12 clusters" in captions(open_details(app))
