"""How strangers score on a gallery, which holds none of them: a model of their best similarity to its people.

A dozen people are too few to see one stranger in a hundred, so what a gallery's people show when each plays the
stranger in turn is blended with a reference shape of how strangers score.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# The reference shape: a stranger's similarity to one identity is about normal. Its centre is the gallery's own median,
# its spread a fixed share of the way from there to how alike a person's own faces are. Measured with both the
# 17-celebrity photos and the drawn sample people; the same share held for 1 to 30 faces per person and 3 to 16 people.
_SPREAD_OF_MEDIAN = 0.20
_SPREAD_OF_LOW = 0.275  # where a gallery's people lie close together, a stricter threshold misses nobody
_LOW = 0.05  # the quantile of a person's own similarities that the second share is taken from
# Where a person has few photos, similarities scatter more than the share tells, and galleries differ more from each
# other: 1 + 0.2 / n photos keeps the mean FPIR of 40 draws each of 1 to 20 photos within 0.7 and 1.6 % where 1 % is
# asked for (docs/identification.md).
_FEW_PHOTOS = 0.2
# What stands in for a gallery that cannot tell: InceptionResnetV1 trained on CASIA-WebFace, celebrity photos. One in a
# hundred of its strangers reaches 0.494, which one in a thousand pairs of different people does.
_STRANGER_MEDIAN = 0.0855
_OWN_GAP = 0.65
_FALLBACK_IDENTITIES = 12
# A stranger in a hundred shows only among a hundred people: the reference counts as many.
_REFERENCE_PEOPLE = 100
_NORMAL_90 = 1.2816  # standard deviations from the median to the 90th percentile of a normal distribution
MIN_IDENTITIES = 3
MIN_OWN = 10
_NOTHING = np.empty(0, np.float32)


@dataclass(frozen=True)
class Strangers:
    """How strangers score on this gallery: normal for one identity, and what held-out people really reached."""

    center: float
    spread: float
    identities: int
    seen: Floats  # (n,) sorted: the best similarity of each held-out face to the other identities
    weight: float  # of what was seen, in [0, 1]

    def share_above(self, threshold: float) -> float:
        """Expected share of strangers that score the threshold or more with some identity."""
        from scipy.special import log_ndtr

        shape = -np.expm1(self.identities * log_ndtr((threshold - self.center) / self.spread))
        if not len(self.seen):
            return float(shape)
        seen = 1 - np.searchsorted(self.seen, threshold) / len(self.seen)
        return float((1 - self.weight) * shape + self.weight * seen)

    def reached_by(self, share: float) -> float:
        """The similarity in [-1, 1] that this share of strangers is expected to reach."""
        low, high = -1.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if self.share_above(middle) > share else (low, middle)
        return high

    @property
    def one_in_a_hundred(self) -> float:
        """The similarity that one stranger in a hundred reaches by the shape alone, without what was seen."""
        return replace(self, seen=_NOTHING).reached_by(0.01)


FALLBACK = Strangers(_STRANGER_MEDIAN, _SPREAD_OF_MEDIAN * _OWN_GAP, _FALLBACK_IDENTITIES, _NOTHING, 0)


def model_strangers(
    others: Floats, own: Floats, sound: NDArray[np.bool_], column: NDArray[np.int_], counts: NDArray[np.int_]
) -> Strangers:
    """How strangers score, from each face's similarity to identities that are not its own.

    others: (n, n_identities), of which the face's own `column` does not count; own: (n,), NaN where unknown;
    sound: (n,), False for a face nearer to somebody else: wrongly labelled or beyond recognition, so it tells nothing.
    counts: (n_identities,), the faces of each.
    """
    people = others.shape[1]
    if people < MIN_IDENTITIES:
        return FALLBACK
    is_own = column[:, None] == np.arange(people)
    sound = sound | (not sound.any())
    shape = shape_of_strangers(others[~is_own & sound[:, None]], own[sound & ~np.isnan(own)], counts)
    same = shape.one_in_a_hundred
    apart = others.copy()
    for person in np.unique(column):
        mine = column == person
        apart[np.ix_(mine, are_one_person(others[mine], same))] = -1
    return replace(shape, seen=np.sort(apart[sound].max(axis=1)))


def shape_of_strangers(strange: Floats, told: Floats, counts: NDArray[np.int_]) -> Strangers:
    """The model before any held-out face counts, of a gallery whose identities have so many faces each.

    strange: (n,) similarities to identities that are not a face's own; told: (m,) to its own.
    """
    people = len(counts)
    few = 1 + _FEW_PHOTOS * float(np.mean(1 / counts))
    center = float(np.median(strange))
    median, low = np.quantile(told, [0.5, _LOW]) if len(told) >= MIN_OWN else (center + _OWN_GAP, center)
    reference = few * max(_SPREAD_OF_MEDIAN * (median - center), _SPREAD_OF_LOW * (low - center), 1e-3)
    # Robust, from the upper side: that is the one that crosses thresholds.
    seen_spread = (np.quantile(strange, 0.9) - center) / _NORMAL_90
    weight = people / (people + _REFERENCE_PEOPLE)
    spread = float(np.sqrt((1 - weight) * reference**2 + weight * seen_spread**2))
    return Strangers(center, spread, people, _NOTHING, weight)


def are_one_person(similarities: Floats, same: float) -> NDArray[np.bool_]:
    """Which identities mostly pass as that of these faces: one person twice, say one split into two clusters.

    similarities: (n, n_others) of one identity's faces to others; `same` is what one stranger in a hundred reaches.
    """
    return np.asarray(np.median(similarities, axis=0) >= same)
