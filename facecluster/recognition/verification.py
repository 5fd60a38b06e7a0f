"""Two faces, one person or two: their similarity, and a threshold for a chosen rate of false matches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from facecluster import defaults
from facecluster.clustering.average_linkage import least_of_one_person
from facecluster.errors import EvaluationError
from facecluster.recognition.scoring import SEVERAL, FaceMatcher, Identity
from facecluster.recognition.stranger_model import are_one_person
from facecluster.records import DUPLICATE_COSINE, known_persons
from facecluster.vectors import centers_of, evenly_chosen

# All pairs of so many faces: 8 million, a second and 100 MB.
MAX_FACES = 4000
# Fewer false matches than this stand behind a threshold that is then only a rule of thumb.
_FEW_PAIRS = 10
_RULE_OF_3 = 3
_PART = 0.5  # of the size of the cluster that the middle face is in; a smaller cluster may be a part of another
_SOMEBODY = 3  # faces, from which on a cluster without a name is taken for somebody
_ON_CLUSTERS = (
    "Nobody in the gallery is labelled, so both rates rest on its clusters, not on people: clusters that mix "
    "people raise the false non-match rate, a person in several clusters lowers it."
)
_PARTLY_ON_CLUSTERS = (
    "Some people in the gallery have no name, so both rates rest in part on clusters without one: clusters that mix "
    "people raise the false non-match rate, a person in several clusters lowers it."
)


@dataclass(frozen=True)
class Verification:
    """Whether two faces are one person's: `same` when `similarity`, their cosine, reaches `threshold`.

    At that threshold a share `false_match_rate` of the gallery's pairs of different people matches too, and a share
    `false_non_match_rate` of its pairs of one person does not. `warning` is a sentence when the gallery holds too few
    pairs to tell, and `basis` one when the rates rest on clusters in place of people; else empty.
    """

    similarity: float
    threshold: float
    same: bool
    false_match_rate: float
    false_non_match_rate: float
    warning: str = ""
    basis: str = ""


class PairErrors:
    """How similar the gallery's own pairs of faces are, of one person and of different people.

    Where identities are clusters without a name, a person that the machine split over two of them would pass for two
    people who look the same. So pairs of faces of two clusters that pass as one person (`_passing_as_one`) count as
    neither; nor do those of a cluster of one face or two, which may be an odd photo of anybody's, where larger ones are
    there. A cluster that mixes people cannot be told from a person with
    many looks: its pairs count.

    Parameters
    ----------
    identity : {"person", "cluster", "mixed"}, default "person"
        What the identities are.

    Attributes
    ----------
    same_ : ndarray of shape (n_same,), float32
        Ascending cosines of all pairs of one person; copies of a photo (cosine of 0.9999 or more) do not count.
    different_ : ndarray of shape (n_different,), float32
        Ascending cosines of all pairs of different people. Pairs share faces, so they are fewer than they seem.
    n_identities_ : int
        People, or clusters, whose faces were paired.
    n_different_identities_ : int
        Pairs of them whose pairs of faces are in `different_`.
    """

    def __init__(self, identity: Identity = "person") -> None:
        self.identity = identity

    def fit(self, embeddings: np.ndarray, identities: ArrayLike, unnamed: ArrayLike | None = None) -> PairErrors:
        """Takes (n, 512) unit embeddings and who they are, (n,) int or text; None takes no part.

        `unnamed` (n,) bool marks the faces of clusters without a name, unless all are or none is. Beyond 4,000 faces,
        so many taken evenly. Raises EvaluationError without a pair of different people.
        """
        names = np.asarray(identities, dtype=object)
        rows = evenly_chosen(np.flatnonzero(known_persons(names)), MAX_FACES)
        known, first, who = np.unique(names[rows].astype(str), return_index=True, return_inverse=True)
        clusters = np.full(len(names), self.identity == "cluster") if unnamed is None else np.asarray(unnamed, bool)
        is_cluster = clusters[rows][first]
        apart = None
        if is_cluster.any() and len(known) > 1:
            apart = ~(_passing_as_one(embeddings[rows], who) & (is_cluster[:, None] | is_cluster))
            odd = is_cluster & (np.bincount(who) < _SOMEBODY)
            if (~odd).sum() > 1:
                apart &= ~(odd[:, None] | odd) | np.eye(len(odd), dtype=bool)
        above = ~np.tri(len(rows), dtype=bool)  # each pair once; a mask takes a sixteenth of the room of indices
        similarity = (embeddings[rows] @ embeddings[rows].T)[above]
        one = (who[:, None] == who)[above]
        different = ~one if apart is None else ~one & apart[who[:, None], who][above]
        self.n_identities_ = len(known)
        pairs = len(known) * (len(known) - 1)
        self.n_different_identities_ = (pairs if apart is None else int(apart.sum()) - len(known)) // 2
        self.different_ = np.sort(similarity[different])
        self.same_ = np.sort(similarity[one & (similarity < DUPLICATE_COSINE)])
        if not len(self.different_):
            needed = "2 clusters of different people" if self.identity == "cluster" else "faces of 2 people"
            raise EvaluationError(f"A threshold for two faces needs {needed}: index photos of more people.")
        return self

    def threshold(self, false_match_rate: float = defaults.FMR) -> float:
        """The lowest cosine that at most this share, in (0, 1), of the pairs of different people reaches."""
        if not 0 < false_match_rate < 1:
            raise ValueError(f"false_match_rate must lie between 0 and 1, got {false_match_rate}")
        allowed = int(false_match_rate * len(self.different_))
        highest = self.different_[len(self.different_) - 1 - allowed]
        return float(np.nextafter(highest, np.float32(2), dtype=np.float32))

    def false_match_rate(self, threshold: float) -> float:
        """Share of pairs of different people that reach the threshold."""
        reaching = len(self.different_) - np.searchsorted(self.different_, np.float32(threshold))
        return float(reaching / len(self.different_))

    def false_non_match_rate(self, threshold: float) -> float:
        """Share of pairs of one person that do not reach it; NaN when there is no such pair."""
        if not len(self.same_):
            return float("nan")
        return float(np.searchsorted(self.same_, np.float32(threshold)) / len(self.same_))

    def warning(self, false_match_rate: float) -> str:
        """A sentence when too few pairs stand behind a threshold for this rate; empty when enough do.

        All pairs of two people's faces are much alike, so how many pairs of people there are counts too: n people make
        n (n - 1) / 2. By the rule of 3, this many independent trials without one error show with 95 % confidence that
        the rate is no higher than 3 / trials (Doddington et al., "The NIST speaker recognition evaluation", 2000), so
        it takes 3 / rate of them. Pairs that share a person are not independent either: it is the least that is needed.
        """
        people = SEVERAL[self.identity]
        if false_match_rate * self.n_different_identities_ < _RULE_OF_3:
            pairs_of = "them" if self.identity == "mixed" else people
            return (
                f"The gallery's {self.n_identities_:,} {people} make {self.n_different_identities_:,} pairs of "
                f"{pairs_of}, and a false match rate of {100 * false_match_rate:g} % shows in "
                f"{_RULE_OF_3 / false_match_rate:,.0f} or more: index more people, or accept a higher rate."
            )
        if false_match_rate * len(self.different_) < _FEW_PAIRS:
            return (
                f"The gallery has {len(self.different_):,} pairs of faces of different {people}, and a false match "
                f"rate of {100 * false_match_rate:g} % shows in {_FEW_PAIRS / false_match_rate:,.0f} or more: index "
                "more photos, or accept a higher rate."
            )
        return ""

    @property
    def basis(self) -> str:
        """A sentence when the rates rest on clusters in place of people; empty when they do not."""
        return {"person": "", "cluster": _ON_CLUSTERS, "mixed": _PARTLY_ON_CLUSTERS}[self.identity]


def verify(one: np.ndarray, other: np.ndarray, pairs: PairErrors, fmr: float = defaults.FMR) -> Verification:
    """Compares two faces by their (512,) unit embeddings, at the threshold for a false match rate in (0, 1)."""
    similarity, threshold = float(one @ other), pairs.threshold(fmr)
    return Verification(
        similarity=similarity,
        threshold=threshold,
        same=similarity >= threshold,
        false_match_rate=pairs.false_match_rate(threshold),
        false_non_match_rate=pairs.false_non_match_rate(threshold),
        warning=pairs.warning(fmr),
        basis=pairs.basis,
    )


def _passing_as_one(embeddings: np.ndarray, who: np.ndarray) -> np.ndarray:
    """(k, k) bool, symmetric: which two of the identities `who` (n,) int from 0 to k - 1 pass as one person.

    Most faces of the one do, as the other's, where a person was cut in halves; the mean cosine between their faces is
    that of one person, where one of the two is a small part that was cut off. For large ones that would drop real
    look-alikes. On 17 synthetic people in 22 to 30 clusters, the threshold for a false match rate of 0.1 % misses no
    pair of one person that the true one keeps; without this, 78 % in 22 (`tests/recognition/test_verification.py`).
    """
    matcher = FaceMatcher(identity="cluster").fit(embeddings, who)
    scores, same = matcher.scores(embeddings), matcher.strangers_.one_in_a_hundred
    passing = np.stack([are_one_person(scores[who == one], same) for one in range(scores.shape[1])])
    sizes, centers = np.bincount(who), centers_of(embeddings, who)
    is_part = sizes < _PART * np.median(sizes[who])
    alike = centers @ centers.T >= least_of_one_person(sizes[:, None], sizes)
    passing = passing | passing.T | (alike & (is_part[:, None] | is_part))
    np.fill_diagonal(passing, False)
    return np.asarray(passing)
