"""The accuracy page's charts: people below 100 %, who is in which cluster, and every person's figures."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from facecluster.presentation.charts import accuracy_by_person, people_by_cluster_heatmap, people_table
from facecluster.presentation.text import percent
from facecluster.ui import tables
from facecluster.ui.links import address_query, page_address, show
from facecluster.ui.markup import escape

_CHART_HEIGHT = 1280  # pixels: some forty persons before a chart scrolls in itself
_HEATMAP_CLUSTERS = 60
_PHONE_WIDTH = 680  # pixels: on a phone they scroll sideways, since columns cannot get narrower than their words
_CHART_TOOLS = {"displaylogo": False, "displayModeBar": False}
_ORDERS = {"worst": "Worst first", "name": "By name", "faces": "Most faces first"}


def person_link(person: str) -> str:
    return f"[{escape(person)}]({page_address('clusters', person=person)})"


def show_people_below(report: tables.Accuracy) -> None:
    """One bar for each person below 100 %, the rest in a line."""
    st.header("People", anchor=False)
    whole = report.people.loc[report.people["accuracy"] >= 1, "person"].sort_values().tolist()
    below = report.people[report.people["accuracy"] < 1]
    if len(below):
        st.caption(
            "In brackets the number of faces, the whisker is the 95 % interval (Wilson). Click a bar to see the faces "
            "that are wrong."
        )
        _bars(below)
    if whole:
        are = "person is" if len(whole) == 1 else "people are"
        with st.expander(f"{len(whole):,} {are} at 100\u00a0%", icon=":material/check_circle:", key="accuracy_whole"):
            st.markdown(" · ".join(person_link(person) for person in whole))


def _choose_clicked() -> None:
    """Shows the faces of the clicked bar's person; a click beside the bars changes nothing."""
    points = st.session_state["accuracy_chart"].selection.points
    if points:
        show(person=points[0]["customdata"])
        st.session_state["accuracy_clicks"] = st.session_state.get("accuracy_clicks", 0) + 1
        st.toast(
            f"Above the chart: the wrong faces of {escape(points[0]['customdata'])}", icon=":material/arrow_upward:"
        )


def _bars(people: pd.DataFrame) -> None:
    worst = people.iloc[0]
    figure = accuracy_by_person(people, alone=True)
    # A figure that changed loses its selection: else all other bars stay faded, and a second click would only undo it.
    figure.update_layout(meta=st.session_state.get("accuracy_clicks", 0))
    with st.container(height=_CHART_HEIGHT if figure.layout.height > _CHART_HEIGHT else "content", border=False):
        st.plotly_chart(
            figure,
            key="accuracy_chart",
            on_select=_choose_clicked,
            selection_mode="points",
            config=_CHART_TOOLS,
            alt=f"Accuracy of {len(people)} people, lowest for {worst['person']} "
            f"at {percent(worst['accuracy'])} of {worst['faces']} faces",
        )


def show_heatmap(report: tables.Accuracy, titles: dict[int, str]) -> None:
    st.header("Who is in which cluster", anchor=False)
    people = report.people["person"].head(_HEATMAP_CLUSTERS).tolist()
    table = tables.people_by_cluster(report.pairs, people)
    st.caption("Faces of each person in each cluster, right ones on the diagonal. Click a cell to see its faces.")
    if table.shape[1] > _HEATMAP_CLUSTERS or len(report.people) > len(people):
        first = min(table.shape[1], _HEATMAP_CLUSTERS)
        st.caption(
            f"Shown are the {len(people)} people that fare worst, and the first {first} of the {table.shape[1]} "
            "clusters that hold their faces."
        )
        table = table[table.columns[:_HEATMAP_CLUSTERS]]
    figure = people_by_cluster_heatmap(table, titles)
    _swipe_hint()
    with (
        st.grid(1, wrap=False, min_column_width=_PHONE_WIDTH),
        st.container(height=_CHART_HEIGHT if figure.layout.height > _CHART_HEIGHT else "content", border=False),
    ):
        chart = st.plotly_chart(
            figure,
            key=f"accuracy_heatmap_{st.session_state.get('accuracy_cells', 0)}",
            on_select="rerun",
            selection_mode="points",
            config=_CHART_TOOLS,
            alt=f"Faces of {table.shape[0]} people in {table.shape[1]} clusters",
        )
    if points := chart.selection.points:
        # A chart of another name has nothing selected, so that coming back here does not lead away again.
        st.session_state["accuracy_cells"] = st.session_state.get("accuracy_cells", 0) + 1
        person, cluster, _ = points[0]["customdata"]
        where = {"person": person} | ({"cluster": cluster} if cluster in titles else {})
        st.switch_page("pages/clusters.py", query_params=address_query(**where))


def show_all_people(report: tables.Accuracy, titles: dict[int, str]) -> None:
    """The Plotly table and chart of every person, sortable, and the same as CSV."""
    st.header("All figures by person", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        order = st.segmented_control(
            "Order",
            list(_ORDERS),
            default="worst",
            required=True,
            format_func=lambda order: _ORDERS[order],
            key="accuracy_order",
            persist_state="page",
            label_visibility="collapsed",
        )
        people = _in_order(report.people, order or "worst")
        st.download_button(
            "CSV",
            people.drop(columns="wrong").assign(cluster=people["cluster"].map(titles)).to_csv(index=False),
            "accuracy by person.csv",
            "text/csv",
            key="accuracy_csv",
            on_click="ignore",
            icon=":material/download:",
            help="One row per person",
        )
    st.caption("Accuracy, purity and coverage are shares of faces; F1 joins purity and coverage.")
    _swipe_hint()
    with st.grid(1, wrap=False, min_column_width=_PHONE_WIDTH):
        st.plotly_chart(
            people_table(people, titles),
            key="accuracy_table",
            config=_CHART_TOOLS,
            alt=f"Table of accuracy, purity, coverage, F1 and cluster of {len(people)} people",
        )
    with st.expander("As a chart", icon=":material/bar_chart:", key="accuracy_all", on_change="rerun") as section:
        if section.open:
            figure = accuracy_by_person(people)
            with st.container(
                height=_CHART_HEIGHT if figure.layout.height > _CHART_HEIGHT else "content", border=False
            ):
                st.plotly_chart(
                    figure,
                    key="accuracy_chart_all",
                    config=_CHART_TOOLS,
                    alt=f"Accuracy, purity and coverage of {len(people)} people",
                )


def _swipe_hint() -> None:
    """Said where it is true: a window that is narrower than what follows."""
    st.html(
        f"<style>.swipe {{ display: none; font-size: 0.875rem }} @media (max-width: {_PHONE_WIDTH}px) "
        "{ .swipe { display: block } }</style><div class=swipe>Swipe sideways to see all of it.</div>"
    )


def _in_order(people: pd.DataFrame, order: str) -> pd.DataFrame:
    if order == "name":
        return people.sort_values("person", key=lambda names: names.str.casefold(), ignore_index=True)
    if order == "faces":
        return people.sort_values(["faces", "person"], ascending=[False, True], ignore_index=True)
    return people
