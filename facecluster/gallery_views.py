"""What pages and commands read from a gallery, each query no larger than what it shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from facecluster.database import Database
from facecluster.errors import GalleryError, PhotoError
from facecluster.records import (
    CLUSTER_COLUMNS,
    EMBEDDING_SIZE,
    FACE_COLUMNS,
    LEFT_OUT_COLUMNS,
    Clustering,
    FaceRecord,
    Faces,
    GalleryCounts,
    KnownPhoto,
)

if TYPE_CHECKING:
    import pandas as pd

_PHOTO = (
    "p.id, p.path, p.status, p.settings, p.person, p.source_id, s.kind AS source_kind, s.location AS source_location "
)
_FACE = "f.id AS face, f.photo_id AS photo, p.path, f.person, f.is_main AS main, f.detection_score, x1, y1, x2, y2 "


class GalleryViews:
    """The reading half of `Gallery`."""

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self._database = database

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
    def bytes_on_disk(self) -> int:
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())

    def counts(self) -> GalleryCounts:
        """How much the gallery holds."""
        by_status = dict(map(tuple, self._database.read("SELECT status, count(*) FROM photos GROUP BY status")))
        (faces, people) = self._database.read("SELECT count(*), count(DISTINCT person) FROM faces")[0]
        clusters = self._database.read("SELECT n_clusters FROM clusterings ORDER BY id DESC LIMIT 1")
        return GalleryCounts(
            photos=sum(by_status.values()),
            indexed=by_status.get("indexed", 0),
            no_face=by_status.get("no_face", 0),
            unreadable=by_status.get("unreadable", 0),
            duplicates=by_status.get("duplicate", 0),
            faces=faces,
            people=people,
            clusters=clusters[0][0] if clusters else 0,
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
        """The file a photo was indexed from. Raises PhotoError when it is no longer there."""
        from facecluster.photos import ZipPhotos

        try:
            if photo.source_kind == "zip":
                return ZipPhotos(photo.source_location).read_member(photo.path)
            return (Path(photo.source_location) / photo.path).read_bytes()
        except Exception as error:  # the source may be gone, moved, damaged or on a disk that is not there
            raise PhotoError(
                f"{photo.path} is no longer in {photo.source_location}: put it back, or index the folder's new place."
            ) from error

    def photos_by_person(self) -> pd.DataFrame:
        """Columns person (None for photos without one) and photos; most photos first."""
        sql = (
            "SELECT person, count(*) AS photos FROM photos WHERE status = 'indexed' GROUP BY person "
            "ORDER BY photos DESC, person"
        )
        return _table(self._database.read(sql), ("person", "photos"))

    def left_out(self, limit: int = 1000, offset: int = 0) -> pd.DataFrame:
        """LEFT_OUT_COLUMNS: photos that gave no face of their own, unreadable ones first."""
        sql = (
            "SELECT path AS photo, person, status, reason FROM photos WHERE status <> 'indexed' "
            "ORDER BY status = 'duplicate', status DESC, path LIMIT ? OFFSET ?"
        )
        return _table(self._database.read(sql, limit, offset), LEFT_OUT_COLUMNS)

    # --- faces ----------------------------------------------------------------------------------------------------

    def faces(self) -> Faces:
        """All faces, in the order they were found."""
        rows = self._database.read(f"SELECT {_FACE} FROM faces f JOIN photos p ON p.id = f.photo_id ORDER BY f.id")
        vectors = self._database.read("SELECT vector FROM embeddings ORDER BY face_id")
        embeddings = np.frombuffer(b"".join(row[0] for row in vectors), "<f4").reshape(-1, EMBEDDING_SIZE)
        return Faces(_table(rows, FACE_COLUMNS), embeddings.astype(np.float32))

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

    def person_of_faces(self) -> dict[int, str]:
        """The person of every face that has one, by face."""
        return dict(map(tuple, self._database.read("SELECT id, person FROM faces WHERE person IS NOT NULL")))

    def crops(self, face_ids: Sequence[int]) -> dict[int, bytes]:
        """The stored 160 px JPEG crops of some faces, by face."""
        ids = [int(face) for face in face_ids]
        marks = ", ".join("?" * len(ids))
        return dict(
            map(tuple, self._database.read(f"SELECT face_id, jpeg FROM crops WHERE face_id IN ({marks})", *ids))
        )

    # --- clusters -------------------------------------------------------------------------------------------------

    def clustering(self) -> Clustering | None:
        """The gallery's clustering, with all assignments; None before the first."""
        rows = self._database.read("SELECT * FROM clusterings ORDER BY id DESC LIMIT 1")
        if not rows:
            return None
        row = rows[0]
        assigned = self._database.read(
            "SELECT face_id, cluster, similarity FROM assignments WHERE clustering_id = ? ORDER BY face_id", row["id"]
        )
        columns = list(zip(*map(tuple, assigned), strict=True)) or [(), (), ()]
        return Clustering(
            id=row["id"],
            algorithm=row["algorithm"],
            parameters=json.loads(row["parameters"]),
            seed=row["seed"],
            model=row["model"],
            versions=json.loads(row["versions"]),
            inertia=row["inertia"],
            seconds=row["seconds"],
            created=row["created"],
            faces=np.array(columns[0], np.int64),
            labels=np.array(columns[1], np.int32),
            similarity=np.array(columns[2], np.float32),
            centers=np.frombuffer(row["centers"], "<f4").reshape(-1, EMBEDDING_SIZE).astype(np.float32),
            names=self._cluster_names(row["id"]),
        )

    def clustering_summary(self) -> dict[str, Any] | None:
        """Algorithm, parameters, seed, model, versions, inertia, seconds and date of the current clustering."""
        sql = (
            "SELECT algorithm, parameters, seed, model, versions, inertia, seconds, n_clusters, created "
            "FROM clusterings ORDER BY id DESC LIMIT 1"
        )
        rows = self._database.read(sql)
        if not rows:
            return None
        summary = dict(rows[0])
        return summary | {key: json.loads(summary[key]) for key in ("parameters", "versions")}

    def clusters(self) -> pd.DataFrame:
        """CLUSTER_COLUMNS, one row a cluster: its main person, the share of labelled faces that are that person's
        (purity, NaN without labels), how many people it holds, and its faces' mean similarity to the centre."""
        current = self._clustering_id()
        if current is None:
            return _table([], CLUSTER_COLUMNS)
        sql = (
            "SELECT a.cluster, f.person, count(*) AS faces, sum(a.similarity) AS similarity FROM assignments a "
            "JOIN faces f ON f.id = a.face_id WHERE a.clustering_id = ? GROUP BY a.cluster, f.person"
        )
        return _summarise(_table(self._database.read(sql, current), ()), self._cluster_names(current))

    def cluster_faces(
        self, cluster: int, *, order: Literal["nearest", "farthest"] = "nearest", limit: int = 60, offset: int = 0
    ) -> pd.DataFrame:
        """FACE_COLUMNS and similarity (cosine to the centre) of one page of a cluster's faces."""
        direction = "DESC" if order == "nearest" else "ASC"
        sql = (
            f"SELECT {_FACE}, a.similarity FROM assignments a JOIN faces f ON f.id = a.face_id "
            "JOIN photos p ON p.id = f.photo_id WHERE a.clustering_id = ? AND a.cluster = ? "
            f"ORDER BY a.similarity {direction}, a.face_id LIMIT ? OFFSET ?"
        )
        rows = self._database.read(sql, self._clustering_id(), cluster, limit, offset)
        return _table(rows, (*FACE_COLUMNS, "similarity"))

    def cluster_of(self, face_id: int) -> tuple[int, float] | None:
        """A face's cluster and its similarity to that cluster's centre; None when it is not clustered."""
        sql = "SELECT cluster, similarity FROM assignments WHERE face_id = ? AND clustering_id = ?"
        rows = self._database.read(sql, face_id, self._clustering_id())
        return (rows[0][0], rows[0][1]) if rows else None

    def _clustering_id(self) -> int | None:
        rows = self._database.read("SELECT max(id) FROM clusterings")
        return rows[0][0]

    def _cluster_names(self, clustering_id: int) -> dict[int, str]:
        sql = "SELECT cluster, name FROM cluster_names WHERE clustering_id = ?"
        return dict(map(tuple, self._database.read(sql, clustering_id)))

    def _meta(self, key: str) -> str | None:
        rows = self._database.read("SELECT value FROM meta WHERE key = ?", key)
        return rows[0]["value"] if rows else None


