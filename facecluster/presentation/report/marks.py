"""Bars, lines, points and whiskers as SVG.

Places across are shares of the width, so that a chart fits a window, a phone and a sheet while its letters keep their
size; places down are pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from facecluster.presentation.report.figures import Series

Place = Callable[[float], float]

_WIDE = 1000  # the inner width of lines, which is stretched to the chart's
_DASHES = {"dash": "7 5", "dot": "2 4", "solid": ""}
_ROOM_FOR_TEXT = 0.2  # of the width; a shorter bar has its figure beside it
_LIGHT, _DARK = "#fff", "#0f172a"


def across(share: float) -> str:
    """A share of the width, as SVG wants it."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def bar(start: float, end: float, top: float, height: float, look: str) -> str:
    """A rectangle between two shares of the width. `look` are further attributes."""
    left, width = min(start, end), abs(end - start)
    return f'<rect x="{across(left)}" y="{_px(top)}" width="{across(width)}" height="{_px(height)}" {look}/>'


def bar_text(text: str, end: float, middle: float, colour: str) -> str:
    """The figure on a bar that begins at the left, or beside a short one."""
    is_inside = end >= _ROOM_FOR_TEXT
    ink = f' fill="{_ink_on(colour)}"' if is_inside else ""
    place = 0.0 if is_inside else end
    return f'<text x="{across(place)}" dx="6" y="{_px(middle + 4)}"{ink}>{escape(text)}</text>'


def _ink_on(colour: str) -> str:
    """White or near-black, whichever stands out more (WCAG 2.2, relative luminance)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return _LIGHT if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.2 else _DARK


def line(series: Series, x: Place, y: Place, height: float) -> str:
    """The line through a series' points, interrupted where a number is missing."""
    paths = "".join(f'<polyline points="{" ".join(points)}"/>' for points in _pieces(series, x, y) if len(points) > 1)
    colour = series.colours[0] if series.colours else "none"
    look = f'stroke="{escape(colour)}" stroke-width="{_px(series.width)}"{_dash(series.dash)}{_faint(series)}'
    box = f'viewBox="0 0 {_WIDE} {_px(height)}" width="100%" height="{_px(height)}" preserveAspectRatio="none"'
    return f'<svg class="line" {box} {look}>{paths}</svg>' if paths else ""


def _pieces(series: Series, x: Place, y: Place) -> Iterator[list[str]]:
    points: list[str] = []
    for at, value in zip(series.across, series.down, strict=True):
        if math.isnan(at) or math.isnan(value):
            yield points
            points = []
        else:
            points.append(f"{_px(_WIDE * x(at))},{_px(y(value))}")
    yield points


def upright(share: float, top: float, bottom: float, colour: str, dash: str) -> str:
    """A standing line."""
    place = across(share)
    look = f'stroke="{escape(colour)}" stroke-width="2"{_dash(dash)}'
    return f'<line x1="{place}" x2="{place}" y1="{_px(top)}" y2="{_px(bottom)}" {look}/>'


def point(share: float, middle: float, series: Series, colour: str) -> str:
    """A series' mark at one place."""
    radius, colour, faint = series.size / 2, escape(colour), _faint(series)
    if series.symbol == "diamond":
        path = f"M0 {_px(-radius)}L{_px(radius)} 0L0 {_px(radius)}L{_px(-radius)} 0Z"
        place = f'x="{across(share)}" y="{_px(middle)}"'
        return f'<svg class="mark" {place}><path d="{path}" fill="{colour}"{faint}/></svg>'
    fill = f'fill="none" stroke="{colour}" stroke-width="3"' if series.symbol.endswith("open") else f'fill="{colour}"'
    return f'<circle cx="{across(share)}" cy="{_px(middle)}" r="{_px(radius)}" {fill}{faint}/>'


def whisker_across(ends: Sequence[float], middle: float, x: Place, colour: str) -> str:
    """A lying interval with its ends marked; nothing for NaN."""
    if any(map(math.isnan, ends)):
        return ""
    low, high = (across(x(end)) for end in ends)
    top, bottom = _px(middle - 3), _px(middle + 3)
    return (
        f'<g stroke="{escape(colour)}" stroke-width="2">'
        f'<line x1="{low}" x2="{high}" y1="{_px(middle)}" y2="{_px(middle)}"/>'
        f'<line x1="{low}" x2="{low}" y1="{top}" y2="{bottom}"/>'
        f'<line x1="{high}" x2="{high}" y1="{top}" y2="{bottom}"/></g>'
    )


def whisker_down(ends: Sequence[float], share: float, y: Place, colour: str) -> str:
    """A standing interval; nothing for NaN."""
    if any(map(math.isnan, ends)):
        return ""
    place, (bottom, top) = across(share), (_px(y(end)) for end in ends)
    return f'<line x1="{place}" x2="{place}" y1="{top}" y2="{bottom}" stroke="{escape(colour)}" stroke-width="2"/>'


def key(series: Series) -> str:
    """The mark that stands beside a series' name."""
    colour = series.colours[0] if series.colours else "none"
    parts = []
    if series.is_bar:
        parts.append(f'<rect y="2" width="26" height="10" fill="{escape(colour)}"{_faint(series)}/>')
    if "lines" in series.mode:
        look = f'stroke="{escape(colour)}" stroke-width="{_px(series.width)}"{_dash(series.dash)}{_faint(series)}'
        parts.append(f'<line x1="0" x2="26" y1="7" y2="7" {look}/>')
    if "markers" in series.mode:
        parts.append(point(0.5, 7, series, colour))
    return f'<svg class="key" width="26" height="14" aria-hidden="true">{"".join(parts)}</svg>'


def _dash(dash: str) -> str:
    pattern = _DASHES.get(dash, "")
    return f' stroke-dasharray="{pattern}"' if pattern else ""


def _faint(series: Series) -> str:
    return f' opacity="{series.opacity:g}"' if series.opacity < 1 else ""
