"""The evaluation as the app does it: in a background job, its results kept beside the gallery's revision.

Results are kept in memory alone: they name people, and a gallery may be deleted at any time. Only the sweep over the
number of clusters, which names nobody, is stored in the gallery and outlasts the app.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from facecluster.errors import Cancelled
from facecluster.waiting import run_abandonable
from facecluster.workflows.jobs import Job, Progress, Stage

if TYPE_CHECKING:
    import pandas as pd

    from facecluster.evaluation.results import EvaluationResults, EvaluationSettings
    from facecluster.gallery.gallery import Gallery

_KEPT = 4  # galleries


@dataclass(frozen=True, eq=False)
class KeptResults:
    """What was measured, and the gallery's revision that it was measured on.

    `is_stored`: it is all that outlasted the app, the sweep over the number of clusters.
    """

    revision: int
    results: EvaluationResults
    is_stored: bool = False

    def is_stale(self, gallery: Gallery) -> bool:
        """Whether the gallery has changed since."""
        return gallery.revision != self.revision


class EvaluationStore:
    """The latest evaluation of up to four galleries; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, KeptResults] = OrderedDict()

    def keep(self, path: str, kept: KeptResults) -> None:
        """Replaces what was kept of the gallery at `path`, and forgets the gallery whose turn was longest ago."""
        with self._lock:
            self._kept.pop(path, None)
            self._kept[path] = kept
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def latest(self, path: str) -> KeptResults | None:
        with self._lock:
            return self._kept.get(path)


def stored_results(gallery: Gallery) -> KeptResults | None:
    """The evaluation that the gallery itself stores: the sweep over the number of clusters; None without one."""
    import pandas as pd

    from facecluster.evaluation.clustering_scores import PEOPLE_COLUMNS
    from facecluster.evaluation.results import EvaluationResults, EvaluationSettings
    from facecluster.workflows.kept_sweeps import kept_sweep

    kept = kept_sweep(gallery)
    if kept is None:
        return None
    results = EvaluationResults(
        gallery=gallery.name,
        created=kept.created,
        settings=EvaluationSettings(seed=kept.seed, parts=("sweep",)),
        clustering=gallery.clusterings.summary() or {},
        versions=kept.versions,
        scores=None,
        people=pd.DataFrame(columns=list(PEOPLE_COLUMNS)),
        suggestion=kept.suggestion,
        sweep=kept.suggestion.sweep,
    )
    return KeptResults(kept.revision, results, is_stored=True)


def evaluate_in_job(
    gallery: Gallery, settings: EvaluationSettings, groups: pd.DataFrame | None, store: EvaluationStore, job: Job
) -> str:
    """Runs `evaluate_gallery`, reporting to `job`, and keeps its results; returns what was done in a sentence.

    Each part is kept as soon as it is there, beside the parts that were measured before with the same settings. Raises
    EvaluationError and Cancelled; then what was kept stays.
    """
    from facecluster.workflows.evaluate import evaluate_gallery
    from facecluster.workflows.kept_sweeps import KeptSweep, keep_sweep

    path, revision = str(gallery.path), gallery.revision
    before = store.latest(path)
    measured: list[EvaluationResults] = []

    def keep(results: EvaluationResults) -> None:
        if job.is_cancelled:  # the step under way was left behind, and ends when nobody waits for it any more
            return
        measured.append(results)
        store.keep(path, KeptResults(revision, results))

    try:
        results = run_abandonable(
            lambda: evaluate_gallery(
                gallery,
                settings,
                groups=groups,
                earlier=None if before is None or before.is_stale(gallery) else before.results,
                on_part=keep,
                on_progress=Stage("Evaluating", job.report, "steps", are_alike=False),
                cancelled=lambda: job.is_cancelled,
            ),
            lambda: job.is_cancelled,
        )
    except Cancelled as error:
        kept = "what was measured before is still shown" if measured or before else "nothing was measured"
        raise Cancelled(f"The evaluation was cancelled: {kept}.") from error
    store.keep(path, KeptResults(revision, results))
    if "sweep" in settings.parts and results.suggestion is not None and results.sweep is not None:
        suggestion = replace(results.suggestion, sweep=results.sweep)
        keep_sweep(gallery, KeptSweep(revision, results.created, settings.seed, results.versions, suggestion))
    number = len(results.missing.keys() - {"scores"})
    left = f" {number} could not be done." if number else ""
    faces = f" of {results.scores.faces:,} faces" if results.scores else ""
    return f"The evaluation{faces} is done.{left}"


def apply_in_job(gallery: Gallery, name: str, n_clusters: int | Literal["people", "auto"], seed: int, job: Job) -> str:
    """Runs `apply_algorithm`; returns what was done in a sentence. Raises ClusteringError and Cancelled."""
    from facecluster.clustering.algorithms import algorithm_named
    from facecluster.workflows.cluster import apply_algorithm

    title = algorithm_named(name).title
    job.report(Progress(f"Grouping the faces with {title}"))
    made = apply_algorithm(gallery, name, n_clusters, seed, lambda: job.is_cancelled)
    left_out = made.parameters.get("left_out", 0)
    rest = f", {left_out:,} faces are in none" if left_out else ""
    return f"The clusters are now those of {title}: {made.n_clusters:,}{rest}."
