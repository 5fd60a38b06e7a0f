"""What is read of single faces: their pictures, embeddings and look-alikes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facecluster.crop_place import crop_place
from facecluster.errors import GalleryError
from facecluster.gallery.clusterings import FACE_SQL, Clusterings, as_table, current_clustering
from facecluster.gallery.database import Database
from facecluster.gallery.photos import Photos
from facecluster.records import EMBEDDING_SIZE, FACE_COLUMNS, FaceRecord, Faces, name_key

if TYPE_CHECKING:
    import pandas as pd

_ALL_COMPARED = 10_000  # faces: 20 MB of embeddings
_LIKELY_NEIGHBOURS = 8_192  # faces of the nearest clusters that are compared in a larger gallery
_RIM = 0.02  # and the share of faces least similar to their cluster's centre


@dataclass(frozen=True)
class FaceLook:
    """How a face looks in a grid.

    `crop` is the stored 160 px JPEG, which is stretched to a square; `ratio` the width by the height of what it shows;
    `detection_score` how sure the detector was, from 0 to 1.
    """

    crop: bytes
    ratio: float
    detection_score: float


PERSONS_SQL = "SELECT person, count(*) FROM faces WHERE person NOT NULL GROUP BY person"
_HAND_NAMES_SQL = (
    "SELECT a.face_id, n.name FROM cluster_names n JOIN assignments a ON a.clustering_id = n.clustering_id AND "
    "a.cluster = n.cluster WHERE n.clustering_id = (SELECT max(id) FROM clusterings)"
)


class StoredFaces:
    """The gallery's faces: their pictures, embeddings, persons and look-alikes. Called, it gives all of them."""

    def __init__(self, database: Database, photos: Photos) -> None:
        self._database = database
        self._photos = photos

    def __call__(self) -> Faces:
        """All faces, in the order they were found."""
        rows = self._database.read(f"SELECT {FACE_SQL} FROM faces f JOIN photos p ON p.id = f.photo_id ORDER BY f.id")
        vectors = self._database.read("SELECT vector FROM embeddings ORDER BY face_id")
        embeddings = np.frombuffer(b"".join(row[0] for row in vectors), "<f4").reshape(-1, EMBEDDING_SIZE)
        return Faces(as_table(rows, FACE_COLUMNS), embeddings.astype(np.float32, copy=False))

    def get(self, face_id: int) -> FaceRecord:
        """Raises GalleryError when there is no such face."""
        rows = self._database.read("SELECT * FROM faces WHERE id = ?", face_id)
        if not rows:
            raise GalleryError(f"The gallery holds no face {face_id}: it was deleted; reload the page.")
        row = rows[0]
        return FaceRecord(
            id=row["id"],
            photo=self._photos.get(row["photo_id"]),
            person=row["person"],
            is_main=bool(row["is_main"]),
            box=(row["x1"], row["y1"], row["x2"], row["y2"]),
            landmarks=np.frombuffer(row["landmarks"], "<f4").reshape(5, 2),
            detection_score=row["detection_score"],
            model=row["model"],
            runtime=row["runtime"],
        )

    def persons(self) -> dict[int, str]:
        """The person of every face that has one, by face."""
        rows = self._database.read("SELECT id, person FROM faces WHERE person IS NOT NULL")
        return {row[0]: row[1] for row in rows}

    def known_names(self, faces: Faces) -> np.ndarray:
        """(n,) object: each face's person, else the name of its cluster, None for nobody known."""
        by_hand = dict(map(tuple, self._database.read(_HAND_NAMES_SQL)))
        names = [
            by_hand.get(face) if person is None else name_key(person)
            for face, person in zip(faces.ids.tolist(), faces.persons, strict=True)
        ]
        return np.array(names, object)

    def by_identity(self) -> dict[str, int]:
        """How many faces are taken for each person, by folder or by the name of their cluster; by name."""
        by_folder = Counter(dict(map(tuple, self._database.read(PERSONS_SQL))))
        return dict(by_folder + Counter(Clusterings(self._database).faces_by_name()))

    def detections_of(self, photo_id: int) -> list[tuple[float, np.ndarray]]:
        """The detection score and the landmarks (5, 2) of each face that is kept of a photo."""
        rows = self._database.read("SELECT detection_score, landmarks FROM faces WHERE photo_id = ?", photo_id)
        return [(row[0], np.frombuffer(row[1], "<f4").reshape(5, 2)) for row in rows]

    def runtimes(self) -> dict[str, int]:
        """How many faces were embedded by each runtime, most first."""
        sql = "SELECT runtime, count(*) AS faces FROM faces GROUP BY runtime ORDER BY faces DESC, runtime"
        return dict(map(tuple, self._database.read(sql)))

    def embeddings_of(self, face_ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Embeddings (n, 512) float32, unit norm, of some faces. Raises GalleryError when one is not there."""
        found: dict[int, np.ndarray] = {}
        for ids, vectors in self._embeddings(face_ids):
            found.update(zip(ids.tolist(), vectors, strict=True))
        missing = [face for face in face_ids if int(face) not in found]
        if missing:
            raise GalleryError(f"The gallery holds no face {missing[0]}: it was deleted; reload the page.")
        return np.array([found[int(face)] for face in face_ids], np.float32).reshape(-1, EMBEDDING_SIZE)

    def nearest(self, face_id: int, limit: int = 8) -> pd.DataFrame:
        """FACE_COLUMNS and similarity (cosine to the face) of the gallery's most similar other faces.

        Beyond 10,000 faces only those are compared that lie in the clusters nearest to the face, in none, or in one
        whose centre they resemble least.
        Embeddings are read in pieces of 8 MB and not kept. Raises GalleryError when there is no such face.
        """
        probe = self.embeddings_of([face_id])[0]
        best: list[tuple[float, int]] = []
        for ids, vectors in self._embeddings(self._likely_neighbours(probe)):
            similarity = vectors @ probe
            similarity[ids == face_id] = -2
            top = np.argsort(-similarity)[:limit]
            pairs = zip(similarity[top].tolist(), ids[top].tolist(), strict=True)
            best = sorted([*best, *((s, f) for s, f in pairs if s >= -1.5)], key=lambda pair: (-pair[0], pair[1]))[
                :limit
            ]
        table = self.by_id([face for _, face in best])
        return table.assign(similarity=np.array([similarity for similarity, _ in best], np.float32))

    def _likely_neighbours(self, probe: np.ndarray) -> list[int]:
        """The faces that are worth comparing with an embedding (512,): in a small gallery all."""
        n_faces = self._database.read("SELECT count(*) FROM faces")[0][0]
        current = self._database.read("SELECT id, centers FROM clusterings ORDER BY id DESC LIMIT 1")
        if n_faces <= _ALL_COMPARED or not current:
            return [row[0] for row in self._database.read("SELECT id FROM faces")]
        clustering, centers = current[0]
        in_none = "SELECT id FROM faces WHERE id NOT IN (SELECT face_id FROM assignments WHERE clustering_id = ?)"
        faces = [row[0] for row in self._database.read(in_none, clustering)]
        # A face that was put with the wrong people lies near to its own ones, and far from its cluster's centre.
        astray = "SELECT face_id FROM assignments WHERE clustering_id = ? ORDER BY similarity LIMIT ?"
        faces += [row[0] for row in self._database.read(astray, clustering, round(_RIM * n_faces))]
        in_cluster = "SELECT face_id FROM assignments WHERE clustering_id = ? AND cluster = ?"
        means = np.frombuffer(centers, "<f4").reshape(-1, EMBEDDING_SIZE)
        near = means @ probe / np.maximum(np.linalg.norm(means, axis=1), 1e-12)
        enough = len(faces) + _LIKELY_NEIGHBOURS
        for cluster in np.argsort(-near, kind="stable").tolist():
            faces += [row[0] for row in self._database.read(in_cluster, clustering, cluster)]
            if len(faces) >= enough:
                break
        return list(set(faces))

    def _embeddings(
        self, face_ids: Sequence[int] | np.ndarray, size: int = 4096
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Some faces' ids (n,) int64 and embeddings (n, 512), piece by piece, in the order of the file."""
        wanted = sorted(map(int, face_ids))
        for start in range(0, len(wanted), size):
            part = wanted[start : start + size]
            marks = ", ".join("?" * len(part))
            sql = f"SELECT face_id, vector FROM embeddings WHERE face_id IN ({marks}) ORDER BY face_id"
            rows = self._database.read(sql, *part)
            vectors = np.frombuffer(b"".join([row[1] for row in rows]), "<f4").reshape(-1, EMBEDDING_SIZE)
            yield np.array([row[0] for row in rows], np.int64), vectors

    def by_id(self, ids: Sequence[int]) -> pd.DataFrame:
        """FACE_COLUMNS of some faces, in their order. Raises KeyError when one is not there."""
        marks = ", ".join("?" * len(ids))
        sql = f"SELECT {FACE_SQL} FROM faces f JOIN photos p ON p.id = f.photo_id WHERE f.id IN ({marks})"
        table = as_table(self._database.read(sql, *ids), FACE_COLUMNS)
        return table.set_index("face").loc[list(ids)].reset_index()

    def detection_scores(self, face_ids: Sequence[int]) -> dict[int, float]:
        """How sure the detector was of some faces, from 0 to 1, by face; deleted ones are not among them."""
        marks = ", ".join("?" * len(face_ids))
        sql = f"SELECT id, detection_score FROM faces WHERE id IN ({marks})"
        return dict(map(tuple, self._database.read(sql, *map(int, face_ids))))

    def ids(self) -> np.ndarray:
        """(n,) int64: all faces, in the order of `faces()`."""
        return np.array([row[0] for row in self._database.read("SELECT id FROM faces ORDER BY id")], np.int64)

    def boxes_on(self, photo_id: int) -> dict[int, tuple[float, float, float, float]]:
        """The box (x1, y1, x2, y2) of every face that is kept of a photo, by face, in pixels of the upright photo."""
        rows = self._database.read("SELECT id, x1, y1, x2, y2 FROM faces WHERE photo_id = ? ORDER BY id", photo_id)
        return {row[0]: tuple(row[1:]) for row in map(tuple, rows)}

    def identities(self) -> pd.DataFrame:
        """Columns person, cluster and faces: how many faces are taken for a person in a cluster.

        `person` is that of the photo's folder, else the name of the cluster, None for nobody; `cluster` is empty for
        faces in none.
        """
        sql = (
            "SELECT coalesce(f.person, n.name) AS person, a.cluster AS cluster, count(*) AS faces FROM faces f "
            "LEFT JOIN assignments a ON a.face_id = f.id AND a.clustering_id = ?1 "
            "LEFT JOIN cluster_names n ON n.clustering_id = ?1 AND n.cluster = a.cluster GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return as_table(self._database.read(sql, current_clustering(self._database)), ("person", "cluster", "faces"))

    def best_of(self, person: str | None, cluster: int | None) -> int | None:
        """The face that shows a person best: of those in a cluster the one nearest to its centre, in none the first.

        Without a person the best of the whole cluster; None where there is no such face any more.
        """
        if cluster is None:
            return self._database.read("SELECT min(id) FROM faces WHERE person = ?", person)[0][0]
        sql = (
            "SELECT a.face_id FROM assignments a JOIN faces f ON f.id = a.face_id WHERE a.clustering_id = ?1 AND "
            "a.cluster = ?2 AND (?3 IS NULL OR f.person = ?3 OR f.person IS NULL AND ?3 = (SELECT name FROM "
            "cluster_names n WHERE n.clustering_id = ?1 AND n.cluster = ?2)) ORDER BY a.similarity DESC, a.face_id "
            "DESC LIMIT 1"
        )
        rows = self._database.read(sql, current_clustering(self._database), cluster, person)
        return rows[0][0] if rows else None

    def newest(self, limit: int) -> dict[int, str | None]:
        """The faces found last, newest first, with the person of their photo's folder."""
        return dict(map(tuple, self._database.read("SELECT id, person FROM faces ORDER BY id DESC LIMIT ?", limit)))

    def crops(self, face_ids: Sequence[int]) -> dict[int, bytes]:
        """The stored 160 px JPEG crops of some faces, by face."""
        ids = [int(face) for face in face_ids]
        marks = ", ".join("?" * len(ids))
        return dict(
            map(tuple, self._database.read(f"SELECT face_id, jpeg FROM crops WHERE face_id IN ({marks})", *ids))
        )

    def looks(self, face_ids: Sequence[int]) -> dict[int, FaceLook]:
        """How some faces look, by face; deleted ones are not among them."""
        marks = ", ".join("?" * len(face_ids))
        sql = (
            "SELECT f.id, c.jpeg, f.detection_score, f.x1, f.y1, f.x2, f.y2, p.width, p.height FROM faces f "
            f"JOIN crops c ON c.face_id = f.id JOIN photos p ON p.id = f.photo_id WHERE f.id IN ({marks})"
        )
        rows = self._database.read(sql, *map(int, face_ids))
        looks = {}
        for face, crop, score, *box, width, height in map(tuple, rows):
            left, top, right, bottom = crop_place(box, width, height)
            looks[face] = FaceLook(crop, (right - left) / (bottom - top), score)
        return looks
