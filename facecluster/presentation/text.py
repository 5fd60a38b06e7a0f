"""Numbers in words, written the same way everywhere."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

NOTHING = "\u2013"
"""What stands where there is no number."""

_PERCENT = "\u00a0%"


def counted(number: int, what: str) -> str:
    """`1 photo`, `1,200 photos`."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def interval(low: float, high: float) -> str:
    """`97.0 to 99.8 %`, of shares in [0, 1]; rounded outwards, so that what lies between them does so in print too."""
    least, most = math.floor(round(1000 * low, 6)) / 1000, math.ceil(round(1000 * high, 6)) / 1000
    return f"{percent(max(least, 0.0)).removesuffix(_PERCENT)} to {percent(min(most, 1.0))}"


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage, or NOTHING for none (NaN); what is not all is never rounded up to 100 %."""
    if math.isnan(share):
        return NOTHING
    points = min(round(100 * share, 1), 99.9) if share < 1 else 100.0
    return percent_of(f"{points:.1f}" if points < 100 else "100")


def percent_of(points: str) -> str:
    """Percentage points as written, with their sign, on one line with it."""
    return f"{points}{_PERCENT}"


def how_groups_differ(table: pd.DataFrame, rate: str) -> str:
    """How far the groups of GROUP_COLUMNS that are not small lie apart in one rate, in a sentence.

    Empty with fewer than two such groups. Intervals that do not overlap are a stricter demand than a test at 5 %.
    """
    shown = table[~table["small"] & table[rate].notna()].sort_values(rate)
    if len(shown) < 2:
        return ""
    low, high = shown.iloc[0], shown.iloc[-1]
    if low[rate] == high[rate]:
        return f"The groups that are not small are all at {percent(low[rate])}."
    ends = [
        f"{row['group']} with {percent(row[rate])} ({percent(row[f'{rate}_low'])} to {percent(row[f'{rate}_high'])})"
        for row in (low, high)
    ]
    apart = low[f"{rate}_high"] < high[f"{rate}_low"]
    end = (
        "the intervals, which are over faces and not over people, do not overlap"
        if apart
        else "the intervals overlap, so it may be chance"
    )
    return f"Lowest is {ends[0]}, highest {ends[1]}: {end}."
