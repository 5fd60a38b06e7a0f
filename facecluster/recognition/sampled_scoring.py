"""The matcher of large galleries: the same rule, from the identities that matter and samples of the others.

A gallery of 10,000 people is compared whole neither for a probe nor to find its threshold. A mean over
everybody (how strangers score, how much a face resembles everybody) is as good over a few hundred people. The most
similar stranger is found only among the nearest identities, so those are looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facecluster.progress import OnProgress
from facecluster.recognition.scoring import FaceMatcher, mean_of_best
from facecluster.recognition.stranger_model import FALLBACK, MIN_IDENTITIES, Floats, are_one_person, shape_of_strangers
from facecluster.vectors import evenly_chosen

Rows = NDArray[np.intp]

# On synthetic galleries of 3,600 to 7,200 faces this moved no score by more than 0.006 from `FaceMatcher`'s.
_COHORT = 256
_COHORT_FACES = 50  # of a person, so that the cohort takes 26 MB at most
_CALIBRATED_IDENTITIES = 200
_CALIBRATED_FACES = 10  # of each
_RIVALS = 8  # identities whose centres are nearest to a calibrated face
_PROBES = 256
PIECE = 4_096  # faces that are gathered at once: 8 MB
_SEED = 0  # of the samples: fixed, so that the same gallery always gives the same threshold


class LargeFaceMatcher(FaceMatcher):
    """FaceMatcher for more than 50,000 faces; parameters, attributes and scale are the same.

    Cosines are exact. The correction takes "the others" to be a fixed random sample of 256 identities with up to 50
    faces each. Calibration leaves out up to 10 faces of each of 200 identities drawn evenly; the best similarity of
    such a face to somebody else is sought among the identities whose centres are nearest to the person's faces.
    The embeddings are kept as they come and not copied; beside them it holds 8 bytes per face, 2 KB per identity and
    26 MB of sampled faces. Fitting 1,000,000 faces of 10,000 people added 0.2 GB to the 2 GB of embeddings at its peak.
    """

    def fit(
        self, embeddings: ArrayLike, identities: ArrayLike, on_progress: OnProgress | None = None
    ) -> LargeFaceMatcher:
        """As `FaceMatcher.fit`; faces whose identity is -1 stay out, which saves the caller a copy of the others.

        `on_progress(done, total)` counts the identities whose faces are left out.
        """
        self._on_progress = on_progress or (lambda done, total: None)
        self._faces = np.asarray(embeddings, np.float32)
        labels = np.asarray(identities)
        self._check(self._faces, labels)
        rows = np.flatnonzero(labels >= 0)
        # Faces in the order of their identities: identity i's are _rows[_edges[i] : _edges[i + 1]].
        self._rows = rows[np.argsort(labels[rows], kind="stable")]
        self.identities_, counts = np.unique(labels[rows], return_counts=True)
        self._edges = np.concatenate([[0], np.cumsum(counts)])
        self._centers = self._means()
        self._draw_cohort()
        self._calibrate()
        del self._on_progress  # what it holds has no place in another process
        return self

    def scores(self, probes: ArrayLike) -> Floats:
        """Similarity of each probe (m, 512) to each identity: (m, n_identities) float32. Reads the whole gallery."""
        return self.scores_of(probes, np.arange(len(self.identities_)))

    def scores_of(self, probes: ArrayLike, columns: ArrayLike) -> Floats:
        """As `scores`, (m, c), to the identities at the places `columns` (c,) int of `identities_` alone."""
        probes, wanted = np.asarray(probes, np.float32), np.asarray(columns, np.intp)
        if probes.ndim != 2 or probes.shape[1] != self._faces.shape[1]:
            raise ValueError(f"probes must be (m, {self._faces.shape[1]}), got {probes.shape}")
        out = np.empty((len(probes), len(wanted)), np.float32)
        for start in range(0, len(probes), _PROBES):
            part = probes[start : start + _PROBES]
            rest = self._rest(self._cohort_cosines(part), wanted)
            out[start : start + _PROBES] = self._corrected(self._cosines_to(part, wanted), rest)
        return out

    def nearest(self, probes: Floats, number: int) -> Rows:
        """The identities with the nearest mean embedding, (m, number) columns in no order, or all where fewer."""
        number = min(number, len(self.identities_))
        return np.argpartition(-(probes @ self._centers.T), number - 1, axis=1)[:, :number]

    def _check(self, faces: Floats, labels: NDArray[Any]) -> None:
        if np.issubdtype(labels.dtype, np.integer):
            nobody = labels.size and labels.max() < 0
            faces, labels = (faces[:0], labels[:0]) if nobody else (faces, np.maximum(labels, 0))
        super()._check(faces, labels)

    def _means(self) -> Floats:
        """The direction of each identity's mean embedding: (n_identities, 512) float32."""
        from scipy.sparse import csr_matrix

        # A product with the table of who is who adds up rows where they lie; gathering them would copy the gallery.
        ones = np.ones(len(self._rows), np.float32)
        shape = (len(self.identities_), len(self._faces))
        sums = csr_matrix((ones, self._rows, self._edges), shape=shape) @ self._faces
        return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12), np.float32)

    def _draw_cohort(self) -> None:
        rng = np.random.default_rng(_SEED)
        people = len(self.identities_)
        self._cohort = np.sort(rng.choice(people, min(_COHORT, people), replace=False))
        rows = [evenly_chosen(self.rows_of(column), _COHORT_FACES) for column in self._cohort]
        counts = np.array([len(part) for part in rows])
        self._cohort_held = np.arange(counts.max()) < counts[:, None]
        self._cohort_faces = self._faces[np.concatenate(rows)]
        self._place = np.full(people, -1)  # of an identity in the cohort
        self._place[self._cohort] = np.arange(len(self._cohort))
        self._typical = 0.0

    def rows_of(self, column: int) -> Rows:
        """The rows of the fitted embeddings that are the faces of one of `identities_`, (n_faces,)."""
        return self._rows[self._edges[column] : self._edges[column + 1]]

    def _cohort_cosines(self, probes: Floats) -> Floats:
        """(m, n_cohort): the mean cosine to the nearest faces of each identity in the cohort."""
        held = self._cohort_held
        # One array, padded with what is less than any cosine: a call for each identity would take most of the time.
        cosines = np.full((len(probes), *held.shape), -2, np.float32)
        cosines[:, held] = probes @ self._cohort_faces.T
        wanted = min(self.n_nearest, held.shape[1])
        best = np.partition(cosines, held.shape[1] - wanted, axis=2)[..., held.shape[1] - wanted :]
        total = np.where(best >= -1.5, best, 0).sum(axis=2)
        return np.asarray(total / np.minimum(held.sum(axis=1), wanted), np.float32)

    def _cosines_to(self, probes: Floats, columns: Rows) -> Floats:
        """(m, c): the mean cosine to the nearest faces of each of the identities, from all their faces."""
        out = np.empty((len(probes), len(columns)), np.float32)
        counts = self._edges[columns + 1] - self._edges[columns]
        # Whole identities go together: many have too few faces to be worth a product each.
        piece = np.cumsum(counts) // PIECE
        for number in np.unique(piece):
            mine = np.flatnonzero(piece == number)
            rows = np.concatenate([self.rows_of(column) for column in columns[mine]])
            cosines = np.hstack([probes @ self._faces[part].T for part in in_pieces(rows)])
            out[:, mine] = self._by_edges(cosines, np.concatenate([[0], np.cumsum(counts[mine])]))
        return out

    def _by_edges(self, cosines: Floats, edges: NDArray[np.int_]) -> Floats:
        return np.stack([mean_of_best(cosines[:, low:high], self.n_nearest) for low, high in pairwise(edges)], axis=1)

    def _rest(self, cohort: Floats, columns: Rows, own: int | None = None) -> Floats:
        """(m, c): the mean of the cohort's cosines (m, n_cohort) without each of the identities, and without `own`.

        Usual where nobody is left.
        """
        counts = np.ones(len(self._cohort), bool)
        if own is not None and self._place[own] >= 0:
            counts[self._place[own]] = False
        inside = (self._place[columns] >= 0) & counts[self._place[columns]]
        total = cohort[:, counts].sum(axis=1, keepdims=True) - np.where(inside, cohort[:, self._place[columns]], 0)
        left = counts.sum() - inside
        return np.asarray(np.where(left > 0, total / np.maximum(left, 1), self._typical), np.float32)

    def _calibrate(self) -> None:
        people = len(self.identities_)
        chosen = evenly_chosen(np.arange(people), _CALIBRATED_IDENTITIES)
        rows = [evenly_chosen(self.rows_of(column), _CALIBRATED_FACES) for column in chosen]
        cohorts = [self._cohort_cosines(self._faces[part]) for part in rows]
        others = [np.flatnonzero(self._cohort != column) for column in chosen]
        pairs = [cohort[:, other].ravel() for cohort, other in zip(cohorts, others, strict=True)]
        self._typical = float(np.median(np.concatenate(pairs))) if people > 1 else 0.0
        told, strange, usual, mistaken = [], [], [], []
        for number, (column, part, cohort, other) in enumerate(zip(chosen, rows, cohorts, others, strict=True)):
            self._on_progress(number, len(chosen))
            own = self._own(self.rows_of(column), part)
            rivals = np.setdiff1d(self.nearest(self._faces[part], _RIVALS + 1), [column])
            plain = self._cosines_to(self._faces[part], rivals)
            mistaken.append(own < plain.max(axis=1, initial=-1))
            told.append(self._corrected(own, self._rest(cohort, np.array([column]))[:, 0]))
            strange.append(self._corrected(plain, self._rest(cohort, rivals, column)))
            usual.append(self._corrected(cohort[:, other], self._rest(cohort, self._cohort[other], column)))
        self.own_similarities_, self.mistaken_ = np.concatenate(told), np.concatenate(mistaken)
        self.stranger_similarities_ = np.concatenate([block.max(axis=1, initial=-1) for block in strange])
        self.n_calibrated_ = len(self.mistaken_)
        self._set_strangers(strange, usual, [~block for block in mistaken])

    def _set_strangers(self, strange: list[Floats], usual: list[Floats], sound: list[NDArray[np.bool_]]) -> None:
        """Models strangers from blocks of one identity's faces each: to its rivals, and to the cohort."""
        people, all_sound = len(self.identities_), np.concatenate(sound)
        if people < MIN_IDENTITIES:
            self.strangers_ = FALLBACK
            return
        if not all_sound.any():
            sound, all_sound = [~block for block in sound], ~all_sound
        own = self.own_similarities_
        spread = np.concatenate([block[rows].ravel() for block, rows in zip(usual, sound, strict=True)])
        shape = shape_of_strangers(spread, own[all_sound & ~np.isnan(own)], np.diff(self._edges))
        same = shape.one_in_a_hundred
        best = [
            block[np.ix_(rows, ~are_one_person(block, same))].max(axis=1, initial=-1)
            for block, rows in zip(strange, sound, strict=True)
        ]
        self.strangers_ = replace(shape, seen=np.sort(np.concatenate(best)))

    def _own(self, of_identity: Rows, rows: Rows) -> Floats:  # type: ignore[override]
        """Mean cosine of faces `rows` to the nearest others of their identity, (n,); NaN when they are alone."""
        if len(of_identity) == 1:
            return np.full(1, np.nan, np.float32)
        cosines = self._faces[rows] @ self._faces[of_identity].T
        cosines[rows[:, None] == of_identity] = -2
        return mean_of_best(cosines, min(self.n_nearest, len(of_identity) - 1))


def in_pieces(rows: Rows, size: int = PIECE) -> Iterator[Rows]:
    """Pieces of `rows` (n,) that are small enough to gather their embeddings."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