def _table(rows: Sequence[Any], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    names = rows[0].keys() if rows else columns
    return pd.DataFrame.from_records([tuple(row) for row in rows], columns=list(names))


def _summarise(counts: pd.DataFrame, names: dict[int, str]) -> pd.DataFrame:
    """One row a cluster from one row a cluster and person."""
    import pandas as pd

    if counts.empty:
        return _table([], CLUSTER_COLUMNS)
    whole = counts.groupby("cluster")[["faces", "similarity"]].sum()
    labelled = counts.dropna(subset="person").sort_values(["faces", "person"], ascending=[False, True])
    main = labelled.drop_duplicates("cluster").set_index("cluster")
    by_cluster = labelled.groupby("cluster")["faces"]
    table = pd.DataFrame(
        {
            "name": pd.Series(names, dtype=object).reindex(whole.index),
            "faces": whole["faces"],
            "person": main["person"].reindex(whole.index).astype(object),
            "purity": (main["faces"] / by_cluster.sum()).reindex(whole.index),
            "people": by_cluster.size().reindex(whole.index, fill_value=0),
            "similarity": whole["similarity"] / whole["faces"],
        },
        index=whole.index,
    )
    return (
        table.astype(object)
        .where(table.notna(), None)
        .astype({"faces": int, "people": int, "similarity": float, "purity": float})
        .reset_index()[list(CLUSTER_COLUMNS)]
    )
