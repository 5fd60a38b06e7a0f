"""A gallery's clusters as they are stored; each query reads no more than what is shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from facecluster.errors import GalleryError
from facecluster.gallery.database import Database
from facecluster.gallery.stored_clustering import inherited_names, replace_clustering
from facecluster.records import CLUSTER_COLUMNS, EMBEDDING_SIZE, FACE_COLUMNS, Clustering, Unclustered, name_key

if TYPE_CHECKING:
    import pandas as pd

FaceOrder = Literal["review", "nearest", "farthest"]

FACE_SQL = "f.id AS face, f.photo_id AS photo, p.path, f.person, f.is_main AS main, f.detection_score, x1, y1, x2, y2 "

# Which clustering is the gallery's, and the last face that took part in it.
_CURRENT_SQL = (
    "(SELECT id, coalesce(json_extract(parameters, '$.last_face'), (SELECT max(face_id) FROM assignments "
    "WHERE clustering_id = clusterings.id)) AS last_face FROM clusterings ORDER BY id DESC LIMIT 1) AS current "
)
# The clustered faces, and the labelled ones that it put into no cluster.
_CLUSTERED_SQL = (
    f"FROM {_CURRENT_SQL} JOIN faces f ON f.id <= current.last_face "
    "LEFT JOIN assignments a ON a.face_id = f.id AND a.clustering_id = current.id "
    "WHERE (a.cluster IS NOT NULL OR f.person IS NOT NULL)"
)
# Whether a face `f` has another person than most labelled faces of its cluster.
_IS_ANOTHERS = (
    "f.person IS NOT NULL AND f.person != (SELECT m.person FROM assignments b JOIN faces m ON m.id = b.face_id "
    "WHERE b.clustering_id = ?1 AND b.cluster = ?2 AND m.person IS NOT NULL "
    "GROUP BY m.person ORDER BY count(*) DESC, m.person LIMIT 1)"
)
# The name of the cluster that a face `f` is in, which an analyst gave it.
HAND_NAME_SQL = (
    "(SELECT n.name FROM assignments a JOIN cluster_names n ON n.clustering_id = a.clustering_id AND n.cluster = "
    "a.cluster WHERE a.face_id = f.id AND a.clustering_id = (SELECT max(id) FROM clusterings))"
)


class Clusterings:
    """The gallery's clustering: who is in which cluster, what clusters are called."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self) -> Clustering | None:
        """The gallery's clustering, with all assignments; None before the first."""
        rows = self._database.read("SELECT * FROM clusterings ORDER BY id DESC LIMIT 1")
        if not rows:
            return None
        row = rows[0]
        assigned = self._database.read(
            "SELECT face_id, cluster, similarity FROM assignments WHERE clustering_id = ? ORDER BY face_id", row["id"]
        )
        columns = list(zip(*assigned, strict=True)) or [(), (), ()]
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

    def summary(self) -> dict[str, Any] | None:
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

    def unclustered(self) -> Unclustered:
        """How many faces are in no cluster, by the reason."""
        sql = (
            "SELECT (SELECT count(*) FROM faces WHERE id > current.last_face), (SELECT count(*) FROM faces), "
            f"(SELECT count(*) FROM assignments WHERE clustering_id = current.id) FROM {_CURRENT_SQL}"
        )
        rows = self._database.read(sql)
        if not rows:
            return Unclustered(self._database.read("SELECT count(*) FROM faces")[0][0], 0)
        later, faces, assigned = rows[0]
        return Unclustered(later, faces - later - assigned)

    def faces_to_evaluate(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Face ids (n,) int64, clusters (n,) int32 and persons (n,) object, None where unknown, of the clustered faces.

        Labelled faces in no cluster come last, as cluster -1. Faces found after the clustering was made
        take no part: ids grow with every face found. Nothing where there are no clusters.
        """
        sql = f"SELECT f.id, coalesce(a.cluster, -1), f.person {_CLUSTERED_SQL} ORDER BY f.id"
        columns = list(zip(*self._database.read(sql), strict=True)) or [(), (), ()]
        faces, clusters = np.array(columns[0], np.int64), np.array(columns[1], np.int32)
        order = np.argsort(clusters < 0, kind="stable")
        return faces[order], clusters[order], np.array(columns[2], object)[order]

    def people_in_clusters(self) -> pd.DataFrame:
        """Columns person, cluster and faces: how many of the faces of `faces_to_evaluate` each person has in each
        cluster, by person and cluster; person is None for nobody known."""
        sql = (
            f"SELECT f.person AS person, coalesce(a.cluster, -1) AS cluster, count(*) AS faces {_CLUSTERED_SQL} "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return as_table(self._database.read(sql), ("person", "cluster", "faces"))

    def faces_in_cluster(self, person: str, cluster: int, limit: int, offset: int = 0) -> list[int]:
        """The ids of a person's faces in a cluster, or in none for cluster -1, as `people_in_clusters` counts them."""
        clustered = "FROM assignments a JOIN faces f ON f.id = a.face_id WHERE a.cluster = ? AND a.clustering_id = ?"
        left_out = f"{_CLUSTERED_SQL} AND coalesce(a.cluster, -1) = ? AND current.id = ?"
        sql = f"SELECT f.id {clustered if cluster >= 0 else left_out} AND f.person = ? ORDER BY f.id LIMIT ? OFFSET ?"
        rows = self._database.read(sql, cluster, current_clustering(self._database), person, limit, offset)
        return [row[0] for row in rows]

    def table(self) -> pd.DataFrame:
        """CLUSTER_COLUMNS, one row per cluster: its main person, the share of labelled faces that are that person's
        (purity, NaN without labels), how many people it holds, and its faces' mean similarity to the centre."""
        current = current_clustering(self._database)
        if current is None:
            return as_table([], CLUSTER_COLUMNS)
        sql = (
            "SELECT a.cluster, f.person, count(*) AS faces, sum(a.similarity) AS similarity FROM assignments a "
            "JOIN faces f ON f.id = a.face_id WHERE a.clustering_id = ? GROUP BY a.cluster, f.person"
        )
        return _summarise(as_table(self._database.read(sql, current), ()), self._cluster_names(current))

    def faces_of(
        self,
        cluster: int,
        *,
        order: FaceOrder = "nearest",
        person: str | None = None,
        limit: int = 60,
        offset: int = 0,
    ) -> pd.DataFrame:
        """FACE_COLUMNS and similarity (cosine to the centre) of one page of a cluster's faces, or of those of a person.

        Order "review" begins with the faces of another person than most in the cluster, farthest first, and goes on
        with the others, farthest first.
        """
        first = f"({_IS_ANOTHERS}) DESC, a.similarity" if order == "review" else "a.similarity"
        direction = "DESC" if order == "nearest" else "ASC"
        sql = (
            f"SELECT {FACE_SQL}, a.similarity FROM assignments a JOIN faces f ON f.id = a.face_id "
            "JOIN photos p ON p.id = f.photo_id WHERE a.clustering_id = ?1 AND a.cluster = ?2 "
            f"AND (?3 IS NULL OR f.person = ?3) ORDER BY {first} {direction}, a.face_id "
            "LIMIT ?4 OFFSET ?5"
        )
        rows = self._database.read(sql, current_clustering(self._database), cluster, person, limit, offset)
        return as_table(rows, (*FACE_COLUMNS, "similarity"))

    def faces_of_person(self, person: str, limit: int = 60, offset: int = 0) -> pd.DataFrame:
        """FACE_COLUMNS, cluster and similarity (cosine to its centre; both empty where a face is in no cluster) of one
        page of a person's faces, by folder or by the name of their cluster.

        What may be wrong comes first: the faces in no cluster and in the smallest ones, each farthest first.
        """
        sql = (
            f"SELECT {FACE_SQL}, a.cluster, a.similarity FROM faces f JOIN photos p ON p.id = f.photo_id "
            "LEFT JOIN assignments a ON a.face_id = f.id AND a.clustering_id = ? "
            "LEFT JOIN cluster_names n ON n.clustering_id = a.clustering_id AND n.cluster = a.cluster "
            "WHERE f.person = ? OR (f.person IS NULL AND n.name = ?) "
            "ORDER BY a.cluster NOT NULL, count(*) OVER (PARTITION BY a.cluster), a.cluster, a.similarity, f.id "
            "LIMIT ? OFFSET ?"
        )
        rows = self._database.read(sql, current_clustering(self._database), person, person, limit, offset)
        return as_table(rows, (*FACE_COLUMNS, "cluster", "similarity"))

    def samples(self, clusters: Sequence[int], each: int = 4) -> dict[int, list[int]]:
        """The faces nearest to the centre of some clusters, at most `each` of them, by cluster."""
        sql = (
            "SELECT face_id FROM assignments WHERE clustering_id = ? AND cluster = ? "
            "ORDER BY similarity DESC, face_id DESC LIMIT ?"
        )
        current = current_clustering(self._database)
        # A query per cluster reads `each` rows off the index, one query for all would rank every face of them.
        return {
            int(cluster): [row[0] for row in self._database.read(sql, current, int(cluster), each)]
            for cluster in clusters
        }

    def people_in(self, cluster: int) -> pd.DataFrame:
        """Columns person and faces: who is in a cluster, most faces first; person is None for nobody known."""
        sql = (
            "SELECT f.person, count(*) AS faces FROM assignments a JOIN faces f ON f.id = a.face_id "
            "WHERE a.clustering_id = ? AND a.cluster = ? GROUP BY f.person ORDER BY faces DESC, f.person"
        )
        return as_table(self._database.read(sql, current_clustering(self._database), cluster), ("person", "faces"))

    def faces_by_name(self) -> dict[str, int]:
        """How many faces without a person of their own have the name of their cluster, by name."""
        sql = (
            "SELECT n.name, count(*) FROM cluster_names n JOIN assignments a ON a.clustering_id = n.clustering_id AND "
            "a.cluster = n.cluster JOIN faces f ON f.id = a.face_id WHERE n.clustering_id = ? AND f.person IS NULL "
            "GROUP BY n.name"
        )
        return dict(map(tuple, self._database.read(sql, current_clustering(self._database))))

    def names_by_hand(self, face_ids: Sequence[int]) -> dict[int, str]:
        """The names of the clusters of some faces, of those that have no person of their own; by face."""
        ids = [int(face) for face in face_ids]
        sql = (
            f"SELECT id, name FROM (SELECT f.id, {HAND_NAME_SQL} AS name FROM faces f WHERE f.person IS NULL "
            f"AND f.id IN ({', '.join('?' * len(ids))})) WHERE name NOT NULL"
        )
        return dict(map(tuple, self._database.read(sql, *ids)))

    def similarities_in(self, cluster: int) -> np.ndarray:
        """(n,) float32: the cosine to the centre of each of a cluster's faces, ascending."""
        sql = "SELECT similarity FROM assignments WHERE clustering_id = ? AND cluster = ? ORDER BY similarity"
        return np.array(
            [row[0] for row in self._database.read(sql, current_clustering(self._database), cluster)], np.float32
        )

    def cluster_of(self, face_id: int) -> tuple[int, float] | None:
        """A face's cluster and its similarity to that cluster's centre; None when it is not clustered."""
        sql = "SELECT cluster, similarity FROM assignments WHERE face_id = ? AND clustering_id = ?"
        rows = self._database.read(sql, face_id, current_clustering(self._database))
        return (rows[0][0], rows[0][1]) if rows else None

    def save(self, clustering: Clustering) -> Clustering:
        """Makes `clustering` the gallery's; a cluster's name passes to the one that most of its faces are in.

        Raises GalleryError when one of its faces was deleted since they were read.
        """
        with self._database.write() as db:
            replace_clustering(db, clustering, inherited_names(self.current(), clustering))
            saved = self.current()
        assert saved is not None
        return saved

    def name(self, cluster: int, name: str) -> None:
        """Gives a cluster of the current clustering a name; an empty one takes its name away.

        Its faces that have no person by their folder are then that person's.
        """
        name = name_key(name)
        current = current_clustering(self._database)
        if current is None:
            raise GalleryError("There are no clusters to name yet: cluster the faces first.")
        with self._database.write() as db:
            db.execute("DELETE FROM cluster_names WHERE clustering_id = ? AND cluster = ?", (current, cluster))
            if name:
                db.execute("INSERT INTO cluster_names VALUES (?, ?, ?)", (current, cluster, name))

    def keep_sweep(self, document: str, revision: int) -> None:
        """Stores the JSON of a sweep (`cluster_number_sweep`) beside the faces; not when the gallery has moved on."""
        with self._database.write(changes=False) as db:
            if int(self._database.meta("revision") or 0) == revision:
                db.execute("INSERT OR REPLACE INTO meta VALUES ('sweep', ?)", (document,))

    @property
    def kept_sweep(self) -> str | None:
        """The JSON of the sweep that `keep_sweep` stored last."""
        return self._database.meta("sweep")

    def _cluster_names(self, clustering_id: int) -> dict[int, str]:
        sql = "SELECT cluster, name FROM cluster_names WHERE clustering_id = ?"
        return dict(map(tuple, self._database.read(sql, clustering_id)))


def current_clustering(database: Database) -> int | None:
    """The id of the gallery's clustering, None before the first."""
    return database.read("SELECT max(id) FROM clusterings")[0][0]


def as_table(rows: Sequence[Any], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    names = rows[0].keys() if rows else columns
    # Column by column, since pandas takes records apart again: three times as slow with 100,000 of them.
    values = zip(*rows, strict=True) if rows else [()] * len(names)
    return pd.DataFrame(dict(zip(names, values, strict=True)), columns=list(names))


def _summarise(counts: pd.DataFrame, names: dict[int, str]) -> pd.DataFrame:
    """One row per cluster from one row per cluster and person."""
    import pandas as pd

    if counts.empty:
        return as_table([], CLUSTER_COLUMNS)
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
