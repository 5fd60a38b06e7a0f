"""Tables into Plotly figures. Backgrounds are transparent and text has no colour, so that the page's theme decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from facecluster.presentation.text import NOTHING, interval, percent, percent_of

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
_QUARTERS = {"tickvals": [0, 0.25, 0.5, 0.75, 1], "ticktext": [percent_of(str(part)) for part in (0, 25, 50, 75, 100)]}
_SHORT = 4  # letters: longer names of clusters are written aslant


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
    """Rows of clustering_scores.PEOPLE_COLUMNS, lowest accuracy first, then lowest F1."""
    return people.sort_values(["accuracy", "f1", "person"], ignore_index=True)


def accuracy_by_person(people: pd.DataFrame, *, alone: bool = False) -> go.Figure:
    """Horizontal bars of accuracy, purity and coverage, one set per person, in the order of the rows; or of accuracy
    `alone`.

    `people` has clustering_scores.PEOPLE_COLUMNS; whiskers are accuracy's 95 % Wilson interval. Every label and every
    hover tells the number of faces behind the figures, and a bar's `customdata` is the person, for pages that react to
    a click.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    bars = (("accuracy", ACCURACY, _LIGHT), ("purity", PURITY, _DARK), ("coverage", COVERAGE, _DARK))
    for column, colour, ink in bars[: 1 if alone else None]:
        figure.add_bar(
            name=column.capitalize(),
            orientation="h",
            x=people[column].tolist(),
            y=_labels(people),
            text=[percent(share) for share in people[column]],
            textposition=["inside" if share >= _ROOM_FOR_TEXT else "outside" for share in people[column]],
            insidetextanchor="start",
            insidetextfont_color=ink,
            constraintext="none",
            marker_color=colour,
            customdata=people["person"].tolist(),
            hovertext=_hover(people),
            hovertemplate=f"%{{hovertext}}<br>{column} %{{text}}<extra></extra>",
        )
    figure.data[0].error_x = _whiskers(people)
    figure.update_layout(barmode="group", bargap=0.25, bargroupgap=0.05, showlegend=not alone)
    figure.update_layout(legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"})
    figure.update_xaxes(range=[0, 1.02], fixedrange=True, **_QUARTERS)
    figure.update_yaxes(type="category", autorange="reversed", automargin=True, fixedrange=True)
    return _plain(figure, 90 + (26 if alone else 60) * max(len(people), 1))


def _hover(table: pd.DataFrame) -> list[str]:
    rows = zip(table["person"], table["faces"], _intervals(table), strict=True)
    return [f"{person}, {faces} faces<br>95 % interval of accuracy {interval}" for person, faces, interval in rows]


def _whiskers(table: pd.DataFrame) -> dict[str, Any]:
    """Plotly's error bars from low to high, none where they would cross the figure beside a short bar."""
    long = table["accuracy"] >= _ROOM_FOR_TEXT
    return {
        "type": "data",
        "array": (table["high"] - table["accuracy"]).clip(lower=0).where(long).tolist(),
        "arrayminus": (table["accuracy"] - table["low"]).clip(lower=0).where(long).tolist(),
        "color": _WHISKER,
        "thickness": 2,
        "width": 3,
    }


def people_table(people: pd.DataFrame, titles: dict[int, str] | None = None) -> go.Figure:
    """The rows of `accuracy_by_person` as a Plotly table that scrolls beyond 18 rows; `titles` are the clusters'."""
    import plotly.graph_objects as go

    columns = table_of_people(people, titles)
    align = ["left"] + ["right"] * (len(columns) - 2) + ["left"]
    look = {"align": align, "fill_color": _CLEAR, "line_color": COVERAGE}
    figure = go.Figure(
        go.Table(
            columnwidth=[24, 8, 11, 15, 10, 11, 8, 24],
            header={"values": [f"<b>{name}</b>" for name in columns], "height": 32, **look},
            cells={"values": list(columns.values()), "height": 28, **look},
        )
    )
    return _plain(figure, 90 + 28 * min(max(len(people), 1), 18))


def table_of_people(people: pd.DataFrame, titles: dict[int, str] | None = None) -> dict[str, list[Any]]:
    """The columns of `people_table` in words, by their heading."""
    named = titles or {}
    return {
        "Person": people["person"].tolist(),
        "Faces": people["faces"].tolist(),
        "Accuracy": [percent(value) for value in people["accuracy"]],
        "95 % interval": _intervals(people),
        "Purity": [percent(value) for value in people["purity"]],
        "Coverage": [percent(value) for value in people["coverage"]],
        "F1": [f"{value:.3f}" for value in people["f1"]],
        "Cluster": [
            NOTHING if cluster < 0 else f"{named.get(cluster, cluster)}{' (shared)' if shared else ''}"
            for cluster, shared in zip(people["cluster"], people["shares_cluster"], strict=True)
        ],
    }


def people_by_cluster_heatmap(table: pd.DataFrame, titles: dict[int, str] | None = None) -> go.Figure:
    """Counts of faces, persons down and clusters across, as clustering_scores.people_by_cluster orders them.

    `titles` are the clusters' names. Empty cells stay clear. The colour follows the square root of the count, so that
    one stray face is seen beside hundreds of right ones; the number stands in the cell where there is room, and in the
    hover always. A point lies on every cell with faces, whose `customdata` is person, cluster and number, for pages
    that react to a click: a heatmap's own cells cannot be selected.
    """
    import plotly.graph_objects as go

    counts = table.to_numpy()
    named = titles or {}
    across = ["in no cluster" if cluster < 0 else str(named.get(int(cluster), cluster)) for cluster in table.columns]
    down = [f"{person} ({faces})" for person, faces in zip(table.index, counts.sum(axis=1), strict=True)]
    heat = go.Heatmap(
        z=np.where(counts > 0, np.sqrt(counts), np.nan),
        x=across,
        y=down,
        customdata=counts,
        text=np.where(counts > 0, counts.astype(str), ""),
        texttemplate="%{text}" if counts.size <= _MAX_NUMBERED_CELLS else None,
        colorscale=[[0, _FEW], [1, _MANY]],
        zmin=1,
        zmax=max(float(np.sqrt(counts.max(initial=1))), 1.01),
        showscale=False,
        xgap=1,
        ygap=1,
        hoverinfo="skip",
    )
    places = np.argwhere(counts > 0)
    points = go.Scatter(
        x=[across[column] for _, column in places],
        y=[down[row] for row, _ in places],
        customdata=[[table.index[row], int(table.columns[column]), int(counts[row, column])] for row, column in places],
        mode="markers",
        marker={"symbol": "square", "size": 22, "opacity": 0},
        hovertemplate="%{customdata[0]} in %{x}: %{customdata[2]} faces<extra></extra>",
        showlegend=False,
    )
    figure = go.Figure([heat, points])
    figure.update_xaxes(
        type="category",
        categoryarray=across,
        side="top",
        automargin=True,
        showgrid=False,
        title="cluster",
        tickangle=-45 if max(map(len, across), default=0) > _SHORT else 0,
        fixedrange=True,
    )
    figure.update_yaxes(
        type="category",
        categoryarray=down,
        title="person (faces)",
        autorange="reversed",
        automargin=True,
        showgrid=False,
        fixedrange=True,
    )
    return _plain(figure, 170 + 26 * max(len(table), 1))


def _labels(table: pd.DataFrame) -> list[str]:
    return [f"{person} ({faces})" for person, faces in zip(table["person"], table["faces"], strict=True)]


def _intervals(table: pd.DataFrame) -> list[str]:
    return [interval(low, high) for low, high in zip(table["low"], table["high"], strict=True)]


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
