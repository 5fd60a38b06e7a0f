"""How a clustering is written, and which names pass from the one before to it."""

from __future__ import annotations

import json

import numpy as np

from facecluster.gallery.database import Connection
from facecluster.records import Clustering


def replace_clustering(db: Connection, clustering: Clustering, names: dict[int, str]) -> None:
    """Makes `clustering`, with these names of its clusters, the gallery's only one."""
    db.execute("DELETE FROM clusterings")
    new_id = db.execute(
        "INSERT INTO clusterings (algorithm, parameters, seed, model, versions, inertia, seconds, n_clusters, centers, "
        "created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(nullif(?, ''), datetime('now')))",
        (
            clustering.algorithm,
            json.dumps(clustering.parameters),
            clustering.seed,
            clustering.model,
            json.dumps(clustering.versions),
            clustering.inertia,
            clustering.seconds,
            clustering.n_clusters,
            clustering.centers.astype("<f4").tobytes(),
            clustering.created,
        ),
    ).lastrowid
    columns = (clustering.labels.tolist(), clustering.similarity.tolist(), clustering.faces.tolist())
    db.executemany(
        "INSERT INTO assignments (clustering_id, cluster, similarity, face_id) VALUES (?, ?, ?, ?)",
        ((new_id, label, similarity, face) for label, similarity, face in zip(*columns, strict=True)),
    )
    db.executemany(
        "INSERT INTO cluster_names VALUES (?, ?, ?)", ((new_id, number, name) for number, name in names.items())
    )


def inherited_names(old: Clustering | None, new: Clustering) -> dict[int, str]:
    """The new clusters that hold more than half of a named old one's faces; without one a name is dropped."""
    if old is None or not old.names:
        return {}
    label_of = dict(zip(new.faces.tolist(), new.labels.tolist(), strict=True))
    names: dict[int, str] = {}
    for number, name in old.names.items():
        faces = old.faces[old.labels == number].tolist()
        heirs = np.bincount([label_of[face] for face in faces if face in label_of], minlength=1)
        if 2 * heirs.max() > len(faces):
            names.setdefault(int(heirs.argmax()), name)
    return names
