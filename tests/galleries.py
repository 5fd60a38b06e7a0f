"""Galleries of drawn embeddings, for tests that need clusters and people but no photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facecluster import Gallery
from facecluster.face_settings import FaceSettings
from facecluster.records import NewFace, NewPhoto
from facecluster.workflows.cluster import cluster_gallery
from tests.people import draw_people


def make_gallery(
    folder: Path, embeddings: np.ndarray, persons: np.ndarray, prefix: str = "", crop: bytes = b"jpeg"
) -> Gallery:
    """A gallery of these faces, one on each photo."""
    gallery = Gallery.open(folder)
    gallery.use_model("casia-webface")
    source = gallery.sources.add("folder", str(folder), "people")
    box, landmarks = np.array([0, 0, 50, 50], np.float32), np.zeros((5, 2), np.float32)
    photos = [
        NewPhoto(
            f"{prefix}{row}.jpg",
            f"{prefix}{row}",
            1,
            "indexed",
            FaceSettings("all"),
            person=person,
            faces=(NewFace(box, landmarks, 0.99, True, crop, vector, "fake"),),
        )
        for row, (vector, person) in enumerate(zip(embeddings, persons, strict=True))
    ]
    gallery.photos.add(source, photos, "casia-webface")
    return gallery


def clustered_gallery(folder: Path) -> Path:
    """The folder, with a clustered gallery of seven people of eight faces."""
    gallery = make_gallery(folder, *draw_people(7, 8, scatter=1.2, alike=0.3))
    cluster_gallery(gallery)
    gallery.close()
    return folder


def unlabelled_gallery(folder: Path) -> Path:
    """The folder, with a clustered gallery of five people of eight faces whose names nobody knows."""
    gallery = make_gallery(folder, draw_people(5, 8)[0], np.full(40, None))
    cluster_gallery(gallery, 3)
    gallery.close()
    return folder
