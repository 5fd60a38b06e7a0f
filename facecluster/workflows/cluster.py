"""Grouping a gallery's faces: how many clusters, by which algorithm, and the result as the gallery's."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np

from facecluster.clustering.algorithms import Grouping, algorithm_named, distinct_sentence, group_faces
from facecluster.clustering.face_clusterer import FaceClusterer, library_versions
from facecluster.clustering.number_of_clusters import suggest_n_clusters
from facecluster.errors import ClusteringError
from facecluster.gallery.gallery import Gallery
from facecluster.progress import IsCancelled, never
from facecluster.recognition.newcomers import people_and_newcomers
from facecluster.records import NO_CLUSTER, Clustering
from facecluster.vectors import centers_of, similarity_to_centers
from facecluster.waiting import run_abandonable

ChosenBy = Literal["fixed", "people", "people and others", "suggested"]


def cluster_gallery(
    gallery: Gallery,
    n_clusters: int | Literal["people", "auto"] = "people",
    seed: int = 0,
    cancelled: IsCancelled = never,
) -> Clustering:
    """Clusters a gallery's faces and makes the result the gallery's.

    "people" takes the number of people who have a name, by folder or by hand, and of the further ones that show among
    the faces without one (`newcomers`), or a suggestion where nobody has a name; "auto" always suggests
    (`suggest_n_clusters`). Raises ClusteringError when there are fewer faces than clusters, and Cancelled within a
    fraction of a second once `cancelled()`; the gallery's clusters are then as they were.
    """
    faces = gallery.faces()
    known = gallery.faces.known_names(faces)
    start = time.perf_counter()

    def group() -> tuple[FaceClusterer, int, str]:
        number, chosen_by = choose_number(faces.embeddings, known, n_clusters, seed)
        return FaceClusterer(number, random_state=seed).fit(faces.embeddings), number, chosen_by

    model, number, chosen_by = run_abandonable(group, cancelled)
    return gallery.clusterings.save(
        Clustering(
            algorithm="kmeans",
            parameters={
                "n_clusters": number,
                "chosen_by": chosen_by,
                "n_init": model.n_init_,
                "passes": model.algorithm_,
                "method": model.method_,
                "note": distinct_sentence(faces.embeddings, number),
                "silhouettes": {name: round(value, 4) for name, value in model.silhouettes_.items()},
            },
            seed=seed,
            model=gallery.model or "",
            versions=library_versions(),
            inertia=model.inertia_,
            seconds=round(time.perf_counter() - start, 3),
            faces=faces.ids,
            labels=model.labels_,
            similarity=similarity_to_centers(faces.embeddings, model.cluster_centers_, model.labels_),
            centers=model.cluster_centers_,
        )
    )


def apply_algorithm(
    gallery: Gallery,
    name: str,
    n_clusters: int | Literal["people", "auto"] = "people",
    seed: int = 0,
    cancelled: IsCancelled = never,
) -> Clustering:
    """Makes an algorithm's clusters the gallery's clustering; those of KMeans are those of `cluster_gallery`.

    Centres are the means of the clusters; faces in none get no assignment. `n_clusters` is for algorithms that need
    a number. Raises ClusteringError when there is nothing to group or the algorithm finds no cluster, and Cancelled
    within a fraction of a second once `cancelled()`; the gallery's clusters are then as they were.
    """
    algorithm = algorithm_named(name)
    if name in ("kmeans", "kmeans-suggested"):
        return cluster_gallery(gallery, n_clusters if algorithm.needs_number else "auto", seed, cancelled)
    faces = gallery.faces()
    known = gallery.faces.known_names(faces)
    start = time.perf_counter()

    def group() -> tuple[Grouping, str]:
        number, chosen_by = 1, "algorithm"
        if algorithm.needs_number:
            number, chosen_by = choose_number(faces.embeddings, known, n_clusters, seed)
        return group_faces(faces.embeddings, name, number, seed), chosen_by

    found, chosen_by = run_abandonable(group, cancelled)
    kept = found.labels != NO_CLUSTER
    if not kept.any():
        raise ClusteringError(
            f"{algorithm.title} puts no two faces of this gallery together: choose another algorithm."
        )
    numbers, labels = np.unique(found.labels[kept], return_inverse=True)
    vectors = faces.embeddings[kept]
    centers = centers_of(vectors, labels)
    return gallery.clusterings.save(
        Clustering(
            algorithm=name,
            parameters=found.parameters
            | {"n_clusters": len(numbers), "chosen_by": chosen_by, "left_out": int((~kept).sum())}
            | {"last_face": int(faces.ids.max())},
            seed=seed,
            model=gallery.model or "",
            versions=library_versions(),
            inertia=float(((vectors - centers[labels]) ** 2).sum()),
            seconds=round(time.perf_counter() - start, 3),
            faces=faces.ids[kept],
            labels=labels.astype(np.int32),
            similarity=similarity_to_centers(vectors, centers, labels),
            centers=centers,
        )
    )


def choose_number(
    embeddings: np.ndarray, persons: np.ndarray, wanted: int | str, seed: int = 0
) -> tuple[int, ChosenBy]:
    """The number to make of a gallery's faces, and what chose it.

    embeddings: (n, 512) of unit norm; persons: (n,) object, None where nobody knows. "people and others" counts people
    with a name and some without. Raises ClusteringError when there are fewer faces than that.
    """
    if len(embeddings) == 0:
        raise ClusteringError("The gallery holds no faces yet: index photos first.")
    if isinstance(wanted, int):
        if not 1 <= wanted <= len(embeddings):
            raise ClusteringError(
                f"{wanted} clusters cannot be made of {len(embeddings)} faces: choose a number from 1 to "
                f"{len(embeddings)}."
            )
        return wanted, "fixed"
    people = len({person for person in persons if person is not None})
    if wanted == "people" and people:
        number = people_and_newcomers(embeddings, persons, seed)
        return number, "people" if number == people else "people and others"
    return suggest_n_clusters(embeddings, random_state=seed).n_clusters, "suggested"
