"""Strangers: error rates against hand-computed cases, what the gallery foretells, and calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_curve

from facecluster import Gallery
from facecluster.errors import Cancelled, EvaluationError
from facecluster.evaluation.calibration import expected_calibration_error, measure_calibration, reliability
from facecluster.evaluation.open_set import (
    DET_COLUMNS,
    DRAW_COLUMNS,
    det_curve,
    leave_people_out,
    pooled_det,
    rates_at,
    too_few_to_tell,
)
from tests.people import draw_people


def probes(rows: list[tuple[int, bool, float, bool]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["draw", "stranger", "similarity", "right"])


def test_det_curve_by_hand() -> None:
    curve = det_curve(
        probes([(0, False, 0.8, True), (0, False, 0.6, True), (0, False, 0.9, False), (0, True, 0.3, False),
                (0, True, 0.7, False), (1, False, 0.5, True), (1, True, 0.1, False)])
    ).set_index("threshold")  # fmt: skip
    assert tuple(curve.reset_index().columns) == DET_COLUMNS
    # At 0.65: draw 0 names 1 of 2 strangers and misses 0.6 and the wrong 0.9; draw 1 names none and misses its one.
    assert curve.loc[0.65, "fpir"] == pytest.approx((1 / 2 + 0) / 2)
    assert curve.loc[0.65, "fnir"] == pytest.approx((2 / 3 + 1) / 2)
    assert curve.loc[0.65, "fpir_sd"] == pytest.approx(0.25)
    assert curve.loc[-0.2, "fnir"] == pytest.approx((1 / 3 + 0) / 2), "a wrong name is a miss at any threshold"


def test_det_curve_is_the_roc_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    known, strangers = rng.normal(0.7, 0.1, 200).clip(0, 1), rng.normal(0.3, 0.1, 300).clip(0, 1)
    curve = det_curve(
        probes([*((0, False, one, True) for one in known), *((0, True, one, False) for one in strangers)])
    )
    fpr, tpr, thresholds = roc_curve(
        np.repeat([1, 0], [200, 300]), np.concatenate([known, strangers]), drop_intermediate=False
    )
    for row in curve.iloc[60:200:10].itertuples():
        at = np.flatnonzero(thresholds >= row.threshold)[-1]
        assert (row.fpir, 1 - row.fnir) == (pytest.approx(fpr[at]), pytest.approx(tpr[at]))


def test_strangers_are_never_enrolled_and_every_draw_is_different() -> None:
    faces, persons = draw_people(8, 10)
    found = leave_people_out(faces, persons, left_out=3, draws=4)
    assert tuple(found.draws.columns) == DRAW_COLUMNS
    assert found.draws["strangers"].nunique() > 1
    assert found.draws["unknown"].tolist() == [30] * 4
    assert found.draws["known"].tolist() == [15] * 4, "30 % of the photos of the five others"
    for draw, rows in found.table.groupby("draw"):
        strangers = set(rows.loc[rows["stranger"], "person"])
        assert strangers == set(found.draws.loc[draw, "strangers"].split(", "))
        assert not strangers & set(rows["best"])
    assert (found.fpir, found.fnir, found.top1) == (0, pytest.approx(0, abs=0.05), 1)
    assert found.distribution[["same", "different"]].sum().tolist() == [pytest.approx(1), pytest.approx(1)]


def test_rates_are_the_means_of_the_draws_and_these_follow_from_the_faces() -> None:
    faces, persons = draw_people(9, 8, scatter=1.1, alike=0.3)
    found = leave_people_out(faces, persons, draws=5, fpir=0.2)
    assert found.left_out == 3
    assert found.fpir == pytest.approx(found.draws["fpir"].mean())
    assert found.fnir_sd == pytest.approx(found.draws["fnir"].std(ddof=0))
    for row in found.draws.itertuples():
        rows = found.table[found.table["draw"] == row.draw]
        named = rows["similarity"] >= row.threshold
        assert row.fpir == pytest.approx(named[rows["stranger"]].mean())
        assert row.fnir == pytest.approx(1 - (named & (rows["best"] == rows["person"]))[~rows["stranger"]].mean())


def test_rates_at_a_threshold_by_hand() -> None:
    table = probes([(0, False, 0.8, True), (0, False, 0.9, False), (0, True, 0.7, False), (0, True, 0.3, False),
                    (1, False, 0.5, True), (1, True, 0.1, False)])  # fmt: skip
    assert rates_at(table, 0.65) == (pytest.approx((1 / 2 + 0) / 2), pytest.approx((1 / 2 + 1) / 2))
    assert rates_at(table, -1) == (1, pytest.approx((1 / 2 + 0) / 2))


def test_the_same_seed_draws_the_same_people() -> None:
    faces, persons = draw_people(7, 6)
    one, again = (leave_people_out(faces, persons, draws=3, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, again.table)
    other = leave_people_out(faces, persons, draws=3, seed=5)
    assert other.draws["strangers"].tolist() != one.draws["strangers"].tolist()


def test_unlabelled_faces_take_no_part() -> None:
    faces, persons = draw_people(6, 6)
    with_bystanders = np.concatenate([faces, draw_people(3, 4, seed=8)[0]])
    names = np.concatenate([persons, np.full(12, None)])
    one, other = leave_people_out(faces, persons, draws=2), leave_people_out(with_bystanders, names, draws=2)
    pd.testing.assert_frame_equal(one.table, other.table)


def test_copies_of_a_photo_are_never_enrolled_and_probed() -> None:
    faces, persons = draw_people(5, 5)
    doubled = leave_people_out(np.concatenate([faces, faces]), np.concatenate([persons, persons]), draws=3)
    probed = doubled.table[~doubled.table["stranger"]]
    assert probed["own"].max() < 0.99


@pytest.mark.parametrize(
    ("people", "each", "left_out", "sentence"),
    [(5, 4, 4, "4 of 5 people cannot be held out"), (2, 4, None, "1 of 2 people cannot be held out"),
     (6, 1, 2, "Nobody has photos to spare")],
)  # fmt: skip
def test_what_cannot_be_measured_is_said(people: int, each: int, left_out: int | None, sentence: str) -> None:
    with pytest.raises(EvaluationError, match=sentence):
        leave_people_out(*draw_people(people, each), left_out=left_out)


def test_it_can_be_stopped() -> None:
    with pytest.raises(Cancelled):
        leave_people_out(*draw_people(5, 4), cancelled=lambda: True)


def test_a_small_gallery_is_warned_of() -> None:
    assert "about 100 people" in too_few_to_tell(17, 680, 0.01)
    assert "about 3,000 faces" in too_few_to_tell(150, 680, 0.01)
    assert too_few_to_tell(150, 5000, 0.01) == ""
    assert too_few_to_tell(150, 5000, 0.01, "Only one face each.") == "Only one face each."


def test_reliability_by_hand() -> None:
    table = reliability(np.array([0.12, 0.18, 0.95, 0.91, 1.0]), np.array([False, True, True, True, True]))
    assert table[["low", "high", "predicted", "right", "faces"]].to_numpy().tolist() == [
        [0.1, 0.2, pytest.approx(0.15), 0.5, 2],
        [0.9, 1.0, pytest.approx(0.953333, abs=1e-5), 1.0, 3],
    ]
    assert expected_calibration_error(table) == pytest.approx((2 * 0.35 + 3 * 0.046667) / 5, abs=1e-5)


def test_probabilities_are_of_people_the_fit_never_saw_and_hold() -> None:
    rng = np.random.default_rng(0)
    similarity = rng.uniform(0, 1, 4000)
    right = rng.uniform(size=4000) < 1 / (1 + np.exp(-12 * (similarity - 0.5)))
    people = np.repeat(np.arange(40), 100)
    found = measure_calibration(similarity, right, people)
    assert found.ece < 0.03
    assert found.brier == pytest.approx(brier_score_loss(right, found.probabilities))
    assert found.base_rate == pytest.approx(right.mean())
    # One person's answers turned round change nobody's probability in that person's own fold.
    turned = measure_calibration(similarity, np.where(people == 7, ~right, right), people)
    same_fold = np.isclose(turned.probabilities, found.probabilities)
    assert same_fold[people == 7].all()
    assert not same_fold.all()


def test_without_wrong_answers_there_is_no_probability() -> None:
    with pytest.raises(EvaluationError, match="All answers are alike"):
        measure_calibration(np.array([0.1, 0.2, 0.3]), np.ones(3, bool), np.array(["a", "b", "c"]))


def test_five_of_the_17_celebrities_as_strangers(celebrity_gallery: Path) -> None:
    faces = Gallery.open(celebrity_gallery).faces()
    found = leave_people_out(faces.embeddings, faces.persons, faces.table["photo"], left_out=5, draws=10)
    assert found.fnir <= 0.035
    assert found.fpir <= 0.02
    assert found.top1 >= 0.99
    assert abs(found.expected_fnir - found.fnir) <= 0.015, "the gallery foretells what happens"
    assert "17 people" in found.warning
    probes = found.table
    calibrated = measure_calibration(*(probes[name].to_numpy() for name in ("similarity", "right", "person")))
    assert calibrated.ece <= 0.02


def test_a_group_without_strangers_or_without_known_people_has_no_curve() -> None:
    table = leave_people_out(*draw_people(6, 5), draws=2).table
    assert pooled_det(table) is not None
    for strange in (True, False):
        assert pooled_det(table[table["stranger"].astype(bool) == strange]) is None


def test_no_draw_at_all_is_refused() -> None:
    with pytest.raises(EvaluationError, match="takes at least 1 draw, not 0"):
        leave_people_out(*draw_people(5, 4), draws=0)
