"""What deserves an analyst's eye: clusters that are mixed or nobody's, and faces that hardly belong to theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Order = Literal["size", "purity", "name", "similarity"]

# The similarity to a centre that 1 % of strangers reached on photos of celebrities with the CASIA-WebFace weights
# (12 people enrolled, 5 never seen, 10 splits): below it, closeness to a centre says little about who it is.
DOUBTFUL_BELOW = 0.55
# On hard photos most similarities are low: so no more than this share of a cluster is called doubtful.
DOUBTFUL_SHARE = 0.05


def doubtful_below(similarities: np.ndarray) -> float:
    """The similarity to the centre below which a face of the cluster is doubtful.

    `similarities` (n,) are the cosines of all of the cluster's faces to its centre. A face is doubtful when it is
    among the cluster's least similar 5 % (at least one face) and below 0.55. With fewer than two faces none is.
    """
    n = len(similarities)
    if n < 2:
        return -1.0
    rank = min(max(1, int(DOUBTFUL_SHARE * n)), n - 1)
    return min(DOUBTFUL_BELOW, float(np.partition(similarities, rank)[rank]))


def doubtful_faces(labels: np.ndarray, similarities: np.ndarray) -> np.ndarray:
    """(n,) bool: which faces are doubtful by `doubtful_below`, each judged within its own cluster of `labels` (n,)."""
    doubtful = np.zeros(len(labels), bool)
    order = np.argsort(labels, kind="stable")
    for faces in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        doubtful[faces] = similarities[faces] < doubtful_below(similarities[faces])
    return doubtful


def cluster_title(cluster: int, name: str | None, person: str | None) -> str:
    """What a cluster is called: the analyst's name, else its main person, else its number."""
    return name or person or f"Cluster {cluster}"


def titled(clusters: pd.DataFrame) -> pd.DataFrame:
    """CLUSTER_COLUMNS and title. Titles that several clusters bear carry their number."""
    import pandas as pd

    # Missing text is None in one table and NaN in another, and NaN would pass for a name.
    texts = clusters[["name", "person"]].astype(object)
    named = zip(clusters["cluster"], *texts.where(texts.notna(), None).T.to_numpy(), strict=True)
    titles = [cluster_title(cluster, name, person) for cluster, name, person in named]
    table = clusters.assign(title=pd.Series(titles, index=clusters.index, dtype=str))
    again = table["title"].duplicated(keep=False)
    table.loc[again, "title"] += " (cluster " + table.loc[again, "cluster"].astype(str) + ")"
    return table


def select_clusters(clusters: pd.DataFrame, search: str = "", order: Order = "size") -> pd.DataFrame:
    """The rows of `titled` clusters whose title, person or number fits the search, in order.

    "size" puts the most faces first, "name" goes by title; "purity" and "similarity" put the worst first, since those
    orders are asked for to find what is wrong. Clusters without a labelled face have no purity and come last.
    """
    words = search.casefold().split()
    text = clusters["title"] + " " + clusters["person"].fillna("").astype(str) + " " + clusters["cluster"].astype(str)
    fits = [all(word in line for word in words) for line in text.str.casefold()]
    found = clusters[np.array(fits, bool)]
    by: dict[Order, dict[str, Any]] = {
        "size": {"by": ["faces", "cluster"], "ascending": [False, True]},
        "purity": {"by": ["purity", "cluster"]},
        "similarity": {"by": ["similarity", "cluster"]},
        "name": {"by": ["title", "cluster"], "key": lambda c: c.str.casefold() if c.name == "title" else c},
    }
    return found.sort_values(ignore_index=True, **by[order])
