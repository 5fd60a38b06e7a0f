"""Groups and their number where some people have many faces and others few, or very many have few."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from benchmarks.cluster_shapes import LFW_FEW, draw_sizes, synthetic_people
from facecluster import FaceClusterer, Gallery, suggest_n_clusters
from facecluster.cli.main import main
from facecluster.clustering import average_linkage
from facecluster.clustering.average_linkage import AverageTree
from facecluster.clustering.silhouette_search import improve
from facecluster.clustering.silhouettes import face_silhouettes
from facecluster.evaluation.clustering_scores import evaluate_clustering
from tests.galleries import make_gallery
from tests.people import draw_people, unit


def accuracy(labels: np.ndarray, persons: np.ndarray) -> float:
    return evaluate_clustering(labels, np.array([str(person) for person in persons], object)).accuracy


@pytest.mark.parametrize("few", [1, 2, 3])
def test_one_real_person_with_many_photos_is_not_cut_up(celebrity_gallery: Path, few: int) -> None:
    faces = Gallery.open(celebrity_gallery).faces()
    before, now, off = [], [], []
    for seed in range(5):
        embeddings, persons = draw_sizes(faces.embeddings, faces.persons.astype(str), (40, *[few] * 7), seed)
        now.append(accuracy(FaceClusterer(8, random_state=0).fit(embeddings).labels_, persons))
        before.append(accuracy(FaceClusterer(8, method="kmeans", random_state=0).fit(embeddings).labels_, persons))
        off.append(abs(suggest_n_clusters(embeddings).n_clusters - 8))
    assert np.mean(now) >= 0.96
    assert np.mean(now) > np.mean(before) + 0.05
    assert np.median(off) <= 1


def test_where_all_have_as_many_photos_kmeans_is_kept(celebrity_gallery: Path) -> None:
    faces = Gallery.open(celebrity_gallery).faces()
    model = FaceClusterer(17, random_state=0).fit(faces.embeddings)
    alone = FaceClusterer(17, method="kmeans", random_state=0).fit(faces.embeddings)
    assert model.method_ == "kmeans"
    np.testing.assert_array_equal(model.labels_, alone.labels_)
    assert set(model.silhouettes_) == {"kmeans", "average"}


def test_people_like_those_of_the_news_are_told_apart() -> None:
    sizes = (200, 90, 60, 40, 30, *[12] * 30)
    embeddings, persons = synthetic_people(sizes, seed=0)
    model = FaceClusterer(len(sizes), random_state=0).fit(embeddings)
    assert accuracy(model.labels_, persons) >= 0.97
    # Five faces are bystanders', who are people as well.
    assert len(sizes) - 1 <= suggest_n_clusters(embeddings).n_clusters <= len(sizes) + 5


def test_many_people_of_few_photos_are_counted() -> None:
    sizes = LFW_FEW[::5]
    embeddings, persons = synthetic_people(sizes, seed=0)
    assert accuracy(FaceClusterer(len(sizes), random_state=0).fit(embeddings).labels_, persons) >= 0.95
    assert suggest_n_clusters(embeddings).n_clusters == pytest.approx(len(sizes), rel=0.1)


def test_what_was_chosen_is_stored_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    embeddings, persons = synthetic_people((60, *[2] * 8), seed=1)
    gallery = make_gallery(tmp_path, embeddings, np.array([f"person {person}" for person in persons], object))
    assert main(["cluster", "--gallery", str(tmp_path)]) == 0
    assert "KMeans started from average linkage" in capsys.readouterr().out
    summary = gallery.clusterings.summary()
    assert summary is not None
    assert summary["parameters"]["method"] == "average"
    assert summary["parameters"]["silhouettes"]["average"] > summary["parameters"]["silhouettes"]["kmeans"]


@pytest.mark.parametrize(("number", "told"), [(1, "holds every face"), (12, "every face is alone")])
def test_what_cannot_be_otherwise_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int, told: str
) -> None:
    make_gallery(tmp_path, *draw_people(4, 3))
    assert main(["cluster", "--gallery", str(tmp_path), "--clusters", str(number)]) == 0
    assert f"cannot be otherwise: {told if number > 1 else 'it ' + told}" in capsys.readouterr().out


def test_more_clusters_than_different_faces_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    embeddings, persons = draw_people(3, 1)
    make_gallery(tmp_path, np.repeat(embeddings, 4, axis=0), np.repeat(persons, 4))
    assert main(["cluster", "--gallery", str(tmp_path), "--clusters", "5"]) == 0
    assert "Only 3 of the 12 faces differ" in capsys.readouterr().out


def test_predictions_are_the_labels_whatever_was_chosen() -> None:
    embeddings, _ = synthetic_people((80, *[2] * 8), seed=1)
    model = FaceClusterer(9, random_state=0).fit(embeddings)
    assert model.method_ == "average"
    np.testing.assert_array_equal(model.predict(embeddings), model.labels_)


@pytest.mark.parametrize("matrix", [5_000, 50], ids=["one matrix", "rounds of mutual neighbours"])
def test_the_tree_is_that_of_average_linkage(matrix: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(average_linkage, "_DENSE", matrix)
    embeddings, _ = synthetic_people((60, 20, *[4] * 20), seed=3)
    tree, rival = AverageTree(embeddings), linkage(embeddings, "average", "cosine")
    for number in (1, 2, 22, 80, len(embeddings)):
        assert adjusted_rand_score(fcluster(rival, number, "maxclust"), tree.cut(number)) == 1
    np.testing.assert_allclose(tree.merges[:, 0], 1 - rival[:, 2], atol=1e-5)


def test_cells_of_many_faces_hardly_change_the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings, persons = synthetic_people([20] * 60, seed=0)
    for name, value in (("_DENSE", 200), ("_WHOLE", 400), ("_CELL", 150)):
        monkeypatch.setattr(average_linkage, name, value)
    assert adjusted_rand_score(persons, AverageTree(embeddings).cut(70)) >= 0.95


def test_silhouettes_are_those_of_scikit_learn() -> None:
    embeddings, _ = synthetic_people((30, 1, *[4] * 10), seed=3)
    labels = AverageTree(embeddings).cut(15)
    expected = silhouette_samples(embeddings, labels, metric="cosine")
    np.testing.assert_allclose(face_silhouettes(embeddings, labels), expected, atol=1e-5)


def test_two_people_in_one_group_and_one_in_two_are_mended() -> None:
    embeddings, persons = draw_people(6, 12)
    truth = np.unique(persons, return_inverse=True)[1]
    mixed = np.where(truth == 1, 0, truth)
    mixed[np.flatnonzero(truth == 2)[:5]] = 1
    assert adjusted_rand_score(truth, improve(embeddings, mixed)) == 1


def test_faces_all_alike_are_one_person_to_the_tree() -> None:
    one = unit(np.repeat(draw_people(1, 1)[0], 9, axis=0))
    assert AverageTree(one).people() == 1
