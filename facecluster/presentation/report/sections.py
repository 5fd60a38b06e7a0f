"""What a report says, section by section; those that were not measured are left out, or say why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from facecluster.evaluation.intervals import KIND, NOT_COVERED
from facecluster.evaluation.subgroups import with_groups
from facecluster.presentation import charts, evaluation_charts, evaluation_tables
from facecluster.presentation.report.blocks import Block, Definitions, Heading, Note, Paragraph, mean, share, table_of
from facecluster.presentation.report.charts import chart_of
from facecluster.presentation.report.document import as_document
from facecluster.presentation.report.groups import group_blocks
from facecluster.presentation.text import interval, percent

if TYPE_CHECKING:
    from facecluster.evaluation.results import EvaluationResults, Part
    from facecluster.presentation.report.faces import ShownFaces

SECTION_OF: dict[Part, str] = {
    "held_out": "held-out",
    "open_set": "strangers",
    "sweep": "clusters",
    "comparison": "algorithms",
    "stability": "stability",
}
"""The section that holds a part's figures."""

DEFINITIONS = {
    "Accuracy": "Share of faces whose cluster is assigned to their person, clusters and persons paired one to one so "
    "that the most faces fit (Hungarian assignment). The clusters were made of these very faces.",
    "Purity": "Share of a cluster's labelled faces that belong to its main person.",
    "Coverage": "Share of a person's faces that lie in the cluster that holds most of them.",
    "ARI": "Adjusted Rand index of clusters and persons: 1 when equal, about 0 when unrelated (Hubert & Arabie 1985).",
    "NMI": "Normalised mutual information of clusters and persons, arithmetic mean.",
    "B-cubed": "Precision and recall of each face's cluster, averaged over faces (Bagga & Baldwin 1998).",
    "Faces in no cluster": "Each face that an algorithm puts into none counts as a cluster of its own.",
    "Interval": "95 % Wilson score interval of a share. Faces of one person resemble each other, so with few people it "
    "is narrower than the truth.",
    "Top-1, top-3": "Share of held-out faces whose person is the most similar one, or among the three most similar. "
    "Photos are split into folds, copies of a photo never on both sides.",
    "Named right": "Share of held-out faces that reach the threshold with their own person's name.",
    "FPIR": "Share of strangers' faces that get a name. Strangers are people held out of the gallery.",
    "FNIR": "Share of known people's faces that stay unknown or get a wrong name.",
    "Threshold": "The similarity from which a face counts as known. Each gallery chooses it for the FPIR asked for "
    "without knowing the strangers.",
    "ECE": "Expected calibration error: mean distance of predicted probability and observed share, over ten bins, for "
    "people that the fit never saw, where strangers are as frequent as in these draws.",
    "Together": "Share of a person's pairs of faces that share a cluster, mean over bootstrap samples of the faces, "
    "with the middle 95 % of the samples.",
    "Stability": "Mean adjusted Rand index between runs.",
}

_ACCURACY_ENDS = f"Accuracy's interval is {KIND}, {NOT_COVERED}."


@dataclass(frozen=True)
class Section:
    """One section of the page: `id` is its place in an address."""

    id: str
    title: str
    blocks: tuple[Block, ...]


def sections_of(results: EvaluationResults, faces: Mapping[str, Sequence[ShownFaces]]) -> list[Section]:
    """The sections in their order; `faces` are those of `workflows.report_faces`, by section."""
    found = [
        *(_people(results), _held_out(results), _open_set(results), _sweep(results)),
        *(_comparison(results), _stability(results), *_groups(results), _definitions(), _origin(results)),
    ]
    return [
        replace(section, blocks=(*section.blocks, *faces.get(section.id, ())))
        for section in found
        if section is not None
    ]


def summary_lines(results: EvaluationResults) -> list[str]:
    """What the answers rest on, and the figures that have no question."""
    scores, lines = results.scores, []
    if results.known is not None and results.known.by_folder:
        lines.append(results.known.sentence)
    if scores is not None:
        lines.append(
            f"{scores.sentence}: accuracy {percent(scores.accuracy)} "
            f"({KIND} {interval(*scores.accuracy_interval)}, {NOT_COVERED}), "
            f"purity {percent(scores.purity)}, ARI {scores.ari:.4f}, NMI {scores.nmi:.4f}, B-cubed F1 "
            f"{scores.bcubed.f1:.4f}."
        )
    if results.suggestion is not None:
        lines.append(results.suggestion.reason)
    return lines


def _people(results: EvaluationResults) -> Section | None:
    if results.people.empty:
        return None
    of = "" if results.known is None or results.known.is_everybody else f" {results.known.sentence}"
    worst_first = charts.worst_first(results.people)
    people = _grouped(evaluation_tables.clustered_people(worst_first), results)
    blocks = (
        Paragraph(f"Measured on the faces that were clustered; accuracy's interval is {KIND}.{of}"),
        chart_of(charts.accuracy_by_person(worst_first), f"Accuracy of {len(people)} people, the lowest first"),
        table_of(people, f"Accuracy of {len(people)} people"),
    )
    return Section("people", "People", blocks)


def _held_out(results: EvaluationResults) -> Section | None:
    held = results.held_out
    if held is None:
        return _missing("held-out", "Held-out photos", results, "held_out")
    text = (
        f"{held.faces} faces in {held.folds} folds, each identified by the photos of the others: top-1 "
        f"{share(held.top1, held.top1_interval)}, top-3 {share(held.top3, held.top3_interval)}, named right at the "
        f"threshold ({held.threshold:.3f} on average) {share(held.named_right, held.named_right_interval)}."
    )
    if held.skipped:
        text += f" {held.skipped} faces are of people without another photo and could not be judged."
    people = _grouped(evaluation_tables.held_out_people(held.people), results)
    table = table_of(people, f"Held-out photos of {len(people)} people")
    return Section("held-out", "Held-out photos", (Paragraph(text), table))


