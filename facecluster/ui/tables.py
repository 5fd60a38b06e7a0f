"""What pages show of a gallery, read once per revision. All of it lies in `st.cache_data`, bounded by entries.

Each function takes the gallery; the cache's key is its path and revision, so no entry is ever stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from facecluster.errors import EvaluationError
from facecluster.gallery.gallery import Gallery
from facecluster.presentation.wall import Card, cards

if TYPE_CHECKING:
    import pandas as pd

    from facecluster.evaluation.clustering_scores import ClusteringScores
    from facecluster.records import GalleryCounts


def _state(gallery: Gallery) -> tuple[str, int]:
    return str(gallery.path), gallery.revision


_KEYED: dict[str, Any] = {"hash_funcs": {Gallery: _state}, "show_spinner": False}


@dataclass(frozen=True)
class Accuracy:
    """Everything the accuracy page shows but the faces themselves, which `wrong_page` reads.

    `people` has clustering_scores.PEOPLE_COLUMNS and wrong (how many of the person's faces are in another cluster than
    theirs), worst accuracy first; `pairs` counts faces by person and cluster, and how many of them are right; a face
    in none has the cluster NO_CLUSTER; `lone` are the clusters that hold known faces and are no
    person's; `strange` counts those that hold none, of which no figure speaks.
    """

    scores: ClusteringScores
    people: pd.DataFrame
    pairs: pd.DataFrame
    lone: list[int]
    strange: int

    @property
    def wrong(self) -> int:
        """How many faces are in another cluster than their person's."""
        return self.scores.faces - self.scores.correct


@dataclass(frozen=True)
class OwnCluster:
    """The cluster that holds most faces of a person, and how many of theirs."""

    cluster: int
    faces: int


@st.cache_data(max_entries=4, **_KEYED)
def counts(gallery: Gallery) -> GalleryCounts:
    """How many photos, faces, people and clusters the gallery holds."""
    return gallery.counts()


@st.cache_data(max_entries=4, **_KEYED)
def clusters(gallery: Gallery) -> pd.DataFrame:
    """CLUSTER_COLUMNS and title, one row per cluster; empty before the first clustering."""
    from facecluster.review.doubtful import titled

    return titled(gallery.clusterings.table())


@st.cache_data(max_entries=4, **_KEYED)
def photos_by_person(gallery: Gallery) -> pd.DataFrame:
    """Columns person and photos, most photos first."""
    return gallery.photos.by_person()


@st.cache_data(max_entries=4, **_KEYED)
def contradictions(gallery: Gallery) -> list[dict[str, str]]:
    """Photos of one content in folders of different people."""
    return gallery.photos.contradictions()


@st.cache_data(max_entries=4, **_KEYED)
def doubtful(gallery: Gallery) -> pd.DataFrame:
    """Columns face, cluster and similarity of the faces that `review.doubtful` finds, farthest first."""
    import pandas as pd

    from facecluster.review.doubtful import doubtful_faces

    found = gallery.clusterings.current()
    if found is None:
        return pd.DataFrame(columns=["face", "cluster", "similarity"])
    table = pd.DataFrame({"face": found.faces, "cluster": found.labels, "similarity": found.similarity})
    chosen = table[doubtful_faces(found.labels, found.similarity)]
    return chosen.sort_values(["similarity", "face"], ignore_index=True)


@st.cache_data(max_entries=2, **_KEYED)
def accuracy(gallery: Gallery) -> Accuracy:
    """Raises EvaluationError when no clustered face has a known person."""
    from facecluster.evaluation import clustering_scores
    from facecluster.presentation.charts import worst_first

    counted = gallery.clusterings.people_in_clusters()
    tally = clustering_scores.Tally.of_pairs(counted)
    scores, people = clustering_scores.score(tally), worst_first(clustering_scores.people_of(tally))
    pairs = counted.dropna(subset="person")
    pairs = pairs.assign(right=clustering_scores.right_faces(tally, pairs))
    wrong = dict(zip(tally.people.tolist(), tally.counts.sum(axis=1) - tally.right, strict=True))
    used = set(counted["cluster"].tolist()) - {clustering_scores.NO_CLUSTER}
    with_people = set(pairs["cluster"].tolist()) - {clustering_scores.NO_CLUSTER}
    return Accuracy(
        scores=scores,
        people=people.assign(wrong=people["person"].map(wrong)),
        pairs=pairs,
        lone=sorted(with_people - set(people["cluster"].tolist())),
        strange=len(used - with_people),
    )


