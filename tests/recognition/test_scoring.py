"""FaceMatcher: who a face looks like, and from when on it is nobody known. Faces here are points drawn on a sphere."""

import numpy as np
import pytest
from numpy.typing import NDArray

from facecluster.errors import IdentificationError
from facecluster.recognition.scoring import FaceMatcher
from facecluster.recognition.stranger_model import shape_of_strangers

Floats = NDArray[np.float32]


def unit(vectors: NDArray[np.float64]) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def draw_people(people: int, faces: int, seed: int = 0, scatter: float = 0.5) -> tuple[Floats, NDArray[np.int_]]:
    """Faces around one random direction a person; the cosine of two of a person's is about 1 / (1 + scatter²)."""
    rng = np.random.default_rng(seed)
    centres = unit(rng.normal(size=(people, 512)))
    around = centres[:, None] + scatter * unit(rng.normal(size=(people, faces, 512)))
    return unit(around).reshape(-1, 512), np.repeat(np.arange(people), faces)


@pytest.fixture(scope="module")
def gallery() -> tuple[Floats, NDArray[np.int_]]:
    return draw_people(8, 12)


def test_similarity_is_the_mean_cosine_to_the_three_most_similar_faces(
    gallery: tuple[Floats, NDArray[np.int_]],
) -> None:
    faces, people = gallery
    probe = draw_people(8, 12, seed=5)[0][::5]
    cosines = np.transpose([np.sort(probe @ faces[people == p].T, axis=1)[:, -3:].mean(axis=1) for p in range(8)])
    plain = FaceMatcher(cohort_weight=0).fit(faces, people).scores(probe)
    assert plain.dtype == np.float32
    np.testing.assert_allclose(plain, cosines, atol=1e-6)
    # The default takes a face's resemblance to everybody into account, which leaves the order as it was.
    corrected = FaceMatcher().fit(faces, people).scores(probe)
    assert (np.argsort(corrected, axis=1) == np.argsort(cosines, axis=1)).all()
    np.testing.assert_allclose(corrected, cosines, atol=0.05)


def test_a_face_that_resembles_everybody_scores_less(gallery: tuple[Floats, NDArray[np.int_]]) -> None:
    faces, people = gallery
    directions = np.stack([faces[people == p].mean(axis=0) for p in range(8)]).astype(float)
    of_two, of_all = unit(directions[0] + 0.4 * directions[1]), unit(directions[0] + 0.4 * directions[1:].sum(axis=0))
    loss = [FaceMatcher(cohort_weight=w).fit(faces, people).scores([of_two, of_all])[:, 0] for w in (0, 0.3)]
    assert (loss[0] - loss[1])[1] > (loss[0] - loss[1])[0] + 0.05


def test_only_copies_of_a_face_reach_a_similarity_of_1() -> None:
    """Person 0 resembles nobody where everybody else looks alike, so the correction raises its similarity."""
    faces, people = draw_people(8, 12)
    faces[12:] = unit(faces[12:].astype(float) + 2 * unit(np.random.default_rng(1).normal(size=512)))
    probe = unit(faces[:1].astype(float) + 0.2 * faces[1:2] + 0.2 * faces[2:3])
    plain = FaceMatcher(cohort_weight=0).fit(faces, people).scores(probe)[0, 0]
    corrected = FaceMatcher().fit(faces, people).scores(probe)[0, 0]
    assert 0.9 < plain < corrected < 0.97
    copies = np.concatenate([faces, faces[:1], faces[:1]]), np.concatenate([people, [0, 0]])
    assert FaceMatcher().fit(*copies).scores(faces[:1])[0, 0] == pytest.approx(1, abs=1e-6)


def test_probes_of_known_people_are_named_and_strangers_are_not() -> None:
    faces, people = draw_people(10, 12)
    held_out = np.arange(len(faces)) % 4 == 0
    known = people < 7
    matcher = FaceMatcher().fit(faces[known & ~held_out], people[known & ~held_out])
    threshold = matcher.threshold()
    scores = matcher.scores(faces[known & held_out])
    assert (scores.argmax(axis=1) == people[known & held_out]).all()
    assert (scores.max(axis=1) >= threshold).all()
    assert (matcher.scores(faces[~known]).max(axis=1) < threshold).all()
    assert matcher.is_reliable
    assert matcher.expected_fnir(threshold) == 0


