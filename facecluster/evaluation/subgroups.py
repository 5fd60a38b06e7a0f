"""Error rates of groups of people side by side, by any column that an analyst brings in a CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from facecluster.clustering.algorithms import ALGORITHMS
from facecluster.errors import EvaluationError
from facecluster.evaluation.clustering_scores import wrong_faces
from facecluster.evaluation.held_out import HeldOut
from facecluster.evaluation.intervals import wilson
from facecluster.evaluation.open_set import OpenSet, pooled_det
from facecluster.files import read_regular
from facecluster.user_paths import user_path

# Below either, a group's figures say little: the 95 % interval of a rate of 5 % over 30 faces runs to 20 %, and with
# fewer than five people one of them decides.
SMALL_FACES, SMALL_PEOPLE = 30, 5
NOT_LISTED = "not listed"
_NAMED_AT_MOST = 5
_MOST_BYTES = 64 * 2**20  # of a table of people: a million lines and more

# One row a group. Rates are shares in [0, 1] with their 95 % Wilson interval, NaN where not measured.
GROUP_COLUMNS = (
    "group",
    "people",
    "faces",
    "small",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "top1",
    "top1_low",
    "top1_high",
    "named_right",
    "named_right_low",
    "named_right_high",
    "fnir",
    "fnir_low",
    "fnir_high",
    "fpir",
    "fpir_low",
    "fpir_high",
)

# One row per algorithm and group: accuracy of the algorithm's clusters over the group's faces.
ALGORITHM_GROUP_COLUMNS = (
    "algorithm",
    "title",
    "group",
    "people",
    "faces",
    "small",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
)


def read_groups(source: str | Path | bytes, persons: Iterable[str | None]) -> pd.DataFrame:
    """An analyst's CSV: the index `person`, and one column of text per property ("" is "not listed").

    `source` is a file or its bytes, in UTF-8, with comma, semicolon or tab between columns; `persons` are the
    gallery's. Raises EvaluationError when it cannot be read, has no column person or no other one, names a person
    twice, or one that the gallery does not hold.
    """
    name = "The CSV" if isinstance(source, bytes) else str(source)
    table = _parse(_text(source, name), name)
    if "person" not in table.columns:
        raise EvaluationError(f"{name} has no column person: name one of its columns person, as in the first line.")
    if len(table.columns) < 2:
        raise EvaluationError(f"{name} has no column beside person: add one that tells each person's group.")
    table["person"] = table["person"].str.strip()
    _refuse(name, table.loc[table["person"].duplicated(), "person"], "more than once: keep one line per person")
    known = {person for person in persons if pd.notna(person)}
    unknown = table.loc[~table["person"].isin(known), "person"]
    _refuse(name, unknown, "whom the gallery does not hold: write names as the gallery page shows them")
    return table.set_index("person").apply(lambda column: column.str.strip().replace("", NOT_LISTED))


def by_group(
    groups: pd.DataFrame,
    column: str,
    *,
    persons: Sequence[str | None] | np.ndarray,
    labels: np.ndarray | None = None,
    held_out: HeldOut | None = None,
    open_set: OpenSet | None = None,
) -> pd.DataFrame:
    """GROUP_COLUMNS by one column of `read_groups`, by group; people it does not list are "not listed".

    `persons` (n,) are the labelled faces' people, `labels` (n,) their clusters. Accuracy is over all faces of the
    group, top-1 and named right over the held-out ones, FNIR over probes of known people and FPIR over those of
    strangers in `open_set`, where all groups meet the threshold of their draw. A face that was a probe in several draws
    counts once in the intervals. `small` marks groups of fewer than 30 faces or 5 people. Raises EvaluationError when
    there is no such column.
    """
    if column not in groups.columns:
        raise EvaluationError(f"The CSV has no column {column}: choose one of {', '.join(map(str, groups.columns))}.")
    faces = pd.DataFrame({"person": np.asarray(persons, dtype=object)})
    if labels is not None:
        faces["right"] = ~wrong_faces(labels, faces["person"].to_numpy())
    faces = faces.dropna(subset="person")
    group_of = groups_of(groups, column, faces["person"].unique())
    counted = faces.assign(group=faces["person"].map(group_of)).groupby("group")["person"].agg(["nunique", "size"])
    table = counted.rename(columns={"nunique": "people", "size": "faces"})
    table["small"] = (table["faces"] < SMALL_FACES) | (table["people"] < SMALL_PEOPLE)
    rates = {
        "accuracy": _rates(faces, "right", group_of) if labels is not None else None,
        **_held_out_rates(held_out, group_of),
        **_open_set_rates(open_set, group_of),
    }
    for name, rate in rates.items():
        for ending in ("", "_low", "_high"):
            table[name + ending] = np.nan if rate is None else rate[f"rate{ending}"].reindex(table.index)
    return table.reset_index()[list(GROUP_COLUMNS)]


def algorithms_by_group(
    groups: pd.DataFrame, column: str, *, persons: Sequence[str | None] | np.ndarray, labels: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """ALGORITHM_GROUP_COLUMNS by one column of `read_groups`; `labels` (n,) of each algorithm by its name, as
    `compare_algorithms` tells them. Raises EvaluationError when there is no such column."""
    tables = [
        by_group(groups, column, persons=persons, labels=found).assign(algorithm=name, title=ALGORITHMS[name].title)
        for name, found in labels.items()
    ]
    columns = list(ALGORITHM_GROUP_COLUMNS)
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)


def groups_of(groups: pd.DataFrame, column: str, persons: Iterable[str]) -> dict[str, str]:
    """Each person's group by one column of `read_groups`."""
    return {person: groups[column].get(person, NOT_LISTED) for person in persons}


