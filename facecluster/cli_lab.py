"""The commands that measure, evaluate and compare: options in, a JSON document and text out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from facecluster.steps import OnProgress

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from facecluster.lab import LabResults, LabSettings


def evaluate(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """What `evaluate` prints: the clustering's figures, and under their own keys what its options ask for."""
    from facecluster.evaluation import labelled_clustering
    from facecluster.gallery import Gallery
    from facecluster.groups import read_groups
    from facecluster.lab import evaluate_gallery
    from facecluster.report import report_files, write_report
    from facecluster.report_data import as_document

    gallery = Gallery.open(options.gallery, create=False)
    _, labels, persons = labelled_clustering(gallery)
    document, text = _figures(labels, persons)
    settings = _settings(options)
    if not (settings.parts or options.groups):
        return document, text
    # What would fail in the end should fail before the long work.
    groups = read_groups(options.groups, persons) if options.groups else None
    if options.report:
        report_files(options.report)
    with _bar() as show:
        results = evaluate_gallery(gallery, settings, groups=groups, on_progress=show)
    measured = as_document(results)
    for part in ("held_out", "open_set", "groups"):
        if measured[part]:
            document[part] = measured[part]
    if results.missing:
        document["missing"] = measured["missing"]
    text += "".join(f"\n\n{line}" for line in _lines(results))
    if options.report:
        page, data = write_report(results, options.report)
        document["report"] = {"html": str(page), "json": str(data)}
        text += f"\n\nThe report is {page}, its figures {data}."
    return document, text


def _figures(labels: np.ndarray, persons: np.ndarray) -> tuple[dict[str, Any], str]:
    from facecluster.evaluation import evaluate_clustering, match_people

    scores, people = evaluate_clustering(labels, persons), match_people(labels, persons)
    figures = asdict(scores)
    document = {key: figures[key] for key in ("accuracy", "purity", "ari", "nmi", "bcubed", "faces", "correct")}
    document["people"] = json.loads(people.to_json(orient="records"))
    text = (
        f"{scores.correct} of {scores.faces} faces are in their person's cluster: accuracy {scores.accuracy:.4f}, "
        f"purity {scores.purity:.4f}, ARI {scores.ari:.4f}, NMI {scores.nmi:.4f}, B-cubed F1 {scores.bcubed.f1:.4f}\n\n"
        + _text_table(people)
    )
    return document, text


def compare(options: argparse.Namespace) -> tuple[list[dict[str, Any]], str]:
    """What `compare` prints: a row an algorithm."""
    from facecluster.algorithms import algorithm_named, apply_algorithm
    from facecluster.clustering import number_of_clusters
    from facecluster.comparison import compare_algorithms
    from facecluster.gallery import Gallery

    if options.apply:
        algorithm_named(options.apply)
    gallery = Gallery.open(options.gallery, create=False)
    faces = gallery.faces()
    number, chosen_by = number_of_clusters(faces, options.clusters or "people", options.seed)
    with _bar() as show:
        table = compare_algorithms(
            *(faces.embeddings, faces.persons),
            n_clusters=number,
            seed=options.seed,
            suggested=number if chosen_by == "suggested" else None,
            on_progress=show,
        )
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    text = _text_table(table.drop(columns="title"))
    if options.apply:
        # Not `number`: what the gallery grows to is grouped by the same choice again.
        made = apply_algorithm(gallery, options.apply, options.clusters or "people", options.seed)
        left_out = len(faces) - len(made.faces)
        text += f"\n\nThe gallery's clusters are now {options.apply}'s: {made.n_clusters}, {left_out} faces left out."
    return rows, text


def _settings(options: argparse.Namespace) -> LabSettings:
    """A report measures everything, else only the parts that were asked for."""
    from facecluster.lab import PARTS, LabSettings

    asked = {"held_out": options.folds, "open_set": options.leave_people_out}
    parts = tuple(part for part in PARTS if options.report or asked.get(part))
    defaults = LabSettings()
    return LabSettings(folds=options.folds or defaults.folds, left_out=options.leave_people_out, parts=parts)


def _lines(results: LabResults) -> Iterator[str]:
    held, found = results.held_out, results.open_set
    if held is not None:
        yield (
            f"Held out in {held.folds} folds, {held.faces} faces: top-1 {held.top1:.4f} ({held.top1_interval[0]:.4f} "
            f"to {held.top1_interval[1]:.4f}), top-3 {held.top3:.4f}, named right at the threshold "
            f"{held.named_right:.4f}."
        )
    if found is not None:
        yield (
            f"{found.left_out} of {found.people} people left out in {len(found.draws)} draws, thresholds for an FPIR "
            f"of {100 * found.target_fpir:g} %: FPIR {100 * found.fpir:.2f} ± {100 * found.fpir_sd:.2f} %, FNIR "
            f"{100 * found.fnir:.2f} ± {100 * found.fnir_sd:.2f} %. {found.warning}".rstrip()
        )
    for column, table in results.groups.items():
        yield f"By {column}:\n{_text_table(table)}"
    for part, reason in results.missing.items():
        yield f"Not measured, {part.replace('_', ' ')}: {reason}"


def _text_table(table: pd.DataFrame) -> str:
    return str(table.to_string(index=False, na_rep="", float_format=lambda value: f"{value:.3f}"))


@contextmanager
def _bar() -> Iterator[OnProgress]:
    from tqdm import tqdm

    with tqdm(unit=" steps", file=sys.stderr, disable=None) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
