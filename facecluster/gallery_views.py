"""What pages and commands read from a gallery, each query no larger than what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facecluster.cluster_views import FACE_SQL, HAND_NAME_SQL, ClusterViews, as_table
from facecluster.copies import Copies
from facecluster.database import Database
from facecluster.errors import GalleryError
from facecluster.labels import CONTRADICTIONS_SQL
from facecluster.records import (
    EMBEDDING_SIZE,
    FACE_COLUMNS,
    LEFT_OUT_COLUMNS,
    FaceRecord,
    Faces,
    GalleryCounts,
    KnownPhoto,
    name_key,
    people_among,
)

if TYPE_CHECKING:
    import pandas as pd

_ORPHAN = "Same content as a photo that the gallery no longer holds: add its folder or zip again to find its face."
_ALL_COMPARED = 10_000  # faces: 20 MB of embeddings
_LIKELY_NEIGHBOURS = 8_192  # faces of the nearest clusters that are compared in a larger gallery
_RIM = 0.02  # and the share of faces least similar to their cluster's centre
_PHOTO = (
    "p.id, p.path, p.sha256, p.size, p.status, p.settings, p.person, p.turn, p.reason, p.source_id, "
    "s.kind AS source_kind, s.location AS source_location "
)


_PERSONS_SQL = "SELECT person, count(*) FROM faces WHERE person NOT NULL GROUP BY person"
_HAND_NAMES_SQL = (
    "SELECT a.face_id, n.name FROM cluster_names n JOIN assignments a ON a.clustering_id = n.clustering_id AND "
    "a.cluster = n.cluster WHERE n.clustering_id = (SELECT max(id) FROM clusterings)"
)


class GalleryViews(ClusterViews):
    """The reading half of `Gallery`."""

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self._database = database
        self.copies = Copies(path, database)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def revision(self) -> int:
        """Grows with every change: a cache keyed by it is never stale."""
        return int(self._meta("revision") or 0)

    @property
    def model(self) -> str | None:
        """The model of the gallery's embeddings, None before the first run."""
        return self._meta("model")

    @property
    def weights(self) -> str | None:
        """What loads that model: its name, or the file it was read from, which may be gone or changed since."""
        return self._meta("weights") or self.model

    @property
    def kept_sweep(self) -> str | None:
        """The JSON of the sweep that `sweeps.keep_sweep` stored last."""
        return self._meta("sweep")

    @property
    def bytes_on_disk(self) -> int:
        """What the gallery takes, in bytes, with its copies of uploads; not what else lies in its folder."""
        own = self.path.glob(f"{self._database.file.name}*")
        return sum(file.stat().st_size for file in own if file.is_file()) + self.copies.bytes_on_disk()

    def counts(self) -> GalleryCounts:
        """How much the gallery holds."""
        by_status = dict(map(tuple, self._database.read("SELECT status, count(*) FROM photos GROUP BY status")))
        faces = self._database.read("SELECT count(*) FROM faces")[0][0]
        by_folder = dict(map(tuple, self._database.read(_PERSONS_SQL)))
        by_hand = self.faces_by_name()
        clusters = self._database.read("SELECT n_clusters FROM clusterings ORDER BY id DESC LIMIT 1")
        return GalleryCounts(
            photos=sum(by_status.values()),
            indexed=by_status.get("indexed", 0),
            no_face=by_status.get("no_face", 0),
            unreadable=by_status.get("unreadable", 0),
            duplicates=by_status.get("duplicate", 0),
            faces=faces,
            people=people_among([*by_folder, *by_hand]),
            clusters=clusters[0][0] if clusters else 0,
            people_by_folder=len(by_folder),
            faces_by_folder=sum(by_folder.values()),
            faces_by_hand=sum(by_hand.values()),
        )

    # --- photos ---------------------------------------------------------------------------------------------------

    def find_photo(self, sha256: str) -> KnownPhoto | None:
        """The photo with this content that was read and is no duplicate, if there is one."""
        return self._photo("WHERE p.sha256 = ? AND p.status IN ('indexed', 'no_face') ORDER BY p.id LIMIT 1", sha256)

    def photo(self, photo_id: int) -> KnownPhoto:
        """Raises GalleryError when there is no such photo."""
        found = self._photo("WHERE p.id = ?", photo_id)
        if found is None:
            raise GalleryError(f"The gallery holds no photo {photo_id}: it was deleted; reload the page.")
        return found

    def _photo(self, where: str, *values: object) -> KnownPhoto | None:
        rows = self._database.read(
            f"SELECT {_PHOTO} FROM photos p JOIN sources s ON s.id = p.source_id {where}", *values
        )
        return KnownPhoto(**dict(rows[0])) if rows else None

    def photo_bytes(self, photo: KnownPhoto) -> bytes:
        """The file a photo was indexed from. Raises PhotoError when it is no longer there, or is another photo now."""
        from facecluster.originals import Originals

        return Originals().read(photo)

    def photos_by_person(self) -> pd.DataFrame:
        """Columns person (that of the main face, by folder or by hand; None for nobody) and photos; most first."""
        sql = (
            f"SELECT coalesce(f.person, {HAND_NAME_SQL}) AS person, count(*) AS photos FROM photos p "
            "LEFT JOIN faces f ON f.photo_id = p.id AND f.is_main "
            "WHERE p.status = 'indexed' GROUP BY 1 ORDER BY photos DESC, 1"
        )
        return as_table(self._database.read(sql), ("person", "photos"))

    def everybody(self) -> dict[str, int]:
        """How many photos there are of each person, those without a face among them; by name."""
        sql = "SELECT person, count(*) FROM photos WHERE person NOT NULL GROUP BY person ORDER BY person"
        return dict(map(tuple, self._database.read(sql)))

    def left_out(self, limit: int = 1000, offset: int = 0) -> pd.DataFrame:
        """LEFT_OUT_COLUMNS: photos that gave no face of their own, unreadable ones first."""
        # A duplicate's reason is read, not stored: the name of its original changes, and goes when that is deleted.
        original = (
            "SELECT o.path FROM photos o WHERE o.sha256 = photos.sha256 AND o.status IN ('indexed', 'no_face') "
            "ORDER BY o.id LIMIT 1"
        )
        sql = (
            "SELECT path AS photo, person, status, CASE WHEN status <> 'duplicate' THEN reason "
            f"ELSE coalesce('Same content as ' || ({original}) || '.', ?) END AS reason "
            "FROM photos WHERE status <> 'indexed' ORDER BY status = 'duplicate', status DESC, path LIMIT ? OFFSET ?"
        )
        return as_table(self._database.read(sql, _ORPHAN, limit, offset), LEFT_OUT_COLUMNS)

    def contradictions(self, kind: str | None = None, location: str | None = None) -> list[dict[str, str]]:
        """Photos of one content in folders of different people: photo, person, other_photo and other_person.

        The face counts as `person`. With a source's `kind` and `location` only those that a photo of it takes part in.
        """
        of_source = "AND (a.kind = ? AND a.location = ? OR b.kind = ? AND b.location = ?) " if kind else ""
        sql = f"{CONTRADICTIONS_SQL}{of_source}ORDER BY a.path, b.path, b.id"
        return [dict(row) for row in self._database.read(sql, *((kind, location) * 2 if kind else ()))]

    # --- faces ----------------------------------------------------------------------------------------------------

    def faces(self) -> Faces:
        """All faces, in the order they were found."""
        rows = self._database.read(f"SELECT {FACE_SQL} FROM faces f JOIN photos p ON p.id = f.photo_id ORDER BY f.id")
        vectors = self._database.read("SELECT vector FROM embeddings ORDER BY face_id")
        embeddings = np.frombuffer(b"".join(row[0] for row in vectors), "<f4").reshape(-1, EMBEDDING_SIZE)
        return Faces(as_table(rows, FACE_COLUMNS), embeddings.astype(np.float32, copy=False))

    def known_names(self, faces: Faces) -> np.ndarray:
        """(n,) object: each face's person, else the name of its cluster, None for nobody known."""
        by_hand = dict(map(tuple, self._database.read(_HAND_NAMES_SQL)))
        names = [
            by_hand.get(face) if person is None else name_key(person)
            for face, person in zip(faces.ids.tolist(), faces.persons, strict=True)
        ]
        return np.array(names, object)

    def face(self, face_id: int) -> FaceRecord:
        """Raises GalleryError when there is no such face."""
        rows = self._database.read("SELECT * FROM faces WHERE id = ?", face_id)
        if not rows:
            raise GalleryError(f"The gallery holds no face {face_id}: it was deleted; reload the page.")
        row = rows[0]
        return FaceRecord(
            id=row["id"],
            photo=self.photo(row["photo_id"]),
            person=row["person"],
            is_main=bool(row["is_main"]),
            box=(row["x1"], row["y1"], row["x2"], row["y2"]),
            landmarks=np.frombuffer(row["landmarks"], "<f4").reshape(5, 2),
            detection_score=row["detection_score"],
            model=row["model"],
            runtime=row["runtime"],
        )

    def detections_of(self, photo_id: int) -> list[tuple[float, np.ndarray]]:
        """The detection score and the landmarks (5, 2) of each face that is kept of a photo."""
        rows = self._database.read("SELECT detection_score, landmarks FROM faces WHERE photo_id = ?", photo_id)
        return [(row[0], np.frombuffer(row[1], "<f4").reshape(5, 2)) for row in rows]

    def person_of_faces(self) -> dict[int, str]:
        """The person of every face that has one, by face."""
        rows = self._database.read("SELECT id, person FROM faces WHERE person IS NOT NULL")
        return {row[0]: row[1] for row in rows}

    def embeddings_of(self, face_ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Embeddings (n, 512) float32, unit norm, of some faces. Raises GalleryError when one is not there."""
        found: dict[int, np.ndarray] = {}
        for ids, vectors in self._embeddings(face_ids):
            found.update(zip(ids.tolist(), vectors, strict=True))
        missing = [face for face in face_ids if int(face) not in found]
        if missing:
            raise GalleryError(f"The gallery holds no face {missing[0]}: it was deleted; reload the page.")
        return np.array([found[int(face)] for face in face_ids], np.float32).reshape(-1, EMBEDDING_SIZE)

    def nearest_faces(self, face_id: int, limit: int = 8) -> pd.DataFrame:
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
        table = self._faces_by_id([face for _, face in best])
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

    def _faces_by_id(self, ids: Sequence[int]) -> pd.DataFrame:
        marks = ", ".join("?" * len(ids))
        sql = f"SELECT {FACE_SQL} FROM faces f JOIN photos p ON p.id = f.photo_id WHERE f.id IN ({marks})"
        table = as_table(self._database.read(sql, *ids), FACE_COLUMNS)
        return table.set_index("face").loc[list(ids)].reset_index()

    def detection_scores(self, face_ids: Sequence[int]) -> dict[int, float]:
        """How sure the detector was of some faces, from 0 to 1, by face; deleted ones are not among them."""
        marks = ", ".join("?" * len(face_ids))
        sql = f"SELECT id, detection_score FROM faces WHERE id IN ({marks})"
        return dict(map(tuple, self._database.read(sql, *map(int, face_ids))))

    def crops(self, face_ids: Sequence[int]) -> dict[int, bytes]:
        """The stored 160 px JPEG crops of some faces, by face."""
        ids = [int(face) for face in face_ids]
        marks = ", ".join("?" * len(ids))
        return dict(
            map(tuple, self._database.read(f"SELECT face_id, jpeg FROM crops WHERE face_id IN ({marks})", *ids))
        )

    def _meta(self, key: str) -> str | None:
        rows = self._database.read("SELECT value FROM meta WHERE key = ?", key)
        return rows[0]["value"] if rows else None
