"""The accuracy page as somebody uses it: figures, flags, charts, and from a person to the wrong faces."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.synthetic import make_synthetic_gallery
from facecluster.evaluation.clustering_scores import wrong_faces
from facecluster.gallery.gallery import Gallery
from facecluster.ui import tables
from facecluster.workflows.cluster import cluster_gallery
from facecluster.workflows.labelled import labelled_clustering
from tests.apps import open_app, tiles, words
from tests.galleries import edit, give, make_gallery, take_name, ungroup, unlabelled_gallery
from tests.people import draw_people

pytestmark = pytest.mark.usefixtures("fresh_caches")


def open_page() -> AppTest:
    return open_app("accuracy")


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.warning)
    return "\n".join(element.value.replace("\\", "") for kind in kinds for element in kind)


def titles_of_alerts(app: AppTest) -> list[str]:
    return [alert.proto.title for alert in [*app.info, *app.warning]]


def wrong_faces_shown(app: AppTest) -> list[int]:
    return [tile["id"] for tile in tiles(app, "Faces that are wrong")]


def make_one_wrong(home: Path) -> tuple[int, str, str]:
    """Gives a face of the first cluster to the second cluster's person: the face, its new person, the first person."""
    gallery = Gallery.open(home)
    first, second = gallery.clusterings.table()["person"][:2]
    face = int(gallery.clusterings.faces_of(0, limit=1)["face"].iloc[0])
    give(home, [face], second)
    return face, second, first


def test_an_empty_gallery_tells_where_to_start(gallery_home: Path) -> None:
    app = open_page()
    assert titles_of_alerts(app) == ["No faces yet"]
    assert not app.metric


def test_names_by_hand_are_no_measure_and_the_page_says_why(gallery_home: Path) -> None:
    gallery = Gallery.open(unlabelled_gallery(gallery_home))
    gallery.clusterings.name(0, "Ann")
    app = open_page()
    assert titles_of_alerts(app) == ["Nothing to measure against"]
    assert f"{gallery.clusterings.table()['faces'].iloc[0]} faces got a name by hand, through a cluster" in texts(app)


def test_who_said_how_many_clusters_there_are_is_told(sample_home: Path) -> None:
    assert "Grouped by KMeans, 12 clusters (as many as people). The folders told how many" in texts(open_page())
    cluster_gallery(Gallery.open(sample_home), 11)
    told = texts(open_page())
    assert "Grouped by KMeans, 11 clusters (a fixed number)." in told
    assert "The folders told" not in told


def test_the_overall_accuracy_has_its_interval_and_says_which(sample_home: Path) -> None:
    accuracy = next(metric for metric in open_page().metric if metric.label == "Accuracy")
    assert (accuracy.value, accuracy.delta) == ("100\xa0%", "97.4 to 100\xa0%")
    assert "The interval is 95 % Wilson: over the faces, not over seeds or people" in accuracy.proto.help


def test_faces_without_clusters_tell_what_to_do(sample_home: Path) -> None:
    ungroup(sample_home)
    assert titles_of_alerts(open_page()) == ["No clusters yet"]


def test_faces_without_persons_tell_what_to_do(sample_home: Path) -> None:
    edit(sample_home, "UPDATE faces SET person = NULL")
    app = open_page()
    assert titles_of_alerts(app) == ["Nothing to measure against"]
    assert "one folder per person" in texts(app)


def test_the_sample_gallery_in_words_and_figures(sample_home: Path) -> None:
    app = open_page()
    assert "144 of 144 faces are in their person's cluster." in texts(app)
    assert "Every face is in its person's cluster." in texts(app)
    assert "Every person has a cluster of their own" in texts(app)
    figures = {metric.label.replace("\u00a0", " "): metric.value.replace("\u00a0", " ") for metric in app.metric}
    assert figures["Accuracy"] == figures["Purity"] == "100 %"
    assert (figures["Wrong faces"], figures["Below 100 %"]) == ("0", "0 of 12")
    assert figures["ARI"] == figures["NMI"] == figures["B³ F1"] == "1.000"


def traces(app: AppTest) -> list[list[dict[str, Any]]]:
    charts = app.get("plotly_chart")
    assert all(chart.proto.alt for chart in charts)
    return [json.loads(chart.proto.spec)["data"] for chart in charts]


def test_people_below_100_percent_have_a_bar_and_the_rest_a_line(sample_home: Path) -> None:
    _, person, _ = make_one_wrong(sample_home)
    app = open_page()
    bars, heatmap, table = traces(app)
    assert [(bar["type"], bar["y"]) for bar in bars] == [("bar", [f"{person} (13)"])]
    assert [trace["type"] for trace in heatmap] == ["heatmap", "scatter"]
    assert [trace["type"] for trace in table] == ["table"]
    sections: list[Any] = list(app.expander)
    assert "11 people are at 100\u00a0%" in [section.proto.label for section in sections]
    assert person not in next(
        text.value for text in app.markdown if "clusters?gallery=~&person=" in text.value
    ).replace("\\", "")


def test_a_cell_of_the_heatmap_knows_the_person_and_cluster_behind_it(sample_home: Path) -> None:
    _, person, other = make_one_wrong(sample_home)
    heat, points = traces(open_page())[1]
    assert other in heat["x"], "clusters go by their names"
    assert [person, 0, 1] in points["customdata"]
    assert points["x"][points["customdata"].index([person, 0, 1])] == other