@st.cache_data(max_entries=2, **_KEYED)
def wall(gallery: Gallery) -> list[Card]:
    """The cards of the gallery page, those that need a look first."""
    try:
        report = accuracy(gallery)
    except EvaluationError:
        return wall_unmarked(gallery)
    people = report.people
    wrong = dict(zip(people["person"].tolist(), people["wrong"].tolist(), strict=True))
    return cards(identities(gallery), clusters(gallery), wrong, set(people.loc[people["shares_cluster"], "person"]))


@st.cache_data(max_entries=2, **_KEYED)
def wall_unmarked(gallery: Gallery) -> list[Card]:
    """The same without a look at who is in the wrong cluster, which costs more than all else."""
    return cards(identities(gallery), clusters(gallery), {}, ())


def wrong_page(gallery: Gallery, report: Accuracy, person: str | None, page: int, size: int) -> pd.DataFrame:
    """Columns face, person and cluster: one page of the faces in another cluster than their person's, who is `person`
    or anybody; by person, cluster and face."""
    import pandas as pd

    pairs = report.pairs if person is None else report.pairs[report.pairs["person"] == person]
    found: list[tuple[int, str, int]] = []
    skip = (page - 1) * size
    for row in pairs[pairs["right"] < pairs["faces"]].itertuples():
        wrong = row.faces - row.right
        if skip < wrong and len(found) < size:
            # Of faces in no cluster some can be right and others wrong: the first one then stands for the right one.
            faces = gallery.clusterings.faces_in_cluster(row.person, row.cluster, size - len(found), row.right + skip)
            found += [(face, row.person, row.cluster) for face in faces]
        skip = max(0, skip - wrong)
    return pd.DataFrame(found, columns=["face", "person", "cluster"])


def people_by_cluster(pairs: pd.DataFrame, persons: Sequence[str]) -> pd.DataFrame:
    """clustering_scores.people_by_cluster of some persons, from `Accuracy.pairs`."""
    from facecluster.evaluation import clustering_scores

    counted = pairs[pairs["person"].isin(persons)]
    repeated = counted.loc[counted.index.repeat(counted["faces"])]
    return clustering_scores.people_by_cluster(
        repeated["cluster"].to_numpy(), repeated["person"].to_numpy(dtype=object)
    )


def cluster_titles(gallery: Gallery) -> dict[int, str]:
    """What each cluster is called."""
    table = clusters(gallery)
    return dict(zip(table["cluster"].tolist(), table["title"].tolist(), strict=True))


@st.cache_data(max_entries=2, **_KEYED)
def identities(gallery: Gallery) -> pd.DataFrame:
    """`gallery.faces.identities()`: who is how often in which cluster."""
    return gallery.faces.identities()


def own_cluster(gallery: Gallery, person: str) -> OwnCluster | None:
    """Where most faces of a person are; None where they are in no cluster."""
    found = identities(gallery).dropna(subset="cluster")
    found = found[found["person"] == person].sort_values(["faces", "cluster"], ascending=[False, True])
    return None if found.empty else OwnCluster(int(found["cluster"].iloc[0]), int(found["faces"].iloc[0]))


def doubtful_limit(gallery: Gallery, cluster: int) -> float:
    """The similarity to the centre below which a face of the cluster is doubtful."""
    from facecluster.review.doubtful import doubtful_below

    return doubtful_below(gallery.clusterings.similarities_in(cluster))


def page_of(table: Sequence[Any] | pd.DataFrame, page: int, size: int) -> Any:
    """The rows of one page; pages count from 1."""
    return table[(page - 1) * size : page * size]


def page_count(rows: int, size: int) -> int:
    """How many pages the rows fill, at least one."""
    return max(1, -(-rows // size))
