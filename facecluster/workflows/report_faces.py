"""The wrong and doubtful faces of an evaluation, fetched for its report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from facecluster.evaluation.clustering_scores import wrong_faces
from facecluster.evaluation.results import EvaluationResults
from facecluster.gallery.gallery import Gallery
from facecluster.presentation.report.faces import MOST_FACES, ShownFace, ShownFaces, small_picture
from facecluster.workflows.labelled import labelled_clustering


def report_faces(results: EvaluationResults, gallery: Gallery) -> dict[str, list[ShownFaces]]:
    """The wrong and doubtful faces by the section of the report that counts them: people, held-out and strangers.

    `gallery` has to be in the state that was measured, which is the caller's word: faces are told by their place in it.
    Raises EvaluationError when it has no clusters any more.
    """
    ids = gallery.faces.ids()
    found: dict[str, list[ShownFaces]] = {}
    if results.scores is not None:
        found["people"] = [_shown(gallery, "Faces outside their person's cluster", _astray(gallery), _put_with)]
    if results.held_out is not None:
        table = results.held_out.table
        table = table.assign(face=ids[table["face"].to_numpy(int)]).sort_values("similarity", ascending=False)
        wrong, unsure = table[table["rank"] != 1], table[(table["rank"] == 1) & ~table["named"].astype(bool)]
        found["held-out"] = [
            _shown(gallery, "Faces that were taken for somebody else", wrong, _taken_for),
            _shown(gallery, "Faces that were not similar enough to be named", unsure[::-1], _not_named),
        ]
    if results.open_set is not None:
        table = results.open_set.table
        named = table[table["stranger"].astype(bool) & table["named"].astype(bool)]
        named = named.assign(face=ids[named["face"].to_numpy(int)]).sort_values("similarity", ascending=False)
        # A face is a stranger's in several draws.
        named = named.drop_duplicates("face")
        found["strangers"] = [_shown(gallery, "Strangers' faces that got a name", named, _named)]
    return found


def _astray(gallery: Gallery) -> pd.DataFrame:
    """Columns face, person and best, the person with most faces in its cluster, None where it lies in none."""
    faces, labels, persons = labelled_clustering(gallery)
    wrong = wrong_faces(labels, persons)
    known = pd.notna(persons)
    main = pd.Series(persons[known]).groupby(labels[known]).agg(lambda names: names.value_counts().index[0])
    best = [main[label] if label >= 0 else None for label in labels[wrong].tolist()]
    return pd.DataFrame({"face": faces[wrong], "person": persons[wrong], "best": np.array(best, dtype=object)})


def _put_with(row: Any) -> tuple[str, str]:
    if row.best is None:
        return f"A face of {row.person}, in no cluster", "in no cluster"
    if row.best == row.person:
        return f"A face of {row.person}, in a second cluster of the same person", "in a second cluster"
    return f"A face of {row.person}, in a cluster of {row.best}", f"put with {row.best}"


def _taken_for(row: Any) -> tuple[str, str]:
    words = f"taken for {row.best}"
    return f"A face of {row.person}, {words}, similarity {row.similarity:.2f}", f"{words}, {row.similarity:.2f}"


def _not_named(row: Any) -> tuple[str, str]:
    words = f"{row.similarity:.2f}, {row.threshold:.2f} needed"
    return f"A face of {row.person}, right but not named, similarity {words}", f"similarity {words}"


def _named(row: Any) -> tuple[str, str]:
    words = f"named {row.best}"
    return (
        f"A face of {row.person}, who was held out, {words}, similarity {row.similarity:.2f}",
        f"{words}, {row.similarity:.2f}",
    )


def _shown(gallery: Gallery, title: str, table: pd.DataFrame, words: Callable[[Any], tuple[str, str]]) -> ShownFaces:
    first = table.head(MOST_FACES)
    looks = gallery.faces.looks(first["face"].tolist())
    faces = []
    for row in first.itertuples():
        alt, below = words(row)
        look = looks.get(int(row.face))
        faces.append(ShownFace(small_picture(look.crop, look.ratio) if look else b"", alt, (str(row.person), below)))
    return ShownFaces(title, len(table), tuple(faces))
