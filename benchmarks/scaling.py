"""How clustering, identification and the opening of pages grow from a thousand to a million faces."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cluster import KMeans

from benchmarks.synthetic import make_synthetic_gallery, synthetic_embeddings
from facecluster import FaceClusterer, Gallery
from facecluster.matching import FaceMatcher


def _milliseconds(calls: Sequence[Callable[[], object]]) -> float:
    """The median over the calls."""
    taken = []
    for call in calls:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return round(statistics.median(taken) * 1000, 2)


def measure_clustering(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Seconds of `FaceClusterer` at 100 faces a person; up to 20,000 faces beside scikit-learn's KMeans."""
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
    """Milliseconds to score one probe face against all persons, and to fit the matcher."""
    rows = []
    for faces in sizes:
        embeddings, identities = synthetic_embeddings(faces, max(2, faces // 100))
        start = time.perf_counter()
        matcher = FaceMatcher().fit(embeddings, identities)
        fit = round(time.perf_counter() - start, 2)
        probes = embeddings[np.random.default_rng(1).integers(0, faces, 8)]
        taken = _milliseconds([partial(matcher.scores, probe[None]) for probe in probes])
        rows.append({"faces": faces, "fit_seconds": fit, "ms_a_probe": taken})
    return rows


def measure_pages(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Milliseconds of the server for a page's first script run, on a gallery of so many faces."""
    rows = []
    for faces in sizes:
        with tempfile.TemporaryDirectory() as home:
            make_synthetic_gallery(Path(home), faces, max(2, faces // 100), max(2, faces // 100), 0)
            rows.append({"faces": faces} | _open_pages(Path(home)))
    return rows


def _open_pages(home: Path) -> dict[str, float]:
    import os

    from streamlit.testing.v1 import AppTest

    os.environ["FACECLUSTER_HOME"] = str(home)
    Gallery.open(home).counts()
    root = Path(__file__).resolve().parents[1]
    taken: dict[str, float] = {}
    for page in ("gallery", "identify", "clusters", "accuracy"):
        app = AppTest.from_file(str(root / "app.py"), default_timeout=120)
        app.run()
        start = time.perf_counter()
        app.switch_page(f"pages/{page}.py").run()
        taken[f"{page}_ms"] = round((time.perf_counter() - start) * 1000, 1)
        if app.exception:
            raise RuntimeError(f"{page} failed on {home}: {app.exception[0].message}")
    return taken
