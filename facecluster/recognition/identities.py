"""Who a gallery's faces are: a person by folder, else by the name of their cluster, else a cluster without a name.

Names compare in Unicode's form NFC and without blanks at their ends; "anna" and "Anna" are two people, as two folders
are. So clusters of one name are one person, and a cluster named like a folder's person is that person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facecluster.recognition.scoring import Identity
from facecluster.recognition.stranger_model import Floats
from facecluster.records import name_key
from facecluster.vectors import evenly_chosen

Rows = NDArray[np.intp]

# A cluster beside known people is somebody from so many faces on, each with so many others of this cosine on average.
# On the 678 faces of 17 celebrities, 95 % of a person's faces have that among three of them, and 3 % of the faces of 17
# different people among each other.
MIN_FACES = 3
_OTHERS = 2
_ALIKE = 0.4
_MOST_COMPARED = 2000  # faces of a cluster that each is compared with
_CHUNK = 1024


@dataclass(frozen=True)
class Identities:
    """Who n faces are. `numbers` (n,) int index `known`, -1 for nobody. `known` are persons and clusters, one of the
    two each: first the people by name, then the clusters without a name. `names` (n,) object are the persons' names,
    None where a face has none; `by_hand` (n,) bool tells which of these come from the name of a cluster."""

    numbers: np.ndarray
    known: list[tuple[str | None, int | None]]
    names: np.ndarray
    by_hand: np.ndarray

    @property
    def kind(self) -> Identity:
        """What they are: people, clusters, or both."""
        named = [person is not None for person, _ in self.known]
        return "person" if all(named) else "mixed" if any(named) else "cluster"


def identities_of(
    persons: np.ndarray,
    clusters: np.ndarray,
    names: Mapping[int, str],
    embeddings_of: Callable[[Rows], Floats],
) -> Identities:
    """Who each face is.

    persons: (n,) object, None where no folder tells; clusters: (n,) int, -1 for none; names: those that were given to
    clusters; embeddings_of: (m,) rows to (m, 512) unit vectors. Where nobody has a folder, every cluster is an
    identity. Else a cluster without a name is one when it holds most faces of nobody who has a folder, and then those
    of its faces that are alike: a bystander, alone among others' faces, stands for nobody.
    """
    labelled = np.array([person is not None for person in persons], bool)
    told = {cluster: key for cluster, name in names.items() if (key := name_key(name))}
    by_hand = ~labelled & np.isin(clusters, list(told))
    who = np.array(persons, object)
    who[~labelled] = None
    who[by_hand] = [told[cluster] for cluster in clusters[by_hand].tolist()]
    shown: dict[str, str] = {}  # a person's name as its folder writes it, by key
    for name in [*sorted(set(who[labelled].tolist())), *sorted(set(who[by_hand].tolist()))]:
        shown.setdefault(name_key(name), name)
    number = {name: place for place, name in enumerate(sorted(shown.values()))}
    numbers = np.full(len(persons), -1)
    for rows in (np.flatnonzero(labelled), np.flatnonzero(by_hand)):
        who[rows] = [shown[name_key(name)] for name in who[rows].tolist()]
        numbers[rows] = [number[name] for name in who[rows].tolist()]
    free = ~labelled & ~by_hand & (clusters >= 0)
    unnamed = _rows_by_cluster(clusters, free)
    if labelled.any():
        unnamed = _unnamed_people(unnamed, _main_clusters(numbers[labelled], clusters[labelled]), embeddings_of)
    for place, rows in enumerate(unnamed.values(), start=len(number)):
        numbers[rows] = place
    known: list[tuple[str | None, int | None]] = [(name, None) for name in number]
    return Identities(numbers, known + [(None, cluster) for cluster in unnamed], who, by_hand)


def clusters_of(faces: np.ndarray, clustered: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Each face's cluster (n,) int, by ids, of the `clustered` ones with their `labels`; -1 for all others."""
    if not len(clustered):
        return np.full(len(faces), -1)
    order = np.argsort(clustered)
    known = clustered[order]
    place = np.minimum(np.searchsorted(known, faces), len(known) - 1)
    return np.where(known[place] == faces, labels[order][place], -1)


def _rows_by_cluster(clusters: np.ndarray, which: np.ndarray) -> dict[int, Rows]:
    """The rows of each cluster among those that `which` (n,) bool marks."""
    rows = np.flatnonzero(which)
    rows = rows[np.argsort(clusters[rows], kind="stable")]
    numbers, starts = np.unique(clusters[rows], return_index=True)
    return dict(zip(numbers.tolist(), np.split(rows, starts[1:]), strict=False)) if len(rows) else {}


def _main_clusters(people: np.ndarray, clusters: np.ndarray) -> set[int]:
    """The clusters that hold most of the faces of some person, the first of several that do."""
    inside = clusters >= 0
    pairs, counts = np.unique(np.stack([people[inside], clusters[inside]]), axis=1, return_counts=True)
    order = np.lexsort((pairs[1], -counts, pairs[0]))
    _, first = np.unique(pairs[0][order], return_index=True)
    return set(pairs[1][order][first].tolist())


def _unnamed_people(
    unnamed: Mapping[int, Rows], of_people: set[int], embeddings_of: Callable[[Rows], Floats]
) -> dict[int, Rows]:
    """The clusters that stand for somebody without a name, and which of their faces do."""
    found = {}
    for cluster, rows in unnamed.items():
        if cluster not in of_people and len(rows) >= MIN_FACES:
            alike = rows[alike_faces(embeddings_of(rows))]
            if len(alike) >= MIN_FACES:
                found[cluster] = alike
    return found


def alike_faces(embeddings: Floats) -> NDArray[np.bool_]:
    """(m,) bool: which faces have two others that are as similar as one person's, on average."""
    sample = evenly_chosen(np.arange(len(embeddings)), _MOST_COMPARED)
    place = np.full(len(embeddings), -1)
    place[sample] = np.arange(len(sample))
    found = np.empty(len(embeddings), bool)
    for start in range(0, len(embeddings), _CHUNK):
        cosines = embeddings[start : start + _CHUNK] @ embeddings[sample].T
        itself = place[start : start + _CHUNK]
        rows = np.flatnonzero(itself >= 0)
        cosines[rows, itself[rows]] = -2
        best = np.partition(cosines, len(sample) - _OTHERS, axis=1)[:, len(sample) - _OTHERS :]
        found[start : start + _CHUNK] = best.mean(axis=1) >= _ALIKE
    return found
