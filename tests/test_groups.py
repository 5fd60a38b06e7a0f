"""An analyst's CSV, and the figures of its groups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facecluster.errors import EvaluationError
from facecluster.groups import GROUP_COLUMNS, NOT_LISTED, by_group, read_groups
from facecluster.held_out import held_out_identification
from facecluster.intervals import wilson
from facecluster.open_set import leave_people_out
from tests.people import draw_people

PEOPLE = ["Ann", "Ben", "Zoë"]


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


def test_identification_by_group_adds_up_to_the_whole() -> None:
    faces, persons = draw_people(12, 8, scatter=1.2, alike=0.35)
    held = held_out_identification(faces, persons)
    found = leave_people_out(faces, persons, draws=6, fpir=0.1)
    lines = [f"{name},{'odd' if int(name[-1]) % 2 else 'even'}" for name in sorted(set(persons))]
    groups = read_groups("\n".join(["person,number", *lines]).encode(), persons)
    table = by_group(groups, "number", persons=persons, held_out=held, open_set=found).set_index("group")
    assert not table["small"].any(), "six people and 48 faces each"
    assert table["top1"].mean() == pytest.approx(held.top1)
    strangers = found.table[found.table["stranger"]]
    odd = strangers["person"].str[-1].astype(int) % 2 == 1
    assert table.loc["odd", "fpir"] == pytest.approx(strangers.loc[odd, "named"].mean())
    distinct = strangers.loc[odd, "face"].nunique()
    low, high = wilson(table.loc["odd", "fpir"] * distinct, distinct)
    assert (table.loc["odd", "fpir_low"], table.loc["odd", "fpir_high"]) == (pytest.approx(low), pytest.approx(high))


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(EvaluationError, match="no column age: choose one of sex"):
        by_group(read_groups(b"person,sex\nAnn,f\n", PEOPLE), "age", persons=np.array(["Ann"], dtype=object))
