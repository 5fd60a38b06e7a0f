"""Tables into Plotly figures. Backgrounds are transparent and text has no colour, so that the page's theme decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

# Blues and greys that stand out from white and from near-black alike; green, amber and red mean something elsewhere.
ACCURACY, PURITY, COVERAGE = "#2563eb", "#60a5fa", "#94a3b8"
_FEW, _MANY = "#bfdbfe", "#1d4ed8"
_LIGHT, _DARK = "#ffffff", "#0f172a"
_WHISKER = "#f59e0b"  # seen on the bars and on both grounds
_ROOM_FOR_TEXT = 0.2  # the share of the axis that a figure takes on a phone
_CLEAR = "rgba(0, 0, 0, 0)"
_MAX_NUMBERED_CELLS = 1_500  # beyond that the numbers in a heatmap's cells are too small to read
_MAX_NUMBERED_BARS = 40
_NOBODY = "no person"
_PERCENT = "\u00a0%"


def photos_by_person(table: pd.DataFrame) -> go.Figure:
    """Bars of photos per person, in the order of the rows. Columns: person (None for nobody known) and photos."""
    import plotly.graph_objects as go

    names = table["person"].where(table["person"].notna(), _NOBODY).tolist()
    bars = go.Bar(
        x=names,
        y=table["photos"].tolist(),
        text=table["photos"].tolist() if len(table) <= _MAX_NUMBERED_BARS else None,
        textposition="outside",
        cliponaxis=False,
        marker_color=ACCURACY,
        hovertemplate="%{x}: %{y} photos<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.update_xaxes(type="category", automargin=True)
    figure.update_yaxes(title="photos", rangemode="tozero")
    return _plain(figure, 320)


def worst_first(people: pd.DataFrame) -> pd.DataFrame:
    """Rows of evaluation.PEOPLE_COLUMNS, lowest accuracy first, then lowest F1."""
    return people.sort_values(["accuracy", "f1", "person"], ignore_index=True)


def accuracy_by_person(people: pd.DataFrame) -> go.Figure:
    """Horizontal bars of accuracy, purity and coverage, one group a person, worst on top.

    `people` has evaluation.PEOPLE_COLUMNS; the whiskers are accuracy's 95 % Wilson interval. Every label and every
    hover tells the number of faces behind the figures, and a bar's `customdata` is the person, for pages that react to
    a click.
    """
    import plotly.graph_objects as go

    table = worst_first(people)
    figure = go.Figure()
    for column, colour, ink in (
        ("accuracy", ACCURACY, _LIGHT),
        ("purity", PURITY, _DARK),
        ("coverage", COVERAGE, _DARK),
    ):
        figure.add_bar(
            name=column.capitalize(),
            orientation="h",
            x=table[column].tolist(),
            y=_labels(table),
            text=[percent(share) for share in table[column]],
            textposition=["inside" if share >= _ROOM_FOR_TEXT else "outside" for share in table[column]],
            insidetextanchor="start",
            insidetextfont_color=ink,
            constraintext="none",
            marker_color=colour,
            customdata=table["person"].tolist(),
            hovertext=_hover(table),
            hovertemplate=f"%{{hovertext}}<br>{column} %{{text}}<extra></extra>",
        )
    figure.data[0].error_x = _whiskers(table)
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05)
    figure.update_layout(legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"})
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%", fixedrange=True)
    figure.update_yaxes(type="category", autorange="reversed", automargin=True, fixedrange=True)
    return _plain(figure, 70 + 60 * max(len(table), 1))


def _hover(table: pd.DataFrame) -> list[str]:
    rows = zip(table["person"], table["faces"], _intervals(table), strict=True)
    return [f"{person}, {faces} faces<br>95 % interval of accuracy {interval}" for person, faces, interval in rows]


def _whiskers(table: pd.DataFrame) -> dict[str, Any]:
    """Plotly's error bars from low to high, left out where they would strike out the figure beside a short bar."""
    long = table["accuracy"] >= _ROOM_FOR_TEXT
    return {
        "type": "data",
        "array": (table["high"] - table["accuracy"]).clip(lower=0).where(long).tolist(),
        "arrayminus": (table["accuracy"] - table["low"]).clip(lower=0).where(long).tolist(),
        "color": _WHISKER,
        "thickness": 2,
        "width": 3,
    }