def with_groups(table: pd.DataFrame, groups: pd.DataFrame | None, person: str = "person") -> pd.DataFrame:
    """The table with a column for each of `read_groups`'s after its column `person`; itself without groups.

    A column of the CSV that is called like one of the table's gets "(CSV)" after its name.
    """
    if groups is None:
        return table
    found, place = table.copy(), list(table.columns).index(person) + 1
    for number, column in enumerate(groups.columns):
        taken = column in found.columns
        groups_of_rows = found[person].map(groups_of(groups, column, found[person].unique()))
        found.insert(place + number, f"{column} (CSV)" if taken else column, groups_of_rows)
    return found


def det_by_group(open_set: OpenSet, groups: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    """`open_set.pooled_det` of each group of one column that has probes of known people and of strangers."""
    probes = open_set.table
    group = probes["person"].map(groups_of(groups, column, probes["person"].unique()))
    curves = {str(name): pooled_det(rows) for name, rows in probes.groupby(group)}
    return {name: curve for name, curve in curves.items() if curve is not None}


def _held_out_rates(held_out: HeldOut | None, group_of: dict[str, str]) -> dict[str, pd.DataFrame | None]:
    if held_out is None:
        return {"top1": None, "named_right": None}
    first = held_out.table["rank"] == 1
    table = held_out.table.assign(first=first, named_right=first & held_out.table["named"].astype(bool))
    return {"top1": _rates(table, "first", group_of), "named_right": _rates(table, "named_right", group_of)}


def _open_set_rates(open_set: OpenSet | None, group_of: dict[str, str]) -> dict[str, pd.DataFrame | None]:
    if open_set is None:
        return {"fnir": None, "fpir": None}
    probes = open_set.table
    strange = probes["stranger"].astype(bool)
    missed = probes.assign(missed=~(probes["named"] & probes["right"]))[~strange]
    return {"fnir": _rates(missed, "missed", group_of), "fpir": _rates(probes[strange], "named", group_of)}


def _rates(faces: pd.DataFrame, event: str, group_of: dict[str, str]) -> pd.DataFrame:
    """The rate of `event` by group with its interval; `faces` are rows, or distinct values of a column `face`."""
    table = faces.assign(group=faces["person"].map(group_of), event=faces[event].astype(float))
    rate = table.groupby("group")["event"].mean()
    number = table.groupby("group")["face"].nunique() if "face" in table else table.groupby("group").size()
    low, high = wilson(rate * number, number)
    return pd.DataFrame({"rate": rate, "rate_low": low, "rate_high": high}, index=rate.index)


def _text(source: str | Path | bytes, name: str) -> str:
    try:
        content = source if isinstance(source, bytes) else read_regular(user_path(source, EvaluationError), _MOST_BYTES)
    except OSError as error:
        raise EvaluationError(f"{name} cannot be read ({error.strerror}): check the path.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{name} is not written in UTF-8: save it again as CSV UTF-8.") from error


def _parse(text: str, name: str) -> pd.DataFrame:
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(line)]
    if not lines:
        raise EvaluationError(f"{name} is empty: write a line of column names, then one line per person.")
    columns = [column.strip() for column in lines[0]]
    columns = ["person" if column.lower() == "person" else column for column in columns]
    if len(set(columns)) < len(columns):
        raise EvaluationError(f"{name} has two columns of one name: give each column a name of its own.")
    for number, line in enumerate(lines[1:], 2):
        if any(line[len(columns) :]):
            raise EvaluationError(f"Line {number} of {name} has more columns than the first line names.")
    rows = [(line + [""] * len(columns))[: len(columns)] for line in lines[1:]]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _refuse(name: str, persons: pd.Series, why: str) -> None:
    people = list(dict.fromkeys(persons))
    if people:
        more = f" and {len(people) - _NAMED_AT_MOST} more" if len(people) > _NAMED_AT_MOST else ""
        raise EvaluationError(f"{name} lists {', '.join(people[:_NAMED_AT_MOST])}{more}, {why}.")
