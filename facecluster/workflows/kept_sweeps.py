"""Sweeps over the number of clusters that a gallery keeps, so that another start need not measure them again."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pandas as pd

from facecluster.clustering.number_of_clusters import Suggestion
from facecluster.gallery.gallery import Gallery


@dataclass(frozen=True, eq=False)
class KeptSweep:
    """A sweep that a gallery keeps: the suggestion, whose `sweep` are the rows of `score_sweep`, and what it rests on.

    `revision` is the gallery's when its faces were read, `created` an ISO date in UTC. It names nobody.
    """

    revision: int
    created: str
    seed: int
    versions: dict[str, str]
    suggestion: Suggestion


def keep_sweep(gallery: Gallery, sweep: KeptSweep) -> None:
    """Stores a sweep in the gallery, in place of an earlier one; not when the gallery changed since it was made.

    Raises GalleryError when the gallery cannot be written.
    """
    rows = json.loads(sweep.suggestion.sweep.to_json(orient="records", double_precision=15))
    fields = {name: value for name, value in vars(sweep.suggestion).items() if name != "sweep"}
    document = {name: value for name, value in vars(sweep).items() if name != "suggestion"}
    gallery.clusterings.keep_sweep(json.dumps(document | {"suggestion": fields, "rows": rows}), sweep.revision)


def kept_sweep(gallery: Gallery) -> KeptSweep | None:
    """The sweep that the gallery keeps; None when there is none, or one that another version wrote."""
    text = gallery.clusterings.kept_sweep
    if text is None:
        return None
    try:
        document = json.loads(text)
        table = pd.DataFrame(document.pop("rows"), dtype=float).astype({"clusters": int})
        return KeptSweep(**document | {"suggestion": Suggestion(**document["suggestion"], sweep=table)})
    except (KeyError, TypeError, ValueError):
        return None
