"""How sure a share is: the interval that stands beside every accuracy and error rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.95
KIND = "95 % Wilson"
# What the interval of a clustering's accuracy leaves out: that takes other runs and other people.
NOT_COVERED = "over the faces, not over seeds or people"


def wilson(successes: ArrayLike, trials: ArrayLike, confidence: float = CONFIDENCE) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of the Wilson score interval of `successes` out of `trials`, in [0, 1].

    Both are scalars or arrays of one shape, as are the ends; without a trial nothing is known: (0, 1). Unlike
    scipy's `proportion_ci` of single tests, which gives the same ends, it takes whole columns, and successes that are
    means over repeated trials. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    Faces of one person resemble each other, so for a few people the interval is narrower than the truth.
    """
    from scipy.special import ndtri

    k, n = np.asarray(successes, float), np.asarray(trials, float)
    z = ndtri((1 + confidence) / 2)
    share = np.divide(k, n, out=np.zeros(np.broadcast(k, n).shape), where=n > 0)
    middle = k + z**2 / 2
    half = z * np.sqrt(n * share * (1 - share) + z**2 / 4)
    # The formula's own ends at 0 and 1 miss them by rounding.
    low = np.where(k <= 0, 0.0, (middle - half) / (n + z**2))
    high = np.where(k >= n, 1.0, (middle + half) / (n + z**2))
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def with_accuracy_interval(table: pd.DataFrame, faces: int) -> pd.DataFrame:
    """The table with `accuracy_low` and `accuracy_high` after its column `accuracy`, shares of so many faces.

    Both are ends of `wilson`'s interval; NaN where the accuracy is.
    """
    low, high = wilson(table["accuracy"] * faces, np.where(table["accuracy"].notna(), faces, np.nan))
    found, place = table.copy(), table.columns.get_loc("accuracy") + 1
    found.insert(place, "accuracy_low", low)
    found.insert(place + 1, "accuracy_high", high)
    return found
