"""Our Plotly figures as SVG that needs no script: a report with Plotly's own would be five megabytes, and it prints
sharply and follows a dark theme like this.

Letters and grid take the page's colours; names and notes are HTML, which cuts names that are too long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from facecluster.presentation.report import marks
from facecluster.presentation.report.axes import Axis, axis_of
from facecluster.presentation.report.figures import Drawing, Note, Series, UprightLine, drawing_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_NAMES = 60
"""So many people, algorithms or groups at most stand in one chart; tables list more."""

_PIECE = 480  # pixels: what is higher is cut into pieces, of which two fit a sheet of A4
_BAR, _GAP = 16, 9  # pixels
_POINT_ROW = 26
_SIDE = 56  # pixels beside the plot for numbers
_LETTER = 7.8  # pixels, of a name's letter on average
_NOTE = 18  # pixels a line of notes
_BELOW = 24  # pixels below the plot for numbers
_ON_BARS = "#f59e0b"  # whiskers that have no colour of their own, seen on blue and on both grounds
_MARGINS = 90  # pixels of a figure's height that Plotly gives to legend, ticks and title


def chart_html(figure: go.Figure, alt: str) -> str:
    """One of our figures as an HTML figure. `alt` says in a sentence what it shows.

    Of names on the vertical axis the first MOST_NAMES are drawn, and a line says so. Raises ValueError for a figure
    with other traces than bars and scattered points.
    """
    drawn = drawing_of(figure)
    kind = "chart named" if drawn.names else "chart"
    pieces = _lying(drawn) if drawn.names else [_standing(drawn)]
    plots = "".join(f'<div class="piece">{piece}</div>' for piece in pieces)
    # The table or the sentence beside a chart says to a screen reader what it shows; its letters alone would not.
    image = f'<div role="img" aria-label="{escape(alt)}">{_legend(drawn)}{plots}</div>'
    return f'<figure class="{kind}"{_side(drawn)}>{image}{_left_out(drawn)}</figure>'


def _side(drawn: Drawing) -> str:
    """How much room is left beside the plot for what stands there; page.css lets it shrink on a phone."""
    longest = max((len(name) for name in drawn.names[:MOST_NAMES]), default=0)
    return f' style="--side:{round(_LETTER * longest) + 12 if longest else _SIDE}px"'


def _left_out(drawn: Drawing) -> str:
    if len(drawn.names) <= MOST_NAMES:
        return ""
    return f"<figcaption>The first {MOST_NAMES} of {len(drawn.names):,}; the table goes on.</figcaption>"


def _legend(drawn: Drawing) -> str:
    listed = [series for series in drawn.series if series.is_in_legend and series.name and series.across]
    if len(listed) < 2:
        return ""
    entries = (f"<span>{marks.key(series)}<bdi>{escape(series.name)}</bdi></span>" for series in listed)
    return f'<div class="legend">{"".join(entries)}</div>'


def _lying(drawn: Drawing) -> Iterator[str]:
    """Names down the side, values across; in pieces of about the same height."""
    values = chain.from_iterable((*each.across, *chain.from_iterable(each.whiskers_across)) for each in drawn.series)
    axis = axis_of(drawn.x, values, starts_at_zero=any(each.is_bar for each in drawn.series))
    bars = sum(each.is_bar for each in drawn.series)
    row = _BAR * bars + _GAP if bars else _POINT_ROW
    names = drawn.names[:MOST_NAMES]
    pieces = -(-len(names) * row // _PIECE)
    size = -(-len(names) // pieces)
    for start in range(0, len(names), size):
        yield _rows(drawn.series, names[start : start + size], axis, row)


def _rows(series: tuple[Series, ...], names: tuple[str, ...], axis: Axis, row: int) -> str:
    height = row * len(names)
    place = {name: number * row for number, name in enumerate(names)}
    inside = [_grid_across(axis, height)]
    labels = []
    for name, top in place.items():
        labels.append(f'<span class="name" style="top:{top}px;line-height:{row}px" dir="auto">{escape(name)}</span>')
    bars = [each for each in series if each.is_bar]
    for each in series:
        offset = _GAP / 2 + _BAR * bars.index(each) if each.is_bar else 0
        for number, name in enumerate(map(str, each.down)):
            if name in place and each.across[number] == each.across[number]:
                inside.append(_lying_mark(each, number, axis, place[name] + offset, _BAR if each.is_bar else row))
    return _plot("".join(inside), height, labels, axis.title)


def _lying_mark(series: Series, number: int, axis: Axis, top: float, height: float) -> str:
    """A bar with its figure, or a point, and the whisker of either."""
    end, colour, middle = axis.place(series.across[number]), series.colours[number], top + height / 2
    whisker = ""
    if series.whiskers_across:
        ends, ink = series.whiskers_across[number], series.whisker_colour or (_ON_BARS if series.is_bar else colour)
        whisker = marks.whisker_across(ends, middle, axis.place, ink)
    if not series.is_bar:
        return whisker + marks.point(end, middle, series, colour)
    body = marks.bar(axis.place(0), end, top + 0.5, height - 1, f'fill="{escape(colour)}"')
    text = marks.bar_text(series.texts[number], end, middle, colour) if series.texts else ""
    return body + whisker + text


def _standing(drawn: Drawing) -> str:
    """Numbers on both axes."""
    height = drawn.height - _MARGINS
    x = axis_of(drawn.x, [*chain.from_iterable(each.across for each in drawn.series), *drawn.marked])
    values = chain.from_iterable((*each.down, *chain.from_iterable(each.whiskers_down)) for each in drawn.series)
    y = axis_of(drawn.y, values, starts_at_zero=any(each.is_bar for each in drawn.series))
    inside = [_grid_across(x, height), _grid_down(y, height)]
    inside += [_standing_marks(each, x, y, height) for each in drawn.series]
    inside += _lines(drawn, x, height)
    return _plot("".join(inside), height, _notes(drawn, x), x.title, y.title, _NOTE * len(drawn.lines))


def _standing_marks(series: Series, x: Axis, y: Axis, height: float) -> str:
    def down(value: float) -> float:
        return height * (1 - y.place(value))

    points = list(zip(series.across, map(float, series.down), series.colours, strict=True))
    if series.is_bar:
        half = min((abs(b - a) for a, b in pairwise(sorted(set(series.across)))), default=1.0) / 2
        bars = (
            marks.bar(x.place(at - half), x.place(at + half), down(value), height - down(value), "")
            for at, value, _ in points
            if value
        )
        return f'<g class="bars" fill="{escape(series.colours[0])}" opacity="{series.opacity:g}">{"".join(bars)}</g>'
    parts = [
        marks.whisker_down(ends, x.place(at), down, colour)
        for ends, (at, _, colour) in zip(series.whiskers_down, points, strict=False)
    ]
    if "lines" in series.mode:
        parts.append(marks.line(series, x.place, down, height))
    if "markers" in series.mode:
        shown = (each for each in points if each[1] == each[1])
        parts += [marks.point(x.place(at), down(value), series, colour) for at, value, colour in shown]
    return "".join(parts)


def _grid_across(axis: Axis, height: float) -> str:
    parts = []
    for tick in axis.ticks:
        place = marks.across(axis.place(tick.value))
        minor = "" if tick.is_main else ' class="minor"'
        parts.append(f'<line x1="{place}" x2="{place}" y1="0" y2="{height:g}"{minor}/>')
        parts.append(f'<text x="{place}" y="{height + 16:g}" text-anchor="middle"{minor}>{escape(tick.text)}</text>')
    return f'<g class="grid">{"".join(parts)}</g>'


def _grid_down(axis: Axis, height: float) -> str:
    parts = []
    for tick in axis.ticks:
        place = height * (1 - axis.place(tick.value))
        parts.append(f'<line x1="0" x2="100%" y1="{place:.1f}" y2="{place:.1f}"/>')
        parts.append(f'<text x="-8" y="{place + 4:.1f}" text-anchor="end">{escape(tick.text)}</text>')
    return f'<g class="grid">{"".join(parts)}</g>'


def _notes(drawn: Drawing, x: Axis) -> list[str]:
    """What is written above the plot, on the side of its line that has more room, or in the middle of it."""
    beside = sorted((note for note in drawn.notes if note.across is not None), key=_outermost_first(x))
    notes = []
    for number, note in enumerate(beside):
        place = x.place(note.across or 0.0)
        side = f"right:{marks.across(1 - place)}" if place > 0.5 else f"left:{marks.across(place)}"
        notes.append(f'<span class="note-in" style="{side};top:{_NOTE * number}px">{escape(note.text)}</span>')
    middle = (note for note in drawn.notes if note.across is None)
    return [*notes, *(f'<span class="note-in middle">{escape(note.text)}</span>' for note in middle)]


def _lines(drawn: Drawing, x: Axis, height: float) -> Iterator[str]:
    """Upright lines, each as high as the note beside it."""
    for number, line in enumerate(sorted(drawn.lines, key=_outermost_first(x))):
        top = _NOTE * (number - len(drawn.lines))
        yield marks.upright(x.place(line.across), top, height, line.colour, line.dash)


def _outermost_first(x: Axis) -> Callable[[Note | UprightLine], float]:
    """In this order, from top to bottom, lines do not run through the notes of others."""
    return lambda each: -abs(x.place(each.across or 0.0) - 0.5)


def _plot(inside: str, height: float, labels: list[str], below: str, above: str = "", room: float = 0) -> str:
    """`room` pixels are left over the plot for notes."""
    svg = f'<svg width="100%" height="{height:g}">{inside}</svg>'
    size = f"height:{room + height + _BELOW:g}px" + (f";padding-top:{room:g}px" if room else "")
    body = f'<div class="plot" style="{size}">{svg}{"".join(labels)}</div>'
    titles = [
        f'<div class="axis {kind}">{escape(text)}</div>' if text else ""
        for kind, text in (("above", above), ("below", below))
    ]
    return titles[0] + body + titles[1]
