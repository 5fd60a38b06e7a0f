"""A gallery of any size without photos or models: random people on the unit sphere, all with one small crop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facecluster.clustering.face_clusterer import library_versions
from facecluster.gallery.gallery import Gallery
from facecluster.photos.images import encode_jpeg
from facecluster.records import EMBEDDING_SIZE, Clustering, NewFace, NewPhoto
from facecluster.vectors import similarity_to_centers
from facecluster.vision.weights import CASIA

_BATCH = 2_000
_SPREAD = 0.03  # a person's faces then lie at a cosine of about 0.83 to their centre, as photos of one person do
_STRAYS = 0.01  # share of faces in another cluster than their person's


def make_synthetic_gallery(
    folder: Path, faces: int = 100_000, clusters: int = 1_000, people: int = 1_000, seed: int = 0
) -> Gallery:
    """A gallery of `faces` photos with one face each, `people` persons and `clusters` clusters, 1 % of faces astray.

    The photos' files do not exist. Same arguments, same gallery. Raises ValueError when `folder` holds a gallery
    with faces already.
    """
    gallery = Gallery.open(folder)
    if gallery.counts().faces:
        raise ValueError(f"{folder} holds faces already: name another folder")
    rng = np.random.default_rng(seed)
    embeddings, person_of = synthetic_embeddings(faces, people, seed)
    gallery.use_model(CASIA)
    source = gallery.sources.add("folder", str(folder / "photos"), "synthetic")
    crop = encode_jpeg(np.tile(np.linspace(60, 200, 160, dtype=np.uint8)[:, None, None], (1, 160, 3)))
    for start in range(0, faces, _BATCH):
        rows = slice(start, min(start + _BATCH, faces))
        gallery.photos.add(source, list(_photos(person_of[rows], embeddings[rows], start, crop)), CASIA)
    labels = (person_of % clusters).astype(np.int32)
    strays = rng.random(faces) < _STRAYS
    labels[strays] = rng.integers(0, clusters, strays.sum())
    _save(gallery, embeddings, labels, clusters)
    return gallery


def synthetic_embeddings(faces: int, people: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit embeddings (faces, 512) float32 around `people` random directions, and the person of each, (faces,) int."""
    rng = np.random.default_rng(seed)
    person_of = np.sort(rng.integers(0, people, faces))
    around = _unit(rng.standard_normal((people, EMBEDDING_SIZE), np.float32))
    embeddings = np.empty((faces, EMBEDDING_SIZE), np.float32)
    for start in range(0, faces, _BATCH):
        rows = slice(start, min(start + _BATCH, faces))
        noise = _SPREAD * rng.standard_normal((rows.stop - start, EMBEDDING_SIZE), np.float32)
        embeddings[rows] = _unit(around[person_of[rows]] + noise)
    return embeddings, person_of


def _photos(persons: np.ndarray, embeddings: np.ndarray, start: int, crop: bytes) -> Iterator[NewPhoto]:
    box, landmarks = np.array([40, 40, 120, 120], np.float32), np.full((5, 2), 80, np.float32)
    for number, (person, embedding) in enumerate(zip(persons.tolist(), embeddings, strict=True), start):
        name = f"Person {person:05d}"
        yield NewPhoto(
            path=f"{name}/{number:07d}.jpg",
            sha256=f"{number:064x}",
            size=len(crop),
            status="indexed",
            settings=None,
            person=name,
            width=160,
            height=160,
            faces=(NewFace(box, landmarks, 0.999, True, crop, embedding, "synthetic"),),
        )


def _save(gallery: Gallery, embeddings: np.ndarray, labels: np.ndarray, clusters: int) -> None:
    centers = np.zeros((clusters, EMBEDDING_SIZE), np.float32)
    np.add.at(centers, labels, embeddings)
    centers = _unit(centers)
    similarity = similarity_to_centers(embeddings, centers, labels)
    gallery.clusterings.save(
        Clustering(
            algorithm="synthetic",
            parameters={"n_clusters": clusters},
            seed=0,
            model=CASIA,
            versions=library_versions(),
            inertia=float(2 * (1 - similarity).sum()),
            seconds=0.0,
            faces=np.array(sorted(gallery.faces.persons()), np.int64),
            labels=labels,
            similarity=similarity,
            centers=centers,
        )
    )


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
