"""The whole evaluation of a gallery in one go: every part of it, what each was asked, and why one could not be done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from facecluster.clustering.algorithms import ALGORITHMS
from facecluster.clustering.face_clusterer import library_versions
from facecluster.clustering.number_of_clusters import Suggestion, suggest_n_clusters
from facecluster.errors import Cancelled, EvaluationError, FaceClusterError
from facecluster.evaluation.algorithm_comparison import compare_algorithms
from facecluster.evaluation.calibration import measure_calibration
from facecluster.evaluation.cluster_number_sweep import score_sweep
from facecluster.evaluation.clustering_scores import PEOPLE_COLUMNS, evaluate_clustering, match_people
from facecluster.evaluation.held_out import held_out_identification
from facecluster.evaluation.intervals import with_accuracy_interval
from facecluster.evaluation.open_set import OpenSet, leave_people_out, with_threshold_of
from facecluster.evaluation.results import (
    NEED_PEOPLE,
    NOBODY,
    PARTS,
    EvaluationResults,
    EvaluationSettings,
    Part,
    kept_parts,
    kept_reasons,
)
from facecluster.evaluation.stability import measure_stability
from facecluster.evaluation.subgroups import algorithms_by_group, by_group
from facecluster.progress import IsCancelled, OnProgress, never
from facecluster.recognition.identities import clusters_of, identities_of
from facecluster.records import Clustering, Faces, KnownFaces, known_persons
from facecluster.workflows.labelled import labelled_clustering

if TYPE_CHECKING:
    from facecluster.gallery.gallery import Gallery

_SWEEP_STEPS = 11
_READS = 5


def evaluate_gallery(
    gallery: Gallery,
    settings: EvaluationSettings | None = None,
    *,
    groups: pd.DataFrame | None = None,
    earlier: EvaluationResults | None = None,
    on_part: Callable[[EvaluationResults], None] | None = None,
    on_progress: OnProgress | None = None,
    cancelled: IsCancelled = never,
) -> EvaluationResults:
    """Measures the gallery's clustering and identification. `groups` is a table of `subgroups.read_groups`.

    Parts of `earlier` that are not asked for are kept, where it was measured with the same settings; that it is of the
    same state of the gallery is the caller's word. `on_part` gets all that is known after each part. Where nobody is
    labelled, the parts that need people are skipped. Raises EvaluationError when there are no clusters, and Cancelled.
    It reads the gallery once at the start and never writes to it.
    """
    settings = settings or EvaluationSettings()
    if earlier is not None and replace(earlier.settings, parts=()) != replace(settings, parts=()):
        earlier = None
    if groups is None and earlier is not None:
        groups = earlier.group_of
    read = _read(gallery)
    _, persons, clustering, _, faces = read
    run = _Run(faces, clustering, settings, on_progress, cancelled)
    is_labelled = bool(known_persons(persons).any())
    if not is_labelled:
        run.missing |= {"scores": NOBODY} | ({"groups": NOBODY} if groups is not None else {})
    if earlier is not None:
        run.missing |= kept_reasons(earlier, settings)
    kept = kept_parts(earlier, settings)
    results = _assemble(gallery.name, read, settings, groups, earlier, run, kept)
    for found in run.parts(kept):
        results = _assemble(gallery.name, read, settings, groups, earlier, run, found)
        if on_part is not None:
            on_part(results)
    return results


def _assemble(
    name: str,
    read: tuple[np.ndarray, np.ndarray, Clustering, dict[str, Any], Faces],
    settings: EvaluationSettings,
    groups: pd.DataFrame | None,
    earlier: EvaluationResults | None,
    run: _Run,
    found: dict[str, Any],
) -> EvaluationResults:
    labels, persons, _, summary, faces = read
    is_labelled = bool(known_persons(persons).any())
    held_out, open_set = found.get("held_out"), found.get("open_set")
    columns = groups.columns if groups is not None and is_labelled else ()
    tables = {
        str(column): by_group(groups, column, persons=persons, labels=labels, held_out=held_out, open_set=open_set)
        for column in columns
    }
    algorithms = {
        str(column): algorithms_by_group(groups, column, persons=faces.persons, labels=run.labels)
        for column in columns
        if run.labels
    }
    done = {*run.seconds, *run.missing, *(earlier.settings.parts if earlier else ())}
    return EvaluationResults(
        gallery=name,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings=replace(settings, parts=tuple(part for part in PARTS if part in done)),
        clustering=summary,
        versions=_versions(),
        scores=evaluate_clustering(labels, persons) if is_labelled else None,
        people=match_people(labels, persons) if is_labelled else pd.DataFrame(columns=list(PEOPLE_COLUMNS)),
        groups=tables,
        comparison_groups=algorithms or (earlier.comparison_groups if earlier else {}),
        group_of=groups,
        missing=run.missing,
        known=KnownFaces(run.by_folder, run.by_hand, len(faces)),
        seconds=(earlier.seconds if earlier else {}) | run.seconds,
        **found,
    )


def _read(gallery: Gallery) -> tuple[np.ndarray, np.ndarray, Clustering, dict[str, Any], Faces]:
    """Labels and persons of the clustered faces, the clustering, its summary and all faces, of one and the same state
    of the gallery, which may be changing. Raises EvaluationError."""
    for _ in range(_READS):
        revision = gallery.revision
        _, labels, persons = labelled_clustering(gallery)
        clustering, summary, faces = gallery.clusterings.current(), gallery.clusterings.summary(), gallery.faces()
        if clustering is not None and summary is not None and gallery.revision == revision:
            return labels, persons, clustering, summary, faces
    raise EvaluationError("The gallery changed whenever it was read: evaluate it once no photos are being added.")


class _Run:
    """The parts one after the other, with one progress over all of them."""

    def __init__(
        self,
        faces: Faces,
        clustering: Clustering,
        settings: EvaluationSettings,
        on_progress: OnProgress | None,
        cancelled: IsCancelled,
    ) -> None:
        self.faces, self.clustering, self.settings = faces, clustering, settings
        self.persons, self.photos = faces.persons, faces.table["photo"].to_numpy()
        self.identities = identities_of(
            self.persons,
            clusters_of(faces.ids, clustering.faces, clustering.labels),
            clustering.names,
            lambda rows: faces.embeddings[rows],
        )
        self.by_folder, self.by_hand = int(known_persons(self.persons).sum()), int(self.identities.by_hand.sum())
        self.missing: dict[str, str] = {}
        self.seconds: dict[str, float] = {}
        self.labels: dict[str, np.ndarray] = {}  # of all faces, by algorithm, once they were compared
        self._on_progress, self._cancelled = on_progress, cancelled
        self._sizes: dict[Part, int] = {
            "held_out": settings.folds,
            "open_set": settings.draws,
            "sweep": _SWEEP_STEPS,
            "comparison": len(ALGORITHMS),
            "stability": settings.seeds + settings.bootstraps,
        }

    def parts(self, kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What is known after each part, by field of EvaluationResults, the `kept` fields among them."""
        makers: dict[Part, Callable[[OnProgress, dict[str, Any]], dict[str, Any]]] = {
            "held_out": self._held_out,
            "open_set": self._open_set,
            "sweep": self._sweep,
            "comparison": self._comparison,
            "stability": self._stability,
        }
        wanted = [part for part in PARTS if part in self.settings.parts]
        if not known_persons(self.persons).any():
            self.missing |= {part: NOBODY for part in wanted if part in NEED_PEOPLE}
            wanted = [part for part in wanted if part not in NEED_PEOPLE]
        total, before = sum(self._sizes[part] for part in wanted), 0
        found = dict(kept)
        for part in wanted:
            size, offset = self._sizes[part], before

            def tell(done: int, of: int, size: int = size, offset: int = offset) -> None:
                if self._on_progress:
                    self._on_progress(offset + round(size * done / max(of, 1)), total)

            start = time.monotonic()
            try:
                found = found | makers[part](tell, found)
            except Cancelled:
                raise
            except FaceClusterError as error:
                self.missing[part] = str(error)
            self.seconds[part] = time.monotonic() - start
            before += size
            yield found

    def _held_out(self, tell: OnProgress, found: dict[str, Any]) -> dict[str, Any]:
        held_out = held_out_identification(
            self.faces.embeddings,
            self.persons,
            self.photos,
            folds=self.settings.folds,
            fpir=self.settings.fpir,
            seed=self.settings.seed,
            on_progress=tell,
            cancelled=self._cancelled,
        )
        return {"held_out": held_out}

    def _open_set(self, tell: OnProgress, found: dict[str, Any]) -> dict[str, Any]:
        open_set = leave_people_out(
            self.faces.embeddings,
            self.persons,
            self.photos,
            left_out=self.settings.left_out,
            draws=self.settings.draws,
            fpir=self.settings.fpir,
            seed=self.settings.seed,
            on_progress=tell,
            cancelled=self._cancelled,
        )
        if self.identities.kind != "person" or self.by_hand:
            open_set = with_threshold_of(open_set, self.faces.embeddings, self.identities.numbers, self.settings.fpir)
        return {"open_set": open_set} | self._calibration(open_set)

    def _calibration(self, open_set: OpenSet) -> dict[str, Any]:
        probes = open_set.table
        try:
            calibration = measure_calibration(
                probes["similarity"].to_numpy(), probes["right"].to_numpy(), probes["person"].to_numpy()
            )
        except EvaluationError as error:
            self.missing["calibration"] = str(error)
            return {}
        return {"calibration": calibration}

    def _sweep(self, tell: OnProgress, found: dict[str, Any]) -> dict[str, Any]:
        suggestion = suggest_n_clusters(
            self.faces.embeddings, random_state=self.settings.seed, on_progress=tell, cancelled=self._cancelled
        )
        return {"suggestion": suggestion, "sweep": score_sweep(suggestion, self.faces.embeddings, self.persons)}

    def _keep_labels(self, algorithm: str, labels: np.ndarray) -> None:
        self.labels[algorithm] = labels

    def _comparison(self, tell: OnProgress, found: dict[str, Any]) -> dict[str, Any]:
        suggestion: Suggestion | None = found.get("suggestion")
        known = known_persons(self.persons)
        people = len(set(self.persons[known].tolist()))
        number = suggestion.n_clusters if suggestion else self.clustering.n_clusters
        # Who is labelled is the least number of people, and all of them only where every face is.
        people = people if known.all() else max(people, number)
        comparison = compare_algorithms(
            self.faces.embeddings,
            self.persons,
            n_clusters=people or number,
            seed=self.settings.seed,
            suggested=suggestion.n_clusters if suggestion else None,
            suggestion_seconds=suggestion.seconds if suggestion else 0,
            on_labels=self._keep_labels,
            on_progress=tell,
            cancelled=self._cancelled,
        )
        return {"comparison": with_accuracy_interval(comparison, int(known_persons(self.persons).sum()))}

    def _stability(self, tell: OnProgress, found: dict[str, Any]) -> dict[str, Any]:
        algorithm = self.clustering.algorithm if self.clustering.algorithm in ALGORITHMS else "kmeans"
        stability = measure_stability(
            self.faces.embeddings,
            self.persons,
            n_clusters=self.clustering.n_clusters,
            algorithm=algorithm,
            seeds=self.settings.seeds,
            bootstraps=self.settings.bootstraps,
            seed=self.settings.seed,
            on_progress=tell,
            cancelled=self._cancelled,
        )
        return {"stability": stability}


def _versions() -> dict[str, str]:
    from importlib.metadata import version
    from platform import python_version

    from facecluster._version import __version__

    return {"facecluster": __version__, "python": python_version(), **library_versions(), "pandas": version("pandas")}
