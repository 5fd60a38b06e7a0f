"""How clustering, identification and the opening of pages grow from a thousand to a million faces."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans

from benchmarks.synthetic import make_synthetic_gallery, synthetic_embeddings
from facecluster import FaceClusterer
from facecluster.recognition.identification import N_CANDIDATES, N_NEIGHBOURS
from facecluster.recognition.scoring import mean_of_best
from facecluster.recognition.search import EXACT_FACES, Search, best_first, build_search


def _milliseconds(calls: Sequence[Callable[[], object]]) -> float:
    """The median over the calls."""
    taken = []
    for call in calls:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return round(statistics.median(taken) * 1000, 2)


def measure_clustering(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Seconds of `FaceClusterer` at 100 faces per person; up to 20,000 faces beside scikit-learn's KMeans."""
    rows = []
    for faces in sizes:
        clusters = max(2, faces // 100)
        embeddings, _ = synthetic_embeddings(faces, clusters)
        start = time.perf_counter()
        model = FaceClusterer(clusters, random_state=0).fit(embeddings)
        row: dict[str, Any] = {"faces": faces, "clusters": clusters, "how": model.algorithm_}
        row["seconds"] = round(time.perf_counter() - start, 2)
        if faces <= 100_000:
            start = time.perf_counter()
            full = KMeans(clusters, n_init=1, random_state=0).fit(embeddings)
            row |= {"kmeans_seconds": round(time.perf_counter() - start, 2)}
            row |= {"inertia_ratio": round(model.inertia_ / full.inertia_, 4)}
        rows.append(row)
    return rows


def measure_identification(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Milliseconds to find one probe face's identities and nearest faces, at 100 faces per person; seconds to prepare.

    The clusters are the persons, with 1 % of faces astray. Beyond 50,000 faces `same_person` and `same_faces` are the
    shares of 64 probes, half of them strangers, whose best identity and six nearest faces are those of all cosines.
    """
    rows = []
    for faces in sizes:
        embeddings, identities = synthetic_embeddings(faces, max(2, faces // 100))
        clusters, centers = _stray_clusters(embeddings, identities)
        start = time.perf_counter()
        search = build_search(embeddings, identities, clusters, centers)
        row: dict[str, Any] = {"faces": faces, "search": type(search).__name__}
        row["fit_seconds"] = round(time.perf_counter() - start, 2)
        probes = _probes(embeddings)
        search.find(probes[:1], N_CANDIDATES, N_NEIGHBOURS)
        row["ms_a_probe"] = _milliseconds(
            [partial(search.find, probe[None], N_CANDIDATES, N_NEIGHBOURS) for probe in probes]
        )
        if len(embeddings) > EXACT_FACES:
            row |= _agreement(search, embeddings, identities, probes)
        rows.append(row)
    return rows


def _stray_clusters(embeddings: np.ndarray, identities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The persons (n,) with 1 % of faces moved to others, and the means (k, 512) of what results."""
    rng = np.random.default_rng(2)
    number = int(identities.max()) + 1
    astray = rng.random(len(identities)) < 0.01
    clusters = np.where(astray, rng.integers(0, number, len(identities)), identities)
    ones = np.ones(len(clusters), np.float32)
    table = csr_matrix((ones, (clusters, np.arange(len(clusters)))), shape=(number, len(clusters)))
    sums = table @ embeddings
    return clusters, sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


def _probes(embeddings: np.ndarray, number: int = 32) -> np.ndarray:
    """So many disturbed faces of the gallery and as many mixtures of two, which are strangers: (2 * number, 512)."""
    rng = np.random.default_rng(1)
    chosen = embeddings[rng.integers(0, len(embeddings), (3, number))]
    noise = 0.02 * rng.standard_normal((number, embeddings.shape[1]), dtype=np.float32)
    probes = np.vstack([chosen[0] + noise, chosen[1] + chosen[2]])
    return np.asarray(probes / np.linalg.norm(probes, axis=1, keepdims=True), np.float32)


def _agreement(search: Search, embeddings: np.ndarray, identities: np.ndarray, probes: np.ndarray) -> dict[str, float]:
    order = np.argsort(identities, kind="stable")
    edges = np.concatenate([[0], np.cumsum(np.unique(identities, return_counts=True)[1])])
    person, faces = [], []
    for probe, found in zip(probes, search.find(probes, N_CANDIDATES, N_NEIGHBOURS), strict=True):
        cosines = embeddings @ probe
        faces.append(set(found.rows.tolist()) == set(best_first(cosines, N_NEIGHBOURS).tolist()))
        mine = cosines[order]
        scores = [mean_of_best(mine[None, low:high], 3)[0] for low, high in pairwise(edges)]
        person.append(int(np.argmax(scores)) == found.identities[0])
    return {"same_person": round(float(np.mean(person)), 4), "same_faces": round(float(np.mean(faces)), 4)}


def measure_pages(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Milliseconds of the server for the first opening of each page on a gallery of so many faces, nothing cached.

    A `_ready_ms` is when the page can answer too, with what other threads find out after it is shown.
    """
    rows = []
    for faces in sizes:
        with tempfile.TemporaryDirectory() as home:
            make_synthetic_gallery(Path(home), faces, max(2, faces // 100), max(2, faces // 100), 0)
            rows.append({"faces": faces} | _open_pages(Path(home)))
    return rows


def _open_pages(home: Path) -> dict[str, float]:
    import os

    import streamlit as st
    from streamlit.testing.v1 import AppTest

    os.environ["FACECLUSTER_HOME"] = str(home)
    from facecluster.ui import resources

    fits: dict[str, Any] = {"identify": resources.identifier, "verify": resources.pairs}
    root = Path(__file__).resolve().parents[1]
    taken: dict[str, float] = {}
    for page in ("gallery", "identify", "verify", "clusters", "accuracy", "evaluation"):
        # Unmeasured: what a page needs once per process, such as Plotly, and the gallery page that the app starts with.
        for measured in (False, True):
            app = AppTest.from_file(str(root / "app.py"), default_timeout=120).run()
            st.cache_data.clear()
            st.cache_resource.clear()
            start = time.perf_counter()
            app.switch_page(f"pages/{page}.py").run()
            if measured:
                taken[f"{page}_ms"] = round((time.perf_counter() - start) * 1000, 1)
            if page in fits:
                gallery = resources.open_gallery()
                fits[page](str(gallery.path), gallery.revision).result()
                if measured:
                    taken[f"{page}_ready_ms"] = round((time.perf_counter() - start) * 1000, 1)
        if app.exception:
            raise RuntimeError(f"{page} failed on {home}: {app.exception[0].message}")
    return taken
