"""What a report says of the groups in an analyst's CSV, one column of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facecluster.evaluation.subgroups import SMALL_FACES, SMALL_PEOPLE, det_by_group
from facecluster.presentation import evaluation_charts, evaluation_tables
from facecluster.presentation.evaluation_tables import GROUP_RATES
from facecluster.presentation.report.blocks import Block, Heading, Paragraph, table_of
from facecluster.presentation.report.charts import chart_of
from facecluster.presentation.text import how_groups_differ

if TYPE_CHECKING:
    import pandas as pd

    from facecluster.evaluation.results import EvaluationResults

MOST_CURVES = 6
"""So many groups at most have a curve: those are the colours that can be told apart."""


def group_blocks(results: EvaluationResults, column: str, table: pd.DataFrame) -> list[Block]:
    """One column's groups. `table` has subgroups.GROUP_COLUMNS."""
    blocks: list[Block] = [
        Paragraph(
            f"Small groups, of fewer than {SMALL_FACES} faces or {SMALL_PEOPLE} people, say little. FPIR counts "
            "strangers of the group; in a draw, all groups meet the same threshold."
        ),
        table_of(evaluation_tables.group_rates(table), f"Error rates by {column}"),
        *_algorithms(results, column),
    ]
    for rate, title in GROUP_RATES.items():
        if table[rate].notna().any():
            words = how_groups_differ(table, rate)
            blocks += [Heading(title), *([Paragraph(words)] if words else [])]
            blocks.append(chart_of(evaluation_charts.groups_chart(table, rate, title), f"{title} by {column}"))
    return [*blocks, *_curves(results, column, table)]


def _algorithms(results: EvaluationResults, column: str) -> list[Block]:
    if column not in results.comparison_groups:
        return []
    table = evaluation_tables.compared_groups(results.comparison_groups[column])
    words = "Accuracy of the clusters that each algorithm makes; a face in no cluster counts alone."
    return [Paragraph(words), table_of(table, f"Accuracy of algorithms by {column}")]


def _curves(results: EvaluationResults, column: str, table: pd.DataFrame) -> list[Block]:
    """Error rates over thresholds, of the groups with most faces."""
    if results.open_set is None or results.group_of is None:
        return []
    curves = det_by_group(results.open_set, results.group_of, column)
    if not curves:
        return []
    by_size = table.sort_values("faces", ascending=False, kind="stable")["group"]
    drawn = [group for group in by_size if group in curves][:MOST_CURVES]
    small = set(table.loc[table["small"], "group"])
    words = "Both marks are everybody's. A group without errors of both kinds has no curve."
    if small.intersection(drawn):
        words += " Curves of small groups are dashed and say little."
    if len(drawn) < len(curves):
        words += f" Drawn are the {len(drawn)} largest of {len(curves)} groups."
    figure = evaluation_charts.det_chart(results.open_set, {group: curves[group] for group in drawn}, small)
    chart = chart_of(figure, f"Missed known people over named strangers, by {column}")
    return [Heading("Error rates over thresholds"), Paragraph(words), chart]