def _open_set(results: EvaluationResults) -> Section | None:
    found = results.open_set
    if found is None:
        return _missing("strangers", "Strangers", results, "open_set")
    text = (
        f"{found.left_out} of {found.people} people held out in each of {len(found.draws)} draws. At the thresholds "
        f"chosen for an FPIR of {100 * found.target_fpir:g} %, {mean(found.fpir, found.fpir_sd)} of the strangers' "
        f"faces got a name (FPIR) and {mean(found.fnir, found.fnir_sd)} of the known people's were missed (FNIR; "
        f"expected {percent(found.expected_fnir)}). The whole gallery's threshold is {found.threshold:.3f}, its "
        f"expected FNIR {percent(found.gallery_fnir)}."
    )
    blocks = (
        Paragraph(text),
        *([Note(found.warning)] if found.warning else []),
        Paragraph(evaluation_charts.det_words(found)),
        chart_of(
            evaluation_charts.det_chart(found), "Missed known people over named strangers, threshold by threshold"
        ),
        table_of(evaluation_tables.error_rates(found.det), "Error rates at some thresholds"),
        chart_of(
            evaluation_charts.similarity_chart(found.distribution, found.threshold),
            "How similar known people and strangers are to their best candidate",
        ),
        table_of(_strangers_last(evaluation_tables.draws(found.draws)), f"Error rates of {len(found.draws)} draws"),
        *_calibration(results),
    )
    return Section("strangers", "Strangers", blocks)


def _strangers_last(draws: pd.DataFrame) -> pd.DataFrame:
    """Their names are long, and would part the figures from the draw's number."""
    return draws[[*(column for column in draws if column != "Held out"), "Held out"]]


def _calibration(results: EvaluationResults) -> list[Block]:
    title = Heading("Calibration")
    if results.calibration is None:
        reason = results.missing.get("calibration")
        return [title, Note(reason)] if reason else []
    table, ece = results.calibration.table, results.calibration.ece
    words = (
        f"Expected calibration error {ece:.4f} on people that the fit never saw. {evaluation_tables.RELIABILITY_NOTE}"
    )
    figure = evaluation_charts.reliability_chart(table, ece)
    return [title, Paragraph(words), chart_of(figure, "Share of right answers over the probability told")]


def _sweep(results: EvaluationResults) -> Section | None:
    if results.suggestion is None or results.sweep is None:
        return _missing("clusters", "How many clusters", results, "sweep")
    chart = evaluation_charts.sweep_chart(results.sweep, results.suggestion.n_clusters, len(results.people))
    table = evaluation_tables.sweep_table(results.sweep)
    lines = [results.suggestion.reason, evaluation_tables.sweep_note(results)]
    lines += [_ACCURACY_ENDS] if "Accuracy" in table else []
    words = f"Figures of {len(table)} numbers of clusters"
    blocks = (*map(Paragraph, lines), chart_of(chart, words), table_of(table, words))
    return Section("clusters", "How many clusters", blocks)


def _comparison(results: EvaluationResults) -> Section | None:
    if results.comparison is None:
        return _missing("algorithms", "Algorithms", results, "comparison")
    table = evaluation_tables.comparison_table(results.comparison)
    blocks: list[Block] = []
    if "Accuracy" in table:
        blocks.append(Paragraph(_ACCURACY_ENDS))
    figure = evaluation_charts.algorithms_chart(results.comparison) if "ARI" in table else None
    if figure is not None:
        blocks.append(chart_of(figure, f"ARI of {len(table)} algorithms"))
    blocks.append(table_of(table, f"Figures of {len(table)} algorithms"))
    return Section("algorithms", "Algorithms", tuple(blocks))


def _stability(results: EvaluationResults) -> Section | None:
    found = results.stability
    if found is None:
        return _missing("stability", "Stability", results, "stability")
    text = (
        f"Mean ARI between {found.seeds} seeds {found.seed_ari:.4f}, between {found.bootstraps} bootstrap samples "
        f"{found.bootstrap_ari:.4f} ({found.low:.4f} to {found.high:.4f})."
    )
    if found.people.empty:
        return Section("stability", "Stability", (Paragraph(text),))
    people = _grouped(evaluation_tables.stability_people(found.people), results)
    words = f"How often the faces of {len(people)} people stay together"
    chart = chart_of(evaluation_charts.stability_chart(found.people), words)
    return Section("stability", "Stability", (Paragraph(text), chart, table_of(people, words)))


def _groups(results: EvaluationResults) -> list[Section]:
    return [
        Section(f"group-{number}", f"By {column}", tuple(group_blocks(results, column, table)))
        for number, (column, table) in enumerate(results.groups.items(), start=1)
    ]


def _grouped(table: pd.DataFrame, results: EvaluationResults) -> pd.DataFrame:
    return with_groups(table, results.group_of, "Person")


def _definitions() -> Section:
    return Section("definitions", "What the figures mean", (Definitions(tuple(DEFINITIONS.items())),))


def _origin(results: EvaluationResults) -> Section:
    document = as_document(results)
    rows = {**document["settings"], **document["clustering"], **document["versions"], "date": results.created}
    values = [json.dumps(value, ensure_ascii=False) for value in rows.values()]
    table = pd.DataFrame({"Name": list(rows), "Value": values})
    return Section("origin", "Parameters and versions", (table_of(table, "Parameters and versions"),))


def _missing(id: str, title: str, results: EvaluationResults, part: str) -> Section | None:
    reason = results.missing.get(part)
    # What is said at the top is not said again.
    return Section(id, title, (Note(reason),)) if reason and reason != results.missing.get("scores") else None
