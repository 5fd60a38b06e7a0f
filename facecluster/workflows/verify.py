"""What a gallery says about two faces: how alike its own pairs are."""

from __future__ import annotations

import numpy as np

from facecluster.errors import EvaluationError
from facecluster.gallery.gallery import Gallery
from facecluster.recognition.identities import clusters_of, identities_of
from facecluster.recognition.verification import MAX_FACES, PairErrors
from facecluster.vectors import evenly_chosen


def gallery_pairs(gallery: Gallery) -> PairErrors:
    """The pairs of the people and unnamed clusters that identification knows. Raises EvaluationError."""
    persons, clustering = gallery.faces.persons(), gallery.clusterings.current()
    if clustering is None and not persons:
        raise EvaluationError("The gallery knows no people and has no clusters yet: cluster its faces first.")
    clustered = np.empty(0, np.int64) if clustering is None else clustering.faces
    faces = np.union1d(np.array(list(persons), np.int64), clustered)
    found = identities_of(
        np.array([persons.get(face) for face in faces.tolist()], object),
        clusters_of(faces, clustered, clustered if clustering is None else clustering.labels),
        {} if clustering is None else clustering.names,
        lambda rows: gallery.faces.embeddings_of(faces[rows]),
    )
    rows = evenly_chosen(np.flatnonzero(found.numbers >= 0), MAX_FACES)
    numbers = found.numbers[rows]
    unnamed = np.array([person is None for person, _ in found.known], bool)[numbers]
    return PairErrors(found.kind).fit(gallery.faces.embeddings_of(faces[rows]), numbers, unnamed)
