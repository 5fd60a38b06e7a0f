"""The sample people: invented, drawn by this program, so that it can be tried without a photo of anybody."""

from importlib import import_module
from typing import Any

_HOMES = {
    "SamplePerson": "sample_photos",
    "draw_group": "sample_photos",
    "draw_portrait": "sample_photos",
    "draw_stranger": "sample_photos",
    "sample_people": "sample_photos",
    "write_sample_people": "sample_photos",
}


def __getattr__(name: str) -> Any:
    # Loaded when they are asked for: a script that needs one of them should not wait for torch and scikit-learn.
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
