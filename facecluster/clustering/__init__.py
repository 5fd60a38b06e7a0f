"""Embeddings into groups: the default clusterer, other algorithms, and how many groups there are.

Pure functions and estimators on arrays; nothing here knows a gallery.
"""

from facecluster.lazy import hand_on

__getattr__ = hand_on(
    __name__,
    {
        "FaceClusterer": "face_clusterer",
        "suggest_n_clusters": "number_of_clusters",
    },
)
