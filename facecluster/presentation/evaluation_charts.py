"""What the evaluation measured, as Plotly figures: errors over thresholds, numbers of clusters, algorithms, stability.

Backgrounds are transparent and text has no colour, so that the page's theme decides.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from facecluster.evaluation.open_set import rates_at
from facecluster.presentation.charts import ACCURACY, COVERAGE, PURITY
from facecluster.presentation.text import percent

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from facecluster.evaluation.open_set import OpenSet

_CLEAR = "rgba(0, 0, 0, 0)"
_AMBER = "#d97706"
# Told apart by people who are colour-blind too: Okabe and Ito, "Color universal design", 2008.
_GROUP_COLOURS = ("#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#0072b2")
# Rates of zero have no place on a logarithmic axis.
_LEAST_RATE = 1e-4
_NO_CURVE = ("No threshold makes errors of both kinds,", "so there is no curve.")
_RATES = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]


def det_words(found: OpenSet) -> str:
    """What `det_chart` shows, in sentences: whose galleries the curve is of, and what both marks stand for."""
    fpir, fnir = rates_at(found.table, found.threshold)
    return (
        f"The curve is of the draws' galleries, which hold {found.people - found.left_out} of the {found.people} "
        f"people. Diamond: the thresholds that they chose themselves gave FPIR {percent(found.fpir)} and FNIR "
        f"{percent(found.fnir)}. Circle: the whole gallery's threshold, {found.threshold:.3f}, would have given them "
        f"FPIR {percent(fpir)} and FNIR {percent(fnir)}."
        + (" Rates of zero lie on the edge." if min(fpir, fnir, found.fpir, found.fnir) < _LEAST_RATE else "")
        + (f" {' '.join(_NO_CURVE)}" if _drawable(found.det).empty else "")
    )


def _drawable(det: pd.DataFrame) -> pd.DataFrame:
    return det[(det["fpir"] >= _LEAST_RATE) & (det["fnir"] >= _LEAST_RATE)]


def det_chart(
    found: OpenSet, curves: Mapping[str, pd.DataFrame] | None = None, small: Container[str] = ()
) -> go.Figure:
    """FNIR against FPIR over thresholds, means over the draws, both logarithmic; `det_words` tells it in sentences.

    Marked are what the draws' own thresholds gave and what the whole gallery's would have. Rates below 0.0001 are left
    out of the curve, and marks of such rates lie on the edge; the FPIR asked for is a dotted line. `curves` are more of
    DET_COLUMNS, of groups; those in `small` are dashed, and hidden until the legend is clicked.
    """
    import plotly.graph_objects as go

    target_fpir, shown = found.target_fpir, _drawable(found.det)
    figure = go.Figure(_det_line("Everybody" if curves else "Over thresholds", found.det, ACCURACY, width=3))
    for number, (group, det) in enumerate((curves or {}).items()):
        colour = _GROUP_COLOURS[number % len(_GROUP_COLOURS)]
        if group in small:
            line = _det_line(f"{group} (small)", det, colour, dash="dash")
            line.visible = "legendonly"
        else:
            line = _det_line(group, det, colour)
        figure.add_trace(line)
    own, whole = "The draws' own thresholds", f"The whole gallery's threshold {found.threshold:.3f}"
    for name, (fpir, fnir), symbol in (
        (own, (found.fpir, found.fnir), "diamond"),
        (whole, rates_at(found.table, found.threshold), "circle-open"),
    ):
        figure.add_scatter(
            name=name,
            x=[max(fpir, _LEAST_RATE)],
            y=[max(fnir, _LEAST_RATE)],
            mode="markers",
            marker={"size": 13, "color": _AMBER, "symbol": symbol, "line": {"width": 3}},
            hovertemplate=f"{name}<br>FPIR {fpir:.2%}<br>FNIR {fnir:.2%}<extra></extra>",
        )
    if shown.empty:
        middle = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
        figure.add_annotation(text="<br>".join(_NO_CURVE), showarrow=False, **middle)
    figure.add_vline(x=target_fpir, line={"dash": "dot", "color": COVERAGE})
    # On a logarithmic axis a note's place is the exponent.
    place = {"x": float(np.log10(target_fpir)), "xanchor": "left", "y": 1, "yref": "paper"}
    figure.add_annotation(text=f"FPIR asked for: {100 * target_fpir:g} %", showarrow=False, **place)
    ticks = {"type": "log", "tickformat": ".2~%", "tickvals": _RATES}
    figure.update_xaxes(title="FPIR: strangers given a name", **ticks)
    figure.update_yaxes(title="FNIR: known people missed", **ticks)
    return _plain(figure, 420)


def _det_line(name: str, det: pd.DataFrame, colour: str, **line: Any) -> go.Scatter:
    import plotly.graph_objects as go

    shown = _drawable(det)
    return go.Scatter(
        name=name,
        x=shown["fpir"].tolist(),
        y=shown["fnir"].tolist(),
        customdata=shown["threshold"].tolist(),
        mode="lines",
        line={"color": colour, **line},
        hovertemplate="threshold %{customdata:.3f}<br>FPIR %{x:.2%}<br>FNIR %{y:.2%}<extra>%{fullData.name}</extra>",
    )


def similarity_chart(distribution: pd.DataFrame, threshold: float) -> go.Figure:
    """How similar known faces are to their own person, and strangers to whom they resemble most; the whole gallery's
    threshold marked.

    `distribution` has open_set.DISTRIBUTION_COLUMNS.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for column, name, colour in (
        ("different", "strangers, to the most similar person", COVERAGE),
        ("same", "known people, to themselves", ACCURACY),
    ):
        figure.add_bar(
            name=name,
            x=distribution["similarity"].tolist(),
            y=distribution[column].tolist(),
            marker={"color": colour, "opacity": 0.75, "line": {"width": 0}},
            hovertemplate="similarity %{x:.2f}: %{y:.1%}<extra>" + name + "</extra>",
        )
    figure.update_layout(barmode="overlay", bargap=0)
    figure.add_vline(
        x=threshold,
        line={"dash": "dash", "color": _AMBER},
        annotation_text=f"whole gallery's threshold {threshold:.3f}",
    )
    figure.update_xaxes(title="similarity")
    figure.update_yaxes(title="share of faces", tickformat=".0%", rangemode="tozero")
    return _plain(figure, 380)


