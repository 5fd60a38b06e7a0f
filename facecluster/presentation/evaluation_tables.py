"""What the evaluation measured as tables to look at: readable columns, and intervals in words beside their share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from facecluster.evaluation.cluster_number_sweep import SCORED_FACES
from facecluster.presentation.text import interval

if TYPE_CHECKING:
    import pandas as pd

    from facecluster.evaluation.results import EvaluationResults

GROUP_RATES = {
    "accuracy": "Accuracy",
    "top1": "Top-1, held out",
    "named_right": "Named right, held out",
    "fnir": "FNIR: known people missed",
    "fpir": "FPIR: strangers given a name",
}

_IN_WORDS = "Accuracy, 95 %"
_DRAWS = {
    "draw": "Draw", "threshold": "Threshold", "fpir": "FPIR", "fnir": "FNIR", "expected_fnir": "FNIR expected",
    "top1": "Top-1", "known": "Known faces", "unknown": "Strangers' faces", "strangers": "Held out",
}  # fmt: skip
_STEP = 50  # thousandths
_ALL = 0.9  # beyond that a threshold is no choice
# The columns of these tables that are shares in [0, 1].
SHARES = frozenset({
    "Accuracy", "Purity", "Coverage", "Top-1", "Top-3", "Named right", "Together", "Worst sample", "FPIR", "FNIR",
    "FNIR expected", *GROUP_RATES.values(),
})  # fmt: skip


RELIABILITY_NOTE = (
    "Whiskers are 95 % Wilson intervals. A face counts once in each draw that it answers in, so they are narrower than "
    "they should be."
)


def sweep_note(results: EvaluationResults) -> str:
    """What the figures over the number of clusters rest on, and why some are not there."""
    names = ""
    if results.sweep is not None and results.sweep["accuracy"].notna().any():
        names = "Accuracy and ARI do, on the faces that were clustered. "
    elif results.scores is not None:
        names = f"Accuracy and ARI, which do, are not measured beyond {SCORED_FACES:,} faces, for they take minutes. "
    return (
        f"The suggestion looks at no names. {names}Stability is measured only for the numbers with the best "
        "silhouettes; other cells are empty. Score is the sum of both, weakest the lowest mean silhouette of a cluster."
    )


def held_out_people(people: pd.DataFrame) -> pd.DataFrame:
    """Person, faces, and each share of `HELD_OUT_PEOPLE_COLUMNS` with its 95 % interval in words beside it."""
    return _with_intervals(
        people,
        {"person": "Person", "faces": "Faces"},
        {"top1": "Top-1", "top3": "Top-3", "named_right": "Named right"},
    )


def clustered_people(people: pd.DataFrame) -> pd.DataFrame:
    """Of PEOPLE_COLUMNS: person, faces, accuracy with its 95 % interval in words, purity and coverage."""
    named = people.rename(columns={"low": "accuracy_low", "high": "accuracy_high"})
    table = _with_intervals(named, {"person": "Person", "faces": "Faces"}, {"accuracy": "Accuracy"})
    return table.assign(Purity=people["purity"], Coverage=people["coverage"])


def draws(table: pd.DataFrame) -> pd.DataFrame:
    """What each draw of an open-set evaluation gave, under readable names."""
    return table.rename(columns=_DRAWS)


def error_rates(det: pd.DataFrame) -> pd.DataFrame:
    """Of DET_COLUMNS the thresholds in steps of 0.05 at which neither error is near to all or to nothing at once."""
    steps = (1000 * det["threshold"]).round().astype(int) % _STEP == 0
    rates = det[["fpir", "fnir"]]
    shown = det[steps & (rates.max(axis=1) < _ALL) & (rates.max(axis=1) > 0)]
    names = {"threshold": "Threshold", "fpir": "FPIR", "fnir": "FNIR"}
    return shown[list(names)].rename(columns=names)


def stability_people(people: pd.DataFrame) -> pd.DataFrame:
    """The columns of STABILITY_COLUMNS, the middle 95 % in words."""
    table = people.assign(**{"Middle 95 %": _words(people, "low", "high")})
    names = {"person": "Person", "faces": "Faces", "together": "Together", "worst": "Worst sample"}
    return table.rename(columns=names)[["Person", "Faces", "Together", "Middle 95 %", "Worst sample"]]


def group_rates(table: pd.DataFrame) -> pd.DataFrame:
    """GROUP_COLUMNS with intervals in words and a word for small groups; rates that were not measured are not shown."""
    marked = table.assign(note=["small: says little" if small else "" for small in table["small"]])
    rates = {rate: title for rate, title in GROUP_RATES.items() if table[rate].notna().any()}
    names = {"group": "Group", "people": "People", "faces": "Faces", "note": "Size"}
    return _with_intervals(marked, names, rates)


def compared_groups(table: pd.DataFrame) -> pd.DataFrame:
    """ALGORITHM_GROUP_COLUMNS under readable names, the interval in words, a word for small groups."""
    marked = table.assign(note=["small: says little" if small else "" for small in table["small"]])
    names = {"title": "Algorithm", "group": "Group", "people": "People", "faces": "Faces", "note": "Size"}
    return _with_intervals(marked, names, {"accuracy": "Accuracy"})


def comparison_table(comparison: pd.DataFrame) -> pd.DataFrame:
    """COMPARISON_COLUMNS under readable names, best ARI first, those that were not run last; nothing about people
    where nobody is known."""
    names = {
        "title": "Algorithm",
        "needs_number": "Told the number",
        "clusters": "Clusters",
        "left_out": "In no cluster",
        "accuracy": "Accuracy",
        "purity": "Purity",
        "ari": "ARI",
        "nmi": "NMI",
        "bcubed_precision": "B³ precision",
        "bcubed_recall": "B³ recall",
        "bcubed_f1": "B³ F1",
        "seconds": "Seconds",
        "peak_memory_mb": "Memory, MB",
        "note": "Note",
    }
    table = comparison.sort_values("ari", ascending=False, kind="stable", na_position="last", ignore_index=True)
    listed = _accuracy_in_words(table)[_with_words(names, table)]
    return listed.dropna(axis="columns", how="all").rename(columns=names)


def sweep_table(sweep: pd.DataFrame) -> pd.DataFrame:
    """The sweep's rows under readable names, accuracy's 95 % interval in words; what was not measured is not shown."""
    measured = sweep.dropna(axis="columns", how="all")
    table = _accuracy_in_words(measured).drop(columns=["accuracy_low", "accuracy_high"], errors="ignore")
    return table.rename(columns=lambda name: {"ari": "ARI", _IN_WORDS: name}.get(name, name.capitalize()))


def _accuracy_in_words(table: pd.DataFrame) -> pd.DataFrame:
    found = table.copy()
    if "accuracy_low" in table and table["accuracy_low"].notna().any():
        words = _words(table, "accuracy_low", "accuracy_high")
        found.insert(found.columns.get_loc("accuracy") + 1, _IN_WORDS, words)
    return found


def _with_words(names: dict[str, str], table: pd.DataFrame) -> list[str]:
    """The columns `names`, and accuracy's interval after it where it was measured."""
    listed = list(names)
    if "accuracy_low" in table and table["accuracy_low"].notna().any():
        listed.insert(listed.index("accuracy") + 1, _IN_WORDS)
    return listed


def _with_intervals(table: pd.DataFrame, names: dict[str, str], rates: dict[str, str]) -> pd.DataFrame:
    import pandas as pd

    columns = {title: table[name] for name, title in names.items()}
    for rate, title in rates.items():
        columns[title] = table[rate]
        columns[f"{title}, 95 %"] = _words(table, f"{rate}_low", f"{rate}_high")
    return pd.DataFrame(columns)


def _words(table: pd.DataFrame, low: str, high: str) -> list[str]:
    ends = zip(table[low], table[high], strict=True)
    return ["" if math.isnan(below) else interval(below, above) for below, above in ends]