def test_order_of_faces_does_not_matter(gallery: tuple[Floats, NDArray[np.int_]]) -> None:
    faces, people = gallery
    mixed = np.random.default_rng(1).permutation(len(faces))
    matcher, other = FaceMatcher().fit(faces, people), FaceMatcher().fit(faces[mixed], people[mixed])
    np.testing.assert_allclose(other.scores(faces), matcher.scores(faces), atol=1e-6)
    assert other.threshold() == pytest.approx(matcher.threshold(), abs=1e-5)


def test_renumbering_identities_permutes_the_columns(gallery: tuple[Floats, NDArray[np.int_]]) -> None:
    faces, people = gallery
    numbers = np.array([40, 3, 17, 5, 0, 9, 28, 11])
    matcher, other = FaceMatcher().fit(faces, people), FaceMatcher().fit(faces, numbers[people])
    assert other.identities_.tolist() == sorted(numbers)
    np.testing.assert_allclose(other.scores(faces), matcher.scores(faces)[:, np.argsort(numbers)], atol=1e-6)
    assert other.threshold() == pytest.approx(matcher.threshold(), abs=1e-5)


def test_threshold_falls_as_more_strangers_may_be_named(gallery: tuple[Floats, NDArray[np.int_]]) -> None:
    matcher = FaceMatcher().fit(*gallery)
    rates = [0.0001, 0.001, 0.01, 0.05, 0.2, 0.5, 0.9]
    thresholds = [matcher.threshold(rate) for rate in rates]
    assert thresholds == sorted(thresholds, reverse=True)
    assert len(set(thresholds)) == len(rates)
    assert [matcher.expected_fpir(t) for t in thresholds[1:]] == pytest.approx(rates[1:], rel=0.3)


def test_look_alikes_in_the_gallery_raise_the_threshold() -> None:
    # Enough people that what they show outweighs the reference. One face in six nearly passes for somebody else.
    faces, people = draw_people(300, 6, scatter=0.4)
    alike = faces.copy()
    alike[:-6:6] = unit(faces[:-6:6] + 0.9 * faces[6::6].astype(float))
    plain, doubled = FaceMatcher().fit(faces, people), FaceMatcher().fit(alike, people)
    assert doubled.expected_fpir(plain.threshold()) > 0.03
    assert doubled.threshold() > plain.threshold() + 0.02


def test_one_person_under_two_numbers_keeps_the_threshold(gallery: tuple[Floats, NDArray[np.int_]]) -> None:
    faces, people = gallery
    split = np.where((people == 0) & (np.arange(len(people)) % 2 == 0), 8, people)
    assert FaceMatcher().fit(faces, split).threshold() == pytest.approx(
        FaceMatcher().fit(faces, people).threshold(), abs=0.03
    )


def test_wrong_labels_neither_move_the_threshold_nor_name_wrongly(gallery: tuple[Floats, NDArray[np.int_]]) -> None:
    faces, people = gallery
    wrong = people.copy()
    wrong[[0, 30, 50]] = [4, 6, 1]
    probes, of = draw_people(8, 16)[0].reshape(8, 16, 512)[:, 12:], np.repeat(np.arange(8), 4)
    matcher = FaceMatcher().fit(faces, wrong)
    assert (matcher.scores(probes.reshape(-1, 512)).argmax(axis=1) == of).all()
    assert matcher.threshold() == pytest.approx(FaceMatcher().fit(faces, people).threshold(), abs=0.03)
    assert matcher.expected_fnir(matcher.threshold()) == pytest.approx(3 / len(faces))


@pytest.mark.parametrize(("people", "faces"), [(1, 1), (1, 9), (2, 1), (2, 9), (9, 1), (3, 2)])
def test_too_small_a_gallery_says_so_and_still_answers(people: int, faces: int) -> None:
    embeddings, labels = draw_people(people, faces)
    matcher = FaceMatcher().fit(embeddings, labels)
    assert matcher.scores(embeddings).shape == (people * faces, people)
    assert not matcher.is_reliable
    assert matcher.reason.endswith(".")
    assert 0.3 < matcher.threshold() < 0.7
    assert (matcher.scores(embeddings).max(axis=1) >= matcher.threshold()).all()
    assert np.isnan(matcher.expected_fnir(0.5)) == (faces == 1)


