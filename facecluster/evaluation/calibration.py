"""From a similarity to a probability, and how far such probabilities can be believed.

A similarity is no probability. One can be fitted to faces whose answer is known, and believed as far as it holds on
people that it was not fitted on: that is what is measured here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from facecluster.errors import EvaluationError

BINS = 10
# One row per bin of predicted probability: its edges, the mean prediction, the share of answers that were right with
# its 95 % Wilson interval, and the number of answers. Empty bins are not listed. A face that answers in several draws
# of people counts in each, which makes the intervals narrower than they should be.
RELIABILITY_COLUMNS = ("low", "high", "predicted", "right", "right_low", "right_high", "faces")


@dataclass(frozen=True)
class Calibration:
    """Probabilities of people that the fit never saw. `table` has RELIABILITY_COLUMNS.

    `ece` in [0, 1] is the mean distance of predicted and observed shares, weighted by faces (expected calibration
    error, Naeini et al. 2015); `brier` in [0, 1] the mean squared error; lower is better. `probabilities` (n,) are in
    the order of the faces that came in. They hold where strangers are as frequent as here: `base_rate` is the share
    of right answers.
    """

    ece: float
    brier: float
    base_rate: float
    probabilities: np.ndarray
    table: pd.DataFrame


def measure_calibration(
    similarities: np.ndarray, right: np.ndarray, people: np.ndarray, *, folds: int = 5, seed: int = 0
) -> Calibration:
    """Logistic regression from similarity (n,) to whether the most similar person is the true one, (n,) bool.

    Fitted on the faces of all but one of `folds` parts of `people` (n,) and applied to that one, in turn (Platt,
    "Probabilistic outputs for support vector machines", 1999). Raises EvaluationError when there are fewer than two
    people, or all answers are right or all wrong in some fit.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import brier_score_loss

    right = np.asarray(right, bool)
    _, person = np.unique(np.asarray(people).astype(str), return_inverse=True)
    number = person.max(initial=-1) + 1
    if number < 2:
        raise EvaluationError("A probability can be measured with at least 2 people: index photos of more people.")
    fold = (np.random.default_rng(seed).permutation(number) % min(folds, number))[person]
    probabilities = np.empty(len(right))
    X = np.asarray(similarities, float)[:, None]
    for held in np.unique(fold):
        train, test = fold != held, fold == held
        if len(np.unique(right[train])) < 2:
            raise EvaluationError("All answers are alike, so no probability can be fitted: hold out more people.")
        fitted = LogisticRegression(C=1e6).fit(X[train], right[train])
        probabilities[test] = fitted.predict_proba(X[test])[:, 1]
    table = reliability(probabilities, right)
    return Calibration(
        ece=expected_calibration_error(table),
        brier=float(brier_score_loss(right, probabilities)),
        base_rate=float(right.mean()),
        probabilities=probabilities,
        table=table,
    )


def reliability(probabilities: np.ndarray, right: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """RELIABILITY_COLUMNS over equal bins of [0, 1] (the reliability diagram of DeGroot & Fienberg 1983)."""
    from facecluster.evaluation.intervals import wilson

    place = np.minimum((np.asarray(probabilities) * bins).astype(int), bins - 1)
    rows = pd.DataFrame({"bin": place, "predicted": probabilities, "right": np.asarray(right, float)}).groupby("bin")
    table = rows.agg(predicted=("predicted", "mean"), right=("right", "mean"), faces=("right", "size")).reset_index()
    low, high = wilson(table["right"] * table["faces"], table["faces"])
    table = table.assign(low=table["bin"] / bins, high=(table["bin"] + 1) / bins, right_low=low, right_high=high)
    return table[list(RELIABILITY_COLUMNS)]


def expected_calibration_error(table: pd.DataFrame) -> float:
    """The ECE in [0, 1] of rows of RELIABILITY_COLUMNS."""
    return float(np.average((table["predicted"] - table["right"]).abs(), weights=table["faces"]))
