"""How sure a share is: the interval that stands beside every accuracy and error rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

CONFIDENCE = 0.95


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
