"""Identification of held-out photos: copies never on both sides, figures that can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facecluster import Gallery
from facecluster.errors import Cancelled, EvaluationError
from facecluster.evaluation.held_out import HELD_OUT_PEOPLE_COLUMNS, held_out_identification, same_photos
from tests.people import draw_people, unit


def test_people_far_apart_are_all_told_right() -> None:
    faces, persons = draw_people(6, 10)
    held = held_out_identification(faces, persons)
    assert (held.faces, held.skipped, held.top1, held.top3) == (60, 0, 1, 1)
    assert held.named_right >= 0.95
    assert tuple(held.people.columns) == HELD_OUT_PEOPLE_COLUMNS
    assert held.people["faces"].tolist() == [10] * 6
    assert held.top1_interval == (pytest.approx(0.9398, abs=1e-4), 1)


def test_a_wrongly_labelled_face_counts_against_its_label() -> None:
    faces, persons = draw_people(5, 8)
    persons[0] = "person 03"
    held = held_out_identification(faces, persons)
    assert held.top1 == pytest.approx(39 / 40)
    wrong = held.table[held.table["rank"] != 1]
    assert wrong[["face", "person", "best"]].to_numpy().tolist() == [[0, "person 03", "person 00"]]
    assert held.people.loc[0, ["person", "top1"]].tolist() == ["person 03", pytest.approx(8 / 9)]


def test_every_labelled_face_is_held_out_once_and_unlabelled_ones_never() -> None:
    faces, persons = draw_people(4, 7)
    persons[[1, 12]] = None
    held = held_out_identification(faces, persons, folds=3)
    assert held.table["face"].tolist() == [row for row in range(28) if row not in (1, 12)]
    per_fold = held.table.groupby(["person", "fold"]).size()
    assert per_fold.max() - per_fold.min() <= 1, "a person's photos are spread evenly"


def test_copies_and_faces_of_one_photo_stay_on_one_side() -> None:
    faces, persons = draw_people(4, 6)
    faces = np.concatenate([faces, unit(faces[:12] + 1e-4 * draw_people(2, 6, seed=9)[0])])
    persons = np.concatenate([persons, persons[:12]])
    photos = np.arange(36)
    photos[13] = photos[12]
    held = held_out_identification(faces, persons, photos, folds=4, seed=3)
    fold = held.table.set_index("face")["fold"]
    assert (fold[:12].to_numpy() == fold[24:].to_numpy()).all()
    assert fold[12] == fold[13]


def test_a_face_whose_only_other_photo_is_a_copy_is_not_recognised_by_it() -> None:
    faces, persons = draw_people(3, 6)
    lone = unit(np.random.default_rng(5).normal(size=(1, 512)))
    faces = np.concatenate([faces, lone, lone])
    persons = np.concatenate([persons, np.array(["twice the same", "twice the same"], dtype=object)])
    held = held_out_identification(faces, persons)
    assert (held.skipped, held.faces) == (2, 18)


def test_same_photos_groups_by_photo_and_by_embedding() -> None:
    faces, _ = draw_people(1, 5)
    faces[3] = faces[0]
    groups = same_photos(faces, ["a", "b", "b", "c", "d"])
    assert groups[0] == groups[3]
    assert groups[1] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_order_of_people_and_names_do_not_matter() -> None:
    faces, persons = draw_people(5, 6, scatter=2.6, alike=0.4)
    one = held_out_identification(faces, persons, seed=1)
    renamed = np.array([f"x{name[-2:]}" for name in persons], dtype=object)
    other = held_out_identification(faces, renamed, seed=1)
    assert 0 < one.named_right < 1
    assert (one.top1, one.top3, one.named_right) == (other.top1, other.top3, other.named_right)


@pytest.mark.parametrize(
    ("people", "each", "folds", "sentence"),
    [(1, 5, 2, "at least 2 people, and 1 is known"), (2, 1, 3, "2 photos cannot be held out in 3 folds"),
     (3, 3, 1, "at least 2 folds, not 1"), (4, 1, 2, "Nobody has two different photos")],
)  # fmt: skip
def test_what_cannot_be_measured_is_said(people: int, each: int, folds: int, sentence: str) -> None:
    with pytest.raises(EvaluationError, match=sentence):
        held_out_identification(*draw_people(people, each), folds=folds)


def test_progress_is_told_and_it_can_be_stopped() -> None:
    told: list[tuple[int, int]] = []
    held_out_identification(*draw_people(3, 4), folds=2, on_progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 2), (1, 2), (2, 2)]
    with pytest.raises(Cancelled):
        held_out_identification(*draw_people(3, 4), cancelled=lambda: True)


def test_celebrities_are_told_right_on_photos_never_seen(celebrity_gallery: Path) -> None:
    faces = Gallery.open(celebrity_gallery).faces()
    held = held_out_identification(faces.embeddings, faces.persons, faces.table["photo"])
    assert held.faces >= 675
    assert held.top1 >= 0.99
    assert held.top3 >= held.top1
    assert held.named_right >= 0.96