def people_table(people: pd.DataFrame) -> go.Figure:
    """The rows of `accuracy_by_person` as a Plotly table that scrolls beyond 18 rows."""
    import plotly.graph_objects as go

    table = worst_first(people)
    columns = {
        "Person": table["person"].tolist(),
        "Faces": table["faces"].tolist(),
        "Accuracy": [percent(value) for value in table["accuracy"]],
        "95 % interval": _intervals(table),
        "Purity": [percent(value) for value in table["purity"]],
        "Coverage": [percent(value) for value in table["coverage"]],
        "F1": [f"{value:.3f}" for value in table["f1"]],
        "Cluster": [
            "none" if cluster < 0 else f"{cluster} (shared)" if shared else str(cluster)
            for cluster, shared in zip(table["cluster"], table["shares_cluster"], strict=True)
        ],
    }
    align = ["left"] + ["right"] * (len(columns) - 1)
    look = {"align": align, "fill_color": _CLEAR, "line_color": COVERAGE}
    figure = go.Figure(
        go.Table(
            columnwidth=[28, 9, 12, 15, 11, 12, 9, 13],
            header={"values": [f"<b>{name}</b>" for name in columns], "height": 32, **look},
            cells={"values": list(columns.values()), "height": 28, **look},
        )
    )
    return _plain(figure, 90 + 28 * min(max(len(table), 1), 18))


def people_by_cluster_heatmap(table: pd.DataFrame) -> go.Figure:
    """Counts of faces, persons down and clusters across, as evaluation.people_by_cluster orders them.

    Empty cells stay clear. The colour follows the square root of the count, so that one stray face is seen beside
    hundreds of right ones; the number stands in the cell where there is room, and in the hover always.
    """
    import plotly.graph_objects as go

    counts = table.to_numpy()
    numbered = counts.size <= _MAX_NUMBERED_CELLS
    heat = go.Heatmap(
        z=np.where(counts > 0, np.sqrt(counts), np.nan),
        x=["left out" if cluster < 0 else str(cluster) for cluster in table.columns],
        y=[f"{person} ({faces})" for person, faces in zip(table.index, counts.sum(axis=1), strict=True)],
        customdata=counts,
        text=np.where(counts > 0, counts.astype(str), ""),
        texttemplate="%{text}" if numbered else None,
        colorscale=[[0, _FEW], [1, _MANY]],
        zmin=1,
        zmax=max(float(np.sqrt(counts.max(initial=1))), 1.01),
        showscale=False,
        xgap=1,
        ygap=1,
        hoverongaps=False,
        hovertemplate="%{y}<br>cluster %{x}: %{customdata} faces<extra></extra>",
    )
    figure = go.Figure(heat)
    figure.update_xaxes(type="category", title="cluster", side="top", automargin=True, showgrid=False)
    figure.update_yaxes(type="category", autorange="reversed", automargin=True, showgrid=False)
    return _plain(figure, 90 + 26 * max(len(table), 1))


def _labels(table: pd.DataFrame) -> list[str]:
    return [f"{person} ({faces})" for person, faces in zip(table["person"], table["faces"], strict=True)]


def _intervals(table: pd.DataFrame) -> list[str]:
    return [interval(low, high) for low, high in zip(table["low"], table["high"], strict=True)]


def interval(low: float, high: float) -> str:
    """`97.0 to 99.8 %`, of shares in [0, 1]."""
    return f"{percent(low).removesuffix(_PERCENT)} to {percent(high)}"


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage; what is not all is never rounded up to 100 %."""
    points = min(round(100 * share, 1), 99.9) if share < 1 else 100.0
    return f"{points:.1f}{_PERCENT}" if points < 100 else f"100{_PERCENT}"


def _plain(figure: go.Figure, height: int) -> go.Figure:
    # Streamlit makes room for ticks and titles by itself, a report's page does not.
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure.update_layout(
        height=height,
        margin={"l": 8, "r": 16, "t": 28, "b": 8},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
        dragmode=False,
    )