def sweep_chart(sweep: pd.DataFrame, suggestion: int, people: int | None = None) -> go.Figure:
    """The criteria over the number of clusters, the suggested one marked, and the number of people where it is known.

    `sweep` has `clusters`, and of silhouette, stability, accuracy, ari and inertia those that were measured; inertia
    is drawn as a share of its largest. What is beyond three times the suggestion is not shown.
    """
    import plotly.graph_objects as go

    shown = sweep[sweep["clusters"] <= max(3 * suggestion, 12)]
    if "inertia" in shown and len(shown):
        shown = shown.assign(inertia=shown["inertia"] / max(shown["inertia"].max(), 1e-12))
    looks = {
        "silhouette": ("Silhouette", ACCURACY, "solid"),
        "stability": ("Stability", PURITY, "solid"),
        "ari": ("ARI with the people", _AMBER, "dot"),
        "accuracy": ("Accuracy", "#b45309", "dot"),
        "inertia": ("Inertia (share of the largest)", COVERAGE, "dash"),
    }
    figure = go.Figure()
    for column, (name, colour, dash) in looks.items():
        if column in shown and shown[column].notna().any():
            figure.add_scatter(
                name=name,
                x=shown["clusters"].tolist(),
                y=[None if np.isnan(value) else float(value) for value in shown[column]],
                mode="lines+markers",
                line={"color": colour, "dash": dash},
                marker={"size": 4},
                hovertemplate="%{x} clusters: %{y:.3f}<extra>" + name + "</extra>",
            )
    figure.add_vline(x=suggestion, line={"dash": "dash", "color": ACCURACY}, annotation_text=f"suggested: {suggestion}")
    if people and people != suggestion:
        figure.add_vline(x=people, line={"dash": "dot", "color": _AMBER}, annotation_text=f"people: {people}")
    figure.update_xaxes(title="number of clusters")
    figure.update_yaxes(rangemode="tozero")
    return _plain(figure, 420)


