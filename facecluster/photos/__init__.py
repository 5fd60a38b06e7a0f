"""Photos and where they come from: folders, zips and data sets, read as upright RGB pictures, never changed.

What reads a file's bytes stands here, whatever its format and however damaged; so does the guess of which folder names
a photo's person. Nothing here knows faces or galleries.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "load_image": "images",
    "open_photos": "sources",
}


def __getattr__(name: str) -> Any:
    # Loaded when they are asked for: a script that needs one of them should not wait for torch and scikit-learn.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
