"""Embeddings into groups: the default clusterer, other algorithms, and how many groups there are.

Pure functions and estimators on arrays; nothing here knows a gallery.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "FaceClusterer": "face_clusterer",
    "suggest_n_clusters": "number_of_clusters",
}


def __getattr__(name: str) -> Any:
    # Loaded when they are asked for: a script that needs one of them should not wait for torch and scikit-learn.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
