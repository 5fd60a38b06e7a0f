"""Galleries of drawn embeddings, for tests that need clusters and people but no photo."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
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


def edit(folder: Path, sql: str, *parameters: object) -> None:
    """Changes a gallery's file as another program would: it then holds what indexing these photos would not leave."""
    with closing(sqlite3.connect(folder / "gallery.db")) as file, file:
        file.execute("PRAGMA foreign_keys = ON")
        file.execute(sql, parameters)
        file.execute("UPDATE meta SET value = value + 1 WHERE key = 'revision'")


def give(folder: Path, faces: Iterable[int], person: str | None) -> None:
    """Makes faces another person's, as if their photos lay in that person's folder, or nobody's."""
    for face in faces:
        edit(folder, "UPDATE faces SET person = ? WHERE id = ?", person, face)


def take_name(folder: Path, person: str) -> None:
    """Makes a person's faces nobody's, as if their photos lay in no folder."""
    edit(folder, "UPDATE faces SET person = NULL WHERE person = ?", person)


def ungroup(folder: Path) -> None:
    """Leaves the faces in no cluster, as before the first grouping."""
    edit(folder, "DELETE FROM clusterings")
