"""The commands that measure, evaluate and compare: options in, a JSON document and text out."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from facecluster.cli.output import shown
from facecluster.evaluation.intervals import KIND, NOT_COVERED, with_accuracy_interval
from facecluster.progress import OnProgress

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from facecluster.evaluation.results import EvaluationResults, EvaluationSettings
    from facecluster.gallery.gallery import Gallery
    from facecluster.presentation.report.faces import ShownFaces

_FIGURES = ("accuracy", "purity", "ari", "nmi", "bcubed", "faces", "correct")


def evaluate(options: argparse.Namespace) -> tuple[dict[str, Any], str, list[str]]:
    """What `evaluate` prints: the clustering's figures, under their own keys what its options ask for, and why what
    they ask for could not be done.

    Where nobody is labelled there are no figures of the clustering; then the parts that need no people take their
    place.
    """
    from facecluster.errors import EvaluationError
    from facecluster.evaluation.subgroups import read_groups
    from facecluster.gallery.gallery import Gallery
    from facecluster.presentation.report.document import as_document
    from facecluster.presentation.report.files import report_files
    from facecluster.records import known_persons
    from facecluster.workflows.evaluate import evaluate_gallery
    from facecluster.workflows.labelled import labelled_clustering

    # What would fail in the end should fail before the long work.
    if options.report is not None:
        report_files(options.report)
    elif options.report_faces:
        raise EvaluationError("--report-faces needs --report: name the report's file.")
    gallery = Gallery.open(options.gallery, create=False)
    revision = gallery.revision
    _, labels, persons = labelled_clustering(gallery)
    groups = read_groups(options.groups, persons) if options.groups else None
    is_labelled = bool(known_persons(persons).any())
    document, text = _figures(labels, persons) if is_labelled else (dict.fromkeys(_FIGURES) | {"people": []}, "")
    known = gallery.counts().known
    document["known_faces"] = known.as_dict()
    text = f"{known.sentence}\n{text}" if is_labelled else text
    settings = _settings(options, is_labelled)
    if not (settings.parts or options.groups):
        return document, text, []
    with _bar() as show:
        results = evaluate_gallery(gallery, settings, groups=groups, on_progress=show)
    measured = as_document(results)
    parts = ("held_out", "open_set", "groups", "suggestion", "sweep", "comparison", "comparison_groups", "stability")
    for part in parts:
        if measured.get(part):
            document[part] = measured[part]
    if results.missing:
        document["missing"] = measured["missing"]
    failed = [results.missing[part] for part in _asked(options) if part in results.missing]
    text = "\n\n".join(filter(None, [text, *_lines(results, failed)]))
    if options.report:
        faces = _faces(results, gallery, revision, failed) if options.report_faces else None
        text += _report(results, options.report, document, failed, faces)
    return document, text, list(dict.fromkeys(failed))


def _faces(
    results: EvaluationResults, gallery: Gallery, revision: int, failed: list[str]
) -> dict[str, list[ShownFaces]] | None:
    """The faces for the report, or why there are none in `failed`: they are told by their place in the gallery."""
    from facecluster.workflows.report_faces import report_faces

    if gallery.revision == revision:
        return report_faces(results, gallery)
    failed.append("The gallery changed while it was measured, so the report shows no faces: make it again.")
    return None


def _report(
    results: EvaluationResults,
    file: str,
    document: dict[str, Any],
    failed: list[str],
    faces: dict[str, list[ShownFaces]] | None,
) -> str:
    """Writes the report; says so in `document` and in the text returned, or why not in `failed`."""
    from facecluster.errors import EvaluationError
    from facecluster.presentation.report.files import write_report

    try:
        page, data = write_report(results, file, faces)
    except EvaluationError as error:  # what was measured is printed all the same
        failed.append(str(error))
        return ""
    document["report"] = {"html": str(page), "json": str(data)}
    return f"\n\nThe report is {page}, its figures {data}."


def _figures(labels: np.ndarray, persons: np.ndarray) -> tuple[dict[str, Any], str]:
    from facecluster.evaluation.clustering_scores import evaluate_clustering, match_people

    scores, people = evaluate_clustering(labels, persons), match_people(labels, persons)
    figures = asdict(scores)
    document: dict[str, Any] = {key: figures[key] for key in _FIGURES}
    low, high = scores.accuracy_interval
    document["accuracy_interval"] = {"low": low, "high": high, "kind": f"{KIND}, {NOT_COVERED}"}
    document["people"] = json.loads(people.to_json(orient="records"))
    text = (
        f"{scores.sentence}: accuracy {scores.accuracy:.4f} "
        f"({KIND} {low:.4f} to {high:.4f}, {NOT_COVERED}), purity {scores.purity:.4f}, ARI {scores.ari:.4f}, NMI "
        f"{scores.nmi:.4f}, B-cubed F1 {scores.bcubed.f1:.4f}\n\n"
        f"By person; low and high are the ends of accuracy's {KIND} interval.\n" + _text_table(people)
    )
    return document, text


def compare(options: argparse.Namespace) -> tuple[list[dict[str, Any]], str]:
    """What `compare` prints: one row for each algorithm, with `groups` in it where a CSV of groups is given."""
    from facecluster.clustering.algorithms import algorithm_named
    from facecluster.evaluation.algorithm_comparison import compare_algorithms
    from facecluster.evaluation.subgroups import algorithms_by_group, read_groups
    from facecluster.gallery.gallery import Gallery
    from facecluster.records import known_persons
    from facecluster.workflows.cluster import apply_algorithm, choose_number

    if options.apply:
        algorithm_named(options.apply)
    gallery = Gallery.open(options.gallery, create=False)
    faces = gallery.faces()
    groups = read_groups(options.groups, faces.persons) if options.groups else None
    labels: dict[str, np.ndarray] = {}
    start = time.perf_counter()
    names, wanted = gallery.faces.known_names(faces), options.clusters or "people"
    number, chosen_by = choose_number(faces.embeddings, names, wanted, options.seed)
    seconds = time.perf_counter() - start

    def keep(name: str, found: np.ndarray) -> None:
        labels[name] = found

    with _bar() as show:
        table = compare_algorithms(
            faces.embeddings,
            faces.persons,
            n_clusters=number,
            seed=options.seed,
            suggested=number if chosen_by == "suggested" else None,
            suggestion_seconds=seconds,
            on_labels=keep,
            on_progress=show,
        )
    table = with_accuracy_interval(table, int(known_persons(faces.persons).sum()))
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    text = _text_table(table.drop(columns="title").dropna(axis="columns", how="all"))
    if "accuracy_low" in table:
        text += f"\n\naccuracy_low and _high: {KIND}, {NOT_COVERED}."
    for column in () if groups is None else groups.columns:
        split = algorithms_by_group(groups, column, persons=faces.persons, labels=labels)
        for row in rows:
            of_row = split[split["algorithm"] == row["algorithm"]].drop(columns=["algorithm", "title"])
            row.setdefault("groups", {})[column] = json.loads(of_row.to_json(orient="records"))
        text += f"\n\nAccuracy by {shown(column)}, with {KIND} intervals:\n{_text_table(split.drop(columns='title'))}"
    if options.apply:
        # Not `number`: what the gallery grows to is grouped by the same choice again.
        made = apply_algorithm(gallery, options.apply, options.clusters or "people", options.seed)
        in_none = len(faces) - len(made.faces)
        text += f"\n\nThe gallery's clusters are now {options.apply}'s: {made.n_clusters}, {in_none} faces are in none."
    return rows, text


def _settings(options: argparse.Namespace, is_labelled: bool) -> EvaluationSettings:
    """A report measures everything, else only the parts that were asked for, or that are left without people."""
    from facecluster.evaluation.results import NEED_PEOPLE, PARTS, EvaluationSettings

    asked = _asked(options)
    parts = tuple(part for part in PARTS if options.report or part in asked or not (is_labelled or part in NEED_PEOPLE))
    defaults = EvaluationSettings()
    return EvaluationSettings(folds=options.folds or defaults.folds, left_out=options.leave_people_out, parts=parts)


def _asked(options: argparse.Namespace) -> list[str]:
    """The parts that an option of their own asks for."""
    parts = {"held_out": options.folds, "open_set": options.leave_people_out, "groups": options.groups}
    return [part for part, value in parts.items() if value]


def _lines(results: EvaluationResults, told: list[str]) -> Iterator[str]:
    """A paragraph for each part; reasons that are `told` elsewhere are not repeated."""
    held, found = results.held_out, results.open_set
    if held is not None:
        yield (
            f"Held out in {held.folds} folds, {held.faces} faces ({KIND} in brackets): top-1 "
            f"{_share(held.top1, held.top1_interval)}, top-3 {_share(held.top3, held.top3_interval)}, named right at "
            f"the threshold {_share(held.named_right, held.named_right_interval)}."
        )
    if found is not None:
        yield (
            f"{found.left_out} of {found.people} people held out in {len(found.draws)} draws, thresholds for an FPIR "
            f"of {100 * found.target_fpir:g} %: FPIR {100 * found.fpir:.2f} ± {100 * found.fpir_sd:.2f} %, FNIR "
            f"{100 * found.fnir:.2f} ± {100 * found.fnir_sd:.2f} %. {found.warning}".rstrip()
        )
    yield from _free_lines(results)
    for column, table in results.groups.items():
        yield f"By {shown(column)}, with {KIND} intervals:\n{_text_table(table)}"
    for column, table in results.comparison_groups.items():
        yield f"Accuracy of the algorithms by {shown(column)}:\n{_text_table(table.drop(columns='title'))}"
    if "scores" in results.missing and results.missing["scores"] not in told:
        yield results.missing["scores"]
    for part, reason in results.missing.items():
        if reason not in (*told, results.missing.get("scores")):
            yield f"Not measured, {part.replace('_', ' ')}: {reason}"


def _free_lines(results: EvaluationResults) -> Iterator[str]:
    """The parts that need no people."""
    if results.suggestion is not None:
        yield f"Suggested: {results.suggestion.reason}"
    if results.comparison is not None:
        yield _text_table(results.comparison.drop(columns="title").dropna(axis="columns", how="all"))
    if (stability := results.stability) is not None:
        yield (
            f"Stability of {stability.n_clusters} clusters: ARI {stability.seed_ari:.4f} over {stability.seeds} seeds, "
            f"{stability.bootstrap_ari:.4f} over {stability.bootstraps} bootstrap samples."
        )


def _share(value: float, ends: tuple[float, float]) -> str:
    return f"{value:.4f} ({ends[0]:.4f} to {ends[1]:.4f})"


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
