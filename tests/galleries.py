"""Galleries of drawn embeddings, for tests that need clusters and people but no photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facecluster import Gallery
from facecluster.records import NewFace, NewPhoto


def make_gallery(folder: Path, embeddings: np.ndarray, persons: np.ndarray, prefix: str = "") -> Gallery:
    """A gallery of these faces, one on each photo."""
    gallery = Gallery.open(folder)
    gallery.use_model("casia-webface")
    source = gallery.add_source("folder", str(folder), "people")
    box, landmarks = np.array([0, 0, 50, 50], np.float32), np.zeros((5, 2), np.float32)
    photos = [
        NewPhoto(
            *(f"{prefix}{row}.jpg", f"{prefix}{row}", 1, "indexed", "all"),
            person=person,
            faces=(NewFace(box, landmarks, 0.99, True, b"jpeg", vector, "fake"),),
        )
        for row, (vector, person) in enumerate(zip(embeddings, persons, strict=True))
    ]
    gallery.add_photos(source, photos, "casia-webface")
    return gallery
