"""The evaluation as one page to keep or pass on: HTML that needs nothing else.

A report names people and holds figures; no photo, crop or embedding goes into it.
"""

from __future__ import annotations

import json
from html import escape
from string import Template
from typing import TYPE_CHECKING

import pandas as pd

from facecluster import charts, lab_charts, lab_tables
from facecluster.groups import SMALL_FACES, SMALL_PEOPLE, det_by_group, difference, with_groups
from facecluster.intervals import KIND, NOT_COVERED
from facecluster.lab import LabResults
from facecluster.lab_answers import verdict_of
from facecluster.lab_tables import GROUP_RATES
from facecluster.report_data import GENERATOR, as_document

if TYPE_CHECKING:
    import plotly.graph_objects as go

DEFINITIONS = {
    "Accuracy": "Share of faces whose cluster is assigned to their person, clusters and persons paired one to one so "
    "that the most faces fit (Hungarian assignment). The clusters were made of these very faces.",
    "Purity": "Share of a cluster's labelled faces that belong to its main person.",
    "Coverage": "Share of a person's faces that lie in the cluster that holds most of them.",
    "ARI": "Adjusted Rand index of clusters and persons: 1 when equal, about 0 when unrelated (Hubert & Arabie 1985).",
    "NMI": "Normalised mutual information of clusters and persons, arithmetic mean.",
    "B-cubed": "Precision and recall of each face's cluster, averaged over faces (Bagga & Baldwin 1998).",
    "Left-out faces": "Faces that an algorithm puts into no cluster count as a cluster each.",
    "Interval": "95 % Wilson score interval of a share. Faces of one person resemble each other, so with few people it "
    "is narrower than the truth.",
    "Top-1, top-3": "Share of held-out faces whose person is the most similar one, or among the three most similar. "
    "Photos are split into folds, copies of a photo never on both sides.",
    "Named right": "Share of held-out faces that reach the threshold with their own person's name.",
    "FPIR": "Share of strangers' faces that get a name. Strangers are people left out of the gallery.",
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

_PAGE = Template("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="generator" content="$generator">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #1e293b; background: #fff; margin: 2rem auto; max-width: 64rem;
       padding: 0 1rem; }
h1 { font-size: 1.7rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid #cbd5e1; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #e2e8f0; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } dt { font-weight: 600; } dd { margin: 0 0 .6rem; }
.note { border-left: 4px solid #d97706; padding: .3rem .8rem; background: #fffbeb; }
</style><script>$plotly</script></head><body>
$body
</body></html>
""")


def report_html(results: LabResults) -> str:
    """A page that works without a network: plotly.js is in it, once."""
    from plotly.offline import get_plotlyjs

    sections = [
        *(_summary(results), _people(results), _held_out(results), _open_set(results), _sweep(results)),
        *(_comparison(results), _stability(results), _groups(results), _definitions(), _origin(results)),
    ]
    title = f"Evaluation of {results.gallery}"
    parts = {"title": escape(title), "plotly": get_plotlyjs(), "body": "\n".join(filter(None, sections))}
    return _PAGE.substitute(generator=GENERATOR, **parts)


def _summary(results: LabResults) -> str:
    scores, lines = results.scores, []
    if results.known is not None and results.known.by_folder:
        lines.append(results.known.sentence)
    if scores is not None:
        low, high = scores.accuracy_interval
        lines.append(
            f"{scores.correct} of {scores.faces} faces are in their person's cluster: accuracy {scores.accuracy:.4f} "
            f"({KIND} {low:.4f} to {high:.4f}, {NOT_COVERED}), purity {scores.purity:.4f}, ARI {scores.ari:.4f}, NMI "
            f"{scores.nmi:.4f}, B-cubed F1 {scores.bcubed.f1:.4f}."
        )
    if results.suggestion is not None:
        lines.append(results.suggestion.reason)
    text = "".join(f"<p>{escape(line)}</p>" for line in lines)
    if "scores" in results.missing:
        text += _note(results.missing["scores"])
    answers = "".join(
        f"<dt>{escape(question)}</dt><dd>{escape(each.text)}</dd>" for question, each in verdict_of(results)
    )
    head = f"<h1>Evaluation of {escape(results.gallery)}</h1><p>{escape(results.created)}</p>"
    return f"{head}<dl>{answers}</dl>{text}" if answers else head + text


def _people(results: LabResults) -> str:
    if results.people.empty:
        return ""
    share = "" if results.known is None or results.known.is_everybody else f" {results.known.sentence}"
    figure = charts.accuracy_by_person(charts.worst_first(results.people))
    text = f"<p>Measured on the faces that were clustered; accuracy's interval is {KIND}.{escape(share)}</p>"
    people = lab_tables.clustered_people(charts.worst_first(results.people))
    return _section("People", text + _figure(figure) + _table(_grouped(people, results)))


def _held_out(results: LabResults) -> str:
    held = results.held_out
    if held is None:
        return _missing("Held-out photos", results, "held_out")
    text = (
        f"{held.faces} faces in {held.folds} folds, each identified by the photos of the others: top-1 "
        f"{_share(held.top1, held.top1_interval)}, top-3 {_share(held.top3, held.top3_interval)}, named right at the "
        f"threshold ({held.threshold:.3f} on average) {_share(held.named_right, held.named_right_interval)}."
    )
    if held.skipped:
        text += f" {held.skipped} faces are of people without another photo and could not be judged."
    return _section(
        "Held-out photos", f"<p>{escape(text)}</p>" + _table(_grouped(lab_tables.held_out_people(held.people), results))
    )


def _open_set(results: LabResults) -> str:
    found = results.open_set
    if found is None:
        return _missing("Strangers", results, "open_set")
    text = (
        f"{found.left_out} of {found.people} people left out in each of {len(found.draws)} draws. At the thresholds "
        f"chosen for an FPIR of {100 * found.target_fpir:g} %, {_mean(found.fpir, found.fpir_sd)} of the strangers' "
        f"faces got a name (FPIR) and {_mean(found.fnir, found.fnir_sd)} of the known people's were missed (FNIR; "
        f"foretold {found.expected_fnir:.1%}). The whole gallery's threshold is {found.threshold:.3f}, its foretold "
        f"FNIR {found.foretold_fnir:.1%}."
    )
    parts = [
        f"<p>{escape(text)}</p>",
        _note(found.warning) if found.warning else "",
        f"<p>{escape(lab_charts.det_words(found))}</p>",
        _figure(lab_charts.det_chart(found)),
        _figure(lab_charts.similarity_chart(found.distribution, found.threshold)),
        _table(lab_tables.draws(found.draws)),
    ]
    if results.calibration is not None:
        table, ece = results.calibration.table, results.calibration.ece
        parts += [
            f"<h3>Calibration</h3><p>Expected calibration error {ece:.4f} on people that the fit never saw. "
            f"{escape(lab_tables.RELIABILITY_NOTE)}</p>",
            _figure(lab_charts.reliability_chart(table, ece)),
        ]
    return _section("Strangers", "".join(parts)) + _missing("Calibration", results, "calibration")


def _sweep(results: LabResults) -> str:
    if results.suggestion is None or results.sweep is None:
        return _missing("How many clusters", results, "sweep")
    chart = lab_charts.sweep_chart(results.sweep, results.suggestion.n_clusters, len(results.people))
    table = lab_tables.swept(results.sweep)
    lines = [results.suggestion.reason, lab_tables.sweep_note(results)]
    lines += [_ACCURACY_ENDS] if "Accuracy" in table else []
    text = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return _section("How many clusters", text + _figure(chart) + _table(table))


def _comparison(results: LabResults) -> str:
    if results.comparison is None:
        return _missing("Algorithms", results, "comparison")
    table = lab_tables.compared(results.comparison)
    chart = _figure(lab_charts.algorithms_chart(results.comparison)) if "ARI" in table else ""
    ends = f"<p>{_ACCURACY_ENDS}</p>" if "Accuracy" in table else ""
    return _section("Algorithms", ends + chart + _table(table))


def _stability(results: LabResults) -> str:
    found = results.stability
    if found is None:
        return _missing("Stability", results, "stability")
    text = (
        f"Mean ARI between {found.seeds} seeds {found.seed_ari:.4f}, between {found.bootstraps} bootstrap samples "
        f"{found.bootstrap_ari:.4f} ({found.low:.4f} to {found.high:.4f})."
    )
    if found.people.empty:
        return _section("Stability", f"<p>{text}</p>")
    chart = _figure(lab_charts.stability_chart(found.people))
    return _section(
        "Stability", f"<p>{text}</p>" + chart + _table(_grouped(lab_tables.stability_people(found.people), results))
    )


def _groups(results: LabResults) -> str:
    return "".join(_section(f"By {column}", _group(results, column, table)) for column, table in results.groups.items())


def _group(results: LabResults, column: str, table: pd.DataFrame) -> str:
    parts = [
        f"<p>Small groups, of fewer than {SMALL_FACES} faces or {SMALL_PEOPLE} people, say little. FPIR counts "
        "strangers of the group; in a draw, all groups meet the same threshold.</p>",
        _table(lab_tables.group_rates(table)),
        *_group_algorithms(results, column),
    ]
    for rate, title in GROUP_RATES.items():
        if table[rate].notna().any():
            words = difference(table, rate)
            parts.append(f"<h3>{escape(title)}</h3><p>{escape(words)}</p>")
            parts.append(_figure(lab_charts.groups_chart(table, rate, title)))
    if results.open_set is not None and results.group_of is not None:
        curves = det_by_group(results.open_set, results.group_of, column)
        small = set(table.loc[table["small"], "group"])
        chart = _figure(lab_charts.det_chart(results.open_set, curves, small))
        parts.append(f"<h3>Error rates over thresholds</h3><p>Both marks are everybody's.</p>{chart}")
    return "".join(parts)


def _group_algorithms(results: LabResults, column: str) -> list[str]:
    if column not in results.comparison_groups:
        return []
    table = lab_tables.compared_groups(results.comparison_groups[column])
    return ["<p>Accuracy of the clusters that each algorithm makes; a left-out face counts alone.</p>", _table(table)]


def _grouped(table: pd.DataFrame, results: LabResults) -> pd.DataFrame:
    return with_groups(table, results.group_of, "Person")


def _definitions() -> str:
    entries = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in DEFINITIONS.items())
    return _section("What the figures mean", f"<dl>{entries}</dl>")


def _origin(results: LabResults) -> str:
    document = as_document(results)
    rows = {**document["settings"], **document["clustering"], **document["versions"], "date": results.created}
    table = pd.DataFrame({"": list(rows), "value": [json.dumps(value, ensure_ascii=False) for value in rows.values()]})
    return _section("Parameters and versions", _table(table))


def _section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>{body}"


def _missing(title: str, results: LabResults, part: str) -> str:
    reason = results.missing.get(part)
    # Said once, at the top.
    return _section(title, _note(reason)) if reason and reason != results.missing.get("scores") else ""


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _figure(figure: go.Figure) -> str:
    html: str = figure.to_html(full_html=False, include_plotlyjs=False, config={"displayModeBar": False})
    return html


def _table(table: pd.DataFrame) -> str:
    for name in lab_tables.SHARES.intersection(table.columns):
        table = table.assign(**{name: table[name].map(charts.percent, na_action="ignore")})
    html = table.to_html(index=False, border=0, na_rep="", float_format=lambda value: f"{value:.4f}", escape=True)
    return f'<div class="scroll">{html}</div>'


def _share(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.4f} ({interval[0]:.4f} to {interval[1]:.4f})"


def _mean(value: float, spread: float) -> str:
    return f"{100 * value:.1f} ± {100 * spread:.1f} %"
