"""What pages show of a gallery, read once a revision. All of it lies in `st.cache_data`, bounded by entries.

Each function takes the gallery; the cache's key is its path and revision, so no entry is ever stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from facecluster.gallery import Gallery

if TYPE_CHECKING:
    import pandas as pd

    from facecluster.evaluation import ClusteringScores
    from facecluster.records import GalleryCounts


def _state(gallery: Gallery) -> tuple[str, int]:
    return str(gallery.path), gallery.revision


_KEYED: dict[str, Any] = {"hash_funcs": {Gallery: _state}, "show_spinner": False}


@dataclass(frozen=True)
class Accuracy:
    """Everything the accuracy page shows.

    `people` has evaluation.PEOPLE_COLUMNS and wrong (how many of the person's faces are in another cluster than
    theirs), worst accuracy first; `wrong` has face, person and cluster of each wrong face; `pairs` counts faces (size)
    by person and cluster; a face that the algorithm left out has the cluster LEFT_OUT; `lone` are the clusters that are
    no person's; `unlabelled` counts faces without a person, which take part in no figure.
    """

    scores: ClusteringScores
    people: pd.DataFrame
    wrong: pd.DataFrame
    pairs: pd.DataFrame
    lone: list[int]
    unlabelled: int


@st.cache_data(max_entries=4, **_KEYED)
def counts(gallery: Gallery) -> GalleryCounts:
    """How much the gallery holds."""
    return gallery.counts()


@st.cache_data(max_entries=4, **_KEYED)
def clusters(gallery: Gallery) -> pd.DataFrame:
    """CLUSTER_COLUMNS and title, one row a cluster; empty before the first clustering."""
    from facecluster.review import titled

    return titled(gallery.clusters())


@st.cache_data(max_entries=4, **_KEYED)
def photos_by_person(gallery: Gallery) -> pd.DataFrame:
    """Columns person and photos, most photos first."""
    return gallery.photos_by_person()


@st.cache_data(max_entries=4, **_KEYED)
def doubtful_count(gallery: Gallery) -> int:
    """How many faces are doubtful by `review.doubtful_below`."""
    from facecluster.review import doubtful_faces

    clustering = gallery.clustering()
    return 0 if clustering is None else int(doubtful_faces(clustering.labels, clustering.similarity).sum())


@st.cache_data(max_entries=2, **_KEYED)
def accuracy(gallery: Gallery) -> Accuracy:
    """Raises EvaluationError when no clustered face has a known person."""
    import numpy as np
    import pandas as pd

    from facecluster import evaluation
    from facecluster.charts import worst_first

    faces, labels, persons = evaluation.labelled_clustering(gallery)
    scores = evaluation.evaluate_clustering(labels, persons)
    people = worst_first(evaluation.match_people(labels, persons))
    table = pd.DataFrame({"face": faces, "person": persons, "cluster": np.maximum(labels, evaluation.LEFT_OUT)})
    wrong = table[evaluation.wrong_faces(labels, persons)].sort_values(["person", "cluster", "face"], ignore_index=True)
    return Accuracy(
        scores=scores,
        people=people.assign(wrong=people["person"].map(wrong["person"].value_counts()).fillna(0).astype(int)),
        wrong=wrong,
        pairs=table.groupby(["person", "cluster"], as_index=False).size(),
        lone=sorted(set(np.unique(labels[labels >= 0]).tolist()) - set(people["cluster"].tolist())),
        unlabelled=len(table) - scores.faces,
    )


def people_by_cluster(pairs: pd.DataFrame, persons: Sequence[str]) -> pd.DataFrame:
    """evaluation.people_by_cluster of some persons, from `Accuracy.pairs`."""
    from facecluster import evaluation

    counted = pairs[pairs["person"].isin(persons)]
    repeated = counted.loc[counted.index.repeat(counted["size"])]
    return evaluation.people_by_cluster(repeated["cluster"].to_numpy(), repeated["person"].to_numpy(dtype=object))


def cluster_titles(gallery: Gallery) -> dict[int, str]:
    """What each cluster is called."""
    table = clusters(gallery)
    return dict(zip(table["cluster"].tolist(), table["title"].tolist(), strict=True))


def doubtful_limit(gallery: Gallery, cluster: int) -> float:
    """The similarity to the centre below which a face of the cluster is doubtful."""
    from facecluster.review import doubtful_below

    return doubtful_below(gallery.cluster_similarities(cluster))


def page_of(table: Sequence[Any] | pd.DataFrame, page: int, size: int) -> Any:
    """The rows of one page; pages count from 1."""
    return table[(page - 1) * size : page * size]


def page_count(rows: int, size: int) -> int:
    """How many pages the rows fill, at least one."""
    return max(1, -(-rows // size))
