"""Algorithms side by side, and any of them as the gallery's clustering."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from facecluster import Gallery
from facecluster.clustering import chinese_whispers as whispers
from facecluster.clustering.algorithms import ALGORITHMS, group_faces
from facecluster.clustering.chinese_whispers import chinese_whispers, pair_threshold
from facecluster.clustering.face_clusterer import restore_clusterer
from facecluster.errors import Cancelled, ClusteringError, EvaluationError
from facecluster.evaluation.algorithm_comparison import (
    COMPARISON_COLUMNS,
    apart_from_all,
    best_without_number,
    compare_algorithms,
)
from facecluster.evaluation.clustering_scores import (
    NO_CLUSTER,
    Tally,
    evaluate_clustering,
    match_people,
    people_by_cluster,
    score,
    wrong_faces,
)
from facecluster.recognition.identification import Identifier
from facecluster.workflows.cluster import apply_algorithm, cluster_gallery
from facecluster.workflows.labelled import labelled_clustering
from tests.galleries import make_gallery
from tests.people import draw_people, unit

FREE = [name for name, algorithm in ALGORITHMS.items() if not algorithm.needs_number]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_each_algorithm_finds_people_that_lie_apart(name: str) -> None:
    faces, persons = draw_people(6, 12)
    order = np.random.default_rng(0).permutation(72)
    labels = group_faces(faces[order], name, 6, seed=1).labels
    assert adjusted_rand_score(persons[order], labels) == 1


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_same_seed_gives_the_same_groups(name: str) -> None:
    faces, _ = draw_people(5, 8, scatter=1.3)
    one, again = (group_faces(faces, name, 5, seed=3).labels for _ in range(2))
    np.testing.assert_array_equal(one, again)


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_as_many_clusters_as_asked_for(number: int) -> None:
    faces, _ = draw_people(4, 8)
    for name in ("kmeans", "mini-batch-kmeans", "bisecting-kmeans", "ward", "average"):
        assert len(set(group_faces(faces, name, number).labels.tolist())) == number, name


@pytest.mark.parametrize("name", ["chinese-whispers", "average-threshold", "dbscan", "hdbscan"])
def test_those_that_need_no_number_do_not_look_at_it(name: str) -> None:
    faces, _ = draw_people(5, 8)
    np.testing.assert_array_equal(group_faces(faces, name, 1).labels, group_faces(faces, name, 9).labels)


def test_the_threshold_lies_in_the_valley_or_beyond_the_tail() -> None:
    many = pair_threshold(draw_people(10, 30)[0])
    assert many.by == "valley"
    assert 0.15 < many.similarity < 0.65, "pairs of different people about 0, of one person about 0.73"
    few = pair_threshold(unit(np.random.default_rng(0).normal(size=(60, 512))))
    assert few.by == "tail"
    assert 0.1 < few.similarity < 0.3, "different people spread by 0.044 about 0"


def test_faces_that_nothing_links_to_are_alone() -> None:
    faces, _ = draw_people(3, 6)
    strangers = unit(np.random.default_rng(7).normal(size=(4, 512)))
    labels = chinese_whispers(np.concatenate([faces, strangers]), 0.4)
    assert len(set(labels.tolist())) == 3 + 4
    assert chinese_whispers(strangers, 0.4).tolist() == [0, 1, 2, 3]
    assert chinese_whispers(faces[:1], 0.4).tolist() == [0]


def test_the_table_holds_the_figures_of_scikit_learn() -> None:
    faces, persons = draw_people(5, 10, scatter=2.2, seed=2)
    table = compare_algorithms(faces, persons, n_clusters=5, names=["kmeans", "ward", "hdbscan"])
    assert tuple(table.columns) == COMPARISON_COLUMNS
    for row in table.itertuples():
        labels = group_faces(faces, row.algorithm, 5).labels
        assert row.left_out == (labels == NO_CLUSTER).sum()
        assert row.clusters == len(set(labels.tolist()) - {NO_CLUSTER})
        assert row.ari == pytest.approx(adjusted_rand_score(persons, apart_from_all(labels)))
        assert row.nmi == pytest.approx(normalized_mutual_info_score(persons, apart_from_all(labels)))
    assert (table["peak_memory_mb"] > 0).all()


def test_left_out_faces_count_as_clusters_of_their_own() -> None:
    persons = np.array(["a", "a", "a", "b", "b"], dtype=object)
    labels = apart_from_all(np.array([0, 0, NO_CLUSTER, NO_CLUSTER, NO_CLUSTER]))
    assert len(set(labels.tolist())) == 4
    assert (labels[2:] < 0).all()
    scores = evaluate_clustering(labels, persons)
    # a keeps two of its three; of b, one lone face stands for b, the other is wrong.
    assert scores.correct == 3
    assert scores.bcubed.precision == 1
    assert wrong_faces(labels, persons).sum() == 2
    assert people_by_cluster(labels, persons).to_dict() == {0: {"a": 2, "b": 0}, NO_CLUSTER: {"a": 1, "b": 2}}


def test_without_labels_there_is_a_table_without_figures_about_persons() -> None:
    faces, _ = draw_people(3, 8)
    table = compare_algorithms(faces, [None] * 24, n_clusters=3, names=["kmeans", "chinese-whispers"])
    assert table["clusters"].tolist() == [3, 3]
    assert table["ari"].isna().all()
    assert best_without_number(table) is None


def test_a_number_that_was_suggested_already_is_not_suggested_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facecluster.workflows.cluster.suggest_n_clusters", None)
    faces, persons = draw_people(4, 8)
    table = compare_algorithms(
        faces, persons, n_clusters=2, suggested=4, suggestion_seconds=100, names=["kmeans", "kmeans-suggested"]
    )
    assert table["clusters"].tolist() == [2, 4]
    best = best_without_number(table)
    assert best is not None
    assert (best["algorithm"], best["ari"]) == ("kmeans-suggested", 1)
    assert best["seconds"] >= 100, "what the suggestion took is part of it"
    assert table.loc[0, "seconds"] < 100
    assert best_without_number(table, suggested=False) is None


def test_faces_that_show_no_people_are_said_to() -> None:
    noise = unit(np.random.default_rng(0).normal(size=(60, 512)))
    names = ["kmeans", "chinese-whispers", "dbscan"]
    table = compare_algorithms(noise, [None] * 60, n_clusters=58, names=names).set_index("algorithm")
    assert table.loc["kmeans", "note"] == ""
    assert all("no gap between one person and two" in table.loc[name, "note"] for name in names[1:])
    people = compare_algorithms(*draw_people(4, 8), n_clusters=4, names=names)
    assert (people["note"] == "").all()


def test_algorithms_for_few_faces_are_left_out_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facecluster.clustering.algorithms._PAIRS_LIMIT", 20)
    faces, persons = draw_people(3, 8)
    table = compare_algorithms(faces, persons, n_clusters=3, names=["kmeans", "ward"]).set_index("algorithm")
    assert table.loc["kmeans", "note"] == ""
    assert "meant for up to 20 faces, not 24" in table.loc["ward", "note"]
    assert np.isnan(table.loc["ward", "ari"])
    with pytest.raises(ClusteringError, match="choose another algorithm"):
        group_faces(faces, "ward", 3)


def test_what_cannot_be_grouped_is_said() -> None:
    faces, persons = draw_people(2, 2)
    with pytest.raises(ClusteringError, match="There is no algorithm magic: choose kmeans"):
        group_faces(faces, "magic", 2)
    with pytest.raises(ClusteringError, match="9 clusters cannot be made of 4 faces"):
        compare_algorithms(faces, persons, n_clusters=9)
    with pytest.raises(ClusteringError, match="no faces yet"):
        group_faces(faces[:0], "kmeans", 1)
    with pytest.raises(Cancelled):
        compare_algorithms(faces, persons, n_clusters=2, cancelled=lambda: True)


@pytest.mark.parametrize("number", range(1, 6))
def test_a_gallery_may_shrink_to_a_few_faces(number: int) -> None:
    faces = draw_people(1, number)[0]
    for name in ALGORITHMS:
        assert len(group_faces(faces, name, number).labels) == number, name


def test_any_algorithm_becomes_the_gallerys_clustering(tmp_path: Path) -> None:
    faces, persons = draw_people(4, 8)
    gallery = make_gallery(tmp_path / "gallery", faces, persons)
    for name in ALGORITHMS:
        made = apply_algorithm(gallery, name)
        assert made.n_clusters == 4
        assert (restore_clusterer(made).predict(faces) == made.labels).all()
        np.testing.assert_allclose(made.centers[made.labels[0]], faces[:8].mean(axis=0), atol=1e-5)
        _, labels, known = labelled_clustering(gallery)
        assert evaluate_clustering(labels, known).accuracy == 1
        assert Identifier.from_gallery(gallery).matcher.scores(faces[:1]).argmax() == 0
    summary = gallery.clusterings.summary()
    assert summary is not None
    assert (summary["algorithm"], summary["parameters"]["chosen_by"]) == ("chinese-whispers", "algorithm")


def test_left_out_faces_have_no_cluster_and_count_as_wrong(tmp_path: Path) -> None:
    faces, persons = draw_people(3, 10)
    faces[[4, 15]] = unit(np.random.default_rng(3).normal(size=(2, 512)))
    persons[15] = None
    gallery = make_gallery(tmp_path / "gallery", faces, persons)
    made = apply_algorithm(gallery, "dbscan")
    assert (len(made.faces), made.parameters["left_out"]) == (28, 2)
    ids, labels, known = labelled_clustering(gallery)
    left_out = labels < 0
    assert ids[left_out].tolist() == [gallery.faces().ids[4]]
    scores = evaluate_clustering(labels, known)
    assert (scores.faces, scores.correct) == (29, 28)
    assert match_people(labels, known).set_index("person").loc["person 00", "accuracy"] == pytest.approx(0.9)
    assert gallery.clusterings.table()["faces"].sum() == 28
    assert gallery.clusterings.cluster_of(int(ids[left_out][0])) is None
    assert score(Tally.of_pairs(gallery.clusterings.people_in_clusters())) == scores
    assert gallery.clusterings.faces_in_cluster("person 00", NO_CLUSTER, limit=5) == ids[left_out].tolist()


def test_the_last_face_left_out_counts_but_one_found_later_does_not(tmp_path: Path) -> None:
    faces, persons = draw_people(3, 8)
    faces[-1] = unit(np.random.default_rng(3).normal(size=512))
    gallery = make_gallery(tmp_path / "gallery", faces, persons)
    apply_algorithm(gallery, "dbscan")
    later = draw_people(1, 3, seed=9)[0]
    make_gallery(tmp_path / "gallery", later, np.array(["somebody new"] * 3, dtype=object), prefix="later")
    _, labels, known = labelled_clustering(gallery)
    assert len(labels) == 24
    assert "somebody new" not in known
    assert (labels < 0).sum() == 1


def test_an_algorithm_that_finds_no_group_changes_nothing(tmp_path: Path) -> None:
    faces = unit(np.random.default_rng(0).normal(size=(12, 512)))
    gallery = make_gallery(tmp_path / "gallery", faces, np.array(["a", "b"] * 6, dtype=object))
    before = cluster_gallery(gallery, 2)
    with pytest.raises(ClusteringError, match="no two faces"):
        apply_algorithm(gallery, "dbscan")
    after = gallery.clusterings.current()
    assert after is not None
    assert after.id == before.id


def test_evaluation_needs_clusters(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="no clusters to evaluate yet"):
        labelled_clustering(Gallery.open(tmp_path / "empty"))


def test_celebrities_are_grouped_without_being_told_their_number(celebrity_gallery: Path, tmp_path: Path) -> None:
    shutil.copytree(celebrity_gallery, tmp_path / "copy")
    gallery = Gallery.open(tmp_path / "copy")
    faces = gallery.faces()
    table = compare_algorithms(faces.embeddings, faces.persons, n_clusters=17, names=["kmeans", "chinese-whispers"])
    best = best_without_number(table, suggested=False)
    assert best is not None
    assert best["algorithm"] == "chinese-whispers"
    assert best["ari"] >= 0.98
    apply_algorithm(gallery, "chinese-whispers")
    _, labels, persons = labelled_clustering(gallery)
    assert evaluate_clustering(labels, persons).ari == pytest.approx(best["ari"])


def test_of_several_runs_the_one_is_kept_that_most_others_agree_with(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, odd = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    runs = iter([odd, usual, usual])
    monkeypatch.setattr(whispers, "_whisper", lambda links, rng: next(runs))
    assert chinese_whispers(np.eye(4, 512, dtype=np.float32), 0.4, runs=3).tolist() == usual.tolist()
