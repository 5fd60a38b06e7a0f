"""The gallery on disk: photos, faces, clusterings, and all SQL.

One SQLite file and the copies beside it. It stores and hands out; what is computed from it is computed elsewhere.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Gallery": "gallery",
    "default_gallery": "gallery",
}


def __getattr__(name: str) -> Any:
    # Loaded when they are asked for: a script that needs one of them should not wait for torch and scikit-learn.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
