"""Our Plotly figures as SVG that needs no script: a report with Plotly's own would be five megabytes, and it prints
sharply and follows a dark theme like this.

Letters and grid take the page's colours; names and notes are HTML, which cuts names that are too long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, ClassVar

from facecluster.presentation.report import marks
from facecluster.presentation.report.axes import Axis, axis_of
from facecluster.presentation.report.blocks import Block
from facecluster.presentation.report.figures import Drawing, Note, Series, UprightLine, drawing_of

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from markupsafe import Markup

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


@dataclass(frozen=True)
class RowName:
    """A name beside the plot, `top` pixels below its upper edge, in a row of `height` pixels."""

    text: str
    top: float
    height: float


@dataclass(frozen=True)
class PlotNote:
    """A sentence above the plot, `distance` (a share of the width, as CSS wants it) from its `side`, left or right, and
    `top` pixels below the upper edge; in the middle of the plot where no side is given."""

    text: str
    side: str = ""
    distance: str = ""
    top: float = 0


@dataclass(frozen=True)
class Plot:
    """Marks and grid as SVG of `height` pixels with what stands around them; `room` pixels over it are for notes."""

    inside: tuple[Markup, ...]
    height: float
    below: str
    above: str = ""
    room: float = 0
    names: tuple[RowName, ...] = ()
    notes: tuple[PlotNote, ...] = ()

    @property
    def box(self) -> float:
        """Its height in pixels with the notes above and the numbers below."""
        return self.room + self.height + _BELOW


@dataclass(frozen=True)
class LegendEntry:
    key: Markup
    name: str


@dataclass(frozen=True)
class Chart(Block):
    """Plots one below the other. `alt` says in a sentence what they show; `names` counts what the figure names on its
    vertical axis, of which `most_names` at most are drawn; `side` pixels are left beside the plots."""

    kind: ClassVar[str] = "chart"
    most_names: ClassVar[int] = MOST_NAMES
    alt: str
    names: int
    side: int
    legend: tuple[LegendEntry, ...]
    plots: tuple[Plot, ...]


def chart_of(figure: go.Figure, alt: str) -> Chart:
    """One of our figures, of whose names the first MOST_NAMES are drawn.

    Raises ValueError for a figure with other traces than bars and scattered points.
    """
    drawn = drawing_of(figure)
    plots = tuple(_lying(drawn)) if drawn.names else (_standing(drawn),)
    return Chart(alt, len(drawn.names), _side(drawn), _legend(drawn), plots)


def _side(drawn: Drawing) -> int:
    longest = max((len(name) for name in drawn.names[:MOST_NAMES]), default=0)
    return round(_LETTER * longest) + 12 if longest else _SIDE


def _legend(drawn: Drawing) -> tuple[LegendEntry, ...]:
    """Every series that has a name; nothing where that is one."""
    listed = [series for series in drawn.series if series.is_in_legend and series.name and series.across]
    return tuple(LegendEntry(marks.key(series), series.name) for series in listed) if len(listed) > 1 else ()


def _lying(drawn: Drawing) -> Iterator[Plot]:
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


def _rows(series: tuple[Series, ...], names: tuple[str, ...], axis: Axis, row: int) -> Plot:
    height = row * len(names)
    place = {name: number * row for number, name in enumerate(names)}
    inside = [_grid_across(axis, height)]
    bars = [each for each in series if each.is_bar]
    for each in series:
        offset = _GAP / 2 + _BAR * bars.index(each) if each.is_bar else 0
        for number, name in enumerate(map(str, each.down)):
            if name in place and not math.isnan(each.across[number]):
                inside += _lying_mark(each, number, axis, place[name] + offset, _BAR if each.is_bar else row)
    labels = tuple(RowName(name, top, row) for name, top in place.items())
    return Plot(tuple(inside), height, axis.title, names=labels)


def _lying_mark(series: Series, number: int, axis: Axis, top: float, height: float) -> Iterator[Markup]:
    """A bar with its figure, or a point, and the whisker of either."""
    end, colour, middle = axis.place(series.across[number]), series.colours[number], top + height / 2
    if series.is_bar:
        yield marks.bar(axis.place(0), end, top + 0.5, height - 1, colour)
    if series.whiskers_across:
        ink = series.whisker_colour or (_ON_BARS if series.is_bar else colour)
        yield marks.whisker_across(series.whiskers_across[number], middle, axis.place, ink)
    if not series.is_bar:
        yield marks.point(end, middle, series, colour)
    elif series.texts:
        yield marks.bar_text(series.texts[number], end, middle, colour)


def _standing(drawn: Drawing) -> Plot:
    """Numbers on both axes."""
    height = drawn.height - _MARGINS
    x = axis_of(drawn.x, [*chain.from_iterable(each.across for each in drawn.series), *drawn.marked])
    values = chain.from_iterable((*each.down, *chain.from_iterable(each.whiskers_down)) for each in drawn.series)
    y = axis_of(drawn.y, values, starts_at_zero=any(each.is_bar for each in drawn.series))
    inside = (
        _grid_across(x, height),
        _grid_down(y, height),
        *chain.from_iterable(_standing_marks(each, x, y, height) for each in drawn.series),
        *_lines(drawn, x, height),
    )
    room = _NOTE * len(drawn.lines)
    return Plot(inside, height, x.title, y.title, room, notes=tuple(_notes(drawn, x)))


def _standing_marks(series: Series, x: Axis, y: Axis, height: float) -> Iterator[Markup]:
    def down(value: float) -> float:
        return height * (1 - y.place(value))

    points = list(zip(series.across, map(float, series.down), series.colours, strict=True))
    if series.is_bar:
        half = min((abs(b - a) for a, b in pairwise(sorted(set(series.across)))), default=1.0) / 2
        bars = (
            marks.bar(x.place(at - half), x.place(at + half), down(value), height - down(value))
            for at, value, _ in points
            if value
        )
        yield marks.element("g", *bars, class_="bars", fill=series.colours[0], opacity=f"{series.opacity:g}")
        return
    for ends, (at, _, colour) in zip(series.whiskers_down, points, strict=False):
        yield marks.whisker_down(ends, x.place(at), down, colour)
    if "lines" in series.mode:
        yield marks.line(series, x.place, down, height)
    if "markers" in series.mode:
        for at, value, colour in points:
            if not math.isnan(value):
                yield marks.point(x.place(at), down(value), series, colour)


def _grid_across(axis: Axis, height: float) -> Markup:
    parts = []
    for tick in axis.ticks:
        place, look = marks.across(axis.place(tick.value)), None if tick.is_main else "minor"
        parts.append(marks.element("line", x1=place, x2=place, y1=0, y2=f"{height:g}", class_=look))
        below = f"{height + 16:g}"
        parts.append(marks.element("text", tick.text, x=place, y=below, text_anchor="middle", class_=look))
    return marks.element("g", *parts, class_="grid")


def _grid_down(axis: Axis, height: float) -> Markup:
    parts = []
    for tick in axis.ticks:
        place = height * (1 - axis.place(tick.value))
        parts.append(marks.element("line", x1=0, x2="100%", y1=f"{place:.1f}", y2=f"{place:.1f}"))
        parts.append(marks.element("text", tick.text, x=-8, y=f"{place + 4:.1f}", text_anchor="end"))
    return marks.element("g", *parts, class_="grid")


def _notes(drawn: Drawing, x: Axis) -> Iterator[PlotNote]:
    """What is written above the plot, on the side of its line that has more room, or in the middle of it."""
    beside = sorted((note for note in drawn.notes if note.across is not None), key=_outermost_first(x))
    for number, note in enumerate(beside):
        place = x.place(note.across or 0.0)
        side, distance = ("right", 1 - place) if place > 0.5 else ("left", place)
        yield PlotNote(note.text, side, marks.across(distance), _NOTE * number)
    yield from (PlotNote(note.text) for note in drawn.notes if note.across is None)


def _lines(drawn: Drawing, x: Axis, height: float) -> Iterator[Markup]:
    """Upright lines, each as high as the note beside it."""
    for number, line in enumerate(sorted(drawn.lines, key=_outermost_first(x))):
        top = _NOTE * (number - len(drawn.lines))
        yield marks.upright(x.place(line.across), top, height, line.colour, line.dash)


def _outermost_first(x: Axis) -> Callable[[Note | UprightLine], float]:
    """In this order, from top to bottom, lines do not run through the notes of others."""
    return lambda each: -abs(x.place(each.across or 0.0) - 0.5)
