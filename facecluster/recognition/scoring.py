"""Who a face looks like, and how alike is alike enough: the identification rule and the gallery's own threshold.

Only arrays come in here: unit embeddings and a number for each face's identity (a person, or a cluster).
The rule is the mean cosine to the three most similar faces of an identity, corrected for faces that resemble
everybody (score normalisation against the gallery itself). The threshold is a question about
strangers, of whom the gallery has none, so each of its people plays the stranger in turn (`stranger_model`).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facecluster import defaults
from facecluster.errors import IdentificationError
from facecluster.recognition.stranger_model import MIN_IDENTITIES, MIN_OWN, Floats, model_strangers
from facecluster.vectors import evenly_chosen

# "mixed" are people and, beside them, clusters without a name.
Identity = Literal["person", "cluster", "mixed"]
SINGULAR: dict[Identity, str] = {"person": "person", "cluster": "cluster", "mixed": "person or cluster"}
SEVERAL: dict[Identity, str] = {"person": "people", "cluster": "clusters", "mixed": "people and unnamed clusters"}

# Up to so many photos per person: the FPIR in percent that nine of ten galleries stay below where 1 % is asked for, and
# the worst one's, of 60 draws each of 5 and of 12 of the 17 celebrities (docs/identification.md).
_REAL_FPIR = ((3, (6, 20)), (15, (4, 9)), (float("inf"), (4, 5)))
_RAREST = 1e-4  # a lower FPIR is written as this one
_MAX_CALIBRATED = 2000
_CHUNK = 1024


class FaceMatcher:
    """Scores faces against identities by their nearest faces, and sets the threshold for "nobody known".

    A face's similarity to an identity is the mean cosine to that identity's `n_nearest` most similar faces (all of
    them, when it has fewer), less `cohort_weight` times how much more than usual the face resembles the other
    identities. For a usual face this is the cosine itself, so it stays on the cosine scale; what the correction adds is
    at most half of the distance to 1. The order of the identities is that of the cosines. The correction is the mean
    part of t-norm (Auckenthaler, Carey and Lloyd-Thomas, "Score normalization for text-independent speaker verification
    systems", 2000).

    Parameters
    ----------
    n_nearest : int, default 3
        Faces of an identity that are averaged. With 1, a single wrongly labelled face gives wrong names.
    cohort_weight : float, default 0.3
        Share of the resemblance to others that is taken off, in [0, 1]; 0 leaves plain cosines.
    identity : {"person", "cluster", "mixed"}, default "person"
        What its sentences call an identity.

    Attributes
    ----------
    identities_ : ndarray of shape (n_identities,), int
        The distinct identities, ascending: the columns of `scores`.
    own_similarities_ : ndarray of shape (n_calibrated,), float32
        Similarity of gallery faces to their own identity, the face itself left out; NaN when it is the only one.
    stranger_similarities_ : ndarray of shape (n_calibrated,), float32
        Their best similarity when their own identity is taken out of the gallery; -1 when nobody else is in it.
    mistaken_ : ndarray of shape (n_calibrated,), bool
        Whether such a face, left out, is more similar to another identity than to its own.
    n_calibrated_ : int
        Faces that were left out one by one: all, or 2,000 drawn evenly from a larger gallery.
    strangers_ : Strangers
        How strangers score on this gallery.
    """

    def __init__(self, n_nearest: int = 3, cohort_weight: float = 0.3, identity: Identity = "person") -> None:
        self.n_nearest = n_nearest
        self.cohort_weight = cohort_weight
        self.identity = identity

    def fit(self, embeddings: ArrayLike, identities: ArrayLike) -> FaceMatcher:
        """Takes the gallery's faces and measures them against each other.

        embeddings: (n, 512) float32, unit length; identities: (n,) int >= 0. Raises `IdentificationError` when
        there is no face, `ValueError` when shapes or values do not fit.
        """
        faces = np.asarray(embeddings, np.float32)
        labels = np.asarray(identities)
        self._check(faces, labels)
        # A stable order of faces within an identity makes results independent of the order they come in.
        order = np.lexsort((faces[:, 0], labels)) if faces.shape[1] else np.argsort(labels, kind="stable")
        self._faces = np.ascontiguousarray(faces[order])
        self.identities_, self._column, counts = np.unique(labels[order], return_inverse=True, return_counts=True)
        self._edges = np.concatenate([[0], np.cumsum(counts)])
        self._calibrate()
        return self

    def scores(self, probes: ArrayLike) -> Floats:
        """Similarity in [-1, 1] of each probe (m, 512) to each identity: (m, n_identities) float32."""
        cosines = self._cosines(np.asarray(probes, np.float32))
        people = cosines.shape[1]
        if people == 1:
            return cosines
        rest = (cosines.sum(axis=1, keepdims=True) - cosines) / (people - 1)
        return self._corrected(cosines, rest)

    def threshold(self, fpir: float = defaults.FPIR) -> float:
        """Similarity below which a face is nobody known, for a false positive identification rate in (0, 1).

        Falls as `fpir` rises. It is the similarity that a share `fpir` of strangers is expected to reach
        (`expected_fpir`); see `is_reliable` and `caveat`.
        """
        if not 0 < fpir < 1:
            raise ValueError(f"fpir must lie between 0 and 1, got {fpir}")
        return self.strangers_.reached_by(fpir)

    def expected_fpir(self, threshold: float) -> float:
        """Share of strangers' faces in [0, 1] that the threshold is expected to give a name."""
        return self.strangers_.share_above(threshold)

    def expected_fnir(self, threshold: float) -> float:
        """Share of known people's faces in [0, 1] that would be unknown or get a wrong name; NaN when unknowable.

        Measured by leaving out each face; faces that are alone in their identity do not count.
        """
        own = self.own_similarities_
        told = ~np.isnan(own)
        if not told.any():
            return float("nan")
        return float(np.mean((own[told] < threshold) | self.mistaken_[told]))

    @property
    def is_reliable(self) -> bool:
        """Whether the gallery holds enough people and faces for a threshold of its own."""
        return not self.reason

    @property
    def reason(self) -> str:
        """Why the threshold is only a rule of thumb, in one sentence; empty when it is the gallery's own."""
        people, told = len(self.identities_), int((~np.isnan(self.own_similarities_)).sum())
        if people < MIN_IDENTITIES:
            return (
                f"The gallery knows {self._counted()}, and it takes at least "
                f"{MIN_IDENTITIES} to see how strangers score, so the threshold is one measured on other photos."
            )
        if told < MIN_OWN:
            one = SINGULAR[self.identity]
            return (
                f"Only {told} faces have another face of the same {one} beside them, and it takes at least "
                f"{MIN_OWN} to see how alike one {one}'s faces are, so the threshold leans on other photos."
            )
        return ""

    def caveat(self, fpir: float = defaults.FPIR) -> str:
        """What to know before believing a threshold for this FPIR, in one sentence: `reason`, or that the gallery has
        fewer identities than it takes for one of them to be the stranger who gets a name; empty when it has enough.

        The range of FPIR is that of draws of the 17 celebrities with as many photos per person
        (docs/identification.md).
        """
        wanted = 1 / max(fpir, _RAREST)
        if self.reason or len(self.identities_) >= wanted:
            return self.reason
        photos = round(float(np.median(np.diff(self._edges))))
        usual, worst = next(range_ for most, range_ in _REAL_FPIR if photos <= most)
        photos_each = f"{photos} photo{'s' if photos != 1 else ''} per {SINGULAR[self.identity]}"
        return (
            f"With {self._counted()}, one stranger in {wanted:,.0f} cannot be seen, so the threshold leans on a shape "
            f"measured on other photos: where 1 % was asked for, nine of ten galleries with about {photos_each} really "
            f"had an FPIR of 0 to {usual} %, and the worst one {worst} %."
        )

    def _counted(self) -> str:
        number = len(self.identities_)
        return f"{number} {(SINGULAR if number == 1 else SEVERAL)[self.identity]}"

    def _check(self, faces: Floats, labels: NDArray[np.int_]) -> None:
        if self.n_nearest < 1:
            raise ValueError(f"n_nearest must be at least 1, got {self.n_nearest}")
        if faces.ndim != 2 or labels.shape != faces.shape[:1]:
            raise ValueError(f"embeddings must be (n, 512) and identities (n,), got {faces.shape} and {labels.shape}")
        if not len(faces):
            raise IdentificationError("The gallery has no face with a person or cluster yet: index photos first.")
        if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
            raise ValueError("identities must be integers of 0 or more; leave out faces that have none")

    def _cosines(self, probes: Floats) -> Floats:
        """(m, n_identities): the mean cosine to each identity's nearest faces."""
        if probes.ndim != 2 or probes.shape[1] != self._faces.shape[1]:
            raise ValueError(f"probes must be (m, {self._faces.shape[1]}), got {probes.shape}")
        spans = list(zip(self._edges[:-1], self._edges[1:], strict=True))
        out = np.empty((len(probes), len(spans)), np.float32)
        for start in range(0, len(probes), _CHUNK):
            part = probes[start : start + _CHUNK] @ self._faces.T
            for column, (low, high) in enumerate(spans):
                out[start : start + _CHUNK, column] = mean_of_best(part[:, low:high], self.n_nearest)
        return out

    def _corrected(self, cosines: Floats, rest: Floats) -> Floats:
        """Cosines less what the mean cosine to the rest of the gallery says about the face alone."""
        corrected = cosines - self.cohort_weight * (rest - self._typical)
        # At most half of the way to 1, which is for copies of a face alone.
        return np.asarray(np.clip(corrected, -1, (1 + cosines) / 2), np.float32)

    def _calibrate(self) -> None:
        n, people = len(self._faces), len(self.identities_)
        # Evenly over the identities, which lie one behind the other, and without chance.
        chosen = evenly_chosen(np.arange(n), _MAX_CALIBRATED)
        column, own = self._column[chosen], self._own(chosen)
        cosines = self._cosines(self._faces[chosen])
        is_own = column[:, None] == np.arange(people)
        cosines[is_own] = 0
        total = cosines.sum(axis=1, keepdims=True)
        self._typical = float(np.median(cosines[~is_own])) if people > 1 else 0.0
        self.n_calibrated_ = len(chosen)
        self.own_similarities_ = self._corrected(own, total[:, 0] / (people - 1)) if people > 1 else own
        self.mistaken_ = own < np.where(is_own, -1, cosines).max(axis=1)
        strange = self._corrected(cosines, (total - cosines) / (people - 2)) if people > 2 else cosines
        strange[is_own] = -1  # never the best of the others
        self.stranger_similarities_ = strange.max(axis=1)
        self.strangers_ = model_strangers(
            strange, self.own_similarities_, ~self.mistaken_, column, np.diff(self._edges)
        )

    def _own(self, chosen: NDArray[np.int_]) -> Floats:
        """Similarity of the chosen faces to their own identity, each left out of it; NaN when it is alone there."""
        own = np.full(len(chosen), np.nan, np.float32)
        for identity in np.unique(self._column[chosen]):
            low, high = self._edges[identity], self._edges[identity + 1]
            rows = np.flatnonzero(self._column[chosen] == identity)
            if high - low > 1:
                block = self._faces[chosen[rows]] @ self._faces[low:high].T
                block[np.arange(len(rows)), chosen[rows] - low] = -2
                own[rows] = mean_of_best(block, min(self.n_nearest, high - low - 1))
        return own


def mean_of_best(similarities: Floats, n_best: int) -> Floats:
    """(m, n) -> (m,): the mean of each row's n_best largest, or of all when there are fewer."""
    n = similarities.shape[1]
    if n > n_best:
        similarities = np.partition(similarities, n - n_best, axis=1)[:, n - n_best :]
    return np.asarray(similarities.mean(axis=1), np.float32)
