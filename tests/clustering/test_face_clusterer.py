"""FaceClusterer: scikit-learn's contract, robustness against bad starts, and clustering a gallery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from facecluster import FaceClusterer, Gallery, match_people
from facecluster.clustering import face_clusterer
from facecluster.clustering.face_clusterer import restore_clusterer
from facecluster.errors import ClusteringError
from facecluster.evaluation.clustering_scores import evaluate_clustering
from facecluster.vectors import similarity_to_centers
from facecluster.workflows.cluster import cluster_gallery
from facecluster.workflows.labelled import labelled_clustering
from tests.galleries import make_gallery
from tests.people import draw_people


@parametrize_with_checks([FaceClusterer(n_clusters=3)])
def test_keeps_the_estimator_contract(estimator: Any, check: Any) -> None:
    check(estimator)


def clouds(people: int, faces: int, spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around random directions: (people * faces, 512) float32, and whose they are."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(people, 512))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    truth = np.repeat(np.arange(people), faces)
    noise = rng.normal(scale=spread / np.sqrt(512), size=(people * faces, 512))
    vectors = directions[truth] + noise
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), truth


def test_every_seed_gives_the_same_answer_where_one_start_does_not() -> None:
    embeddings, truth = clouds(people=40, faces=12, spread=0.9)
    single = {
        adjusted_rand_score(truth, KMeans(40, n_init=1, random_state=s).fit(embeddings).labels_) for s in range(5)
    }
    assert min(single) < 0.9, "too easy to show anything"
    for seed in range(5):
        labels = FaceClusterer(40, random_state=seed).fit(embeddings).labels_
        assert adjusted_rand_score(truth, labels) == 1.0


def test_same_seed_same_clusters() -> None:
    embeddings, _ = clouds(people=6, faces=10, spread=2.0)
    first, second = (FaceClusterer(9, random_state=3).fit(embeddings) for _ in range(2))
    np.testing.assert_array_equal(first.labels_, second.labels_)
    np.testing.assert_array_equal(first.cluster_centers_, second.cluster_centers_)


def test_merging_and_splitting_leaves_a_bad_start() -> None:
    embeddings, truth = clouds(people=5, faces=20, spread=0.8)
    model = FaceClusterer(5, random_state=0)
    bad = np.stack([embeddings[truth == 0][:10].mean(0), embeddings[truth == 0][10:].mean(0)]
                   + [embeddings[np.isin(truth, pair)].mean(0) for pair in ([1, 2], [3], [4])])  # fmt: skip
    stuck = KMeans(5, init=bad, n_init=1).fit(embeddings)
    assert adjusted_rand_score(truth, stuck.labels_) < 0.9
    mended = KMeans(5, init=model._merge_and_split(embeddings, stuck), n_init=1).fit(embeddings)
    assert adjusted_rand_score(truth, mended.labels_) == 1.0


def test_a_sampled_start_comes_close_to_a_full_one() -> None:
    embeddings, truth = clouds(people=40, faces=150, spread=0.8)
    full = FaceClusterer(40, algorithm="full", random_state=0).fit(embeddings)
    sampled = FaceClusterer(40, random_state=0).fit(embeddings)
    assert sampled.algorithm_ == "sampled"
    assert sampled.inertia_ <= 1.01 * full.inertia_
    assert adjusted_rand_score(truth, sampled.labels_) >= 0.99


def test_centers_inertia_and_prediction_fit_together() -> None:
    embeddings, _ = clouds(people=4, faces=8, spread=1.0)
    model = FaceClusterer(4, random_state=0).fit(embeddings)
    means = np.stack([embeddings[model.labels_ == label].mean(0) for label in range(4)])
    np.testing.assert_allclose(model.cluster_centers_, means, atol=1e-5)
    assert model.inertia_ == pytest.approx(((embeddings - means[model.labels_]) ** 2).sum(), rel=1e-4)
    np.testing.assert_array_equal(model.predict(embeddings), model.labels_)


def test_distances_and_score_are_those_of_kmeans() -> None:
    embeddings, _ = clouds(people=4, faces=8, spread=1.0)
    others, _ = clouds(people=4, faces=8, spread=1.0, seed=1)
    model = FaceClusterer(4, random_state=0).fit(embeddings)
    rival = KMeans(4, init=model.cluster_centers_, n_init=1).fit(embeddings)
    np.testing.assert_allclose(rival.cluster_centers_, model.cluster_centers_, atol=1e-6)
    assert model.score(embeddings) == pytest.approx(-model.inertia_, rel=1e-5)
    for X in (embeddings, others, others * 2):
        np.testing.assert_allclose(model.transform(X), rival.transform(X), rtol=1e-5, atol=1e-5)
        assert model.transform(X).dtype == np.float32
        np.testing.assert_array_equal(model.transform(X).argmin(axis=1), model.predict(X))
        assert model.score(X) == pytest.approx(rival.score(X), rel=1e-5)
    assert model.score(others.astype(float)) == pytest.approx(model.score(others), rel=1e-5)
    np.testing.assert_array_equal(model.fit_transform(embeddings), model.transform(embeddings))
    assert list(model.get_feature_names_out()) == [f"faceclusterer{number}" for number in range(4)]


def test_what_scikit_learn_offers_on_top_works() -> None:
    embeddings, truth = clouds(people=4, faces=12, spread=0.9)
    shuffled = np.random.default_rng(0).permutation(len(embeddings))
    chosen = GridSearchCV(FaceClusterer(random_state=0), {"n_clusters": [2, 4]}, cv=3).fit(embeddings[shuffled])
    assert chosen.best_params_ == {"n_clusters": 4}, "by the inertia of faces that were held out"
    table = FaceClusterer(4, random_state=0).set_output(transform="pandas").fit_transform(embeddings)
    assert list(table.columns) == [f"faceclusterer{number}" for number in range(4)]
    pipeline = make_pipeline(FaceClusterer(4, random_state=0), LogisticRegression()).fit(embeddings, truth)
    assert pipeline.score(embeddings, truth) == 1.0, "distances to the centres tell who it is"


@pytest.mark.parametrize("n_clusters", [0, 11, 2.5])
def test_a_wrong_number_of_clusters_is_named(n_clusters: Any) -> None:
    with pytest.raises(ValueError, match="n_clusters must be between 1 and n_samples=10, got"):
        FaceClusterer(n_clusters).fit(np.eye(10, dtype=np.float32))


def test_as_many_clusters_as_faces() -> None:
    model = FaceClusterer(4, random_state=0).fit(np.eye(4, 512, dtype=np.float32))
    assert sorted(model.labels_) == [0, 1, 2, 3]
    assert model.inertia_ == pytest.approx(0, abs=1e-9)


def test_clone_keeps_parameters_and_forgets_the_fit() -> None:
    model = FaceClusterer(3, n_init=4, random_state=9).fit(np.eye(5, dtype=np.float32))
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "labels_")


def test_similarity_to_centers_is_the_cosine() -> None:
    centers = np.array([[2, 0, 0], [0, 0.5, 0.5]], np.float32)
    embeddings = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    expected = [1, np.sqrt(0.5)]
    np.testing.assert_allclose(similarity_to_centers(embeddings, centers, np.array([0, 1])), expected, rtol=1e-6)


def test_a_gallery_gets_as_many_clusters_as_people_and_remembers_how(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    made = cluster_gallery(gallery, seed=5)
    assert made.n_clusters == gallery.counts().people == 12
    summary = gallery.clusterings.summary()
    assert summary is not None
    assert (summary["algorithm"], summary["seed"], summary["model"]) == ("kmeans", 5, "casia-webface")
    assert summary["parameters"]["chosen_by"] == "people"
    assert set(summary["versions"]) == {"numpy", "scikit-learn", "torch"}


def test_what_was_done_with_many_faces_or_clusters_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = make_gallery(tmp_path / "gallery", *draw_people(6, 10))
    assert [cluster_gallery(gallery).parameters[key] for key in ("n_init", "passes")] == [10, "full"]
    monkeypatch.setattr(face_clusterer, "_FULL_LIMIT", 30)
    assert [cluster_gallery(gallery).parameters[key] for key in ("n_init", "passes")] == [0, "sampled"]
    monkeypatch.setattr(face_clusterer, "_SAMPLE_LIMIT", 40)
    assert [cluster_gallery(gallery).parameters[key] for key in ("n_init", "passes")] == [1, "mini-batch"]


def test_a_stored_clustering_predicts_like_the_fitted_one(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    stored = gallery.clusterings.current()
    assert stored is not None
    faces = gallery.faces()
    np.testing.assert_array_equal(restore_clusterer(stored).predict(faces.embeddings), stored.labels)
    assert restore_clusterer(stored).score(faces.embeddings) == pytest.approx(-stored.inertia, rel=1e-4)
    assert restore_clusterer(stored).transform(faces.embeddings).shape == (len(faces), stored.n_clusters)


def test_more_clusters_than_faces_are_refused_with_the_limit(sample_home: Path) -> None:
    gallery = Gallery.open(sample_home)
    faces = gallery.counts().faces
    with pytest.raises(ClusteringError, match=f"choose a number from 1 to {faces}"):
        cluster_gallery(gallery, faces + 1)


def test_an_empty_gallery_cannot_be_clustered(gallery_home: Path) -> None:
    with pytest.raises(ClusteringError, match="no faces yet: index photos first"):
        cluster_gallery(Gallery.open(gallery_home))


def test_sample_people_are_told_apart(sample_gallery: Path) -> None:
    _, labels, persons = labelled_clustering(Gallery.open(sample_gallery))
    assert evaluate_clustering(labels, persons).ari >= 0.95


def test_real_people_are_told_apart_with_every_seed(celebrity_gallery: Path) -> None:
    faces = Gallery.open(celebrity_gallery).faces()
    for seed in range(10):
        labels = FaceClusterer(17, random_state=seed).fit(faces.embeddings).labels_
        assert evaluate_clustering(labels, faces.persons).accuracy >= 0.99
        assert not match_people(labels, faces.persons)["shares_cluster"].any()