def algorithms_chart(comparison: pd.DataFrame) -> go.Figure:
    """Bars of ARI and accuracy, a pair for each algorithm, best on top. `comparison` has COMPARISON_COLUMNS."""
    import plotly.graph_objects as go

    table = comparison[comparison["ari"].notna()].sort_values(["ari", "accuracy"], ascending=False)
    labels = [
        f"{title}{'' if needs else ' (no number needed)'}"
        for title, needs in zip(table["title"], table["needs_number"], strict=True)
    ]
    figure = go.Figure()
    for column, name, colour in (("ari", "ARI", ACCURACY), ("accuracy", "Accuracy", PURITY)):
        figure.add_bar(
            name=name,
            orientation="h",
            y=labels,
            x=table[column].tolist(),
            text=[f"{value:.3f}" for value in table[column]],
            marker_color=colour,
            customdata=list(zip(table["clusters"], table["left_out"], table["seconds"], strict=True)),
            hovertemplate=(
                "%{y}<br>" + name + " %{x:.4f}<br>%{customdata[0]} clusters, %{customdata[1]} faces in none, "
                "%{customdata[2]} s<extra></extra>"
            ),
        )
    figure.update_xaxes(range=[0, 1.02])
    figure.update_yaxes(autorange="reversed", automargin=True, type="category")
    return _plain(figure, 80 + 46 * max(len(table), 1))


def reliability_chart(table: pd.DataFrame, ece: float) -> go.Figure:
    """Share of right answers against the predicted probability, with the diagonal. `table` has RELIABILITY_COLUMNS."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": COVERAGE}, name="perfect", hoverinfo="skip"
    )
    figure.add_scatter(
        name=f"measured, ECE {ece:.3f}",
        x=table["predicted"].tolist(),
        y=table["right"].tolist(),
        error_y={
            "array": (table["right_high"] - table["right"]).tolist(),
            "arrayminus": (table["right"] - table["right_low"]).tolist(),
        },
        mode="markers+lines",
        marker={"color": ACCURACY, "size": 8},
        customdata=table["faces"].tolist(),
        hovertemplate="predicted %{x:.2f}, right %{y:.2f}, %{customdata} answers<extra></extra>",
    )
    figure.update_xaxes(title="predicted probability", range=[-0.02, 1.02])
    figure.update_yaxes(title="share that was right", range=[-0.02, 1.02])
    return _plain(figure, 400)


def stability_chart(people: pd.DataFrame) -> go.Figure:
    """How often each person's faces stay together, least on top, with intervals. `people` has STABILITY_COLUMNS."""
    import plotly.graph_objects as go

    points = go.Scatter(
        x=people["together"].tolist(),
        y=[f"{person} ({faces})" for person, faces in zip(people["person"], people["faces"], strict=True)],
        error_x={
            "array": (people["high"] - people["together"]).clip(lower=0).tolist(),
            "arrayminus": (people["together"] - people["low"]).clip(lower=0).tolist(),
        },
        mode="markers",
        marker={"color": ACCURACY, "size": 9},
        customdata=people["person"].tolist(),
        hovertemplate="%{y} faces<br>together %{x:.1%}<extra></extra>",
    )
    figure = go.Figure(points)
    figure.update_xaxes(title="share of pairs together", tickformat=".0%")
    figure.update_yaxes(autorange="reversed", automargin=True, type="category")
    return _plain(figure, 90 + 26 * max(len(people), 1))


def groups_chart(table: pd.DataFrame, rate: str, title: str) -> go.Figure:
    """One rate (accuracy, top1, named_right, fnir or fpir) by group with its 95 % interval.

    `table` has subgroups.GROUP_COLUMNS.
    """
    import plotly.graph_objects as go

    shown = table[table[rate].notna()]
    labels = [
        f"{group} ({faces}{', small' if small else ''})"
        for group, faces, small in zip(shown["group"], shown["faces"], shown["small"], strict=True)
    ]
    bars = go.Bar(
        x=labels,
        y=shown[rate].tolist(),
        error_y={
            "array": (shown[f"{rate}_high"] - shown[rate]).tolist(),
            "arrayminus": (shown[rate] - shown[f"{rate}_low"]).tolist(),
        },
        marker_color=[COVERAGE if small else ACCURACY for small in shown["small"]],
        hovertemplate="%{x}: %{y:.1%}<extra></extra>",
    )
    figure = go.Figure(bars)
    figure.update_xaxes(type="category")
    figure.update_yaxes(title=title, tickformat=".1~%", rangemode="tozero")
    return _plain(figure, 340)


def _plain(figure: go.Figure, height: int) -> go.Figure:
    # Streamlit makes room for ticks and titles by itself, a report's page does not.
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure.update_layout(
        height=height,
        margin={"l": 8, "r": 16, "t": 40, "b": 8},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
        dragmode=False,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
