"""What pages and commands read from a gallery, each query no larger than what it shows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facecluster.errors import GalleryError
from facecluster.gallery.clusterings import FACE_SQL, HAND_NAME_SQL, as_table
from facecluster.gallery.copies import Copies
from facecluster.gallery.database import Database
from facecluster.gallery.faces import FaceViews
from facecluster.gallery.labels import CONTRADICTIONS_SQL
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
_PHOTO = (
    "p.id, p.path, p.sha256, p.size, p.status, p.settings, p.person, p.turn, p.reason, p.page, p.source_id, "
    "s.kind AS source_kind, s.location AS source_location "
)


_PERSONS_SQL = "SELECT person, count(*) FROM faces WHERE person NOT NULL GROUP BY person"
_HAND_NAMES_SQL = (
    "SELECT a.face_id, n.name FROM cluster_names n JOIN assignments a ON a.clustering_id = n.clustering_id AND "
    "a.cluster = n.cluster WHERE n.clustering_id = (SELECT max(id) FROM clusterings)"
)


class GalleryViews(FaceViews):
    """The reading half of `Gallery`."""

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self._database = database
        self.copies = Copies(path, database)

    @property
    def name(self) -> str:
        """What it is called: the name that it was given, else that of its folder."""
        return self._meta("name") or self.path.name

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
            in_part=self._database.read("SELECT count(*) FROM photos WHERE note NOT NULL")[0][0],
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

    def faces_by_identity(self) -> dict[str, int]:
        """How many faces are taken for each person, by folder or by the name of their cluster; by name."""
        by_folder = Counter(dict(map(tuple, self._database.read(_PERSONS_SQL))))
        return dict(by_folder + Counter(self.faces_by_name()))

    def left_out(self, limit: int = 1000, offset: int = 0) -> pd.DataFrame:
        """LEFT_OUT_COLUMNS: photos that gave no face of their own, unreadable ones first; then those that were not read
        in full, with what was passed over."""
        # A duplicate's reason is read, not stored: the name of its original changes, and goes when that is deleted.
        original = (
            "SELECT o.path FROM photos o WHERE o.sha256 = photos.sha256 AND o.status IN ('indexed', 'no_face') "
            "ORDER BY o.id LIMIT 1"
        )
        sql = (
            "SELECT path AS photo, person, status, CASE WHEN status <> 'duplicate' THEN "
            "trim(coalesce(reason, '') || ' ' || coalesce(note, '')) "
            f"ELSE coalesce('Same content as ' || ({original}) || '.', ?) END AS reason FROM photos "
            "WHERE status <> 'indexed' OR note NOT NULL "
            "ORDER BY status = 'indexed', status = 'duplicate', status DESC, path LIMIT ? OFFSET ?"
        )
        return as_table(self._database.read(sql, _ORPHAN, limit, offset), LEFT_OUT_COLUMNS)

    def read_in_part(self, kind: str, location: str) -> list[tuple[str, str]]:
        """Path and note of a source's photos that were not read in full."""
        sql = (
            "SELECT p.path, p.note FROM photos p JOIN sources s ON s.id = p.source_id "
            "WHERE s.kind = ? AND s.location = ? AND p.note NOT NULL ORDER BY p.path"
        )
        return [tuple(row) for row in self._database.read(sql, kind, location)]

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

    def _meta(self, key: str) -> str | None:
        rows = self._database.read("SELECT value FROM meta WHERE key = ?", key)
        return rows[0]["value"] if rows else None
