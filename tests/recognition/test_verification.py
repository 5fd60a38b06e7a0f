"""Two faces, one person or two: error rates of pairs that can be counted, and whole photos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facecluster.clustering.face_clusterer import FaceClusterer
from facecluster.errors import EvaluationError
from facecluster.recognition.verification import PairErrors, verify
from facecluster.workflows.cluster import apply_algorithm
from facecluster.workflows.verify import gallery_pairs
from tests.galleries import make_gallery
from tests.people import draw_people


@pytest.fixture(scope="module")
def pairs() -> PairErrors:
    return PairErrors().fit(*draw_people(8, 10, scatter=1.2, alike=0.3))


def test_error_rates_are_counts_of_pairs() -> None:
    faces, persons = draw_people(4, 5, scatter=1.2, alike=0.3)
    pairs = PairErrors().fit(faces, persons)
    cosine = faces @ faces.T
    same = [cosine[i, j] for i in range(20) for j in range(i) if persons[i] == persons[j]]
    different = [cosine[i, j] for i in range(20) for j in range(i) if persons[i] != persons[j]]
    assert (len(pairs.same_), len(pairs.different_)) == (len(same), len(different)) == (40, 150)
    for threshold in (0.1, 0.3, 0.4):
        assert pairs.false_match_rate(threshold) == pytest.approx(np.mean(np.array(different) >= threshold))
        assert pairs.false_non_match_rate(threshold) == pytest.approx(np.mean(np.array(same) < threshold))


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.1, 0.5])
def test_the_threshold_keeps_its_rate(pairs: PairErrors, rate: float) -> None:
    threshold = pairs.threshold(rate)
    assert pairs.false_match_rate(threshold) <= rate
    assert pairs.false_match_rate(threshold) > rate - 2 / len(pairs.different_)


def test_a_lower_rate_is_a_higher_threshold(pairs: PairErrors) -> None:
    assert pairs.threshold(0.001) > pairs.threshold(0.01) > pairs.threshold(0.1)
    with pytest.raises(ValueError, match="between 0 and 1, got 0"):
        pairs.threshold(0)


def test_one_person_matches_and_two_do_not(pairs: PairErrors) -> None:
    faces, _ = draw_people(8, 10, scatter=1.2, alike=0.3)
    one, two = verify(faces[0], faces[1], pairs, 0.01), verify(faces[0], faces[75], pairs, 0.01)
    assert (one.same, two.same) == (True, False)
    assert one.similarity == pytest.approx(float(faces[0] @ faces[1]))
    assert one.threshold == two.threshold == pairs.threshold(0.01)
    assert one.false_match_rate <= 0.01
    assert (one.warning, one.basis) == (pairs.warning(0.01), "")


def test_too_few_pairs_of_people_are_warned_of_however_many_faces_they_have() -> None:
    many_faces = PairErrors().fit(*draw_people(17, 40))
    assert many_faces.n_different_identities_ == 136
    warning = many_faces.warning(0.0001)
    assert warning.startswith("The gallery's 17 people make 136 pairs of people")
    assert "a false match rate of 0.01 % shows in 30,000 or more" in warning
    assert many_faces.warning(0.05) == "", "by the rule of 3, 60 pairs of people can show one in twenty"


def test_too_few_pairs_of_faces_are_warned_of() -> None:
    one_face_each = PairErrors().fit(*draw_people(30, 1))
    assert one_face_each.warning(0.05) == ""
    assert "435 pairs of faces of different people" in one_face_each.warning(0.02)


@pytest.mark.parametrize("clusters", [17, 22, 26, 30])
def test_people_split_over_clusters_do_not_pass_for_people_who_look_the_same(clusters: int) -> None:
    faces, persons = draw_people(17, 40, scatter=1.3, alike=0.2, seed=3)
    labels = FaceClusterer(clusters, random_state=0).fit(faces).labels_
    told, true = PairErrors("cluster").fit(faces, labels), PairErrors().fit(faces, persons)
    assert told.n_different_identities_ < clusters * (clusters - 1) / 2 or clusters == 17
    for rate in (0.001, 0.01):
        threshold = told.threshold(rate)
        assert true.false_match_rate(threshold) == pytest.approx(rate, rel=0.3)
        assert true.false_non_match_rate(threshold) == told.false_non_match_rate(threshold) == 0


def test_clusters_that_mix_people_keep_the_threshold_near_and_the_rates_are_said_to_rest_on_them() -> None:
    faces, persons = draw_people(17, 40, scatter=1.3, alike=0.2, seed=3)
    told = PairErrors("cluster").fit(faces, FaceClusterer(12, random_state=0).fit(faces).labels_)
    true = PairErrors().fit(faces, persons)
    assert true.false_match_rate(told.threshold(0.01)) == pytest.approx(0.01, rel=0.3)
    assert "not on people" in verify(faces[0], faces[1], told).basis
    assert "12 clusters make 66 pairs of clusters" in told.warning(0.01)


def test_copies_and_people_unknown_do_not_count() -> None:
    faces, persons = draw_people(2, 3)
    names = np.concatenate([persons, [persons[0], None, np.nan]])
    pairs = PairErrors().fit(np.concatenate([faces, faces[:3]]), names)
    # Three pairs of each person; the copy of the first face makes two new ones and one with itself.
    assert (len(pairs.same_), len(pairs.different_)) == (3 + 3 + 2, 12)


def test_one_person_alone_has_no_threshold() -> None:
    with pytest.raises(EvaluationError, match="needs faces of 2 people"):
        PairErrors().fit(*draw_people(1, 5))


def test_the_gallerys_pairs_are_its_people_or_its_clusters(tmp_path: Path) -> None:
    faces, persons = draw_people(3, 6)
    known = make_gallery(tmp_path / "known", faces, persons)
    assert len(gallery_pairs(known).same_) == 3 * 15
    unknown = make_gallery(tmp_path / "unknown", faces, np.full(18, None))
    with pytest.raises(EvaluationError, match="cluster its faces first"):
        gallery_pairs(unknown)
    apply_algorithm(unknown, "chinese-whispers")
    clusters = gallery_pairs(unknown)
    assert len(clusters.same_) == 3 * 15
    assert (gallery_pairs(known).basis, "rest on its clusters" in clusters.basis) == ("", True)
