"""How many clusters where only some people have a name: the people, and the further ones among the faces without one.

Faces without a person are compared with the named people first. Where all but a few lone ones resemble somebody, there
are as many people as names: a hard photo of a known person, or a bystander, adds no cluster. Else the number is
suggested from all faces, and never below the named people. One or two names cannot tell how strangers score, so with
these it is always suggested.
"""

from __future__ import annotations

import numpy as np

from facecluster.clustering.number_of_clusters import MAX_FACES, suggest_n_clusters
from facecluster.recognition.identities import MIN_FACES, alike_faces
from facecluster.recognition.scoring import FaceMatcher
from facecluster.recognition.stranger_model import MIN_IDENTITIES, Floats
from facecluster.vectors import evenly_chosen

# This share of strangers' faces may pass for a named person's. A newcomer then has that many faces fewer; at a lower
# rate, more hard photos of the named people would count as strangers.
_FPIR = 0.05
_COMPARED = 20_000  # faces of named people that the others are compared with, evenly of each


def people_and_newcomers(embeddings: Floats, persons: np.ndarray, seed: int = 0) -> int:
    """The number of people: embeddings (n, 512) of unit norm, persons (n,) object with None for unknown.

    At least the named ones, of whom there must be one. Where a suggestion from all faces does not even see these (it
    rests on 3,000 faces at most, and people with few faces escape it), newcomers are counted among the faces that
    resemble nobody.
    """
    known = np.array([person is not None for person in persons], bool)
    people, who = np.unique(persons[known].astype(str), return_inverse=True)
    loose = embeddings[~known]
    if len(loose) > MAX_FACES:
        loose = loose[np.random.default_rng(seed).choice(len(loose), MAX_FACES, replace=False)]
    if len(loose) < MIN_FACES:
        return len(people)
    new = _resembling_nobody(embeddings[known], who, loose) if len(people) >= MIN_IDENTITIES else loose
    new = new[alike_faces(new)] if len(new) >= MIN_FACES else new[:0]
    if len(new) < MIN_FACES:
        return len(people)
    suggested = suggest_n_clusters(embeddings, random_state=seed).n_clusters
    if suggested >= len(people):
        return suggested
    return len(people) + suggest_n_clusters(new, random_state=seed).n_clusters


def _resembling_nobody(named: Floats, who: np.ndarray, loose: Floats) -> Floats:
    """The loose faces (m, 512) that are none of the named people's, whose faces are (n, 512), `who` (n,) each is."""
    rows = _evenly_of_each(who, max(MIN_FACES, _COMPARED // (who.max() + 1)))
    matcher = FaceMatcher().fit(named[rows], who[rows])
    return loose[matcher.scores(loose).max(axis=1) < matcher.threshold(_FPIR)]


def _evenly_of_each(who: np.ndarray, most: int) -> np.ndarray:
    """The rows of at most so many faces of each person, evenly."""
    order = np.argsort(who, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(who[order])) + 1)
    return np.sort(np.concatenate([evenly_chosen(part, most) for part in parts]))