def test_all_figures_are_sorted_as_one_likes_and_can_be_taken_along(sample_home: Path) -> None:
    _, person, _ = make_one_wrong(sample_home)
    app = open_page()

    def people() -> list[str]:
        values: list[list[str]] = traces(app)[-1][0]["cells"]["values"]
        return values[0]

    assert people()[0] == person
    app.segmented_control(key="accuracy_order").set_value("name")
    run(app)
    assert people() == sorted(people())
    app.segmented_control(key="accuracy_order").set_value("faces")
    run(app)
    assert people()[0] == person, "thirteen faces"
    assert len(app.get("download_button")) == 1


def test_the_address_says_whose_wrong_faces_are_shown(sample_home: Path) -> None:
    face, person, other = make_one_wrong(sample_home)
    app = open_page()
    app.query_params["person"] = other
    run(app)
    assert app.selectbox(key="accuracy_person").value == other
    assert f"No face of {other} is wrong." in texts(app)
    app.query_params["person"] = "Nobody of that name"
    assert wrong_faces_shown(run(app)) == [face]
    app.selectbox(key="accuracy_person").select(person)
    run(app)
    assert person in app.query_params["person"]


def test_a_wrong_face_says_where_it_is_and_leads_to_its_photo(sample_home: Path) -> None:
    face, person, other = make_one_wrong(sample_home)
    app = open_page()
    assert "143 of 144 faces" in texts(app)
    assert wrong_faces_shown(app) == [face]
    tile = tiles(app, "Faces that are wrong")[0]
    assert (tile["name"], words(tile)[0]) == (person, f"in {other}")
    app.query_params["face"] = str(face)
    assert "Detection score: is it a face?" in texts(run(app))


def test_faces_without_a_person_take_part_in_no_figure_and_it_says_so(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    person = gallery.clusterings.table()["person"][0]
    take_name(sample_home, person)
    app = open_page()
    assert "132 of 132 faces" in texts(app)
    assert "132 of 144 faces have a known person; figures that compare with people speak of these alone" in texts(app)
    assert "1 cluster holds no face whose person is known by folder" in texts(app)
    assert not titles_of_alerts(app), "faces that nobody knows are neither right nor wrong"


def test_people_who_share_a_cluster_are_named(sample_home: Path) -> None:
    cluster_gallery(Gallery.open(sample_home), 11)
    app = open_page()
    assert "Persons who share a cluster" in titles_of_alerts(app)
    assert " share [" in texts(app)


def test_clusters_that_are_nobodys_are_named(sample_home: Path) -> None:
    cluster_gallery(Gallery.open(sample_home), 13)
    app = open_page()
    assert titles_of_alerts(app) == ["Clusters that are left over"]
    assert "the faces in it count as wrong" in texts(app)


def test_faces_that_an_algorithm_left_out_are_wrong_and_can_be_opened(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    face = int(gallery.clusterings.faces_of(0, limit=1)["face"].iloc[0])
    edit(sample_home, "DELETE FROM assignments WHERE face_id = ?", face)
    app = open_page()
    assert "143 of 144 faces" in texts(app)
    assert words(tiles(app, "Faces that are wrong")[0])[0] == "in no cluster"
    app.query_params["face"] = str(face)
    assert "Not in a cluster yet" in texts(run(app))


def test_pages_of_wrong_faces_hold_each_of_them_once(tmp_path: Path) -> None:
    gallery = make_synthetic_gallery(tmp_path / "gallery", faces=1500, clusters=6, people=6)
    ids, labels, persons = labelled_clustering(gallery)
    expected = sorted(
        (person, int(cluster), int(face))
        for face, cluster, person, wrong in zip(ids, labels, persons, wrong_faces(labels, persons), strict=True)
        if wrong
    )
    report = tables.accuracy(gallery)
    assert report.wrong == len(expected) > 4
    for size in (1, 3, 4, 100):
        pages = [
            tables.wrong_page(gallery, report, None, page, size)
            for page in range(1, tables.page_count(report.wrong, size) + 1)
        ]
        assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
        assert [(row.person, row.cluster, row.face) for page in pages for row in page.itertuples()] == expected
    person = expected[-1][0]
    mine = tables.wrong_page(gallery, report, person, 1, 100)
    assert mine["face"].tolist() == [face for whose, _, face in expected if whose == person]
    assert report.people.set_index("person").loc[person, "wrong"] == len(mine)


def test_wrong_faces_of_people_whom_the_algorithm_left_out(tmp_path: Path) -> None:
    embeddings, persons = draw_people(3, 10)
    persons[10:14] = "nowhere"
    gallery = make_gallery(tmp_path / "gallery", embeddings, persons)
    made = cluster_gallery(gallery, 3)
    kept = np.delete(np.arange(30), np.arange(10, 14))
    gallery.clusterings.save(
        replace(
            made,
            faces=made.faces[kept],
            labels=made.labels[kept],
            similarity=made.similarity[kept],
            parameters=made.parameters | {"last_face": int(made.faces.max())},
        )
    )
    ids, labels, known = labelled_clustering(gallery)
    expected = known[wrong_faces(labels, known)].tolist()
    report = tables.accuracy(gallery)
    assert labels[known == "nowhere"].max() < 0
    assert expected == ["nowhere"] * 3
    assert report.wrong == report.people["wrong"].sum() == 3
    pages = [tables.wrong_page(gallery, report, None, page, 2)["face"].tolist() for page in (1, 2)]
    assert [len(page) for page in pages] == [2, 1]
    assert set(pages[0] + pages[1]) < set(ids[known == "nowhere"].tolist())
