"""Who is it: scores of a face against known people, the threshold between known and unknown, and the answer.

Identification (one of many) and verification (these two) rest on the same scores.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Identifier": "identification",
    "Match": "identification",
}


def __getattr__(name: str) -> Any:
    # Loaded when they are asked for: a script that needs one of them should not wait for torch and scikit-learn.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
