"""The parts of an evaluation as the evaluation page shows them, one function per part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from facecluster.clustering.algorithms import ALGORITHMS
from facecluster.evaluation.algorithm_comparison import best_without_number
from facecluster.evaluation.intervals import KIND, NOT_COVERED
from facecluster.evaluation.results import EvaluationResults
from facecluster.evaluation.subgroups import SMALL_FACES, SMALL_PEOPLE, det_by_group, with_groups
from facecluster.gallery.gallery import Gallery
from facecluster.presentation import evaluation_charts, evaluation_tables
from facecluster.presentation.text import how_groups_differ, interval, percent
from facecluster.ui.evaluation_faces import taken_for_others
from facecluster.ui.jobs import running, start_algorithm
from facecluster.ui.markup import escape

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_CHART_TOOLS = {"displaylogo": False, "displayModeBar": False}
_TALL = 640
_SHARE = st.column_config.NumberColumn(format="%.1f %%")  # of values that `_table` makes percentages
_ROUNDED = st.column_config.NumberColumn(format="%.3f")


def show_missing(results: EvaluationResults, part: str) -> None:
    """Why a part has no figures."""
    reason = results.missing.get(part)
    if reason:
        st.info(escape(reason), title="Could not be measured", icon=":material/info:")
    else:
        st.caption("This part was not asked for: measure it above.")


def show_held_out(results: EvaluationResults, gallery: Gallery | None) -> None:
    """Identification of photos that the gallery did not hold; `gallery` where it has not changed since."""
    found = results.held_out
    if found is None:
        show_missing(results, "held_out")
        return
    st.markdown(
        f":green[:material/verified:] Measured on photos that nothing was fitted on: {found.faces:,} faces in "
        f"{found.folds} folds, each identified by the photos of the other folds."
    )
    with st.grid(3, min_column_width=220):
        _share("Top-1", found.top1, found.top1_interval, "The face's own person is the most similar one.")
        _share("Top-3", found.top3, found.top3_interval, "The face's own person is among the three most similar.")
        _share(
            "Named right",
            found.named_right,
            found.named_right_interval,
            f"The face got its own person's name at the threshold for an FPIR of {100 * found.fpir:g} %, on average "
            f"{found.threshold:.3f}.",
        )
    if found.skipped:
        st.caption(f"{found.skipped:,} faces are of people without another photo and could not be judged.")
    if gallery is not None:
        taken_for_others(found, gallery)
    st.markdown("**By person**")
    st.caption("Worst first; shares of the person's held-out faces with 95 % Wilson intervals.")
    table = with_groups(evaluation_tables.held_out_people(found.people), results.group_of, "Person")
    _table(table, "evaluation_held_out", f"Top-1, top-3 and named right of {len(table)} people", _shares(table))


def show_strangers(results: EvaluationResults) -> None:
    """What happens to faces of people who are not in the gallery."""
    found = results.open_set
    if found is None:
        show_missing(results, "open_set")
        return
    st.markdown(
        f":green[:material/verified:] Measured on people whom the gallery did not hold: {found.left_out} of "
        f"{found.people} people held out in each of {len(found.draws)} draws, and a threshold chosen without them."
    )
    if found.warning:
        st.warning(escape(found.warning), title="The gallery is small", icon=":material/warning:")
    with st.grid(4, min_column_width=200):
        asked = f"asked for {100 * found.target_fpir:g} %"
        at = "At the thresholds that the draws' galleries chose"
        _mean("FPIR", found.fpir, found.fpir_sd, f"{at}: strangers' faces that got a name; {asked}.")
        _mean("FNIR", found.fnir, found.fnir_sd, f"{at}: known people's faces that stayed unknown or got a wrong name.")
        help_text = (
            f"The whole gallery's, for an FPIR of {100 * found.target_fpir:g} %; identification uses it. The draws' "
            "galleries are smaller and chose their own."
        )
        st.metric("Threshold", f"{found.threshold:.3f}", help=help_text, border=True)
        help_text = "What the draws' galleries expected, by leaving out one face at a time."
        st.metric("FNIR expected", percent(found.expected_fnir), help=help_text, border=True)
    st.markdown("**Error rates over thresholds (DET)**")
    words = evaluation_charts.det_words(found)
    st.caption(words)
    _chart(evaluation_charts.det_chart(found), "evaluation_det", f"DET curve. {words}")
    st.markdown("**Similarities**")
    figure = evaluation_charts.similarity_chart(found.distribution, found.threshold)
    _chart(figure, "evaluation_similarities", "Similarities of known people to themselves and of strangers to others")
    _calibration(results)


def _calibration(results: EvaluationResults) -> None:
    st.markdown("**From similarity to probability**")
    found = results.calibration
    if found is None:
        show_missing(results, "calibration")
        return
    st.markdown(
        f"Expected calibration error (ECE) **{found.ece:.3f}**, Brier score **{found.brier:.3f}**, on people that the "
        f"fit never saw. It holds where {percent(found.base_rate)} of the answers are right, as in these draws."
    )
    st.caption(evaluation_tables.RELIABILITY_NOTE)
    figure = evaluation_charts.reliability_chart(found.table, found.ece)
    _chart(figure, "evaluation_reliability", f"Reliability diagram, expected calibration error {found.ece:.3f}")


def show_number_of_clusters(results: EvaluationResults, people: int) -> None:
    """The sweep over the number of clusters; `people` is how many are known, 0 for nobody."""
    found, sweep = results.suggestion, results.sweep
    if found is None or sweep is None:
        show_missing(results, "sweep")
        return
    st.markdown(f"**Suggested: {found.n_clusters} clusters.** {escape(found.reason)}")
    note = f" Accuracy's interval is {KIND}, {NOT_COVERED}." if sweep["accuracy"].notna().any() else ""
    st.caption(evaluation_tables.sweep_note(results) + note)
    figure = evaluation_charts.sweep_chart(sweep, found.n_clusters, people)
    _chart(figure, "evaluation_sweep", f"Criteria over the number of clusters, {found.n_clusters} suggested")
    table = evaluation_tables.sweep_table(sweep)
    rounded = dict.fromkeys(table.select_dtypes("number").columns[1:], _ROUNDED)
    _table(table, "evaluation_sweep_table", f"Criteria of {len(table)} numbers of clusters", rounded)


def show_algorithms(results: EvaluationResults) -> None:
    """All algorithms side by side."""
    table = results.comparison
    if table is None:
        show_missing(results, "comparison")
    else:
        best = best_without_number(table)
        if best is not None:
            st.caption(
                "Measured on the faces that were clustered; names take no part in the clustering, but for their number "
                "in the ones that must be told it. Each face in no cluster counts as one of its own. Accuracy's "
                f"interval is {KIND}, {NOT_COVERED}."
            )
            st.markdown(f"Best without being told the number: **{escape(best['title'])}**, ARI {best['ari']:.3f}.")
            _chart(
                evaluation_charts.algorithms_chart(table), "evaluation_algorithms", "ARI and accuracy of each algorithm"
            )
        else:
            number = table.loc[table["algorithm"] == "kmeans", "clusters"].max()
            st.caption(
                f"Nobody is known, so none can be called the best; those that must be told a number got {number:.0f}, "
                f"{'the suggested one' if results.suggestion else 'that of the clusters now'}."
            )
        rounded = dict.fromkeys(("ARI", "NMI", "B³ precision", "B³ recall", "B³ F1"), _ROUNDED)
        columns = rounded | {"Accuracy": _SHARE, "Purity": _SHARE}
        _table(
            evaluation_tables.comparison_table(table),
            "evaluation_comparison",
            f"Figures of {len(table)} algorithms",
            columns,
        )


def use_another(gallery: Gallery, seed: int) -> None:
    """Makes the clusters of one algorithm the gallery's."""
    st.caption("The faces are grouped anew, and every page works with it. Names of clusters may have to be given anew.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Algorithm",
            list(ALGORITHMS),
            format_func=lambda name: ALGORITHMS[name].title,
            key="evaluation_algorithm",
            persist_state="page",
            width=320,
        )
        clicked = st.button(
            "Use it",
            key="evaluation_apply",
            icon=":material/check:",
            disabled=running(gallery) is not None,
            help="As many clusters as people, or as suggested where nobody is known, for algorithms that must be told "
            "a number.",
        )
    if clicked and name and start_algorithm(gallery, name, "people", seed):
        st.rerun()


