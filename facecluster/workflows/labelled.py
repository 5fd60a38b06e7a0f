"""A gallery's clusters beside its people, as evaluation takes them."""

from __future__ import annotations

import numpy as np

from facecluster.errors import EvaluationError
from facecluster.evaluation.algorithm_comparison import apart_from_all
from facecluster.gallery.gallery import Gallery


def labelled_clustering(gallery: Gallery) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Face ids, cluster labels and persons of the gallery's clustered faces, each (n,).

    Labelled faces in no cluster come last, each with a negative label of its own: they count as clusters
    of themselves. Faces found after the clustering was made take no part. Raises EvaluationError when the gallery has
    no clusters.
    """
    faces, labels, persons = gallery.clusterings.faces_to_evaluate()
    if not len(faces):
        raise EvaluationError("There are no clusters to evaluate yet: index photos, then cluster them.")
    return faces, apart_from_all(labels), persons
