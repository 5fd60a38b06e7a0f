"""Large galleries: searched by their clusters, a probe gets the answers of a comparison with every face."""

import numpy as np
import pytest
from numpy.typing import NDArray

from facecluster.errors import IdentificationError
from facecluster.recognition import search as search_module
from facecluster.recognition.sampled_scoring import LargeFaceMatcher
from facecluster.recognition.scoring import FaceMatcher
from facecluster.recognition.search import ClusterSearch, ExactSearch, Found, build_search

Floats = NDArray[np.float32]
Ints = NDArray[np.int_]
PEOPLE, FACES = 240, 12


def unit(vectors: NDArray[np.floating]) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def draw_people(people: int = PEOPLE, faces: int = FACES, seed: int = 0) -> tuple[Floats, Ints, Floats]:
    """Faces, whose they are, and everybody's direction; they crowd in 48 dimensions, so that some are look-alikes."""
    rng = np.random.default_rng(seed)
    centers = unit((rng.normal(size=(people, 48)) + 0.4) @ np.random.default_rng(99).normal(size=(48, 512)))
    person = rng.permutation(np.repeat(np.arange(people), faces))
    return unit(centers[person] + 0.035 * rng.normal(size=(len(person), 512))), person, centers


def draw_probes(centers: Floats) -> Floats:
    """A new face of every fourth person, and 40 strangers."""
    known = centers[::4] + 0.035 * np.random.default_rng(5).normal(size=(len(centers[::4]), 512))
    return np.vstack([unit(known), draw_people(40, 1, seed=7)[0]])


@pytest.fixture(scope="module")
def crowd() -> tuple[Floats, Ints, Floats]:
    return draw_people()


@pytest.fixture(scope="module")
def exact(crowd: tuple[Floats, Ints, Floats]) -> ExactSearch:
    return ExactSearch(*crowd[:2])


def agreement(found: list[Found], expected: list[Found]) -> tuple[float, float]:
    """Shares of probes with the same best identity, and with the same six nearest faces in the same order."""
    pairs = list(zip(found, expected, strict=True))
    best = np.mean([mine.identities[0] == theirs.identities[0] for mine, theirs in pairs])
    return float(best), float(np.mean([mine.rows.tolist() == theirs.rows.tolist() for mine, theirs in pairs]))


@pytest.mark.parametrize("share", [0.5, 1.0, 2.0])
def test_answers_are_those_of_comparing_every_face(
    crowd: tuple[Floats, Ints, Floats], exact: ExactSearch, share: float
) -> None:
    """Whether clusters hold two people each, one each, or half a person."""
    faces, person, _ = crowd
    centers = faces[np.random.default_rng(3).choice(len(faces), int(share * PEOPLE), replace=False)]
    search = ClusterSearch(faces, person, (faces @ centers.T).argmax(axis=1), centers)
    probes = draw_probes(crowd[2])
    expected, found = exact.find(probes, 3, 6), search.find(probes, 3, 6)
    assert min(agreement(found, expected)) >= 0.99
    for probe, mine, theirs in zip(probes, found, expected, strict=True):
        assert list(mine.scores) == sorted(mine.scores, reverse=True)
        assert mine.scores[0] == pytest.approx(theirs.scores[0], abs=0.02)
        np.testing.assert_allclose(mine.cosines, faces[mine.rows] @ probe, atol=1e-5)