def show_stability(results: EvaluationResults) -> None:
    """Whether the clusters come back."""
    found = results.stability
    if found is None:
        show_missing(results, "stability")
        return
    title = ALGORITHMS[found.algorithm].title if found.algorithm in ALGORITHMS else found.algorithm
    st.caption(f"{title} with {found.n_clusters} clusters, made anew. ARI is 1 when two runs find the same clusters.")
    with st.grid(2, min_column_width=220):
        st.metric(
            f"ARI over {found.seeds} seeds", f"{found.seed_ari:.3f}", help="The same faces, other seeds.", border=True
        )
        st.metric(
            f"ARI over {found.bootstraps} samples",
            f"{found.bootstrap_ari:.3f}",
            help="Bootstrap samples of the faces, compared on the faces that both hold.",
            border=True,
        )
        st.caption(f"Middle 95 % of the samples: {found.low:.3f} to {found.high:.3f}")
    if found.people.empty:
        return
    st.markdown("**By person**")
    st.caption("Share of the person's pairs of faces in one cluster, with the middle 95 % of the bootstrap samples.")
    alt = f"How often the faces of {len(found.people)} people stay together"
    _chart(evaluation_charts.stability_chart(found.people), "evaluation_stability", alt)
    table = with_groups(evaluation_tables.stability_people(found.people), results.group_of, "Person")
    columns = {"Together": _SHARE, "Worst sample": _SHARE}
    _table(table, "evaluation_stability_table", f"Stability of {len(table)} people", columns)


