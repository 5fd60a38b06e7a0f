"""What a report's sections are made of: tables, notes, charts beside what they show."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from facecluster.presentation import evaluation_tables
from facecluster.presentation.text import interval, percent, percent_of

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 500
"""So many rows of a table at most; the figures beside the page, as JSON, hold all."""

_WIDE = 9  # columns; tables of more are set closer
_LONG = 240  # letters of a cell: hundreds of people may have been left out of a draw


def note(text: str) -> str:
    """A sentence to heed."""
    return f'<p class="note">{escape(text)}</p>'


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def table_html(table: pd.DataFrame, name: str) -> str:
    """A table that scrolls sideways where it is wider than the window, its first MOST_ROWS rows. `name` tells what it
    lists; the columns of `evaluation_tables.SHARES` are percentages."""
    columns = {str(column): _cells(table[column].head(MOST_ROWS), str(column)) for column in table}
    kinds = {column: ' class="text"' if _is_text(table[column], column) else "" for column in columns}
    head = "".join(f"<th{kinds[column]}>{escape(column)}</th>" for column in columns)
    rows = (
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds.values(), row, strict=True)) + "</tr>"
        for row in zip(*columns.values(), strict=True)
    )
    look = ' class="wide"' if len(columns) > _WIDE else ""
    html = f"<table{look}><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    # A part that scrolls can be reached by keyboard, too.
    box = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">{html}</div>'
    if len(table) <= MOST_ROWS:
        return box
    return box + paragraph(f"The first {MOST_ROWS} of {len(table):,} rows; the figures as JSON hold all.")


def _is_text(cells: pd.Series, column: str) -> bool:
    """Whether they read from the left, as names do; intervals line up with the figures beside them."""
    return (
        column not in evaluation_tables.SHARES and "95 %" not in column and any(isinstance(cell, str) for cell in cells)
    )


def _cells(cells: pd.Series, column: str) -> list[str]:
    is_share = column in evaluation_tables.SHARES
    return [escape(_cell(cell, is_share)) for cell in cells.tolist()]


def _cell(cell: object, is_share: bool) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return percent(cell) if is_share else f"{cell:.4f}" if abs(cell) < 10 else f"{cell:,.1f}"
    if isinstance(cell, int):
        return percent(cell) if is_share else f"{cell:,}"
    words = str(cell)
    return words if len(words) <= _LONG else f"{words[: _LONG - 1].rstrip()}…"


def share(value: float, ends: tuple[float, float]) -> str:
    """A share in [0, 1] with its interval, in words."""
    return f"{percent(value)} ({interval(*ends)})"


def mean(value: float, spread: float) -> str:
    """A mean share with its standard deviation, in words."""
    return percent_of(f"{100 * value:.1f} ± {100 * spread:.1f}")
