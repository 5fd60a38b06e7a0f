"""A Plotly figure of ours taken apart: what a report draws of it without Plotly's script.

Only what our own figures hold is known: bars, lines and points on axes of numbers or of names, whiskers, upright lines
and notes. Bars that stand on names are laid down, so that names of any length can be read on any width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import plotly.graph_objects as go

Ends = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """One trace. `across` are places on the horizontal axis, `down` on the vertical one, which may be names; where a
    number is missing the line is interrupted.

    `colours` and `texts` are one a point. `whiskers_across` and `whiskers_down` are the ends of each point's interval,
    as values of that axis, NaN for none. `mode` is Plotly's, `symbol` and `dash` too; `size` of points and `width` of
    lines in pixels.
    """

    name: str
    is_bar: bool
    across: tuple[float, ...]
    down: tuple[Any, ...]
    colours: tuple[str, ...]
    texts: tuple[str, ...] = ()
    whiskers_across: tuple[Ends, ...] = ()
    whiskers_down: tuple[Ends, ...] = ()
    whisker_colour: str = ""
    mode: str = ""
    symbol: str = "circle"
    dash: str = "solid"
    size: float = 6
    width: float = 2
    opacity: float = 1
    is_in_legend: bool = True


@dataclass(frozen=True)
class Note:
    """Text beside a place on the horizontal axis; in the middle of the chart where `across` is None."""

    text: str
    across: float | None


@dataclass(frozen=True)
class UprightLine:
    across: float
    colour: str
    dash: str


@dataclass(frozen=True)
class Drawing:
    """What a figure holds. `x` and `y` are its axes as Plotly describes them, turned with the figure."""

    series: tuple[Series, ...]
    names: tuple[str, ...]
    x: go.layout.XAxis
    y: go.layout.YAxis
    notes: tuple[Note, ...]
    lines: tuple[UprightLine, ...]
    height: float

    @property
    def marked(self) -> list[float]:
        """Where upright lines stand."""
        return [line.across for line in self.lines]


def drawing_of(figure: go.Figure) -> Drawing:
    """What is drawn of a figure. Raises ValueError for traces other than bars and scattered points."""
    layout = figure.layout
    is_turned = layout.xaxis.type == "category"
    series = tuple(_series(trace, is_turned) for trace in figure.data)
    x, y = (layout.yaxis, layout.xaxis) if is_turned else (layout.xaxis, layout.yaxis)
    names: tuple[str, ...] = ()
    if y.type == "category":
        names = tuple(dict.fromkeys(str(name) for each in series for name in each.down))
        if not is_turned and y.autorange != "reversed":
            names = names[::-1]
    return Drawing(
        *(series, names, x, y),
        notes=tuple(_notes(layout, x.type == "log")),
        lines=tuple(
            UprightLine(float(shape.x0), str(shape.line.color), str(shape.line.dash or "solid"))
            for shape in layout.shapes
        ),
        height=float(layout.height),
    )


def _series(trace: Any, is_turned: bool) -> Series:
    if trace.type not in ("bar", "scatter"):
        raise ValueError(f"a report draws bars and scattered points, not {trace.type!r}")
    across, down = (trace.y, trace.x) if is_turned else (trace.x, trace.y)
    along = trace.error_y if is_turned else trace.error_x
    is_bar, count = trace.type == "bar", len(across or ())
    line = None if is_bar else trace.line
    colour = trace.marker.color or (line and line.color)
    return Series(
        *(trace.name or "", is_bar, tuple(map(_number, across or ())), _down(down)),
        colours=tuple(colour) if isinstance(colour, list | tuple) else (str(colour),) * count,
        texts=tuple(map(str, trace.text)) if trace.text is not None else (),
        whiskers_across=_whiskers(along, across),
        whiskers_down=() if is_turned or is_bar else _whiskers(trace.error_y, down),
        whisker_colour=str(along.color or ""),
        mode=trace.mode or "" if not is_bar else "",
        symbol=(trace.marker.symbol or "circle") if not is_bar else "",
        dash=(line and line.dash) or "solid",
        size=float(trace.marker.size or 6) if not is_bar else 0,
        width=float((line and line.width) or 2),
        # What a click on the legend would bring out has to be there on paper, only fainter.
        opacity=0.5 if trace.visible == "legendonly" else float(trace.marker.opacity or 1),
        is_in_legend=trace.showlegend is not False,
    )


def _down(values: Sequence[Any] | None) -> tuple[Any, ...]:
    return tuple(value if isinstance(value, str) else _number(value) for value in values or ())


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _whiskers(error: Any, values: Sequence[Any] | None) -> tuple[Ends, ...]:
    if error.array is None or values is None:
        return ()
    below = error.array if error.arrayminus is None else error.arrayminus
    return tuple(
        (float(value) - _number(minus), float(value) + _number(plus))
        for value, minus, plus in zip(values, below, error.array, strict=True)
    )


def _notes(layout: go.Layout, is_log: bool) -> Iterator[Note]:
    for note in layout.annotations:
        text = str(note.text).replace("<br>", " ")
        if note.xref == "paper":
            yield Note(text, None)
        else:
            # On a logarithmic axis Plotly takes a note's place as the exponent, but a line's as the value.
            yield Note(text, 10.0**note.x if is_log else float(note.x))