def show_groups(results: EvaluationResults) -> None:
    """Error rates by the columns of the analyst's CSV."""
    column = st.segmented_control(
        "Group by", list(results.groups), default=next(iter(results.groups)), required=True, key="evaluation_group"
    )
    column = column if column in results.groups else next(iter(results.groups))
    table = results.groups[column]
    st.caption(
        f"With {KIND} intervals. Groups of fewer than {SMALL_FACES} faces or {SMALL_PEOPLE} people are marked "
        "small. Accuracy is measured on the faces that were clustered, the other rates on held-out photos or people. "
        "FPIR counts strangers of the group; in a draw, all groups meet the same threshold."
    )
    shown = evaluation_tables.group_rates(table)
    _table(shown, "evaluation_groups", f"Error rates of {len(table)} groups", _shares(shown))
    for rate, title in evaluation_tables.GROUP_RATES.items():
        if table[rate].notna().any():
            st.markdown(f"**{title}**")
            st.caption(escape(how_groups_differ(table, rate)) or "No two groups are large enough to be compared.")
            _chart(evaluation_charts.groups_chart(table, rate, title), f"evaluation_groups_{rate}", f"{title} by group")
    _groups_det(results, column, table)
    if column in results.comparison_groups:
        st.markdown("**Accuracy of the algorithms**")
        st.caption(
            "Of the clusters that each algorithm makes, on the faces of each group; a face in no cluster counts alone."
        )
        shown = evaluation_tables.compared_groups(results.comparison_groups[column])
        alt = f"Accuracy of the algorithms in {len(table)} groups"
        _table(shown, "evaluation_groups_algorithms", alt, _shares(shown))
    st.markdown("**People of the groups**")
    st.caption("Lowest F1 first, by default; a click on a column's name sorts by it.")
    people = with_groups(evaluation_tables.clustered_people(results.people), results.group_of, "Person")
    columns = dict.fromkeys(("Accuracy", "Purity", "Coverage"), _SHARE)
    _table(people, "evaluation_groups_people", f"Accuracy of {len(people)} people with their groups", columns)


def _groups_det(results: EvaluationResults, column: str, table: pd.DataFrame) -> None:
    if results.open_set is None or results.group_of is None:
        return
    curves = det_by_group(results.open_set, results.group_of, column)
    if not curves:
        return
    st.markdown("**Error rates over thresholds (DET)**")
    st.caption(
        "A group's curve counts its known people and its strangers in all draws together; curves of small groups show "
        "when their name is clicked. Both marks are everybody's, as on the strangers' tab."
    )
    small = set(table.loc[table["small"], "group"])
    figure = evaluation_charts.det_chart(results.open_set, curves, small)
    _chart(figure, "evaluation_groups_det", f"DET curves of everybody and of {len(curves)} groups")


def _share(label: str, value: float, ends: tuple[float, float], meaning: str) -> None:
    st.metric(
        label, percent(value), help=meaning, border=True, delta=interval(*ends), delta_color="off",
        delta_arrow="off", delta_description=KIND,
    )  # fmt: skip


def _mean(label: str, value: float, spread: float, meaning: str) -> None:
    st.metric(
        label, percent(value), help=meaning, border=True, delta=f"± {100 * spread:.1f} %", delta_color="off",
        delta_arrow="off", delta_description="over draws",
    )  # fmt: skip


def _shares(table: pd.DataFrame) -> dict[str, Any]:
    return {name: _SHARE for name in table.columns if f"{name}, 95 %" in table.columns}


def _chart(figure: go.Figure, key: str, alt: str) -> None:
    with st.container(height=_TALL if (figure.layout.height or 0) > _TALL else "content", border=False):
        st.plotly_chart(figure, key=key, config=_CHART_TOOLS, alt=alt)


def _table(table: pd.DataFrame, key: str, alt: str, columns: Mapping[str, Any]) -> None:
    """The table, its shares in percent, of which none is rounded up to 100."""
    shown = table.copy()
    for name in [name for name, column in columns.items() if column is _SHARE and name in table]:
        shown[name] = (100 * table[name]).where(table[name] == 1, (100 * table[name]).clip(upper=99.9))
    st.dataframe(shown, hide_index=True, column_config=columns, key=key, alt=alt)
