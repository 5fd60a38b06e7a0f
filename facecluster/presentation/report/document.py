"""What an evaluation measured, as JSON: the figures, tables as lists of rows, parameters, versions and date."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from facecluster._version import __version__
from facecluster.evaluation.algorithm_comparison import best_without_number
from facecluster.evaluation.results import EvaluationResults
from facecluster.evaluation.subgroups import det_by_group

GENERATOR = f"facecluster {__version__}, evaluation report"
"""Stands at the beginning of a report's page and JSON, by which `report.files` knows them again."""

_KEYS = {"gallery_fnir": "foretold_fnir"}
"""Fields that the JSON calls otherwise, as it always did."""


def as_document(results: EvaluationResults) -> dict[str, Any]:
    """The JSON of a report: figures, tables as lists of rows, parameters, versions and date; NaN becomes null."""
    scores = None
    if results.scores is not None:
        low, high = results.scores.accuracy_interval
        scores = asdict(results.scores) | {"accuracy_low": low, "accuracy_high": high}
    document: dict[str, Any] = {
        "generator": GENERATOR,
        "gallery": results.gallery,
        "created": results.created,
        "settings": asdict(results.settings),
        "clustering": results.clustering,
        "versions": results.versions,
        "scores": scores,
        "known_faces": None if results.known is None else results.known.as_dict(),
        "people": results.people,
        "missing": results.missing,
        "groups": results.groups,
        "comparison_groups": results.comparison_groups,
        "group_of": None if results.group_of is None else results.group_of.reset_index(),
        "sweep": results.sweep,
        "comparison": results.comparison,
    }
    if results.comparison is not None:
        for key, suggested in (("best_for_unknown_people", True), ("best_without_number", False)):
            best = best_without_number(results.comparison, suggested=suggested)
            document[key] = None if best is None else str(best["algorithm"])
    if results.suggestion is not None:
        document["suggestion"] = {
            "n_clusters": results.suggestion.n_clusters,
            "criterion": results.suggestion.criterion,
            "reason": results.suggestion.reason,
            "faces": results.suggestion.faces,
            "seconds": results.suggestion.seconds,
        }
    if results.group_of is not None and results.open_set is not None:
        found, listed = results.open_set, results.group_of
        document["groups_det"] = {column: det_by_group(found, listed, column) for column in results.groups}
    for part in ("held_out", "open_set", "calibration", "stability"):
        measured = getattr(results, part)
        # One row per face names photos' faces one by one: that is for the pages, not for a report.
        document[part] = None
        if measured is not None:
            fields = vars(measured).items()
            document[part] = {
                _KEYS.get(name, name): value
                for name, value in fields
                if name != "probabilities" and not _per_face(part, name)
            }
    plain: dict[str, Any] = _plain(document)
    return plain


def _per_face(part: str, key: str) -> bool:
    return key == "table" and part in ("held_out", "open_set")


def _plain(value: Any) -> Any:
    """What JSON knows, of what Python, numpy and pandas know."""
    if isinstance(value, pd.DataFrame):
        return [_plain(row) for row in value.to_dict("records")]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return None if np.isnan(value) else value
    return value
