"""What a report's sections are made of: tables, notes, charts beside what they show."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from facecluster import charts, lab_tables

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 500
"""So many rows of a table at most; the figures beside the page, as JSON, hold all."""


def note(text: str) -> str:
    """A sentence to heed."""
    return f'<p class="note">{escape(text)}</p>'


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def table_html(table: pd.DataFrame, name: str) -> str:
    """A table that scrolls sideways where it is wider than the window, its first MOST_ROWS rows. `name` tells what it
    lists; the columns of `lab_tables.SHARES` are percentages."""
    shown = table.head(MOST_ROWS)
    for column in lab_tables.SHARES.intersection(table.columns):
        shown = shown.assign(**{column: shown[column].map(charts.percent, na_action="ignore")})
    html = shown.to_html(index=False, border=0, na_rep="", float_format=_number, escape=True)
    # A part that scrolls can be reached by keyboard, too.
    box = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">{html}</div>'
    if len(table) <= MOST_ROWS:
        return box
    return box + paragraph(f"The first {MOST_ROWS} of {len(table):,} rows; the figures as JSON hold all.")


def _number(value: float) -> str:
    return f"{value:.4f}"


def share(value: float, ends: tuple[float, float]) -> str:
    """A share in [0, 1] with its interval, in words."""
    return f"{charts.percent(value)} ({charts.interval(*ends)})"


def mean(value: float, spread: float) -> str:
    """A mean share with its standard deviation, in words."""
    return charts.percent_of(f"{100 * value:.1f} ± {100 * spread:.1f}")
