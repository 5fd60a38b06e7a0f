"""The axes of a report's charts: where a value lies, and which values are written beside the axis."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from facecluster.presentation.text import percent_of

_FEW = 6  # ticks that find room on a phone
_WANTED = 8  # and on a wide screen
_ROOM = 0.04  # of the range, so that what is largest and least does not lie on the edge


@dataclass(frozen=True)
class Tick:
    """A value to write beside the axis; one that is not `is_main` is left out on a phone."""

    value: float
    text: str
    is_main: bool = True


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, both above 0 where it is logarithmic."""

    low: float
    high: float
    is_log: bool
    title: str
    ticks: tuple[Tick, ...]

    def place(self, value: float) -> float:
        """Where a value lies, from 0 at the axis' beginning to 1 at its end; beyond them at the nearer one."""
        low, high, at = self.low, self.high, value
        if self.is_log:
            low, high, at = math.log10(low), math.log10(high), math.log10(max(value, 1e-300))
        return min(max((at - low) / (high - low), 0.0), 1.0)


def axis_of(described: Any, values: Iterable[float], starts_at_zero: bool = False) -> Axis:
    """The axis that Plotly describes, wide enough for the values, of which NaN are passed over."""
    found = [value for value in values if not math.isnan(value)]
    is_log = described.type == "log"
    if described.range is not None and not is_log:
        low, high = map(float, described.range)
    else:
        low, high = _ends(found, is_log, starts_at_zero or described.rangemode == "tozero")
        if _is_share(described) and not is_log:
            low, high = max(low, 0.0), min(high, 1.0)
    return Axis(low, high, is_log, str(described.title.text or ""), tuple(_ticks(described, low, high, is_log)))


def _ends(values: list[float], is_log: bool, from_zero: bool) -> tuple[float, float]:
    if is_log:
        positive = [value for value in values if value > 0] or [1.0]
        return min(positive) / 1.2, max(positive) * 1.2
    low, high = min(values, default=0.0), max(values, default=1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = _ROOM * ((high - low) or 1.0)
    return low - (room if low else 0.0), high + room


def _ticks(described: Any, low: float, high: float, is_log: bool) -> list[Tick]:
    values = [float(value) for value in described.tickvals or _round_values(low, high)]
    texts = list(described.ticktext or [_text(value, described.tickformat or "") for value in values])
    within = [(value, str(text)) for value, text in zip(values, texts, strict=True) if low <= value <= high]
    return [
        Tick(value, text, len(within) <= _FEW or (_is_power_of_ten(value) if is_log else not number % 2))
        for number, (value, text) in enumerate(within)
    ]


def _round_values(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 and a power of ten."""
    power = 10.0 ** math.floor(math.log10((high - low) / _WANTED))
    step = next(power * factor for factor in (1, 2, 5, 10) if (high - low) / (power * factor) <= _WANTED)
    return [round(number * step, 12) for number in range(math.ceil(low / step - 1e-9), math.floor(high / step) + 1)]


def _text(value: float, plotlys_format: str) -> str:
    return percent_of(f"{100 * value:.6g}") if plotlys_format.endswith("%") else f"{value:,.6g}"


def _is_share(described: Any) -> bool:
    return str(described.tickformat or "").endswith("%")


def _is_power_of_ten(value: float) -> bool:
    exponent = math.log10(value)
    return abs(exponent - round(exponent)) < 1e-9
