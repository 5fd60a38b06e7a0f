"""suggest_n_clusters: how many people a pile of faces shows. Faces here are points drawn on a sphere."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.metrics import silhouette_samples

from facecluster.clustering import number_of_clusters
from facecluster.clustering.number_of_clusters import suggest_n_clusters
from facecluster.errors import Cancelled, ClusteringError

Floats = NDArray[np.float32]


def draw_people(people: int, faces: int, seed: int = 0, scatter: float = 0.7) -> Floats:
    """Faces around one random direction a person; the cosine of two of a person's is about 1 / (1 + scatter²)."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, 1, 512))
    scattered = rng.normal(size=(people, faces, 512))
    centres /= np.linalg.norm(centres, axis=-1, keepdims=True)
    vectors = centres + scatter * scattered / np.linalg.norm(scattered, axis=-1, keepdims=True)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors.reshape(-1, 512), np.float32)


@pytest.mark.parametrize(("people", "faces"), [(1, 12), (2, 8), (3, 2), (5, 20), (12, 6), (60, 5)])
def test_finds_the_number_of_people(people: int, faces: int) -> None:
    suggestion = suggest_n_clusters(draw_people(people, faces))
    assert suggestion.n_clusters == people
    assert suggestion.reason.startswith(f"{people} cluster")
    assert suggestion.reason.endswith(".")


def test_finds_people_with_very_different_numbers_of_faces() -> None:
    faces = [draw_people(1, n, seed=n) for n in (3, 4, 9, 40, 60)]
    assert suggest_n_clusters(np.concatenate(faces)).n_clusters == 5


def test_neither_the_order_of_the_faces_nor_the_seed_matters() -> None:
    faces = draw_people(7, 9)
    mixed = faces[np.random.default_rng(0).permutation(len(faces))]
    assert {suggest_n_clusters(f, random_state=s).n_clusters for f in (faces, mixed) for s in range(3)} == {7}


def test_the_same_seed_gives_the_same_sweep() -> None:
    faces = draw_people(6, 8, scatter=1.2)
    first, second = suggest_n_clusters(faces, random_state=3), suggest_n_clusters(faces, random_state=3)
    assert first.sweep.equals(second.sweep)


def test_the_sweep_holds_what_the_suggestion_rests_on() -> None:
    faces = draw_people(6, 8)
    suggestion = suggest_n_clusters(faces)
    sweep = suggestion.sweep.set_index("clusters")
    assert list(sweep.columns) == ["silhouette", "stability", "score", "weakest", "inertia"]
    assert list(sweep.index) == list(range(2, 25))
    assert sweep["score"].idxmax() == suggestion.n_clusters == 6
    assert sweep.loc[6, "stability"] == 1
    assert (sweep["weakest"] <= sweep["silhouette"] + 1e-6).all()
    assert sweep["inertia"].is_monotonic_decreasing
    people = np.repeat(np.arange(6), 8)
    of_faces = silhouette_samples(faces, people, metric="cosine")
    assert sweep.loc[6, "silhouette"] == pytest.approx(of_faces.mean(), abs=1e-5)
    assert sweep.loc[6, "weakest"] == pytest.approx(of_faces.reshape(6, 8).mean(axis=1).min(), abs=1e-5)
    assert suggestion.faces == 48
    with pytest.raises(dataclasses.FrozenInstanceError):
        suggestion.n_clusters = 5  # type: ignore[misc]


@pytest.mark.parametrize("n", [1, 2, 9])
def test_copies_of_one_face_are_one_cluster(n: int) -> None:
    suggestion = suggest_n_clusters(np.repeat(draw_people(1, 1), n, axis=0))
    assert (suggestion.n_clusters, len(suggestion.sweep)) == (1, 0)


@pytest.mark.parametrize("n", [2, 3, 10])
def test_faces_that_are_all_different_are_one_cluster_each(n: int) -> None:
    suggestion = suggest_n_clusters(draw_people(n, 1))
    assert suggestion.n_clusters == n
    assert "no two faces are alike" in suggestion.reason


def test_two_alike_faces_are_one_cluster() -> None:
    assert suggest_n_clusters(draw_people(1, 2, scatter=0.3)).n_clusters == 1


def test_never_more_than_allowed() -> None:
    faces = draw_people(9, 6)
    assert suggest_n_clusters(faces, max_clusters=4).n_clusters <= 4
    assert suggest_n_clusters(faces, max_clusters=1).n_clusters == 1
    assert suggest_n_clusters(draw_people(6, 1), max_clusters=3).n_clusters <= 3
    assert suggest_n_clusters(faces, max_clusters=9).n_clusters == 9


def test_a_large_pile_is_judged_by_a_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_of_clusters, "MAX_FACES", 200)
    suggestion = suggest_n_clusters(draw_people(8, 60))
    assert (suggestion.n_clusters, suggestion.faces) == (8, 200)
    assert suggestion.reason.endswith("This rests on 200 faces, drawn from the 480.")
    assert "drawn from" not in suggest_n_clusters(draw_people(8, 20)).reason


def test_progress_is_told_and_it_can_be_stopped() -> None:
    told: list[tuple[int, int]] = []
    suggest_n_clusters(draw_people(3, 5), on_progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(told[-1][1] + 1))
    with pytest.raises(Cancelled):
        suggest_n_clusters(draw_people(3, 5), cancelled=lambda: True)


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(ClusteringError, match="index photos first"):
        suggest_n_clusters(np.empty((0, 512), np.float32))
    with pytest.raises(ValueError, match=r"\(n, 512\)"):
        suggest_n_clusters(np.ones(512))
    with pytest.raises(ValueError, match="max_clusters"):
        suggest_n_clusters(draw_people(2, 2), max_clusters=0)


def test_stability_is_that_of_several_draws() -> None:
    """A single draw says 1.0 or not; the mean over draws of hard faces lies between the worst and the best of them."""
    drawn: list[list[float]] = []

    class Watched(number_of_clusters._Sweep):
        def table(self) -> pd.DataFrame:
            drawn.extend(self.agreement.values())
            return super().table()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(number_of_clusters, "_Sweep", Watched)
        suggestion = suggest_n_clusters(draw_people(6, 6, scatter=1.3))
    assert min(map(len, drawn)) >= 10
    told = suggestion.sweep["stability"].dropna().tolist()
    assert sorted(told) == pytest.approx(sorted(float(np.mean(values)) for values in drawn))
