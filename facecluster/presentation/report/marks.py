"""Bars, lines, points and whiskers as SVG.

Places across are shares of the width, so that a chart fits a window, a phone and a sheet while its letters keep their
size; places down are pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from markupsafe import Markup, escape

from facecluster.presentation.report.figures import Series

Place = Callable[[float], float]

_WIDE = 1000  # the inner width of lines, which is stretched to the chart's
_DASHES = {"dash": "7 5", "dot": "2 4"}  # others are solid
_ROOM_FOR_TEXT = 0.2  # of the width; a shorter bar has its figure beside it
_LIGHT, _DARK = "#fff", "#0f172a"


def element(name: str, *inside: str, **attributes: object) -> Markup:
    """An SVG element around `inside`, whose text is escaped unless it is markup; so are the attributes.

    Those that are None are left out; `stroke_width` is written stroke-width, and `class_` class.
    """
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    look = "".join(f' {key}="{escape(value)}"' for key, value in pairs)  # Markup.format takes six times as long
    if not inside:
        return Markup(f"<{name}{look}/>")
    return Markup(f"<{name}{look}>{Markup('').join(inside)}</{name}>")


def across(share: float) -> str:
    """A share of the width, as SVG wants it."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def bar(start: float, end: float, top: float, height: float, colour: str | None = None) -> Markup:
    """A rectangle between two shares of the width; without a colour it has that of the element around it."""
    left, width = across(min(start, end)), across(abs(end - start))
    return element("rect", x=left, y=_px(top), width=width, height=_px(height), fill=colour)


def bar_text(text: str, end: float, middle: float, colour: str) -> Markup:
    """The figure on a bar that begins at the left, or beside a short one."""
    is_inside = end >= _ROOM_FOR_TEXT
    place = across(0 if is_inside else end)
    return element("text", text, x=place, dx=6, y=_px(middle + 4), fill=_ink_on(colour) if is_inside else None)


def _ink_on(colour: str) -> str:
    """White or near-black, whichever stands out more (WCAG 2.2, relative luminance)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return _LIGHT if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.2 else _DARK


def line(series: Series, x: Place, y: Place, height: float) -> Markup:
    """The line through a series' points, interrupted where a number is missing."""
    pieces = [points for points in _pieces(series, x, y) if len(points) > 1]
    if not pieces:
        return Markup("")
    return element(
        "svg",
        *(element("polyline", points=" ".join(points)) for points in pieces),
        class_="line",
        viewBox=f"0 0 {_WIDE} {_px(height)}",
        width="100%",
        height=_px(height),
        preserveAspectRatio="none",
        **_stroke(series),
    )


def _stroke(series: Series) -> dict[str, str | None]:
    """How a series' line looks."""
    return {
        "stroke": _colour(series),
        "stroke_width": _px(series.width),
        "stroke_dasharray": _DASHES.get(series.dash),
        "opacity": _faint(series),
    }


def _pieces(series: Series, x: Place, y: Place) -> Iterator[list[str]]:
    points: list[str] = []
    for at, value in zip(series.across, series.down, strict=True):
        if math.isnan(at) or math.isnan(value):
            yield points
            points = []
        else:
            points.append(f"{_px(_WIDE * x(at))},{_px(y(value))}")
    yield points


def upright(share: float, top: float, bottom: float, colour: str, dash: str) -> Markup:
    """A standing line."""
    return _standing(share, top, bottom, stroke=colour, stroke_width=2, stroke_dasharray=_DASHES.get(dash))


def _standing(share: float, top: float, bottom: float, **look: object) -> Markup:
    return element("line", x1=across(share), x2=across(share), y1=_px(top), y2=_px(bottom), **look)


def point(share: float, middle: float, series: Series, colour: str) -> Markup:
    """A series' mark at one place."""
    radius, faint = series.size / 2, _faint(series)
    if series.symbol == "diamond":
        path = f"M0 {_px(-radius)}L{_px(radius)} 0L0 {_px(radius)}L{_px(-radius)} 0Z"
        shape = element("path", d=path, fill=colour, opacity=faint)
        return element("svg", shape, class_="mark", x=across(share), y=_px(middle))
    look = {"fill": colour}
    if series.symbol.endswith("open"):
        look = {"fill": "none", "stroke": colour, "stroke_width": "3"}
    return element("circle", cx=across(share), cy=_px(middle), r=_px(radius), **look, opacity=faint)


def whisker_across(ends: Sequence[float], middle: float, x: Place, colour: str) -> Markup:
    """A lying interval with its ends marked; nothing for NaN."""
    if any(map(math.isnan, ends)):
        return Markup("")
    low, high = (x(end) for end in ends)
    return element(
        "g",
        element("line", x1=across(low), x2=across(high), y1=_px(middle), y2=_px(middle)),
        *(_standing(end, middle - 3, middle + 3) for end in (low, high)),
        stroke=colour,
        stroke_width=2,
    )


def whisker_down(ends: Sequence[float], share: float, y: Place, colour: str) -> Markup:
    """A standing interval; nothing for NaN."""
    if any(map(math.isnan, ends)):
        return Markup("")
    bottom, top = (y(end) for end in ends)
    return _standing(share, top, bottom, stroke=colour, stroke_width=2)


def key(series: Series) -> Markup:
    """The mark that stands beside a series' name."""
    colour, parts = _colour(series), []
    if series.is_bar:
        parts.append(element("rect", y=2, width=26, height=10, fill=colour, opacity=_faint(series)))
    if "lines" in series.mode:
        parts.append(element("line", x1=0, x2=26, y1=7, y2=7, **_stroke(series)))
    if "markers" in series.mode:
        parts.append(point(0.5, 7, series, colour))
    return element("svg", *parts, class_="key", width=26, height=14, aria_hidden="true")


def _colour(series: Series) -> str:
    return series.colours[0] if series.colours else "none"


def _faint(series: Series) -> str | None:
    return f"{series.opacity:g}" if series.opacity < 1 else None
