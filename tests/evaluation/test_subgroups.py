"""An analyst's CSV, and the figures of its groups."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from facecluster.errors import EvaluationError
from facecluster.evaluation.algorithm_comparison import compare_algorithms
from facecluster.evaluation.held_out import held_out_identification
from facecluster.evaluation.intervals import wilson
from facecluster.evaluation.open_set import leave_people_out
from facecluster.evaluation.subgroups import (
    GROUP_COLUMNS,
    NOT_LISTED,
    algorithms_by_group,
    by_group,
    det_by_group,
    read_groups,
    with_groups,
)
from facecluster.presentation.text import how_groups_differ
from tests.people import draw_people, unit

PEOPLE = ["Ann", "Ben", "Zoë"]


def test_each_algorithm_has_its_accuracy_in_each_group() -> None:
    embeddings, persons = draw_people(6, 8)
    persons[:3] = None  # faces that nobody knows take no part
    groups = read_groups(
        b"person,side\nperson 00,left\nperson 01,left\nperson 02,left\nperson 03,right\nperson 04,right\n", persons
    )
    labels: dict[str, np.ndarray] = {}
    compare_algorithms(embeddings, persons, n_clusters=6, names=["kmeans", "dbscan"], on_labels=labels.__setitem__)
    labels["dbscan"] = np.where(np.arange(48) % 8 == 7, -1 - np.arange(48), labels["kmeans"])  # the last face left out
    table = algorithms_by_group(groups, "side", persons=persons, labels=labels).set_index(["algorithm", "group"])
    assert table["faces"].to_dict() == {
        (name, group): faces
        for name in ("kmeans", "dbscan")
        for group, faces in (("left", 21), (NOT_LISTED, 8), ("right", 16))
    }
    assert table.loc["kmeans", "accuracy"].eq(1).all()
    assert table.loc["dbscan", "accuracy"].to_dict() == pytest.approx(
        {"left": 18 / 21, NOT_LISTED: 7 / 8, "right": 14 / 16}
    )
    low, high = wilson(18, 21)
    left = table.loc[("dbscan", "left")]
    assert (left["accuracy_low"], left["accuracy_high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))
    assert left["small"]
    assert left["title"] == "DBSCAN"


@pytest.mark.parametrize(
    "text",
    ["person,sex,age\nAnn,f,30\nBen,m,\nZoë,f,41\n", "sex;Person;age\nf;Ann;30\nm;Ben;\nf;Zoë;41",
     "\ufeffperson\tsex\tage\r\n Ann \tf\t30\r\nBen\tm\t\r\nZoë\tf\t41\r\n"],
    ids=["comma", "semicolon", "tab, BOM, blanks"],
)  # fmt: skip
def test_tables_as_programs_write_them(text: str, tmp_path: Path) -> None:
    file = tmp_path / "groups.csv"
    file.write_bytes(text.encode())
    for source in (file, text.encode()):
        table = read_groups(source, PEOPLE)
        assert table.index.tolist() == PEOPLE
        assert table["sex"].tolist() == ["f", "m", "f"]
        assert table["age"].tolist() == ["30", NOT_LISTED, "41"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"name,sex\nAnn,f\n", "has no column person"),
        (b"person\nAnn\n", "has no column beside person"),
        (b"person,sex\nAnn,f\nEve,f\nOtto,m\n", "lists Eve, Otto, whom the gallery does not hold"),
        (b"person,sex\nAnn,f\nAnn,m\n", "lists Ann, more than once"),
        (b"", "is empty"),
        (b"person,sex\nBen,m,,\nAnn,f,30,x\n", "Line 3 of .* has more columns"),
        (b"person,sex,sex\nAnn,f,f\n", "two columns of one name"),
        ("person,sex\nZoë,f\n".encode("cp1252"), "is not written in UTF-8"),
    ],
)
def test_a_bad_table_is_one_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(EvaluationError, match=sentence) as raised:
        read_groups(file, PEOPLE)
    assert "bad.csv" in str(raised.value)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(EvaluationError, match=r"gone\.csv cannot be read .*: check the path"):
        read_groups("gone.csv", PEOPLE)


def test_accuracy_by_group_by_hand() -> None:
    persons = np.array(["Ann"] * 4 + ["Ben"] * 4 + ["Zoë"] * 2 + [None], dtype=object)
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2])
    groups = read_groups(b"person,sex\nAnn,f\nBen,m\n", PEOPLE)
    table = by_group(groups, "sex", persons=persons, labels=labels).set_index("group")
    assert table.reset_index().columns.tolist() == list(GROUP_COLUMNS)
    assert table["accuracy"].to_dict() == {"f": 0.75, "m": 1.0, NOT_LISTED: 1.0}
    assert table[["people", "faces"]].to_numpy().tolist() == [[1, 4], [1, 4], [1, 2]]
    assert table["small"].all()
    assert table.loc["f", "accuracy_low"] == pytest.approx(float(wilson(3, 4)[0]))
    assert table[["top1", "fnir", "fpir"]].isna().all(axis=None)


def odd_and_even(persons: np.ndarray) -> bytes:
    lines = [f"{name},{'odd' if int(name[-1]) % 2 else 'even'}" for name in sorted(set(persons))]
    return "\n".join(["person,number", *lines]).encode()


def test_identification_by_group_adds_up_to_the_whole() -> None:
    faces, persons = draw_people(12, 8, scatter=1.2, alike=0.35)
    held = held_out_identification(faces, persons)
    found = leave_people_out(faces, persons, draws=6, fpir=0.1)
    groups = read_groups(odd_and_even(persons), persons)
    table = by_group(groups, "number", persons=persons, held_out=held, open_set=found).set_index("group")
    assert not table["small"].any(), "six people and 48 faces each"
    assert table["top1"].mean() == pytest.approx(held.top1)
    assert table["named_right"].mean() == pytest.approx(held.named_right)
    assert (table["named_right_low"] < table["named_right"]).all()
    strangers = found.table[found.table["stranger"]]
    odd = strangers["person"].str[-1].astype(int) % 2 == 1
    assert table.loc["odd", "fpir"] == pytest.approx(strangers.loc[odd, "named"].mean())
    distinct = strangers.loc[odd, "face"].nunique()
    low, high = wilson(table.loc["odd", "fpir"] * distinct, distinct)
    assert (table.loc["odd", "fpir_low"], table.loc["odd", "fpir_high"]) == (pytest.approx(low), pytest.approx(high))


def test_known_and_strangers_of_a_group_make_its_own_det_curve() -> None:
    faces, persons = draw_people(12, 8, scatter=2.2, alike=0.35)
    # The odd people look alike, so more of them are taken for somebody else.
    odd = np.array([int(name[-2:]) % 2 == 1 for name in persons])
    faces[odd] = unit(faces[odd] + 0.5 * unit(np.ones(512)))
    found = leave_people_out(faces, persons, draws=8, fpir=0.1)
    groups = read_groups(odd_and_even(persons), persons)
    curves = det_by_group(found, groups, "number")
    assert list(curves) == ["even", "odd"]
    table = by_group(groups, "number", persons=persons, open_set=found).set_index("group")
    assert table.loc["odd", "fpir"] > table.loc["even", "fpir"]
    strangers = found.table[found.table["stranger"] & found.table["person"].isin(persons[odd])]
    at = curves["odd"].set_index("threshold").loc[0.3]
    assert at["fpir"] == pytest.approx((strangers["similarity"] >= 0.3).mean())
    known = found.table[~found.table["stranger"] & found.table["person"].isin(persons[odd])]
    assert at["fnir"] == pytest.approx(1 - ((known["similarity"] >= 0.3) & known["right"]).mean())
    lonely = read_groups(b"person,team\nperson 00,alone\n", persons)
    never = found.table[~((found.table["person"] == "person 00") & found.table["stranger"])]
    assert "alone" not in det_by_group(replace(found, table=never), lonely, "team"), "no stranger, no curve"


def test_groups_apart_and_groups_that_may_be_alike_by_chance() -> None:
    persons = np.repeat(np.array([f"p{row}" for row in range(18)], dtype=object), 10)
    lines = ["person,team", *(f"p{row},{'red' if row < 6 else 'blue' if row < 12 else 'few'}" for row in range(13))]
    groups = read_groups("\n".join(lines).encode(), persons)
    labels = np.repeat(np.arange(18), 10)
    labels[:60:2] = 99  # half the faces of the red
    apart = how_groups_differ(by_group(groups, "team", persons=persons, labels=labels), "accuracy")
    assert apart.startswith("Lowest is red with 50.0\xa0%")
    assert apart.endswith("over faces and not over people, do not overlap.")
    assert "few" not in apart
    right = np.repeat(np.arange(18), 10)
    nearly = np.where(np.arange(180) == 0, 17, right)
    assert "may be chance" in how_groups_differ(by_group(groups, "team", persons=persons, labels=nearly), "accuracy")
    equal = how_groups_differ(by_group(groups, "team", persons=persons, labels=right), "accuracy")
    assert equal == "The groups that are not small are all at 100\xa0%."
    one = read_groups(b"person,team\np0,red\n", persons)
    assert how_groups_differ(by_group(one, "team", persons=persons, labels=labels), "accuracy") == ""


def test_a_table_of_people_gets_their_groups() -> None:
    table = pd.DataFrame({"Person": ["Zoë", "Ann", "Ben"], "Faces": [1, 2, 3]})
    groups = read_groups(b"person,sex,Faces\nAnn,f,many\nBen,m,few\n", PEOPLE)
    found = with_groups(table, groups, "Person")
    assert found.columns.tolist() == ["Person", "sex", "Faces (CSV)", "Faces"]
    assert found["sex"].tolist() == [NOT_LISTED, "f", "m"]
    assert found["Faces (CSV)"].tolist() == [NOT_LISTED, "many", "few"]
    assert with_groups(table, None, "Person") is table


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(EvaluationError, match="no column age: choose one of sex"):
        by_group(read_groups(b"person,sex\nAnn,f\n", PEOPLE), "age", persons=np.array(["Ann"], dtype=object))