def test_faces_without_a_cluster_or_in_a_wrong_one_are_found(
    crowd: tuple[Floats, Ints, Floats], exact: ExactSearch
) -> None:
    faces, person, centers = crowd
    rng = np.random.default_rng(4)
    clusters = person.copy()
    clusters[rng.random(len(faces)) < 0.1] = -1
    moved = rng.choice(len(faces), len(faces) // 100, replace=False)
    clusters[moved] = rng.integers(0, PEOPLE, len(moved))
    probes = np.vstack([draw_probes(centers), faces[clusters == -1][:20], faces[moved][:20]])
    found = ClusterSearch(faces, person, clusters, centers).find(probes, 3, 6)
    assert min(agreement(found, exact.find(probes, 3, 6))) >= 0.99


@pytest.mark.parametrize("number", [1, 3])
def test_few_clusters_are_searched_whole(crowd: tuple[Floats, Ints, Floats], exact: ExactSearch, number: int) -> None:
    faces, person, centers = crowd
    search = ClusterSearch(faces, person, person % number, centers[:number])
    probes = draw_probes(centers)
    assert agreement(search.find(probes, 3, 6), exact.find(probes, 3, 6)) == (1.0, 1.0)


def test_bystanders_are_evidence_but_never_an_answer(crowd: tuple[Floats, Ints, Floats]) -> None:
    faces, person, centers = crowd
    # Nobody around these probes is known: the people who are live elsewhere.
    identities = np.where(person < PEOPLE - 5, -1, person - (PEOPLE - 5))
    search = ClusterSearch(faces, identities, person, centers)
    assert search.matcher.identities_.tolist() == [0, 1, 2, 3, 4]
    for number, found in enumerate(search.find(centers[:10], 3, 6)):
        assert (person[found.rows] == number).all()
        assert len(found.identities) == len(set(found.identities)) == 3
        assert found.scores.max() < search.matcher.threshold()


def test_a_gallery_with_nobody_in_it_says_so(crowd: tuple[Floats, Ints, Floats]) -> None:
    faces, person, centers = crowd
    with pytest.raises(IdentificationError, match="index photos first"):
        ClusterSearch(faces, np.full(len(faces), -1), person, centers)


@pytest.mark.parametrize(("people", "faces"), [(300, 12), (10, 300), (4, 20)])
def test_samples_give_the_threshold_of_the_whole_gallery(people: int, faces: int) -> None:
    embeddings, person, _ = draw_people(people, faces)
    whole, sampled = FaceMatcher().fit(embeddings, person), LargeFaceMatcher().fit(embeddings, person)
    assert sampled.threshold() == pytest.approx(whole.threshold(), abs=0.02)
    assert sampled.expected_fnir(0.55) == pytest.approx(whole.expected_fnir(0.55), abs=0.03)
    assert sampled.is_reliable
    probes = np.vstack([embeddings[::50], draw_people(20, 1, seed=8)[0]])
    np.testing.assert_allclose(sampled.scores(probes), whole.scores(probes), atol=0.01)
    columns = [people - 1, 0]
    np.testing.assert_allclose(sampled.scores_of(probes, columns), sampled.scores(probes)[:, columns], atol=1e-6)


@pytest.mark.parametrize(("people", "faces"), [(1, 1), (1, 9), (2, 1), (2, 9), (9, 1)])
def test_too_few_people_are_told_as_by_the_whole_gallery(people: int, faces: int) -> None:
    embeddings, person, _ = draw_people(people, faces)
    whole, sampled = FaceMatcher().fit(embeddings, person), LargeFaceMatcher().fit(embeddings, person)
    assert sampled.reason == whole.reason
    assert sampled.threshold() == pytest.approx(whole.threshold(), abs=0.03)
    np.testing.assert_allclose(sampled.scores(embeddings), whole.scores(embeddings), atol=0.01)


def test_the_same_gallery_always_gets_the_same_threshold(crowd: tuple[Floats, Ints, Floats]) -> None:
    faces, person, _ = crowd
    assert LargeFaceMatcher().fit(faces, person).threshold() == LargeFaceMatcher().fit(faces, person).threshold()


def test_size_decides_and_either_way_answers_with_the_person(
    crowd: tuple[Floats, Ints, Floats], monkeypatch: pytest.MonkeyPatch
) -> None:
    faces, person, centers = crowd
    for limit, kind in ((len(faces) - 1, ClusterSearch), (len(faces), ExactSearch)):
        monkeypatch.setattr("facecluster.recognition.search.EXACT_FACES", limit)
        search = build_search(faces, person, person, centers)
        assert isinstance(search, kind)
        assert [found.identities[0] for found in search.find(centers[:5], 3, 6)] == [0, 1, 2, 3, 4]


def test_a_face_that_lies_in_the_wrong_cluster_is_found_all_the_same(
    crowd: tuple[Floats, Ints, Floats], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no person, so that only its cluster leads to it, and that is far away."""
    monkeypatch.setattr(search_module, "_CLUSTERS", 8)
    monkeypatch.setattr(search_module, "_FACES", 64)
    faces, person, centers = crowd
    stray = np.random.default_rng(1).choice(len(faces), 60, replace=False)
    clusters, people = person.copy(), person.copy()
    clusters[stray] = (clusters[stray] + PEOPLE // 2) % PEOPLE
    people[stray] = -1
    search = ClusterSearch(faces, people, clusters, centers)
    found = search.find(faces[stray], 3, 6)
    assert np.mean([each.rows[0] == row for each, row in zip(found, stray, strict=True)]) > 0.95
