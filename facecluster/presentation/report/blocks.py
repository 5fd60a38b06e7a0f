"""What a report's sections are made of: headings, sentences, notes, tables and definitions.

A block holds what is said, as values; how it looks stands in templates/blocks.html. Charts and faces are blocks, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from facecluster.presentation import evaluation_tables
from facecluster.presentation.text import interval, percent, percent_of

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 500
"""So many rows of a table at most; the figures beside the page, as JSON, hold all."""

_WIDE = 9  # columns; tables of more are set closer
_LONG = 240  # letters of a cell: hundreds of people may have been left out of a draw


class Block:
    """What a section holds one below the other. The macro of templates/blocks.html that is named `kind` renders it."""

    kind: ClassVar[str]


@dataclass(frozen=True)
class Heading(Block):
    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Paragraph(Block):
    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True)
class Note(Block):
    """A sentence to heed."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Definitions(Block):
    """Terms, each with what it means."""

    kind: ClassVar[str] = "definitions"
    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Column:
    """A table's column; one that `is_text` reads from the left, as names do."""

    name: str
    is_text: bool
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table(Block):
    """The first rows of a table of `total`; `name` tells what it lists."""

    kind: ClassVar[str] = "table"
    name: str
    columns: tuple[Column, ...]
    total: int

    @property
    def rows(self) -> Iterator[Iterator[tuple[Column, str]]]:
        """Row by row, each cell with its column."""
        for cells in zip(*(column.cells for column in self.columns), strict=True):
            yield zip(self.columns, cells, strict=True)

    @property
    def shown(self) -> int:
        """How many rows are listed."""
        return len(self.columns[0].cells)

    @property
    def is_wide(self) -> bool:
        return len(self.columns) > _WIDE


def table_of(table: pd.DataFrame, name: str) -> Table:
    """The first MOST_ROWS rows in words; the columns of `evaluation_tables.SHARES` are percentages."""
    columns = (
        Column(str(column), _is_text(table[column], str(column)), _cells(table[column].head(MOST_ROWS), str(column)))
        for column in table
    )
    return Table(name, tuple(columns), len(table))


def _is_text(cells: pd.Series, column: str) -> bool:
    """Whether they read from the left, as names do; intervals line up with the figures beside them."""
    return (
        column not in evaluation_tables.SHARES and "95 %" not in column and any(isinstance(cell, str) for cell in cells)
    )


def _cells(cells: pd.Series, column: str) -> tuple[str, ...]:
    is_share = column in evaluation_tables.SHARES
    return tuple(_cell(cell, is_share) for cell in cells.tolist())


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
