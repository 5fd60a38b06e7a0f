"""What an evaluation is asked and what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from facecluster import defaults
from facecluster.clustering.number_of_clusters import Suggestion
from facecluster.evaluation.calibration import Calibration
from facecluster.evaluation.clustering_scores import ClusteringScores
from facecluster.evaluation.held_out import FOLDS, HeldOut
from facecluster.evaluation.open_set import DRAWS, OpenSet
from facecluster.evaluation.stability import BOOTSTRAPS, SEEDS, Stability
from facecluster.records import KnownFaces

Part = Literal["held_out", "open_set", "sweep", "comparison", "stability"]
PARTS: tuple[Part, ...] = ("held_out", "open_set", "sweep", "comparison", "stability")
# The parts that compare with people; the others look at the faces alone, and say more where people are known.
NEED_PEOPLE: tuple[Part, ...] = ("held_out", "open_set")
NOBODY = (
    "No face has a known person, so accuracy, held-out photos, strangers and groups cannot be measured: for these, "
    "index photos that lie in one folder per person."
)
# What each part fills in of EvaluationResults.
_FIELDS: dict[Part, tuple[str, ...]] = {
    "held_out": ("held_out",),
    "open_set": ("open_set", "calibration"),
    "sweep": ("suggestion", "sweep"),
    "comparison": ("comparison",),
    "stability": ("stability",),
}


@dataclass(frozen=True)
class EvaluationSettings:
    """What to measure and how. `left_out` are the people held out in each draw; None is 30 % of them."""

    folds: int = FOLDS
    left_out: int | None = None
    draws: int = DRAWS
    fpir: float = defaults.FPIR
    seeds: int = SEEDS
    bootstraps: int = BOOTSTRAPS
    seed: int = 0
    parts: tuple[Part, ...] = PARTS


@dataclass(frozen=True)
class EvaluationResults:
    """Everything that was measured. A part that was not asked for is None, as is one that could not be done: then
    `missing` says why, by part. Where no clustered face has a known person, `scores` is None, `people` is empty and
    `missing` tells that under "scores". `sweep` are the rows of `suggestion.sweep` with `accuracy` and `ari` where
    people are known. `groups` holds a table of GROUP_COLUMNS for each column of the analyst's CSV, `comparison_groups`
    one of ALGORITHM_GROUP_COLUMNS where algorithms were compared, `group_of` that CSV. `known` tells which share of the
    faces has a person, None where that was not looked at. `seconds` is what each part took.
    """

    gallery: str
    created: str
    settings: EvaluationSettings
    clustering: dict[str, Any]
    versions: dict[str, str]
    scores: ClusteringScores | None
    people: pd.DataFrame
    held_out: HeldOut | None = None
    open_set: OpenSet | None = None
    calibration: Calibration | None = None
    suggestion: Suggestion | None = None
    sweep: pd.DataFrame | None = None
    comparison: pd.DataFrame | None = None
    stability: Stability | None = None
    groups: dict[str, pd.DataFrame] = field(default_factory=dict)
    comparison_groups: dict[str, pd.DataFrame] = field(default_factory=dict)
    group_of: pd.DataFrame | None = None
    missing: dict[str, str] = field(default_factory=dict)
    known: KnownFaces | None = None
    seconds: dict[str, float] = field(default_factory=dict)


def kept_reasons(earlier: EvaluationResults, settings: EvaluationSettings) -> dict[str, str]:
    """Why parts that are not measured anew are missing."""
    kept: set[str] = {part for part in PARTS if part not in settings.parts}
    if "open_set" in kept:
        kept.add("calibration")  # made of the draws
    return {part: why for part, why in earlier.missing.items() if part in kept}


def kept_parts(earlier: EvaluationResults | None, settings: EvaluationSettings) -> dict[str, Any]:
    """The fields of an earlier evaluation that are not measured anew."""
    if earlier is None:
        return {}
    fields = [name for part, names in _FIELDS.items() if part not in settings.parts for name in names]
    return {name: getattr(earlier, name) for name in fields if getattr(earlier, name) is not None}