def test_fewer_people_than_it_takes_to_see_a_stranger_is_said_and_enough_are_not() -> None:
    faces, people = draw_people(20, 4)
    matcher = FaceMatcher().fit(faces, people)
    assert matcher.is_reliable
    caveat = matcher.caveat(0.01)
    assert caveat.startswith("With 20 people, one stranger in 100 cannot be seen")
    assert caveat.endswith("with about 4 photos per person really had an FPIR of 0 to 4 %, and the worst one 9 %.")
    few = FaceMatcher().fit(*draw_people(20, 2)).caveat(0.01)
    assert few.endswith("with about 2 photos per person really had an FPIR of 0 to 6 %, and the worst one 20 %.")
    pairs, who = draw_people(20, 2)
    kept = (np.arange(len(who)) % 2 == 0) | (who < 6)  # one photo of most
    assert "with about 1 photo per person" in FaceMatcher().fit(pairs[kept], who[kept]).caveat(0.01)
    assert "one stranger in 1,000 " in matcher.caveat(0.001)
    assert matcher.caveat(0.05) == "", "one in 20 can be the stranger"
    assert "one stranger in 10,000 " in matcher.caveat(0.0)
    clusters = FaceMatcher(identity="cluster").fit(faces, people)
    assert clusters.caveat().startswith("With 20 clusters, ")
    assert "people" not in clusters.caveat()


@pytest.mark.parametrize(("number", "each"), [(1, 9), (2, 9), (4, 2)])
def test_a_rule_of_thumb_speaks_of_clusters_where_the_identities_are_clusters(number: int, each: int) -> None:
    matcher = FaceMatcher(identity="cluster").fit(*draw_people(number, each))
    assert matcher.reason
    assert matcher.caveat(0.5) == matcher.reason
    assert "cluster" in matcher.reason
    assert not {"people", "person", "person's"} & set(matcher.reason.replace(",", "").split())


def test_copies_of_one_face_do_not_break_it() -> None:
    faces, people = draw_people(3, 1)
    matcher = FaceMatcher().fit(np.repeat(faces, 5, axis=0), np.repeat(people, 5))
    assert (np.diag(matcher.scores(faces)) > 0.95).all()
    assert 0.2 < matcher.threshold() < 0.95


def test_everybody_looking_the_same_stays_finite() -> None:
    faces = np.repeat(draw_people(1, 1)[0], 12, axis=0)
    matcher = FaceMatcher().fit(faces, np.repeat(np.arange(4), 3))
    assert np.isfinite([matcher.threshold(), matcher.expected_fpir(0.5), matcher.expected_fnir(0.5)]).all()


def test_no_probe_gives_no_row(gallery: tuple[Floats, NDArray[np.int_]]) -> None:
    assert FaceMatcher().fit(*gallery).scores(np.empty((0, 512), np.float32)).shape == (0, 8)


def test_a_large_gallery_is_calibrated_on_a_part() -> None:
    faces, people = draw_people(300, 8)
    matcher = FaceMatcher().fit(faces, people)
    assert matcher.n_calibrated_ == 2000
    assert set(matcher.scores(faces[::97]).argmax(axis=1)) == set(people[::97])
    assert matcher.expected_fnir(matcher.threshold()) == 0


def test_what_cannot_be_fitted_is_refused() -> None:
    faces, people = draw_people(2, 2)
    with pytest.raises(IdentificationError, match="index photos first"):
        FaceMatcher().fit(np.empty((0, 512), np.float32), np.empty(0, int))
    with pytest.raises(ValueError, match="integers of 0 or more"):
        FaceMatcher().fit(faces, people - 1)
    with pytest.raises(ValueError, match=r"\(4, 512\) and \(3,\)"):
        FaceMatcher().fit(faces, people[:3])
    with pytest.raises(ValueError, match="n_nearest"):
        FaceMatcher(0).fit(faces, people)
    with pytest.raises(ValueError, match="fpir"):
        FaceMatcher().fit(faces, people).threshold(1.0)
    with pytest.raises(ValueError, match=r"probes must be \(m, 512\)"):
        FaceMatcher().fit(faces, people).scores(faces[0])


def test_strangers_of_people_who_all_look_alike_are_expected_to_score_higher() -> None:
    """Where hardly a face of anybody is far from the others, a stricter threshold misses nobody."""
    strange = np.random.default_rng(0).normal(0.1, 0.05, 1000).astype(np.float32)
    even = np.full(100, 0.7, np.float32)
    uneven = np.concatenate([np.full(80, 0.7), np.full(20, 0.2)]).astype(np.float32)
    assert np.median(even) == np.median(uneven)
    counts = np.full(12, 8)
    spread = shape_of_strangers(strange, even, counts).spread
    assert spread > 1.1 * shape_of_strangers(strange, uneven, counts).spread
    assert spread < shape_of_strangers(strange, even, np.full(12, 1)).spread, "single photos scatter more"
