"""How far the answers can be trusted: clusters against people, photos held out, people left out, seeds and samples.

Each measure takes arrays and returns values with their intervals.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "evaluate_clustering": "clustering_scores",
    "match_people": "clustering_scores",
}


def __getattr__(name: str) -> Any:
    # Loaded when they are asked for: a script that needs one of them should not wait for torch and scikit-learn.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
